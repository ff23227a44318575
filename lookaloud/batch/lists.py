"""Lists of pictures as other programs write them: JSON lines, and tables with commas, semicolons or tabs.

A list may come from a stranger: a line has a longest length, and one that is no row is a problem of its own.
"""

from __future__ import annotations

import codecs
import csv
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from lookaloud.errors import SourceError
from lookaloud.ground.typed import parsed_json
from lookaloud.limits import Limits

LIST_ENDINGS = (".jsonl", ".ndjson", ".csv", ".tsv")
KEYS = ("path", "source", "image", "file", "url")
_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs"}
_MOST_SHOWN = 200  # letters of what was found, in a sentence
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


@dataclass(frozen=True)
class ListRow:
    """What a line of a list says.

    Attributes:
        number: of the line, from 1; of the last one where a row has several.
        name: the file, folder or address that it names; None if it names none.
        problem: why not; the words go on after "Line 3 of list.csv".
    """

    number: int
    name: str | None
    problem: str = ""


def check_list(path: Path, limits: Limits) -> None:
    """Look at the first line of a table.

    Raises:
        SourceError: no column names pictures, or there is no line to be read.
    """
    if not _is_table(path):
        return
    with _open(path) as file:
        separator, columns = _header(_Lines(file, limits))
    if separator is None:
        found = ", ".join(columns)[:_MOST_SHOWN] or "nothing"
        raise SourceError(
            f"The first line of {path} has these columns: {found}. One of them must be called {_or(KEYS)}, with "
            f"{_or(tuple(_SEPARATORS.values()))} between them; add it."
        )


def rows_of(path: Path, limits: Limits) -> Iterator[ListRow]:
    """Give the rows of a list; empty lines are passed over.

    Raises:
        OSError: it cannot be read.
    """
    with _open(path) as file:
        lines = _Lines(file, limits)
        for row in _table_rows(lines) if _is_table(path) else _json_rows(lines):
            yield (
                row
                if row.name is None or "\0" not in row.name
                else ListRow(row.number, None, "holds a zero byte; mend it")
            )


class _Lines:
    """The lines of a file, none longer than is allowed: such a line is left out and its number kept."""

    def __init__(self, file: IO[str], limits: Limits) -> None:
        self._file = file
        self._limits = limits
        self.number = 0
        self.too_long: list[int] = []

    def __iter__(self) -> Iterator[str]:
        most = self._limits.line_kb * 1_000
        while line := self._file.readline(most + 1):
            self.number += 1
            if len(line) <= most or line.endswith("\n"):
                yield line
                continue
            while line and not line.endswith(("\n", "\r")):
                line = self._file.readline(most + 1)
            self.too_long.append(self.number)
            yield "\n"

    def problems(self) -> Iterator[ListRow]:
        """Rows for what was left out since the last time."""
        while self.too_long:
            number = self.too_long.pop(0)
            problem = (
                f"is longer than {self._limits.line_kb:,} kB and was left out; shorten it, or allow more with --line-kb"
            )
            yield ListRow(number, None, problem)


class _Taken:
    """Lines, with those that were taken for one row: if it is none, they are given back, but for the first."""

    def __init__(self, lines: _Lines) -> None:
        self._source = lines
        self._new = iter(lines)
        self._again: deque[tuple[int, str]] = deque()
        self.lines: list[tuple[int, str]] = []

    def __iter__(self) -> _Taken:
        return self

    def __next__(self) -> str:
        if self._again:
            self.lines.append(self._again.popleft())
        else:
            line = next(self._new)
            self.lines.append((self._source.number, line))
        return self.lines[-1][1]

    def give_back(self) -> None:
        self._again.extendleft(reversed(self.lines[1:]))


def _is_table(path: Path) -> bool:
    return path.suffix.lower() in (".csv", ".tsv")


def _open(path: Path) -> IO[str]:
    with open(path, "rb") as file:
        beginning = file.read(4)
    encoding = next((name for bom, name in _BOMS if beginning.startswith(bom)), "utf-8")
    if encoding == "utf-8" and beginning[1:2] == b"\0":
        encoding = "utf-16-le"  # of a program that leaves the byte order mark out
    errors = "surrogateescape" if encoding.startswith("utf-8") else "replace"
    return open(path, encoding=encoding, errors=errors, newline="")


def _header(lines: _Lines) -> tuple[str | None, list[str]]:
    """Return what stands between the columns, None if no column names pictures; and the columns."""
    first = next(iter(lines), "")
    if first.lower().startswith("sep=") and len(first.strip()) <= 5:  # Excel's own way to say it
        first = next(iter(lines), "")
    found = [(separator, _columns(first, separator)) for separator in _SEPARATORS]
    for separator, columns in found:
        if set(columns) & set(KEYS):
            return separator, columns
    return None, max((columns for _, columns in found), key=len)


def _columns(line: str, separator: str) -> list[str]:
    try:
        cells = next(csv.reader([line], delimiter=separator), [])
    except csv.Error:
        return []
    return [cell.strip().lower() for cell in cells]


def _table_rows(lines: _Lines) -> Iterator[ListRow]:
    separator, columns = _header(lines)
    if separator is None:
        yield ListRow(1, None, f"names none of the columns {_or(KEYS)}; add it")
        return
    taken = _Taken(lines)
    reader = csv.reader(taken, delimiter=separator)
    while True:
        taken.lines.clear()
        try:
            cells, reason = next(reader, None), ""
            if len(taken.lines) > 1 and sum(line.count('"') for _, line in taken.lines) % 2:
                reason = "a quotation mark is missing"
        except csv.Error as error:
            cells, reason = [], str(error)
        yield from lines.problems()
        if reason:
            yield ListRow(taken.lines[0][0], None, f"is not a row of a table ({reason}); mend it")
            taken.give_back()
        elif cells is None:
            return
        elif cells:
            named = {column: cells[place] for place, column in enumerate(columns) if place < len(cells)}
            yield _row(taken.lines[-1][0], named)


def _json_rows(lines: _Lines) -> Iterator[ListRow]:
    for line in lines:
        yield from lines.problems()
        if not line.strip():
            continue
        try:
            found = parsed_json(line)
        except ValueError as error:
            yield ListRow(lines.number, None, f"is not JSON ({str(error)[:_MOST_SHOWN]}); mend it")
        else:
            yield _row(lines.number, found if isinstance(found, dict) else {"path": found})


def _row(number: int, cells: dict[str, Any]) -> ListRow:
    name = next((cells[key] for key in KEYS if isinstance(cells.get(key), str) and cells[key]), None)
    if name is None:
        return ListRow(number, None, f"names no picture; give it one of the keys {_or(KEYS)}")
    return ListRow(number, name)


def _or(keys: Sequence[str]) -> str:
    return f"{', '.join(keys[:-1])} or {keys[-1]}"
