"""Neighbours: captions that sound like what people said of similar pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from captioner import WeightsError
from captioner.neighbours import Neighbours
from captioner.training.neighbours import joined, neighbours_of
from eval.captions.cider import CiderD

DOGS = ["a dog runs on the grass", "a brown dog runs", "the dog is on green grass"]
BOATS = ["a boat on the water", "a white boat sails", "a boat sails on blue water"]
# Nobody has cats in the first set: they join later.
CATS = ["a cat sleeps on a couch", "a cat is sleeping"]


def pictures(direction: int, count: int, seed: int) -> np.ndarray:
    """Pooled features (count, 12) that all point the same way, more or less."""
    rng = np.random.default_rng(seed)
    features = rng.uniform(0.0, 0.3, (count, 12))
    features[:, 3 * direction : 3 * direction + 3] += 2.0
    return features.astype(np.float32)


@pytest.fixture(scope="module")
def neighbours() -> Neighbours:
    pooled = np.concatenate((pictures(0, 30, 0), pictures(1, 30, 1)))
    return neighbours_of(pooled, [DOGS] * 30 + [BOATS] * 30)


def test_what_similar_pictures_were_called_is_preferred(neighbours: Neighbours) -> None:
    captions = ["a dog runs on the grass", "a boat sails on the water", "a man eats"]
    of_dog, likeness = neighbours.consensus(pictures(0, 1, 7)[0], captions)
    of_boat, _ = neighbours.consensus(pictures(1, 1, 8)[0], captions)
    assert of_dog.argmax() == 0
    assert of_boat.argmax() == 1
    assert of_dog[2] < 0.05
    assert 0.5 < likeness <= 1.0
    odd, less = neighbours.consensus(pictures(3, 1, 9)[0], captions)
    assert less < likeness
    assert np.isfinite(odd).all()


def test_agreement_is_the_cosine_that_cider_takes_where_neither_clips_nor_length_count(neighbours: Neighbours) -> None:
    """With one caption a picture, the same words never twice and equal lengths, CIDEr-D is ten times that cosine."""
    captions = [["two dogs run on grass"], ["a boat sails on water"], ["two dogs sleep on rocks"]]
    pooled = np.concatenate([pictures(i, 1, i) for i in range(3)])
    made = neighbours_of(np.repeat(pooled, 40, axis=0), [text for text in captions for _ in range(40)])
    tokens = {str(i): [text[0].split()] for i, text in enumerate(text for text in captions for _ in range(40))}
    cider = CiderD(tokens)
    said = "two dogs run on rocks"
    found, _ = made.consensus(pooled[0], [said])
    # The forty nearest say the first caption; what the others add is weighed by how far they are.
    assert found[0] == pytest.approx(cider.score_one("0", said.split()) / 10.0, rel=0.02)


def test_no_words_and_unknown_words_agree_with_nobody(neighbours: Neighbours) -> None:
    found, _ = neighbours.consensus(pictures(0, 1, 7)[0], ["", "zzz qqq"])
    assert found.tolist() == [0.0, 0.0]


def test_the_file_gives_back_what_was_saved(neighbours: Neighbours, tmp_path: Path) -> None:
    neighbours.save(tmp_path / "neighbours.npz")
    again = Neighbours.load(tmp_path / "neighbours.npz")
    assert len(again) == len(neighbours) == 60
    captions = [*DOGS, *BOATS]
    for direction in range(2):
        pooled = pictures(direction, 1, 5)[0]
        before, after = (made.consensus(pooled, captions)[0] for made in (neighbours, again))
        np.testing.assert_allclose(after, before, atol=0.02)


def test_new_pictures_join_and_the_old_ones_keep_their_say(neighbours: Neighbours) -> None:
    both = joined(neighbours, pictures(2, 5, 3), [CATS] * 5)
    assert len(both) == 65
    captions = ["a dog runs on the grass", "a cat sleeps on a couch"]
    of_dog, _ = both.consensus(pictures(0, 1, 7)[0], captions)
    of_cat, _ = both.consensus(pictures(2, 1, 7)[0], captions)
    assert of_dog.argmax() == 0
    assert of_cat.argmax() == 1
    before, _ = neighbours.consensus(pictures(0, 1, 7)[0], captions)
    assert of_dog[0] == pytest.approx(float(before[0]), abs=0.1)


def test_no_words_are_kept(neighbours: Neighbours, tmp_path: Path) -> None:
    neighbours.save(tmp_path / "neighbours.npz")
    with np.load(tmp_path / "neighbours.npz") as stored:
        assert all(stored[name].dtype.kind in "fiu" for name in stored.files)
        # Unpacked: what is compressed shows no word in any case.
        assert not any(b"grass" in stored[name].tobytes() for name in stored.files)


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 cut"])
def test_a_damaged_file_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "neighbours.npz"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=r"neighbours\.npz"):
        Neighbours.load(path)
