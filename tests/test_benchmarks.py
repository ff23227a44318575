"""The arithmetic of the scripts in `benchmarks/`: a wrong figure there is a wrong promise in the README."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from captioner.confidence import fit_logistic

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "benchmarks"))

import calibrate
import caption_quality
import prepare_data


def test_a_calibration_finds_the_probabilities_that_made_the_data() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(20_000, 7)) * 3.0 + 1.0
    weights, bias = np.array([0.5, -0.3, 0.0, 0.2, 0.0, 0.1, -0.1]), 0.4
    y = (rng.random(len(x)) < 1.0 / (1.0 + np.exp(-(x @ weights + bias)))).astype(float)
    found_weights, found_bias = fit_logistic(x, y)
    assert found_weights == pytest.approx(weights, abs=0.04)
    assert found_bias == pytest.approx(bias, abs=0.1)
    figures = calibrate.report(calibrate.cross_validated(x, y), y)
    assert figures["expected_calibration_error"] < 0.02
    assert figures["auroc"] > 0.75


def test_the_calibration_error_is_the_mean_gap_between_said_and_true() -> None:
    said = np.array([0.15] * 50 + [0.85] * 50)
    true = np.array([1.0] * 20 + [0.0] * 30 + [1.0] * 50)  # 0.4 where 0.15 was said, 1.0 where 0.85 was
    figures = calibrate.report(said, true)
    assert figures["expected_calibration_error"] == pytest.approx(0.5 * 0.25 + 0.5 * 0.15)
    assert [row["pictures"] for row in figures["bins"]] == [50, 50]
    assert calibrate.report(said, (said > 0.5).astype(float))["auroc"] == 1.0
    diagram = calibrate.diagram(figures)
    assert "0.15 said, 0.40 acceptable, 50 pictures" in diagram
    assert diagram.count("<circle") == 2


@pytest.mark.parametrize(
    ("caption", "references", "invented"),
    [
        ("A dog runs.", ["a puppy on grass", "a pet"], []),
        ("A dog runs.", ["a cat on grass"], ["dog"]),
        ("A man and a woman.", ["a person with her friend", "someone"], ["man"]),
        ("Two people.", ["a cat"], []),
    ],
)
def test_a_being_is_invented_when_no_human_mentions_it(
    caption: str, references: list[str], invented: list[str]
) -> None:
    counts = caption_quality.count_inventions({"1": caption}, {"1": references})
    assert [name for name, count in counts.items() if count] == invented


def test_held_out_pictures_leave_no_text_behind(tmp_path: Path) -> None:
    import gzip
    import json

    coco = tmp_path / "captions.jsonl"
    rows = [{"id": "7", "split": "train", "captions": ["a"] * 5}, {"id": "8", "split": "restval", "captions": ["b"]}]
    coco.write_text("".join(json.dumps(row) + "\n" for row in rows))
    held_out = prepare_data._split_coco(coco, tmp_path / "out.jsonl")
    assert held_out == {7}
    splits = [json.loads(line)["split"] for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert splits == ["val", "train"]
    texts = tmp_path / "texts"
    texts.mkdir()
    with gzip.open(texts / "coco.jsonl.gz", "wt") as file:
        file.write("".join(json.dumps({"coco_id": i, "captions": [f"text {i}"]}) + "\n" for i in (7, 8, 9)))
    assert prepare_data._join_texts(texts, tmp_path / "texts.jsonl", held_out) == 2
    assert "text 7" not in (tmp_path / "texts.jsonl").read_text()
