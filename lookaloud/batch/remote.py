"""The pictures behind a URL: a web page of links, or what fsspec has a driver for: s3://, gs://, memory://, file://...

Addresses are asked with their passwords and signatures, and written down without them.
"""

from __future__ import annotations

import glob
import html
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

from captioner.errors import ImageError
from captioner.picture import MAX_BYTES
from lookaloud.addresses import KNOWN, without_secrets
from lookaloud.batch.archives import ARCHIVE_ENDINGS, Takes, items_of_archive
from lookaloud.batch.items import Item
from lookaloud.errors import LookaloudError, SourceError
from lookaloud.fetch import Answer, FetchError, fetch
from lookaloud.ground.errors import MissingExtraError
from lookaloud.limits import Limits
from lookaloud.places import file_system, is_web, read_from, read_place, reason_of, within

_PAGES = ("text/html", "application/xhtml+xml")
# Without < and > inside, so that a page of nothing but beginnings of links is gone through once.
_LINK = re.compile(r"<a\s[^<>]*?\bhref\s*=\s*(?:\"([^\"<>]*)\"|'([^'<>]*)'|([^\s\"'<>]+))", re.IGNORECASE)


def items_of_url(url: str, takes: Takes, limits: Limits | None = None) -> Iterator[Item]:
    """Yield the pictures at a URL, by their names: one file, an archive, a pattern, or a folder with all its folders.

    What cannot be listed is an item with its `problem`, and so is where a listing goes past a limit.
    """
    limits = limits or Limits()
    name = KNOWN.keep(url)
    try:
        yield from _of_web(url, name, takes, limits) if is_web(url) else _of_driver(url, takes, limits)
    except FileNotFoundError:
        yield Item(name, name, problem=FileNotFoundError(2, "There is nothing there", name))
    except (LookaloudError, MissingExtraError) as error:
        yield Item(name, name, problem=error)
    except Exception as error:  # noqa: BLE001 - every driver has errors of its own
        yield Item(name, name, problem=SourceError(f"{name} cannot be listed ({reason_of(error)}); check the address."))


# ---- http and https


def _of_web(url: str, name: str, takes: Takes, limits: Limits) -> Iterator[Item]:
    if _is_archive(url):
        yield from items_of_archive(name, takes, path=name, address=url, limits=limits)
        return
    with fetch(url, limits) as answer:
        if answer.kind not in _PAGES and not urlsplit(url).path.endswith("/"):
            # Read from the answer that is already here, as it is asked for before the next item.
            read = _reader(name, lambda: answer.read(MAX_BYTES))
            yield Item(name, name, size=answer.n_bytes, read=read, address=url)
            return
        page = _Page.read(answer, limits)
    yield from _Listing(page.top, url, takes, limits).items(page, 0)


class _Page:
    """A page that was read for its links.

    Attributes:
        url: where it is, after all redirects.
        links: the addresses that it links to, sorted, each once and without what follows #.
    """

    def __init__(self, url: str, text: str) -> None:
        self.url = url
        found = (html.unescape(next(filter(None, match.groups()), "")) for match in _LINK.finditer(text))
        self.links = sorted({_joined(url, link) for link in found if link})

    @classmethod
    def read(cls, answer: Answer, limits: Limits) -> _Page:
        if answer.kind not in _PAGES:
            raise FetchError("it is no web page with links")
        return cls(answer.url, answer.read(limits.listing_mb * 1_000_000).decode("utf-8", "replace"))

    @property
    def top(self) -> str:
        """The folder that it lies in."""
        return urljoin(self.url, ".").partition("?")[0]


class _Listing:
    """Follows the links of pages that lie below one folder of one server, each once.

    Args:
        top: that folder.
        given: the address that was named: its user and password are sent with every request.
        takes: whether to take a picture, by its path below the folder.
        limits: how many pages and entries, and how deep.
    """

    def __init__(self, top: str, given: str, takes: Takes, limits: Limits) -> None:
        self.top = _with_user(top, given)
        self.given = given
        self.takes = takes
        self.limits = limits
        self.seen: set[str] = set()
        self.n_pages = 1
        self.n_entries = 0

    def items(self, page: _Page, depth: int) -> Iterator[Item]:
        """Yield the pictures that a page links to, and those of the folders that it links to.

        Raises:
            SourceError: a limit is reached.
        """
        self.seen.add(page.url.partition("?")[0])
        for link in page.links:
            link = _with_user(link, self.given)
            inside = unquote(link.removeprefix(self.top).partition("?")[0])
            if not link.startswith(self.top) or not inside or ".." in inside.split("/"):
                continue
            if link in self.seen or (inside.endswith("/") and "?" in link):  # such links sort a page in another way
                continue
            self._count(link)
            if inside.endswith("/"):
                yield from self._below(link, depth + 1)
            elif self.takes(inside):
                yield from self._file(link)

    def _count(self, link: str) -> None:
        self.seen.add(link)
        self.n_entries += 1
        if self.n_entries > self.limits.max_entries:
            raise self._too_much(f"{self.limits.max_entries:,} entries", "--max-entries")

    def _below(self, link: str, depth: int) -> Iterator[Item]:
        name = KNOWN.keep(link)
        if depth > self.limits.max_depth:
            yield _unlisted(name, _too_deep(self.limits))
            return
        self.n_pages += 1
        if self.n_pages > self.limits.max_pages:
            raise self._too_much(f"{self.limits.max_pages:,} pages", "--max-pages")
        try:
            with fetch(link, self.limits) as answer:
                page = _Page.read(answer, self.limits)
        except OSError as error:
            yield _unlisted(name, reason_of(error))
            return
        if _with_user(page.url, self.given).startswith(self.top):
            yield from self.items(page, depth)
        else:
            yield _unlisted(name, "it redirects out of the folder that was named")

    def _file(self, link: str) -> Iterator[Item]:
        name = KNOWN.keep(link)
        if _is_archive(link):
            yield from items_of_archive(name, self.takes, path=name, address=link, limits=self.limits)
        else:
            yield Item(name, name, read=_reader(name, lambda: read_place(link, self.limits)), address=link)

    def _too_much(self, what: str, option: str) -> SourceError:
        name = without_secrets(self.top)
        return SourceError(
            f"{name} has more than {what}, and the rest was not read; name its folders one by one, or allow more with "
            f"{option}."
        )


def _unlisted(name: str, reason: str) -> Item:
    return Item(name, name, problem=SourceError(f"{name} cannot be listed ({reason}); check the address."))


def _too_deep(limits: Limits) -> str:
    return f"it is more than {limits.max_depth} folders deep, --max-depth allows more"


def _joined(base: str, link: str) -> str:
    try:
        return urldefrag(urljoin(base, link.strip())).url
    except ValueError:
        return ""


def _with_user(url: str, given: str) -> str:
    """Return an address with the user and password of another one, if it is of the same server."""
    user, at, host = urlsplit(given).netloc.rpartition("@")
    parts = urlsplit(url)
    if not at or "@" in parts.netloc or parts.netloc != host:
        return url
    return parts._replace(netloc=f"{user}@{host}").geturl()


def _is_archive(url: str) -> bool:
    return urlsplit(url).path.lower().endswith(ARCHIVE_ENDINGS)


# ---- other drivers


def _of_driver(url: str, takes: Takes, limits: Limits) -> Iterator[Item]:
    system, path = within(limits.answer_seconds, lambda: file_system(url))
    for number, info in enumerate(_infos(system, path, url, limits)):
        if number >= limits.max_entries:
            raise SourceError(
                f"{without_secrets(url)} has more than {limits.max_entries:,} entries, and the rest was not read; name "
                "its folders one by one, or allow more with --max-entries."
            )
        address = _full(system, info["name"], path, url)
        name = KNOWN.keep(address)
        inside = info["name"][len(path) :].lstrip("/") or info["name"]
        is_named = info["name"].rstrip("/") == path.rstrip("/")
        if "unread" in info:
            yield _unlisted(name, info["unread"])
        elif not is_named and not takes(inside):
            continue
        elif name.lower().endswith(ARCHIVE_ENDINGS):
            yield from items_of_archive(name, takes, path=name, address=address, limits=limits)
        else:
            read = _reader(name, partial(read_from, system, info["name"], limits))
            yield Item(name, name, size=info.get("size"), modified_ns=_changed(info), read=read, address=address)


def _infos(system: Any, path: str, url: str, limits: Limits) -> Iterator[dict[str, Any]]:
    """Yield what a driver knows of each file; of a folder that cannot be read, the reason under "unread"."""
    seconds = limits.answer_seconds
    if glob.has_magic(path):
        found = within(seconds, lambda: system.glob(path, detail=True, maxdepth=limits.max_depth + 1))
        yield from (found[name] for name in sorted(found) if found[name]["type"] == "file")
    elif url.endswith("/") or within(seconds, lambda: system.isdir(path)):
        found = within(seconds, lambda: system.ls(path, detail=True))
        yield from _walk(system, path, found, limits, 1)
    else:
        yield within(seconds, lambda: system.info(path))


def _walk(
    system: Any, folder: str, infos: list[dict[str, Any]], limits: Limits, depth: int
) -> Iterator[dict[str, Any]]:
    """Yield the files in a folder and its folders, in the order of their names."""
    for info in sorted(infos, key=lambda info: str(info["name"])):
        name = info["name"]
        if name.rstrip("/") == folder.rstrip("/"):
            continue  # what stands in an object store for the folder itself
        if info["type"] == "file":
            yield info
        elif info["type"] == "directory" and depth > limits.max_depth:
            yield {**info, "unread": _too_deep(limits)}
        elif info["type"] == "directory":
            try:
                found = within(limits.answer_seconds, partial(system.ls, name, detail=True))
            except Exception as error:  # noqa: BLE001 - every driver has errors of its own
                yield {**info, "unread": reason_of(error)}
            else:
                yield from _walk(system, name, found, limits, depth + 1)


def _full(system: Any, name: str, path: str, url: str) -> str:
    """Return the URL of a file of a driver, which knows it by a name of its own."""
    full: str = system.unstrip_protocol(name)
    given, path = url.rstrip("/"), path.rstrip("/")
    if urlsplit(url).netloc.rpartition("@")[2] in full or not given.endswith(path) or not name.startswith(path):
        return full
    return given.removesuffix(path) + name  # ftp and some others leave the host out


def _changed(info: dict[str, Any]) -> int | None:
    """When it was last changed; each driver has its own word for it."""
    for key in ("mtime", "LastModified", "last_modified", "updated", "modified", "created"):
        value = info.get(key)
        if isinstance(value, datetime):
            value = value.timestamp()
        if isinstance(value, int | float):
            return int(value * 1_000_000_000)
    return None


def _reader(name: str, read: Callable[[], bytes]) -> Callable[[], bytes]:
    def in_words() -> bytes:
        try:
            return read()
        except Exception as error:
            reason = reason_of(error)
            raise ImageError(f"{name} could not be read ({reason}); check the address and try again") from error

    return in_words
