"""English text as it should be spoken, and its sentences. Runs before a voice's own reading of numbers and dates."""

from __future__ import annotations

import re
import unicodedata

from speech.symbols import drop_scripts, name_scripts, name_symbols, simplify_forms

_SUFFIXES = "com|org|net|edu|gov|mil|int|info|biz|app|dev|io|ai|co|eu|uk|us|ca|au|de|fr|nl|jp|in|br|tv|me|ly|museum"
_FILES = "jpe?g|png|gif|webp|tiff?|bmp|svg|heic|pdf|docx?|xlsx?|txt|csv|json|html?|py|zip|mp[34]|wav|flac|ogg|epub"
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_URL = re.compile(
    rf"(?:(?:https?|ftp)://|www\.)[^\s<>\"“”]+|(?<![\w.@-])(?:[\w-]+\.)+(?:{_SUFFIXES})\b(?:[/:?#][^\s<>\"“”]*)?", re.I
)
_FILE = re.compile(rf"(?<=\w)\.({_FILES})\b(?!\.\w)", re.I)
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)\s]*\)")
_URL_SIGNS = {
    ".": "dot",
    "/": "slash",
    ":": "colon",
    "-": "dash",
    "_": "underscore",
    "?": "question mark",
    "=": "equals",
    "&": "and",
    "#": "hash",
    "%": "percent",
    "~": "tilde",
    "@": "at",
    "+": "plus",
}
_LINE_MARK = re.compile(r"^\s*(?:(?:#{1,6}|[-*+>–—])\s+|[•‣⁃▪▫●○◦◆■►]\s*)+")
_UNITS = {"m": ("meter", "meters"), "g": ("gram", "grams"), "l": ("liter", "liters"), "L": ("liter", "liters")}
_SIZES = {"mm": "millimeters", "cm": "centimeters", "km": "kilometers", "m": "meters", "ft": "feet", "in": "inches"}
_DOTTED_UNITS = "ft|oz|lbs?|mi|yd|cm|mm|km|kg|hrs?|mins?|secs?"
_NUMBER = r"(?<![\w.,])\d+(?:,\d{3})*(?:\.\d+)?"

# In this order: a later row sees what an earlier one wrote.
_READINGS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), reading)
    for pattern, reading in (
        # Markdown
        (r"\*+|`{2,}|(?<!\w)`|`(?!\w)|(?<!\w)_+(?=\w)|(?<=\w)_+(?!\w)|~~", " "),
        (r"[\[{]", "("),  # square brackets before round ones are commands to some voices
        (r"[\]}]", ")"),
        # Quotes and dashes
        (r"[`´ʼ‛]", "'"),
        (r"[«„‟]", "“"),
        (r"»", "”"),
        (r"(?<=\s)(?:--?-?|–)(?=\s)(?!\s\d)|--+|―", "—"),
        (r"\.{4,}", "..."),
        (r"([!?])[!?]{2,}", r"\1"),
        # Numbers
        (r"(?<!\w)(?:No|no|Nos|nos)\. ?(?=\d)", "number "),
        (r"№\s*", "number "),
        (r"#(?=\d)", " number "),
        (r"\b([CF])#(?!\w)", r"\1 sharp"),
        (r"(?<=\d)\s?([½¼¾])", r" and \1"),
        (r"(\d),(?=\d{1,2}\s?[€£])(\d+)\s?([€£])", r"\3\1.\2"),
        (rf"({_NUMBER})\s?([€£$])(?!\s?\d)", r"\2\1"),
        (r"€(?!\s?\.?\d)", " euro "),
        (r"\$(?!\s?\.?\d)", " dollar "),
        (r"£(?!\s?\.?\d)", " pound "),
        (r"(?<=\d),(?=\d)(?!\d{3}(?!\d))", ", "),
        (r"(?<![\w)])(?:about )?[~≈]\s?(?=\d)", "about "),
        (r"\b24/7\b", "twenty-four seven"),
        (r"(?<=\d)\s?[xX×](?=\s?\d)(?<!\b0[xX])", " by "),
        # Feet, inches and small units
        (r"(?<!\w)(\d{1,2})['′]\s?(\d{1,2})(?:[\"″]|'')", r"\1 feet \2 inches"),
        (rf"({_NUMBER}) ?in\.(?=\s+[a-z(]|[,;:)])", r"\1 inches"),
        (rf"({_NUMBER}) ?in\.(?=\s|$)", r"\1 inches."),
        (rf"({_NUMBER} ?(?:{_DOTTED_UNITS}))\.(?=\s+[a-z\d(]|[,;:)])", r"\1"),
        (r"(?<=\d) ?m/s\b", " meters per second"),
        # Abbreviations
        (r"(?<!\w)(?:e\.\s?g\.|eg\.),?", "for example,"),
        (r"(?<!\w)(?:i\.\s?e\.|ie\.),?", "that is,"),
    )
)
_SQUARED = re.compile(rf"({_NUMBER})?\s?(?<![^\W\d_])(mm|cm|km|m|ft|in)([²³])")
_SMALL_UNIT = re.compile(rf"(?<![$£€])({_NUMBER})\s?([mglL])\b(?![.'’²³]\w|[²³/])")
_LONG_DIGITS = re.compile(r"\d[\d,]{15,}")
_LEADING_ZERO = re.compile(r"(?<![\w.,:/+\-])0\d+(?![\w:/\-]|[.,]\d)")


def clean_text(text: str) -> str:
    """The text in Unicode form NFC, its spaces plain, without control, private and invisible characters; lines kept.

    Right for every language; `spoken_text` goes on from here for English.

    >>> clean_text("cafe\\u0301\\x00\\tbar")
    'café bar'
    """
    text = re.sub(r"\r\n?|[\v\f\x85\u2028\u2029]", "\n", unicodedata.normalize("NFC", text))
    kept = []
    for char in text:
        category = unicodedata.category(char)
        if category == "Cc" and char != "\n":
            kept.append(" ")
        elif category not in ("Cs", "Co", "Cf") or char == "\u200d" or "\U000e0020" <= char <= "\U000e007f":
            kept.append(char)  # joiners and tags hold emoji together
    return re.sub(r"\n{3,}", "\n\n", re.sub(r" *\n *", "\n", re.sub(r"[^\S\n]+", " ", "".join(kept)))).strip()


def spoken_text(text: str) -> str:
    """English text in the words to be spoken, one paragraph, heading or list item a line; "" where nothing can be.

    Addresses, emoji, symbols, odd number forms, markup and abbreviations become words. Letters that are not Latin are
    announced ("Cyrillic text"), never skipped. Times, dates, units and amounts that voices read well are left alone.
    Every line ends like a sentence.

    >>> spoken_text("See https://www.example.com/a 🐶 #3")
    'See example dot com slash a dog face number 3.'
    """
    text = simplify_forms(clean_text(text))
    lines = [_spoken_line(line) for line in _lines(text)]
    return "\n".join(line for line in lines if is_speakable(line))


def is_speakable(text: str) -> bool:
    """Whether the text has a letter or digit, or one of the signs that are read as a word (&, %, +, =, @...).

    >>> is_speakable("...!"), is_speakable("A."), is_speakable("&")
    (False, True, True)
    """
    return any(char.isalnum() or char in "&%+=@$£€¥°×÷±" for char in text)


def is_foreign(text: str) -> bool:
    """Whether the text has something to speak, but only in letters that are not Latin.

    >>> is_foreign("Привет!"), is_foreign("Привет 2"), is_foreign("Ω")
    (True, False, False)
    """
    return is_speakable(text) and not is_speakable(name_symbols(drop_scripts(text)))


def _lines(text: str) -> list[str]:
    """Lines without list marks; a line that goes on in lower case is joined to the one before."""
    lines: list[str] = []
    for raw in text.split("\n"):
        line = _LINE_MARK.sub("", raw)
        line = re.sub(r"^(\d+)[.)] ", r"\1, ", line)
        wrapped = lines and lines[-1] and line == raw and line[:1].islower()
        if wrapped:
            lines[-1] += " " + line
        else:
            lines.append(line)
    return lines


def _spoken_line(line: str) -> str:
    line = _LINK.sub(r"\1", line)
    line = _EMAIL.sub(lambda m: _spell_address(m[0]), line)
    line = _URL.sub(_read_url, line)
    line = _FILE.sub(r" dot \1", line)
    for pattern, reading in _READINGS:
        line = pattern.sub(reading, line)
    line = _SQUARED.sub(_read_power, line)
    line = _SMALL_UNIT.sub(lambda m: f"{m[1]} {_UNITS[m[2]][m[1] != '1']}", line)
    line = _LONG_DIGITS.sub(lambda m: _spell_digits(m[0]), line)
    line = _LEADING_ZERO.sub(lambda m: " ".join(m[0]), line)
    line = name_symbols(name_scripts(line))
    line = re.sub(r"\s+", " ", line).strip()
    line = re.sub(r" +(?=[,.;:!?…)](?!\d))", "", line)
    heard_last = line.rstrip("'\"”’)")[-1:]
    return line if heard_last in ".!?…:;,—-" else line + "."


def _read_url(match: re.Match[str]) -> str:
    address = match[0].rstrip(".,;:!?)'’*_")
    rest = match[0][len(address) :]
    plain = re.sub(r"^(?:(?:https?|ftp)://)?(?:www\.)?", "", address, flags=re.I).rstrip("/")
    return _spell_address(plain) + rest


def _spell_address(address: str) -> str:
    words = re.sub(r"[^\w]|_", lambda m: f" {_URL_SIGNS.get(m[0], m[0])} ", address)
    return re.sub(r"\s+", " ", words).strip()


def _read_power(match: re.Match[str]) -> str:
    number, unit, power = match.groups()
    words = f"{'square' if power == '²' else 'cubic'} {_SIZES[unit]}"
    return f"{number} {words}" if number else words


def _spell_digits(digits: str) -> str:
    """Digit by digit in groups of three: no one follows a number of sixteen digits read as an amount."""
    plain = digits.rstrip(",")
    spelled = plain.replace(",", "")
    groups = [" ".join(spelled[i : i + 3]) for i in range(0, len(spelled), 3)]
    return ", ".join(groups) + digits[len(plain) :]


_END = re.compile(r"[.!?…]+[\"'”’)\]]*(?=\s)")
_NEVER_LAST = re.compile(r"mrs?|ms|dr|prof|messrs|e\.g|eg|i\.e|ie|vs|cf|viz", re.I)
_BEFORE_NUMBERS = re.compile(r"nos?|figs?|vols?|ch|pp?|art|sec", re.I)
_SELDOM_LAST = re.compile(  # and single letters, and acronyms such as U.S.
    r"[A-Z]|(?:[A-Z]\.)+[A-Z]|Ph\.D|(?i:st|mt|ft|gen|gov|sen|rep|capt|lt|col|sgt|rev|hon|pres|fr|eds?|approx|est|ca|al|"
    r"jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec|inc|co|corp|ltd|bros|jr|sr|dept|ave|blvd|rd|sq)"
)
_OPENER = re.compile(  # after one of those, the words that begin a new sentence
    "an?|the|these|those|this|that|s?he|it|they|we|I|you|t?here|his|her|its|their|our|my|in|on|at|by|to|from|"
    "and|but|or|so|then|when|while|if|as|after|before|one|two|three|some|many|no|behind|next",
    re.I,
)


def split_sentences(text: str, *, max_chars: int = 250) -> list[str]:
    """The sentences of the text, each at most `max_chars` (20 or more) long, none empty, nothing left out.

    Joined, they are the text but for white space. A line break ends a sentence; a full stop after a title, an
    initial, "e.g.", "U.S." or inside a number does not. An overlong sentence is cut at clauses, else between words,
    else (one endless word) inside it.

    Raises:
        ValueError: `max_chars` is below 20.

    >>> split_sentences("Dr. Lee left at 6 p.m. The dog stayed.")
    ['Dr. Lee left at 6 p.m.', 'The dog stayed.']
    """
    if max_chars < 20:
        raise ValueError(f"max_chars is {max_chars}; give 20 or more.")
    sentences: list[str] = []
    for line in text.split("\n"):
        start = 0
        for match in _END.finditer(line):
            if _ends_sentence(line, start, match):
                sentences.append(line[start : match.end()])
                start = match.end()
        sentences.append(line[start:])
    return [piece for sentence in sentences for piece in _cut(sentence.strip(), max_chars) if piece]


def _ends_sentence(line: str, start: int, match: re.Match[str]) -> bool:
    following = line[match.end() :].lstrip().lstrip("\"'“‘(")
    if following[:1].islower():
        return False
    if not is_speakable(line[start : match.start()]):
        return False
    if not match[0].startswith(".") or match[0].startswith(".."):
        return True
    word = re.split(r"[\s(\"“'‘]", line[start : match.start()])[-1]
    if _NEVER_LAST.fullmatch(word) or (_BEFORE_NUMBERS.fullmatch(word) and following[:1].isdigit()):
        return False
    if _SELDOM_LAST.fullmatch(word):
        return _OPENER.fullmatch(re.split(r"\W", following, maxsplit=1)[0]) is not None
    return True


def _cut(sentence: str, max_chars: int) -> list[str]:
    if len(sentence) <= max_chars:
        return [sentence]
    for boundary in (r"(?<=[,;:—…)])\s+|\s+(?=[—(])", r"\s+"):
        parts = re.split(boundary, sentence)
        if len(parts) > 1:
            return [piece for packed in _pack(parts, max_chars) for piece in _cut(packed, max_chars)]
    return [sentence[i : i + max_chars] for i in range(0, len(sentence), max_chars)]


def _pack(parts: list[str], max_chars: int) -> list[str]:
    """The parts, neighbours joined by a space while they fit."""
    packed = parts[:1]
    for part in parts[1:]:
        if len(packed[-1]) + 1 + len(part) <= max_chars:
            packed[-1] += " " + part
        else:
            packed.append(part)
    return packed
