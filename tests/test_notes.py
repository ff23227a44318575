from __future__ import annotations

import random
from datetime import date
from io import BytesIO
from pathlib import Path
from time import process_time
from typing import Any
from xml.sax.saxutils import escape

import pytest
from PIL import Image

from captioner import ImageError, open_image
from captioner.picture import Picture
from captioner.picture.metadata import MAX_METADATA_BYTES
from captioner.picture.notes import MAX_DESCRIPTION, MAX_NAME, PhotoNotes
from tests.pictures import mutated

_XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" xmlns:exif="http://ns.adobe.com/exif/1.0/"
 xmlns:Iptc4xmpCore="http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/"
 xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" {attributes}>{elements}</rdf:Description>
</rdf:RDF></x:xmpmeta><?xpacket end="w"?>"""


def xmp(elements: str = "", attributes: str = "") -> bytes:
    return _XMP.format(elements=elements, attributes=attributes).encode()


def iptc(*fields: tuple[int, bytes]) -> bytes:
    """IPTC-IIM records: (data set of record 2, value)."""
    return b"".join(bytes((0x1C, 2, number)) + len(value).to_bytes(2, "big") + value for number, value in fields)


def picture(kind: str = "JPEG", *, iptc_block: bytes = b"", **options: Any) -> bytes:
    """A picture file with the metadata given."""
    file = BytesIO()
    Image.new("RGB", (16, 12), "teal").save(file, kind, **options)
    data = file.getvalue()
    if iptc_block:
        block = b"8BIM\x04\x04\0\0" + len(iptc_block).to_bytes(4, "big") + iptc_block + bytes(len(iptc_block) % 2)
        body = b"Photoshop 3.0\0" + block
        data = data[:2] + b"\xff\xed" + (len(body) + 2).to_bytes(2, "big") + body + data[2:]
    return data


def exif(taken: str | None = None, **tags: Any) -> Image.Exif:
    notes = Image.Exif()
    numbers = {"description": 0x010E, "make": 0x010F, "model": 0x0110, "changed": 0x0132, "windows_title": 0x9C9B}
    for name, value in tags.items():
        notes[numbers[name]] = value
    if taken:
        notes.get_ifd(0x8769)[0x9003] = taken
    return notes


def test_a_picture_without_notes_has_none() -> None:
    notes = Picture(picture()).notes
    assert notes == PhotoNotes()
    assert not notes


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_exif_gives_the_day_the_description_and_the_camera(kind: str) -> None:
    notes = exif("2021:05:03 14:05:00", description="The harbour", make="Canon", model="Canon R5")
    assert Picture(picture(kind, exif=notes.tobytes())).notes == PhotoNotes(
        date(2021, 5, 3), None, None, "The harbour", "Canon R5"
    )


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_xmp_gives_place_title_and_description(kind: str) -> None:
    packet = xmp(
        """<dc:title><rdf:Alt><rdf:li xml:lang="pt">O porto</rdf:li><rdf:li xml:lang="x-default">The harbour</rdf:li>
        </rdf:Alt></dc:title><dc:description><rdf:Alt><rdf:li xml:lang="x-default">Boats &amp; gulls.</rdf:li></rdf:Alt>
        </dc:description><photoshop:Country>Portugal</photoshop:Country>""",
        'photoshop:City="Lisbon" photoshop:DateCreated="2021-05-03T14:05:00" photoshop:State="Lisboa"',
    )
    options: dict[str, Any] = {"xmp": packet}
    if kind == "PNG":
        from PIL.PngImagePlugin import PngInfo

        info = PngInfo()
        info.add_itxt("XML:com.adobe.xmp", packet.decode())
        options = {"pnginfo": info}
    if kind == "TIFF":
        options = {"tiffinfo": {700: packet}}
    expected = PhotoNotes(date(2021, 5, 3), "Lisbon, Portugal", "The harbour", "Boats & gulls.")
    assert Picture(picture(kind, **options)).notes == expected


def test_the_place_of_the_newer_iptc_extension_goes_before_the_older() -> None:
    shown = """<Iptc4xmpExt:LocationShown><rdf:Bag><rdf:li rdf:parseType="Resource">
        <Iptc4xmpExt:Sublocation>Alfama</Iptc4xmpExt:Sublocation><Iptc4xmpExt:City>Lisboa</Iptc4xmpExt:City>
        <Iptc4xmpExt:CountryName>Portugal</Iptc4xmpExt:CountryName></rdf:li></rdf:Bag></Iptc4xmpExt:LocationShown>"""
    assert Picture(picture(xmp=xmp(shown, 'photoshop:City="Lissabon"'))).notes.place == "Alfama, Lisboa, Portugal"


def test_alternative_text_of_the_photo_is_its_best_description() -> None:
    packet = xmp("", 'Iptc4xmpCore:AltTextAccessibility="Boats in a harbour." dc:description="Ref. 1234-B"')
    assert Picture(picture(xmp=packet)).notes.description == "Boats in a harbour."


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_iptc_gives_all_of_it_in_either_encoding(encoding: str) -> None:
    fields = [(5, "The café"), (120, "A table"), (90, "Zürich"), (92, "Altstadt"), (101, "Schweiz"), (55, "20200229")]
    data = picture(iptc_block=iptc(*((number, text.encode(encoding)) for number, text in fields)))
    assert Picture(data).notes == PhotoNotes(date(2020, 2, 29), "Altstadt, Zürich, Schweiz", "The café", "A table")


def test_xmp_goes_before_iptc_and_iptc_before_exif() -> None:
    block = iptc((5, b"from IPTC"), (120, b"words from IPTC"))
    data = picture(xmp=xmp("", 'dc:title="from XMP"'), iptc_block=block, exif=exif(description="words from EXIF"))
    notes = Picture(data).notes
    assert (notes.title, notes.description) == ("from XMP", "words from IPTC")


def test_a_title_is_not_said_twice() -> None:
    assert Picture(picture(xmp=xmp("", 'dc:title="Boats" dc:description="Boats"'))).notes == PhotoNotes(title="Boats")


@pytest.mark.parametrize(
    "text",
    [
        "OLYMPUS DIGITAL CAMERA",
        "OLYMPUS DIGITAL CAMERA         ",
        "SONY DSC",
        "SAMSUNG CAMERA PICTURES",
        "KODAK Digital Still Camera",
        "<Digimax i6 PMP, Samsung #1>",
        "DCIM\\100MEDIA\\DJI_0012.JPG",
        "IMG_20210503_140500.jpg",
        "DSC_0042",
        "Screenshot",
        "Created with GIMP",
        "oznorCOR",
        "hdr",
        "12.05",
        "  \t ",
        "\x00\x00",
        *"""
_cuva | HELLOMOTO | Exif_JPEG_PICTURE | MINOLTA DIGITAL CAMERA | KONICA MINOLTA DIGITAL CAMERA | Minolta DSC | rhdr
cof | dav_soft | mde_soft | sdr_HDRB | btfmdn | fbthdr | oznorWO | hdr_cuva | burst | SAMSUNG | CASIO COMPUTER CO.,LTD.
<KENOX S1050 / Samsung S1050> | MOULTRIE DIGITAL GAME CAMERA | LEAD Technologies Inc. V1.01 | AppleMark | iClarified
CREATOR: gd-jpeg v1.0 (using IJG JPEG v62), quality = 75 | Processed with VSCO with f2 preset | vsco | Snapseed
Processed with VSCO | Edited in Adobe Lightroom | File written by Adobe Photoshop 5.2
File written by Adobe Photoshop\xa8 4.0 | Handmade Software, Inc. Image Alchemy v1.8
Optimized by JPEGmini 3.9.20.0L 0x8c1a2b3d | Created by Imlib | untitled
Intel(R) JPEG Library, version 1,5,4,36 | ACD Systems Digital Imaging | U-Lead Systems, Inc. | DCF 1.0
Exif Version 2.2 | IMG_1234 | DSC00001 | P1000001 | _MG_0042.CR2 | IMG-20210503-WA0001 | PXL_20210503_140500123.MP
Untitled-1 | Image 12 | Shot on OnePlus | Panasonic DMC-GX8 | AI TRIPLE CAMERA
Screenshot_20210503-140500_Chrome | Screenshot 2021-05-03 at 14.05.00.png | WhatsApp Image 2020-05-03 at 14.05.00.jpeg
charset=Ascii | charset=Ascii OLYMPUS DIGITAL CAMERA | charset="Unicode" default | binary comment | My beautiful picture
<p>OLYMPUS DIGITAL CAMERA</p> | <p>&nbsp;</p> | &lt;br /&gt; | <img src="a > b.jpg" alt=""> | <!-- nothing --> | (none)
C:\\\\Photos\\\\dog one.jpg | 0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f | Scanned image | DIGITAL CAMERA | Picture 003
""".strip()
        .replace("\n", " | ")
        .split(" | "),
    ],
)
def test_what_a_camera_writes_by_itself_is_no_description(text: str) -> None:
    assert Picture(picture(exif=exif(description=text))).notes.description is None


@pytest.mark.parametrize(
    "text",
    """Nora | My camera | Screen door | The Digital Camera Museum | Image of a saint | A Kodak camera on a shelf
My new Olympus digital camera | Created with love by Anna | Default mode of the robot | Screenshot of the old login page
Photoshop course at the library | Windows | Apple | Monika | The Sony building in Berlin | a < b | I <3 you | AT&T store
x<y and y>z | cats > dogs | R&D team | Untitled, oil on canvas, by J. Doe | Picture of my mother | fish&notes
<Tom> waves | Photo 12 of dogs | Scan 1942 house | Kodak moment
Scan of grandmother's letter from 1942 | Made with Canon in D playing in the background""".replace("\n", " | ").split(
        " | "
    ),
)
def test_words_of_a_person_are_kept(text: str) -> None:
    assert Picture(picture(exif=exif(description=text))).notes.description == text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<p>Tom &amp; Jerry at <b>home</b></p>", "Tom & Jerry at home"),
        ("&lt;p&gt;Tom &amp;amp; Jerry&lt;/p&gt;", "Tom & Jerry"),
        ("One<br/>Two&nbsp;three<BR>four", "One Two three four"),
        ("<a href='x' title=\"a > b\">The harbour</a> &#8211; &#x41;", "The harbour \u2013 A"),
        ("<style>p {color: red}</style><o:p>The harbour</o:p><!-- draft -->", "The harbour"),
        ("<![CDATA[The harbour]]>", "The harbour"),
        ("me &lt; you &amp;lt;3", "me < you <3"),
        ('<span class="x>The harbour</span>', "The harbour"),
        ("charset=Unicode The harbour", "The harbour"),
    ],
)
def test_html_is_read_as_a_browser_shows_it(text: str, said: str) -> None:
    assert Picture(picture(exif=exif(description=text))).notes.description == said


def test_a_description_that_only_names_the_camera_is_none() -> None:
    notes = Picture(picture(exif=exif(description="ACME  X-1", make="ACME", model="X-1"))).notes
    assert notes == PhotoNotes(camera="ACME X-1")


@pytest.mark.parametrize(
    "piece", ["<p ", "<p '", "&amp;", "<script>", "nor", "hdr_", "img ", "with a preset ", "<!--", "\\\\"]
)
def test_no_note_takes_long(piece: str) -> None:
    began = process_time()
    _ = Picture(picture("WEBP", xmp=xmp(f"<dc:description>{escape(piece * 100_000)}</dc:description>"))).notes
    assert process_time() - began < 1.0


def test_utf_8_in_exif_is_read_although_it_should_not_be_there() -> None:
    assert Picture(picture(exif=exif(description="Größe 漢字".encode()))).notes.description == "Größe 漢字"


def test_the_title_that_windows_writes_is_read() -> None:
    title = "Am Hafen".encode("utf-16-le") + b"\0\0"
    assert Picture(picture(exif=exif(windows_title=title))).notes.title == "Am Hafen"


@pytest.mark.parametrize(
    "text", ["0000:00:00 00:00:00", "    :  :     :  :  ", "1970:01:01 00:00:00", "2021:13:41", "soon"]
)
def test_a_clock_that_was_never_set_gives_no_day(text: str) -> None:
    assert Picture(picture(exif=exif(text))).notes.taken is None


def test_the_day_a_file_was_changed_is_not_the_day_it_was_taken() -> None:
    assert Picture(picture(exif=exif(changed="2021:05:03 10:00:00"))).notes.taken is None


def test_control_characters_go_and_long_texts_end_with_a_word() -> None:
    title, long = "a\x1b[31mb\n\u202ec\u200b  d", "word " * 400
    packet = xmp(f"<dc:description>{long}</dc:description>")
    notes = Picture(picture(xmp=packet, exif=exif(windows_title=title.encode("utf-16-le")))).notes
    assert notes.title == "a [31mb c d"
    assert notes.description is not None
    assert notes.description.endswith("word…")
    assert len(notes.description) <= MAX_DESCRIPTION
    unbroken = Picture(picture(exif=exif(windows_title=("x" * 999).encode("utf-16-le")))).notes.title
    assert unbroken == "x" * (MAX_NAME - 1) + "…"


def test_entities_and_document_types_are_not_read_in_any_encoding() -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    packet = _XMP.format(elements="<dc:title>&b;</dc:title>", attributes="").partition("?>\n")[2]
    for data in ((bomb + packet).encode(), (bomb + packet).encode("utf-16")):
        assert Picture(picture("WEBP", xmp=data)).notes == PhotoNotes()
    fine = _XMP.format(elements="<dc:title>Boats</dc:title>", attributes="").partition("?>\n")[2]
    assert Picture(picture("WEBP", xmp=fine.encode("utf-16"))).notes.title == "Boats"


@pytest.mark.parametrize(
    "packet",
    [
        b"<x",
        b"\xff\xfe<",
        b"not XML",
        b"<a>" * 20_000,
        b"<a>" * 20_000 + b"</a>" * 20_000,
        b'<a xmlns:dc="http://purl.org/dc/elements/1.1/">' + b"<dc:title>" * 9_000 + b"</dc:title>" * 9_000 + b"</a>",
    ],
)
def test_damaged_xmp_is_no_error(packet: bytes) -> None:
    assert Picture(picture("WEBP", xmp=packet)).notes == PhotoNotes()


@pytest.mark.parametrize(
    "block", [b"\x1c", b"\x1c\x02\x05\xff\xff", b"\x1c\x02\x05\x00\x09abc", b"junk", b"\x1c\x02\x05\x80\x04\0\0\0\1a"]
)
def test_damaged_iptc_is_no_error(block: bytes) -> None:
    assert Picture(picture(iptc_block=block)).notes == PhotoNotes()
    assert Picture(picture(iptc_block=iptc((5, b"Boats")) + block)).notes.title == "Boats"


def test_damaged_exif_is_no_error() -> None:
    assert Picture(picture(exif=b"Exif\0\0II*\0\xff\xff\xff\x7f\x01")).notes == PhotoNotes()
    good = exif("2021:05:03 14:05:00", description="The harbour", make="Canon", model="R5").tobytes()
    rng = random.Random(5)
    for _ in range(200):
        bad = bytearray(good)
        for _ in range(rng.randint(1, 6)):
            bad[rng.randrange(6, len(bad))] = rng.randrange(256)
        _ = Picture(picture(exif=bytes(bad))).notes


def test_whatever_opens_has_notes_or_none_and_what_does_not_open_is_an_image_error(tmp_path: Path) -> None:
    for path in mutated(tmp_path, 200, seed=11):
        try:
            notes = Picture(path).notes
        except ImageError:
            with pytest.raises(ImageError):
                open_image(path)
        else:
            assert isinstance(notes, PhotoNotes)


def test_bad_files_are_told_as_when_they_are_opened(tmp_path: Path) -> None:
    (tmp_path / "text.jpg").write_text("Dear diary")
    for name in ("text.jpg", "missing.jpg"):
        with pytest.raises(ImageError) as opening:
            open_image(tmp_path / name)
        with pytest.raises(ImageError) as reading:
            _ = Picture(tmp_path / name).notes
        assert str(reading.value) == str(opening.value)


def test_metadata_is_read_without_decoding_the_pixels() -> None:
    data = picture(exif=exif(description="The harbour"))
    cut = data[: data.index(b"\xff\xda") + 20]  # Nothing behind the start of the pixels.
    assert Picture(cut).notes.description == "The harbour"
    with pytest.raises(ImageError):
        open_image(cut)


def test_metadata_over_the_cap_is_left_out() -> None:
    packet = xmp(f"<dc:title>Boats</dc:title><!--{'x' * MAX_METADATA_BYTES}-->")
    assert Picture(picture("WEBP", xmp=packet)).metadata.xmp == b""


def test_a_pillow_image_keeps_its_notes() -> None:
    with Image.open(BytesIO(picture(exif=exif(description="The harbour")))) as image:
        assert Picture(image).notes.description == "The harbour"
    assert Picture(Image.new("RGB", (4, 4))).notes == PhotoNotes()
