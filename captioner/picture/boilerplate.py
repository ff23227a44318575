"""Texts in photographs that no person wrote: what cameras, phones and programs leave where a description belongs.

The tables are public knowledge: what photo libraries and their users have reported over the years. Add what is missing.
"""

from __future__ import annotations

import html
import re

# A text is boilerplate if it names one of these makers or programs and says nothing but `_BESIDE` beside it.
_MAKERS = """
agfa\\w* aiptek asus benq bushnell canon casio coolpix cuddeback cyber-?shot digimax dji easyshare finepix fuji
fujifilm genius gopro hasselblad hewlett[-\\s]packard hp htc huawei iphone jvc kenox kodak konica leica lge? lumix
medion minolta motorola moultrie mustek nikon nokia olympus oneplus oppo panasonic pentax polaroid powershot praktica
realme reconyx redmi ricoh rollei samsung sanyo sigma sony sony[-\\s]?ericsson tamron techwin toshiba traveler u-?lead
umax vivitar xiaomi zeiss
"""
_PROGRAMS = """
acd\\s+systems acdsee adobe aviary bioelectromech camera\\+ canva capture\\s+one capcut corel darktable digikam dxo
exif_jpeg_picture facetune fotor gd-jpeg gimp graphicsmagick gthumb handmade\\s+software hipstamatic image\\s+alchemy
imagemagick imageoptim imlib inkscape instagram intel\\(r\\) irfanview jpegmini jpeg-recompress krita lavc[\\d.]*
lead\\s+technologies lightroom luminar microsoft mozjpeg ms\\s?paint paint\\.net paint\\s+shop\\s+pro photofiltre
photomatix photoscape photoshop picasa picsart pixlr polarr procreate rawtherapee retrica shotwell snapseed tinypng
vsco vscocam vuescan xnview
"""
_BESIDE = """
a an and app apple application by cam camera cameras classic co codec com compact company compressed computer
converter copyright corp corporation created creator digital dmc document dsc dv eastman edited editor elements
encoded encoder enhanced eos exif explorer exported express file for free from galaxy game generated gmbh ijg image
images imaging in inc jpeg jpg lens library limited ltd mac made manager mobile mx native office on optical optimised
optimized paint phone photo photographic photos picture pictures preset pro processed produced program pureview
quality resized saved scanner series shop software still stillcamera studio suite system systems technologies
technology the tool trail using v version video viewer web windows with written
"""

# Marks that Huawei's, Honor's and Xiaomi's cameras write for the mode that was used, alone or several in a row.
_PHONE_MODES = """
_?cuva rhdr hdrpl hdrb hdr sdr cof dav mde mon nor oznorcor oznorwo oznorbs oznor ptr fbt rbt btf btr btfmdn mdn edf
frem rptnb rpt burst qrf fshbty bsh frontbhdp soft vivid
"""

_WHOLE_TEXTS = frozenset(
    """
    alt text
    applemark
    ascii
    binary comment
    camera
    caption
    default
    default description
    default title
    description
    digital camera
    digital still camera
    digital stillcamera
    dvc 10.1 hdmi
    enter a description
    enter description here
    enter title here
    add a caption
    add a description
    hellomoto
    iclarified
    image
    image description
    img
    jpeg
    jpg
    my beautiful picture
    n/a
    no caption
    no description
    no title
    none
    null
    ohne titel
    photo
    photograph
    picture
    sans titre
    scan
    scanned document
    scanned image
    scanner
    screen shot
    screenshot
    sin título
    title
    unbenannt
    undefined
    unicode
    unknown
    unnamed
    untagged
    untitled
    user comment
    user comments
    x-default
    xvmark
    """.replace("\n    ", "\n")
    .strip()
    .split("\n")
)

_ENDINGS = r"jpe?g|jfif|dng|png|gif|webp|hei[cf]|avif|tiff?|bmp|raw|cr[23]|nef|arw|orf|rw2|raf|mp4|mov"
_NAME_STARTS = r"""
    img|image|_?dsc[nf]?|pict|picture|p[xc]l|pxl|imgp|mvimg|sam|gopr|gh|gx|dji|wp|_?mg|_?img|cimg|hpim|kif|stac?|mvc|pano|vid
    |photo|scan|screen[\s_-]?shot|capture|untitled|unbenannt|fb_img|received|mmexport|signal|whatsapp\s+image|snapchat|pa?|dcp?|r|l|ep
"""
_PATTERNS = (
    # DCF, EXIF and their kin: the name and the version of a standard.
    r"(dcf|exif|jfif|tiff|dcim|iptc)[\s_-]*(v(ersion)?)?[\s\d._-]*",
    r"(digital[\s_]*(still[\s_]*)?camera|camera[\s_]*pictures?|dsc|dv)",
    rf"(?:(?:{'|'.join(_PHONE_MODES.split())})_*){{1,4}}",
    # File names, with or without their folders.
    rf".*[\\/].*\.({_ENDINGS})",
    rf"\S+\.({_ENDINGS})",
    rf"({_NAME_STARTS})[\s_-]*(wa|at|[\d\s_.,:()~-])*\d([\s_.,:()~-]*(wa|am|pm|mp|edited|copy|[a-z]))?[\s_.()~-]*(\.({_ENDINGS}))?",
    r"shot\s+(on|with)(\s+[\w.+-]+){1,5}",
    r"(ai|dual|triple|quad|main|front|rear|ultra)?\s*(ai|dual|triple|quad|main|front|rear|wide)?[\s_]*camera[\s_]*(phone|\d+)?",
    r"screen[\s_-]?shot[\s_-][\d\s_.:-]*([\s_-][\w.-]+)?",
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    # Names of Samsung's cameras stand in angle brackets.
    r"<[^<>]*(digimax|kenox|samsung)[^<>]*>",
    r"jpeg encoder copyright.*",
    r"\[object object\]",
    r"[\W\d_]*",
)
_WHOLE = re.compile("|".join(f"(?:{re.sub(chr(10) + ' *', '', pattern)})" for pattern in _PATTERNS), re.IGNORECASE)
_STRONG = re.compile(rf"(?<!\w)(?:{'|'.join((_MAKERS + _PROGRAMS).split())})(?!\w)", re.IGNORECASE)
_BESIDE_WORDS = frozenset(_BESIDE.split())
_PRESET = re.compile(r"\bwith\s+\S+\s+(preset|filter)\b", re.IGNORECASE)
_PREFIX = re.compile(r"""^\s*(charset|lang)\s*=\s*("[^"]*"|[\w-]+)[\s:;,]*""", re.IGNORECASE)


def is_boilerplate(text: str) -> bool:
    """Return whether a camera or a program wrote this text, not a person.

    >>> is_boilerplate("OLYMPUS DIGITAL CAMERA"), is_boilerplate("My Olympus digital camera on the table")
    (True, False)
    """
    text = _PREFIX.sub("", text)
    if _WHOLE.fullmatch(text):
        return True
    bare = text.strip(" \t.,;:!?*'\"()[]<>{}")
    if bare.casefold() in _WHOLE_TEXTS or _WHOLE.fullmatch(bare):
        return True
    beside, n_named = _STRONG.subn(" ", _PRESET.sub(" ", text))
    words = re.findall(r"[\w.-]+", beside)
    return n_named > 0 and all(word.strip("._-").casefold() in _BESIDE_WORDS or _is_number(word) for word in words)


def _is_number(word: str) -> bool:
    """Return a version or the number of a model: "1.01", "V62", "S1050"."""
    return not word.strip("._-") or (len(word) <= 12 and any(letter.isdigit() for letter in word))


# Elements of HTML (https://html.spec.whatwg.org/#elements-3, and the older "font", "center" and "tt"). Others, as in
# "<Tom> hello" or "a<b and c>d", are a person's own signs.
_BLOCKS = """
p br hr div li ul ol dl dt dd tr td th table tbody thead h1 h2 h3 h4 h5 h6 blockquote pre section article header
footer
"""
_INLINE = """
a abbr address area audio b base body button caption center cite code col del details em embed fieldset figcaption
figure font form head html i iframe img input ins kbd label link main map mark meta nav object option param picture q
s samp script select small source span strike strong style sub summary sup svg textarea time title tt u var video
"""
_HIDDEN = re.compile(
    r"<(script|style)\b[^<>]*>[^<]*(</\1\s*>|$)|<!--.*?(-->|$)|<[!?][^<>]*>", re.IGNORECASE | re.DOTALL
)
_CDATA = re.compile(r"<!\[CDATA\[|\]\]>")
_QUOTED = r"""(?:[^<>"']|"[^"<]*"|'[^'<]*')*"""


def _tags(names: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Tags of these names: first with what may stand in quotation marks, then those whose marks do not match."""
    start = rf"</?(?:{names})(?:\s|/|(?=>))"
    return re.compile(rf"{start}{_QUOTED}>", re.IGNORECASE), re.compile(rf"{start}[^<>]*>", re.IGNORECASE)


_BLOCK_TAGS = _tags("|".join(_BLOCKS.split()))
_INLINE_TAGS = _tags("|".join(_INLINE.split()) + "|[a-z]+:[a-z]+")
# With its semicolon, as HTML wants it; the most common ones also without. Not as lenient as a browser: "R&D" stays.
_ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,30});|&(?:nbsp|amp|lt|gt|quot)\b", re.IGNORECASE)
_MOST_ESCAPES = 4  # Some programs escape what was escaped already; more often than this nobody has seen it.


def without_markup(text: str) -> str:
    """Return the text without HTML's tags and with its entities decoded, however often they were escaped.

    >>> without_markup("&lt;p&gt;Tom &amp;amp; <b>Jerry</b>&lt;/p&gt;").strip(), without_markup("a < b, I <3 you")
    ('Tom & Jerry', 'a < b, I <3 you')
    """
    text = _PREFIX.sub("", text)
    for _ in range(_MOST_ESCAPES):
        before = text
        text = _HIDDEN.sub(" ", _CDATA.sub("", text))
        for pattern in _BLOCK_TAGS:
            text = pattern.sub(" ", text)
        for pattern in _INLINE_TAGS:
            text = pattern.sub("", text)
        text = _ENTITY.sub(lambda found: html.unescape(found[0].rstrip(";") + ";"), text)
        if text == before:
            break
    return text
