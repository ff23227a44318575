"""Abbreviations and street addresses: Dr. Lee, Elm Dr., St. Paul, Main St., Rm. 204, c. 1850, e.g., vs."""

from __future__ import annotations

import re

from speech.text.numbers import digits, paired
from speech.text.reader import DIGIT, LOWER, UPPER, Rule, final_stop, previous_word
from speech.text.tables import word_set

_TITLES = {
    "Mr": "Mister", "Mrs": "Missus", "Ms": "Miz", "Dr": "Doctor", "Prof": "Professor", "St": "Saint", "Mt": "Mount",
    "Ft": "Fort", "Gen": "General", "Gov": "Governor", "Sen": "Senator", "Rep": "Representative", "Capt": "Captain",
    "Lt": "Lieutenant", "Col": "Colonel", "Sgt": "Sergeant", "Cmdr": "Commander", "Rev": "Reverend",
    "Hon": "Honorable", "Pres": "President", "Cpl": "Corporal", "Maj": "Major", "Adm": "Admiral", "Fr": "Father",
    "Messrs": "Messieurs",
}  # fmt: skip
_KEPT = frozenset(["Mr", "Mrs", "Ms"])  # every voice knows these
_STREETS = {
    "st": "Street", "str": "Street", "ave": "Avenue", "av": "Avenue", "rd": "Road", "blvd": "Boulevard",
    "dr": "Drive", "ln": "Lane", "hwy": "Highway", "expy": "Expressway", "pkwy": "Parkway", "ct": "Court",
    "pl": "Place", "sq": "Square", "ter": "Terrace", "cir": "Circle", "trl": "Trail", "tpke": "Turnpike",
    "fwy": "Freeway", "aly": "Alley", "xing": "Crossing", "pk": "Park", "plz": "Plaza",
}  # fmt: skip
_DIRECTIONS = {
    "N": "North", "S": "South", "E": "East", "W": "West", "NE": "Northeast", "NW": "Northwest", "SE": "Southeast",
    "SW": "Southwest",
}  # fmt: skip
_NUMBERED = {  # before a number, with or without a stop
    "rm": "room", "apt": "apartment", "ste": "suite", "bldg": "building", "fl": "floor", "ext": "extension",
    "fig": "figure", "figs": "figures", "vol": "volume", "vols": "volumes", "ch": "chapter", "pp": "pages",
    "p": "page", "sec": "section", "art": "article", "tel": "telephone", "ph": "phone", "hwy": "highway",
    "rte": "route", "eq": "equation", "ver": "version", "c": "circa", "ca": "circa", "approx": "approximately",
    "max": "maximum", "min": "minimum", "est": "established", "b": "born", "d": "died", "temp": "temperature",
    "qty": "quantity", "pg": "page", "ref": "reference",
}  # fmt: skip
_WORDS = {  # with their stop
    "jr": "Junior", "sr": "Senior", "ltd": "Limited", "inc": "Incorporated", "corp": "Corporation", "co": "Company",
    "bros": "Brothers", "dept": "Department", "univ": "University", "assn": "Association", "govt": "Government",
    "approx": "approximately", "est": "established", "vs": "versus", "vol": "volume", "fig": "figure",
    "ed": "edition", "eds": "editors", "cf": "compare", "etc": "et cetera", "viz": "namely", "ave": "Avenue",
    "blvd": "Boulevard", "rd": "Road", "apt": "apartment", "bldg": "building", "min": "minimum", "max": "maximum",
    "tel": "telephone", "misc": "miscellaneous", "ref": "reference", "incl": "including", "excl": "excluding",
    "temp": "temperature", "attn": "attention", "mfg": "manufacturing", "intl": "international", "natl": "national",
    "asst": "assistant", "mgr": "manager", "hwy": "Highway", "pkwy": "Parkway", "ln": "Lane", "ste": "suite",
    "rm": "room", "qty": "quantity", "tbsp": "tablespoon", "tsp": "teaspoon", "dist": "district",
}  # fmt: skip
_FIXED = {
    "w/o": "without", "w/": "with", "n/a": "N A", "c/o": "care of", "a/c": "A C", "and/or": "and or", "vs": "versus",
    "vs.": "versus", "aka": "also known as", "btw": "by the way", "b/c": "because", "approx": "approximately",
    "p.s.": "PS", "et al.": "et al", "etc": "et cetera", "ph.d.": "PhD", "a.k.a.": "also known as",
}  # fmt: skip
_STATES = {
    "AL": "Alabama", "AK": "Alaska", "AZ": "Arizona", "AR": "Arkansas", "CA": "California", "CO": "Colorado",
    "CT": "Connecticut", "DE": "Delaware", "FL": "Florida", "GA": "Georgia", "HI": "Hawaii", "ID": "Idaho",
    "IL": "Illinois", "IN": "Indiana", "IA": "Iowa", "KS": "Kansas", "KY": "Kentucky", "LA": "Louisiana",
    "ME": "Maine", "MD": "Maryland", "MA": "Massachusetts", "MI": "Michigan", "MN": "Minnesota", "MS": "Mississippi",
    "MO": "Missouri", "MT": "Montana", "NE": "Nebraska", "NV": "Nevada", "NH": "New Hampshire", "NJ": "New Jersey",
    "NM": "New Mexico", "NY": "New York", "NC": "North Carolina", "ND": "North Dakota", "OH": "Ohio",
    "OK": "Oklahoma", "OR": "Oregon", "PA": "Pennsylvania", "RI": "Rhode Island", "SC": "South Carolina",
    "SD": "South Dakota", "TN": "Tennessee", "TX": "Texas", "UT": "Utah", "VT": "Vermont", "VA": "Virginia",
    "WA": "Washington", "WV": "West Virginia", "WI": "Wisconsin", "WY": "Wyoming", "DC": "DC",
}  # fmt: skip
STARTERS = frozenset([*_STREETS, *(word for word in _FIXED if word.isalpha()), *_NUMBERED])
_ALSO_WORDS = word_set("OK OH HI OR IN ME")
_WITHOUT_STOP = {key: _TITLES[key] for key in ("Mr", "Mrs", "Ms", "Dr", "Prof", "St", "Mt", "Ft", "Capt", "Sgt")}
_NO_NAME = word_set("On In At To The From By Near And Of For With Is Was Visit See Our")


def _alternatives(table: dict[str, str]) -> str:
    return "|".join(re.escape(key) for key in sorted(table, key=len, reverse=True))


def _title(match: re.Match[str]) -> str | None:
    """Read a title before a name; in "Elm St. Paul", it is a street."""
    written = match[1].capitalize()
    if written in ("St", "Dr", "Ft", "Mt") and _is_name(previous_word(match)) and written in ("St", "Dr"):
        return None
    return written if written in _KEPT else _TITLES[written]


def _is_name(word: str) -> bool:
    return (word[:1].isupper() and word not in _NO_NAME and word.rstrip(".") not in _TITLES) or bool(
        re.fullmatch(r"\d+(?:st|nd|rd|th)", word, re.I)
    )


def _street(match: re.Match[str]) -> str | None:
    if not _is_name(previous_word(match)):
        return None
    stop = final_stop(match)
    return _STREETS[match[1].lower()] + stop


def _house(match: re.Match[str]) -> str:
    side = f" {_DIRECTIONS[match[2]]}" if match[2] else ""
    return paired(match[1]) + side


def _numbered(match: re.Match[str]) -> str | None:
    word = match[1]
    if (
        "." not in match[0]
        and word.lower() in ("c", "p", "b", "d", "ch", "fl", "art", "sec", "est", "ca", "min", "max", "ph", "fig")
        and not (word.lower() == "ca" and word.islower())
        and not (word == "EST" and re.match(r"\s?\d{4}", match.string[match.end() :]))
    ):
        return None
    if word[0].isupper() and word.lower() in ("c", "p", "b", "d"):
        return None
    name = _NUMBERED[word.lower()]
    return name if word.islower() else name.capitalize()


def _word(match: re.Match[str]) -> str:
    name = _WORDS[match[1].lower()]
    return (name.lower() if match[1].islower() else name[:1].upper() + name[1:]) + final_stop(match)


def _state(match: re.Match[str]) -> str | None:
    """Read a state after a comma ("Springfield, IL"), unless the letters are a word."""
    behind_comma = match.string[max(0, match.start() - 2) : match.start()] == ", "
    return _STATES[match[1]] if behind_comma and match[1] not in _ALSO_WORDS else None


_NAMES = r"(?:[A-Z][\w'’]*|\d{1,3}(?:st|nd|rd|th))\.?"
_WAY = (
    rf"(?:{_alternatives(_STREETS)}|"
    r"street|avenue|road|boulevard|drive|lane|highway|expressway|parkway|court|place|square|terrace|circle|way)"
)
RULES = (
    Rule("abbreviation", UPPER + LOWER, r"tel\b\.?(?=:)", lambda m: "Telephone", re.I),
    Rule(
        "address", DIGIT, rf"(\d{{1,5}})(?:\s([NSEW]|[NS][EW])\b\.?)?(?=\s(?:{_NAMES}\s){{1,4}}(?i:{_WAY})\b)", _house
    ),
    Rule(
        "address",
        UPPER,
        rf"({_alternatives(_DIRECTIONS)})\.?(?=\s(?:{_NAMES}\s){{0,3}}(?i:{_WAY})\b)",
        lambda m: _DIRECTIONS[m[1]],
    ),
    Rule(
        "address",
        UPPER,
        rf"({_alternatives(_STATES)})\b(,?\s)(\d{{5}})(?:-(\d{{4}}))?\b",
        lambda m: f"{_STATES[m[1]]}{m[2]}{digits(m[3])}" + (f", {digits(m[4])}" if m[4] else ""),
    ),
    Rule("address", UPPER, rf"({_alternatives(_STATES)})\b(?=\s*(?:$|[,.;]))", _state),
    Rule("abbreviation", UPPER, rf"({_alternatives(_TITLES)})\.(?=\s[A-Z])", _title),
    Rule("abbreviation", UPPER, rf"({_alternatives(_WITHOUT_STOP)})(?=\s[A-Z])", _title),
    Rule("abbreviation", UPPER, rf"({_alternatives(_TITLES).upper()})\.(?=\s[A-Z])", _title),
    Rule("abbreviation", LOWER, r"(dr|mr|mrs|ms|prof)\.(?=\s\w)", _title),
    Rule("address", UPPER + LOWER, rf"({_alternatives(_STREETS)})\b\.?", _street, re.I),
    Rule(
        "abbreviation",
        UPPER + LOWER,
        rf"({_alternatives(_NUMBERED)})\b\.?\s?(?=\d|#)",
        lambda m: (spoken := _numbered(m)) and spoken + " ",
        re.I,
    ),
    Rule("abbreviation", UPPER + LOWER, r"(?:e\.\s?g\.|eg\.),?", lambda m: "for example,", re.I),
    Rule("abbreviation", UPPER + LOWER, r"(?:i\.\s?e\.|ie\.),?", lambda m: "that is,", re.I),
    Rule("abbreviation", LOWER + UPPER, rf"({_alternatives(_FIXED)})(?!\w|/)", lambda m: _FIXED[m[1].lower()], re.I),
    Rule("abbreviation", UPPER + LOWER, rf"({_alternatives(_WORDS)})\.(?!\w)", _word, re.I),
)
