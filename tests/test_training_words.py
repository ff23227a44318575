"""Class words, and the captions without pictures that are learned with them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from captioner.errors import TrainingDataError
from captioner.training.class_words import ClassWords, read_class_table
from captioner.training.features import CachedFeatures
from captioner.training.model import WORD_LEVELS, CompactModel, ModelConfig
from captioner.training.texts import WordNoise, read_texts

TABLE = [("beagle", "dog", "animal"), ("pug", "dog", "animal"), ("tabby cat", "cat", "animal"), ("pizza",), ("canoe",)]
CAPTIONS = ["two dogs and a cat", "a pizza", "dog food", "the animals", "a tabby cat sleeps"]


def known(min_count: int = 1) -> ClassWords:
    return ClassWords.known_in(CAPTIONS, TABLE, min_count=min_count)


def test_only_words_that_captions_use_are_known_and_plurals_count() -> None:
    # "animal" names three of four classes: too general to say anything.
    assert known().words == ("cat", "dog", "pizza", "tabby cat")
    assert known().classes == ((2,), (0, 1), (3,), (2,))
    assert known(min_count=2).words == ("cat", "dog")


@pytest.mark.parametrize(
    ("caption", "found"),
    [
        ("a dog", ["dog"]),
        ("three dogs run", ["dog"]),
        ("two pizzas", ["pizza"]),
        ("a tabby cat", ["cat", "tabby cat"]),
        ("a doghouse", []),
    ],
)
def test_words_are_found_in_captions(caption: str, found: list[str]) -> None:
    words = known()
    assert [words.words[i] for i in words.find([caption])] == found


def test_the_table_of_imagenet_has_its_thousand_classes() -> None:
    table = read_class_table()
    assert len(table) == 1000
    assert table[340][0] == "zebra"
    assert {"golden retriever", "dog", "animal"} <= set(table[207])


def test_words_that_people_do_not_say_are_worth_less() -> None:
    words = ClassWords.known_in(["dog", "canine", "pizza"], [("dog", "canine"), ("pizza",), ("car",)], min_count=1)
    classes = np.tile([[0.9, 0.1, 0.0]], (50, 1))
    weighed = words.weighed(classes, [["a dog"]] * 50)
    said = dict(zip(weighed.words, weighed.said, strict=True))
    assert said["dog"] > 0.9
    assert said["canine"] < 0.05
    assert said["pizza"] < 0.3
    assert ClassWords.from_json(json.loads(json.dumps(weighed.__dict__))).said == weighed.said


def model_with(words: ClassWords) -> CompactModel:
    torch.manual_seed(0)
    config = ModelConfig(encoder="tiny", image_size=32, vocab_size=50, d_model=16, n_heads=2, n_layers=1, n_words=3)
    return CompactModel(config, words).eval()


def test_the_surest_words_are_given_with_how_sure_they_are() -> None:
    words = ClassWords(("cat", "dog", "pizza"), ((2,), (0, 1), (3,)), (0.5, 0.5, 0.5), 4)
    ids, levels = model_with(words).sure_words(torch.tensor([[0.4, 0.3, 0.2, 0.0], [0.0, 0.0, 0.01, 0.02]]))
    assert ids[0].tolist()[:2] == [1, 0]
    assert levels[0].tolist() == [0, 2, len(WORD_LEVELS)]
    assert ids[1].tolist() == [3, 3, 3], "nothing sure: every place is empty"


def test_fewer_words_than_places_leave_places_empty() -> None:
    words = ClassWords(("dog",), ((0,),), (0.5,), 4)
    ids, levels = model_with(words).sure_words(torch.tensor([[1.0, 0.0, 0.0, 0.0]]))
    assert ids.tolist() == [[0, 1, 1]]
    assert levels.tolist() == [[0, len(WORD_LEVELS), len(WORD_LEVELS)]]


def test_groups_of_captions_get_the_hits_and_misses_of_a_picture() -> None:
    words = ClassWords(("cat", "dog", "pizza"), ((2,), (0, 1), (3,)), (0.5, 0.5, 0.5), 4)
    classes = np.array([[[0.9, 0.0, 0.05, 0.05]]], dtype=np.float16)
    cached = CachedFeatures(np.zeros((1, 1, 1), dtype=np.float16), classes)
    noise = WordNoise.of_pictures(model_with(words), cached, [["A Dog ."]], words)
    assert noise.mentioned[0].tolist() == [True, False, False]
    ids, levels = noise.draw([(2,), ()], np.random.default_rng(0))
    assert ids[0, 0] == 2, "the hit becomes the group's own word"
    assert levels[0].tolist() == noise.levels[0].tolist()
    assert ids[:, 1:].tolist() == [noise.ids[0, 1:].tolist()] * 2, "the misses stay"
    assert (ids[1, 0], levels[1, 0]) == (3, len(WORD_LEVELS)), "a group without words leaves the place empty"


def test_texts_are_read_in_groups(tmp_path: Path) -> None:
    path = tmp_path / "texts.jsonl"
    path.write_text('{"captions": ["a dog", "the dog"]}\n\n{"captions": ["a cat"], "coco_id": 3}\n')
    assert read_texts(path) == [("a dog", "the dog"), ("a cat",)]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "does not exist"),
        ("", "no captions"),
        ('{"captions": []}\n', "line 1"),
        ('{"captions": "a"}\n', "line 1"),
    ],
)
def test_texts_that_are_wrong_are_named(tmp_path: Path, content: str | None, said: str) -> None:
    path = tmp_path / "texts.jsonl"
    if content is not None:
        path.write_text(content)
    with pytest.raises(TrainingDataError, match=said):
        read_texts(path)
