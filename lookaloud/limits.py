"""`Limits`: how much is read of a source that a stranger may have made, before that is too much."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lookaloud.fields import option


def _limit(default: float, least: float | None, help: str) -> Any:
    return option(default, help, least=least, commands=("batch",))


@dataclass(frozen=True)
class Limits:
    """The bounds of everything that is read from outside. Going past one is one failed picture, and the others go on.

    The fields are also the options of `lookaloud batch` of the same names. Not here: a picture has at most
    `captioner.picture.MAX_BYTES`, an address redirects at most five times, a password or a signature is never written.

    Attributes:
        answer_seconds: longest time for a picture or a page behind an address, from asking to its last byte.
        archive_seconds: longest time for an archive behind an address, which is copied to the temporary folder.
        archive_mb: largest archive behind an address.
        listing_mb: largest page that is read for its links.
        max_pages: pages of one listing that are read for their links.
        max_entries: most entries of an archive, of a listing, or of a folder behind an address.
        max_depth: how many folders deep a listing or a folder behind an address is followed.
        max_ratio: to how many times its size a compressed TAR may unpack; 100 MB are always allowed.
        line_kb: longest line of a list.
        allow_private: whether addresses that nobody named may lead to this computer and to private networks.

    >>> Limits(max_entries=1000).max_entries
    1000
    """

    answer_seconds: float = _limit(300.0, 0.1, "Most for a picture behind an address.")
    archive_seconds: float = _limit(3600.0, 0.1, "Most for an archive behind an address.")
    archive_mb: int = _limit(10_000, 1, "Most MB of an archive behind an address.")
    listing_mb: int = _limit(10, 1, "Most MB of a page of links.")
    max_pages: int = _limit(1_000, 1, "Most pages of one listing.")
    max_entries: int = _limit(300_000, 1, "Most entries of an archive or a listing.")
    max_depth: int = _limit(20, 0, "Most folders deep in a listing.")
    max_ratio: int = _limit(200, 1, "Most times its size that a TAR unpacks to.")
    line_kb: int = _limit(1_000, 1, "Most kB of a line of a list.")
    allow_private: bool = _limit(False, None, "Let redirects and names lead to this computer and private networks.")
