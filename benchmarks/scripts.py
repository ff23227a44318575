"""Fits the classifier that names the script of writing which the text reader does not know.

    python benchmarks/scripts.py FONTS --out captioner/weights/scripts.npz

FONTS is a folder of .ttf and .otf files, such as those of Debian's fonts-noto-core, fonts-dejavu, fonts-freefont-ttf,
fonts-nanum, fonts-vlgothic, culmus and fonts-tlwg-garuda-ttf. Words are the names of countries, languages, months and
days in CLDR (pip install babel fonttools, which Lookaloud does not need); they are drawn, blurred and compressed, and
given to the reader's network. What is printed is on fonts that were left out of the fit.
"""

from __future__ import annotations

import argparse
import io
import random
import re
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from babel import Locale
from fontTools.ttLib import TTFont
from PIL import Image, ImageDraw, ImageFont

from captioner.reading import load_text_reader

LOCALES = {
    "Cyrillic": "ru uk bg sr mk kk", "Arabic": "ar fa ur", "Hebrew": "he", "Devanagari": "hi mr ne", "Thai": "th",
    "Korean": "ko", "Georgian": "ka", "Armenian": "hy", "Greek": "el", "known": "en de fr pl tr vi cs ja zh",
    **{f"_{name}": name for name in ["bn", "ta", "te", "am", "my", "km", "si", "lo", "gu", "kn", "ml", "pa"]},
}  # fmt: skip
WITH_CAPITALS = ("Cyrillic", "Armenian", "Greek", "known")
COLOURS = (("black", "white"), ("#224", "#eee"), ("#600", "#ffd"), ("white", "#336"))


def words_of(locale: str) -> list[str]:
    names = Locale.parse(locale)
    tables = (names.territories, names.languages, names.months["format"]["wide"], names.days["format"]["wide"])
    return [word for table in tables for word in table.values() if 2 < len(word) < 26]


def fonts_for(words: list[str], fonts: dict[Path, set[int]]) -> list[Path]:
    needed = {ord(sign) for word in words[:40] for sign in word if sign.isalpha()}
    return [font for font, signs in fonts.items() if needed <= signs]


def drawn(words: list[str], font: Path, rng: random.Random, *, capitals: bool) -> Image.Image | None:
    text = " ".join(rng.choice(words) for _ in range(rng.choice((1, 1, 2, 3, 4, 5))))[:40]
    if capitals and rng.random() < 0.25:
        text = text.upper()
    size = rng.choice((18, 24, 32, 48, 64))
    letters = ImageFont.truetype(font, size)
    left, top, right, bottom = letters.getbbox(text)
    width, height = right - left, bottom - top
    if width < height or width > 30 * size:
        return None
    border = rng.uniform(0.08, 0.4) * height
    ink, ground = rng.choice(COLOURS)
    image = Image.new("RGB", (int(width + 2 * border), int(height + 2 * border)), ground)
    ImageDraw.Draw(image).text((border - left, border - top), text, font=letters, fill=ink)
    return worn(image, rng)


def worn(image: Image.Image, rng: random.Random) -> Image.Image:
    if rng.random() < 0.3:
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=60)
        image = Image.open(buffer).convert("RGB")
    scale = rng.uniform(7, 14) / image.height
    if rng.random() < 0.35 and scale < 0.8:
        image = image.resize((max(8, int(image.width * scale)), max(6, int(image.height * scale))))
    return image


def outputs_of(recogniser: Any, image: Image.Image) -> Any:
    shape = image.width / image.height
    crop = recogniser.resize_norm_img(np.asarray(image)[:, :, ::-1], max(320 / 48, shape))
    outputs = recogniser.session(crop[None].astype(np.float32))[0]
    return outputs[: max(1, int(np.ceil(len(outputs) * shape / max(320 / 48, shape))))]


def chosen_of(letters: list[str]) -> Any:
    """ASCII, Greek, kana and some Chinese signs: enough to see all that the network knows of a line."""
    plain = [n for n, sign in enumerate(letters) if len(sign) == 1 and (sign.isascii() or "Ͱ" <= sign <= "Ͽ")]
    kana = [n for n, sign in enumerate(letters) if len(sign) == 1 and "\u3040" <= sign <= "\u30ff"]
    chinese = [n for n, sign in enumerate(letters) if len(sign) == 1 and "\u4e00" <= sign <= "\u9fff"]
    some = np.random.default_rng(0).choice(chinese, 60, replace=False).tolist()
    return np.array(sorted({0, len(letters) - 1, *plain, *kana, *some}))


def fitted(features: Any, classes: Any, n_classes: int) -> tuple[Any, Any, Any, Any]:
    import torch

    mean, scale = features.mean(0), features.std(0) + 0.3
    inputs, targets = torch.tensor(((features - mean) / scale).clip(-6, 6)), torch.tensor(classes)
    weights = torch.zeros(features.shape[1], n_classes, requires_grad=True)
    bias = torch.zeros(n_classes, requires_grad=True)
    search = torch.optim.LBFGS([weights, bias], max_iter=150)

    def loss() -> Any:
        search.zero_grad()
        value = torch.nn.functional.cross_entropy(inputs @ weights + bias, targets) + 1e-3 * (weights**2).sum()
        value.backward()
        return value

    search.step(loss)
    return mean, scale, weights.detach().numpy(), bias.detach().numpy()


def check(features: Any, classes: Any, groups: Any, names: list[str]) -> None:
    shares = np.zeros((len(classes), len(names)))
    for group in range(5):
        mean, scale, weights, bias = fitted(features[groups != group], classes[groups != group], len(names))
        logits = ((features[groups == group] - mean) / scale).clip(-6, 6) @ weights + bias
        exponents = np.exp(logits - logits.max(1, keepdims=True))
        shares[groups == group] = exponents / exponents.sum(1, keepdims=True)
    best, sure = shares.argmax(1), shares.max(1) >= 0.9
    for number, name in enumerate(names):
        own, right = classes == number, best == classes
        print(f"{name:12}{own.sum():5} right {(own & right).sum():5}  named surely {(own & right & sure).sum():5}"
              f"  named wrongly {(own & ~right & sure).sum():5}")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("fonts", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--samples", type=int, default=120, help="of each script")
    options = parser.parse_args()
    rng = random.Random(0)
    files = sorted([*options.fonts.rglob("*.ttf"), *options.fonts.rglob("*.otf")])
    fonts = {file: set(TTFont(file, lazy=True).getBestCmap() or ()) for file in files}
    engine: Any = load_text_reader().engine
    recogniser = engine._ocr.text_rec
    chosen = chosen_of(recogniser.postprocess_op.character)
    names = sorted(LOCALES)
    features, classes, groups = [], [], []
    for name in names:
        wanted = options.samples * 4 if name == "known" else options.samples // (3 if name[0] == "_" else 1)
        words = {locale: words_of(locale) for locale in LOCALES[name].split()}
        usable = {locale: fonts_for(words[locale], fonts) for locale in words}
        while classes.count(names.index(name)) < wanted:
            locale = rng.choice(sorted(words))
            font = rng.choice(usable[locale])
            image = drawn(words[locale], font, rng, capitals=name in WITH_CAPITALS)
            if image is not None:
                logs = np.log(np.maximum(outputs_of(recogniser, image)[:, chosen], 1e-12))
                features.append(np.concatenate([logs.mean(0), logs.max(0)]).astype(np.float32))
                classes.append(names.index(name))
                groups.append(zlib.crc32(re.split("[-.]", font.name)[0].encode()) % 5)
    table, numbers = np.array(features), np.array(classes)
    check(table, numbers, np.array(groups), names)
    mean, scale, weights, bias = fitted(table, numbers, len(names))
    np.savez_compressed(options.out, names=np.array(names), chosen=chosen.astype(np.int32), mean=mean, scale=scale,
                        weights=weights.astype(np.float16), bias=bias)  # fmt: skip


if __name__ == "__main__":
    main()
