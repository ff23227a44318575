"""The two accessibility fields of the IPTC Photo Metadata Standard (2021.1 and later) in an XMP packet.

    Iptc4xmpCore:AltTextAccessibility   what the picture shows, in at most 250 characters
    Iptc4xmpCore:ExtDescrAccessibility  all that there is to say

Both are texts with languages ("language alternatives" of XMP, ISO 16684-1). A packet that is there already is changed
at one place: what is not ours stays byte for byte, prefixes, comments and padding among it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr  # only written, never read  # nosec B406

from lookaloud.exports.text import clean

ALT_TEXT = "AltTextAccessibility"
DESCRIPTION = "ExtDescrAccessibility"
MAX_ALT_TEXT = 250
"""Longest alternative text in characters, as the IPTC Photo Metadata Standard has it."""

CORE = "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
NOTE = "http://ns.adobe.com/xmp/note/"
_HEAD = b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
_TAIL = b'\n<?xpacket end="w"?>'
_XML_DECLARATION = re.compile(rb"^(\s*<\?xpacket[^>]*\?>)?\s*<\?xml[^>]*\?>")


class UnmergeableError(Exception):
    """Text cannot be added to this packet or picture without a loss; the message is the end of a sentence."""


@dataclass
class _Found:
    """Where things stand in a packet, in bytes from its start."""

    about: str | None = None
    end_of_rdf: int | None = None
    spans: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    attributes: dict[str, str] = field(default_factory=dict)


def packet_with(texts: Mapping[str, str], packet: bytes = b"", *, replace: bool = False) -> bytes:
    """An XMP packet with the texts in the default language.

    Args:
        texts: name of a field, `ALT_TEXT` or `DESCRIPTION` -> its text.
        packet: the XMP to add them to; b"" for none.
        replace: take out what these fields said before. Without it, a field that is there keeps what it says.

    Raises:
        UnmergeableError: `packet` is no XMP.

    >>> b"A dog." in packet_with({ALT_TEXT: "A dog."})
    True
    """
    if not packet.strip(b"\0 \t\r\n"):
        return _HEAD + _document(_properties(texts), "") + _TAIL
    packet = _as_utf8(packet)
    found = _look_into(packet)
    there = found.spans.keys() | found.attributes.keys()
    if replace and (stuck := sorted(texts.keys() & found.attributes.keys())):
        raise UnmergeableError(f"its {stuck[0]} is written in a way that cannot be replaced")
    wanted = texts if replace else {name: text for name, text in texts.items() if name not in there}
    if not wanted:
        return packet
    cuts = [span for name in wanted for span in found.spans.get(name, ())]
    return _edited(packet, found, cuts, _properties(wanted))


def fields_in(packet: bytes) -> frozenset[str]:
    """Which of the two fields a packet has; none where it is no XMP.

    >>> sorted(fields_in(packet_with({ALT_TEXT: "A dog."})))
    ['AltTextAccessibility']
    """
    try:
        found = _look_into(_as_utf8(packet))
    except UnmergeableError:
        return frozenset()
    return frozenset(found.spans.keys() | found.attributes.keys()) & {ALT_TEXT, DESCRIPTION}


def naming_extension(packet: bytes, digest: str) -> bytes:
    """The packet, naming the rest of itself by that digest.

    Raises:
        UnmergeableError: it is no XMP, or names one already.
    """
    packet = _as_utf8(packet)
    found = _look_into(packet)
    if "HasExtendedXMP" in found.attributes:
        raise UnmergeableError("its XMP goes on in further segments")
    element = f'<x:HasExtendedXMP xmlns:x="{NOTE}">{digest}</x:HasExtendedXMP>'
    return _edited(packet, found, [], element.encode())


def without_padding(packet: bytes) -> bytes:
    """The packet without the spaces that leave room for changes in place.

    >>> without_padding(b"<x/>  \\n\\n <?xpacket end='w'?>")
    b"<x/>\\n<?xpacket end='w'?>"
    """
    return re.sub(rb"\s+(<\?xpacket\s+end=[^>]*\?>)\s*$", rb"\n\1", packet)


def _properties(texts: Mapping[str, str]) -> bytes:
    return "".join(
        f'<Iptc4xmpCore:{name} xmlns:Iptc4xmpCore="{CORE}"><rdf:Alt xmlns:rdf="{RDF}">'
        f'<rdf:li xml:lang="x-default">{escape(clean(text))}</rdf:li></rdf:Alt></Iptc4xmpCore:{name}>'
        for name, text in texts.items()
    ).encode()


def _description(properties: bytes, about: str) -> bytes:
    start = f'<rdf:Description xmlns:rdf="{RDF}" rdf:about={quoteattr(about)}>'
    return start.encode() + properties + b"</rdf:Description>"


def _document(properties: bytes, about: str) -> bytes:
    start = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{RDF}">'
    return start.encode() + _description(properties, about) + b"</rdf:RDF></x:xmpmeta>"


def _edited(packet: bytes, found: _Found, cuts: list[tuple[int, int]], properties: bytes) -> bytes:
    # `_look_into` has made sure that there is an end of RDF.
    place = found.end_of_rdf or 0
    edits = [(start, end, b"") for start, end in cuts]
    edits.append((place, place, _description(properties, found.about or "")))
    for start, end, new in sorted(edits, reverse=True):
        packet = packet[:start] + new + packet[end:]
    return packet


def _as_utf8(packet: bytes) -> bytes:
    if packet[:2] in (b"\xff\xfe", b"\xfe\xff"):
        try:
            packet = packet.decode("utf-16").encode()
        except UnicodeError:
            raise UnmergeableError("its XMP is damaged") from None
    packet = packet.removeprefix(b"\xef\xbb\xbf").strip(b"\0")
    return _XML_DECLARATION.sub(rb"\1", packet)


def _look_into(packet: bytes) -> _Found:
    """Find the ends of things in a packet, with the parser that knows where in the bytes it stands."""
    parser = expat.ParserCreate("utf-8", " ")
    parser.buffer_text = True
    found = _Found()
    stack: list[tuple[str, int]] = []
    text: list[str] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        stack.append((name, parser.CurrentByteIndex))
        text.clear()
        if name == f"{RDF} Description" and len(stack) >= 2 and stack[-2][0] == f"{RDF} RDF":
            about = attributes.get(f"{RDF} about", attributes.get("about", ""))
            found.about = about if found.about is None else found.about
            for attribute, value in attributes.items():
                space, _, local = attribute.rpartition(" ")
                if space in (CORE, NOTE):
                    found.attributes[local] = value

    def end(name: str) -> None:
        _, begin = stack.pop()
        space, _, local = name.rpartition(" ")
        parents = [element for element, _ in stack[-2:]]
        if name == f"{RDF} RDF":
            if found.end_of_rdf is None and parser.CurrentByteIndex != begin:
                found.end_of_rdf = parser.CurrentByteIndex
        elif parents == [f"{RDF} RDF", f"{RDF} Description"] and space == CORE:
            found.spans.setdefault(local, []).append((begin, _after_tag(packet, parser.CurrentByteIndex)))
        elif parents == [f"{RDF} RDF", f"{RDF} Description"] and space == NOTE:
            found.attributes[local] = "".join(text)

    def refuse(*_: object) -> None:
        raise UnmergeableError("its XMP declares entities of its own")

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text.append
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(packet, True)
    except (expat.ExpatError, ValueError):
        raise UnmergeableError("its XMP is damaged") from None
    if found.end_of_rdf is None:
        raise UnmergeableError("its XMP holds no RDF")
    return found


def _after_tag(packet: bytes, start: int) -> int:
    # The parser tells where the end tag begins; attributes are over there, so the next > closes it.
    return packet.index(b">", start) + 1
