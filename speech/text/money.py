"""Amounts: $5, £3.99, 12,50 €, US$5bn, $3.99/lb, $5-10, 5 USD, 40¢."""

from __future__ import annotations

import re

from speech.text.measure import UNITS, per_name, sign_name
from speech.text.numbers import NUMBER, cardinal, is_one, split_number, words
from speech.text.reader import DIGIT, SIGN, UPPER, Rule
from speech.text.tables import word_set

# Sign or code -> its name in the singular and plural, and those of a hundredth of it.
_DOLLAR = ("dollar", "dollars", "cent", "cents")
_CURRENCIES = {
    "$": _DOLLAR,
    "€": ("euro", "euros", "cent", "cents"),
    "£": ("pound", "pounds", "penny", "pence"),
    "¥": ("yen", "yen", "", ""),
    "￥": ("yen", "yen", "", ""),
    "₹": ("rupee", "rupees", "paisa", "paise"),
    "₩": ("won", "won", "", ""),
    "₽": ("ruble", "rubles", "kopek", "kopeks"),
    "₺": ("lira", "lira", "kurus", "kurus"),
    "₪": ("shekel", "shekels", "agora", "agorot"),
    "₫": ("dong", "dong", "", ""),
    "₱": ("peso", "pesos", "centavo", "centavos"),
    "₦": ("naira", "naira", "kobo", "kobo"),
    "₴": ("hryvnia", "hryvnias", "kopeck", "kopecks"),
    "฿": ("baht", "baht", "satang", "satang"),
    "₿": ("bitcoin", "bitcoins", "", ""),
    "R$": ("real", "reais", "centavo", "centavos"),
    "zł": ("zloty", "zlotys", "grosz", "groszy"),
    "CHF": ("Swiss franc", "Swiss francs", "centime", "centimes"),
    "SEK": ("Swedish krona", "Swedish kronor", "", ""),
    "NOK": ("Norwegian krone", "Norwegian kroner", "", ""),
    "DKK": ("Danish krone", "Danish kroner", "", ""),
    "kr": ("krona", "kronor", "", ""),
    "CNY": ("yuan", "yuan", "", ""),
    "RMB": ("yuan", "yuan", "", ""),
    "Rs": ("rupee", "rupees", "paisa", "paise"),
    "Rs.": ("rupee", "rupees", "paisa", "paise"),
    "PLN": ("zloty", "zlotys", "grosz", "groszy"),
}
_OF_COUNTRIES = {
    "US$": "US", "HK$": "Hong Kong", "A$": "Australian", "AU$": "Australian", "C$": "Canadian", "CA$": "Canadian",
    "NZ$": "New Zealand", "S$": "Singapore", "NT$": "Taiwan", "AUD": "Australian", "CAD": "Canadian",
    "NZD": "New Zealand", "HKD": "Hong Kong", "SGD": "Singapore", "USD": "US",
}  # fmt: skip
_CODES = {
    "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹", "KRW": "₩", "RUB": "₽", "TRY": "₺", "ILS": "₪", "BRL": "R$",
    "THB": "฿",
}  # fmt: skip
_CURRENCIES |= {code: (f"{land} dollar", f"{land} dollars", "cent", "cents") for code, land in _OF_COUNTRIES.items()}
_CURRENCIES |= {code: _CURRENCIES[sign] for code, sign in _CODES.items()}
_ALONE = {sign: _CURRENCIES[sign][0] for sign in "$€£¥₩₹₽₿₺₪"} | {"¢": "cent"}
_SCALES = {
    "k": "thousand", "m": "million", "mn": "million", "mm": "million", "mio": "million", "b": "billion",
    "bn": "billion", "bln": "billion", "tn": "trillion", "t": "trillion",
}  # fmt: skip

_SIGN = "|".join(re.escape(sign) for sign in sorted(_CURRENCIES, key=len, reverse=True))
_SCALE = r"(?:[ -]?(hundred|thousand|million|billion|trillion)\b|\s?(bn|bln|mn|tn|mio|[kKmMbBtT])(?![\w]))"
_PRICED = word_set("ea person night day month year week hour kilo piece pp d")
_PER = (
    r"(?:\s?/\s?("
    + "|".join(re.escape(unit) for unit in sorted({*UNITS, *_PRICED}, key=len, reverse=True))
    + r")(?!\w))"
)
_AMOUNT = (
    rf"(?:\d{{1,3}}(?: \d{{3}}){{1,4}}(?!\d)(?:[.,]\d{{1,2}}(?!\d))?|"
    rf"\d+,\d{{1,2}}(?!\d)(?!,\d)|\d+[.,][-–—]{{1,2}}|{NUMBER})"
)


def _amount(text: str, currency: str, *, short: bool = False) -> str:
    one, several, cent, cents = _CURRENCIES[currency]
    whole, behind = split_number(text.replace(" ", "").rstrip(".,-–—"))
    if len(behind) > 2 and behind[2:].strip("0") == "":
        behind = behind[:2]
    if not behind.strip("0") and len(behind) < 3:
        return f"{words(whole)} {one if is_one(whole) else several}"
    if len(behind) > 2 or not cent:
        return f"{words(f'{whole}.{behind}')} {several}"
    n = int(behind.ljust(2, "0"))
    small = f"{cardinal(n)} {cent if n == 1 else cents}"
    if not whole.strip("0"):
        return small
    return f"{words(whole)} {one if is_one(whole) else several} {cardinal(n) if short else small}"


def _money(sign: str, currency: str, low: str, high: str | None, scale: str | None, per: str | None) -> str:
    if scale or high:
        size = _SCALES.get(scale.lower(), scale) if scale else ""
        joined = words(low.replace(" ", "")) + (f" to {words(high.replace(' ', ''))}" if high else "")
        spoken = f"{joined} {size} {_CURRENCIES[currency][1]}".replace("  ", " ")
    else:
        is_continental = "," in low and not re.search(r",\d{3}", low)
        spoken = _amount(low, currency, short=is_continental or bool(per))
    spoken = sign + spoken
    return spoken if not per else f"{spoken} {'each' if per == 'ea' else f'per {per_name(per)}'}"


def _before(match: re.Match[str]) -> str:
    _, currency, low, high, word, letter, per = match.groups()
    return _money(sign_name(match), currency, low, high, word or letter, per)


def _behind(match: re.Match[str]) -> str | None:
    _, low, high, word, letter, currency, per = match.groups()
    if re.fullmatch(r"\d{1,3}\.\d{3}", low):  # 3.500 €: where the sign comes last, points group digits
        low = low.replace(".", "")
    return _money(sign_name(match), currency, low, high, word or letter, per)


def _spaced_country(match: re.Match[str]) -> str:
    """Read US $76 trillion, with the country by itself."""
    return f"{match[1]} {_money('', '$', match[2], None, match[3] or match[4], None)}"


_CENTS = {"¢": ("cent", "cents"), "p": ("penny", "pence"), "c": ("cent", "cents")}
_OPEN = r"([-−–+](?=\S))?"
RULES = (
    Rule("money", UPPER, rf"(US|HK) \$({_AMOUNT}){_SCALE}?", _spaced_country),
    Rule(
        "money",
        SIGN + UPPER,
        rf"{_OPEN}({_SIGN})\s?({_AMOUNT})(?:\s?[-–]\s?(?:{_SIGN})?({_AMOUNT}))?{_SCALE}?{_PER}?(?![\d])",
        _before,
    ),
    Rule(
        "money",
        DIGIT + SIGN,
        rf"{_OPEN}({_AMOUNT})(?:\s?[-–]\s?({_AMOUNT}))?{_SCALE}?\s?({_SIGN})(?![\w]|\s?\d)(?:{_PER})?",
        _behind,
    ),
    Rule(
        "money",
        DIGIT + SIGN,
        rf"({NUMBER})\s?(¢)|(?!(?:144|240|360|480|720|1080|1440|2160)p)(\d{{1,4}})(p)\b",
        lambda m: f"{words(m[1] or m[3])} {_CENTS[m[2] or m[4]][not is_one(m[1] or m[3])]}",
    ),
    Rule("symbols", SIGN, r"[$€£¥₩₹₽¢₿₺₪]", lambda m: _ALONE[m[0]]),
)
