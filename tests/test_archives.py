"""Archives as strangers make them: bombs, lying sizes, names of all countries, twins, locks, links; each is bounded."""

from __future__ import annotations

import bz2
import gzip
import io
import itertools
import lzma
import os
import stat
import struct
import tarfile
import time
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from batch_fakes import SETTINGS, fake_narrator, picture_bytes

from captioner.picture import MAX_BYTES
from lookaloud.archive import ArchiveError, open_archive
from lookaloud.batch import run_batch
from lookaloud.batch.sources import Choice, find_items
from lookaloud.exports.pictures import Pictures
from lookaloud.limits import Limits
from lookaloud.manifest import Record, read_manifest
from lookaloud.places import Places
from lookaloud.zip_names import CODE_PAGES, code_page_of, decoded_names

SMALL = Limits(max_entries=1000)


def records(*sources: str, limits: Limits = SMALL, redo: str | None = None) -> dict[str, Record]:
    settings = replace(SETTINGS, limits=limits)
    return {each.source: each for each in run_batch(fake_narrator(), sources, "out", settings=settings, redo=redo)}


def problems(*sources: str, limits: Limits = SMALL) -> dict[str, str]:
    """What became of reading each member: "" or the reason why it could not be read."""
    found = {}
    for item in find_items(sources, Choice(limits=limits)):
        try:
            if item.problem is not None:
                raise item.problem
            assert item.read is not None
            found[item.source] = "" if item.read() else "empty"
        except Exception as error:  # noqa: BLE001 - whatever it is, it is looked at
            found[item.source] = str(error)
    return found


@contextmanager
def memory_below(n_bytes: int) -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < n_bytes
    finally:
        tracemalloc.stop()


def write_zip(path: str, members: Sequence[tuple[str, bytes]], compression: int = zipfile.ZIP_STORED) -> None:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in members:
            archive.writestr(name, data)


def write_tar(path: str, members: Sequence[tuple[str, bytes]], mode: str = "w") -> None:
    with tarfile.open(path, mode) as archive:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(data), 1_700_000_000
            archive.addfile(info, io.BytesIO(data))


WRITERS: Mapping[str, Callable[[str, Sequence[tuple[str, bytes]]], None]] = {"p.zip": write_zip, "p.tar": write_tar}


# ---- Twins


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", WRITERS)
def test_members_of_one_name_are_pictures_of_their_own_and_done_once(in_folder: Path, name: str) -> None:
    names = ["a.png", "a.png#2", "a.png", "x/a.png", "a.png", "b.png#2", "b.png", "b.png"]
    members = [(each, picture_bytes(number)) for number, each in enumerate(names)]
    WRITERS[name](name, members)
    settings = Choice(include=["*"], limits=SMALL)
    keys = [item.member for item in find_items([name], settings)]
    assert keys == ["a.png", "a.png#2", "a.png#3", "x/a.png", "a.png#4", "b.png#2", "b.png", "b.png#3"]
    # Which members are taken changes no member's key.
    assert [item.member for item in find_items([name], Choice(limits=SMALL))] == [
        "a.png", "a.png#3", "x/a.png", "a.png#4", "b.png", "b.png#3",
    ]  # fmt: skip
    found = records(name)
    assert [record.is_ok for record in found.values()] == [True] * 6
    assert records(name) == {}
    by_key = dict(zip(keys, members, strict=True))
    with Pictures() as pictures:
        for record in read_manifest("out"):
            assert pictures.read(record) == by_key[record.member][1]
    with Places() as places:
        assert places.read(name, "b.png#2") == by_key["b.png#2"][1]
        with pytest.raises(KeyError):
            places.read(name, "a.png#5")


# ---- Members that are not read


def test_locked_members_say_so(in_folder: Path) -> None:
    write_zip("p.zip", [("a.png", picture_bytes(1)), ("b.png", picture_bytes(2)), ("c.png", picture_bytes(3))])
    data = bytearray(Path("p.zip").read_bytes())
    places = [index for index in range(len(data)) if data.startswith(b"PK\x01\x02", index)]
    data[places[0] + 8] |= 1  # locked as ever
    data[places[1] + 8] |= 1  # locked with AES, which is a way of packing of its own
    data[places[1] + 10 : places[1] + 12] = (99).to_bytes(2, "little")
    Path("p.zip").write_bytes(data)
    found = records("p.zip")
    assert found["p.zip!/a.png"].error == "p.zip!/a.png is locked with a password; unpack it first."
    assert found["p.zip!/b.png"].error == "p.zip!/b.png is locked with a password; unpack it first."
    assert found["p.zip!/c.png"].is_ok


@pytest.mark.parametrize(
    ("beginning", "sentence"),
    [
        (b"7z\xbc\xaf\x27\x1c", "is a 7z archive under another name"),
        (b"Rar!\x1a\x07\x01\x00", "is a RAR archive under another name"),
        (b"<!doctype html>", "is a web page"),
        (b"%PDF-1.7", "is a PDF file"),
        (b"\x89PNG\r\n", "is damaged or no archive of its kind"),
        (b"", "is damaged or no archive of its kind"),
    ],
)
def test_what_is_no_archive_is_called_what_it_is(in_folder: Path, beginning: bytes, sentence: str) -> None:
    Path("p.zip").write_bytes(beginning + (bytes(600) if beginning else b""))
    (found,) = problems("p.zip").values()
    assert found.startswith(f"p.zip {sentence}")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_members_that_would_lead_out_or_are_no_files_are_named(in_folder: Path) -> None:
    out = ["../a.png", "x/../../b.png", "/c.png", "C:/d.png", "..\\e.png", "\\\\host\\f.png", "C:g.png"]
    good = ["x/h.png", "x\\i.png", "x/k..png"]
    write_zip("p.zip", [(name, picture_bytes(number)) for number, name in enumerate([*out, *good, "../notes.txt"])])
    with zipfile.ZipFile("p.zip", "a") as archive:
        for name, kind in (("link.png", stat.S_IFLNK), ("device.png", stat.S_IFCHR), ("file.png", stat.S_IFREG)):
            info = zipfile.ZipInfo(name)
            info.create_system, info.external_attr = 3, (kind | 0o644) << 16
            archive.writestr(info, picture_bytes(1))
    found = {name.removeprefix("p.zip!/"): reason for name, reason in problems("p.zip").items()}
    assert [name for name, reason in found.items() if "leads out of its archive" in reason] == out
    assert [name for name, reason in found.items() if not reason] == [*good, "file.png"]
    assert "is a link" in found["link.png"]
    assert "is no picture but a device" in found["device.png"]
    assert len(found) == len(out) + len(good) + 3


def test_links_and_devices_in_tars_are_named(in_folder: Path) -> None:
    with tarfile.open("p.tar", "w") as archive:
        for name, kind in (
            ("a.png", tarfile.SYMTYPE), ("b.png", tarfile.LNKTYPE), ("c.png", tarfile.CHRTYPE),
            ("d.png", tarfile.FIFOTYPE), ("e", tarfile.SYMTYPE), ("dir.png", tarfile.DIRTYPE),
        ):  # fmt: skip
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
        info = tarfile.TarInfo("../f.png")
        info.size = 4
        archive.addfile(info, io.BytesIO(b"data"))
    found = {name.removeprefix("p.tar!/"): reason for name, reason in problems("p.tar").items()}
    assert {name: reason.split(" is ")[1][:12] for name, reason in list(found.items())[:4]} == {
        "a.png": "a link and n", "b.png": "a link and n", "c.png": "no picture b", "d.png": "no picture b",
    }  # fmt: skip
    assert "leads out" in found["../f.png"]
    assert len(found) == 5
    with Places() as places, pytest.raises(ArchiveError):
        places.read("p.tar", "a.png")


# ---- Bombs


def test_a_member_is_unpacked_to_the_size_of_a_picture_and_no_further(
    in_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lookaloud.archive.MAX_BYTES", 1_000_000)
    zeros = bytes(40_000_000)
    ways = {"stored": 0, "deflated": 8, "bzip2": 12, "lzma": 14}
    for name, way in ways.items():
        write_zip(f"{name}.zip", [("a.png", zeros), ("b.png", picture_bytes(1))], way)
        lie_about_size(f"{name}.zip", 900_000)  # and the size that it states does not help
    write_tar("x.tar.gz", [("a.png", zeros), ("b.png", picture_bytes(1))], "w:gz")
    del zeros
    for name in ways:
        # bzip2 packs all of these zeros into a few hundred bytes.
        with memory_below(12_000_000):
            found = problems(f"{name}.zip")
            assert "cannot be unpacked" in found[f"{name}.zip!/a.png"]
        assert found[f"{name}.zip!/b.png"] == ""
    with memory_below(5_000_000):
        assert "is larger than" in problems("x.tar.gz")["x.tar.gz!/a.png"]


@pytest.mark.parametrize("way", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_every_way_of_packing_gives_the_bytes_or_says_that_they_are_damaged(in_folder: Path, way: int) -> None:
    pictures = [picture_bytes(1), os.urandom(300_000), b"x" * 300_000]
    write_zip("p.zip", [(f"{number}.png", data) for number, data in enumerate(pictures)], way)
    items = find_items(["p.zip"], Choice(limits=SMALL))
    assert [item.read() for item in items if item.read is not None] == pictures
    data = bytearray(Path("p.zip").read_bytes())
    data[len(picture_bytes(1)) + 5_000] ^= 255
    Path("p.zip").write_bytes(data)
    assert [bool(reason) for reason in problems("p.zip").values()] == [False, True, False]


def lie_about_size(path: str, size: int) -> None:
    data = bytearray(Path(path).read_bytes())
    data[(at := data.index(b"PK\x01\x02")) + 24 : at + 28] = size.to_bytes(4, "little")
    Path(path).write_bytes(data)


def test_a_member_that_says_that_it_is_larger_is_not_unpacked(in_folder: Path) -> None:
    write_zip("p.zip", [("a.png", picture_bytes(1)), ("b.png", picture_bytes(2))])
    lie_about_size("p.zip", MAX_BYTES + 1)
    found = problems("p.zip")
    assert found == {"p.zip!/a.png": "p.zip!/a.png is larger than 200 MB; make it smaller.", "p.zip!/b.png": ""}


def test_members_that_lie_over_each_other_are_refused_as_a_whole(in_folder: Path) -> None:
    """As in Fifield's bomb: each local header stands inside the content of the one before."""
    kernel = zlib.compress(bytes(1_000_000), 9)[2:-4]
    n, headers = 50, b""
    entries: list[tuple[int, int]] = []
    for number in range(n):
        headers += struct.pack("<4s5H3I2H", b"PK\x03\x04", 20, 0, 8, 0, 0, 0, 0, 0, 6, 0) + f"{number:02}.png".encode()
    for number in range(n):
        at = number * 36
        entries.append((at, len(headers) - at - 36 + len(kernel)))
    directory = b"".join(
        struct.pack("<4s6H3I5H2I", b"PK\x01\x02", 20, 20, 0, 8, 0, 0, 0, size, 1_000_000, 6, 0, 0, 0, 0, 0, at)
        + f"{number:02}.png".encode()
        for number, (at, size) in enumerate(entries)
    )
    start = len(headers) + len(kernel)
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, n, n, len(directory), start, 0)
    Path("p.zip").write_bytes(headers + kernel + directory + end)
    write_zip("q.zip", [("a.png", picture_bytes(1))])
    found = problems("p.zip", "q.zip")
    assert list(found) == ["p.zip", "q.zip!/a.png"]
    assert "lie over each other" in found["p.zip"]


@pytest.mark.parametrize("n_stated", [3000, 2, 0])
def test_a_directory_of_millions_is_not_read_whatever_it_says(in_folder: Path, n_stated: int) -> None:
    entry = struct.pack("<4s6H3I5H2I", b"PK\x01\x02", 20, 20, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0) + b"a.png"
    n = 3000
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, n_stated, n_stated, len(entry) * n, 0, 0)
    Path("p.zip").write_bytes(entry * n + end)
    Path("q.zip").write_bytes(b"PK\x03\x04" + entry * n + end)
    long = struct.pack("<4s6H3I5H2I", b"PK\x01\x02", 20, 20, 0, 0, 0, 0, 0, 0, 0, 5, 60_000, 0, 0, 0, 0, 0)
    long = (long + b"a.png" + bytes(60_000)) * 900
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 900, 900, len(long), 4, 0)
    Path("r.zip").write_bytes(b"PK\x03\x04" + long + end)
    with memory_below(2_000_000):
        found = problems("p.zip", "q.zip", "r.zip")
    assert {name: reason.partition(";")[0] for name, reason in found.items()} == {
        name: f"{name} has more than 1,000 entries" for name in ("p.zip", "q.zip", "r.zip")
    }


def test_a_tar_of_more_entries_than_allowed_gives_those_and_a_row(in_folder: Path) -> None:
    write_tar("p.tar", [(f"{number}.png", b"x") for number in range(9)])
    found = problems("p.tar", limits=Limits(max_entries=5))
    assert list(found.values())[:5] == [""] * 5
    assert "has more than 5 entries; split it, or allow more with --max-entries" in list(found.values())[5]
    assert len(found) == 6


def header(name: bytes, size: int, kind: bytes, magic: bytes = b"ustar\x0000") -> bytes:
    """A TAR header; a negative size is written in base 256, as GNU does with large ones."""
    written = f"{size:011o}\0".encode() if size >= 0 else b"\xff" + (256**11 + size).to_bytes(11, "big")
    block = bytearray(name.ljust(100, b"\0") + b"0000644\0" + b"0000000\0" * 2 + written + b"00000000000\0")
    block += b" " * 8 + kind + bytes(100) + magic
    block += bytes(512 - len(block))
    block[148:156] = f"{sum(block):06o}\0 ".encode()
    return bytes(block)


def padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 512)


GOOD = header(b"good.png", 5, b"0") + padded(b"12345")


@pytest.mark.parametrize("kind", [b"x", b"g", b"L", b"K", b"X"])
def test_a_header_that_unpacks_to_hundreds_of_megabytes_is_not_read(in_folder: Path, kind: bytes) -> None:
    size = 300_000_000
    with gzip.open("p.tar.gz", "wb") as file:
        file.write(GOOD + header(b"pax", size, kind))
        for _ in range(30):
            file.write(bytes(10_000_000))
    with memory_below(5_000_000):
        found = problems("p.tar.gz", limits=Limits(max_ratio=10_000))
    assert found["p.tar.gz!/good.png"] == ""
    assert "header is longer than 1 MB" in found["p.tar.gz"]


def test_many_headers_one_after_the_other_are_bounded_together(in_folder: Path) -> None:
    def pax(number: int) -> bytes:
        text = f"k{number:05}={'v' * 500_000}\n".encode()
        text = f"{len(text) + 7:06} ".encode() + text
        return padded(text)

    for kind in (b"x", b"g"):
        chain = b"".join(header(b"pax", len(pax(n)), kind) + pax(n) for n in range(40))
        Path("p.tar").write_bytes(GOOD + chain + GOOD + bytes(1024))
        with memory_below(8_000_000):
            found = problems("p.tar")
        assert "header is longer than 1 MB" in found["p.tar"]
    spread = b"".join(header(b"pax", len(pax(n)), b"g") + pax(n) + GOOD for n in range(40))
    Path("p.tar").write_bytes(spread + bytes(1024))
    with memory_below(8_000_000):
        assert "header is longer than 1 MB" in problems("p.tar")["p.tar"]


def test_a_header_of_digits_is_not_gone_through_in_the_square_of_its_length(in_folder: Path) -> None:
    digits = padded(b"1" * 400_000)
    Path("p.tar").write_bytes(header(b"pax", len(digits), b"x") + digits + GOOD + bytes(1024))
    began = time.process_time()
    assert "header is longer" in problems("p.tar")["p.tar"]
    assert time.process_time() - began < 2.0


@pytest.mark.parametrize("kind", [b"0", b"x", b"5"])
def test_a_tar_whose_parts_go_backwards_ends(in_folder: Path, kind: bytes) -> None:
    for size in (-512, -1024, -(10**9)):
        Path("p.tar").write_bytes(GOOD + header(b"back.png", size, kind) + GOOD + bytes(1024))
        found = problems("p.tar")
        assert len(found) <= 4
        assert found["p.tar"]


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_a_packed_tar_unpacks_so_far_and_no_further(
    in_folder: Path, monkeypatch: pytest.MonkeyPatch, pack: Callable[[bytes], bytes]
) -> None:
    monkeypatch.setattr("lookaloud.archive._UNPACKED_BYTES", 5_000_000)
    bomb = GOOD + header(b"big.bin", 60_000_000, b"0") + bytes(60_000_000) + GOOD + bytes(1024)
    Path("p.tar.xz").write_bytes(pack(bomb))
    del bomb
    limits = Limits(max_ratio=2)
    with memory_below(20_000_000):
        found = problems("p.tar.xz", limits=limits)
    assert found["p.tar.xz!/good.png"] == ""
    assert "unpacks to more than 2 times its size" in found["p.tar.xz"]
    assert len(found) == 2
    assert "header" not in "".join(problems("p.tar.xz", limits=Limits(max_ratio=10**9)).values())


def test_a_sparse_file_of_terabytes_is_one_row(in_folder: Path) -> None:
    sparse = bytearray(header(b"sparse.png", 512, b"S", b"ustar  \0"))
    sparse[386:398], sparse[398:410] = b"00000000000\0", b"00000001000\0"
    sparse[483:495] = b"\x80" + (10**13).to_bytes(11, "big")
    sparse[148:156] = b" " * 8
    sparse[148:156] = f"{sum(sparse):06o}\0 ".encode()
    Path("p.tar").write_bytes(bytes(sparse) + bytes(512) + GOOD + bytes(1024))
    found = problems("p.tar")
    assert "is larger than 200 MB" in found["p.tar!/sparse.png"]
    assert found["p.tar!/good.png"] == ""


def test_a_tar_with_a_damaged_middle_says_that_the_rest_was_not_read(in_folder: Path) -> None:
    Path("p.tar").write_bytes(GOOD + b"rubbish".ljust(512, b"!") + GOOD + bytes(1024))
    found = problems("p.tar")
    assert found["p.tar!/good.png"] == ""
    assert "damaged in its middle" in found["p.tar"]
    Path("cut.tar").write_bytes(GOOD + GOOD[:700])
    assert [bool(reason) for reason in problems("cut.tar").values()][-1]
    Path("whole.tar").write_bytes(GOOD)  # without the zeros at its end, as some programs write it
    assert problems("whole.tar") == {"whole.tar!/good.png": ""}


def test_odd_times_and_names_harm_no_other_member(in_folder: Path) -> None:
    with tarfile.open("p.tar", "w", format=tarfile.PAX_FORMAT) as archive:
        for name, when in (("a.png", "nan"), ("b.png", "1e400"), ("c.png", "1.5")):
            info = tarfile.TarInfo(name)
            info.size, info.pax_headers = 4, {"mtime": when}
            archive.addfile(info, io.BytesIO(b"data"))
    items = list(find_items(["p.tar"], Choice(limits=SMALL)))
    assert [item.modified_ns for item in items] == [None, None, 1_500_000_000]
    write_zip("p.zip", [("a.png", b"1"), ("b.png", b"2")])
    data = Path("p.zip").read_bytes()
    Path("p.zip").write_bytes(data.replace(b"a.png", b"\0.png"))  # a name of no letter
    assert list(problems("p.zip")) == ["p.zip!/b.png"]


def test_an_archive_that_cannot_be_read_is_not_called_damaged(in_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    write_zip("p.zip", [("a.png", picture_bytes(1))])
    monkeypatch.setattr("lookaloud.places.open", full, raising=False)
    assert problems("p.zip") == {"p.zip": "p.zip could not be read (No space left on device); check it and try again."}


def test_an_archive_is_told_by_its_content(in_folder: Path) -> None:
    write_zip("inner.zip", [("inside.png", picture_bytes(1))])
    write_tar("a.zip", [("x.png", picture_bytes(2)), ("inner.zip", Path("inner.zip").read_bytes())])
    write_zip("b.tar", [("y.png", picture_bytes(3))])
    Path("c.zip").write_bytes(b"#!/bin/sh\n" + bytes(600) + Path("inner.zip").read_bytes())  # unpacks itself
    assert list(problems("a.zip", "b.tar", "c.zip")) == ["a.zip!/x.png", "b.tar!/y.png", "c.zip!/inside.png"]
    for path, key in (("a.zip", "x.png"), ("b.tar", "y.png"), ("c.zip", "inside.png")):
        with open(path, "rb") as file:
            assert open_archive(file, SMALL).read_key(key).startswith(b"\x89PNG")


# ---- Names


WORDS = {
    "cp932": "思い出 雪まつり 新宿駅前 となりの家 秋田犬 スキー場 花見 浴衣の姉 第二公園 鎌倉大仏",
    "gbk": "我的家人 广州塔 新年快乐 火车站 爸爸妈妈 红色的花 学校门口 雪山 苏州园林 大熊猫",
    "cp949": "우리집 눈사람 광화문 사진관 엄마와아빠 해운대 첫돌 학교앞 남산 놀이공원",
    "big5": "我的家人 淡水老街 新年快樂 火車站 爸爸媽媽 紅色的花 學校門口 雪山 阿里山 貓空",
    "cp866": "Отдых Сочи Зима мама_и_папа щенок Красная_площадь озеро 8_марта огород Эрмитаж",
    "cp1251": "Отдых Сочи Зима мама_и_папа щенок Красная_площадь озеро 8_марта огород Эрмитаж",
    "cp850": "Münster Fête Straße Año_nuevo Bjørn Île_de_Ré Weihnachtsmärkte Praça Pâques Göteborg",
}
assert set(WORDS) <= set(CODE_PAGES)


def write_windows_zip(path: str, names: Sequence[bytes], *, extra: Sequence[bytes] = ()) -> None:
    """A ZIP as Windows writes it: names in its own code page, and no word of that."""
    stand_ins = [f"{number:03}".ljust(len(name), "_") for number, name in enumerate(names)]
    with zipfile.ZipFile(path, "w") as archive:
        for number, stand_in in enumerate(stand_ins):
            info = zipfile.ZipInfo(stand_in)
            info.create_system = 0
            info.extra = extra[number] if extra else b""
            archive.writestr(info, picture_bytes(number))
    data = Path(path).read_bytes()
    for stand_in, name in zip(stand_ins, names, strict=True):
        data = data.replace(stand_in.encode(), name)
    Path(path).write_bytes(data)


@pytest.mark.parametrize("page", WORDS)
def test_names_of_windows_in_its_own_code_page_are_read_and_found_again(in_folder: Path, page: str) -> None:
    names = [f"{word}/{word}{number}.png" for number, word in enumerate(WORDS[page].split())]
    write_windows_zip("p.zip", [name.encode(page) for name in names])
    items = list(find_items(["p.zip"], Choice(limits=SMALL)))
    assert [item.member for item in items] == names
    with Places() as places:
        for number, name in enumerate(names):
            assert places.read("p.zip", name) == picture_bytes(number)


@pytest.mark.parametrize("page", WORDS)
def test_few_names_are_enough(page: str) -> None:
    words = WORDS[page].split()
    pairs = [[f"{one}.png", f"{other} 2.jpg"] for one, other in itertools.pairwise(words)]
    right = [decoded_names([name.encode(page) for name in pair]) == pair for pair in pairs]
    assert sum(right) >= len(pairs) - 1


def test_a_few_pictures_are_described_under_their_names(in_folder: Path) -> None:
    write_windows_zip("p.zip", ["写真/海.png".encode("cp932"), "写真/富士山.png".encode("cp932")])
    assert set(records("p.zip")) == {"p.zip!/写真/海.png", "p.zip!/写真/富士山.png"}
    assert records("p.zip") == {}


def test_utf8_without_a_mark_and_what_fits_nothing() -> None:
    assert code_page_of(["Größe.png".encode()]) == "utf-8"
    assert code_page_of([b"plain.png"]) == "utf-8"
    assert code_page_of([]) == "utf-8"
    odd = [bytes(range(128, 256)), b"\xff\xfe\xfd.png"]
    assert [name.encode("cp437") for name in decoded_names(odd)] == odd


def test_info_zips_own_name_comes_first_if_it_is_of_that_name(in_folder: Path) -> None:
    raw = [b"f\x81r.png", b"sm\x94r.png"]

    def field(number: int, name: str) -> bytes:
        body = b"\x01" + struct.pack("<I", zlib.crc32(raw[number])) + name.encode()
        return struct.pack("<HH", 0x5455, 1) + b"\0" + struct.pack("<HH", 0x7075, len(body)) + body

    wrong = field(1, "x.png").replace(struct.pack("<I", zlib.crc32(raw[1])), b"\0\0\0\0")
    write_windows_zip("q.zip", raw, extra=[field(0, "für 你.png"), wrong])
    assert [item.member for item in find_items(["q.zip"], Choice(limits=SMALL))] == ["für 你.png", "smör.png"]


def test_marked_names_are_taken_as_they_are(in_folder: Path) -> None:
    write_zip("p.zip", [("写真.png", picture_bytes(1)), ("café.png", picture_bytes(2))])
    assert list(problems("p.zip")) == ["p.zip!/写真.png", "p.zip!/café.png"]
    assert os.path.exists("p.zip")
