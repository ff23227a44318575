"""Where models come from: folders, the Hugging Face cache, faked downloads; and what is said when all that fails."""

from __future__ import annotations

import json
import logging
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import RunCommand

import captioner.registry
from captioner import MissingExtraError, UnknownCaptionerError, WeightsError, list_captioners, load_captioner
from captioner.confidence import LogprobCalibration, user_calibration
from captioner.hub import Source, is_complete

MODELS = [spec for spec in list_captioners() if spec.repo is not None]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty Hugging Face cache, and a data folder of one's own."""
    import huggingface_hub.constants

    folder = tmp_path / "cache"
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(folder))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return folder


def write_model(folder: Path, config: dict[str, Any], *files: str) -> Path:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config))
    for name in files:
        (folder / name).write_bytes(b"")
    return folder


GIT = {"architectures": ["GitForCausalLM"], "model_type": "git"}


@pytest.mark.parametrize("spec", MODELS, ids=lambda spec: spec.name)
def test_the_table_says_what_is_fetched_and_under_which_licence(spec: captioner.CaptionerSpec) -> None:
    assert spec.revision is not None
    assert len(spec.revision) == 40
    assert int(spec.revision, 16) > 0  # a commit and no branch: the same name always means the same weights
    assert spec.extra == "models"
    assert spec.n_parameters is not None
    # Weights are stored with 2 or 4 bytes each, and the vocabulary takes a few more.
    assert 1.9 < spec.size_mb * 1e6 / spec.n_parameters < 4.3
    assert spec.licence in spec.facts


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("owner/name", Source("owner/name", "main")),
        ("owner/name.v2@refs/pr/4", Source("owner/name.v2", "refs/pr/4")),
        ("owner/name@", None),
        ("owner", None),
        ("./owner/name", None),
        ("/owner/name", None),
        ("../name", None),
        ("a/b/c", None),
        ("", None),
    ],
)
def test_a_model_of_the_hub_has_an_owner_and_a_name(name: str, expected: Source | None) -> None:
    assert Source.parse(name) == expected


@pytest.mark.parametrize("name", ["blip-base", "some-owner/some-captioner"])
def test_without_network_and_weights_the_folder_to_copy_to_is_named(name: str, cache: Path) -> None:
    with pytest.raises(WeightsError) as caught:
        load_captioner(name, local_only=True)
    sentence = str(caught.value)
    spec = next((spec for spec in MODELS if spec.name == name), None)
    source = Source(spec.repo, spec.revision) if spec and spec.repo and spec.revision else Source(name)
    assert sentence.endswith(f"to {source.folder}.")
    assert str(source.folder).startswith(str(cache))
    assert source.repo in sentence
    assert "\n" not in sentence
    # And what it says is true: files copied there are found.
    write_model(source.folder, {"architectures": ["Elsewhere"], "model_type": "x"}, "model.safetensors")
    with pytest.raises(UnknownCaptionerError, match="Elsewhere"):
        load_captioner(name, local_only=True)


def test_a_download_is_announced_with_size_and_licence(
    cache: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    import huggingface_hub

    asked: list[dict[str, Any]] = []

    def download(repo: str, **options: Any) -> str:
        if options.get("local_files_only"):
            raise FileNotFoundError(repo)
        asked.append({"repo": repo, **options})
        assert caplog.records, "said before, not after"
        return str(write_model(cache / "new", GIT, "pytorch_model.bin"))

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    with caplog.at_level(logging.WARNING), pytest.raises(WeightsError, match=r"pytorch_model\.bin"):
        load_captioner("git-base")
    spec = next(spec for spec in MODELS if spec.name == "git-base")
    for fact in ("708 MB", "177 million parameters", "MIT", "microsoft/git-base"):
        assert fact in caplog.text
    assert asked[0]["revision"] == spec.revision
    assert not any(pattern.endswith((".bin", ".pt", ".py")) for pattern in asked[0]["allow_patterns"])


def test_a_download_that_fails_is_one_sentence(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    def download(repo: str, **options: Any) -> str:
        raise OSError("no route\nto host")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    with pytest.raises(
        WeightsError, match=r"could not be downloaded \(no route to host\).* copy the files of https://"
    ):
        load_captioner("vit-gpt2")


@pytest.mark.parametrize("pickled", ["pytorch_model.bin", "weights.pt", "model.ckpt"])
def test_pickled_weights_are_refused(tmp_path: Path, pickled: str) -> None:
    folder = write_model(tmp_path / "model", GIT, pickled)
    with pytest.raises(WeightsError, match=rf"{pickled}.*can run code.*safetensors"):
        load_captioner(str(folder), device="cpu")


def test_a_part_that_is_missing_is_noticed(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "model", GIT, "model-1-of-2.safetensors")
    parts = {"a": "model-1-of-2.safetensors", "b": "model-2-of-2.safetensors"}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": parts}))
    assert not is_complete(folder)
    with pytest.raises(WeightsError, match="not all of them are there"):
        load_captioner(str(folder), device="cpu")
    (folder / "model-2-of-2.safetensors").write_bytes(b"")
    assert is_complete(folder)
    with pytest.raises(WeightsError, match="cannot be loaded"):  # empty, which is no safetensors file
        load_captioner(str(folder), device="cpu")


@pytest.mark.parametrize(
    "config",
    [
        {"architectures": ["BertForMaskedLM"], "model_type": "bert"},
        {"model_type": "gpt2"},
        # A name alone makes no captioner.
        {"architectures": ["BlipForQuestionAnswering"], "model_type": "blip", "name": "blip-image-captioning"},
        {"architectures": ["HomemadeForConditionalGeneration"], "model_type": "homemade", "auto_map": {}},
    ],
)
def test_a_class_that_does_not_caption_is_named(tmp_path: Path, config: dict[str, Any]) -> None:
    folder = write_model(tmp_path / "model", config, "model.safetensors")
    found = config.get("architectures", [config["model_type"]])[0]
    with pytest.raises(UnknownCaptionerError, match=rf"class {found}, which is no captioner; .*BlipForConditional"):
        load_captioner(str(folder), device="cpu")


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe", b"[1]"])
def test_a_damaged_configuration_is_named(tmp_path: Path, content: bytes) -> None:
    folder = write_model(tmp_path / "model", GIT, "model.safetensors")
    (folder / "config.json").write_bytes(content)
    with pytest.raises(WeightsError, match=r"config\.json"):
        load_captioner(str(folder), device="cpu")


@pytest.mark.parametrize("name", ["blip-base", "owner/name"])
def test_without_the_extra_the_pip_line_is_given(name: str, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lookaloud.ground.extras.find_spec", lambda package: None)
    with pytest.raises(MissingExtraError, match=r'torch, torchvision, transformers.*pip install "lookaloud\[models\]"'):
        load_captioner(name)
    assert not MODELS[0].installed()
    assert MODELS[0].missing_packages() == ("torch", "torchvision", "transformers")


def test_the_weights_of_another_model_are_refused(tmp_path: Path) -> None:
    """As with the Florence-2 that needs code of its own: the class is right and the tensors have other names."""
    from safetensors.torch import load_file, save_file
    from test_models_captions import build_git

    build_git(tmp_path)
    tensors = load_file(tmp_path / "model.safetensors")
    save_file({f"other.{name}": t for name, t in tensors.items()}, tmp_path / "model.safetensors", {"format": "pt"})
    with pytest.raises(WeightsError, match=r"does not hold the weights of a GitForCausalLM: \d+ tensors are missing"):
        load_captioner(str(tmp_path), device="cpu")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"device": "abacus"}, "The device is 'abacus'; give 'auto'"),
        ({"device": "cuda:99"}, "The device is 'cuda:99', which torch does not find"),
        ({"device": "cpu", "dtype": "int3"}, "The dtype is 'int3'; give 'auto' or one of: float32, bfloat16, float16"),
    ],
)
def test_a_device_or_precision_that_is_not_there(tmp_path: Path, options: dict[str, str], said: str) -> None:
    import torch

    if "cuda:99" in said and torch.cuda.is_available():
        pytest.skip("there is CUDA here")
    folder = write_model(tmp_path / "model", GIT, "model.safetensors")
    with pytest.raises(ValueError, match=said):
        load_captioner(str(folder), **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("flags", "expected"),
    [("avx2 avx512f", "float32"), ("avx512f avx512_bf16", "bfloat16"), ("amx_bf16", "bfloat16"), (None, "float32")],
)
def test_bfloat16_is_for_processors_that_have_it(
    flags: str | None, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    from lookaloud.ground import devices

    def read_text(self: Path, **_: Any) -> str:
        if flags is None:
            raise FileNotFoundError(self)
        return f"flags : {flags}\n"

    devices._cpu_has_bfloat16.cache_clear()
    monkeypatch.setattr(Path, "read_text", read_text)
    assert devices.choose_dtype("auto", torch.device("cpu")) is devices.DTYPES[expected]
    devices._cpu_has_bfloat16.cache_clear()
    assert devices.choose_dtype("float16", torch.device("cpu")) is torch.float16


def test_a_model_describes_pictures_on_the_command_line(lookaloud: RunCommand, in_folder: Path, cache: Path) -> None:
    from test_models_captions import EXAMPLES, build_blip

    build_blip(in_folder / "mine")
    shutil.copy(EXAMPLES / "cat.jpg", in_folder)
    result = lookaloud("describe", "cat.jpg", "--captioner", "./mine", "--text-only", "--json")
    assert result.exit_code == 0, result.output
    row = json.loads(result.stdout)
    assert row["captioner"] == "./mine"
    assert row["caption"]
    assert 0.0 < row["confidence"] < 1.0
    missing = lookaloud("describe", "cat.jpg", "--captioner", "blip-large", "--text-only", "--local-only")
    assert missing.exit_code == 1
    assert "The files of Salesforce/blip-image-captioning-large are not on this computer" in missing.stderr
    assert "Traceback" not in missing.stderr


def test_the_light_import_has_no_torch() -> None:
    code = "import captioner, sys; captioner.list_captioners(); print({'torch', 'transformers'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_a_calibration_is_kept_and_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from PIL import Image
    from test_models_captions import build_git

    from captioner import CaptionOptions, open_image

    build_git(tmp_path)
    (photo,) = [open_image(path, max_side=64) for path in (Path(__file__).parent.parent / "examples").glob("cat.jpg")]
    options = CaptionOptions(max_new_tokens=6, num_alternatives=0)
    before = load_captioner(str(tmp_path), device="cpu", dtype="float32").backend.draft([photo], options)[0]
    assert before.mean_logprob is not None
    calibration = LogprobCalibration(weight=2.0, bias=0.5, pictures=100)
    calibration.save(captioner.registry.calibration_file(str(tmp_path)))
    loaded = load_captioner(str(tmp_path), device="cpu", dtype="float32")
    after = loaded.caption(photo, options)
    assert after.confidence == pytest.approx(calibration.probability(before.mean_logprob))
    assert after.confidence != pytest.approx(before.confidence, abs=0.01)
    blank = loaded.caption(Image.new("RGB", (64, 64), "white"), options)
    assert (blank.kind, blank.confidence) == ("blank", 0.0)


def test_calibrations_of_named_captioners_lie_in_the_users_own_folder(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = captioner.registry.calibration_file("Owner/name@refs/pr/1")
    assert path == user_calibration("Owner/name@refs/pr/1")
    assert path == tmp_path / "data" / "lookaloud" / "confidence" / "Owner--name@refs--pr--1.json"
    monkeypatch.chdir(tmp_path)
    (tmp_path / "blip-base").mkdir()  # of the same name as a captioner, which goes first
    assert captioner.registry.calibration_file("blip-base").parent == path.parent
    assert LogprobCalibration.load(path) is None
    path.parent.mkdir(parents=True)
    path.write_text("{}")
    with pytest.raises(WeightsError, match="lookaloud calibrate"):
        LogprobCalibration.load(path)


def test_a_fitted_regression_is_as_sure_as_what_it_saw() -> None:
    logprobs = [-0.1 - i / 50 for i in range(100)]
    acceptable = [i % 3 != 0 if i < 50 else i % 3 == 0 for i in range(100)]
    fitted = LogprobCalibration.fit(logprobs, acceptable)
    assert fitted.weight > 0
    said = [fitted.probability(logprob) for logprob in logprobs]
    assert sum(said) == pytest.approx(sum(acceptable), abs=0.5)
    assert said == sorted(said, reverse=True)
    assert fitted.probability(float("-inf")) == 0.0
    assert 0.0 <= fitted.probability(-1e9) <= fitted.probability(0.0) <= 1.0
    with pytest.raises(ValueError, match="none of the 3 captions"):
        LogprobCalibration.fit([-1.0, -2.0, -3.0], [False] * 3)
