"""Reads what a photograph says of itself: when and where it was taken, its title, its description, its camera.

These notes were written by a camera or a person, not seen by the captioner, and are to be told apart from a caption.
They stand in three places: EXIF (by the camera), XMP and IPTC (by programs and agencies). Where two say the same thing,
XMP goes before IPTC, and IPTC before EXIF, as the Metadata Working Group's guidelines advise for text.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree  # behind a guard: see _xmp  # nosec B405
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, ClassVar
from xml.parsers import expat

from captioner.picture.boilerplate import is_boilerplate, without_markup
from captioner.picture.metadata import Metadata

MAX_NAME = 120
"""Longest title, place or camera, in characters."""
MAX_DESCRIPTION = 600
"""Longest description, in characters."""

_TAKEN, _DESCRIPTION, _MAKE, _MODEL, _XP_TITLE = 0x9003, 0x010E, 0x010F, 0x0110, 0x9C9B  # EXIF tags
_SOFTWARE = 0x0131

# XMP's name spaces by the short names that its specification uses.
_SPACES = {
    "dc": "http://purl.org/dc/elements/1.1/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "exif": "http://ns.adobe.com/exif/1.0/",
    "core": "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/",
    "ext": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
}
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"


@dataclass(frozen=True)
class PhotoNotes:
    """What a photograph says of itself; None if it says nothing.

    Attributes:
        taken: the day it was taken, by its camera's clock.
        place: names of the place, the nearest first, such as "Alfama, Lisbon, Portugal".
        title: its title.
        description: its description; its alternative text, if it has one.
        camera: maker and model.
    """

    name: ClassVar[str] = "notes"

    taken: date | None = None
    place: str | None = None
    title: str | None = None
    description: str | None = None
    camera: str | None = None

    def __bool__(self) -> bool:
        """Return whether there are any."""
        return self != PhotoNotes()

    def to_json(self) -> dict[str, Any]:
        """Return its attributes as JSON has them."""
        return {**asdict(self), "taken": self.taken and self.taken.isoformat()}


def notes_in(metadata: Metadata) -> PhotoNotes:
    """Return what a picture file's metadata says, for people; see `Picture.notes`.

    What is damaged is left out and never an error. Texts come on one line, without control characters, cut at the end
    of a word ("…") over `MAX_NAME` or `MAX_DESCRIPTION` characters, without the tags and entities of HTML. What cameras
    and programs write by themselves, such as "OLYMPUS DIGITAL CAMERA" or their own name, is neither a title nor a
    description. A position in degrees is no place name, and is not looked up.

    >>> notes_in(Picture("lisbon.jpg").metadata).place  # doctest: +SKIP
    'Lisbon, Portugal'
    """
    exif, xmp, iptc = metadata.exif, _xmp(metadata.xmp), _iptc(metadata.iptc)
    titles = [*xmp.get("dc:title", ()), *xmp.get("photoshop:Headline", ()), *iptc.get(5, ()), *iptc.get(105, ())]
    makers = _names_of_makers(exif)
    title = _first([*titles, _from_windows(exif.get(_XP_TITLE))], MAX_NAME, besides=makers)
    descriptions = [*xmp.get("core:AltTextAccessibility", ()), *xmp.get("dc:description", ()), *iptc.get(120, ())]
    description = _first([*descriptions, _from_exif(exif.get(_DESCRIPTION))], MAX_DESCRIPTION, besides=makers)
    days = [_from_exif(exif.get(_TAKEN)), *xmp.get("exif:DateTimeOriginal", ()), *xmp.get("photoshop:DateCreated", ())]
    return PhotoNotes(
        taken=next((day for day in map(_day, [*days, *iptc.get(55, ())]) if day), None),
        place=_place(xmp, iptc),
        title=title,
        description=None if description == title else description,
        camera=_camera(_from_exif(exif.get(_MAKE)), _from_exif(exif.get(_MODEL))),
    )


def _place(xmp: Mapping[str, list[str]], iptc: Mapping[int, list[str]]) -> str | None:
    named = (
        ("ext:Sublocation", "core:Location", 92),
        ("ext:City", "photoshop:City", 90),
        ("ext:ProvinceState", "photoshop:State", 95),
        ("ext:CountryName", "photoshop:Country", 101),
    )
    part, city, state, country = (
        _first([*xmp.get(newer, ()), *xmp.get(older, ()), *iptc.get(number, ())], MAX_NAME)
        for newer, older, number in named
    )
    names = dict.fromkeys(name for name in (part, city, None if city else state, country) if name)
    return ", ".join(names) or None


def _camera(make: str, model: str) -> str | None:
    make, model = _clean(make, MAX_NAME), _clean(model, MAX_NAME)
    # "NIKON CORPORATION" and "NIKON D90": the maker's name is said once.
    if make and model and make.split()[0].casefold() == model.split()[0].casefold():
        make = ""
    return f"{make} {model}".strip() or None


def _names_of_makers(exif: Mapping[int, object]) -> frozenset[str]:
    """Return what the camera and the program are called: a description that says no more is theirs."""
    make, model, software = (_clean(_from_exif(exif.get(tag)), MAX_NAME) for tag in (_MAKE, _MODEL, _SOFTWARE))
    return frozenset(name.casefold() for name in (make, model, software, f"{make} {model}"))


def _first(texts: Iterable[str], longest: int, *, besides: frozenset[str] = frozenset()) -> str | None:
    cleaned = (_clean(without_markup(text[: 20 * longest]), longest) for text in texts)
    return next(
        (text for text in cleaned if text and text.casefold() not in besides and not is_boilerplate(text)), None
    )


def _clean(text: str, longest: int) -> str:
    """Return the text on one line, without what is not printed, and no longer than that."""
    text = " ".join("".join(sign if sign.isprintable() else " " for sign in text[: 20 * longest]).split())
    if len(text) <= longest:
        return text
    start = text[: longest - 1]
    return (start.rsplit(None, 1)[0] if " " in start else start).rstrip(" ,;:.-") + "…"


def _day(text: str) -> date | None:
    """Return the day in an EXIF, XMP or IPTC date; None for none, and for a clock that was never set."""
    found = re.match(r"\s*(\d{4})[:\-/.]?(\d{2})[:\-/.]?(\d{2})(?!\d)", text)
    if found is None:
        return None
    try:
        day = date(*(int(number) for number in found.groups()))
    except ValueError:
        return None
    return day if 1826 <= day.year < 2100 and day != date(1970, 1, 1) else None


def _from_exif(value: object) -> str:
    if isinstance(value, bytes):
        return value.split(b"\0")[0].decode("utf-8", "replace")
    if not isinstance(value, str):
        return ""
    value = value.split("\0")[0]
    try:  # EXIF text is ASCII by its standard and UTF-8 by habit; Pillow takes it for Latin 1.
        text: str = value.encode("latin-1").decode("utf-8")
    except UnicodeError:
        text = value
    return text


def _from_windows(value: object) -> str:
    """Windows writes its own EXIF tags in UTF-16."""
    return value.decode("utf-16-le", "replace").split("\0")[0] if isinstance(value, bytes) else ""


def _xmp(packet: bytes) -> dict[str, list[str]]:
    """Return the texts of an XMP packet by their short names ("dc:title"), the one in the default language first."""
    text = _xml_text(packet)
    try:
        # Only XML that declares no entities of its own is read: no picture needs them, and they can swell without end.
        guard = expat.ParserCreate()
        guard.StartDoctypeDeclHandler = _refuse
        guard.Parse(text, True)
        root = ElementTree.fromstring(text)  # guarded: no DOCTYPE  # noqa: S314  # nosec B314
    except (expat.ExpatError, ElementTree.ParseError, ValueError, RecursionError):
        return {}
    short = {f"{{{space}}}": f"{prefix}:" for prefix, space in _SPACES.items()}
    texts: dict[str, list[str]] = {}
    for element in root.iter():
        for tag, found in [*element.attrib.items(), (element.tag, None)]:
            space, bracket, local = tag.rpartition("}")
            prefix = short.get(space + bracket)
            if prefix and prefix != "rdf:":
                texts.setdefault(prefix + local, []).extend(_texts_of(element) if found is None else [found])
    return texts


def _texts_of(element: ElementTree.Element) -> Iterator[str]:
    items = element.findall(f"*/{{{_SPACES['rdf']}}}li") if len(element) else [element]
    for item in sorted(items, key=lambda item: item.get(_LANGUAGE) != "x-default"):
        if not len(item) and item.text and item.text.strip():
            yield item.text


def _xml_text(packet: bytes) -> str:
    """Return a packet as text: what encoding it claims is not asked, so that none can hide what it says."""
    wide = packet[:2] in (b"\xff\xfe", b"\xfe\xff")
    text = packet.decode("utf-16" if wide else "utf-8-sig", "replace").strip("\0").strip()
    text = re.sub(r"^(<\?xpacket.*?\?>\s*)?<\?xml.*?\?>", "", text, count=1, flags=re.DOTALL)
    return re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f]", " ", text)


def _refuse(*_: object) -> None:
    raise ValueError("XMP with a document type of its own is not read")


def _iptc(block: bytes) -> dict[int, list[str]]:
    """Return the texts of the application record (IPTC-IIM 4.2, record 2) by data set number."""
    fields: list[tuple[int, int, bytes]] = []
    place = 0
    while place + 5 <= len(block) and block[place] == 0x1C:
        record, number = block[place + 1], block[place + 2]
        length = int.from_bytes(block[place + 3 : place + 5], "big")
        place += 5
        if length >= 0x8000 or place + length > len(block):  # Extended lengths hold pictures, not words; or damage.
            break
        fields.append((record, number, block[place : place + length]))
        place += length
    utf8 = (1, 90, b"\x1b%G") in fields
    texts: dict[int, list[str]] = {}
    for record, number, value in fields:
        if record == 2:
            texts.setdefault(number, []).append(_iptc_text(value, utf8=utf8))
    return texts


def _iptc_text(value: bytes, *, utf8: bool) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("utf-8" if utf8 else "cp1252", "replace")
