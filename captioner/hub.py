"""Where a model's files are: a folder, or the Hugging Face cache, downloaded if need be and allowed.

Only safetensors are ever fetched or read: pickled weights can run code when they are opened. No torch here.
"""

from __future__ import annotations

import json
import logging
import re
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from captioner.errors import UnknownCaptionerError, WeightsError
from lookaloud.ground.errors import reason_of
from lookaloud.ground.hub import HubFiles
from lookaloud.ground.typed import typed, typed_json

CONFIG_FILE = "config.json"

_log = logging.getLogger(__name__)

_REPO = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")
# The files beside the weights: configurations, vocabularies, chat templates. Nothing of a sub-folder is used.
_WANTED = ("*.json", "*.safetensors", "*.txt", "*.model", "*.jinja")
_UNWANTED = ("*/*",)


@dataclass(frozen=True)
class Source:
    """A model of the Hugging Face hub.

    Attributes:
        repo: "owner/name".
        revision: a commit, a branch or a tag; only a commit always means the same files.
    """

    repo: str
    revision: str = "main"

    @classmethod
    def parse(cls, name: str) -> Source | None:
        """Return the model that "owner/name" or "owner/name@revision" names; None if the text is neither.

        >>> Source.parse("microsoft/git-base-coco@refs/pr/1")
        Source(repo='microsoft/git-base-coco', revision='refs/pr/1')
        """
        repo, at, revision = name.partition("@")
        if _REPO.fullmatch(repo) is None or (at and not revision):
            return None
        return cls(repo, revision or "main")

    @property
    def files(self) -> HubFiles:
        """The files that are fetched."""
        return HubFiles(self.repo, self.revision, _WANTED, is_complete)

    @property
    def page(self) -> str:
        """The web page with the files."""
        return self.files.page

    @property
    def folder(self) -> Path:
        """Where the files lie once they are here; they can also be copied there by hand."""
        return self.files.folder

    def local_folder(self) -> Path | None:
        """Return the folder with all the files, if they are on this computer; never downloads."""
        return self.files.local()

    def fetch(self, facts: str, *, local_only: bool) -> Path:
        """Return the folder with the files, downloaded if they are not here.

        Args:
            facts: size and licence, said in a warning before a download.
            local_only: never download.

        Raises:
            WeightsError: the files are not here and cannot or may not be downloaded; the message names the folder that
                they can be copied to.
        """

        def announce() -> str:
            _log.warning("Downloading %s: %s, from %s", self.repo, facts, self.page)
            return self.revision

        folder = self.files.get(WeightsError, local_only=local_only, announce=announce)
        check_weights(folder)
        return folder

    def download(self) -> Path:
        """Return the folder with the files; what is not here of them is downloaded, and nothing is said before.

        Raises:
            WeightsError: they cannot be downloaded; the message names the folder that they can be copied to.
        """
        folder = self.files.download(WeightsError, lambda: self.revision)
        check_weights(folder)
        return folder


def is_wanted(file: str) -> bool:
    """Return whether a file of a repository, as the hub names it, is one that is fetched."""
    return any(fnmatch(file, pattern) for pattern in _WANTED) and not any(
        fnmatch(file, pattern) for pattern in _UNWANTED
    )


def is_complete(folder: Path) -> bool:
    """Return whether a folder holds a configuration and all the safetensors that it needs."""
    if not (folder / CONFIG_FILE).is_file():
        return False
    index = folder / "model.safetensors.index.json"
    if not index.is_file():
        return any(folder.glob("*.safetensors"))
    try:
        parts = typed_json(index.read_bytes(), _Index).weight_map.values()
    except (OSError, ValueError):
        return False
    return all((folder / part).is_file() for part in set(parts))


def check_weights(folder: Path) -> None:
    """Return where a folder's weights are all there and may be read.

    Raises:
        WeightsError: they are missing, incomplete, or pickled.
    """
    if is_complete(folder):
        return
    pickled = sorted(path.name for suffix in ("bin", "pt", "pth", "ckpt") for path in folder.glob(f"*.{suffix}"))
    if pickled and not any(folder.glob("*.safetensors")):
        raise WeightsError(
            f"{folder} has its weights only as {pickled[0]}, which can run code when it is opened and so is not read; "
            "get the model as safetensors (many have them on a branch: owner/name@refs/pr/N), or convert it."
        )
    raise WeightsError(
        f"{folder} should hold {CONFIG_FILE} and the model's .safetensors files, and not all of them are there; "
        "copy the missing ones, or delete the folder to have it downloaded again."
    )


def read_config(folder: Path) -> dict[str, Any]:
    """Return the content of a folder's config.json.

    Raises:
        WeightsError: it is missing or damaged.
    """
    path = folder / CONFIG_FILE
    try:
        # Not `parsed_json`: transformers itself writes Infinity into some.
        raw: dict[str, Any] = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise WeightsError(f"{path} is missing; name a folder that holds a captioner's files.") from error
    except (OSError, ValueError, RecursionError) as error:
        raise WeightsError(f"{path} cannot be read as JSON ({reason_of(error)}); get a fresh copy of it.") from error
    try:
        typed(raw, _Named)
    except ValueError as error:
        raise WeightsError(f"{path} is no configuration of a captioner ({error}); get a fresh copy of it.") from error
    return raw


@dataclass(frozen=True)
class _Named:
    """What a config.json says of the class of its model."""

    architectures: list[str] | None = None
    model_type: str | None = None
    kind: str | None = None


@dataclass(frozen=True)
class _Index:
    """model.safetensors.index.json: the file of each weight."""

    weight_map: dict[str, str]


def is_transformers(config: dict[str, Any]) -> bool:
    """Return whether a config.json is one of the transformers library; the built-in kind names no architecture."""
    return "architectures" in config or "model_type" in config


# Class of the model, as its config.json names it -> (module, class) that captions with it.
NETWORKS = {
    "VisionEncoderDecoderModel": ("captioner.backends.vit_gpt2", "VitGpt2"),
    "BlipForConditionalGeneration": ("captioner.backends.blip", "Blip"),
    "Blip2ForConditionalGeneration": ("captioner.backends.blip2", "Blip2"),
    "GitForCausalLM": ("captioner.backends.git", "Git"),
    "Florence2ForConditionalGeneration": ("captioner.backends.florence2", "Florence2"),
}
_CHAT = ("captioner.backends.vlm", "ChatModel")
# For a config.json without architectures. Its model_type then decides.
_BY_TYPE = {
    "vision-encoder-decoder": "VisionEncoderDecoderModel",
    "blip": "BlipForConditionalGeneration",
    "blip-2": "Blip2ForConditionalGeneration",
    "git": "GitForCausalLM",
    "florence2": "Florence2ForConditionalGeneration",
}


def network_of(config: dict[str, Any], where: str) -> tuple[str, str]:
    """Module and class name of what captions with the model of a config.json.

    Args:
        config: the content of config.json. Only its architectures and model_type decide, never the model's name.
        where: what messages call the model.

    Raises:
        UnknownCaptionerError: the model is of no class that captions; the message has the class and those known.
    """
    model_type = str(config.get("model_type"))
    named = config.get("architectures") or [_BY_TYPE.get(model_type)]
    architecture = named[0]
    if architecture in NETWORKS:
        return NETWORKS[architecture]
    from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES

    chat: dict[str, str] = dict(MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES)
    if model_type in chat and architecture in (chat[model_type], None):
        return _CHAT
    raise UnknownCaptionerError(
        f"{where} is a model of class {architecture or model_type}, which is no captioner; choose one of class "
        f"{', '.join(NETWORKS)}, or a vision-language model that transformers loads with AutoModelForImageTextToText."
    )
