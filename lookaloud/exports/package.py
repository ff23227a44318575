"""The package document of a book: what is in it, in which order it is read, and how accessible it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element  # only written, never read  # nosec B405

from lookaloud.exports.album import clock
from lookaloud.exports.markup import as_xml, element

_SUMMARY = "Every picture has alternative text and a description in words, made by a program, which can be wrong. "
_SOUND = "The descriptions are also spoken, in step with the words. "
_REST = "There are headings and a table of contents for finding a picture."


@dataclass
class Part:
    """A page of a book, with its overlay.

    Attributes:
        number: from 1 on.
        label: its heading.
        titles: place and name of each picture on it.
        images: numbers of its image files.
        sounds: numbers of its sound files.
        seconds: how long its overlay speaks; 0.0 if it has none.
    """

    number: int
    label: str
    titles: list[tuple[str, str]] = field(default_factory=list)
    images: list[int] = field(default_factory=list)
    sounds: list[int] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def page(self) -> str:
        """Name of its page."""
        return f"part-{self.number}.xhtml"

    @property
    def overlay(self) -> str:
        """Name of its overlay."""
        return f"part-{self.number}.smil"


def package_document(
    parts: Sequence[Part], *, title: str, language: str, identifier: str, modified: str, has_failures: bool
) -> bytes:
    """Return the package document (EPUB 3.3, 5; its accessibility metadata by EPUB Accessibility 1.1 and schema.org).

    >>> b"urn:uuid:0" in package_document(
    ...     [], title="A", language="en", identifier="urn:uuid:0", modified="2026-01-01T00:00:00Z", has_failures=False)
    True
    """
    order = ["nav", *(f"part-{part.number}" for part in parts), *(["failed"] if has_failures else [])]
    root = element(
        "package",
        {
            "xmlns": "http://www.idpf.org/2007/opf",
            "version": "3.0",
            "unique-identifier": "identifier",
            "xml:lang": language,
        },
        element(
            "metadata",
            {"xmlns:dc": "http://purl.org/dc/elements/1.1/"},
            element("dc:identifier", {"id": "identifier"}, identifier),
            element("dc:title", None, title),
            element("dc:language", None, language),
            *_metadata(parts, modified),
        ),
        element("manifest", None, *_items(parts, has_failures)),
        element("spine", None, *(element("itemref", {"idref": name}) for name in order)),
    )
    return as_xml(root)


def _metadata(parts: Sequence[Part], modified: str) -> Iterator[Element]:
    has_sound = any(part.seconds for part in parts)
    has_images = any(part.images for part in parts)
    yield _meta("dcterms:modified", modified)
    modes = ["textual", *(["visual"] if has_images else []), *(["auditory"] if has_sound else [])]
    for mode in modes:
        yield _meta("schema:accessMode", mode)
    yield _meta("schema:accessModeSufficient", "textual")
    features = ["alternativeText", "structuralNavigation", "tableOfContents", "readingOrder"]
    for feature in [*features, *(["synchronizedAudioText"] if has_sound else [])]:
        yield _meta("schema:accessibilityFeature", feature)
    yield _meta("schema:accessibilityHazard", "none")
    yield _meta("schema:accessibilitySummary", _SUMMARY + (_SOUND if has_sound else "") + _REST)
    if has_sound:
        for part in parts:
            if part.seconds:
                yield _meta("media:duration", clock(part.seconds), refines=f"#overlay-{part.number}")
        yield _meta("media:duration", clock(sum(part.seconds for part in parts)))
        yield _meta("media:active-class", "-epub-media-overlay-active")


def _meta(name: str, value: str, *, refines: str | None = None) -> Element:
    return element("meta", {"property": name, **({"refines": refines} if refines else {})}, value)


def _items(parts: Sequence[Part], has_failures: bool) -> Iterator[Element]:
    page = "application/xhtml+xml"
    yield element("item", {"id": "nav", "href": "nav.xhtml", "media-type": page, "properties": "nav"})
    yield element("item", {"id": "style", "href": "style.css", "media-type": "text/css"})
    for part in parts:
        name = f"part-{part.number}"
        overlay = {"media-overlay": f"overlay-{part.number}"} if part.seconds else {}
        yield element("item", {"id": name, "href": part.page, "media-type": page, **overlay})
        if part.seconds:
            kind = "application/smil+xml"
            yield element("item", {"id": f"overlay-{part.number}", "href": part.overlay, "media-type": kind})
        for number in part.images:
            yield _file(f"image-{number}", f"images/{number}.jpg", "image/jpeg")
        for number in part.sounds:
            yield _file(f"audio-{number}", f"audio/{number}.mp3", "audio/mpeg")
    if has_failures:
        yield element("item", {"id": "failed", "href": "failed.xhtml", "media-type": page})


def _file(name: str, address: str, kind: str) -> Element:
    return element("item", {"id": name, "href": address, "media-type": kind})
