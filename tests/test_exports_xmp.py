"""What else is in a picture file stays when it gets its texts: compared by exiftool, and block by block."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import struct
import subprocess
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from exports_batch import described, write_rows
from pictures import encoded, four_fields
from PIL import Image, ImageCms

from lookaloud.exports import ExportOptions, write_exports
from lookaloud.exports.alt_text import FOLDER
from lookaloud.exports.embed import embed_texts
from lookaloud.exports.xmp import ALT_TEXT, CORE, DESCRIPTION, RDF, UnmergeableError, packet_with

ALT, LONG = "A dog runs.", "A dog runs. The sign says: Main Street."
OURS = ("[XMP-iptcCore] AltTextAccessibility", "[XMP-iptcCore] ExtDescrAccessibility")
MAIN, MORE = b"http://ns.adobe.com/xap/1.0/\0", b"http://ns.adobe.com/xmp/extension/\0"
NAMES = (
    f'xmlns:r="{RDF}" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:c="{CORE}" xmlns:own="http://example.org/o/"'
)


def packet(inside: str, attributes: str = "") -> bytes:
    head = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    body = f'<r:RDF {NAMES}><r:Description r:about=""{attributes}>{inside}</r:Description></r:RDF></x:xmpmeta>'
    return f'{head}{body}\n{" " * 300}\n<?xpacket end="w"?>'.encode()


def texts(name: str, **languages: str) -> str:
    items = "".join(f'<r:li xml:lang="{each.replace("_", "-")}">{text}</r:li>' for each, text in languages.items())
    return f"<c:{name}><r:Alt>{items}</r:Alt></c:{name}>"


@pytest.fixture
def tags(tmp_path: Path) -> Callable[[bytes], list[str]]:
    """Every tag that exiftool finds in a file, in order, unknown and double ones too, but for those of the file."""
    if shutil.which("exiftool") is None:
        pytest.skip(
            "NOT TESTED: exiftool is missing, so nothing independent compares what stays. "
            "Install it: apt-get install libimage-exiftool-perl"
        )

    def tell(data: bytes) -> list[str]:
        path = tmp_path / "told"
        path.write_bytes(data)
        command = ["exiftool", "-a", "-u", "-G1", "-s", "-charset", "utf8", "-api", "LargeFileSupport=1", str(path)]
        lines = subprocess.run(command, capture_output=True, check=True).stdout.decode().splitlines()
        moved = ("[System]", "[ExifTool] ExifToolVersion", "[MPImage2] MPImageStart")
        moved += ("[RIFF] WebP_Flags", "[RIFF]          WebP_Flags")
        squeezed = [" ".join(line.split(maxsplit=2)) for line in lines]
        return [line for line in squeezed if not line.startswith(moved) and "StripOffsets" not in line]

    return tell


def stays(tags: Callable[[bytes], list[str]], source: bytes, *, replace: bool = False, decode: bool = True) -> bytes:
    """The file with its texts, once exiftool has found everything else in it as it was."""
    result = embed_texts(source, ALT, LONG, replace=replace).data
    before, after = tags(source), tags(result)
    assert [line for line in after if not line.startswith(OURS)] == [
        line for line in before if not line.startswith(OURS)
    ]
    assert f"{OURS[0]} : {ALT}" in after
    assert f"{OURS[1]} : {LONG}" in after
    if decode:
        with Image.open(io.BytesIO(source)) as old, Image.open(io.BytesIO(result)) as new:
            assert (old.mode, old.tobytes()) == (new.mode, new.tobytes())
    return result


# JPEG


def segment(marker: int, content: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(content) + 2) + content


def segments(data: bytes) -> list[tuple[int, bytes]]:
    """Marker and content of each segment before the pixels, and the rest of the file as the last."""
    found, at = [], 2
    while data[at + 1] != 0xDA:
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        found.append((data[at + 1], data[at + 4 : end]))
        at = end
    return [*found, (0xDA, data[at:])]


def rest_in_segments(rest: bytes, name: bytes | None = None) -> bytes:
    name = name or hashlib.md5(rest).hexdigest().upper().encode()
    pieces = [(start, rest[start : start + 5000]) for start in range(0, len(rest), 5000)]
    return b"".join(
        segment(0xE1, MORE + name + struct.pack(">II", len(rest), start) + piece) for start, piece in pieces
    )


def full_jpeg(main: bytes | None) -> bytes:
    """A JPEG with a block of every kind that cameras and editors write, the packet among them."""
    exif = Image.Exif()
    exif[0x010F], exif[0x9286] = "A maker", "a comment"
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    second = encoded(four_fields(), "JPEG")
    plain = encoded(four_fields(), "MPO", exif=exif, icc_profile=icc, save_all=True, append_images=[four_fields()])
    rest = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><r:RDF {NAMES}><r:Description r:about=""><dc:rights><r:Alt>'
    rest += (
        f'<r:li xml:lang="x-default">{"mine " * 2000}</r:li></r:Alt></dc:rights></r:Description></r:RDF></x:xmpmeta>'
    )
    digest = hashlib.md5(rest.encode()).hexdigest().upper()
    iptc = b"\x1c\x02\x78\x00\x09A caption" + b"\x1c\x02\x19\x00\x03dog"
    irb = b"8BIM\x04\x04\0\0" + struct.pack(">I", len(iptc)) + iptc + b"\0" * (len(iptc) % 2)
    irb += b"8BIM\x04\x0a\0\0\0\0\0\x01\x01\0"  # copyright flag
    describing = b"\0\0\0\x1ejumdc2pa\0\x11\0\x10\x80\0\0\xaa\0\x38\x9b\x71\x03c2pa\0"
    jumbf = b"JP\0\x01\0\0\0\x01" + struct.pack(">I", 8 + len(describing)) + b"jumb" + describing
    added = [segment(0xE5, b"UNKNOWN\0" + bytes(range(256)))]
    if main is not None:
        named = main.replace(b"</r:Description>", b"<n:HasExtendedXMP xmlns:n='http://ns.adobe.com/xmp/note/'>%b"
                             b"</n:HasExtendedXMP></r:Description>" % digest.encode())  # fmt: skip
        added += [segment(0xE1, MAIN + named), rest_in_segments(rest.encode()), rest_in_segments(b"stray", b"F" * 32)]
        added += [segment(0xE1, MAIN + packet("<dc:source>a second packet</dc:source>"))]
    added += [segment(0xEB, jumbf), segment(0xED, b"Photoshop 3.0\0" + irb), segment(0xFE, b"a comment")]
    first = 2
    while plain[first + 1] in (0xE0, 0xE1):
        first += 2 + int.from_bytes(plain[first + 2 : first + 4], "big")
    return plain[:first] + b"".join(added) + plain[first:] + second + b"behind the end"


MAINS = {
    "none": None,
    "elements": packet("<dc:title><r:Alt><r:li xml:lang='x-default'>Größe</r:li></r:Alt></dc:title>"),
    "attributes": packet("", ' own:Secret="a &gt; b" c:Location="Alfama"'),
    "declared": b'<?xml version="1.0" encoding="UTF-8"?>\n' + packet("<own:a>1</own:a>").split(b"\n", 1)[1],
}


@pytest.mark.parametrize("main", MAINS)
def test_every_block_of_a_jpeg_stays(tags: Callable[[bytes], list[str]], main: str) -> None:
    source = full_jpeg(MAINS[main])
    assert any("MPImage2" in line for line in tags(source))
    assert any("[JUMBF]" in line for line in tags(source))
    result = stays(tags, source)
    before, after = segments(source), segments(result)
    place = next(n for n, (old, new) in enumerate(zip(before, after, strict=False)) if old != new)
    assert after[place][1].startswith(MAIN)
    assert before[place + (main != "none") :] == after[place + 1 :]
    if main == "declared":
        assert b'<?xml version="1.0" encoding="UTF-8"?>' in after[place][1]
    with Image.open(io.BytesIO(result)) as image:
        image.seek(1)
        image.load()


def test_a_text_in_a_part_that_stays_is_known_and_not_replaced(tags: Callable[[bytes], list[str]]) -> None:
    theirs = packet(texts(ALT_TEXT, x_default="Theirs."))
    rest = theirs[theirs.index(b"<x:") : theirs.index(b"<?xpacket end")].rstrip()
    digest = hashlib.md5(rest).hexdigest().upper()
    naming = packet(f"<n:HasExtendedXMP xmlns:n='http://ns.adobe.com/xmp/note/'>{digest}</n:HasExtendedXMP>")
    plain = encoded(four_fields(), "JPEG")
    for more in (rest_in_segments(rest), segment(0xE1, MAIN + theirs)):
        main = naming if more.startswith(b"\xff\xe1") and MORE in more else packet("")
        source = plain[:2] + segment(0xE1, MAIN + main) + more + plain[2:]
        result = embed_texts(source, ALT, LONG)
        assert result.kept == {ALT_TEXT}
        assert f"{OURS[0]} : Theirs." in tags(result.data)
        assert f"{OURS[1]} : {LONG}" in tags(result.data)
        with pytest.raises(UnmergeableError, match="left as it is"):
            embed_texts(source, ALT, LONG, replace=True)
    unnamed = plain[:2] + segment(0xE1, MAIN + packet("")) + rest_in_segments(rest) + plain[2:]
    assert embed_texts(unnamed, ALT, LONG).kept == frozenset()  # no reader follows it


# PNG, WebP, TIFF


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def xmp_chunk(data: bytes, *, packed: bool = False) -> bytes:
    head = b"XML:com.adobe.xmp\0" + (b"\1" if packed else b"\0") + b"\0\0\0"
    return chunk(b"iTXt", head + (zlib.compress(data) if packed else data))


def chunks(data: bytes) -> list[bytes]:
    found, at = [], 8
    while at + 12 <= len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        found.append(data[at:end])
        at = end
    return [*found, data[at:]]


@pytest.mark.parametrize("late", [False, True])
def test_every_chunk_of_a_png_stays(tags: Callable[[bytes], list[str]], late: bool) -> None:
    plain = encoded(
        four_fields(), "PNG", icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    )
    *head, pixels, end, _ = chunks(plain)
    xmp = [xmp_chunk(MAINS["elements"] or b"", packed=True), xmp_chunk(packet("<dc:source>second</dc:source>"))]
    broken = chunk(b"tEXt", b"broken\0x")[:-1] + b"\0"
    more = [
        chunk(b"tEXt", b"Comment\0plain"), chunk(b"zTXt", b"Author\0\0" + zlib.compress(b"me")),
        chunk(b"iTXt", b"Title\0\0\0de\0Titel\0Gr\xc3\xb6\xc3\x9fe"), chunk(b"tIME", b"\x07\xd1\2\3\4\5\6"),
        chunk(b"caBX", b"\0\0\0\x26jumb\0\0\0\x1ejumdc2pa\0\x11\0\x10\x80\0\0\xaa\0\x38\x9b\x71\x03c2pa\0"),
        chunk(b"vpAg", b"\0" * 9), broken,
    ]  # fmt: skip
    source = plain[:8] + b"".join([*head, *more, *([pixels, *xmp] if late else [*xmp, pixels]), end]) + b"behind"
    result = stays(tags, source, decode=False)  # Pillow decodes no PNG with a damaged chunk
    with Image.open(io.BytesIO(result.replace(broken, b""))) as image:
        assert image.tobytes() == four_fields().tobytes()
    before, after = chunks(source), chunks(result)
    assert [old for old, new in zip(before, after, strict=True) if old != new] == [xmp[0]]


def test_every_chunk_of_a_webp_stays(tags: Callable[[bytes], list[str]]) -> None:
    exif = Image.Exif()
    exif[0x010F] = "A maker"
    plain = encoded(four_fields(), "WEBP", lossless=True, exif=exif, xmp=MAINS["attributes"])
    unknown = b"ABCD" + struct.pack("<I", 5) + b"12345\0"
    second = packet("<dc:source>second</dc:source>")
    second = b"XMP " + struct.pack("<I", len(second)) + second + b"\0" * (len(second) % 2)
    source = plain + unknown + second
    source = b"RIFF" + struct.pack("<I", len(source) - 8) + source[8:] + b"behind"
    result = stays(tags, source)
    assert unknown in result
    assert second in result
    assert result.endswith(b"behind")


@pytest.mark.parametrize("kind", [1, 2, 7])
def test_every_entry_of_a_tiff_stays(tags: Callable[[bytes], list[str]], kind: int) -> None:
    from PIL.TiffImagePlugin import ImageFileDirectory_v2

    entries = ImageFileDirectory_v2()
    entries[0x010F], entries[65000], entries.tagtype[65000] = "A maker", b"private", 7
    entries[33723], entries.tagtype[33723] = b"\x1c\x02\x78\x00\x09A caption", 7
    entries[34377], entries.tagtype[34377] = b"8BIM\x04\x0a\0\0\0\0\0\x01\x01\0", 1
    entries[700], entries.tagtype[700] = MAINS["elements"] or b"", 1
    source = encoded(four_fields(), "TIFF", tiffinfo=entries, save_all=True, append_images=[Image.new("L", (9, 9))])
    place = source.index(struct.pack("<HH", 700, 1))
    source = source[: place + 2] + struct.pack("<H", kind) + source[place + 4 :]
    result = stays(tags, source, decode=kind != 2)  # Pillow decodes no TIFF whose XMP is called letters
    assert result[8 : len(source)] == source[8:]


# The packet itself


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
def test_packets_in_wide_letters_are_read(tags: Callable[[bytes], list[str]], encoding: str) -> None:
    wide = (MAINS["elements"] or b"").decode().encode(encoding)
    declared = '<?xml version="1.0" encoding="UTF-16"?>' + (MAINS["elements"] or b"").decode()
    for each in (wide, wide + b"\0", declared.encode(encoding)):
        source = encoded(four_fields(), "WEBP", lossless=True, xmp=each)
        result = embed_texts(source, ALT, LONG).data
        assert "[XMP-dc] Title : Größe" in tags(result)
        assert f"{OURS[1]} : {LONG}" in tags(result)


def languages(packet: bytes, name: str) -> list[tuple[str, str]]:
    """Language and text of each item of a field, by another reader of XML."""
    import xml.etree.ElementTree as ElementTree

    root = ElementTree.fromstring(packet[packet.index(b"<x:xmpmeta") : packet.rindex(b"<?xpacket")].strip())
    (found,) = root.iter(f"{{{CORE}}}{name}")
    items = found.iter(f"{{{RDF}}}li")
    return [(item.get("{http://www.w3.org/XML/1998/namespace}lang") or "", item.text or "") for item in items]


def test_only_the_text_of_our_language_is_replaced(tags: Callable[[bytes], list[str]]) -> None:
    theirs = texts(ALT_TEXT, fr="Un chien", x_default="Old.", en_GB="Old.", de="Ein Hund", zh_Hans="狗")
    before = packet(theirs + texts(DESCRIPTION, x_default="Old too."))
    replaced = packet_with({ALT_TEXT: ALT, DESCRIPTION: LONG}, before, replace=True)
    others = [("fr", "Un chien"), ("en-GB", ALT), ("de", "Ein Hund"), ("zh-Hans", "狗")]
    assert languages(replaced, ALT_TEXT) == [("x-default", ALT), *others]
    assert languages(replaced, DESCRIPTION) == [("x-default", LONG)]
    assert packet_with({ALT_TEXT: ALT, DESCRIPTION: LONG}, replaced, replace=True) == replaced
    in_french = packet_with({ALT_TEXT: "Un chien court."}, before, replace=True, language="fr-CA")
    assert dict(languages(in_french, ALT_TEXT)) == {
        "x-default": "Un chien court.", "fr": "Un chien court.", "en-GB": "Old.", "de": "Ein Hund", "zh-Hans": "狗",
    }  # fmt: skip
    assert packet_with({ALT_TEXT: ALT}, before) == before  # a person's words stay unless asked
    result = stays(tags, encoded(four_fields(), "WEBP", lossless=True, xmp=before), replace=True)
    assert "[XMP-iptcCore] AltTextAccessibility-de : Ein Hund" in tags(result)


@pytest.mark.parametrize(
    "there",
    [
        packet("", f' c:{ALT_TEXT}="Old one" own:z="1"'),
        packet("", f" own:z='c:{ALT_TEXT}=\"\"' c:{ALT_TEXT} = 'Old one'"),
        packet(f"<c:{ALT_TEXT}>Old one</c:{ALT_TEXT}>"),
        packet(f"<c:{ALT_TEXT}><r:Bag><r:li>Old one</r:li></r:Bag></c:{ALT_TEXT}>"),
        packet(f'<c:{ALT_TEXT} r:value="Old one"/>'),
        packet(texts(ALT_TEXT, x_default="Old one") + texts(ALT_TEXT, x_default="Old one")),
    ],
    ids=["attribute", "odd attribute", "plain", "bag", "empty element", "twice"],
)
def test_other_ways_to_write_a_text_are_replaced_too(tags: Callable[[bytes], list[str]], there: bytes) -> None:
    source = encoded(four_fields(), "WEBP", lossless=True, xmp=there)
    assert embed_texts(source, ALT, LONG).kept == {ALT_TEXT}
    replaced = packet_with({ALT_TEXT: ALT}, there, replace=True)
    assert b"Old" not in replaced
    assert languages(replaced, ALT_TEXT) == [("x-default", ALT)]
    stays(tags, source, replace=True)


def test_what_looks_like_the_end_of_a_tag_is_none() -> None:
    odd = packet(
        f'<c:{ALT_TEXT} r:value="a /> b: Old one"/><own:b>kept</own:b>', f' c:{DESCRIPTION}="Old > two" own:z=">"'
    )
    replaced = packet_with({ALT_TEXT: ALT, DESCRIPTION: LONG}, odd, replace=True)
    assert b"Old" not in replaced
    assert languages(replaced, ALT_TEXT) == [("x-default", ALT)]
    assert b"<own:b>kept</own:b>" in replaced
    assert b'own:z=">"' in replaced
    with pytest.raises(UnmergeableError, match="no RDF"):
        packet_with({ALT_TEXT: ALT}, f"<r:RDF {NAMES} own:z='/>'/>".encode())


@pytest.mark.parametrize("empty", [texts(ALT_TEXT, x_default=" "), f"<c:{ALT_TEXT}/>", texts(ALT_TEXT)])
def test_a_text_that_says_nothing_is_filled(empty: str) -> None:
    for before in (packet(empty), packet("", f' c:{ALT_TEXT}=""')):
        assert languages(packet_with({ALT_TEXT: ALT}, before), ALT_TEXT) == [("x-default", ALT)]


LAUGHS = (
    b'<!DOCTYPE l [<!ENTITY a "ha">'
    + b"".join(b'<!ENTITY %b "%b">' % (bytes([98 + n]), b"&%b;" % bytes([97 + n]) * 10) for n in range(9))
    + b"]><x:xmpmeta xmlns:x='adobe:ns:meta/'>&j;</x:xmpmeta>"
)
MALFORMED = {
    "cut short": (MAINS["elements"] or b"")[:400],
    "not XML": b"no XML",
    "Latin letters": (MAINS["elements"] or b"").replace("Größe".encode(), "Größe".encode("latin-1")),
    "a billion laughs": LAUGHS,
    "an outside entity": b'<!DOCTYPE l [<!ENTITY a SYSTEM "file:///etc/passwd">]><l>&a;</l>',
    "100,000 deep": b"<a>" * 100_000,
    "half a wide letter": (MAINS["elements"] or b"").decode().encode("utf-16") + b"\x00\xd8",
}


@pytest.mark.parametrize("why", MALFORMED)
def test_a_malformed_packet_stays_and_the_texts_lie_beside(tmp_path: Path, why: str) -> None:
    picture = tmp_path / "dog.webp"
    picture.write_bytes(encoded(four_fields(), "WEBP", lossless=True, xmp=MALFORMED[why]))
    folder = tmp_path / "out"
    write_rows(folder, [described(folder, picture, 1, LONG, sound=False)])
    started = time.perf_counter()
    for replace in (False, True):
        (written,) = write_exports(folder, ["alt-text"], options=ExportOptions(replace_alt_text=replace))
        assert (written.n_items, written.n_failed) == (1, 0)
        assert "1 picture with the texts in an .xmp file beside: dog.webp: its XMP " in written.sentence
        assert (folder / FOLDER / "dog.webp").read_bytes() == picture.read_bytes()
        assert LONG.encode() in (folder / FOLDER / "dog.webp.xmp").read_bytes()
    assert time.perf_counter() - started < 5


def test_a_huge_packet_takes_seconds(tags: Callable[[bytes], list[str]]) -> None:
    huge = packet(f"<own:a>{'x' * 6_000_000}</own:a>" + "<own:b c='>'/>" * 100_000)
    source = encoded(four_fields(), "WEBP", lossless=True, xmp=huge)
    started = time.perf_counter()
    result = embed_texts(source, ALT, LONG, replace=True).data
    assert time.perf_counter() - started < 5
    assert huge[:6_000_000] in result
    assert f"{OURS[1]} : {LONG}" in tags(result)


def test_texts_with_every_odd_letter_are_read_back(tmp_path: Path, tags: Callable[[bytes], list[str]]) -> None:
    words = 'A "dog" & <cat> ]]> \u202egnp\u202c \x00\x1b \ud800 %20 #1 '
    for kind in ("JPEG", "PNG", "WEBP", "TIFF"):
        result = embed_texts(encoded(four_fields(), kind), words, words * 30_000).data  # over 1 MB
        path = tmp_path / "told"
        path.write_bytes(result)
        (row,) = json.loads(subprocess.check_output(["exiftool", "-j", "-XMP-iptcCore:all", str(path)]))
        shown = words.replace("\x00", "\ufffd").replace("\x1b", "\ufffd").replace("\ud800", "\ufffd")
        assert row[ALT_TEXT] == shown
        assert row[DESCRIPTION] == shown * 30_000
