"""The pictures that training sees: decoded once, a new view each time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tiny import MODEL

from captioner.training.class_words import ClassWords
from captioner.training.data import Example
from captioner.training.model import CompactModel, class_table
from captioner.training.pictures import Pictures

WORDS = ClassWords.known_in(["a dog"], class_table("tiny"), min_count=1)
pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def model() -> CompactModel:
    torch.manual_seed(0)
    return CompactModel(MODEL, WORDS).eval()


@pytest.fixture
def examples(tmp_path: Path) -> list[Example]:
    made = []
    for i in range(3):
        path = tmp_path / f"{i}.png"
        Image.fromarray(np.random.default_rng(i).integers(256, size=(40, 60, 3), dtype=np.uint8)).save(path)
        made.append(Example(path, ("a dog",), "train"))
    return made


def test_views_differ_by_their_seed_alone(model: CompactModel, examples: list[Example], tmp_path: Path) -> None:
    pictures = Pictures(examples, tmp_path / "cache", model, progress=False)
    index = np.array([2, 0])
    plain = pictures.plain(index).features
    state = torch.get_rng_state()
    first, again, other = (pictures.views(index, seed).features for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), state), "dropout draws what it would have drawn"
    assert torch.equal(first, again)
    for views in (first, other):
        assert views.shape == plain.shape
        assert not torch.allclose(views, plain, atol=1e-3)
    assert not torch.allclose(first, other, atol=1e-3)


def test_pictures_are_decoded_once(model: CompactModel, examples: list[Example], tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    before = Pictures(examples, cache, model, progress=False).plain(slice(None))
    for example in examples:
        example.image.unlink()
    after = Pictures(examples, cache, model, progress=False)
    assert len(after) == 3
    assert torch.equal(after.plain(slice(None)).features, before.features)
    np.testing.assert_allclose(after.classes(), before.classes.numpy(), atol=1e-6)


def test_what_the_encoder_says_is_what_the_network_says(
    model: CompactModel, examples: list[Example], tmp_path: Path
) -> None:
    found = Pictures(examples, tmp_path / "cache", model, progress=False).plain(slice(None))
    (file,) = (tmp_path / "cache").glob("*.npy")
    with torch.no_grad():
        expected, _ = model.encoder(torch.from_numpy(np.load(file)))
    torch.testing.assert_close(found.features, expected.features, atol=1e-4, rtol=1e-3)
    torch.testing.assert_close(found.classes, expected.classes, atol=1e-4, rtol=1e-3)
