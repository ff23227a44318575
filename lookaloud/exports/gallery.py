"""Web pages that work from the disk, for eyes, ears and screen readers: pictures, their words and their sounds.

DIR/index.html          the first page
DIR/gallery/page-2.html and so on
DIR/gallery/failed-1.html ...   what could not be described, and why
DIR/gallery/pictures/   small copies of the pictures
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.resources import files
from itertools import count, islice
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element  # only written, never read  # nosec B405

from captioner.errors import ImageError
from lookaloud.batch.own_outputs import GALLERY, SMALL_COPIES, STYLE
from lookaloud.errors import OutputError
from lookaloud.exports.export import Batch, Export, ShortNames, counted, spoken
from lookaloud.exports.left_out import LeftOut
from lookaloud.exports.markup import as_html, element, link_to
from lookaloud.exports.pictures import Pictures
from lookaloud.exports.text import one_line, shown_name
from lookaloud.ground.files import writing

if TYPE_CHECKING:
    from lookaloud.manifest import Record

GENERATOR = "Lookaloud gallery"
_MAX_SIDE = 640
_FOLDER = GALLERY
_NEAR = 3  # pages before and after this one that its navigation names


@dataclass(frozen=True)
class _Page:
    """One page of the gallery.

    Attributes:
        path: relative to the batch's folder, with forward slashes.
        label: what links to it say.
    """

    path: str
    label: str

    @property
    def root(self) -> str:
        """The way from the page to the batch's folder."""
        return "../" * self.path.count("/")


@dataclass
class _Counts:
    n_described: int
    n_failed: int


def write_gallery(batch: Batch) -> Export:
    """DIR/index.html and what belongs to it.

    Raises:
        OutputError: DIR/index.html is there and is none of ours.
    """
    index = batch.folder / "index.html"
    _refuse_other(index)
    counts = _count(batch)
    with writing(batch.folder / _FOLDER / STYLE, make_folder=True) as file:
        file.write(style())
    described = _pages(counts.n_described, batch.options.per_page, "page", "Picture")
    described = described or [_Page("index.html", "Pictures")]
    failed = _pages(counts.n_failed, batch.options.per_page, "failed", "Failure")
    names = batch.names()
    records = enumerate(batch.described(), 1)
    failures = (record for record in batch.records() if not record.is_ok)
    wanted: set[str | None] = set()
    left = LeftOut(batch.folder, "could not be shown")
    with Pictures() as pictures:
        for page in described:
            articles: list[Element] = []
            for number, record in islice(records, batch.options.per_page):
                small = None
                with left.around(record):
                    small = _small_copy(batch, record, pictures)
                wanted.add(small)
                with left.around(record):
                    articles.append(_article(batch, page, number, record, small, names))
            _write_page(batch, page, described, failed, counts, articles)
    for page in failed:
        items: list[Element] = []
        for record in islice(failures, batch.options.per_page):
            with left.around(record):
                items.append(_failure(record, names))
        _write_page(batch, page, described, failed, counts, [element("ul", None, *items)])
    _remove_stale(batch.folder / _FOLDER, {page.path for page in (*described, *failed)}, wanted)
    return left.export("gallery", index, counts.n_described, _sentence(counts, index))


def style() -> bytes:
    """Return the style sheet of the gallery and of the book."""
    return files("lookaloud.exports").joinpath("style.css").read_bytes()


def _sentence(counts: _Counts, index: Path) -> str:
    sentence = f"Gallery of {counted(counts.n_described)}: {index}."
    if counts.n_failed:
        sentence += f" It names {counted(counts.n_failed)} that could not be described."
    return sentence


def _refuse_other(index: Path) -> None:
    if index.is_file():
        with open(index, "rb") as file:
            if GENERATOR.encode() not in file.read(4096):
                raise OutputError(f"{index} was not written by Lookaloud; move it away, then export again.")


def _count(batch: Batch) -> _Counts:
    counts = _Counts(0, 0)
    for record in batch.records():
        if record.is_ok:
            counts.n_described += 1
        else:
            counts.n_failed += 1
    return counts


def _pages(n_items: int, per_page: int, name: str, label: str) -> list[_Page]:
    pages = []
    for number, first in zip(count(1), range(1, n_items + 1, per_page), strict=False):
        last = min(first + per_page - 1, n_items)
        path = "index.html" if (name, number) == ("page", 1) else f"{_FOLDER}/{name}-{number}.html"
        pages.append(_Page(path, f"{label}s {first} to {last}" if last > first else f"{label} {first}"))
    return pages


def _small_copy(batch: Batch, record: Record, pictures: Pictures) -> str:
    """Return the path, from the gallery's folder, of a small copy, which is made once.

    Raises:
        ImageError: the picture is gone, has changed or cannot be opened.
    """
    page = "" if record.page is None else f"-{record.page}"
    name = f"{SMALL_COPIES}/{record.sha256}{page}.jpg"
    path = batch.folder / _FOLDER / name
    if record.sha256 is None or not re.fullmatch("[0-9a-f]{64}", record.sha256):
        raise ImageError(f"{record.source} has no SHA-256 in the manifest to know it by; describe it again")
    if not path.is_file():
        image = pictures.open(record, max_side=_MAX_SIDE)
        with writing(path, make_folder=True) as file:
            image.save(file, "JPEG", quality=82)
    return name


def _article(batch: Batch, page: _Page, number: int, record: Record, small: str | None, names: ShortNames) -> Element:
    name, place = shown_name(record.source), f"picture-{number}"
    shown: Element | None = None
    if small is not None:
        source = link_to(f"{page.root}{_FOLDER}/{small}")
        alt = one_line(record.caption or spoken(record))
        shown = element("img", {"src": source, "alt": alt, "loading": "lazy", "decoding": "async"})
    words = element("figcaption", {"dir": "auto"}, spoken(record))
    sound: Element | None = None
    if record.audio and batch.sound_of(record) is not None:
        address = link_to(page.root + record.audio)
        label = f"Spoken description of {name}"
        sound = element("audio", {"controls": "", "preload": "none", "src": address, "aria-label": label})
    return element(
        "article",
        {"id": place, "aria-labelledby": f"{place}-name"},
        element("h2", {"id": f"{place}-name"}, element("bdi", None, name)),
        element("figure", None, shown, words),
        sound,
        *(element("p", {"class": "facts", "dir": "auto"}, fact) for fact in _facts(record, small, names)),
    )


def _facts(record: Record, small: str | None, names: ShortNames) -> Iterator[str]:
    if small is None:
        yield "The picture is not shown, because its file is gone, has changed or cannot be opened."
    if record.certainty and record.is_photo:
        yield f"Certainty of the description: {record.certainty}."
    if record.alternatives:
        yield f"Other descriptions: {' '.join(record.alternatives)}"
    if record.same_as:
        yield f"The same picture as {one_line(names.of(record.same_as))}."
    if (place := one_line(names.of(record.source))) != shown_name(record.source):
        yield f"File: {place}"


def _failure(record: Record, names: ShortNames) -> Element:
    reason = one_line(record.error or "No reason is known.")
    return element("li", {"dir": "auto"}, element("bdi", None, one_line(names.of(record.source))), f": {reason}")


def _write_page(
    batch: Batch,
    page: _Page,
    described: list[_Page],
    failed: list[_Page],
    counts: _Counts,
    content: Iterable[Element],
) -> None:
    part = "" if len(described) + len(failed) == 1 else f", {page.label.lower()}"
    heading = batch.title + ("" if page.path == "index.html" else part)
    head = element(
        "head",
        None,
        element("meta", {"charset": "utf-8"}),
        element("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}),
        element("meta", {"name": "generator", "content": GENERATOR}),
        element("title", None, batch.title + part),
        element("link", {"rel": "stylesheet", "href": f"{page.root}{_FOLDER}/{STYLE}"}),
    )
    body = element(
        "body",
        None,
        element("a", {"class": "skip", "href": "#content"}, "Skip to the content"),
        element("header", None, element("h1", {"dir": "auto"}, heading), element("p", None, _summary(counts))),
        _navigation(page, described, failed, "Pages"),
        element("main", {"id": "content", "tabindex": "-1"}, *content),
        _navigation(page, described, failed, "Pages, again"),
    )
    with writing(batch.folder / page.path, make_folder=True) as file:
        file.write(as_html(element("html", {"lang": batch.options.language}, head, body)))


def _summary(counts: _Counts) -> str:
    sentence = f"{counted(counts.n_described)} described by a program, which can be wrong."
    if counts.n_failed:
        sentence += f" {counted(counts.n_failed)} could not be described."
    return sentence


def _navigation(page: _Page, described: list[_Page], failed: list[_Page], label: str) -> Element | None:
    if len(described) + len(failed) == 1:
        return None
    pages = described if page in described else failed
    other = failed if page in described else described
    place = pages.index(page)
    links = []
    if place > 0:
        links.append(_link(page, pages[place - 1], f"Previous: {pages[place - 1].label}"))
    if place + 1 < len(pages):
        links.append(_link(page, pages[place + 1], f"Next: {pages[place + 1].label}"))
    near = {0, len(pages) - 1, *range(max(0, place - _NEAR), min(len(pages), place + _NEAR + 1))}
    links += [_link(page, pages[number], pages[number].label) for number in sorted(near)]
    links += [_link(page, first, first.label) for first in other[:1]]
    return element("nav", {"class": "pages", "aria-label": label}, element("ul", None, *links))


def _link(page: _Page, target: _Page, label: str) -> Element:
    if target == page:
        return element("li", None, element("span", {"aria-current": "page"}, label))
    return element("li", None, element("a", {"href": link_to(page.root + target.path)}, label))


def _remove_stale(folder: Path, pages: set[str], pictures: set[str | None]) -> None:
    """Remove what an earlier, longer gallery left; only files that it alone can have written."""
    for path in folder.glob("*.html"):
        if re.fullmatch(r"(page|failed)-\d+\.html", path.name) and f"{_FOLDER}/{path.name}" not in pages:
            path.unlink()
    for path in (folder / SMALL_COPIES).glob("*.jpg"):
        if re.fullmatch(r"[0-9a-f]{64}(-\d+)?\.jpg", path.name) and f"{SMALL_COPIES}/{path.name}" not in pictures:
            path.unlink()
