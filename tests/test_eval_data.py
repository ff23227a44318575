"""The loaders of captions with references, and the Score value and tokenizers they feed."""

from __future__ import annotations

import json
import string
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eval.data import CaptionedImage, load_jsonl, load_karpathy
from eval.errors import EvalDataError, EvalError, UnknownNameError
from eval.score import Score, describe_counts, make_signature
from eval.tokens import TOKENIZERS, lower_nopunct


def karpathy_file(folder: Path, rows: Any) -> Path:
    path = folder / "dataset_tiny.json"
    path.write_text(json.dumps({"dataset": "tiny", "images": rows}), encoding="utf-8")
    return path


def karpathy_row(name: str, split: str, *captions: str, **more: str) -> dict[str, Any]:
    sentences = [{"raw": caption, "tokens": caption.lower().split()} for caption in captions]
    return {"filename": name, "split": split, "sentences": sentences, **more}


def test_karpathy_file_is_read_whole_and_by_split(tmp_path: Path) -> None:
    path = karpathy_file(
        tmp_path,
        [
            karpathy_row("1.jpg", "train", "A dog runs.", "A brown dog ."),
            karpathy_row("2.jpg", "test", "Two cats."),
            karpathy_row("COCO_3.jpg", "restval", "A café.", filepath="val2014"),
        ],
    )
    everything = load_karpathy(path)
    assert [item.id for item in everything] == ["1.jpg", "2.jpg", "COCO_3.jpg"]
    assert everything[0] == CaptionedImage("1.jpg", tmp_path / "1.jpg", ("A dog runs.", "A brown dog ."), "train")
    assert everything[2].image == tmp_path / "val2014" / "COCO_3.jpg"
    assert everything[2].references == ("A café.",)
    assert [item.id for item in load_karpathy(path, split="test")] == ["2.jpg"]
    assert load_karpathy(path, images_dir="Images")[1].image == Path("Images/2.jpg")


@pytest.mark.parametrize("load", [load_karpathy, load_jsonl])
def test_missing_file_is_named(load: Callable[[Path], object], tmp_path: Path) -> None:
    with pytest.raises(EvalDataError, match=r"none\.json cannot be read"):
        load(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ({}, 'no list "images"'),
        ([{"split": "test", "sentences": []}], r'images\[0\]: "filename" is None'),
        ([karpathy_row("1.jpg", "test", "x"), {"filename": "2.jpg"}], r'images\[1\] has no list "sentences"'),
        ([karpathy_row("1.jpg", "test")], r"images\[0\] has no caption"),
        ([{"filename": "1.jpg", "sentences": [{"tokens": []}]}], r'images\[0\]: "raw" is None'),
        ([karpathy_row("1.jpg", "test", "x"), karpathy_row("1.jpg", "val", "y")], "'1.jpg' more than once"),
    ],
)
def test_damaged_karpathy_file_is_refused(tmp_path: Path, rows: Any, message: str) -> None:
    with pytest.raises(EvalDataError, match=message):
        load_karpathy(karpathy_file(tmp_path, rows))


def test_unknown_split_lists_the_splits(tmp_path: Path) -> None:
    path = karpathy_file(tmp_path, [karpathy_row("1.jpg", "train", "x"), karpathy_row("2.jpg", "val", "x")])
    with pytest.raises(UnknownNameError, match="'tests'; its splits: train, val"):
        load_karpathy(path, split="tests")


def test_jsonl_is_read(tmp_path: Path) -> None:
    path = tmp_path / "captions.jsonl"
    path.write_text(
        '{"id": "1", "image": "a/1.jpg", "captions": ["A dog.\u2028", "Dog."], "split": "test"}\n'
        "\n"
        '{"id": "2", "image": "2.jpg", "captions": ["Two cats."]}\n',
        encoding="utf-8",
    )
    assert load_jsonl(path) == (
        CaptionedImage("1", tmp_path / "a" / "1.jpg", ("A dog.\u2028", "Dog."), "test"),
        CaptionedImage("2", tmp_path / "2.jpg", ("Two cats.",), None),
    )
    assert [item.id for item in load_jsonl(path, split="test", images_dir="x")] == ["1"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "line 2 is not JSON"),
        ("[]", 'line 2 has no list of strings "captions"'),
        ('{"id": "2", "image": "2.jpg", "captions": "one"}', 'line 2 has no list of strings "captions"'),
        ('{"id": "2", "image": "2.jpg", "captions": [1]}', 'line 2 has no list of strings "captions"'),
        ('{"id": "2", "image": "2.jpg", "captions": []}', "line 2 has no caption"),
        ('{"id": 2, "image": "2.jpg", "captions": ["x"]}', 'line 2: "id" is 2'),
        ('{"id": "2", "captions": ["x"]}', 'line 2: "image" is None'),
        ('{"id": "2", "image": "2.jpg", "captions": ["x"], "split": 3}', 'line 2: "split" is 3'),
        ('{"id": "1", "image": "2.jpg", "captions": ["x"]}', "'1' more than once"),
    ],
)
def test_damaged_line_is_named(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "captions.jsonl"
    path.write_text('{"id": "1", "image": "1.jpg", "captions": ["x"]}\n' + line, encoding="utf-8")
    with pytest.raises(EvalDataError, match=message):
        load_jsonl(path)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("A Dog runs .", ["a", "dog", "runs"]),
        ("dog's dog’s dogs", ["dogs", "dogs", "dogs"]),
        ("black-and-white black‐and‐white", ["blackandwhite", "blackandwhite"]),
        ("dog—cat – bird", ["dog", "cat", "bird"]),
        ("“Stop” «here»…", ["stop", "here"]),
        ("3.5 \t\n m", ["35", "m"]),
        (string.punctuation, []),
        ("", []),
    ],
)
def test_lower_nopunct(text: str, tokens: list[str]) -> None:
    assert lower_nopunct(text) == tokens
    assert TOKENIZERS["lower_nopunct"](text) == tokens


def test_score_refuses_stats_that_are_not_one_row_per_item() -> None:
    with pytest.raises(ValueError, match=r"shape \(3, 1\).*2 ids"):
        Score("x", 0.0, "x100", True, None, "x", ("a", "b"), np.zeros((3, 1)))


def test_signature_has_metric_parts_and_version() -> None:
    assert make_signature("X", refs=5).startswith("X|refs:5|lookaloud:")
    assert (describe_counts([3, 3]), describe_counts([5, 1])) == ("3", "1-5")


def test_every_error_is_an_eval_error_and_drawn_in_the_tree() -> None:
    import eval.errors as errors

    classes = [c for c in vars(errors).values() if isinstance(c, type)]
    assert len(classes) > 5
    for error in classes:
        assert issubclass(error, EvalError)
        assert error.__name__ in (errors.__doc__ or "")


def test_importing_eval_stays_light() -> None:
    code = (
        "import sys, eval.captions, eval.data, eval.speech.intelligibility\n"
        "heavy = {'torch', 'faster_whisper', 'ctranslate2', 'jiwer', 'pycocoevalcap', 'captioner', 'PIL'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
