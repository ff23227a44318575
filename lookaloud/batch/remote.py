"""The pictures behind a URL, through fsspec: memory://, file://, s3://, gs://, http://, and whatever has a driver."""

from __future__ import annotations

import glob
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from captioner.errors import ImageError
from captioner.images import MAX_BYTES
from lookaloud.batch.archives import ARCHIVE_ENDINGS, items_of_archive
from lookaloud.batch.items import Item
from lookaloud.errors import LookaloudError, SourceError
from lookaloud.places import file_system, reason_of


def items_of_url(url: str, takes: Callable[[str], bool]) -> Iterator[Item]:
    """The pictures at a URL, by their names: one file, an archive, a pattern, or a folder with all its folders.

    What cannot be listed is an item with its `problem`.
    """
    try:
        system, path = file_system(url)
        infos = list(_infos(system, path, url))
    except LookaloudError as error:
        yield Item(url, url, problem=error)
        return
    except Exception as error:  # noqa: BLE001 - every driver has errors of its own
        yield Item(url, url, problem=SourceError(f"{url} cannot be listed ({reason_of(error)}); check the address."))
        return
    several = len(infos) != 1 or infos[0]["name"].rstrip("/") != path.rstrip("/")
    for info in infos:
        name = _full(system, info["name"])
        inside = info["name"][len(path) :].lstrip("/") or info["name"]
        if several and not takes(inside):
            continue
        if name.lower().endswith(ARCHIVE_ENDINGS):
            yield from items_of_archive(name, takes, path=name)
        else:
            yield Item(name, name, size=info.get("size"), modified_ns=_changed(info), read=_reader(system, info, name))


def _infos(system: Any, path: str, url: str) -> Iterator[dict[str, Any]]:
    if glob.has_magic(path) and not url.startswith(("http://", "https://")):
        found = system.glob(path, detail=True)
        yield from (found[name] for name in sorted(found) if found[name]["type"] == "file")
    elif url.endswith("/") or system.isdir(path):
        found = system.find(path, detail=True)
        yield from (found[name] for name in sorted(found))
    else:
        yield system.info(path)


def _reader(system: Any, info: dict[str, Any], name: str) -> Callable[[], bytes]:
    def read() -> bytes:
        try:
            with system.open(info["name"], "rb") as file:
                data: bytes = file.read(MAX_BYTES + 1)
        except Exception as error:
            reason = reason_of(error)
            raise ImageError(f"{name} could not be read ({reason}); check the address and try again") from error
        return data

    return read


def _full(system: Any, name: str) -> str:
    full: str = system.unstrip_protocol(name)
    return full


def _changed(info: dict[str, Any]) -> int | None:
    """When it was last changed; each driver has its own word for it."""
    for key in ("mtime", "LastModified", "last_modified", "updated", "modified", "created"):
        value = info.get(key)
        if isinstance(value, datetime):
            value = value.timestamp()
        if isinstance(value, int | float):
            return int(value * 1_000_000_000)
    return None
