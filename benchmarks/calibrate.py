"""Fits what the captioner's confidence means, and measures how true it is.

    python benchmarks/calibrate.py DATA/flickr8k DATA/coco --weights captioner/weights \
        --out benchmarks/results/confidence.json --diagram docs/confidence.svg

Definition: a caption is acceptable when its CIDEr-D against the picture's human captions is at least what three of four
human captions reach against the other captions of their picture. That threshold is taken from Flickr8k's train part and
so is fixed before any caption of the val part is seen.

A logistic regression over `captioner.confidence.features_of` is fitted on the val pictures of every dataset given, and
judged by ten-fold cross-validation: expected calibration error over ten bins of equal width (Naeini et al. 2015), Brier
score and the area under the ROC curve. What is shipped is fitted on all of them.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import numpy.typing as npt
from environment import describe_machine
from tqdm import tqdm

from captioner.backends.compact import CONFIG_FILE, CompactBackend
from captioner.confidence import Calibration, fit_logistic
from captioner.findings.caption import CaptionOptions
from captioner.picture import open_image
from captioner.training.data import Example, read_dataset
from eval.captions.cider import CiderD, human_level
from eval.tokens import lower_nopunct

Array = npt.NDArray[np.float64]

_BINS, _FOLDS = 10, 10
_HUMAN_PICTURES = 2000


def main() -> None:
    parser = argparse.ArgumentParser(description="Fits and measures the captioner's confidence.")
    parser.add_argument("data", type=Path, nargs="+", help="datasets with val pictures; the first has the human level")
    parser.add_argument("--weights", type=Path, required=True, help="the captioner's folder; its config is rewritten")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--diagram", type=Path, required=True)
    args = parser.parse_args()

    people = [[lower_nopunct(text) for text in e.captions] for e in read_dataset(args.data[0], split="train")]
    threshold = human_level({str(i): texts for i, texts in enumerate(people)}, images_a_round=_HUMAN_PICTURES)
    backend = CompactBackend(args.weights)
    features, acceptable, names = [], [], []
    for folder in args.data:
        # One caption says nothing about what else would be acceptable.
        examples = [example for example in read_dataset(folder, split="val") if len(example.captions) >= 4]
        found = [_observe(backend, example) for example in tqdm(examples, desc=folder.name, disable=None)]
        cider = CiderD({str(i): [lower_nopunct(text) for text in e.captions] for i, e in enumerate(examples)})
        for i, (text, row) in enumerate(found):
            features.append(row)
            acceptable.append(cider.score_one(str(i), lower_nopunct(text)) >= threshold)
            names.append(folder.name)
    x, y, dataset = np.stack(features), np.array(acceptable, dtype=np.float64), np.array(names)
    out_of_fold = cross_validated(x, y)
    figures = {
        "threshold_cider_d": round(100 * threshold, 1),
        "all": report(out_of_fold, y),
        **{name: report(out_of_fold[dataset == name], y[dataset == name]) for name in dict.fromkeys(names)},
        "machine": describe_machine(),
    }
    config_path = args.weights / CONFIG_FILE
    config = json.loads(config_path.read_text(encoding="utf-8"))
    config["confidence"] = asdict(Calibration(*fit_logistic(x, y)))
    config_path.write_text(json.dumps(config) + "\n", encoding="utf-8")
    args.out.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    args.diagram.parent.mkdir(parents=True, exist_ok=True)
    args.diagram.write_text(diagram(figures[args.data[0].name]), encoding="utf-8")  # type: ignore[arg-type]
    print(json.dumps(figures, indent=1))


def _observe(backend: CompactBackend, example: Example) -> tuple[str, Array]:
    """The caption of a picture, and what the search said of it."""
    image = open_image(example.image, min_side=backend.input_size)
    found = backend.search(*backend.encode(image), CaptionOptions())[0]
    return backend.text_of(found.captions[0]), backend.confidence_features(found)


def cross_validated(x: Array, y: Array) -> Array:
    """For each row the probability from a regression that has not seen it."""
    folds = np.random.default_rng(0).permutation(len(x)) % _FOLDS
    out = np.zeros(len(x))
    for fold in range(_FOLDS):
        calibration = Calibration(*fit_logistic(x[folds != fold], y[folds != fold]))
        out[folds == fold] = [calibration.probability(row) for row in x[folds == fold]]
    return out


def report(probabilities: Array, y: Array) -> dict[str, object]:
    bins = np.minimum((probabilities * _BINS).astype(int), _BINS - 1)
    rows, error = [], 0.0
    for b in range(_BINS):
        inside = bins == b
        if inside.any():
            said, true = float(probabilities[inside].mean()), float(y[inside].mean())
            error += float(inside.mean()) * abs(said - true)
            rows.append({"pictures": int(inside.sum()), "said": round(said, 4), "acceptable": round(true, 4)})
    order = probabilities.argsort()
    ranks = np.empty(len(y))
    ranks[order] = np.arange(1, len(y) + 1)
    positive = y.sum()
    auc = (ranks[y == 1].sum() - positive * (positive + 1) / 2) / (positive * (len(y) - positive))
    return {
        "pictures": len(y),
        "acceptable": round(float(y.mean()), 4),
        "expected_calibration_error": round(error, 4),
        "brier": round(float(((probabilities - y) ** 2).mean()), 4),
        "auroc": round(float(auc), 4),
        "bins": rows,
    }


def diagram(figures: dict[str, list[dict[str, float]]]) -> str:
    """A reliability diagram as SVG: how often captions were acceptable, over the confidence they were given."""
    side, edge = 320, 48

    def place(said: float, true: float) -> tuple[float, float]:
        return edge + said * side, edge + (1.0 - true) * side

    marks, words = [], []
    for row in figures["bins"]:
        x, y = place(row["said"], row["acceptable"])
        radius = 3 + 12 * (row["pictures"] / figures["pictures"]) ** 0.5  # type: ignore[operator]
        marks.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="#1f5fa8"/>')
        words.append(f"{row['said']:.2f} said, {row['acceptable']:.2f} acceptable, {row['pictures']} pictures")
    ticks = "".join(
        f'<text x="{edge + t * side:.0f}" y="{edge + side + 18}" text-anchor="middle">{t:.1f}</text>'
        f'<text x="{edge - 8}" y="{edge + (1 - t) * side + 4:.0f}" text-anchor="end">{t:.1f}</text>'
        for t in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
    )
    whole = side + 2 * edge
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {whole} {whole}" role="img" '
        f'aria-labelledby="title desc" font-family="sans-serif" font-size="12">\n'
        f'<title id="title">Reliability diagram of the built-in captioner</title>\n'
        f'<desc id="desc">{"; ".join(words)}.</desc>\n'
        f'<rect width="{whole}" height="{whole}" fill="white"/>\n'
        f'<rect x="{edge}" y="{edge}" width="{side}" height="{side}" fill="none" stroke="black"/>\n'
        f'<path d="M{edge} {edge + side}L{edge + side} {edge}" stroke="#777" stroke-dasharray="5 4"/>\n'
        f"{''.join(marks)}\n{ticks}\n"
        f'<text x="{whole / 2}" y="{whole - 8}" text-anchor="middle">confidence</text>\n'
        f'<text transform="translate(14 {whole / 2}) rotate(-90)" text-anchor="middle">share acceptable</text>\n'
        "</svg>\n"
    )


if __name__ == "__main__":
    main()
