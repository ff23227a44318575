"""How much is told of a picture, and in which words: from what was found to the text that is spoken.

    brief     one sentence of at most 125 characters
    standard  the caption, then the text in the picture
    detailed  also what else it could be, what is where, how it looks, and what the photo says of itself

Nothing here looks at pixels: the same findings give the same words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # `lookaloud --help` needs the names below, and no picture library.
    from captioner.findings.caption import Caption
    from captioner.findings.finding import Finding
    from captioner.findings.look import Look
    from captioner.findings.parts import Parts
    from captioner.picture.notes import PhotoNotes
    from captioner.reading import Reading, TextLine

DETAILS = ("brief", "standard", "detailed")

MAX_BRIEF = 125
"""Longest brief text in characters: what the IPTC Photo Metadata Standard sets for alternative text."""

INSTALL_READER = 'To have it read aloud, install the reader: pip install "lookaloud[ocr]".'

# A picture with that many words, on that share of its area, is a page, whatever the captioner saw in it.
_PAGE_WORDS, _PAGE_SHARE = 40, 0.15
_SIGN_LINES, _SIGN_WORDS = 3, 8

# "Never 'This image shows'": whoever hears a description knows that it describes an image.
_PREAMBLE = re.compile(
    r"""^(?:
        (?:this|the)\s+(?:image|picture|photo|photograph)\s+
            (?:shows|depicts|features|contains|displays|captures|is\s+(?:of|showing))
      | in\s+(?:this|the)\s+(?:image|picture|photo|photograph)\s*,?\s*
            (?:we\s+can\s+see|we\s+see|you\s+can\s+see|there\s+(?:is|are))
      | an?\s+(?:image|picture|photo|photograph)\s+of
    )\s+(?=\S)""",
    re.IGNORECASE | re.VERBOSE,
)


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
    """The level of detail, if it is one.

    Raises:
        ValueError: it is not in `DETAILS`.

    >>> checked_detail("brief")
    'brief'
    """
    if detail not in DETAILS:
        raise ValueError(f"There is no level of detail {detail!r}; the levels are: {', '.join(DETAILS)}.")
    return detail


def tell(findings: Mapping[str, Finding], *, detail: str = "standard") -> str:
    """Return the text to speak: sentences on one line.

    Args:
        findings: what was found, by name; "caption" is there.
        detail: one of `DETAILS`.

    Raises:
        ValueError: `detail` is not in `DETAILS`.

    >>> from captioner.findings.caption import Caption
    >>> caption = Caption("A dog runs.", (), 0.9, is_photo=True, captioner="compact", seconds=0.1)
    >>> tell({"caption": caption}, detail="brief")
    'A dog runs.'
    """
    caption: Any = findings["caption"]
    if checked_detail(detail) == "brief":
        return brief(caption.text) if caption.is_photo else str(caption.text)
    sentences = _caption_and_text(findings)
    is_scene = shows_a_scene(findings)
    if detail == "detailed" and is_scene:
        sentences.append(_alternatives(caption))
    for name, sentence_of in SENTENCES_OF.items():
        if name in findings and (is_scene or name != "parts"):
            sentences.append(sentence_of(findings[name]))
    return " ".join(sentence for sentence in sentences if sentence)


def brief(text: str) -> str:
    """The first sentence of a text in at most `MAX_BRIEF` characters.

    A longer one is cut after a word that can end a sentence, and ends in a full stop; only a single word that is longer
    than all that is cut within.

    >>> brief("This image shows a dog. It runs.")
    'A dog.'
    """
    sentence = _plain(re.split(r"(?<=[.!?])\s+(?=[^\Wa-z])", " ".join(text.split()), maxsplit=1)[0])
    if len(sentence) <= MAX_BRIEF:
        return sentence
    words = sentence[:MAX_BRIEF].split(" ")[:-1]
    while len(words) > 1 and _word(words[-1]) in _UNFINISHED:
        words.pop()
    return f"{' '.join(words).rstrip(' ,;:-') or sentence[: MAX_BRIEF - 1]}."


def page_text(lines: Sequence[TextLine]) -> str:
    """A whole reading as running text: lines joined to sentences, words that were parted at the ends of lines whole.

    >>> from captioner.reading import TextLine
    >>> page_text([TextLine("An exam-", 0.9, (0, 0, 80, 10)), TextLine("ple of it", 0.9, (0, 12, 80, 22))])
    'An example of it.'
    """
    from captioner.reading import paragraphs

    text = ""
    for together in paragraphs(lines):
        paragraph = _joined(line.text for line in together)
        if text and not paragraph[:1].islower():  # A small letter goes on with what a column or a picture parted.
            text = _ended(text)
        text = _joined([text, paragraph])
    return _ended(text)


def corrected(findings: Mapping[str, Finding]) -> Caption:
    """Return the caption; if the picture is not a photograph, with the kind that its text shows it to be.

    A chart, a drawing or an icon that is full of text is a page of text: from far away, lines of text look like bars.
    What is full of writing that cannot be read is one too. Screenshots stay what they are, and so do photographs.
    """
    from captioner.findings.caption import PHOTOGRAPH, SENTENCES

    caption: Any = findings["caption"]
    reading = _reading(findings)
    if caption.kind not in (PHOTOGRAPH, "screenshot", "text") and (
        (reading.unread and not reading.lines) or reads_as_page(findings)
    ):
        caption = replace(caption, kind="text", text=SENTENCES["text"])
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
    """Whether it is plausible to call the text in a photograph a sign.

    It is when all of it stands together (three lines and eight words at most), has a whole word, and is no stamp
    such as "Photo by" or a web address; and when the caption speaks of a sign, or of nothing that bears writing of its
    own, such as a shirt, a bus or a bottle.
    """
    from captioner.reading import paragraphs

    if not caption.is_photo or not 1 <= len(lines) <= _SIGN_LINES or len(paragraphs(lines)) > 1:
        return False
    text = _joined(line.text for line in lines)
    if len(text.split()) > _SIGN_WORDS or _STAMP.search(text) or not re.search(r"[^\W\d_]{3}", text):
        return False
    words = set(map(_word, caption.text.split()))
    return bool(words & _SIGNS) or not words & _BEARERS


def _caption_and_text(findings: Mapping[str, Finding]) -> list[str]:
    caption: Any = findings["caption"]
    reading = _reading(findings)
    said = _plain(caption.text) if caption.is_photo else caption.text
    unread = _unread(reading)
    if not reading.lines:
        return [said, unread]
    if reads_as_page(findings):
        if caption.is_photo:  # The captioner took a page for a scene: what it saw there is invented.
            from captioner.findings.caption import SENTENCES

            said = SENTENCES["text"]
        return [said, f"It says: {page_text(reading.lines)}", unread]
    return [said, _found_text(caption, reading.lines), unread]


def _unread(reading: Reading) -> str:
    if not reading.unread:
        return ""
    if reading.script is None:
        return "There is text in letters that cannot be read here."
    return f"There is text in {reading.script} letters, which cannot be read here."


def _found_text(caption: Caption, lines: Sequence[TextLine]) -> str:
    from captioner.reading import paragraphs

    if reads_as_sign(caption, lines):
        return f"The sign says: {_ended(_joined(line.text for line in lines))}"
    texts = [_joined(line.text for line in together) for together in paragraphs(lines)]
    return f"Text in the picture: {_listed(texts)}"


def _alternatives(caption: Caption) -> str:
    """The captions that name something which neither the caption nor the one before names."""
    known = [_content(caption.text)]
    different: list[str] = []
    for text in caption.alternatives:
        content = _content(text)
        if content and all(3 * len(content & other) <= 2 * len(content) for other in known):
            known.append(content)
            different.append(_inside(text))
    return f"It could also be: {_listed(different, '; or ')}" if different else ""


def _parts(parts: Parts) -> str:
    """What is where; "" if all parts say the same, and no word on a part that cannot be described."""
    captions = parts.captions
    places = ("on the left", "in the middle", "on the right")
    if len(captions) != len(places) or len({caption.text for caption in captions}) == 1:
        return ""
    told: list[tuple[str, str]] = []
    for place, caption in zip(places, captions, strict=True):
        if not caption.is_photo:
            continue
        text = _ended(_inside(caption.text))
        if told and told[-1][1] == text:
            told[-1] = (f"{told[-1][0]} and {place}", text)
        else:
            told.append((place, text))
    return " ".join(f"{place[0].upper()}{place[1:]}: {text}" for place, text in told)


def _look(look: Look) -> str:
    shape = "square" if look.orientation == "square" else f"in {look.orientation} format"
    light = "with strong light and shadow" if look.light == "strong light and shadow" else look.light
    *most, last = look.colours
    colours = f"{', '.join(most)} and {last}" if most else last
    return f"The picture is {shape}, {light}, and mainly {colours}."


def _notes(notes: PhotoNotes) -> str:
    if not notes:
        return ""
    taken = notes.taken and f"taken on {notes.taken.day} {notes.taken:%B %Y}"
    named = {"place": notes.place, "title": notes.title, "description": notes.description, "camera": notes.camera}
    parts = [taken or "", *(f"{name}: {text}" for name, text in named.items() if text)]
    return f"The photo's own notes say: {_listed(part for part in parts if part)}"


# The sentences of the findings that have one, by name and in the order in which they are said.
SENTENCES_OF: dict[str, Callable[[Any], str]] = {"parts": _parts, "look": _look, "notes": _notes}


def _plain(text: str) -> str:
    """A caption without the words that only say that there is an image."""
    shorter = _PREAMBLE.sub("", text)
    return text if shorter == text else shorter[0].upper() + shorter[1:]


def _joined(texts: Iterable[str]) -> str:
    """Lines as one, parted by spaces; a word that was parted at the end of a line is made whole."""
    whole = ""
    for text in texts:
        parted = re.search("[^\\W_]([-\u2010\u00ad])$", whole)
        if parted and text[:1].islower():
            whole = whole[: parted.start(1)] + text
        elif parted and text[:1].isalnum():  # Smith-Jones, 1914-1918
            whole += text
        else:
            whole = f"{whole} {text}" if whole else text
    return whole


def _listed(texts: Iterable[str], separator: str = "; ") -> str:
    """The texts in one sentence, so that it is heard where the last of them ends."""
    *most, last = texts
    return separator.join([*(text.rstrip(" .,;:") for text in most), _ended(last)])


def _inside(caption: str) -> str:
    """A caption as it stands behind a colon."""
    text = _plain(caption)
    return text[:1].lower() + text[1:] if text[1:2].islower() or text[1:2] == " " else text


def _is_ended(text: str) -> bool:
    return text.rstrip("\"'”’)]").endswith((".", "!", "?", "…", ":"))


def _ended(text: str) -> str:
    text = text.rstrip(" ,;:-")
    return text if _is_ended(text) else f"{text}."


def _word(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalnum())


def _content(text: str) -> set[str]:
    """The words that name something, by their stems."""
    return {_stem(word) for word in map(_word, text.split()) if word and word not in _EMPTY_WORDS}


def _stem(word: str) -> str:
    """Roughly: enough for dog and dogs, runs and running, rides and riding to be the same."""
    if len(word) > 5 and word.endswith("ing"):
        word = word[:-3]
        return word[:-1] if word[-1] == word[-2] else word
    return word.rstrip("s").rstrip("e") or word
