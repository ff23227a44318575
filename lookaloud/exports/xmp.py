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
from typing import TypeAlias
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
_RDF, _DESCRIPTION, _ALT, _LI = (f"{RDF} {name}" for name in ("RDF", "Description", "Alt", "li"))
_HEAD = b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
_TAIL = b'\n<?xpacket end="w"?>'
_XML_DECLARATION = re.compile(rb"^(\s*<\?xpacket[^>]*\?>)?\s*(<\?xml\s[^>]*\?>)")
# A start or end tag, whatever stands in its attributes; and one attribute.
_TAG = re.compile(rb"<(?:[^>\"']|\"[^\"]*\"|'[^']*')*>")
_ATTRIBUTE = re.compile(rb"\s+([^\s=/>\"']+)\s*=\s*(?:\"[^\"]*\"|'[^']*')")
# How the first letters of a packet look in other encodings than UTF-8, longest first.
_ENCODINGS = (
    (b"\xff\xfe\0\0", "utf-32"), (b"\0\0\xfe\xff", "utf-32"), (b"<\0\0\0", "utf-32-le"), (b"\0\0\0<", "utf-32-be"),
    (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"<\0", "utf-16-le"), (b"\0<", "utf-16-be"),
)  # fmt: skip
_DEFAULT = "x-default"
_LANGUAGE = "http://www.w3.org/XML/1998/namespace lang"


class UnmergeableError(Exception):
    """Text cannot be added to this packet or picture without a loss; the message is the end of a sentence."""


@dataclass
class _Item:
    """One of the languages of a text: its `rdf:li`, in bytes from the start of the packet."""

    language: str
    start: int
    end: int = 0


@dataclass
class _Property:
    """A text in a packet: where it begins and ends, its languages, and whether any of them says something."""

    start: int
    end: int = 0
    items: list[_Item] = field(default_factory=list)
    says_something: bool = False


@dataclass
class _Found:
    """What is in a packet, and where, in bytes from its start.

    Attributes:
        about: what the packet says it is about.
        end_of_rdf: where the end tag of the RDF begins.
        properties: each of IPTC's own, by name.
        attributes: those that are written as attributes: the tags that have them, and whether they say something.
        extension: the name of the rest of the packet.
    """

    about: str | None = None
    end_of_rdf: int | None = None
    properties: dict[str, list[_Property]] = field(default_factory=dict)
    attributes: dict[str, list[tuple[int, bool]]] = field(default_factory=dict)
    extension: str | None = None

    def says(self, name: str) -> bool:
        """Return whether a field says something."""
        written = any(each.says_something for each in self.properties.get(name, ()))
        return written or any(says for _, says in self.attributes.get(name, ()))


def packet_with(texts: Mapping[str, str], packet: bytes = b"", *, replace: bool = False, language: str = "en") -> bytes:
    """Return an XMP packet with the texts in the default language.

    Args:
        texts: name of a field, `ALT_TEXT` or `DESCRIPTION` -> its text.
        packet: the XMP to add them to; b"" for none.
        replace: take out what these fields said before, in the default language and in `language`; what they say in
            others stays. Without it, a field that says something keeps it.
        language: of the texts.

    Raises:
        UnmergeableError: `packet` is not XMP.

    >>> b"A dog." in packet_with({ALT_TEXT: "A dog."})
    True
    """
    if not packet.strip(b"\0 \t\r\n"):
        return _HEAD + _document(_properties(texts), "") + _TAIL
    packet = _as_utf8(packet)
    found = _look_into(packet)
    wanted = texts if replace else {name: text for name, text in texts.items() if not found.says(name)}
    if not wanted:
        return packet
    edits: list[_Edit] = []
    added: dict[str, str] = {}
    for name, text in wanted.items():
        edits += [_without_attribute(packet, name, start) for start, _ in found.attributes.get(name, ())]
        there = found.properties.get(name, [])
        kept = next((each for each in there if each.items), None)
        edits += [(each.start, each.end, b"") for each in there if each is not kept]
        if kept is None:
            added[name] = text
        else:
            edits += _new_items(kept, text, language)
    if added:
        edits.append(_new_description(found, _properties(added)))
    return _edited(packet, edits)


def fields_in(packet: bytes) -> frozenset[str]:
    """Return which of the two fields say something in a packet; none if it is not XMP.

    >>> sorted(fields_in(packet_with({ALT_TEXT: "A dog."})))
    ['AltTextAccessibility']
    """
    try:
        found = _look_into(_as_utf8(packet))
    except UnmergeableError:
        return frozenset()
    return frozenset(name for name in (ALT_TEXT, DESCRIPTION) if found.says(name))


def extension_of(packet: bytes) -> str | None:
    """Return the name of the rest of a packet; None if it has none, or is not XMP."""
    try:
        return _look_into(_as_utf8(packet)).extension
    except UnmergeableError:
        return None


def naming_extension(packet: bytes, digest: str) -> bytes:
    """Return the packet, naming the rest of itself by that digest.

    Raises:
        UnmergeableError: it is not XMP, or names one already.
    """
    packet = _as_utf8(packet)
    found = _look_into(packet)
    if found.extension is not None:
        raise UnmergeableError("its XMP goes on in further segments")
    element = f'<x:HasExtendedXMP xmlns:x="{NOTE}">{digest}</x:HasExtendedXMP>'
    return _edited(packet, [_new_description(found, element.encode())])


def without_padding(packet: bytes) -> bytes:
    """Return the packet without the spaces that leave room for changes in place.

    >>> without_padding(b"<x/>  \\n\\n <?xpacket end='w'?>")
    b"<x/>\\n<?xpacket end='w'?>"
    """
    return re.sub(rb"\s+(<\?xpacket\s+end=[^>]*\?>)\s*$", rb"\n\1", packet)


def _properties(texts: Mapping[str, str]) -> bytes:
    return b"".join(
        f'<Iptc4xmpCore:{name} xmlns:Iptc4xmpCore="{CORE}"><rdf:Alt xmlns:rdf="{RDF}">'.encode()
        + _item(text, _DEFAULT)
        + f"</rdf:Alt></Iptc4xmpCore:{name}>".encode()
        for name, text in texts.items()
    )


def _item(text: str, language: str) -> bytes:
    return f'<rdf:li xmlns:rdf="{RDF}" xml:lang={quoteattr(language)}>{escape(clean(text))}</rdf:li>'.encode()


def _new_items(there: _Property, text: str, language: str) -> list[_Edit]:
    """Our text in place of those of the same language; one for every language stands first, as XMP has it."""
    ours = language.lower().split("-")[0]
    edits: list[_Edit] = []
    for item in there.items:
        named = item.language.lower()
        if named in ("", _DEFAULT):
            edits.append((item.start, item.end, b""))
        elif named.split("-")[0] == ours:
            edits.append((item.start, item.end, _item(text, item.language)))
    first = there.items[0].start
    return [*edits, (first, first, _item(text, _DEFAULT))]


def _without_attribute(packet: bytes, name: str, start: int) -> _Edit:
    """Return what takes an attribute out of the tag that begins there.

    Raises:
        UnmergeableError: another attribute ends in the same name.
    """
    tag = packet[start : _after_tag(packet, start)]
    wanted = [each for each in _ATTRIBUTE.finditer(tag) if each[1].rpartition(b":")[2] == name.encode()]
    if len(wanted) != 1:
        raise UnmergeableError(f"its {name} is written in a way that cannot be replaced")
    return start + wanted[0].start(), start + wanted[0].end(), b""


def _description(properties: bytes, about: str) -> bytes:
    start = f'<rdf:Description xmlns:rdf="{RDF}" rdf:about={quoteattr(about)}>'
    return start.encode() + properties + b"</rdf:Description>"


def _document(properties: bytes, about: str) -> bytes:
    start = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{RDF}">'
    return start.encode() + _description(properties, about) + b"</rdf:RDF></x:xmpmeta>"


_Edit: TypeAlias = tuple[int, int, bytes]  # start, end and what takes the place of what is between


def _new_description(found: _Found, properties: bytes) -> _Edit:
    place = found.end_of_rdf or 0  # `_look_into` has made sure that there is one
    return place, place, _description(properties, found.about or "")


def _edited(packet: bytes, edits: list[_Edit]) -> bytes:
    parts, position = [], 0
    for start, end, new in sorted(edits):
        parts += [packet[position:start], new]
        position = end
    return b"".join([*parts, packet[position:]])


def _as_utf8(packet: bytes) -> bytes:
    encoding = next((name for start, name in _ENCODINGS if packet.startswith(start)), None)
    if encoding is not None:
        packet = packet[: len(packet) // 4 * 4 if "32" in encoding else len(packet) // 2 * 2]
        try:
            packet = packet.decode(encoding).encode()
        except UnicodeError:
            raise UnmergeableError("its XMP is damaged") from None
    packet = packet.removeprefix(b"\xef\xbb\xbf").strip(b"\0")
    declared = _XML_DECLARATION.match(packet)
    if (
        declared and b"encoding" in declared[2] and b"utf-8" not in declared[2].lower()
    ):  # it would not be true of what comes back
        packet = packet[: declared.start(2)] + packet[declared.end(2) :]
    return packet


def _look_into(packet: bytes) -> _Found:
    """Find the ends of things in a packet, with the parser that knows where in the bytes it stands.

    Raises:
        UnmergeableError: it is not XMP, or could swell: no declaration of entities is read any further.
    """
    reader = _Reader(packet)
    # Behind the packet's own head an XML declaration is none; spaces in its place leave everything where it is.
    declared = _XML_DECLARATION.match(packet)
    if declared:
        packet = packet[: declared.start(2)] + b" " * len(declared[2]) + packet[declared.end(2) :]
    try:
        reader.parser.Parse(packet, True)
    except (expat.ExpatError, ValueError):
        raise UnmergeableError("its XMP is damaged") from None
    if reader.found.end_of_rdf is None:
        raise UnmergeableError("its XMP holds no RDF")
    return reader.found


class _Reader:
    """Notes what it finds in a packet as the parser goes through it."""

    def __init__(self, packet: bytes) -> None:
        self.found = _Found()
        self.parser = parser = expat.ParserCreate("utf-8", " ")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.StartDoctypeDeclHandler = self._refuse
        self._packet = packet
        self._names: list[str] = []
        self._starts: list[int] = []
        self._text: list[str] = []
        self._property: _Property | None = None

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        place = self.parser.CurrentByteIndex
        self._names.append(name)
        self._starts.append(place)
        self._text.clear()
        inside = self._names[-3:]
        if inside[-2:] == [_RDF, _DESCRIPTION]:
            self._about(attributes, place)
        elif inside[:2] == [_RDF, _DESCRIPTION] and name.startswith(f"{CORE} "):
            self._property = _Property(place, says_something=any(value.strip() for value in attributes.values()))
        elif self._names[-4:-3] == [_DESCRIPTION] and self._names[-2:] == [_ALT, _LI] and self._property is not None:
            self._property.items.append(_Item(attributes.get(_LANGUAGE, ""), place))

    def _about(self, attributes: dict[str, str], place: int) -> None:
        about = attributes.get(f"{RDF} about", attributes.get("about", ""))
        self.found.about = about if self.found.about is None else self.found.about
        for attribute, value in attributes.items():
            space, _, local = attribute.rpartition(" ")
            if space == CORE:
                self.found.attributes.setdefault(local, []).append((place, bool(value.strip())))
            elif attribute == f"{NOTE} HasExtendedXMP":
                self.found.extension = value.strip()

    def _end(self, name: str) -> None:
        begin, inside = self._starts.pop(), self._names[-3:]
        place = self.parser.CurrentByteIndex
        self._names.pop()
        if name == _RDF:
            if self.found.end_of_rdf is None and not _is_empty(self._packet, begin):
                self.found.end_of_rdf = place
        elif inside[:2] == [_RDF, _DESCRIPTION] and len(inside) == 3:
            if self._property is not None:
                self._property.end = self._end_of(begin, place)
                self.found.properties.setdefault(name.rpartition(" ")[2], []).append(self._property)
                self._property = None
            elif name == f"{NOTE} HasExtendedXMP":
                self.found.extension = "".join(self._text).strip()
        elif self._property is not None and name == _LI and self._property.items:
            item = self._property.items[-1]
            if item.start == begin:
                item.end = self._end_of(begin, place)

    def _end_of(self, begin: int, place: int) -> int:
        return _after_tag(self._packet, begin if _is_empty(self._packet, begin) else place)

    def _characters(self, text: str) -> None:
        self._text.append(text)
        if self._property is not None and text.strip():
            self._property.says_something = True

    def _refuse(self, *_: object) -> None:
        raise UnmergeableError("its XMP declares entities of its own")


def _after_tag(packet: bytes, start: int) -> int:
    """Return where the tag that begins there ends."""
    tag = _TAG.match(packet, start)
    if tag is None:
        raise UnmergeableError("its XMP is damaged")
    return tag.end()


def _is_empty(packet: bytes, start: int) -> bool:
    """Return whether the tag that begins there is a whole element, for which the parser tells no end tag's place."""
    return packet[start : _after_tag(packet, start)].endswith(b"/>")
