"""Words in capitals: "NO DOGS ALLOWED" is words, "USA" is letters, "NASA" a word, and "IT" depends on its neighbours.

Letters to be spelled are written as capitals ("HTML"), all others in lower case or capitalised: every voice here spells
a word in capitals that it does not know. Letters that are also a word get full stops ("I.T.").
"""

from __future__ import annotations

import gzip
import importlib.util
import json
import re
from functools import lru_cache
from pathlib import Path

from speech.text.reader import LOWER, UPPER, Rule, around, final_stop, next_word
from speech.text.tables import word_set

_LETTERS = word_set(  # always spelled
    "OS USA UK UAE BBC CNN NBC CBS ABC HBO TV CD DVD ATM GPS NYC CEO CFO CTO FAQ RSVP VIP DIY EU UN FBI CIA NHS "
    "NYPD LAPD PC HTML HTTP HTTPS URL USB PDF API CPU GPU DNA RNA HIV BMW KFC IBM HP LG AMD WWF NBA NFL MLB NHL "
    "SUV RV BBQ AC DC AD BC CE BCE EST PST CST GMT UTC AKA ASAP BYOB DOB EMT ETA FYI GMO HR IPA IQ IRS IT JFK LCD "
    "LED MBA MD MIT MP MRI MTV NGO OJ PA PE PHD PIN PIC PM AM PMS PR QR RIP RPM SMS SOS SPF TBA TBD TGIF TNT UFO "
    "UFC UPS USPS UV UCLA USSR VHS VR WC WIFI WTO WWW XL XXL XS ZIP AI ID OK DJ MC BLT BFF OMG LOL AED CCTV CV EV "
    "EXP FM GDP HGV HQ ISBN ISO JPG LLC PLC NE NW SE SW MLK MSG NSW QLD RAF SPCA RSPCA TSA VAT VW YMCA YWCA WHO "
    "US BA BS MS LA ICU ER NY DC JR EXIF PNG CSV SQL CSS XML"
) - frozenset(["PIN", "ZIP", "EXP", "PIC", "JR", "NE", "RIP", "WIFI"])
# Those that are read as words if their neighbours are words in capitals too.
_BOTH = word_set("IT US AM WHO ID LED AD AI PA LA MA ER OK IN OR ME HI PE RIP BA MS")
_SAFE = frozenset(["AM", "PM", "US", "OK", "ID", "AI", "BBQ"])  # voices spell these without stops
_COMPANY = {  # after these letters, words that show that they are letters, even on a sign
    "IT": word_set(
        "support department team desk manager service services staff help consultant specialist systems equipment room"
    ),
    "US": word_set(
        "open army navy dollar dollars president government mail marine marines air post embassy customs senate "
        "congress capitol flag grand"
    ),
    "ID": ["card", "cards", "badge", "number", "required", "check", "photo", "please"],
    "AD": ["century"],
}
_ACRONYMS = word_set(
    "NASA NATO UNESCO UNICEF FIFA UEFA IKEA AIDS OPEC ASEAN SWAT LEGO FEMA OSHA HUD NORAD COVID NASCAR NASDAQ "
    "LASER RADAR SONAR SCUBA PIN SIM RAM ROM GIF JPEG ZIP NAFTA PETA MOMA NOAA DARPA IMAX ASCII SARS MERS EFTA "
    "CERN EPCOT WI FI"
)
_ONSETS = word_set(  # two consonants that an English word or name begins with
    "bl br ch cl cr dr dw dz fl fr gh gl gn gr kh kl kn kr ll mc ph pf pl pr ps rh sc sh sk sl sm sn sp sq sr st "
    "sv sw sz th tr ts tw vl wh wr zh zl zw"
)


_ENDINGS = (
    ("'s", ""), ("s", ""), ("es", ""), ("ies", "y"), ("ed", ""), ("ed", "e"), ("ing", ""), ("ing", "e"), ("ly", ""),
)  # fmt: skip


@lru_cache(maxsize=1)
def lexicon() -> frozenset[str]:
    """Return the words in lower case that the built-in voice knows; read once, 0.1 s; empty if it is not installed."""
    spec = importlib.util.find_spec("hibari")
    if spec is None or spec.origin is None:
        return frozenset()
    known: set[str] = set()
    for part in ("gold", "silver"):
        path = Path(spec.origin).parent / "assets" / f"lexicon_us_{part}.json.gz"
        with gzip.open(path, "rt", encoding="utf-8") as file:
            known.update(word.lower() for word in json.load(file) if not (part == "silver" and word.isupper()))
    return frozenset(known)


def is_word(word: str) -> bool:
    """Return whether the word is English, as it is or without an ending.

    >>> is_word("dogs"), is_word("running"), is_word("bbc")
    (True, True, False)
    """
    plain = word.lower().replace("’", "'")
    if plain in lexicon():
        return True
    stems = [plain[: -len(end)] + more for end, more in _ENDINGS if plain.endswith(end) and len(plain) > len(end) + 2]
    return any(stem in lexicon() for stem in stems)


def _can_be_said(word: str, shouted: bool) -> bool:
    """Return whether an unknown word in capitals looks like a name and not like initials."""
    plain = word.lower()
    if re.match(r"[^aeiouyà-öø-ÿ]{2}", plain) and plain[:2] not in _ONSETS:
        return False
    vowels = len(re.findall("[aeiouyà-öø-ÿ]", plain))
    return (
        len(plain) > (2 if shouted else 3)
        and len(plain) / 5 <= vowels
        and not re.search(r"[^aeiouyà-öø-ÿ'’]{5}", plain)
    )


def _run(match: re.Match[str]) -> str:
    """Read a row of words in capitals, each as what it is and as its neighbours suggest."""
    words = re.findall(r"[^\W\d_]+(?:['’][^\W\d_]+)*", match[0])
    shouted = len(words) > 1 and any(_is_shouted(word) for word in words)
    before, behind = around(match)
    company = before + behind
    alone = len(words) == 1 and not any(char.islower() for char in company) and bool(re.search(r"[^\W\d_]{2}", company))
    after = next_word(match).lower()
    following = [*[word.lower() for word in words[1:]], after]
    said = iter([_say(word, follow, shouted or alone) for word, follow in zip(words, following, strict=True)])
    return re.sub(r"[^\W\d_]+(?:['’][^\W\d_]+)*", lambda _: next(said), match[0])


def _is_shouted(word: str) -> bool:
    return word not in _LETTERS and len(word) > 1 and (word in _ACRONYMS or is_word(word))


def _say(word: str, following: str, shouted: bool) -> str:
    if len(word) == 1:
        return word.lower() if shouted and word == "A" else word
    if word[:2] in ("I'", "I’"):
        return "I" + word[1:].lower()
    root = re.sub(r"['’]S$", "", word)
    ending = word[len(root) :].lower()
    if root in _LETTERS and not (shouted and root in _BOTH and following not in _COMPANY.get(root, ())):
        return _spelled(root) + ending
    if root in _ACRONYMS:
        return root.capitalize() + ending
    if is_word(word) and not (len(word) == 2 and not shouted and not re.search("[AEIOUY]", word)):
        return word.lower()
    return word.capitalize() if _can_be_said(word, shouted) else root + ending


def _scottish(match: re.Match[str]) -> str:
    return f"{match[1]}{match[2].capitalize()}{(match[3] or '').lower()}"


def _spelled(letters: str) -> str:
    return letters if letters in _SAFE or letters.lower() not in lexicon() else ".".join(letters) + "."


def _dotted(match: re.Match[str]) -> str:
    """Read U.S.A., C. S., p.m.: without the stops, unless the letters are a word; the sentence keeps its own."""
    letters = re.sub(r"\W", "", match[0])
    spoken = letters.upper() if letters.upper() in ("AM", "PM") else letters
    if not match[0].endswith("."):
        return spoken
    if letters.lower() in lexicon() and letters.upper() not in ("AM", "PM"):
        return match[0]
    return spoken + final_stop(match)


_CAPS = r"[A-ZÀ-ÖØ-Þ]+(?:['’][A-ZÀ-ÖØ-Þ]+)*(?![^\W_]|\.[A-Z])"
_ROMAN = r"(?:[IVXLC]{1,7}|ST|AVE|RD|BLVD|DR|LN|HWY|PKWY|SQ)(?![^\W_])"  # left to their own classes
RULES = (
    Rule("letter sequence", UPPER, r"[A-Z]{1,3}(?:&[A-Z]{1,3}){1,2}(?![\w])", lambda m: m[0].replace("&", " and ")),
    Rule("letter sequence", UPPER, r"([A-Z]{1,4})-(?=\d)", lambda m: f"{m[1]} "),
    Rule("capitals", UPPER, r"(Mc|Mac|O['’])([A-Z]{2,20})(['’]S)?(?![^\W_])", _scottish),
    Rule(
        "letter sequence",
        UPPER + LOWER,
        r"(?:[A-Z]\.){2,8}(?:[A-Z]\b)?|(?:[A-Z]\. ?){1,4}[A-Z]\.(?= [A-Z][a-z])|[ap]\.\s?m\b\.?",
        _dotted,
    ),
    Rule(
        "capitals",
        UPPER,
        rf"(?=[A-ZÀ-ÖØ-Þ'’]{{2}}|A [A-Z]{{2}}|I [A-Z]{{2}}){_CAPS}(?:[ -](?!{_ROMAN}){_CAPS}){{0,60}}",
        _run,
    ),
)
