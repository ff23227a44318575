"""How much is told of a picture, and in what order: from what was found to the text that is spoken.

    brief     one sentence of at most 125 characters
    standard  the caption, then the text in the picture
    detailed  also what else it could be, what is where, how it looks, and what the photo says of itself

The sentences themselves are in `lookaloud.words`. Nothing here looks at pixels: the same findings give the same words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lookaloud.words import Words, load_words
from lookaloud.words.text import Told, as_items, ended, inside, join, lines_joined, plain

if TYPE_CHECKING:  # `lookaloud --help` needs the names below, and no picture library.
    from captioner.findings.caption import Caption
    from captioner.findings.finding import Finding
    from captioner.reading import Reading, TextLine

DETAILS = ("brief", "standard", "detailed")

MAX_BRIEF = 125
"""Longest brief text in characters: what the IPTC Photo Metadata Standard sets for alternative text."""

INSTALL_READER = 'To have it read aloud, install the reader: pip install "lookaloud[ocr]".'

# A picture with that many words, on that share of its area, is a page, whatever the captioner saw in it.
_PAGE_WORDS, _PAGE_SHARE = 40, 0.15
_SIGN_LINES, _SIGN_WORDS = 3, 8


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# What a cut sentence must not end in.
_UNFINISHED = _words(
    """a an the this that its his her their of in on at to by for from with without over under near next into onto
    and or but while who which as is are was were be being has have very two three"""
)
_EMPTY_WORDS = _UNFINISHED | _words("there it he she they some one possibly up down out off")

_SIGNS = _words("sign signs signpost billboard placard banner poster board")
# What bears writing of its own: in a picture of these, a few words need not be on a sign.
_BEARERS = _words(
    """shirt shirts tshirt jersey jerseys uniform uniforms jacket coat vest hat cap helmet dress sweater hoodie
    player players team runner racer race game match bus car cars taxi truck van train tram plane airplane jet boat
    ship motorcycle bicycle bike bottle bottles cup mug box package book books newspaper magazine paper card screen
    computer laptop monitor television tv phone keyboard remote clock cake"""
)
_STAMP = re.compile(
    r"©|\(c\)\s|copyright|photo\s*(by|:)|www\.|https?:|\w\.(com|org|net|de|co\.uk)\b|@\w", re.IGNORECASE
)


def checked_detail(detail: str) -> str:
    """Return the level of detail, if it is one.

    Raises:
        ValueError: it is not in `DETAILS`.

    >>> checked_detail("brief")
    'brief'
    """
    if detail not in DETAILS:
        raise ValueError(f"There is no level of detail {detail!r}; the levels are: {', '.join(DETAILS)}.")
    return detail


def tell(findings: Mapping[str, Finding], *, detail: str = "standard", words: Words | None = None) -> Told:
    """Return the text to speak: sentences on one line.

    Args:
        findings: what was found, by name; "caption" is there.
        detail: one of `DETAILS`.
        words: of the language; None for English.

    Raises:
        ValueError: `detail` is not in `DETAILS`.

    >>> from captioner.findings.caption import Caption
    >>> caption = Caption("A dog runs.", (), 0.2, is_photo=True, captioner="compact", seconds=0.1, certainty="low")
    >>> tell({"caption": caption}, detail="brief")
    'Possibly a dog runs.'
    """
    words = words or load_words()
    caption: Any = findings["caption"]
    if checked_detail(detail) == "brief":
        return _brief(words.caption(caption)) if caption.is_photo else words.caption(caption)
    sentences: list[str] = [*_caption_and_text(findings, words)]
    is_scene = shows_a_scene(findings)
    if detail == "detailed" and is_scene:
        sentences.append(_alternatives(caption, words))
    for name, sentence_of in words.findings.items():
        if name in findings and (is_scene or name != "parts"):
            sentences.append(sentence_of(findings[name]))
    return join(words.language, sentences)


def brief(text: str) -> str:
    """Return the first sentence of a text in at most `MAX_BRIEF` characters.

    A longer one is cut after a word that can end a sentence, and ends in a full stop; only a single word that is longer
    than all that is cut within.

    >>> brief("This image shows a dog. It runs.")
    'A dog.'
    """
    sentence = plain(re.split(r"(?<=[.!?])\s+(?=[^\Wa-z])", " ".join(text.split()), maxsplit=1)[0])
    if len(sentence) <= MAX_BRIEF:
        return sentence
    words = sentence[:MAX_BRIEF].split(" ")[:-1]
    while len(words) > 1 and _word(words[-1]) in _UNFINISHED:
        words.pop()
    return f"{' '.join(words).rstrip(' ,;:-') or sentence[: MAX_BRIEF - 1]}."


def _brief(told: Told) -> Told:
    """Return the first sentence, whose last piece is the caption."""
    short = brief(told)
    if not told.parts or short == told:
        return told
    *before, (language, _) = told.parts
    n_before = sum(len(text) for _, text in before)
    return Told(*before, (language, short[n_before:]))


def page_text(lines: Sequence[TextLine]) -> str:
    """Return a whole reading as running text: lines joined to sentences, words divided at the ends of lines made whole.

    >>> from captioner.reading import TextLine
    >>> page_text([TextLine("An exam-", 0.9, (0, 0, 80, 10)), TextLine("ple of it", 0.9, (0, 12, 80, 22))])
    'An example of it.'
    """
    from captioner.reading import paragraphs

    text = ""
    for together in paragraphs(lines):
        paragraph = lines_joined(line.text for line in together)
        if text and not paragraph[:1].islower():  # A small letter goes on with what a column or a picture divided.
            text = ended(text)
        text = lines_joined([text, paragraph])
    return ended(text)


def corrected(findings: Mapping[str, Finding]) -> Caption:
    """Return the caption; if the picture is not a photograph, with the kind that its text shows it to be.

    A chart, a drawing or an icon that is full of text is a page of text: from far away, lines of text look like bars.
    What is full of writing that cannot be read is one too. Screenshots stay what they are, and so do photographs.
    """
    from captioner.findings.caption import PHOTOGRAPH

    caption: Any = findings["caption"]
    reading = _reading(findings)
    if caption.kind not in (PHOTOGRAPH, "screenshot", "text") and (
        (reading.unread and not reading.lines) or reads_as_page(findings)
    ):
        caption = replace(caption, kind="text")
    return caption  # type: ignore[no-any-return]


def shows_a_scene(findings: Mapping[str, Finding]) -> bool:
    """Return whether the picture is a photograph and not one of text."""
    caption: Any = findings["caption"]
    return caption.is_photo and not reads_as_page(findings)


def reads_as_page(findings: Mapping[str, Finding]) -> bool:
    """Return whether the picture is one of text: the captioner says so, or the text is too much for anything else."""
    caption: Any = findings["caption"]
    reading = _reading(findings)
    if caption.kind == "text":
        return bool(reading.lines)
    n_words = sum(len(line.text.split()) for line in reading.lines)
    area = sum((right - left) * (bottom - top) for left, top, right, bottom in (line.box for line in reading.lines))
    return n_words >= _PAGE_WORDS and area >= _PAGE_SHARE * reading.size[0] * reading.size[1]


def _reading(findings: Mapping[str, Finding]) -> Reading:
    from captioner.reading import Reading

    reading: Any = findings.get("text")
    return reading or Reading()


def reads_as_sign(caption: Caption, lines: Sequence[TextLine]) -> bool:
    """Return whether it is plausible to call the text in a photograph a sign.

    It is when all of it stands together (three lines and eight words at most), has a whole word, and is not a stamp
    such as "Photo by" or a web address; and when the caption speaks of a sign, or of nothing that bears writing of its
    own, such as a shirt, a bus or a bottle.
    """
    from captioner.reading import paragraphs

    if not caption.is_photo or not 1 <= len(lines) <= _SIGN_LINES or len(paragraphs(lines)) > 1:
        return False
    text = lines_joined(line.text for line in lines)
    if len(text.split()) > _SIGN_WORDS or _STAMP.search(text) or not re.search(r"[^\W\d_]{3}", text):
        return False
    words = set(map(_word, caption.text.split()))
    return bool(words & _SIGNS) or not words & _BEARERS


def _caption_and_text(findings: Mapping[str, Finding], words: Words) -> list[Told]:
    caption: Any = findings["caption"]
    reading = _reading(findings)
    said = words.caption(replace(caption, text=plain(caption.text)))
    unread = Told()
    if reading.unread:
        script = words.scripts.get(reading.script or "")
        unread = words.say("unread_script", script=script) if script else words.say("unread")
    if not reading.lines:
        return [said, unread]
    if reads_as_page(findings):
        if caption.is_photo:  # The captioner took a page for a scene: what it saw there is invented.
            said = words.kind("text")
        return [said, words.say("page", text=page_text(reading.lines)), unread]
    return [said, _found_text(caption, reading.lines, words), unread]


def _found_text(caption: Caption, lines: Sequence[TextLine], words: Words) -> Told:
    from captioner.reading import paragraphs

    if reads_as_sign(caption, lines):
        return words.say("sign", text=ended(lines_joined(line.text for line in lines)))
    texts = [lines_joined(line.text for line in together) for together in paragraphs(lines)]
    return words.say("text", texts="; ".join(as_items(texts)))


def _alternatives(caption: Caption, words: Words) -> Told:
    """Return the captions that name something which neither the caption nor the one before names."""
    known = [_content(caption.text)]
    different: list[str] = []
    for text in caption.alternatives:
        content = _content(text)
        if content and all(3 * len(content & other) <= 2 * len(content) for other in known):
            known.append(content)
            different.append(inside(text))
    if not different:
        return Told()
    captions = [Told(("en", text)) for text in as_items(different)]
    return words.say("alternatives", captions=join(words.language, captions, words.sentences["or"]))


def _word(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalnum())


def _content(text: str) -> set[str]:
    """Return the words that name something, by their stems."""
    return {_stem(word) for word in map(_word, text.split()) if word and word not in _EMPTY_WORDS}


def _stem(word: str) -> str:
    """Roughly: enough for dog and dogs, runs and running, rides and riding to be the same."""
    if len(word) > 5 and word.endswith("ing"):
        word = word[:-3]
        return word[:-1] if word[-1] == word[-2] else word
    return word.rstrip("s").rstrip("e") or word
