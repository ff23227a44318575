"""Lists of pictures as spreadsheets and strangers write them: separators, encodings, endless lines, no rows."""

from __future__ import annotations

import json
import os
import tracemalloc
from dataclasses import replace
from pathlib import Path

import pytest
from batch_fakes import SETTINGS, fake_narrator, picture_bytes

from lookaloud.batch import run_batch
from lookaloud.batch.lists import rows_of
from lookaloud.batch.sources import Choice, find_items
from lookaloud.errors import SourceError
from lookaloud.limits import Limits
from lookaloud.manifest import Record

SMALL = Limits(line_kb=10)


def named(path: str, limits: Limits = SMALL) -> list[str]:
    """What each line names, or the number of a line that names nothing."""
    rows = rows_of(Path(path), limits)
    return [row.name if row.name is not None else f"{row.number}: {row.problem}" for row in rows]


def records(*sources: str) -> dict[str, Record]:
    settings = replace(SETTINGS, limits=SMALL)
    return {each.source: each for each in run_batch(fake_narrator(), sources, "out", settings=settings)}


TABLE = [["title", "path"], ["a; b, c", "ph/a.png"], ['say "hi"\nthere', "ph/ü b.png"], ["", "c.png"]]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_tables_of_spreadsheets_are_read(in_folder: Path, separator: str, encoding: str, end: str) -> None:
    text = end.join(separator.join(f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in row) for row in TABLE)
    Path("list.csv").write_bytes(text.encode(encoding))
    assert named("list.csv") == ["ph/a.png", "ph/ü b.png", "c.png"]
    assert list(find_items(["list.csv"], Choice())) != []
    plain = end.join(
        separator.join(row) for row in [["Path ", "x"], ["a.png", "1"], ["b.png"], ["c.png", "2", "3"], []]
    )
    Path("list.csv").write_bytes(plain.encode(encoding))
    assert named("list.csv") == ["a.png", "b.png", "c.png"]


def test_a_list_with_semicolons_is_described(in_folder: Path) -> None:
    Path("ph").mkdir()
    Path("ph/a.png").write_bytes(picture_bytes(1))
    Path("ph/A, B.png").write_bytes(picture_bytes(2))
    Path("semi.csv").write_bytes(b"\xef\xbb\xbfpath;title\r\nph/a.png;x\r\nph/A, B.png;y\r\n")
    Path("tabs.tsv").write_bytes(b"sep=\t\r\nnumber\tfile\r\n1\tph/a.png\r\n")
    found = records("semi.csv", "tabs.tsv")
    assert {Path(source).name: record.status for source, record in found.items()} == {"a.png": "ok", "A, B.png": "ok"}


def test_one_column_may_have_commas_in_its_names_no_more_than_before(in_folder: Path) -> None:
    Path("list.csv").write_text('path\n"a,b.png"\nc;d.png\n')
    assert named("list.csv") == ["a,b.png", "c;d.png"]


@pytest.mark.parametrize(
    ("first", "found"),
    [("name;title", "name, title"), ("name,title\n", "name, title"), ("", "nothing"), ("x" * 5000, "x" * 200 + ". ")],
)
def test_a_table_without_a_column_of_pictures_is_told_what_it_has(in_folder: Path, first: str, found: str) -> None:
    Path("list.csv").write_text(first)
    with pytest.raises(SourceError) as raised:
        list(find_items(["list.csv"], Choice()))
    assert f"The first line of list.csv has these columns: {found}" in str(raised.value)
    assert "path, source, image, file or url" in str(raised.value)
    assert "commas, semicolons or tabs" in str(raised.value)
    assert len(str(raised.value)) < 500


def test_a_line_without_end_is_one_row_and_is_not_kept_in_memory(in_folder: Path) -> None:
    with open("list.jsonl", "wb") as file, open("list.csv", "wb") as table:
        file.write(b'{"path": "a.png"}\n{"path": "')
        table.write(b"path,title\na.png,1\n")
        for _ in range(40):
            file.write(b"x" * 1_000_000)
            table.write(b"x" * 1_000_000)
        file.write(b'"}\n{"path": "b.png"}\n')
        table.write(b"\nb.png,2\n")
    for name, number in (("list.jsonl", 2), ("list.csv", 3)):
        tracemalloc.start()
        found = named(name)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 2_000_000
        assert [found[0], found[2]] == ["a.png", "b.png"]
        assert found[1] == f"{number}: is longer than 10 kB and was left out; shorten it, or allow more with --line-kb"
        assert len(found) == 3
    Path("last.jsonl").write_bytes(b'"a.png"\n"' + b"x" * 20_000)
    assert [each[:12] for each in named("last.jsonl")] == ["a.png", "2: is longer"]
    Path("first.csv").write_bytes(b"x" * 20_000)
    with pytest.raises(SourceError, match="nothing"):
        list(find_items(["first.csv"], Choice(limits=SMALL)))


def test_lines_that_are_no_rows_are_rows_of_their_own_and_the_others_go_on(in_folder: Path) -> None:
    lines = [
        b'{"path": "a.png"}', b"[" * 5_000, b"{" * 3_000, b'{"path": 5}', b'{"path": ["a.png"]}', b'{"path": null}',
        b"5", b"null", b"[]", b'"b.png"', b"{nonsense", b'{"path": NaN}', b'{"path": "\\u0000.png"}', b"\xff\xfe\x00",
        b'{"path": ""}', b'{"image": "c.png", "path": 7}', b'{"path": "d.png", "x": 1e999}', b"",
    ]  # fmt: skip
    Path("list.jsonl").write_bytes(b"\n".join(lines))
    found = named("list.jsonl")
    assert [name for name in found if ": " not in name] == ["a.png", "b.png", "c.png"]
    assert [name.partition(":")[0] for name in found if ": " in name] == [
        "2", "3", "4", "5", "6", "7", "8", "9", "11", "12", "13", "14", "15", "17",
    ]  # fmt: skip
    assert found[1].startswith("2: is not JSON (it is nested too deeply)")


def test_names_that_no_file_can_have_are_failed_rows(in_folder: Path) -> None:
    Path("a.png").write_bytes(picture_bytes(1))
    names = ["a.png", "\ud800.png", "x" * 300 + ".png", "\0.png", "://", "http://", "s3:///", "\n"]
    Path("list.jsonl").write_text("".join(json.dumps({"path": name}) + "\n" for name in names))
    found = records("list.jsonl")
    assert len(found) == len(names)
    assert sum(record.is_ok for record in found.values()) == 1
    assert not [record.error for record in found.values() if "Lookaloud has a fault" in (record.error or "")]
    assert records("list.jsonl") == {}


def test_a_missing_quotation_mark_costs_its_own_row_only(in_folder: Path) -> None:
    rows = [f"{number}.png,title" for number in range(20_000)]
    rows[2] = '2.png,"title'
    rows[19_990] = '19990.png,"title'
    Path("list.csv").write_text("path,title\n" + "\n".join(rows) + "\n")
    found = named("list.csv")
    assert found[2] == "4: is not a row of a table (field larger than field limit (131072)); mend it"
    assert found[19_990] == "19992: is not a row of a table (a quotation mark is missing); mend it"
    assert [name for name in found if ": " not in name] == [
        f"{number}.png" for number in range(20_000) if number not in (2, 19_990)
    ]


def test_a_list_that_is_a_pipe_or_is_gone_is_said(in_folder: Path) -> None:
    os.mkfifo("list.csv")
    with pytest.raises(SourceError, match="There is no list"):
        list(find_items(["list.csv"], Choice()))
