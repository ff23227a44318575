"""What English writes short and says long: rules and tables for `eval.speech.normalizer`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

LONG = {
    "mr": "mister",
    "mrs": "missus",
    "dr": "doctor",
    "prof": "professor",
    "st": "street",
    "ave": "avenue",
    "blvd": "boulevard",
    "rd": "road",
    "hwy": "highway",
    "mt": "mount",
    "jr": "junior",
    "sr": "senior",
    "capt": "captain",
    "sgt": "sergeant",
    "lt": "lieutenant",
    "dept": "department",
    "apt": "apartment",
    "approx": "approximately",
    "vs": "versus",
    "etc": "et cetera",
    "km": "kilometer",
    "kms": "kilometer",
    "cm": "centimeter",
    "mm": "millimeter",
    "kg": "kilogram",
    "kgs": "kilogram",
    "mg": "milligram",
    "ml": "milliliter",
    "lb": "pound",
    "lbs": "pound",
    "oz": "ounce",
    "ft": "foot",
    "yd": "yard",
    "yds": "yard",
    "mph": "mile per hour",
    "kph": "kilometer per hour",
    "kmh": "kilometer per hour",
    "hr": "hour",
    "hrs": "hour",
    "mins": "minute",
    "sec": "seconds",
    "secs": "seconds",
    "hz": "hertz",
    "khz": "kilohertz",
    "mhz": "megahertz",
    "ghz": "gigahertz",
    "kb": "kilobyte",
    "mb": "megabyte",
    "gb": "gigabyte",
    "tb": "terabyte",
    "kw": "kilowatt",
    "usd": "us dollar",
    "eur": "euro",
}
"""Words that are written short, and how they are said; units as they stand after a number."""

_INITIALS = (
    "us usa uk un eu tv dc nyc bbc cnn nbc cbs fbi cia nba nfl nhl mlb usb dvd pc dj vip atm suv bmw ups usps "
    "ibm mri dna hiv gps lcd led phd md ceo rv atv bbq jfk mtv ufo faq pdf url"
)
INITIALS = frozenset(_INITIALS.split())
"""Abbreviations whose letters a recognizer may write apart."""

_SINGULAR = (
    "meter kilometer centimeter millimeter mile yard gram kilogram milligram pound ounce liter "
    "milliliter degree hour minute watt kilowatt volt kilobyte megabyte gigabyte terabyte dollar euro cent "
    "rupee quarter"
)
SINGULAR = {
    **{f"{unit}s": unit for unit in _SINGULAR.split()},
    "feet": "foot",
    "inches": "inch",
    "fourths": "quarter",
    "halves": "half",
    "penny": "pence",
}
"""Units and money as they are compared after a number, because "5 km" has an s in one place and none in "a 5 km run".
Seconds, thirds and fifths keep theirs: without it they would be ordinals.
"""

CENTS = {"dollar": "cent", "euro": "cent", "pound": "pence"}
_SIGNS = {"$": "dollar", "£": "pound", "€": "euro", "¥": "yen", "₹": "rupee", "¢": "cent"}
_COUNTRIES = {
    "US": "us",
    "AU": "australian",
    "A": "australian",
    "CA": "canadian",
    "C": "canadian",
    "NZ": "new zealand",
    "HK": "hong kong",
    "S": "singapore",
}
_SIZES = {"k": "thousand", "m": "million", "mn": "million", "b": "billion", "bn": "billion", "tn": "trillion"}
_YEAR = "January February March April May June July August September October November December"
_MONTHS = _YEAR.split()
_PARTS = {"2": "half", "3": "third", "4": "quarter", "5": "fifth", "6": "sixth", "8": "eighth", "10": "tenth"}
# Units whose letters mean something else in another case, or that hold a sign.
_UNITS = {
    "km/h": "kilometer per hour",
    "m/s": "meter per second",
    "km2": "square kilometer",
    "cm2": "square centimeter",
    "m2": "square meter",
    "m3": "cubic meter",
    "sq ft": "square foot",
    "sq km": "square kilometer",
    "sq m": "square meter",
    "m": "meter",
    "g": "gram",
    "l": "liter",
    "L": "liter",
    "h": "hour",
    "min": "minute",
    "mi": "mile",
    "W": "watt",
    "V": "volt",
    "kWh": "kilowatt hour",
    "°C": "degree celsius",
    "° C": "degree celsius",
    "°F": "degree fahrenheit",
    "° F": "degree fahrenheit",
    "°": "degree",
}
_WAYS = {"St": "Street", "Dr": "Drive", "Ave": "Avenue", "Rd": "Road", "Ln": "Lane", "Ct": "Court", "Sq": "Square"}
_PER = "lb|lbs|kg|oz|hr|hour|sec|min|day|week|month|year|night|person|mile|gal|gallon"
_AMOUNT = r"(\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.(\d+))?"
_SIZE = r"(?i:(?: (hundred|thousand|million|billion|trillion)|(k|mn?|bn?|tn))\b)?"


def one_sign_each(text: str) -> str:
    """Return the text with signs that NFKC would run into their neighbours written as several."""
    text = re.sub("[¼-¾⅐-⅞]", lambda match: " " + unicodedata.normalize("NFKC", match[0]).replace("⁄", "/"), text)
    text = re.sub(r"(?<=\d)\s*–\s*(?=\d)", " to ", text)
    return text.replace("−", "-").replace("№", "No. ")


def written_out(text: str) -> str:
    """Return the text with what is written short written out; digits stay.

    Example:
        >>> written_out("Dr. Hall ran 5 m, St. Paul 8:05 a.m.")
        'Dr. Hall ran 5 meter, Saint Paul 8 | 0 5 am'
    """
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text


def _without_points(match: re.Match[str]) -> str:
    return match[0].replace(".", "").replace(" ", "")


def _money(match: re.Match[str]) -> str:
    country, sign, whole, decimals, size, letter = match.groups()
    size = size or _SIZES.get((letter or "").lower(), "")
    return _amount(_SIGNS[sign], whole, decimals, size, _COUNTRIES.get(country))


def _money_behind(match: re.Match[str]) -> str:
    whole, decimals, after_comma, sign = match.groups()
    return _amount(_SIGNS[sign], whole, decimals or after_comma)


def _amount(name: str, whole: str, decimals: str | None, size: str = "", country: str | None = None) -> str:
    full = f"{country} {name}" if country else name
    if whole == "0" and decimals is not None and len(decimals) == 2 and name in CENTS and not size:
        return f"{int(decimals)} {CENTS[name]} "
    amount = whole if decimals is None or (decimals == "00" and not size) else f"{whole}.{decimals}"
    return " ".join(part for part in (amount, size, full) if part) + " "


def _time(match: re.Match[str]) -> str:
    hour, minute, second, half = match.groups()
    if second is None and minute == "00":
        return f"{hour} {half.lower()}m" if half else f"{hour} oclock"
    parts = [hour, *(part if part[0] != "0" else f"0 {part[1]}" for part in (minute, second) if part is not None)]
    return " | ".join(parts) + (f" {half.lower()}m" if half else "")


def _part(match: re.Match[str]) -> str:
    whole, numerator, denominator = match.groups()
    many = "s" if numerator != "1" and denominator != "2" else ""
    part = f"{numerator} {_PARTS[denominator]}{many}"
    return f"{whole} and {part}" if whole else part


def _month(match: re.Match[str]) -> str:
    return next(month for month in _MONTHS if month.lower().startswith(match[1].lower()[:3]))


def _any_of(names: object) -> str:
    return "|".join(sorted(map(re.escape, names), key=len, reverse=True))  # type: ignore[call-overload]


_HALF = r"(?:\s?([AaPp])[Mm]\b)?"
_RULES: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"(?<![\w.])(?:[A-Za-z]\.)+[A-Za-z]\b\.?", _without_points),
        (r"\b(?:[A-Z]\. )+[A-Z]\.(?= [A-Z])", _without_points),
        (r"\b[Pp]h\. ?[Dd]\b\.?", "phd"),
        # A way stands behind its name, a saint before it.
        (
            r"(\d(?:st|nd|rd|th)|\b[A-Z][a-z]+) (St|Dr|Ave|Rd|Ln|Ct|Sq)\b\.?(?! [A-Z][a-z])",
            lambda m: f"{m[1]} {_WAYS[m[2]]}",
        ),
        (r"\bSt\b\.?(?= [A-Z])", "Saint"),
        (r"\b[Nn]os?\.\s?(?=\d)|#\s?(?=\d)", "number "),
        (r"(?i)\b(jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)\b\.?(?=\s+\d)", _month),
        (rf"\b({'|'.join(_MONTHS)})\s+(\d{{1,2}})(?![\d:.,%/]*\d|st|nd|rd|th|\s?[ap]m\b|%)", r"\1 \2th"),
        (rf"(?<=\d)/({_PER})\b", r" per \1 "),
        (r"(?<![\w)])-(?=[$£€]?\d)", " minus "),
        (r"(?<=\d)-(?=\d)", " | "),
        (rf"(?<![A-Za-z])({_any_of(_COUNTRIES)})?([$£€¥₹])\s?{_AMOUNT}{_SIZE}", _money),
        (rf"{_AMOUNT}(?:,(\d\d)(?!\d))?\s?([€£¢])", _money_behind),
        (r"\b(\d\d?)p\b", r"\1 pence"),
        (rf"\b(\d\d?):([0-5]\d)(?!\d)(?::([0-5]\d))?{_HALF}", _time),
        (r"\b(\d\d?)\.([0-5]\d)()\s?([AaPp])[Mm]\b", lambda m: f"{m[1]} | {m[2]} {m[4]}m"),
        (r"(?<![\d/.])(?:(\d+) )?(\d)/(2|3|4|5|6|8|10)(?![\d/])", _part),
        (r"(\d)' ?(\d\d?)(?:\"|'')", r"\1 foot \2 inch"),
        (r"%|\b[Pp]er cent\b", " percent"),
        (rf"(?<=\d)[ -]?({_any_of(_UNITS)})(?![\w/'])", lambda m: f" {_UNITS[m[1]]}"),
        (r"(?<=\b1) ?sec\b", " second"),
        (r"&", " and "),
        (r"@", " at "),
        (r"=", " equals "),
        (r"\+(?=\s?\d)", " plus "),
        (r"\b(www)\.|(?<=\w)\.(?=(?:com|org|net|edu|gov|io|uk|de)\b)", lambda m: f"{m[1] or ''} dot "),
    )
)
