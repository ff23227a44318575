"""The captioners by name: one table, one lookup, nothing imported before it is needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from captioner.backends.exported_format import KIND as EXPORTED
from captioner.captioner import Backend, Captioner
from captioner.confidence import CALIBRATION_FILE, LogprobCalibration, user_calibration
from captioner.errors import UnknownCaptionerError
from captioner.hub import Source, is_transformers, read_config
from lookaloud.ground.extras import missing_packages, require

MODEL_PACKAGES = ("torch", "torchvision", "transformers")
"""Import names of what the extra `models` brings."""


@dataclass(frozen=True)
class CaptionerSpec:
    """What is known of a captioner before it is loaded.

    Attributes:
        name: what `load_captioner` takes.
        description: one sentence for people.
        source: where its weights come from.
        licence: what its weights may be used for.
        size_mb: size of its weights on disk, and of their download, in 10^6 bytes.
        extra: the extra of Lookaloud that it needs, or None.
        packages: import names that have to be there.
        load: makes its backend: load(device=..., dtype=..., local_only=...).
        repo: "owner/name" on the Hugging Face hub; None if the weights are in the package.
        revision: commit of the repo that is used, so that the same name always means the same weights.
        n_parameters: of the network.
    """

    name: str
    description: str
    source: str
    licence: str
    size_mb: float
    extra: str | None
    packages: tuple[str, ...]
    load: Callable[..., Backend]
    repo: str | None = None
    revision: str | None = None
    n_parameters: int | None = None

    def missing_packages(self) -> tuple[str, ...]:
        """Return the packages that it needs and that are not installed."""
        return missing_packages(self.packages)

    def installed(self) -> bool:
        """Return whether it can be loaded now, without a download or another installation."""
        if self.missing_packages():
            return False
        return self.repo is None or Source(self.repo, self.revision or "main").local_folder() is not None

    @property
    def facts(self) -> str:
        """What people are told before a download.

        >>> list_captioners()[1].facts
        '985 MB, 239 million parameters, licence Apache-2.0'
        """
        return facts(self.size_mb, self.n_parameters, self.licence)


def facts(size_mb: float | None, n_parameters: int | None, licence: str) -> str:
    """Size, parameters and licence of a model, as far as they are known, as people are told them before a download."""
    size = [] if size_mb is None else [f"{size_mb:g} MB"]
    count = [] if n_parameters is None else [f"{n_parameters / 1e6:.0f} million parameters"]
    return ", ".join([*size, *count, f"licence {licence}"])


def _load_compact(*, device: str, dtype: str, local_only: bool) -> Backend:
    # The built-in captioner has one way to run: float32 on the CPU, from files that are here.
    from captioner.backends.compact import CompactBackend

    return CompactBackend()


def _load_model(name: str, folder: Path, *, device: str, dtype: str) -> Backend:
    """Return the backend of a folder with a model of transformers."""
    require_models_extra(name)
    from captioner.backends import transformers_models

    calibration = LogprobCalibration.load(calibration_file(name))
    return transformers_models.load(name, folder, device=device, dtype=dtype, calibration=calibration)


def calibration_file(name: str) -> Path:
    """Where the calibration of a captioner lies: beside the files of a folder, else in the user's own data folder."""
    named = any(spec.name == name for spec in _CAPTIONERS)
    return Path(name) / CALIBRATION_FILE if not named and Path(name).is_dir() else user_calibration(name)


def _load_spec(name: str, *, device: str, dtype: str, local_only: bool) -> Backend:
    require_models_extra(name)
    spec = next(spec for spec in _CAPTIONERS if spec.name == name)
    folder = Source(spec.repo or "", spec.revision or "main").fetch(spec.facts, local_only=local_only)
    return _load_model(name, folder, device=device, dtype=dtype)


def require_models_extra(name: str) -> None:
    """Return if everything that a captioner of the extra `models` needs is installed.

    Raises:
        MissingExtraError: a package is missing; the message has the line that installs it.
    """
    require(f"The captioner {name}", MODEL_PACKAGES, extra="models")


def _model(
    name: str, description: str, repo: str, revision: str, licence: str, *, size_mb: float, millions: float
) -> CaptionerSpec:
    return CaptionerSpec(
        name=name,
        description=description,
        source=f"huggingface.co/{repo}",
        licence=licence,
        size_mb=size_mb,
        extra="models",
        packages=MODEL_PACKAGES,
        load=partial(_load_spec, name),
        repo=repo,
        revision=revision,
        n_parameters=round(millions * 1e6),
    )


_CAPTIONERS = (
    CaptionerSpec(
        name="compact",
        description="The built-in captioner: EfficientNet-Lite2 and a small GPT-2-style decoder.",
        source="in the package",
        licence="code Apache-2.0; weights from Flickr8k, Flickr30k and COCO: non-commercial research and education",
        size_mb=39.6,
        extra=None,
        packages=("onnxruntime", "tokenizers"),
        load=_load_compact,
    ),
    # The commits of vit-gpt2 and blip-base are those of the pull requests that add safetensors: the main branches of
    # these two have pickled weights only.
    _model(
        "vit-gpt2",
        "ViT-B/16 and GPT-2, trained on COCO.",
        "nlpconnect/vit-gpt2-image-captioning",
        "93857e539f312a97c13f16976c2a43505fd76d87",
        "Apache-2.0",
        size_mb=985,
        millions=239,
    ),
    _model(
        "blip-base",
        "BLIP with ViT-B/16, fine-tuned on COCO captions; can be prompted.",
        "Salesforce/blip-image-captioning-base",
        "9cfcdbcaccbcadb2b53b36d4b50042c4eeaa0c25",
        "BSD-3-Clause",
        size_mb=991,
        millions=247,
    ),
    _model(
        "blip-large",
        "BLIP with ViT-L/16, fine-tuned on COCO captions; can be prompted.",
        "Salesforce/blip-image-captioning-large",
        "353689b859fcf0523410b1806dace5fb46ecdf41",
        "BSD-3-Clause",
        size_mb=1880,
        millions=470,
    ),
    _model(
        "blip2",
        "BLIP-2 with the language model OPT 2.7B; can be prompted.",
        "Salesforce/blip2-opt-2.7b",
        "59a1ef6c1e5117b3f65523d1c6066825bcf315e3",
        "MIT; the OPT inside it under Meta's OPT licence, for non-commercial research",
        size_mb=14983,
        millions=3745,
    ),
    _model(
        "git-base",
        "GIT, one transformer over picture and text, trained on 10 million pictures from the web.",
        "microsoft/git-base",
        "1f7fe8444292beb4a259e3a5b6eba440cd5999d4",
        "MIT",
        size_mb=708,
        millions=177,
    ),
    _model(
        "florence-2",
        "Florence-2 base, asked for a caption.",
        "florence-community/Florence-2-base",
        "00921df66db728a9ceb750f5eca43e5c203a2051",
        "MIT",
        size_mb=468,
        millions=232,
    ),
    _model(
        "vlm",
        "SmolVLM 500M, a vision-language model that is asked for one plain sentence.",
        "HuggingFaceTB/SmolVLM-500M-Instruct",
        "a7da5b986cb59b408707209984f360a5f4ad7e47",
        "Apache-2.0",
        size_mb=1020,
        millions=508,
    ),
)


def list_captioners() -> tuple[CaptionerSpec, ...]:
    """Return every captioner that `load_captioner` knows by name, the default first."""
    return _CAPTIONERS


def load_captioner(
    name: str = "compact", *, device: str = "auto", dtype: str = "auto", local_only: bool = False
) -> Captioner:
    """Return the captioner of that name, of a folder, or of a model on the Hugging Face hub, ready to use.

    Args:
        name: one of `list_captioners()`; or the path of a folder: one that `lookaloud train --export` or
            `lookaloud models export` wrote, or a model of transformers (its config.json says of which class); or such a
            model on the hub, "owner/name" or "owner/name@revision".
        device: "auto" (the first of cuda, mps and cpu that is there), or what torch calls it; the built-in captioner
            always runs on the CPU.
        dtype: "auto" (bfloat16 where the device is made for it), "float32", "bfloat16" or "float16"; the built-in
            captioner always computes in float32.
        local_only: never download; the built-in captioner never does.

    Raises:
        UnknownCaptionerError: no captioner has that name, or the model is of a class that does not caption; the message
            lists what can be chosen.
        MissingExtraError: a package is missing; the message has the line that installs it.
        WeightsError: its files are missing, damaged or pickled, or cannot be downloaded.
        DeviceError: no such device or dtype.

    Example:
        >>> load_captioner().name  # doctest: +SKIP
        'compact'
    """
    backend = _backend(name, device=device, dtype=dtype, local_only=local_only)
    return Captioner(backend, batch_size=getattr(backend, "batch_size", 8))


def _backend(name: str, *, device: str, dtype: str, local_only: bool) -> Backend:
    for spec in _CAPTIONERS:
        if spec.name == name:
            return spec.load(device=device, dtype=dtype, local_only=local_only)
    folder = Path(name)
    if folder.is_dir():
        config = read_config(folder) if (folder / "config.json").is_file() else {}
        if is_transformers(config):
            return _load_model(name, folder, device=device, dtype=dtype)
        if config.get("kind") == EXPORTED:
            from captioner.backends.exported import ExportedBackend

            return ExportedBackend(folder)
        from captioner.backends.compact import CompactBackend

        return CompactBackend(folder)
    source = hub_source(name)
    require_models_extra(name)
    found = source.fetch("its page has size and licence", local_only=local_only)
    return _load_model(name, found, device=device, dtype=dtype)


def hub_source(name: str) -> Source:
    """Return the model of the hub that a name which is in no table names.

    Raises:
        UnknownCaptionerError: it names none; the message lists what can be chosen.
    """
    source = Source.parse(name)
    if source is None:
        names = ", ".join(spec.name for spec in _CAPTIONERS)
        raise UnknownCaptionerError(
            f"There is no captioner called {name!r}. Choose one of: {names}, or name a folder, or a model of the "
            "Hugging Face hub as owner/name."
        )
    return source
