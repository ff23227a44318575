"""Fits the gate that tells photographs from other pictures, and says how often it is right.

    python benchmarks/gate.py fit  CORPUS --photos DATA/flickr8k DATA/coco --work WORK --out captioner/weights/gate.npz
    python benchmarks/gate.py check CORPUS --photos DATA/flickr8k DATA/coco --out benchmarks/results/gate.json

CORPUS comes from `benchmarks/non_photographs.py`. `fit` learns from its train part and from the train parts of the
photographs, some of them darkened, bleached and blurred until nothing can be made out; `check` runs the captioner's own
gate over the check part, over val photographs spoilt in other ways, and over the val photographs themselves.
"""

from __future__ import annotations

import argparse
import io
import json
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from environment import describe_machine
from PIL import Image, ImageEnhance, ImageFilter, ImageOps
from torch.nn import functional as F
from tqdm import tqdm

from captioner.backends.compact import WEIGHTS, CompactBackend
from captioner.findings.caption import PHOTOGRAPH
from captioner.photo import Gate, features_of, plain_kind
from captioner.picture import open_image
from captioner.training.data import read_dataset

Item = tuple[str, str, Image.Image]
"""Kind, source and the picture."""

_FOLDS = 5
_REFUSED_PHOTOS = 0.008
_PENALTIES = (1e-3, 3e-3, 1e-2, 3e-2)


def main() -> None:
    parser = argparse.ArgumentParser(description="Fits or checks the gate that tells photographs from other pictures.")
    parser.add_argument("task", choices=("fit", "check"))
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--photos", type=Path, nargs="+", required=True)
    parser.add_argument("--weights", type=Path, default=WEIGHTS, help="folder of a captioner with the same encoder")
    parser.add_argument("--work", type=Path, help="folder that keeps features between runs of fit")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    if args.task == "fit":
        fit(args.corpus, args.photos, args.weights, args.work or args.out.parent, args.out)
    else:
        check(args.corpus, args.photos, args.weights, args.out)


def fit(corpus: Path, photos: Sequence[Path], weights: Path, work: Path, out: Path) -> None:
    rows = _features(lambda: _train_items(corpus, photos), CompactBackend(weights), work / "gate-features.npz")
    kinds, sources, features = rows["kinds"], rows["sources"], rows["features"].astype(np.float32)
    names = (PHOTOGRAPH, *sorted(set(kinds) - {PHOTOGRAPH}))
    labels = np.array([names.index(kind) for kind in kinds])
    best = (-1.0, 0.0, 0.0)
    for penalty in _PENALTIES:
        likely = _out_of_source(features, labels, sources, names, penalty)
        photo = labels == 0
        threshold = float(np.quantile(likely[photo], _REFUSED_PHOTOS))
        caught = float((likely[~photo] < threshold).mean())
        print(
            f"penalty {penalty:g}: threshold {threshold:.3f}, {caught:.4f} of other sources' pictures caught",
            flush=True,
        )
        for kind in names[1:]:
            print(f"    {kind}: {float((likely[np.array(kinds) == kind] < threshold).mean()):.3f}")
        best = max(best, (caught, penalty, threshold))
    gate = _fitted(features, labels, names, best[1], best[2])
    gate.save(out)
    print(f"Wrote {out}, {out.stat().st_size / 1e3:.0f} kB, penalty {best[1]:g}, threshold {best[2]:.3f}.")


def check(corpus: Path, photos: Sequence[Path], weights: Path, out: Path) -> None:
    backend = CompactBackend(weights)
    table: dict[str, Counter[str]] = defaultdict(Counter)
    missed: list[str] = []
    items = [*_corpus_items(corpus, "check"), *_spoilt_items(photos[0], "val", 1, 60)]
    for kind, source, image in tqdm(items, desc="Others"):
        verdict = backend.judge(image)
        table[kind][verdict.kind] += 1
        if verdict.is_photo:
            missed.append(f"{kind} {source}")
    refused = {}
    for folder in photos:
        kinds = Counter(
            backend.judge(open_image(example.image, min_side=backend.input_size)).kind
            for example in tqdm(read_dataset(folder, split="val"), desc=folder.name)
        )
        refused[folder.name] = {"pictures": sum(kinds.values()), "as": dict(kinds)}
    total = sum(sum(row.values()) for row in table.values())
    caught = total - sum(row[PHOTOGRAPH] for row in table.values())
    result = {
        "others": total,
        "caught": caught,
        "caught_share": round(caught / total, 4),
        "by_kind": {kind: dict(row.most_common()) for kind, row in sorted(table.items())},
        "photographs": refused,
        "missed": missed,
        "machine": describe_machine(),
    }
    out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps({key: value for key, value in result.items() if key != "machine"}, indent=1))


def _train_items(corpus: Path, photos: Sequence[Path]) -> Iterator[Item]:
    yield from _corpus_items(corpus, "train")
    yield from _spoilt_items(photos[0], "train", 0, 150)
    rng = random.Random(2)
    for folder in photos:
        examples = read_dataset(folder, split="train")
        for example in rng.sample(examples, min(4000, len(examples))):
            image = open_image(example.image)
            yield PHOTOGRAPH, folder.name, _as_found(image, rng)


def _corpus_items(corpus: Path, split: str) -> Iterator[Item]:
    for line in (corpus / "manifest.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row["split"] == split:
            yield row["kind"], row["source"], open_image(corpus / row["image"], min_side=256)


def _spoilt_items(folder: Path, split: str, seed: int, count: int) -> Iterator[Item]:
    """Photographs too dark, bright or blurred, `count` of each."""
    rng = random.Random(seed)
    examples = rng.sample(read_dataset(folder, split=split), 3 * count)
    for i, example in enumerate(examples):
        kind = ("dark", "bright", "blurred")[i % 3]
        yield kind, f"spoilt-{kind}", _spoilt(open_image(example.image), kind, rng)


def _spoilt(image: Image.Image, kind: str, rng: random.Random) -> Image.Image:
    if kind == "blurred":
        return image.filter(ImageFilter.GaussianBlur(rng.uniform(0.05, 0.10) * min(image.size)))
    pixels = np.asarray(image, dtype=np.float32) / 255.0
    noise = np.random.default_rng(rng.randrange(2**32)).normal(0.0, rng.uniform(0.0, 0.015), pixels.shape)
    share = rng.uniform(0.01, 0.06)
    pixels = pixels * share if kind == "dark" else 1.0 - (1.0 - pixels) * share
    return Image.fromarray((np.clip(pixels + noise, 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8))


def _as_found(image: Image.Image, rng: random.Random) -> Image.Image:
    """A photograph as it may come from elsewhere: in any shape and size, grey, dim, hazy, soft, framed, compressed."""
    image = _CHANGES[rng.randrange(len(_CHANGES))](image, rng)
    if rng.random() < 0.7:
        area, aspect = rng.uniform(150, 900) ** 2, rng.uniform(0.55, 1.8)
        size = (max(1, round((area * aspect) ** 0.5)), max(1, round((area / aspect) ** 0.5)))
        image = image.resize(size, rng.choice((Image.Resampling.BICUBIC, Image.Resampling.LANCZOS)))
    file = io.BytesIO()
    image.save(file, "JPEG", quality=rng.randint(50, 97))
    return open_image(file.getvalue(), min_side=256)


_CHANGES: tuple[Callable[[Image.Image, random.Random], Image.Image], ...] = (
    *[lambda image, rng: image] * 8,
    lambda image, rng: ImageOps.grayscale(image).convert("RGB"),
    lambda image, rng: ImageEnhance.Brightness(image).enhance(rng.uniform(0.3, 0.6)),
    lambda image, rng: ImageEnhance.Brightness(image).enhance(rng.uniform(1.2, 1.6)),
    lambda image, rng: ImageEnhance.Contrast(image).enhance(rng.uniform(0.4, 1.5)),
    lambda image, rng: ImageEnhance.Color(image).enhance(rng.uniform(0.2, 1.8)),
    lambda image, rng: image.filter(ImageFilter.GaussianBlur(rng.uniform(0.5, 2.0))),
    lambda image, rng: ImageEnhance.Sharpness(image).enhance(rng.uniform(1.5, 4.0)),
    lambda image, rng: ImageOps.expand(image, rng.randint(4, 24), fill=rng.choice(("white", "black", "#888"))),
)


def _features(
    items: Callable[[], Iterator[Item]], backend: CompactBackend, path: Path
) -> dict[str, npt.NDArray[np.generic]]:
    if path.exists():
        with np.load(path) as stored:
            return dict(stored)
    kinds, sources, features = [], [], []
    for kind, source, image in tqdm(items(), desc="Features"):
        if plain_kind(image) is None:  # what a rule tells needs no regression
            kinds.append(kind)
            sources.append(source)
            features.append(features_of(image, backend.encode(image)[1][0]).astype(np.float16))
    arrays = {"kinds": np.array(kinds), "sources": np.array(sources), "features": np.stack(features)}
    np.savez(path, **arrays)
    return arrays


def _out_of_source(
    features: npt.NDArray[np.float32],
    labels: npt.NDArray[np.int64],
    sources: npt.NDArray[np.generic],
    names: tuple[str, ...],
    penalty: float,
) -> npt.NDArray[np.float32]:
    """How likely each picture is a photograph to a gate that has seen no picture of the same source.

    Photographs have few sources, so they are dealt to the folds one by one.
    """
    rng = np.random.default_rng(0)
    others = sorted(set(sources[labels != 0]))
    fold_of = dict(zip(others, rng.permutation(len(others)) % _FOLDS, strict=True))
    folds = np.array([fold_of.get(source, -1) for source in sources])
    folds[labels == 0] = rng.integers(_FOLDS, size=int((labels == 0).sum()))
    likely = np.zeros(len(labels), dtype=np.float32)
    for fold in range(_FOLDS):
        out = folds == fold
        gate = _fitted(features[~out], labels[~out], names, penalty, 0.5)
        likely[out] = gate.probabilities(features[out])[:, 0]
    return likely


def _fitted(
    features: npt.NDArray[np.float32],
    labels: npt.NDArray[np.int64],
    names: tuple[str, ...],
    penalty: float,
    threshold: float,
) -> Gate:
    """A multinomial logistic regression with an L2 penalty, found by L-BFGS."""
    mean, scale = features.mean(axis=0), features.std(axis=0) + 1e-3
    x = torch.from_numpy(np.clip((features - mean) / scale, -6.0, 6.0))
    y = torch.from_numpy(labels)
    weights = torch.zeros(x.shape[1], len(names), requires_grad=True)
    bias = torch.zeros(len(names), requires_grad=True)
    optimizer = torch.optim.LBFGS([weights, bias], max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        value = F.cross_entropy(x @ weights + bias, y) + penalty * weights.square().sum()
        value.backward()
        return value

    optimizer.step(loss)
    return Gate(names, mean, scale, weights.detach().numpy(), bias.detach().numpy(), threshold)


if __name__ == "__main__":
    main()
