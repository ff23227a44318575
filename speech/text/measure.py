"""Numbers with units: 5 km, 20 °C, 12" pizza, 5'10", 3 m², 60 km/h, 50 %, 2-5 lb, 1920x1080."""

from __future__ import annotations

import re

from speech.text.numbers import NUMBER, is_one, words, year
from speech.text.reader import DIGIT, LOWER, SIGN, Rule, around, next_word
from speech.text.tables import word_list, word_set

# Unit as it is written -> its name in the singular.
_METRIC = {
    "m": "meter", "g": "gram", "l": "liter", "L": "liter", "W": "watt", "V": "volt", "Hz": "hertz", "B": "byte",
    "Wh": "watt hour", "J": "joule", "Pa": "pascal", "Ah": "amp hour", "bps": "bit per second", "bit": "bit",
    "b": "bit", "cal": "calorie", "s": "second", "Ω": "ohm",
}  # fmt: skip
_PREFIXES = {
    "m": "milli", "c": "centi", "k": "kilo", "M": "mega", "G": "giga", "T": "tera", "µ": "micro", "μ": "micro",
    "n": "nano", "d": "deci", "h": "hecto",
}  # fmt: skip
# Those that are used: not every prefix goes with every unit.
_PREFIXED = word_list(
    "mm cm dm km µm μm nm mg kg µg μg ml mL cl cL dl dL mW kW MW GW mV kV Hz kHz MHz GHz THz kB KB MB GB TB Wh "
    "kWh MWh GWh kJ MJ kPa hPa MPa mAh Ah kbps Kbps mbps Mbps gbps Gbps kcal ms ns Mbit Gbit kbit Kb Mb Gb kΩ MΩ"
)
_OTHERS = {
    "ft": "foot", "in": "inch", "in.": "inch", "ft.": "foot", "yd": "yard", "yds": "yard", "mi": "mile",
    "oz": "ounce", "lb": "pound", "lbs": "pound", "oz.": "ounce", "lb.": "pound", "lbs.": "pound", "hr": "hour",
    "hrs": "hour", "h": "hour", "min": "minute", "mins": "minute", "sec": "second", "secs": "second", "hr.": "hour",
    "hrs.": "hour", "min.": "minute", "mins.": "minute", "sec.": "second", "mi.": "mile", "yd.": "yard",
    "mcg": "microgram", "gal": "gallon", "gal.": "gallon", "qt": "quart", "pt": "pint", "tbsp": "tablespoon",
    "tbsp.": "tablespoon", "tsp": "teaspoon", "tsp.": "teaspoon", "ha": "hectare", "kg.": "kilogram",
    "km.": "kilometer", "cm.": "centimeter", "mm.": "millimeter", "sq ft": "square foot", "sq. ft.": "square foot",
    "sqft": "square foot", "sq m": "square meter", "sq mi": "square mile", "cu ft": "cubic foot",
    "fl oz": "fluid ounce", "fl. oz.": "fluid ounce", "deg": "degree", "wk": "week", "mo": "month", "yr": "year",
    "yrs": "year", "cup": "cup", "cups": "cup",
}  # fmt: skip
_SAME = {  # no plural
    "mph": "miles per hour", "kph": "kilometers per hour", "kmh": "kilometers per hour", "rpm": "R P M",
    "%": "percent", "fps": "frames per second", "dB": "decibels", "pct": "percent", "cc": "CC", "psi": "P S I",
    "dpi": "D P I", "ppm": "parts per million", "MP": "megapixels", "px": "pixels", "bpm": "beats per minute",
    "mpg": "miles per gallon", "‰": "per thousand",
}  # fmt: skip
_DEGREES = {"C": "Celsius", "F": "Fahrenheit", "K": "Kelvin", "N": "north", "S": "south", "E": "east", "W": "west"}
_PLURALS = {"foot": "feet", "inch": "inches"}
_PER = {
    "h": "hour", "hr": "hour", "s": "second", "d": "day", "mo": "month", "wk": "week", "yr": "year", "min": "minute",
    "l": "liter", "ea": "each", **{word: word for word in word_list("week day month year hour person")},
}  # fmt: skip
_POWERS = {"²": "square", "³": "cubic", "2": "square", "3": "cubic"}
_ATTRIBUTES = word_set(
    "pizza pencil pen lens film pistol rifle screen display monitor pipe bolt nut tile nail screw drill cable "
    "hose bottle bag box jar can tank race run walk limit zone gun knife blade wheel wheels tire television tv "
    "laptop tablet phone pot pan pack packet steak burger ruler record pizzas cake sub dash sprint relay "
    "freestyle"
)

_NOT_DESCRIBED = word_set("is was and or by x of in long wide tall high deep thick from on at apart away")


def _unit_table() -> dict[str, tuple[str, str]]:
    table = {}
    for unit in [*_METRIC, *_PREFIXED]:
        if unit in ("b", "B", "bit"):
            continue
        name = _METRIC.get(unit) or _prefixed(unit)
        table[unit] = (name, _plural(name))
    for unit, name in _OTHERS.items():
        table[unit] = (name, _plural(name))
    return table | {
        unit: (name.replace("miles", "mile").replace("kilometers", "kilometer") if " per " in name else name, name)
        for unit, name in _SAME.items()
    }


def _prefixed(unit: str) -> str:
    prefix, rest = unit[0], unit[1:]
    if unit == "KB" or unit.startswith("Kb"):
        prefix = "k"
    if unit in ("mbps", "gbps"):  # not a thousandth of a bit
        prefix = prefix.upper()
    return _PREFIXES[prefix] + _METRIC[rest]


def _plural(name: str) -> str:
    head, per, tail = name.partition(" per ")
    first, _, last = head.rpartition(" ")
    return f"{first} {_PLURALS.get(last) or (last if last.endswith('hertz') else f'{last}s')}{per}{tail}".strip()


UNITS = _unit_table()
_FOLDED = {unit.lower(): name for unit, name in UNITS.items() if len(unit) > 1}
_OTHER_CASES = word_set(
    "KG Kg KM Km CM MM ML Ml LB LBS OZ FT MPH KPH MIN HRS KW kw KWH kwh mb gb tb khz mhz ghz hz Mph kcals"
)
UNIT = "|".join(re.escape(unit) for unit in sorted({*UNITS, *_OTHER_CASES}, key=len, reverse=True))
END = r"(?![\w])(?!['’]\w)"
_SCALES = "hundred|thousand|million|billion|trillion"


def unit_name(unit: str, count: str, *, several: bool = False) -> str:
    """Return the name of a unit after that number."""
    names = UNITS.get(unit) or _FOLDED.get(unit.lower()) or (unit, unit)
    return names[0] if is_one(count) and not several else names[1]


def per_name(unit: str) -> str:
    """Return the name of a unit after "per" or a slash: "lb" is "pound"."""
    return _PER.get(unit) or (UNITS.get(unit) or _FOLDED.get(unit.lower()) or (unit,))[0]


def sign_name(match: re.Match[str]) -> str:
    """Return the word for the sign in the first group: "to" after a word or number, else "plus" or "minus"."""
    if not match[1]:
        return ""
    before = match.string[max(0, match.start() - 1) : match.start()]
    return "to " if before.isalnum() and match[1] != "+" else "plus " if match[1] == "+" else "minus "


def _measure(match: re.Match[str]) -> str | None:
    sign, low, dash, high, scale, unit, power, per, per_power = match.groups()
    spoken = sign_name(match) + words(low)
    if high:
        spoken += (" by " if dash.strip() in "xX×" else " plus " if dash.strip() == "+" else " to ") + words(high)
    name = unit_name(unit, low, several=bool(high or scale) or bool(sign))
    if next_word(match) in _ATTRIBUTES:
        name = unit_name(unit, "1")
    spoken += f" {scale}" if scale else ""
    spoken += f" {_POWERS[power]} {name}" if power else f" {name}"
    if per:
        spoken += f" per {_POWERS[per_power] + ' ' if per_power else ''}{per_name(per)}"
    return spoken + _stop(match)


def _stop(match: re.Match[str]) -> str:
    """Return the full stop that ends a sentence, as in "6 in.", else ""."""
    if not match[0].endswith("."):
        return ""
    rest = match.string[match.end() : match.end() + 3]
    return "" if re.match(r"\s+[a-z\d(]|[,;:)]", rest) else "."


def _degrees(match: re.Match[str]) -> str:
    _, low, high, scale = match.groups()
    spoken = sign_name(match) + words(low) + (f" to {words(high)}" if high else "")
    name = "degree" if is_one(low) and not high else "degrees"
    return f"{spoken} {name} {_DEGREES[scale.upper()]}" if scale else f"{spoken} {name}"


def _feet_and_inches(match: re.Match[str]) -> str:
    feet, inches = match.groups()
    return f"{words(feet)} {unit_name('ft', feet)} {words(inches)} {unit_name('in', inches)}"


def _inches(match: re.Match[str]) -> str | None:
    """Read 12" as twelve inches, unless a quotation ends there."""
    number, mark = match.groups()
    quotes = len(re.findall(r'(?<!\d)"', around(match)[0]))
    if quotes % 2 if mark in '"”' else re.search(r"(?:^|\s)['‘]", around(match)[0]):
        return None
    unit = "ft" if mark in "'′’" else "in"
    following = next_word(match)
    described = following.islower() and following not in _NOT_DESCRIBED
    return f"{words(number)} {unit_name(unit, '1' if described else number)}"


def _by(match: re.Match[str]) -> str:
    joint = " times " if "=" in match.string else " by "
    parts = re.findall(NUMBER, match[0])
    return joint.join(year(part) if len(part) == 4 and part.isdecimal() else words(part) for part in parts)


def _unit_alone(match: re.Match[str]) -> str:
    return f"{_POWERS[match[2]]} {UNITS[match[1]][1]}"


_AMOUNT = rf"(?:\d{{1,6}},\d{{1,2}}(?!\d)(?!,\d)|{NUMBER})"  # 2,5 kg
_PER_UNIT = rf"(?:\s?(?:/|per)\s?({UNIT}|ea|week|day|month|year|hour|person)([²³]|(?<=m)[23](?!\d))?)?"
RULES = (
    Rule(
        "measure",
        DIGIT + SIGN,
        rf"([-−–+])?({_AMOUNT})(?:(\s?[-–x×+]\s?|\sto\s)({_AMOUNT}))?"
        rf"[ -]?({_SCALES})?\s?({UNIT})([²³]|(?<=m)[23](?!\d))?{_PER_UNIT}{END}",
        _measure,
    ),
    Rule(
        "measure",
        DIGIT + SIGN,
        rf"([-−–+])?({NUMBER})°?(?:\s?[-–]\s?({NUMBER}))?\s?[°º˚]\s?([CFKNSEW](?!\w))?",
        _degrees,
    ),
    Rule("measure", DIGIT, r"(\d{1,2})['′’]\s?(\d{1,2})(?:[\"″”]|'')", _feet_and_inches),
    Rule("measure", DIGIT + SIGN, rf"({NUMBER})([\"″”′'’])(?!(?!x ?\d)\w)", _inches),
    Rule("measure", LOWER, r"(?<=[\"″”] )x(?= ?\d)|(?<=[\"″”])x(?= ?\d)", lambda m: " by "),
    Rule("measure", DIGIT, rf"{NUMBER}(?:\s?[xX×]\s?{NUMBER}){{1,3}}(?!\w)(?<!0[xX]\d)", _by),
    Rule("measure", DIGIT + SIGN, rf"({NUMBER})/({UNIT}){END}", lambda m: f"{words(m[1])} per {per_name(m[2])}"),
    Rule("measure", LOWER, r"(mm|cm|km|m|ft|in)([²³])(?!\w)", _unit_alone),
)
