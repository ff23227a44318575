"""The pictures in ZIP and TAR files, read one after the other and never unpacked to the disk."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import IO

from captioner.errors import ImageError
from lookaloud.archive import Archive, ArchiveError, Member, open_archive
from lookaloud.batch.items import Item
from lookaloud.errors import LookaloudError, SourceError
from lookaloud.ground.errors import MissingExtraError
from lookaloud.limits import Limits
from lookaloud.places import BROKEN, open_to_seek, reason_of

ARCHIVE_ENDINGS = (".zip", ".cbz", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")

Takes = Callable[[str], bool]


def items_of_archive(
    source: str, takes: Takes, *, path: str | None = None, address: str | None = None, limits: Limits | None = None
) -> Iterator[Item]:
    """Yield the pictures in an archive, in the order in which they lie there; damage is an item with its `problem`.

    So is a member that is named like a picture and is not read: locked, a link, or named to lead out of the archive.

    Args:
        source: what the archive is called.
        takes: whether to take a member, by its name.
        path: where the archive is, as a path or a URL without secrets; by default the absolute path of `source`.
        address: the URL with what it needs to be read; by default `path`.
        limits: what is bounded.
    """
    path = path or os.path.abspath(source)
    limits = limits or Limits()
    try:
        file = open_to_seek(address or path, limits)
    except FileNotFoundError as error:
        yield Item(source, path, problem=FileNotFoundError(error.errno, error.strerror, source if address else path))
    except (LookaloudError, MissingExtraError) as error:
        yield Item(source, path, problem=error)
    except Exception as error:  # noqa: BLE001 - every driver has errors of its own
        problem = SourceError(f"{source} could not be read ({reason_of(error)}); check it and try again.")
        yield Item(source, path, problem=problem)
    else:
        with file:
            yield from _members(source, path, address, file, takes, limits)


def _members(
    source: str, path: str, address: str | None, file: IO[bytes], takes: Takes, limits: Limits
) -> Iterator[Item]:
    try:
        archive = open_archive(file, limits)
        for member in archive.members():
            if _is_wanted(member.name, takes):
                yield _item(source, path, address, archive, member)
    except ArchiveError as error:
        yield Item(source, path, problem=SourceError(f"{source} {error}."))
    except Exception as error:
        if not isinstance(error, BROKEN) and address is None:
            raise  # of files of this computer everything that may happen is known
        reason = reason_of(error)
        problem = SourceError(f"{source} is damaged or no archive of its kind ({reason}); get a fresh copy of it.")
        yield Item(source, path, problem=problem)


def _item(source: str, path: str, address: str | None, archive: Archive, member: Member) -> Item:
    name = f"{source}!/{member.key}"

    def read() -> bytes:
        try:
            return archive.read(member)
        except ArchiveError as error:
            raise ImageError(f"{name} cannot be unpacked: the archive {error}") from error
        except BROKEN as error:
            reason = reason_of(error)
            raise ImageError(f"{name} cannot be unpacked ({reason}); get a fresh copy of the archive") from error

    problem = None if member.problem is None else SourceError(f"{name} {member.problem}.")
    return Item(
        name, path, member.key, size=member.size, modified_ns=member.modified_ns, read=read, problem=problem,
        address=address,
    )  # fmt: skip


def _is_wanted(name: str, takes: Takes) -> bool:
    parts = name.replace("\\", "/").split("/")
    hidden = any(part.startswith(".") and part not in (".", "..") for part in parts) or "__MACOSX" in parts
    return not hidden and takes(name)
