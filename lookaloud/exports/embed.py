"""Alternative text and a longer description in the bytes of a picture file."""

from __future__ import annotations

from dataclasses import dataclass

from lookaloud.exports.containers import container_of
from lookaloud.exports.jpeg import MAX_PACKET, digest_of, read_rests, write_jpeg
from lookaloud.exports.xmp import (
    ALT_TEXT,
    DESCRIPTION,
    UnmergeableError,
    extension_of,
    fields_in,
    naming_extension,
    packet_with,
)


@dataclass(frozen=True)
class Embedded:
    """A picture file with its texts.

    Attributes:
        data: the file's bytes.
        kept: names of the fields that said something already and still say it.
    """

    data: bytes
    kept: frozenset[str]


def embed_texts(
    data: bytes, alt_text: str, description: str, *, replace: bool = False, language: str = "en"
) -> Embedded:
    """Return the bytes of a picture file with IPTC's `AltTextAccessibility` and `ExtDescrAccessibility`.

    JPEG, PNG, WebP and TIFF. Pixels and all other metadata stay byte for byte.

    Args:
        data: the file's bytes; they are not changed.
        alt_text: at most 250 characters.
        description: of any length.
        replace: what the fields said before in `language` is replaced; without it, a field that says something is left
            alone.
        language: of the texts, as a BCP 47 tag.

    Raises:
        UnmergeableError: the file is of another kind, or the texts cannot be added without a loss.

    >>> embed_texts(b"GIF89a", "A dog.", "A dog runs.")
    Traceback (most recent call last):
    lookaloud.exports.xmp.UnmergeableError: it is of a kind that takes no such text
    """
    container = container_of(data)
    if container is None:
        raise UnmergeableError("it is of a kind that takes no such text")
    texts = {ALT_TEXT: alt_text, DESCRIPTION: description}
    before, *others = container.read_all(data) or [b""]
    if container.name == "JPEG":  # readers follow what a packet names and nothing else
        others += [rest for name, rest in read_rests(data).items() if name == extension_of(before)]
    elsewhere = frozenset[str]().union(*map(fields_in, others))
    if replace and elsewhere:
        raise UnmergeableError("its texts stand in a part of its XMP that is left as it is")
    there = fields_in(before) | elsewhere
    if not replace:
        texts = {name: text for name, text in texts.items() if name not in there}
    kept = there - texts.keys()
    if not texts:
        return Embedded(data, kept)

    def change(packet: bytes) -> bytes:
        return packet_with(texts, packet, replace=replace, language=language)

    fits = len(change(before)) <= MAX_PACKET
    if container.name != "JPEG" or fits or DESCRIPTION in there or DESCRIPTION not in texts:
        return Embedded(container.write(data, change), kept)
    return Embedded(_parted(data, texts, replace=replace, language=language), kept)


def _parted(data: bytes, texts: dict[str, str], *, replace: bool, language: str) -> bytes:
    """Return a JPEG whose description has no room beside its alternative text."""
    # The rest has no packet wrapper: readers add it to the first part.
    whole = packet_with({DESCRIPTION: texts[DESCRIPTION]})
    rest = whole[whole.index(b"<x:xmpmeta") : whole.rindex(b"<?xpacket")].rstrip()
    first = {name: text for name, text in texts.items() if name != DESCRIPTION}

    def change(packet: bytes) -> bytes:
        return naming_extension(packet_with(first, packet, replace=replace, language=language), digest_of(rest))

    return write_jpeg(data, change, rest)
