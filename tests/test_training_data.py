"""The datasets that training reads: read right and refused with a sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from captioner.errors import TrainingDataError
from captioner.training.data import Example, normalise_caption, read_dataset
from eval.data import load_captioned


def picture(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (4, 4)).save(path)
    return path


def flickr8k(folder: Path) -> Path:
    text = folder / "Flickr8k_text"
    text.mkdir()
    rows = ["a.jpg#0\tA dog .", "a.jpg#1\tOne dog", "b.jpg#0\tA cat .", "broken.jpg.1#0\tNo picture and no split"]
    (text / "Flickr8k.token.txt").write_text("\n".join(rows) + "\n")
    (text / "Flickr_8k.trainImages.txt").write_text("a.jpg\n")
    (text / "Flickr_8k.devImages.txt").write_text("b.jpg\n")
    for name in ("a.jpg", "b.jpg"):
        picture(folder / "Flicker8k_Dataset" / name)
    return folder


def karpathy(folder: Path) -> Path:
    images = [
        {"filename": "a.jpg", "filepath": "x", "split": "restval", "sentences": [{"raw": "A dog ."}]},
        {"filename": "b.jpg", "split": "val", "sentences": [{"raw": "A cat ."}, {"raw": "Cat"}]},
    ]
    file = folder / "dataset.json"
    file.write_text(json.dumps({"images": images}))
    picture(folder / "images" / "x" / "a.jpg")
    picture(folder / "images" / "b.jpg")
    return file


def test_flickr8k_as_published(tmp_path: Path) -> None:
    folder = flickr8k(tmp_path)
    images = folder / "Flicker8k_Dataset"
    assert read_dataset(folder) == [
        Example(images / "a.jpg", ("A dog .", "One dog"), "train"),
        Example(images / "b.jpg", ("A cat .",), "val"),
    ]
    assert [example.image.name for example in read_dataset(folder, split="val")] == ["b.jpg"]


def test_karpathy_json_with_restval_and_folders(tmp_path: Path) -> None:
    file = karpathy(tmp_path)
    assert read_dataset(file, split="train") == [Example(tmp_path / "images/x/a.jpg", ("A dog .",), "train")]
    assert read_dataset(tmp_path, split="val")[0].captions == ("A cat .", "Cat")


def test_jsonl_with_an_images_folder(tmp_path: Path) -> None:
    picture(tmp_path / "elsewhere" / "a.png")
    file = tmp_path / "rows.jsonl"
    file.write_text('{"image": "a.png", "captions": ["A dog."]}\n\n')
    expected = [Example(tmp_path / "elsewhere" / "a.png", ("A dog.",), "train")]
    assert read_dataset(file, images=tmp_path / "elsewhere") == expected


def test_coco_is_read_too(tmp_path: Path) -> None:
    rows = {
        "images": [{"id": 42, "file_name": "a.jpg"}, {"id": 7, "file_name": "b.jpg"}],
        "annotations": [{"image_id": 7, "caption": "A cat."}, {"image_id": 42, "caption": "A dog.\n"}],
    }
    (tmp_path / "captions_val2017.json").write_text(json.dumps(rows))
    images = [picture(tmp_path / "val2017" / name) for name in ("a.jpg", "b.jpg")]
    expected = [Example(images[0], ("A dog.",), "train"), Example(images[1], ("A cat.",), "train")]
    assert read_dataset(tmp_path) == read_dataset(tmp_path / "captions_val2017.json", split="train") == expected


def test_csv_is_read_too(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("image,caption,split\na.jpg,A dog.,val\na.jpg,Dog,val\nb.jpg,A cat.,\n")
    a, b = picture(tmp_path / "a.jpg"), picture(tmp_path / "b.jpg")
    assert read_dataset(file) == [Example(a, ("A dog.", "Dog"), "val"), Example(b, ("A cat.",), "train")]
    assert [example.image for example in read_dataset(file, split="train")] == [b]


def test_training_and_evaluation_agree_on_what_is_training_data(tmp_path: Path) -> None:
    file = karpathy(tmp_path)
    assert [item.image for item in load_captioned(file, split="train")] == [
        example.image for example in read_dataset(file, split="train")
    ]
    assert [item.split for item in load_captioned(file, split="restval")] == ["restval"]


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ("not json", "line 1 is not JSON"),
        ('{"captions": ["a"]}', 'line 1: "image" is None; expected'),
        ('{"image": "a.jpg", "captions": []}', "line 1 has no caption; expected one or more"),
        ('{"image": "a.jpg", "captions": "a dog"}', 'line 1 has no list of strings "captions"'),
        ('{"image": "a.jpg", "captions": [3]}', 'line 1 has no list of strings "captions"'),
        ('["a.jpg"]', 'line 1 has no list of strings "captions"; expected'),
    ],
)
def test_a_damaged_row_is_named(tmp_path: Path, row: str, complaint: str) -> None:
    picture(tmp_path / "a.jpg")
    file = tmp_path / "rows.jsonl"
    file.write_text(row + "\n")
    with pytest.raises(TrainingDataError, match=complaint) as caught:
        read_dataset(file)
    assert "rows.jsonl" in str(caught.value)


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(TrainingDataError, match="does not exist"):
        read_dataset(tmp_path / "nothing")
    with pytest.raises(TrainingDataError, match="neither captions nor pictures"):
        read_dataset(tmp_path)
    file = karpathy(tmp_path)
    with pytest.raises(TrainingDataError, match="split 'test'"):
        read_dataset(file, split="test")
    (tmp_path / "images" / "x" / "a.jpg").unlink()
    with pytest.raises(TrainingDataError, match=r"x.a\.jpg"):
        read_dataset(file)
    file.write_text('{"images": [{"filename": "a.jpg"}]}')
    with pytest.raises(TrainingDataError, match=r'images\[0\] has no list "sentences"'):
        read_dataset(file)


def test_a_line_of_flickr8k_without_its_tab_is_named(tmp_path: Path) -> None:
    folder = flickr8k(tmp_path)
    (folder / "Flickr8k_text" / "Flickr8k.token.txt").write_text("a.jpg#0\tA dog .\nb.jpg A cat\n")
    with pytest.raises(TrainingDataError, match="line 2"):
        read_dataset(folder)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A dog runs .", "a dog runs"),
        ('A man , in "red" , jumps !', "a man in red jumps"),
        ("A man's T-shirt", "a man's t-shirt"),
        ("- 'quoted' -", "quoted"),
        ("Two  dogs\tand\na_cat", "two dogs and a cat"),
        ("A girl’s hat", "a girl's hat"),
        (" . ", ""),
    ],
)
def test_normalise_caption(text: str, expected: str) -> None:
    assert normalise_caption(text) == expected
