"""Going on from a captioner that is there: it learns the new and keeps the old."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tiny import CONFIG, MODEL
from tokenizers import Tokenizer

from captioner import CaptionOptions, open_image
from captioner.backends.compact import CompactBackend, square_pixels
from captioner.errors import TrainingDataError
from captioner.training.config import FINE_TUNING
from captioner.training.data import Example
from captioner.training.export import export_model
from captioner.training.model import CompactModel
from captioner.training.start import load_start
from captioner.training.train import load_run, train
from captioner.training.vocabulary import BOS, EOS

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
OLD = {"red": (220, 30, 30), "green": (30, 200, 40), "blue": (30, 40, 220)}
NEW = {"white": (250, 250, 250), "black": (5, 5, 5)}
pytestmark = pytest.mark.usefixtures("one_thread")


def painted(folder: Path, colours: dict[str, tuple[int, int, int]]) -> list[Example]:
    folder.mkdir()
    made = []
    for i in range(8 * len(colours)):
        name, colour = list(colours.items())[i % len(colours)]
        path = folder / f"{i}.png"
        Image.fromarray(np.full((40, 40, 3), colour, dtype=np.uint8) + np.uint8(i % 5)).save(path)
        made.append(Example(path, (f"a {name} wall", f"a wall painted {name}"), "train"))
    return made


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> list[Example]:
    return painted(tmp_path_factory.mktemp("pictures") / "old", OLD)


@pytest.fixture(scope="module")
def new(tmp_path_factory: pytest.TempPathFactory) -> list[Example]:
    return painted(tmp_path_factory.mktemp("pictures") / "new", NEW)


@pytest.fixture(scope="module")
def base(old: list[Example], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A captioner that names the old colours, as files."""
    folder = tmp_path_factory.mktemp("base")
    config = dataclasses.replace(CONFIG, epochs=40, checkpoint_every=1000)
    train(old, [], folder / "run", config=config, progress=False)
    model, tokenizer, _ = load_run(folder / "run")
    export_model(model, tokenizer, folder / "files", name="base")
    return folder / "files"


def share_named(folder: Path, examples: Sequence[Example], colours: dict[str, tuple[int, int, int]]) -> float:
    options = CaptionOptions(only_photos=False)
    drafts = CompactBackend(folder).draft([Image.open(example.image) for example in examples], options)
    names = [list(colours)[i % len(colours)] for i in range(len(examples))]
    return float(np.mean([name in draft.texts[0] for name, draft in zip(names, drafts, strict=True)]))


def test_the_files_of_a_captioner_become_the_network_that_they_came_from(base: Path, tmp_path: Path) -> None:
    start = load_start(str(base))
    export_model(start.model, start.tokenizer, tmp_path, name="base")
    for name in ("encoder.onnx", "writer_0.onnx", "writer_1.onnx"):
        assert (tmp_path / name).stat().st_size == (base / name).stat().st_size
    again = load_start(str(tmp_path)).model.state_dict()
    for name, tensor in start.model.state_dict().items():
        assert torch.equal(tensor, again[name]), name


def test_fine_tuning_learns_words_that_the_captioner_did_not_know(
    base: Path, old: list[Example], new: list[Example], tmp_path: Path
) -> None:
    assert share_named(base, old, OLD) == 1.0
    assert share_named(base, new, NEW) == 0.0
    # The pull of a step is its learning rate times l2_sp, and this rate is thirty times the usual one.
    config = dataclasses.replace(FINE_TUNING, batch_size=4, learning_rate=3e-3, epochs=60, n_views=2, l2_sp=1.0)
    train(new, [], tmp_path / "run", config=config, start=load_start(str(base)), progress=False)
    model, tokenizer, stored = load_run(tmp_path / "run")
    assert stored.model == MODEL, "the sizes are those of the captioner it started from"
    export_model(model, tokenizer, tmp_path / "files", name="tuned")
    assert share_named(tmp_path / "files", new, NEW) == 1.0


def test_the_built_in_captioner_learns_the_new_and_keeps_the_old(tmp_path: Path) -> None:
    """On two pictures that it describes wrongly; it is not to change its mind about two others."""
    start = load_start("compact")
    raccoon, pagoda, cat, astronaut = (EXAMPLES / f"{name}.jpg" for name in ("raccoon", "pagoda", "cat", "astronaut"))
    mine = [
        Example(raccoon, ("a raccoon stands in the grass", "a raccoon on a lawn"), "train"),
        Example(pagoda, ("a red pagoda with a curved roof", "a tall pagoda under a blue sky"), "train"),
    ]
    before = CompactBackend()
    others = [open_image(path) for path in (cat, astronaut)]
    options = CaptionOptions(num_alternatives=0)
    kept = [
        Example(path, (before.draft([image], options)[0].texts[0],), "val")
        for path, image in zip((cat, astronaut), others, strict=True)
    ]
    config = dataclasses.replace(FINE_TUNING, n_views=2)

    def losses(model: CompactModel, examples: list[Example]) -> float:
        return mean_loss(model, start.tokenizer, examples)

    old_before, new_before = losses(start.model, kept), losses(start.model, mine)
    train(mine, [], tmp_path / "run", config=config, start=start, progress=False)
    model, _, _ = load_run(tmp_path / "run")
    assert losses(model, mine) < 0.8 * new_before
    assert losses(model, kept) < old_before + 0.25


def mean_loss(model: CompactModel, tokenizer: Tokenizer, examples: list[Example]) -> float:
    """Cross-entropy of the examples' captions, nats a token."""
    size = model.config.image_size
    total, count = 0.0, 0
    for example in examples:
        pixels = torch.from_numpy(square_pixels(open_image(example.image), size).copy())[None]
        with torch.no_grad():
            memory = model.encode(model.encoder(pixels)[0])
            for text in example.captions:
                ids = torch.tensor([[[BOS, *tokenizer.encode(text).ids, EOS]]])
                logprobs = model(memory, ids[:, :, :-1]).log_softmax(-1)
                total -= float(logprobs.gather(3, ids[:, :, 1:, None]).sum())
                count += ids.shape[2] - 1
    return total / count


def test_l2_sp_keeps_weights_near_their_start(base: Path, new: list[Example], tmp_path: Path) -> None:
    start = load_start(str(base))
    moved = {}
    for strength in (0.0, 300.0):
        folder = tmp_path / str(strength)
        config = dataclasses.replace(FINE_TUNING, batch_size=4, learning_rate=1e-3, epochs=3, n_views=1, l2_sp=strength)
        train(new, [], folder, config=config, start=start, progress=False)
        model, _, _ = load_run(folder)
        own = dict(start.model.named_parameters())
        moved[strength] = sum(float((p - own[name]).detach().square().sum()) for name, p in model.named_parameters())
    assert moved[300.0] < 0.5 * moved[0.0]


@pytest.mark.parametrize("what", ["nowhere", "without config", "another config"])
def test_what_cannot_be_gone_on_from_is_named(base: Path, tmp_path: Path, what: str) -> None:
    folder = tmp_path / "captioner"
    if what != "nowhere":
        folder.mkdir()
        for file in base.iterdir():
            (folder / file.name).write_bytes(file.read_bytes())
        (folder / "config.json").unlink()
    if what == "another config":
        (folder / "config.json").write_text('{"training": {"model": {"depth": 3}}}')
    with pytest.raises(TrainingDataError, match="is not a captioner that training can go on from"):
        load_start(str(folder))
