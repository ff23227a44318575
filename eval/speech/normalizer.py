"""Text as it was said: the form in which a script and a transcript are compared word by word.

A voice that reads "23 colours" well must not lose a point because the recognizer writes "twenty-three colors".
"""

from __future__ import annotations

import re

# fmt: off
_UNITS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
# fmt: on
_IRREGULAR_ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}


def _ordinal(word: str) -> str:
    if word in _IRREGULAR_ORDINALS:
        return _IRREGULAR_ORDINALS[word]
    return word[:-1] + "ieth" if word.endswith("y") else word + "th"


_CARDINALS = frozenset(_UNITS + _TENS[2:])
_NUMBER_WORDS = _CARDINALS | {_ordinal(word) for word in _CARDINALS}
_IRREGULAR_CONTRACTIONS = {
    "won't": "will not",
    "can't": "can not",
    "cannot": "can not",
    "shan't": "shall not",
    "let's": "let us",
}
# 's is "is" only after these; elsewhere it marks possession ("the dog's ball").
_BEFORE_IS = "he|she|it|that|there|here|what|where|who|how"
_CONTRACTIONS = (
    (re.compile(r"\b(" + "|".join(_IRREGULAR_CONTRACTIONS) + r")\b"), lambda m: _IRREGULAR_CONTRACTIONS[m[1]]),
    (re.compile(r"n't\b"), " not"),
    (re.compile(r"'re\b"), " are"),
    (re.compile(r"'ve\b"), " have"),
    (re.compile(r"'ll\b"), " will"),
    (re.compile(r"'d\b"), " would"),
    (re.compile(r"\bi'm\b"), "i am"),
    (re.compile(rf"\b({_BEFORE_IS})'s\b"), r"\1 is"),
)
# British stem -> American stem, and the endings that words of the family take.
_OUR = "arm behavi clam col endeav fav ferv flav glam harb hon hum lab neighb od parl ranc rum sav splend tum vap vig"
_OUR_ENDINGS = " s ed ing ful less able ably ite ites hood hoods ist ists y"
_RE = "calib cent centimet fib goit kilomet lit lust meag met millimet og reconnoit sab sepulch somb spect theat"
_RE_ENDINGS = ("", "s", "d")
_ISE = (
    "apolog author capital categor character civil color critic custom emphas energ equal fantas fertil final "
    "general harmon hospital ideal immun initial legal local maxim memor minim mobil modern normal optim organ "
    "personal popular real recogn revolution serial social special stabil standard steril summar symbol sympath util "
    "vandal visual"
)
_ISE_ENDINGS = ("e", "es", "ed", "ing", "er", "ers", "ation", "ations")
_DOUBLED = (
    "cancel channel counsel cruel dial equal fuel jewel label level libel marvel model panel pedal quarrel signal "
    "snorkel swivel total towel travel tunnel"
)
_DOUBLED_ENDINGS = ("ed", "ing", "er", "ers", "ist", "ists", "ings", "ous", "ously")


def _american_spellings() -> dict[str, str]:
    families = (
        ((f"{stem}our", f"{stem}or", _OUR_ENDINGS.split(" ")) for stem in _OUR.split()),
        ((f"{stem}re", f"{stem}er", _RE_ENDINGS) for stem in _RE.split()),
        ((f"{stem}is", f"{stem}iz", _ISE_ENDINGS) for stem in _ISE.split()),
        ((f"{stem}{stem[-1]}", stem, _DOUBLED_ENDINGS) for stem in _DOUBLED.split()),
    )
    return {
        british + ending: american + ending
        for family in families
        for british, american, endings in family
        for ending in endings
    }


_AMERICAN = _american_spellings() | {
    "aeroplane": "airplane",
    "aeroplanes": "airplanes",
    "aluminium": "aluminum",
    "analyse": "analyze",
    "analysed": "analyzed",
    "analysing": "analyzing",
    "axe": "ax",
    "catalogue": "catalog",
    "catalogues": "catalogs",
    "centred": "centered",
    "centring": "centering",
    "cheque": "check",
    "cheques": "checks",
    "chequered": "checkered",
    "cosy": "cozy",
    "defence": "defense",
    "dialogue": "dialog",
    "doughnut": "donut",
    "doughnuts": "donuts",
    "draught": "draft",
    "draughts": "drafts",
    "gaol": "jail",
    "grey": "gray",
    "greyer": "grayer",
    "greyhound": "grayhound",
    "greying": "graying",
    "greyish": "grayish",
    "greys": "grays",
    "jewellery": "jewelry",
    "kerb": "curb",
    "kerbs": "curbs",
    "licence": "license",
    "licences": "licenses",
    "manoeuvre": "maneuver",
    "manoeuvres": "maneuvers",
    "mould": "mold",
    "mouldy": "moldy",
    "moustache": "mustache",
    "moustaches": "mustaches",
    "multicoloured": "multicolored",
    "multistorey": "multistory",
    "offence": "offense",
    "ok": "okay",
    "paediatric": "pediatric",
    "plough": "plow",
    "ploughed": "plowed",
    "ploughing": "plowing",
    "ploughs": "plows",
    "practise": "practice",
    "practised": "practiced",
    "practising": "practicing",
    "programme": "program",
    "programmes": "programs",
    "pyjamas": "pajamas",
    "sceptical": "skeptical",
    "storey": "story",
    "storeys": "stories",
    "sulphur": "sulfur",
    "tyre": "tire",
    "tyres": "tires",
    "whisky": "whiskey",
    "woollen": "woolen",
    "yoghurt": "yogurt",
    # Written short, said long.
    "dr": "doctor",
    "mr": "mister",
    "mrs": "missus",
}
_THOUSANDS_COMMA = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_NUMBER = re.compile(r"(\d+)(?:\.(\d+)|(st|nd|rd|th)\b)?")
# "$5" is said "five dollars", and so a recognizer writes it.
_MONEY = re.compile(r"([$£€])(\d+(?:\.\d+)?)(?: (hundred|thousand|million|billion))?")
_CURRENCIES = {"$": "dollar", "£": "pound", "€": "euro"}
_NOT_A_WORD = re.compile(r"[^\w\s]|_")


def spoken_words(text: str) -> list[str]:
    """Return the words of English `text` in the form in which word error rates compare them.

    The protocol, exactly:
    1. Lower case; typographic apostrophes become '.
    2. "%" is "percent", "&" is "and"; a sign of money goes behind its amount: "$5" is "5 dollars".
    3. Digits become words, without "and": 105 "one hundred five", 1,200 "one thousand two hundred", 2.5 "two point
       five", 21st "twenty first"; from a million on, and after a leading zero, digit by digit. A year is read like any
       number: "1999" is not made equal to "nineteen ninety nine".
    4. Contractions are written out: n't, 're, 've, 'll, 'd ("would"), i'm, let's, cannot, and 's after a pronoun or a
       question word ("it's" is "it is").
    5. Apostrophes are deleted ("dog's" is "dogs"); every other sign, the hyphen too, becomes a space.
    6. Words: "hundred and five" loses its "and", "a hundred" and "a thousand" begin with "one", British spellings
       become American (families as colour, centre, organise and travelled, and single words as tyre; not every word
       that ends so), and mr, mrs and dr are written out.

    Example:
        >>> " ".join(spoken_words("It’s one hundred and five grey T-shirts: 105!"))
        'it is one hundred five gray t shirts one hundred five'
    """
    text = re.sub("[’‘ʼ]", "'", text.lower()).replace("%", " percent ").replace("&", " and ")
    text = _MONEY.sub(_money_after, _THOUSANDS_COMMA.sub("", text))
    text = _NUMBER.sub(_in_words, text)
    for pattern, replacement in _CONTRACTIONS:
        text = pattern.sub(replacement, text)
    words = _NOT_A_WORD.sub(" ", text.replace("'", "")).split()
    words = [_AMERICAN.get(word, word) for word in words]
    padded = ["", *words, ""]
    kept = []
    for before, word, after in zip(padded[:-2], words, padded[2:], strict=True):
        if word == "and" and before in ("hundred", "thousand") and after in _NUMBER_WORDS:
            continue
        kept.append("one" if word == "a" and after in ("hundred", "thousand") else word)
    return kept


def _money_after(match: re.Match[str]) -> str:
    sign, amount, size = match.groups()
    plural = "" if amount == "1" and size is None else "s"
    return f"{amount} {size + ' ' if size else ''}{_CURRENCIES[sign]}{plural}"


def _in_words(match: re.Match[str]) -> str:
    whole, fraction, ordinal = match.groups()
    words = _digits(whole) if len(whole) > 6 or (len(whole) > 1 and whole[0] == "0") else _cardinal(int(whole))
    if fraction is not None:
        words += ["point", *_digits(fraction)]
    if ordinal is not None:
        words[-1] = _ordinal(words[-1])
    return f" {' '.join(words)} "


def _digits(digits: str) -> list[str]:
    return [_UNITS[int(digit)] for digit in digits]


def _cardinal(number: int) -> list[str]:
    if number < 20:
        return [_UNITS[number]]
    for size, name in ((1000, "thousand"), (100, "hundred")):
        if number >= size:
            return [*_cardinal(number // size), name, *(_cardinal(number % size) if number % size else [])]
    return [_TENS[number // 10], *([_UNITS[number % 10]] if number % 10 else [])]
