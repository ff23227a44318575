"""Times of day, durations, ratios: 8am-6pm, 11:30 EST, 01:59 p.m., 14:10:30, 1:10,000."""

from __future__ import annotations

import re

from speech.text.numbers import NUMBER, cardinal, digits, words
from speech.text.reader import DIGIT, Rule, final_stop

_HALF = r"(?:([ap])\.?\s?m\b\.?)"
_ZONE = r"(?:\s?((?:[ecmp]\.?[sd]\.?t|gmt|utc|bst|cest|cet|ist)\b\.?))"
_DASH = r"\s?(?:[-–—]|to|until)\s?"


def _hour_and_minute(hour: str, minute: str | None, half: str | None) -> str:
    h, m = int(hour), int(minute or 0)
    if m == 0:
        return cardinal(h) if half else f"{cardinal(h)} o'clock"
    return f"{cardinal(h)} {'oh ' if m < 10 else ''}{cardinal(m)}"


def _time(hour: str, minute: str | None, half: str | None, zone: str | None) -> str | None:
    if int(hour) > 24 or int(minute or 0) > 59:
        return None
    letters = f" {half.upper()}M" if half else ""
    return _hour_and_minute(hour, minute, half) + letters + (f" {zone.replace('.', '').upper()}" if zone else "")


def _once(match: re.Match[str]) -> str | None:
    spoken = _time(*match.groups())
    return spoken and spoken + final_stop(match)


def _from_to(match: re.Match[str]) -> str | None:
    hour, minute, half, hour_2, minute_2, half_2, zone = match.groups()
    if not (half or half_2 or (minute and minute_2)):
        return None
    begin = _time(hour, minute, half, None) if half or not half_2 else _hour_and_minute(hour, minute, half_2)
    end = _time(hour_2, minute_2, half_2, zone)
    return f"{begin} to {end}{final_stop(match)}" if begin and end else None


def _count(text: str, unit: str) -> str:
    return f"{cardinal(int(text))} {unit}{'' if int(text) == 1 else 's'}"


def _seconds(match: re.Match[str]) -> str | None:
    hour, minute, second, half, zone = match.groups()
    if int(minute) > 59 or int(second) > 59:
        return None
    spoken = f"{_count(hour, 'hour')} {_count(minute, 'minute')} and {_count(second, 'second')}"
    spoken += f" {half.upper()}M" if half else ""
    return spoken + (f" {zone.replace('.', '').upper()}" if zone else "") + final_stop(match)


def _ratio(match: re.Match[str]) -> str:
    return f"{words(match[1])} to {words(match[2])}"


def _lap(match: re.Match[str]) -> str:
    """Read 1:05.3, the time of a race."""
    return f"{_hour_and_minute(match[1], match[2], '-')} point {digits(match[3])}"


_CLOCK = rf"(\d{{1,2}})(?:[:.](\d\d))?\s?{_HALF}?"
_I = re.I
RULES = (
    Rule("time", DIGIT, rf"(\d{{1,2}}):(\d\d):(\d\d)(?:\s?{_HALF})?{_ZONE}?(?![\w:])", _seconds, _I),
    Rule("time", DIGIT, rf"{_CLOCK}{_DASH}{_CLOCK}{_ZONE}?(?![\w:]|[.,]\d)", _from_to, _I),
    Rule("time", DIGIT, rf"(\d{{1,2}})(?:[:.](\d\d))?\s?{_HALF}{_ZONE}?(?!\w)", _once, _I),
    Rule("time", DIGIT, rf"(\d{{1,2}}):(\d\d)(){_ZONE}?(?![\w:]|[.,]\d)", _once, _I),
    Rule("time", DIGIT, r"(\d{1,2})h(\d\d)()()(?!\w)", _once),
    Rule("time", DIGIT, r"(\d{1,2}):([0-5]\d)\.(\d{1,3})(?![\w:])", _lap),
    Rule("range", DIGIT, rf"({NUMBER}):({NUMBER})(?![\w:])", _ratio),
    Rule("range", DIGIT, r"\d+(?::\d+){2,8}(?!\w)", lambda m: " to ".join(words(part) for part in m[0].split(":"))),
)
