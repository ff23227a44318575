"""A book with pictures, words and sound in step: EPUB 3 with media overlays (W3C, EPUB 3.3).

    EPUB/package.opf            what is in it, and how accessible it is
    EPUB/nav.xhtml              contents
    EPUB/part-1.xhtml, .smil    25 pictures, and which sound belongs to which words
    EPUB/images/, EPUB/audio/   JPEG and MP3, which every reading system knows

The same manifest gives the same words and sounds; the dates in it are those of the batch.
"""

from __future__ import annotations

import hashlib
import io
import re
import uuid
import zipfile
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element  # only written, never read  # nosec B405

from lookaloud.errors import ExportError
from lookaloud.exports.album import clock
from lookaloud.exports.export import Batch, Export, counted, spoken
from lookaloud.exports.gallery import style
from lookaloud.exports.left_out import LeftOut
from lookaloud.exports.markup import as_xml, element
from lookaloud.exports.package import Part, package_document
from lookaloud.exports.pictures import Pictures
from lookaloud.exports.text import one_line, shown_name
from lookaloud.exports.timeline import needed_sound
from lookaloud.ground.files import replacing

if TYPE_CHECKING:
    from lookaloud.manifest import Record

_PER_PART = 25
_MAX_SIDE = 1024
_SPACES = {"xmlns": "http://www.w3.org/1999/xhtml", "xmlns:epub": "http://www.idpf.org/2007/ops"}
_SMIL_SPACES = {"xmlns": "http://www.w3.org/ns/SMIL", "xmlns:epub": "http://www.idpf.org/2007/ops", "version": "3.0"}
_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_DOCTYPE = "<!DOCTYPE html>\n"


@dataclass
class _Book:
    """A book as it is written.

    Attributes:
        batch: what it is of.
        archive: its file.
        pictures: where pictures come from.
        left: the pictures of which something is not in it.
        parts: what has been written.
        audio: number and seconds of each sound that is in it, by its path in the batch.
        identity: sum of all that is in it.
        modified: when the last of its pictures was described.
    """

    batch: Batch
    archive: zipfile.ZipFile
    pictures: Pictures
    left: LeftOut
    parts: list[Part] = field(default_factory=list)
    audio: dict[str, tuple[int, float]] = field(default_factory=dict)
    identity: hashlib._Hash = field(default_factory=hashlib.sha256)
    modified: str = "1980-01-01T00:00:00Z"
    n_pictures: int = 0
    n_failed: int = 0

    def add(self, name: str, data: bytes, *, packed: bool = True) -> None:
        info = zipfile.ZipInfo(name)  # dated 1980, so that the same content gives the same file
        info.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
        info.external_attr = 0o644 << 16
        self.archive.writestr(info, data)


def write_epub(batch: Batch) -> Export:
    """DIR/descriptions.epub.

    Raises:
        ExportError: there is nothing in the batch.
    """
    path = batch.folder / "descriptions.epub"
    with replacing(path) as part, zipfile.ZipFile(part, "w") as archive, Pictures() as pictures:
        book = _Book(batch, archive, pictures, LeftOut(batch.folder, "could not be shown or heard"))
        book.add("mimetype", b"application/epub+zip", packed=False)
        book.add("META-INF/container.xml", _container())
        book.add("EPUB/style.css", style())
        records = batch.described()
        while chosen := list(islice(records, _PER_PART)):
            _add_part(book, chosen)
        has_failures = _add_failures(book)
        if not book.parts and not has_failures:
            raise ExportError(f"The batch in {batch.folder} is empty, and a book cannot be; describe pictures first.")
        book.add("EPUB/nav.xhtml", _page("Contents", batch.options.language, _contents(book, has_failures)))
        book.add("EPUB/package.opf", _package(book))
    sentence = f"Book of {counted(book.n_pictures)}, {counted(len(book.audio), 'sound')} in step: {path}."
    if book.n_failed:
        sentence += f" It names {counted(book.n_failed)} that could not be described."
    return book.left.export("epub", path, book.n_pictures, sentence)


def _add_part(book: _Book, records: list[Record]) -> None:
    number = len(book.parts) + 1
    first, last = book.n_pictures + 1, book.n_pictures + len(records)
    label = f"Pictures {first} to {last}" if last > first else f"Picture {first}"
    part = Part(number, label)
    sections, pairs = [], []
    for record in records:
        book.n_pictures += 1
        place = f"picture-{book.n_pictures}"
        name = shown_name(record.source)
        part.titles.append((place, name))
        sections.append(_section(book, part, place, name, record))
        sound = _add_sound(book, part, record)
        if sound is not None:
            file_number, seconds = sound
            pairs.append(_pair(part, place, file_number, seconds))
            part.seconds += seconds
        book.identity.update(f"{record.source}\0{record.sha256}\0{spoken(record)}\0".encode(errors="replace"))
        if _DATE.fullmatch(record.finished or ""):
            book.modified = max(book.modified, record.finished or "")
    content = element("section", {"epub:type": "chapter", "id": "part"}, element("h1", None, label), *sections)
    book.add(f"EPUB/{part.page}", _page(label, book.batch.options.language, content))
    if pairs:
        body = element("body", {"epub:textref": f"{part.page}#part"}, *pairs)
        book.add(f"EPUB/{part.overlay}", as_xml(element("smil", _SMIL_SPACES, body)))
    book.parts.append(part)


def _section(book: _Book, part: Part, place: str, name: str, record: Record) -> Element:
    words = spoken(record)
    data = book.left.value(record, lambda: _as_jpeg(book.pictures, record))
    if data is None:
        shown = element(
            "p", None, "The picture is not shown, because its file is gone, has changed or cannot be opened."
        )
    else:
        book.add(f"EPUB/images/{book.n_pictures}.jpg", data, packed=False)
        part.images.append(book.n_pictures)
        source = f"images/{book.n_pictures}.jpg"
        shown = element("img", {"src": source, "alt": one_line(record.caption or words)})
    return element(
        "section",
        {"id": place, "aria-labelledby": f"{place}-name"},
        element("h2", {"id": f"{place}-name", "dir": "auto"}, name),
        element("figure", None, shown, element("figcaption", {"id": f"{place}-text", "dir": "auto"}, words)),
    )


def _as_jpeg(pictures: Pictures, record: Record) -> bytes:
    buffer = io.BytesIO()
    pictures.open(record, max_side=_MAX_SIDE).save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


def _add_sound(book: _Book, part: Part, record: Record) -> tuple[int, float] | None:
    """Number and seconds of a picture's sound in the book; the sound of two pictures stands in it once."""
    if record.audio is None:
        return None
    if record.audio not in book.audio:
        encoded = book.left.value(record, lambda: _as_mp3(needed_sound(book.batch, record)))
        if encoded is None:
            return None
        data, seconds = encoded
        number = len(book.audio) + 1
        book.add(f"EPUB/audio/{number}.mp3", data, packed=False)
        part.sounds.append(number)
        book.audio[record.audio] = number, seconds
    return book.audio[record.audio]


def _as_mp3(path: Path) -> tuple[bytes, float]:
    from speech.audio import encode_audio, read_audio

    audio = read_audio(path)
    if path.suffix.lower() == ".mp3":
        return path.read_bytes(), audio.seconds
    return encode_audio(audio, "mp3"), audio.seconds


def _pair(part: Part, place: str, sound: int, seconds: float) -> Element:
    text = element("text", {"src": f"{part.page}#{place}-text"})
    clip = {"src": f"audio/{sound}.mp3", "clipBegin": clock(0), "clipEnd": clock(seconds)}
    return element("par", {"id": place}, text, element("audio", clip))


def _add_failures(book: _Book) -> bool:
    """Add the page that names what could not be described; whether there is any."""
    items = []
    names = book.batch.names()
    for record in book.batch.records():
        if record.is_ok:
            continue
        reason = one_line(record.error or "No reason is known.")
        items.append(element("li", {"dir": "auto"}, f"{one_line(names.of(record.source))}: {reason}"))
        book.identity.update(f"{record.source}\0{reason}\0".encode(errors="replace"))
    book.n_failed = len(items)
    if items:
        content = element("section", None, element("h1", None, "Not described"), element("ul", None, *items))
        book.add("EPUB/failed.xhtml", _page("Not described", book.batch.options.language, content))
    return bool(items)


def _contents(book: _Book, has_failures: bool) -> Element:
    entries = [
        element(
            "li",
            None,
            element("a", {"href": part.page}, part.label),
            element("ol", None, *(_entry(f"{part.page}#{place}", title) for place, title in part.titles)),
        )
        for part in book.parts
    ]
    if has_failures:
        entries.append(_entry("failed.xhtml", "Not described"))
    title = element("h1", {"dir": "auto"}, book.batch.title)
    listed = element("ol", None, *entries)
    label = element("h2", {"id": "contents"}, "Contents")
    navigation = element("nav", {"epub:type": "toc", "id": "toc", "aria-labelledby": "contents"}, label, listed)
    return element("section", None, title, navigation)


def _entry(address: str, label: str) -> Element:
    return element("li", None, element("a", {"href": address, "dir": "auto"}, label))


def _page(title: str, language: str, content: Element) -> bytes:
    head = element(
        "head",
        None,
        element("title", None, title),
        element("link", {"rel": "stylesheet", "type": "text/css", "href": "style.css"}),
    )
    languages = {"lang": language, "xml:lang": language}
    return as_xml(element("html", {**_SPACES, **languages}, head, element("body", None, content)), _DOCTYPE)


def _container() -> bytes:
    space = "urn:oasis:names:tc:opendocument:xmlns:container"
    root = element("rootfile", {"full-path": "EPUB/package.opf", "media-type": "application/oebps-package+xml"})
    return as_xml(element("container", {"version": "1.0", "xmlns": space}, element("rootfiles", None, root)))


def _package(book: _Book) -> bytes:
    return package_document(
        book.parts,
        title=book.batch.title,
        language=book.batch.options.language,
        identifier=uuid.UUID(bytes=book.identity.digest()[:16], version=5).urn,
        modified=book.modified,
        has_failures=book.n_failed > 0,
    )
