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

from eval.data import (
    CaptionedImage,
    load_candidates,
    load_captioned,
    load_coco,
    load_csv,
    load_flickr8k,
    load_flickr30k,
    load_folder,
    load_jsonl,
    load_karpathy,
)
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
    assert [item.id for item in load_karpathy(path, split="train")] == ["1.jpg", "COCO_3.jpg"]
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
        ('{"captions": ["x"]}', 'line 2: "image" is None'),
        ('{"id": "2", "image": "2.jpg", "captions": ["x"], "split": 3}', 'line 2: "split" is 3'),
        ('{"id": "1", "image": "2.jpg", "captions": ["x"]}', "'1' more than once"),
    ],
)
def test_damaged_line_is_named(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "captions.jsonl"
    path.write_text('{"id": "1", "image": "1.jpg", "captions": ["x"]}\n' + line, encoding="utf-8")
    with pytest.raises(EvalDataError, match=message):
        load_jsonl(path)


def test_a_karpathy_file_can_be_read_under_coco_s_numbers(tmp_path: Path) -> None:
    row = karpathy_row("COCO_val2014_000000000042.jpg", "test", "A shoe rack.") | {"cocoid": 42}
    path = karpathy_file(tmp_path, [row])
    assert [item.id for item in load_karpathy(path, id_field="cocoid")] == ["42"]
    assert [item.id for item in load_captioned(path, id_field="cocoid")] == ["42"]
    with pytest.raises(EvalDataError, match='"imgid" is None'):
        load_karpathy(path, id_field="imgid")


COCO: dict[str, Any] = {
    "images": [{"id": 42, "file_name": "000000000042.jpg"}, {"id": 7, "file_name": "000000000007.jpg"}],
    "annotations": [
        {"image_id": 7, "id": 1, "caption": "A dog.\n"},
        {"image_id": 42, "id": 2, "caption": "Shoes on a rack."},
        {"image_id": 7, "id": 3, "caption": "A brown dog."},
    ],
}


def test_coco_captions_are_joined_to_their_pictures(tmp_path: Path) -> None:
    path = tmp_path / "captions_val2017.json"
    path.write_text(json.dumps(COCO))
    assert load_coco(path, images_dir="val2017") == (
        CaptionedImage("42", Path("val2017/000000000042.jpg"), ("Shoes on a rack.",), None),
        CaptionedImage("7", Path("val2017/000000000007.jpg"), ("A dog.", "A brown dog."), None),
    )
    with pytest.raises(UnknownNameError, match="its splits: none at all"):
        load_coco(path, split="val")
    path.write_text(json.dumps(COCO | {"annotations": COCO["annotations"][:1]}))
    with pytest.raises(EvalDataError, match="pictures without a caption: 42"):
        load_coco(path)
    path.write_text(json.dumps(COCO | {"images": COCO["images"][:1]}))
    with pytest.raises(EvalDataError, match="captions of pictures that it does not list: 7"):
        load_coco(path)
    path.write_text("[]")
    with pytest.raises(EvalDataError, match='no lists "images" and "annotations"'):
        load_coco(path)


def flickr8k_files(folder: Path) -> Path:
    path = folder / "Flickr8k.token.txt"
    path.write_text("1.jpg#0\tA dog runs .\n1.jpg#1\tA brown dog .\n2.jpg#0\tTwo cats .\n3.jpg#0\tA boat\n")
    (folder / "Flickr_8k.trainImages.txt").write_text("2.jpg\n")
    (folder / "Flickr_8k.devImages.txt").write_text("1.jpg\n")
    return path


def test_flickr8k_s_own_files_are_read_with_their_splits(tmp_path: Path) -> None:
    path = flickr8k_files(tmp_path)
    assert [(item.id, item.split) for item in load_flickr8k(path)] == [
        ("1.jpg", "val"),
        ("2.jpg", "train"),
        ("3.jpg", None),
    ]
    assert load_flickr8k(path, split="val")[0].references == ("A dog runs .", "A brown dog .")
    path.write_text("1.jpg#0\tA dog\nA cat\n")
    with pytest.raises(EvalDataError, match="line 2 is 'A cat'"):
        load_flickr8k(path)


def test_flickr30k_s_table_is_read_with_the_line_that_lacks_a_bar(tmp_path: Path) -> None:
    path = tmp_path / "results.csv"
    lines = [
        "image_name| comment_number| comment",
        "1.jpg| 0| Two men, a dog .",
        "1.jpg| 4   A dog runs across the grass .",
    ]
    path.write_text("\n".join(lines))
    assert load_flickr30k(path) == load_captioned(path)
    assert load_flickr30k(path)[0].references == ("Two men, a dog .", "A dog runs across the grass .")
    path.write_text("\n".join([*lines, "2.jpg| 0|"]))
    with pytest.raises(EvalDataError, match="line 4 is"):
        load_flickr30k(path)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_table_is_read_whatever_parts_its_columns(tmp_path: Path, delimiter: str) -> None:
    path = tmp_path / "captions.csv"
    rows = [("Image", "Caption", "split"), ("1.jpg", '"A dog, a ""good"" one; old."', "val"), ("1.jpg", "A dog", "val")]
    path.write_bytes(b"\xef\xbb\xbf" + "\r\n".join(delimiter.join(row) for row in rows).encode())
    assert load_csv(path, split="val") == (
        CaptionedImage("1.jpg", tmp_path / "1.jpg", ('A dog, a "good" one; old.', "A dog"), "val"),
    )


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("image,caption\n1.jpg", "line 2 has 1 cells; expected 2"),
        ("image,caption\n1.jpg,", "line 2 has no caption"),
        ("image,caption\n,a dog", "line 2 has no image"),
        ("id,image,caption\n1,1.jpg,a\n1,2.jpg,b", "line 3: '1' has another image"),
        ("image,caption\n", "no picture with captions"),
    ],
)
def test_damaged_table_is_named(tmp_path: Path, lines: str, message: str) -> None:
    path = tmp_path / "captions.csv"
    path.write_text(lines)
    with pytest.raises(EvalDataError, match=message):
        load_csv(path)


def test_a_folder_with_texts_beside_the_pictures(tmp_path: Path) -> None:
    for name in ("b.JPG", "a.png"):
        (tmp_path / name).touch()
    (tmp_path / "b.txt").write_text("A boat.\n\n A ship. \n", encoding="utf-8")
    with pytest.raises(EvalDataError, match=r"1 picture\(s\) .* \(a\.png\)"):
        load_folder(tmp_path)
    (tmp_path / "a.txt").write_text("Ein Fluß.", encoding="utf-8")
    assert load_captioned(tmp_path) == (
        CaptionedImage("a.png", tmp_path / "a.png", ("Ein Fluß.",), None),
        CaptionedImage("b.JPG", tmp_path / "b.JPG", ("A boat.", "A ship."), None),
    )
    (tmp_path / "a.txt").write_text("\n")
    with pytest.raises(EvalDataError, match=r"a\.txt has no caption"):
        load_folder(tmp_path)


def test_a_layout_is_told_by_its_content(tmp_path: Path) -> None:
    for name, content, n in [
        ("a", json.dumps({"images": [karpathy_row("1.jpg", "val", "A dog.")]}), 1),
        ("b", json.dumps(COCO), 2),
        ("c", '{"image": "1.jpg", "captions": ["x"]}', 1),
        ("d", '{"image": "1.jpg", "captions": ["x"]}\n{"image": "2.jpg", "captions": ["x"]}\n', 2),
        ("e", "1.jpg#0\tA dog .\n", 1),
        ("f", "image_name| comment_number| comment\n1.jpg| 0| A dog .\n", 1),
        ("g", "image,caption\n1.jpg,A dog\n", 1),
    ]:
        (tmp_path / name).write_text(content)
        assert len(load_captioned(tmp_path / name)) == n, name
    (tmp_path / "h").write_text("Dear reader\n")
    with pytest.raises(EvalDataError, match=r"h is of no known layout; expected Karpathy's"):
        load_captioned(tmp_path / "h")


def test_a_folder_is_read_through_its_one_file_of_captions(tmp_path: Path) -> None:
    flickr8k_files(tmp_path)
    pictures = tmp_path / "Flicker8k_Dataset"
    pictures.mkdir()
    (pictures / "1.jpg").touch()
    assert load_captioned(tmp_path, split="val")[0].image == pictures / "1.jpg"
    assert load_captioned(tmp_path, split="val", images_dir="x")[0].image == Path("x/1.jpg")
    (tmp_path / "Other.token.txt").touch()
    with pytest.raises(EvalDataError, match=r"several files of captions \(Flickr8k\.token\.txt, Other\.token\.txt\)"):
        load_captioned(tmp_path)
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(EvalDataError, match="neither captions nor pictures"):
        load_captioned(empty)


@pytest.mark.parametrize(
    "content",
    [
        '{"1": "A dog.", "2": ""}',
        '[{"image_id": 1, "caption": "A dog."}, {"image_id": "2", "caption": ""}]',
        '{"id": "1", "caption": "A dog."}\n{"id": "2", "caption": ""}\n',
        '{"source": "pictures/1", "caption": "A dog.", "error": null}\n{"source": "2", "caption": ""}',
        "image,caption\n1,A dog.\n2,\n",
    ],
)
def test_candidates_are_read_in_every_layout(tmp_path: Path, content: str) -> None:
    path = tmp_path / "captions"
    path.write_text(content)
    assert load_candidates(path) == {"1": "A dog.", "2": ""}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{}", "has no caption"),
        ("[1]", r"\[0\] is int; expected an object"),
        ('[{"caption": "x"}]', r"\[0\] has no id"),
        ('{"1": 2}', "'1': \"caption\" is 2"),
        ('{"source": "1", "caption": null, "error": "It is damaged."}', r"is None \(It is damaged\.\)"),
        ('{"id": "1", "caption": "x"}\n{"id": "1", "caption": "y"}', "'1' more than once"),
        ('{"id": "1", "caption": "x"}\n{"id"', "line 2 is not JSON"),
        ("caption\nA dog", "line 2 has no id"),
    ],
)
def test_damaged_candidates_are_refused(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "captions"
    path.write_text(content)
    with pytest.raises(EvalDataError, match=message):
        load_candidates(path)


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
        Score("x", 0.0, "x100", "higher", None, "x", ("a", "b"), np.zeros((3, 1)))


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
        "import sys, eval.captions, eval.data, eval.speech.intelligibility, eval.suite, eval.loop, eval.report\n"
        "heavy = {'torch', 'faster_whisper', 'ctranslate2', 'jiwer', 'pycocoevalcap', 'captioner', 'PIL'}\n"
        "heavy |= {'matplotlib', 'jinja2', 'transformers', 'scipy', 'librosa', 'soundfile'}\n"
        "heavy |= {name for name in sys.modules if name.startswith('lookaloud.')}\n"
        "heavy = {name for name in heavy if not (name + '.').startswith('lookaloud.ground.')}\n"  # which all share
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
