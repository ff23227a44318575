"""Text in pictures: written by our own code, read back by exiftool, which knows nothing of it."""

from __future__ import annotations

import io
import json
import random
import shutil
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pictures import encoded, four_fields, mutated
from PIL import Image, ImageCms

from lookaloud.exports.containers import container_of
from lookaloud.exports.embed import Embedded, embed_texts
from lookaloud.exports.jpeg import MAX_PACKET
from lookaloud.exports.xmp import ALT_TEXT, CORE, DESCRIPTION, UnmergeableError, fields_in, packet_with

ALT = "Zwei Hunde <b>\"&'</b> 犬."
LONG = "A dog runs.\nIt says: ]]> &amp; שלום \u202eabc."

XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="A program 1.0">
 <!-- a comment -->
 <r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <r:Description r:about="uuid:1" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:own="http://example.org/own/"
    xmlns:Iptc4xmpCore="http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/" own:Secret="42" Iptc4xmpCore:Location="Alfama">
   <dc:title><r:Alt><r:li xml:lang="x-default">Größe</r:li><r:li xml:lang="fr">Taille</r:li></r:Alt></dc:title>
   <dc:subject><r:Bag><r:li>one</r:li><r:li>two</r:li></r:Bag></dc:subject>
  {more}</r:Description>
 </r:RDF>
</x:xmpmeta>
{padding}<?xpacket end="w"?>"""
HUMAN = (
    '<Iptc4xmpCore:AltTextAccessibility><r:Alt><r:li xml:lang="x-default">A person wrote this.</r:li>'
    '<r:li xml:lang="fr">En français.</r:li></r:Alt></Iptc4xmpCore:AltTextAccessibility>'
)
KINDS = ("jpg", "png", "webp", "tiff")


def xmp(*, more: str = "", padding: str = " " * 2000 + "\n") -> bytes:
    return XMP.format(more=more, padding=padding).encode()


def picture(kind: str, packet: bytes = b"", *, icc: bool = True, **options: Any) -> bytes:
    """A picture with EXIF, a colour profile and, where asked, XMP."""
    exif = Image.Exif()
    exif[0x010F] = "A maker"
    exif[0x0132] = "2001:02:03 04:05:06"
    if icc:
        options["icc_profile"] = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    name = {"jpg": "JPEG", "png": "PNG", "webp": "WEBP", "tiff": "TIFF"}[kind]
    if packet and kind == "png":
        from PIL.PngImagePlugin import PngInfo

        options["pnginfo"] = PngInfo()
        options["pnginfo"].add_itxt("XML:com.adobe.xmp", packet.decode(), zip=True)
    elif packet and kind == "tiff":
        exif[700] = packet
    elif packet:
        options["xmp"] = packet
    return encoded(four_fields(), name, exif=exif, **options)


@pytest.fixture
def told(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """What exiftool says of a file's bytes."""
    if shutil.which("exiftool") is None:
        pytest.skip(
            "NOT TESTED: exiftool is missing, so nothing independent reads the texts back. "
            "Install it: apt-get install libimage-exiftool-perl"
        )

    def tell(data: bytes, kind: str) -> dict[str, Any]:
        path = tmp_path / f"{random.random()}.{kind}"
        path.write_bytes(data)
        arguments = ["exiftool", "-j", "-G1", "-struct", "-a", "-charset", "utf8", "-validate", "-warning", str(path)]
        arguments += ["-all", "-XMP-iptcCore:all"]
        (row,) = json.loads(subprocess.run(arguments, capture_output=True, check=True).stdout)
        return {key: value for key, value in row.items() if not key.startswith(("System:", "SourceFile"))}

    return tell


def pixels(data: bytes) -> bytes:
    with Image.open(io.BytesIO(data)) as image:
        return image.convert("RGBA").tobytes()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("before", [b"", xmp()], ids=["bare", "with-xmp"])
def test_exiftool_reads_both_texts_and_all_that_was_there(
    told: Callable[..., dict[str, Any]], kind: str, before: bytes
) -> None:
    source = picture(kind, before)
    result = embed_texts(source, ALT, LONG)
    assert result.kept == frozenset()
    first, after = told(source, kind), told(result.data, kind)
    assert after[f"XMP-iptcCore:{ALT_TEXT}"] == ALT
    assert after[f"XMP-iptcCore:{DESCRIPTION}"] == LONG
    changed = {key for key in first if first[key] != after.get(key)}
    assert {key for key in changed if "StripOffsets" not in key} <= {"RIFF:WebP_Flags"}
    assert first["IFD0:Make"] == "A maker"
    assert first["ICC-header:ProfileVersion"]
    assert after["IFD0:ModifyDate"] == "2001:02:03 04:05:06"
    if before:
        assert after["XMP-dc:Title"] == {"x-default": "Größe", "fr": "Taille"} or after["XMP-dc:Title"] == "Größe"
        assert after["XMP-own:Secret"] == 42
        assert after["XMP-iptcCore:Location"] == "Alfama"
        assert after["XMP-dc:Subject"] == ["one", "two"]
    assert after.get("ExifTool:Warning") == first.get("ExifTool:Warning")
    assert pixels(result.data) == pixels(source)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_not_xmp_stays_byte_for_byte(kind: str) -> None:
    source = picture(kind, b"")
    result = embed_texts(source, ALT, LONG).data
    if kind == "tiff":
        assert result[:4] == source[:4]
        assert result[8 : len(source)] == source[8:]
    elif kind == "jpg":
        start, end = result.index(b"\xff\xe1", 4), len(result) - len(source)
        start = next(at for at in range(len(source)) if source[at] != result[at])
        assert source[:start] + source[start:] == result[:start] + result[start + end :]
    elif kind == "png":
        at = source.index(b"IDAT") - 4
        assert result[:at] == source[:at]
        assert result.endswith(source[at:])
    else:
        assert source[30:] in result


def test_the_packet_that_was_there_is_changed_at_one_place() -> None:
    before = xmp()
    after = packet_with({ALT_TEXT: ALT}, before)
    place = before.index(b"</r:RDF>")
    assert after.startswith(before[:place])
    assert after.endswith(before[place:])


@pytest.mark.parametrize("kind", KINDS)
def test_a_persons_text_is_kept_unless_asked(told: Callable[..., dict[str, Any]], kind: str) -> None:
    source = picture(kind, xmp(more=HUMAN))
    kept = embed_texts(source, ALT, LONG)
    assert kept.kept == {ALT_TEXT}
    after = told(kept.data, kind)
    assert after[f"XMP-iptcCore:{ALT_TEXT}"] in (
        {"x-default": "A person wrote this.", "fr": "En français."},
        "A person wrote this.",
    )
    assert after[f"XMP-iptcCore:{DESCRIPTION}"] == LONG
    replaced = embed_texts(source, ALT, LONG, replace=True)
    assert replaced.kept == frozenset()
    assert told(replaced.data, kind)[f"XMP-iptcCore:{ALT_TEXT}"] == ALT
    assert b"A person wrote this." not in container_of(replaced.data).read(replaced.data)  # type: ignore[union-attr]
    assert embed_texts(kept.data, "x", "y") == Embedded(kept.data, frozenset({ALT_TEXT, DESCRIPTION}))


@pytest.mark.parametrize("kind", KINDS)
def test_writing_twice_gives_the_same_file(kind: str) -> None:
    once = embed_texts(picture(kind), ALT, LONG, replace=True).data
    again = embed_texts(once, ALT, LONG, replace=True).data
    assert again.count(ALT_TEXT.encode()) == once.count(ALT_TEXT.encode()) + (2 if kind == "tiff" else 0)
    assert pixels(again) == pixels(once)


def test_a_long_description_is_parted_over_segments_of_a_jpeg(told: Callable[..., dict[str, Any]]) -> None:
    words = " ".join(f"word{number}" for number in range(20_000))
    source = picture("jpg", xmp())
    after = told(embed_texts(source, ALT, words).data, "jpg")
    assert len(words) > 2 * 65_536
    assert after[f"XMP-iptcCore:{DESCRIPTION}"] == words
    assert after[f"XMP-iptcCore:{ALT_TEXT}"] == ALT
    assert after["XMP-own:Secret"] == 42
    assert after["ExifTool:Validate"] == told(source, "jpg")["ExifTool:Validate"]
    once = embed_texts(source, ALT, words).data
    assert embed_texts(once, "x", "y").kept == {ALT_TEXT, DESCRIPTION}
    with pytest.raises(UnmergeableError, match="left as it is"):
        embed_texts(once, "x", "y", replace=True)
    for kind in ("png", "webp", "tiff"):
        assert told(embed_texts(picture(kind), ALT, words).data, kind)[f"XMP-iptcCore:{DESCRIPTION}"] == words


def test_padding_makes_room_before_anything_is_refused(told: Callable[..., dict[str, Any]]) -> None:
    full = MAX_PACKET - len(xmp(padding=""))
    source = picture("jpg", xmp(padding=" " * full))
    assert told(embed_texts(source, ALT, LONG).data, "jpg")[f"XMP-iptcCore:{DESCRIPTION}"] == LONG
    dense = xmp(more=f"<dc:rights>{'x' * (full - 30)}</dc:rights>", padding="")
    with pytest.raises(UnmergeableError, match="no room"):
        embed_texts(picture("jpg", dense), ALT, LONG)


@pytest.mark.parametrize(
    ("options", "alpha"), [({"quality": 80}, False), ({"lossless": True}, False), ({"lossless": True}, True)]
)
def test_a_simple_webp_gets_the_header_it_needs(
    told: Callable[..., dict[str, Any]], options: dict[str, Any], alpha: bool
) -> None:
    image = four_fields()
    if alpha:
        image.putalpha(7)
    source = encoded(image, "WEBP", **options)
    assert source[12:16] in (b"VP8 ", b"VP8L")
    result = embed_texts(source, ALT, LONG).data
    flags = result[20]
    assert (bool(flags & 4), bool(flags & 16)) == (True, alpha)
    assert Image.open(io.BytesIO(result)).size == image.size
    assert pixels(result) == pixels(source)
    assert told(result, "webp")[f"XMP-iptcCore:{ALT_TEXT}"] == ALT


def test_animations_pages_and_further_pictures_stay(told: Callable[..., dict[str, Any]]) -> None:
    more = {"save_all": True, "append_images": [Image.new("RGB", (48, 32), "navy")]}
    for kind, name in (("png", "PNG"), ("webp", "WEBP"), ("tiff", "TIFF"), ("jpg", "MPO")):
        source = encoded(four_fields(), name, **more)
        result = embed_texts(source, ALT, LONG).data
        for data in (source, result):
            with Image.open(io.BytesIO(data)) as image:
                assert getattr(image, "n_frames", 1) == 2, name
                image.seek(1)
                assert image.convert("RGB").getpixel((24, 16))[2] > 100  # type: ignore[index]
        assert told(result, kind)[f"XMP-iptcCore:{ALT_TEXT}"] == ALT


def test_a_list_of_pictures_before_the_packet_is_left_alone() -> None:
    source = encoded(four_fields(), "MPO", save_all=True, append_images=[four_fields()])
    packet = b"http://ns.adobe.com/xap/1.0/\0" + xmp()
    place = source.index(b"\xff\xe2")
    place += 2 + int.from_bytes(source[place + 2 : place + 4], "big")
    late = source[:place] + b"\xff\xe1" + struct.pack(">H", len(packet) + 2) + packet + source[place:]
    with pytest.raises(UnmergeableError, match="counts bytes"):
        embed_texts(late, ALT, LONG)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("big", [False, True])
def test_every_kind_of_tiff(told: Callable[..., dict[str, Any]], order: str, big: bool) -> None:
    result = embed_texts(tiff(order, big=big), ALT, LONG).data
    after = told(result, "tiff")
    assert after[f"XMP-iptcCore:{DESCRIPTION}"] == LONG
    assert after["IFD0:ImageWidth"] == 2
    if not big:
        assert pixels(result) == pixels(tiff(order, big=big))


def tiff(order: str, *, big: bool) -> bytes:
    """A TIFF of 2 x 1 grey pixels, written by hand."""
    head = b"II" if order == "<" else b"MM"
    head += struct.pack(order + "HHHQ", 43, 8, 0, 24) if big else struct.pack(order + "HI", 42, 16)
    head = head.ljust(24 if big else 16, b"\0")
    head = head[:-2] + bytes([10, 200])
    values = [(256, 2), (257, 1), (258, 8), (259, 1), (262, 1), (273, len(head) - 2), (277, 1), (278, 1), (279, 2)]
    form = order + ("HHQQ" if big else "HHII")
    rows = b"".join(struct.pack(form, tag, 16 if big else 4, 1, value) for tag, value in values)
    count = struct.pack(order + ("Q" if big else "H"), len(values))
    return head + count + rows + struct.pack(order + ("Q" if big else "I"), 0)


@pytest.mark.parametrize(
    ("packet", "reason"),
    [
        (b"<x:xmpmeta", "damaged"),
        (b"no XML", "damaged"),
        (b"<a/>", "no RDF"),
        (b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "entities"),
    ],
)
def test_xmp_that_cannot_be_added_to_is_left_alone(packet: bytes, reason: str) -> None:
    for kind in ("jpg", "webp", "tiff"):
        with pytest.raises(UnmergeableError, match=reason):
            embed_texts(picture(kind, packet), ALT, LONG)


def test_odd_packets_are_understood() -> None:
    declared = b'<?xml version="1.0"?>' + xmp()
    assert fields_in(packet_with({ALT_TEXT: "x"}, declared)) == {ALT_TEXT}
    wide = xmp().decode().encode("utf-16")
    assert "Größe".encode() in packet_with({ALT_TEXT: "x"}, wide)
    assert fields_in(packet_with({ALT_TEXT: "x"}, xmp() + b"\0\0\0")) == {ALT_TEXT}
    short = xmp(more=f'</r:Description><r:Description Iptc4xmpCore:{ALT_TEXT}="y" xmlns:Iptc4xmpCore="{CORE}">')
    assert fields_in(short) == {ALT_TEXT}
    replaced = packet_with({ALT_TEXT: "x"}, short, replace=True)
    assert fields_in(replaced) == {ALT_TEXT}
    assert b'AltTextAccessibility="y"' not in replaced
    twice = short.replace(b"Iptc4xmpCore:Alt", b'r:AltTextAccessibility="z" Iptc4xmpCore:Alt')
    with pytest.raises(UnmergeableError, match="cannot be replaced"):
        packet_with({ALT_TEXT: "x"}, twice, replace=True)


def test_other_kinds_and_damaged_files_are_refused(tmp_path: Path) -> None:
    for data in (b"", b"GIF89a" + bytes(50), b"BM" + bytes(50), b"\xff\xd8\xff", b"II*\0", b"RIFF\0\0\0\0WEBP"):
        with pytest.raises(UnmergeableError):
            embed_texts(data, ALT, LONG)


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's, over damaged TIFFs
def test_damage_is_refused_or_does_no_more_damage(tmp_path: Path) -> None:
    n_written = 0
    for path in mutated(tmp_path, 330, 5):
        data = path.read_bytes()
        try:
            result = embed_texts(data, ALT, LONG).data
        except UnmergeableError:
            continue
        n_written += 1
        assert fields_in(container_of(result).read(result)) == {ALT_TEXT, DESCRIPTION}  # type: ignore[union-attr]
        try:
            before = pixels(data)
        except Exception:  # noqa: BLE001 - Pillow raises many kinds over damaged pictures
            continue
        assert pixels(result) == before, path
    assert n_written > 100
