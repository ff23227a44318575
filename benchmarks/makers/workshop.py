"""What every maker of a non-photograph is handed: seeded chance, words, fonts, artwork, and the SVG renderer."""

import colorsys
import functools
import io
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import resvg_py
from PIL import Image, ImageFont

Rgb = tuple[int, int, int]

# Languages differ between the splits, so that the check sees scripts and letter shapes the training never showed.
LOCALES = {
    "train": ("en_US", "en_US", "en_US", "en_GB", "de_DE", "fr_FR", "es_ES", "ru_RU", "nl_NL", "zh_CN"),
    "check": ("en_AU", "en_CA", "en_IN", "it_IT", "pl_PL", "pt_BR", "tr_TR", "el_GR", "ja_JP", "cs_CZ"),
}
NON_LATIN = {"zh_CN": "wenquanyi", "ja_JP": "ipagothic", "ru_RU": "liberation", "el_GR": "gfs didot"}
MONO = ("mono", "hack", "code", "inconsolata", "courier")
HAND = ("dancing", "breip", "toms", "rufscript", "isabella", "comic", "humor")


@dataclass(frozen=True, eq=False)
class Page:
    """An HTML document and the size in pixels of the window that shows it; `trim` cuts its empty margins off."""

    html: str
    width: int
    height: int
    trim: bool = False


Drawn = Image.Image | Page
Maker = Callable[["Workshop"], Drawn]
Table = dict[str, dict[str, tuple[float, Maker]]]
"""Split, then source, to the share of that source within the split and the function that draws it."""


@dataclass(frozen=True, eq=False)
class Workshop:
    """The means to draw one picture: `rng` and `noise` are seeded for that picture alone."""

    split: str
    rng: random.Random
    noise: np.random.Generator
    art: Path | None

    @property
    def train(self) -> bool:
        """Whether the picture is for the training split."""
        return self.split == "train"

    def size(self, low: int = 160, high: int = 1600) -> tuple[int, int]:
        """A width and height in pixels, log-uniform in area, of an aspect between 1:2.2 and 2.2:1."""
        side = low * (high / low) ** self.rng.random()
        aspect = 2.2 ** self.rng.uniform(-0.5, 0.5) if self.rng.random() < 0.7 else 1.0
        return tuple(int(min(max(v, low), high)) for v in (side * aspect, side / aspect))  # type: ignore[return-value]

    def colour(self, *, light: tuple[float, float] = (0.1, 0.9), vivid: tuple[float, float] = (0.0, 1.0)) -> Rgb:
        """A random colour within a range of lightness and saturation, each from 0 to 1."""
        rgb = colorsys.hls_to_rgb(self.rng.random(), self.rng.uniform(*light), self.rng.uniform(*vivid))
        return tuple(round(255 * v) for v in rgb)  # type: ignore[return-value]

    def hexa(self, *, light: tuple[float, float] = (0.1, 0.9), vivid: tuple[float, float] = (0.0, 1.0)) -> str:
        """The same as `colour`, written for CSS and SVG."""
        return "#{:02x}{:02x}{:02x}".format(*self.colour(light=light, vivid=vivid))

    def paper(self) -> tuple[Rgb, Rgb]:
        """A background and an ink: mostly black on white, at times tinted, at times light on dark."""
        if self.rng.random() < 0.18:
            return self.colour(light=(0.03, 0.2), vivid=(0, 0.5)), self.colour(light=(0.75, 1.0))
        white = (255, 255, 255) if self.rng.random() < 0.55 else self.colour(light=(0.88, 0.98), vivid=(0.1, 0.8))
        return white, self.colour(light=(0.0, 0.28), vivid=(0, 0.8)) if self.rng.random() < 0.5 else (0, 0, 0)

    def locale(self) -> str:
        """A language of this split."""
        return self.rng.choice(LOCALES[self.split] if self.art else LOCALES[self.split][:3])

    def words(self, locale: str | None = None) -> "Words":
        """Sentences, names, prices and so on in `locale`, or in one of the English ones."""
        return Words(self, locale or self.rng.choice(LOCALES[self.split][:3]))

    def font_file(self, *, want: str = "any", locale: str = "en_US") -> Path:
        """A font of this split: `want` is "any", "mono", "hand" or "plain" (neither of those)."""
        fonts = font_files(self.art, self.split)
        if locale in NON_LATIN:
            hits = [path for path, name in fonts if name.startswith(NON_LATIN[locale])]
            return self.rng.choice(hits or [path for path, _ in fonts])
        latin = [(path, name) for path, name in fonts if not name.startswith(("wenquanyi", "ipa", "gfs", "amiri"))]
        marks = {"mono": MONO, "hand": HAND}.get(want, ())
        hits = [path for path, name in latin if any(mark in name for mark in marks)]
        if want == "plain":
            hits = [path for path, name in latin if not any(mark in name for mark in MONO + HAND)]
        return self.rng.choice(hits or [path for path, _ in latin])

    def font(self, pixels: int, *, want: str = "any", locale: str = "en_US") -> ImageFont.FreeTypeFont:
        """One of this split's fonts, loaded at a height of `pixels`."""
        return ImageFont.truetype(str(self.font_file(want=want, locale=locale)), max(6, pixels))

    def family(self, *, want: str = "plain", locale: str = "en_US") -> str:
        """The family name of one of this split's fonts, quoted for CSS."""
        return f"'{family_of(self.font_file(want=want, locale=locale))}'"

    def artwork(self, kind: str) -> tuple[str, Path] | None:
        """The source and file of a random piece of artwork of `kind`, None without any."""
        sources = artwork_files(self.art, self.split, kind)
        if not sources:
            return None
        # By the root of its size: a theme of fifty thousand icons shall not drown one of two thousand.
        source = self._by_root(sources)
        # The same within it: openclipart has whole folders of spirals.
        folders: dict[str, list[Path]] = {}
        for path in sources[source]:
            folders.setdefault(str(path.parent), []).append(path)
        return source, self.rng.choice(folders[self._by_root(folders)])

    def _by_root(self, groups: dict[str, list[Path]]) -> str:
        return self.rng.choices(list(groups), weights=[len(files) ** 0.5 for files in groups.values()])[0]

    def web(self, name: str) -> str | None:
        """The text of a stylesheet or script in `ART/<split>/web`, None where it is not there."""
        path = self.art / self.split / "web" / name if self.art else None
        return path.read_text(encoding="utf-8") if path and path.is_file() else None


@dataclass(frozen=True, eq=False)
class Words:
    """Words of one language, drawn with the workshop's chance."""

    shop: Workshop
    locale: str

    def __getattr__(self, name: str) -> Callable[..., str]:
        """Any provider of Faker, such as `sentence()`, `name()`, `address()`, as text seeded for this picture."""
        fake = faker_of(self.locale)
        fake.seed_instance(self.shop.rng.getrandbits(32))
        return lambda *given, **named: str(getattr(fake, name)(*given, **named))

    def date(self) -> str:
        """A day of our time: Faker's own reach up to today, and would differ tomorrow."""
        rng = self.shop.rng
        return f"{rng.randint(1975, 2026)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"

    def time(self) -> str:
        """A time of day with seconds."""
        rng = self.shop.rng
        return f"{rng.randint(0, 23):02d}:{rng.randint(0, 59):02d}:{rng.randint(0, 59):02d}"

    def title(self, n_words: int = 4) -> str:
        """A short heading without its full stop."""
        return self.sentence(nb_words=n_words).rstrip(".。")

    def prose(self, n_sentences: int) -> str:
        """A paragraph of `n_sentences`."""
        return " ".join(self.sentence(nb_words=self.shop.rng.randint(5, 18)) for _ in range(n_sentences))

    def price(self) -> str:
        """An amount of money."""
        sign = self.shop.rng.choice("$€£")
        return f"{sign}{self.shop.rng.uniform(1, 10 ** self.shop.rng.randint(1, 4)):,.2f}"


@functools.cache
def faker_of(locale: str):
    """Faker's generator for `locale`: loading one takes a tenth of a second."""
    from faker import Faker

    return Faker(locale, use_weighting=False)


@functools.cache
def font_files(art: Path | None, split: str) -> tuple[tuple[Path, str], ...]:
    """The font files of a split and their lower-case names; matplotlib's DejaVu where there is no artwork."""
    import matplotlib

    folder = art / split / "fonts" if art else None
    found = sorted(p for p in folder.rglob("*") if p.suffix in {".ttf", ".otf", ".ttc"}) if folder else []
    if not found:
        bundled = sorted((Path(matplotlib.get_data_path()) / "fonts" / "ttf").glob("DejaVu*.ttf"))
        # The check has the serif faces to itself.
        found = [p for p in bundled if "Display" not in p.name and ("Serif" in p.name) == (split == "check")]
    return tuple((path, " ".join(ImageFont.truetype(str(path), 12).getname()).lower()) for path in found)


@functools.cache
def family_of(path: Path) -> str:
    """The typographic family of a font file: what CSS and SVG call it, which Pillow's name is not always."""
    from fontTools.ttLib import TTFont

    with TTFont(path, fontNumber=0, lazy=True) as font:
        return str(font["name"].getBestFamilyName() or path.stem)


@functools.cache
def artwork_files(art: Path | None, split: str, kind: str) -> dict[str, list[Path]]:
    """Source name to its files, for one split and kind of artwork; empty where there are none."""
    root = art / split / kind if art else None
    if root is None or not root.is_dir():
        return {}
    found: dict[str, list[Path]] = {}
    for path in sorted(root.rglob("*")):
        if path.suffix in {".svg", ".png"} and path.is_file() and not path.is_symlink():
            found.setdefault(path.relative_to(root).parts[0].removesuffix(path.suffix), []).append(path)
    return found


def holds_raster(svg: str) -> bool:
    """Whether an SVG carries a bitmap, which might be a photograph."""
    return "<image" in svg or "data:image/" in svg


def render_svg(shop: Workshop, svg: str, *, width: int | None = None, height: int | None = None) -> Image.Image:
    """The picture of an SVG, RGBA, with the split's own fonts.

    Raises: ValueError: what is found is no SVG that can be drawn.
    """
    font = shop.font_file(want="plain")
    family = family_of(font)
    svg = re.sub(r"<!DOCTYPE.*?(\]\s*>|>)", "", svg, count=1, flags=re.S) if "<!ENTITY" not in svg else svg
    data = resvg_py.svg_to_bytes(
        svg_string=svg,
        width=width,
        height=height,
        dpi=96,  # without it a size in points or millimetres comes out as nothing
        skip_system_fonts=True,
        font_files=[str(font)],
        font_family=family,
        sans_serif_family=family,
        serif_family=family,
        monospace_family=family,
    )
    return Image.open(io.BytesIO(bytes(data))).convert("RGBA")


def flatten(image: Image.Image, background: Rgb) -> Image.Image:
    """An RGB picture: what is transparent shows `background`."""
    if image.mode not in {"RGBA", "LA", "PA", "P"}:
        return image.convert("RGB")
    image = image.convert("RGBA")
    under = Image.new("RGBA", image.size, (*background, 255))
    return Image.alpha_composite(under, image).convert("RGB")


def pick(shop: Workshop, table: dict[str, tuple[float, Maker]]) -> tuple[str, Maker]:
    """The name and function of one source, drawn by its share."""
    name = shop.rng.choices(list(table), weights=[share for share, _ in table.values()])[0]
    return name, table[name][1]
