"""Text that was written by strangers (captions, file names, metadata), made safe for every place that it goes to."""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePosixPath

# What XML 1.0 has no place for: control characters, halves of surrogate pairs, and the noncharacters FFFE and FFFF.
# Names of files that are no UTF-8 hold such halves (PEP 383).
_NO_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_MOST_NAME_BYTES = 255  # of most file systems; a name from an archive or an address may be longer
_CUT_TO_BYTES = 200
_MOST_PATH_BYTES = 1000
_UNCERTAIN = "\N{REPLACEMENT CHARACTER}"


def clean(text: str) -> str:
    """Return the text with a replacement character for each character that XML 1.0 and UTF-8 have no place for.

    >>> clean("a\\x00b")
    'a\ufffdb'
    """
    return _NO_TEXT.sub(_UNCERTAIN, text)


def one_line(text: str) -> str:
    """Return the clean text with every run of white space and line ends as one space.

    >>> one_line(" two\\nlines ")
    'two lines'
    """
    return " ".join(clean(text).split())


def at_most(text: str, n_bytes: int) -> str:
    """The text in at most `n_bytes` (3 or more) of UTF-8; what is cut ends in an ellipsis, never within a letter.

    >>> at_most("a dog", 5), at_most("two dogs", 6)
    ('a dog', 'two…')
    """
    data = text.encode()
    if len(data) <= n_bytes:
        return text
    return data[: n_bytes - 3].decode(errors="ignore").rstrip() + "…"


def shown_name(source: str) -> str:
    """Return what people call a picture: the last part of its path, on one line.

    >>> shown_name("holiday/dog.jpg"), shown_name("s3://bucket/cat.jpg")
    ('dog.jpg', 'cat.jpg')
    """
    return one_line(PurePosixPath(source.replace("\\", "/").rstrip("/")).name) or one_line(source) or "picture"


def safe_parts(path: str) -> tuple[str, ...]:
    """Return the parts of a path as names that no system refuses and that lead out of no folder.

    Long names are cut before their ending, and the first folders of long paths are left out.

    >>> safe_parts("../a/b?.jpg")
    ('a', 'b_.jpg')
    """
    parts = []
    for part in re.split(r"[/\\]+", unicodedata.normalize("NFC", clean(path))):
        name = re.sub(r'[<>:"|?*\s\ufffd]+', lambda found: " " if found[0].isspace() else "_", part).strip()
        name = name.rstrip(". ")  # Windows drops them silently.
        if name:
            parts.append(_cut(name))
    n_bytes = 0
    for number, name in enumerate(reversed(parts)):
        n_bytes += len(name.encode()) + 1
        if n_bytes > _MOST_PATH_BYTES:
            return tuple(parts[-number:])
    return tuple(parts)


def _cut(name: str) -> str:
    """Return a name that no file can have as one with room for a number and another ending; others as they are."""
    if len(name.encode()) <= _MOST_NAME_BYTES:
        return name
    stem, dot, ending = name.rpartition(".")
    if dot and len(ending.encode()) <= 10:
        return f"{at_most(stem, _CUT_TO_BYTES - 11)}.{ending}"
    return at_most(name, _CUT_TO_BYTES)
