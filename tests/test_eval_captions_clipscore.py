"""CLIPScore and RefCLIPScore of a tiny random CLIP, against transformers called by hand."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from PIL import Image

from eval.captions import score_captions
from eval.captions.clipscore import DEFAULT_CLIP, ClipOptions, clip_similarities
from eval.data import CaptionedImage
from eval.errors import EmptyReferenceError, EvalDataError, MismatchedItemsError, ModelError
from eval.score import signature_parts
from eval.suite import evaluate_captions
from lookaloud.ground.errors import MissingExtraError
from tests.tiny_models import VISION, randomise

SAID = {"1": "a dog runs on grass", "2": "Two cats", "3": ""}
HUMANS = {"1": ["a dog", "the dog runs far away"], "2": ["two cats sleep"], "3": ["a red bus"]}


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("models") / "tiny-clip"
    letters = [*"abcdefghijklmnopqrstuvwxyz0123456789.,'-"]
    tokens = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    tokenizer = transformers.CLIPTokenizer(vocab={token: i for i, token in enumerate(tokens)}, merges=[])
    text = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    text |= {"vocab_size": len(tokens), "max_position_embeddings": 40}
    text |= {"bos_token_id": len(tokens) - 2, "eos_token_id": len(tokens) - 1, "pad_token_id": len(tokens) - 1}
    config = transformers.CLIPConfig(text_config=text, vision_config=VISION, projection_dim=16)
    randomise(transformers.CLIPModel(config)).save_pretrained(folder)
    size = {"height": 32, "width": 32}
    pictures = transformers.CLIPImageProcessor(size={"shortest_edge": 32}, crop_size=size)
    transformers.CLIPProcessor(pictures, tokenizer).save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pictures")
    rng = np.random.default_rng(0)
    found = {}
    for number, (height, width) in enumerate([(40, 60), (50, 32), (33, 33)], start=1):
        pixels = rng.integers(0, 256, (height // 8 + 1, width // 8 + 1, 3), dtype=np.uint8)
        picture = Image.fromarray(pixels).resize((width, height))
        found[str(number)] = folder / f"{number}.png"
        picture.save(found[str(number)])
    return found


def by_hand(clip: str, text: str, picture: Path | None) -> Any:
    """The direction of a text, or of a picture, one at a time, through the whole model."""
    model = transformers.CLIPModel.from_pretrained(clip).eval()
    processor = transformers.CLIPProcessor.from_pretrained(clip)
    image = Image.open(picture).convert("RGB") if picture else Image.new("RGB", (32, 32))
    inputs = processor(text=[text], images=[image], return_tensors="pt", truncation=True, max_length=40)
    with torch.inference_mode():
        found = model(**inputs)
    return (found.image_embeds if picture else found.text_embeds)[0].numpy().astype(np.float64)


def test_scores_equal_transformers_by_hand(clip: str, images: dict[str, Path]) -> None:
    scores = score_captions(SAID, HUMANS, ["clipscore", "refclipscore"], images=images, clip=clip, device="cpu")
    expected, expected_with_references = [], []
    for name, caption in SAID.items():
        said = by_hand(clip, f"A photo depicts {caption}", None)
        to_picture = 2.5 * max(0.0, float(said @ by_hand(clip, "", images[name])))
        references = [by_hand(clip, f"A photo depicts {text}", None) for text in HUMANS[name]]
        to_reference = max(0.0, *(float(said @ reference) for reference in references))
        both = to_picture + to_reference
        expected.append(to_picture)
        expected_with_references.append(2 * to_picture * to_reference / both if both else 0.0)
    assert expected[2] != 0  # the prompt alone fits a picture
    expected[2] = expected_with_references[2] = 0.0  # and still counts for nothing
    np.testing.assert_allclose(scores[0].stats[:, 0], 100 * np.array(expected), atol=1e-3)
    np.testing.assert_allclose(scores[1].stats[:, 0], 100 * np.array(expected_with_references), atol=1e-3)
    assert max(expected) > 0.05
    assert scores[0].value == pytest.approx(100 * np.mean(expected), abs=1e-3)
    parts = signature_parts(scores[1].signature)
    assert (parts["model"], parts["weight"], parts["refs"]) == ("tiny-clip", "2.5", "1-2")
    assert "tokenizer" not in parts


def test_batches_and_padding_change_nothing(clip: str, images: dict[str, Path]) -> None:
    many = {str(i): f"{'a dog ' * (i % 3 + 1)}{i}" for i in range(70)}
    pictures = {name: images[str(int(name) % 3 + 1)] for name in many}
    options = ClipOptions(clip, "cpu")
    together = clip_similarities(many, pictures, {name: ["a dog"] for name in many}, options=options)
    for name in ("0", "31", "32", "69"):
        alone = clip_similarities({name: many[name]}, pictures, {name: ["a dog"]}, options=options)
        assert alone.to_picture[0] == pytest.approx(together.to_picture[int(name)], abs=1e-5)
        assert alone.to_reference is not None
        assert together.to_reference is not None
        assert alone.to_reference[0] == pytest.approx(together.to_reference[int(name)], abs=1e-5)


def test_a_caption_too_long_is_cut_by_clip_and_no_error(clip: str, images: dict[str, Path]) -> None:
    (score,) = score_captions({"1": "dog " * 99}, None, ["clipscore"], images=images, clip=clip, device="cpu")
    assert np.isfinite(score.value)


def test_a_picture_is_turned_upright(clip: str, images: dict[str, Path], tmp_path: Path) -> None:
    with Image.open(images["1"]) as picture:
        turned = tmp_path / "turned.png"
        exif = Image.Exif()
        exif[0x0112] = 6  # to be turned a quarter clockwise
        picture.transpose(Image.Transpose.ROTATE_90).save(turned, exif=exif)
    found = [
        score_captions({"1": "a dog"}, None, ["clipscore"], images={"1": path}, clip=clip, device="cpu")[0].value
        for path in (images["1"], turned)
    ]
    assert found[0] == pytest.approx(found[1], abs=1e-4)


def test_an_evaluation_hands_the_pictures_over(clip: str, images: dict[str, Path]) -> None:
    items = [CaptionedImage(name, images[name], tuple(texts), None) for name, texts in HUMANS.items()]
    found = evaluate_captions(SAID, items, metrics=["clipscore"], resamples=20, clip=clip, device="cpu")
    assert found.scores[0].name == "clipscore"
    assert found.scores[0].ci95 is not None


def test_wrong_input_is_named(clip: str, images: dict[str, Path], tmp_path: Path) -> None:
    def score(pictures: Any, metric: str = "clipscore", references: Any = None) -> None:
        score_captions(SAID, references, [metric], images=pictures, clip=clip, device="cpu")

    with pytest.raises(MismatchedItemsError, match=r"3 caption.*'1', '2', '3'"):
        score(None)
    with pytest.raises(MismatchedItemsError, match=r"1 caption.*'2'"):
        score({**images, "2": None})
    with pytest.raises(EvalDataError, match=r"picture of '1' cannot be opened: .*does not exist"):
        score({**images, "1": tmp_path / "no.png"})
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(EvalDataError, match=r"picture of '1' cannot be opened"):
        score({**images, "1": tmp_path / "text.png"})
    with pytest.raises(EmptyReferenceError, match="refclipscore needs references"):
        score(images, "refclipscore")


def test_models_that_are_not_there_are_one_sentence(
    images: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    with pytest.raises(ModelError, match=r"605 MB\) is not on this computer and may not be downloaded"):
        score_captions(SAID, None, ["clipscore"], images=images, local_only=True)
    with pytest.raises(ModelError, match=r"is not on this computer and could not be downloaded"):
        score_captions(SAID, None, ["clipscore"], images=images, clip="nobody/nothing")
    with pytest.raises(ModelError, match="cannot be loaded from"):
        score_captions(SAID, None, ["clipscore"], images=images, clip=str(tmp_path))
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match=r'pip install "lookaloud\[models\]"'):
        score_captions(SAID, None, ["clipscore"], images=images, clip=str(tmp_path))


def test_pickled_weights_are_refused(clip: str, images: dict[str, Path], tmp_path: Path) -> None:
    for file in Path(clip).iterdir():
        if file.suffix != ".safetensors":
            (tmp_path / file.name).write_bytes(file.read_bytes())
    torch.save(transformers.CLIPModel.from_pretrained(clip).state_dict(), tmp_path / "pytorch_model.bin")
    with pytest.raises(ModelError, match="safetensors"):
        score_captions(SAID, None, ["clipscore"], images=images, clip=str(tmp_path))


def test_the_published_model_is_pinned(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[tuple[str, dict[str, Any]]] = []

    def snapshot_download(repo: str, **options: Any) -> str:
        asked.append((repo, options))
        return str(tmp_path)

    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot_download)
    assert ClipOptions().folder() == str(tmp_path)
    repo, options = asked[0]
    assert repo == DEFAULT_CLIP
    assert len(options["revision"]) == 40
    assert ClipOptions().label == f"{DEFAULT_CLIP}@{options['revision'][:7]}"
    assert not any(pattern.endswith(("bin", "h5", "msgpack", "py")) for pattern in options["allow_patterns"])
    ClipOptions("me/mine@abc").folder()
    assert (asked[1][0], asked[1][1]["revision"]) == ("me/mine", "abc")
