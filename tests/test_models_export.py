"""Captioners as files that run without torch: what they say has to be what the torch model says."""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import transformers
from PIL import Image
from tiny_models import BUILDERS, EXAMPLES, VISION, build_git, make_tokenizer, randomise

from captioner import CaptionOptions, MissingExtraError, UnknownCaptionerError, WeightsError, load_captioner, open_image
from captioner.backends.exported import ExportedBackend
from captioner.backends.exported_format import ExportedConfig
from captioner.beam import Hypothesis
from captioner.confidence import CALIBRATION_FILE, LogprobCalibration
from captioner.export.export import export_captioner

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "benchmarks"))
import exported_parity

pytestmark = pytest.mark.usefixtures("one_thread")

NAMES = ("vit-gpt2", "blip")
OPTIONS = CaptionOptions(max_new_tokens=8, num_beams=3, num_alternatives=2, only_photos=False)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., tuple[Path, Path]]:
    """The folder of a tiny model and the folder that it was exported to."""
    base = tmp_path_factory.mktemp("exported")

    def folders(name: str, precision: str = "fp32") -> tuple[Path, Path]:
        model, out = base / name, base / f"{name}-{precision}"
        if not model.exists():
            BUILDERS[name](model)
        if not out.exists():
            export_captioner(str(model), out, precision=precision)
        return model, out

    return folders


@pytest.fixture(scope="module")
def pictures() -> list[Image.Image]:
    """Two hundred different pictures: crops of the examples, ragged on purpose."""
    photos = [open_image(path, max_side=300) for path in sorted(EXAMPLES.glob("*.jpg"))]
    rng = np.random.default_rng(0)
    cut = []
    for i in range(200):
        photo = photos[i % len(photos)]
        width, height = rng.integers(40, np.array(photo.size))
        left, top = rng.integers(0, np.array(photo.size) - (width, height) + 1)
        cut.append(photo.crop((left, top, left + width, top + height)))
    return cut


@pytest.mark.parametrize("name", NAMES)
def test_two_hundred_captions_are_those_of_torch(
    name: str, exported: Callable[..., tuple[Path, Path]], pictures: list[Image.Image], monkeypatch: pytest.MonkeyPatch
) -> None:
    options = CaptionOptions(max_new_tokens=8, num_alternatives=0, low_confidence=0.0, only_photos=False)
    monkeypatch.setattr(exported_parity, "OPTIONS", options)
    model, out = exported(name)
    ours = load_captioner(str(model), device="cpu", dtype="float32")
    figures = exported_parity.parity(load_captioner(str(out)), ours, pictures)
    assert figures["pictures"] == 200
    assert figures["different_captions"] > 20, "a network that says the same of all proves nothing"
    assert figures["same_search"] >= 0.99
    assert figures["same_as_generate"] >= 0.99


@pytest.mark.parametrize("name", NAMES)
def test_the_network_says_what_torch_says_at_every_word(
    name: str, exported: Callable[..., tuple[Path, Path]], pictures: list[Image.Image]
) -> None:
    """Without a search: the same words are put into both, two pictures with two beams each that change places."""
    import torch

    model, out = exported(name)
    network: Any = load_captioner(str(model), device="cpu", dtype="float32").backend.network  # type: ignore[attr-defined]
    backend = ExportedBackend(out)
    step = backend.step(backend.encode(pictures[:2]), 4)
    words = np.array([[7, 9, 8], [8, 7, 10], [11, 12, 7], [9, 9, 13]])
    begin = np.full(4, backend.config.begin[0])
    step(begin, np.arange(4))
    step(words[:, 0], np.arange(4))
    step(words[:, 1], np.arange(4))
    swapped = np.array([1, 0, 3, 2])
    found = step(words[swapped, 2], swapped)
    sequences = np.column_stack([begin, words])[swapped]
    with torch.inference_mode():
        states = network.encode(pictures[:2], None)[0].repeat_interleave(2, dim=0)
        decoder = getattr(network.model, "text_decoder", None) or network.model.decoder
        logits = decoder(input_ids=torch.from_numpy(sequences), encoder_hidden_states=states).logits[:, -1]
    assert np.abs(found - logits.log_softmax(-1).numpy()).max() < 1e-3


@pytest.mark.parametrize("name", NAMES)
def test_batches_alternatives_and_confidence(
    name: str, exported: Callable[..., tuple[Path, Path]], pictures: list[Image.Image]
) -> None:
    captioner = load_captioner(str(exported(name)[1]))
    drafts = captioner.backend.draft(pictures[:5], OPTIONS)
    backwards = captioner.backend.draft(pictures[4::-1], OPTIONS)[::-1]
    assert [draft.texts for draft in backwards] == [draft.texts for draft in drafts]
    assert [captioner.backend.draft([p], OPTIONS)[0].texts for p in pictures[:5]] == [d.texts for d in drafts]
    assert all(0.0 < draft.confidence < 1.0 for draft in drafts)
    assert all(draft.mean_logprob == pytest.approx(np.log(draft.confidence)) for draft in drafts)
    assert any(len(draft.texts) > 1 for draft in drafts)
    assert all(len(set(draft.texts)) == len(draft.texts) for draft in drafts)


def test_what_is_plain_gets_no_caption(exported: Callable[..., tuple[Path, Path]], pictures: list[Image.Image]) -> None:
    captioner = load_captioner(str(exported("blip")[1]))
    blank = Image.new("RGB", (64, 64), "white")
    first, second = captioner.caption_batch([blank, pictures[0]], CaptionOptions(max_new_tokens=5))
    assert not first.is_photo
    assert second.is_photo
    assert second.captioner == "blip"
    assert not captioner.caption(blank).is_photo


@pytest.mark.parametrize("name", NAMES)
def test_a_prompt_begins_the_caption(
    name: str, exported: Callable[..., tuple[Path, Path]], pictures: list[Image.Image]
) -> None:
    backend = ExportedBackend(exported(name)[1])
    prompted = CaptionOptions(max_new_tokens=6, num_alternatives=1, prompt="a small dog", only_photos=False)
    drafts = backend.draft(pictures[:2], prompted)
    assert all(text.startswith("a small dog") for draft in drafts for text in draft.texts)
    with pytest.raises(Exception, match="has room for 63; give a shorter one"):
        backend.draft(pictures[:1], CaptionOptions(prompt="dog " * 64, only_photos=False))


def test_drawn_captions_hang_on_the_seed_alone(
    exported: Callable[..., tuple[Path, Path]], pictures: list[Image.Image]
) -> None:
    backend = ExportedBackend(exported("vit-gpt2")[1])

    def drawn(seed: int, images: list[Image.Image]) -> list[tuple[str, ...]]:
        options = CaptionOptions(max_new_tokens=8, num_alternatives=1, temperature=1.0, seed=seed, only_photos=False)
        return [draft.texts for draft in backend.draft(images, options)]

    first = drawn(1, pictures[:3])
    assert drawn(1, pictures[:3]) == first
    assert drawn(1, pictures[1:2]) == first[1:2]
    assert drawn(2, pictures[:3]) != first


@pytest.mark.parametrize("name", NAMES)
def test_int8_is_smaller_and_nearly_the_same(
    name: str, exported: Callable[..., tuple[Path, Path]], pictures: list[Image.Image]
) -> None:
    whole, rounded = (ExportedBackend(exported(name, precision)[1]) for precision in ("fp32", "int8"))
    assert rounded.config.precision == "int8"
    tokens, rows = np.full(8, whole.config.begin[0]), np.arange(8)
    a, b = (backend.step(backend.encode(pictures[:8]), 8)(tokens, rows) for backend in (whole, rounded))
    assert 0.9 < np.corrcoef(a.ravel(), b.ravel())[0, 1] < 0.999999
    sizes = [sum(path.stat().st_size for path in backend.folder.glob("*.onnx")) for backend in (whole, rounded)]
    assert sizes[1] < sizes[0]
    assert rounded.draft(pictures[:2], OPTIONS)[0].texts


def test_the_folder_runs_without_torch_and_transformers(
    exported: Callable[..., tuple[Path, Path]], tmp_path: Path
) -> None:
    picture = EXAMPLES / "cat.jpg"
    code = (
        "import sys\n"
        "for name in ('torch', 'torchvision', 'transformers', 'onnx'): sys.modules[name] = None\n"
        "from captioner import load_captioner, open_image\n"
        "caption = load_captioner(sys.argv[1]).caption(open_image(sys.argv[2]))\n"
        "print(caption.text, caption.confidence)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(exported("blip")[1]), str(picture)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip()


def test_the_folder_says_where_it_comes_from_and_keeps_a_calibration(
    exported: Callable[..., tuple[Path, Path]], tmp_path: Path, pictures: list[Image.Image]
) -> None:
    model = tmp_path / "mine"
    shutil.copytree(exported("blip")[0], model)
    (model / "README.md").write_text("---\nlicense: bsd-3-clause\n---\n# Mine\n")
    LogprobCalibration(0.0, 5.0, 100).save(model / CALIBRATION_FILE)
    out = tmp_path / "out"
    config = export_captioner(str(model), out)
    assert (config.name, config.source, config.licence) == ("mine", "a folder", "bsd-3-clause")
    assert ExportedConfig.load(out) == config
    assert ExportedBackend(out).draft(pictures[:1], OPTIONS)[0].confidence == pytest.approx(1 / (1 + np.exp(-5.0)))


def test_every_way_to_prepare_pictures_is_the_processors(tmp_path: Path, pictures: list[Image.Image]) -> None:
    from captioner.export.export import _preprocessing

    squeezed = transformers.ViTImageProcessor(size={"height": 24, "width": 40}, resample=2)
    cropped = transformers.CLIPImageProcessor(size={"shortest_edge": 48}, crop_size={"height": 32, "width": 40})
    plain = transformers.BlipImageProcessor(size={"height": 32, "width": 32}, do_normalize=False)
    for processor in (squeezed, cropped, plain):
        ours = _preprocessing(processor, "x")
        for picture in pictures[:20]:
            theirs = processor(images=[picture], return_tensors="np")["pixel_values"][0]
            found = ours.pixels(picture)
            assert found.shape == theirs.shape
            # torchvision has integer arithmetic of its own on x86, and elsewhere rounds what it computes exactly.
            levels = 1e-3 if platform.machine().lower() in ("x86_64", "amd64") else 1.01
            assert np.abs(found - theirs).max() < levels / 255 / min(ours.std)


@pytest.mark.parametrize("damage", ["config.json", "tokenizer.json", "encoder.onnx", "decoder.onnx"])
def test_a_damaged_file_is_named(damage: str, exported: Callable[..., tuple[Path, Path]], tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(exported("blip")[1], folder)
    content = '{"kind": "exported"}' if damage == "config.json" else "{"
    (folder / damage).write_text(content)
    with pytest.raises(WeightsError, match=rf"{damage}.*export"):
        load_captioner(str(folder)).caption(open_image(EXAMPLES / "cat.jpg"))
    (folder / damage).unlink()
    with pytest.raises(WeightsError, match=damage):
        load_captioner(str(folder)).caption(open_image(EXAMPLES / "cat.jpg"))


def test_what_cannot_be_exported_is_said(tmp_path: Path) -> None:
    build_git(tmp_path / "git")
    with pytest.raises(UnknownCaptionerError, match="git cannot be exported; what can be is a VisionEncoderDecod"):
        export_captioner(str(tmp_path / "git"), tmp_path / "out")
    with pytest.raises(UnknownCaptionerError, match="compact runs without torch as it is"):
        export_captioner("compact", tmp_path / "out")
    with pytest.raises(UnknownCaptionerError, match="no captioner called 'nothing'"):
        export_captioner("nothing", tmp_path / "out")
    with pytest.raises(ValueError, match="'int3'; give one of: fp32, int8"):
        export_captioner("vit-gpt2", tmp_path / "out", precision="int3")
    assert not (tmp_path / "out").exists()


def test_a_decoder_other_than_gpt2_is_refused(tmp_path: Path) -> None:
    tokenizer = make_tokenizer(("<pad>", "<unk>", "<end>"), bos_token="<end>", eos_token="<end>")
    small = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    decoder = transformers.BertConfig(
        vocab_size=len(tokenizer), is_decoder=True, add_cross_attention=True, **small
    ).to_dict()
    config = transformers.VisionEncoderDecoderConfig(
        encoder=transformers.ViTConfig(**VISION).to_dict(), decoder=decoder, decoder_start_token_id=2, pad_token_id=0
    )
    randomise(transformers.VisionEncoderDecoderModel(config)).save_pretrained(tmp_path / "model")
    with pytest.raises(UnknownCaptionerError, match="BertLMHeadModel; only GPT-2 can be exported"):
        export_captioner(str(tmp_path / "model"), tmp_path / "out")


def test_an_export_that_was_broken_off_is_no_captioner(
    exported: Callable[..., tuple[Path, Path]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over a folder with an older one: its configuration does not stand beside half of the new files."""
    import captioner.export.export as module

    model, older = exported("blip")
    out = tmp_path / "out"
    shutil.copytree(older, out)

    def fail(*_: Any) -> bytes:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "_decoder_graph", fail)
    with pytest.raises(KeyboardInterrupt):
        export_captioner(str(model), out)
    assert not (out / "config.json").exists()
    assert not list(out.glob("*.part"))


def test_without_onnx_the_pip_line_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lookaloud.ground.extras.find_spec", lambda package: None)
    with pytest.raises(MissingExtraError, match=r'pip install "lookaloud\[models\]"'):
        export_captioner("vit-gpt2", tmp_path / "out")


def test_captions_are_tidied_as_transformers_does(exported: Callable[..., tuple[Path, Path]]) -> None:
    backend = ExportedBackend(exported("blip")[1])
    untidy = " a dog ' s house , it is n't red ! they 've , 's 're 'm . "
    backend.__dict__["_tokenizer"] = SimpleNamespace(decode=lambda tokens: untidy)
    said = Hypothesis((), (), 0.0)
    assert backend.text_of(said, OPTIONS) == untidy.strip()
    backend.config = replace(backend.config, tidy=True)
    tokenizer = make_tokenizer(("<pad>", "<unk>"))
    assert backend.text_of(said, OPTIONS) == tokenizer.clean_up_tokenization(untidy).strip()
