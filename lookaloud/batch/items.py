"""`Item`: one picture of a batch before anything is known of what it shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from lookaloud.manifest import Key


@dataclass(frozen=True, eq=False)
class Item:
    """One picture file, or one page of it.

    Attributes:
        source: what it is called in messages and in the manifest.
        path: the absolute path or the URL of the file, or of the archive that holds it.
        member: its name in that archive; None for a file.
        page: which page of the file, counted from 1; None for the file as a whole.
        size: of the file in bytes; None if that is not known.
        modified_ns: when it was last changed, in nanoseconds since 1970; None if that is not known.
        read: gives its bytes, and is to be called before the next item is asked for; None for a file on this
            computer, which the process that decodes it reads itself.
        problem: why there is no picture here, such as a folder that may not be read; None if there is one.
        address: where `path` is a URL without its password or signature, the whole, to read it; never written down.
    """

    source: str
    path: str
    member: str | None = None
    page: int | None = None
    size: int | None = None
    modified_ns: int | None = None
    read: Callable[[], bytes] | None = None
    problem: Exception | None = None
    address: str | None = field(default=None, repr=False)

    @property
    def key(self) -> Key:
        """What tells this picture from the others of its batch."""
        return self.path, self.member, self.page
