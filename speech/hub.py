"""The files of voices that transformers loads: in a folder, or in the cache of the Hugging Face hub. No torch here.

Only safetensors are downloaded and read: pickled weights can run code when they are opened.
"""

from __future__ import annotations

import json
import logging
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lookaloud.ground.errors import reason_of
from lookaloud.ground.hub import HubFiles
from lookaloud.ground.typed import typed
from speech.errors import WeightsError

_log = logging.getLogger(__name__)

_REPO = re.compile(r"([A-Za-z0-9][\w.-]*/[\w.-]+)(?:@(\S+))?")
_WANTED = ("*.json", "*.safetensors", "*.txt", "*.model", "README.md")


def model_folder(target: str, *, local_only: bool) -> Path:
    """Return the folder with a model's files: `target` itself, or that of "owner/name[@revision]" in the hub's cache.

    Licence and size are logged before a download; a licence that forbids commercial use is logged at every call.

    Raises:
        WeightsError: there is no such folder or model, it is not here and may not be downloaded, or its weights are not
            safetensors. The message names the folder that the files can be copied to.
    """
    folder = Path(target)
    if not folder.is_dir():
        named = _REPO.fullmatch(target)
        if named is None:
            raise WeightsError(
                f"{target} is neither a folder nor a model of the Hugging Face hub; give the path of a folder, or "
                "owner/name, or owner/name@revision."
            )
        folder = _hub_folder(named[1], named[2] or "main", local_only)
    _check_weights(folder)
    _warn_of_licence(target, licence_of(folder))
    return folder


def read_config(folder: Path) -> dict[str, Any]:
    """Return the content of a folder's config.json.

    Raises:
        WeightsError: it is missing or damaged.
    """
    path = folder / "config.json"
    try:
        # Not `parsed_json`: transformers itself writes Infinity into some.
        config: dict[str, Any] = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise WeightsError(f"{path} cannot be read as JSON ({reason_of(error)}); copy it again.") from error
    try:
        typed(config, _Named)
    except ValueError as error:
        raise WeightsError(f"{path} is not the configuration of a voice ({error}); copy it again.") from error
    return config


@dataclass(frozen=True)
class _Named:
    """What is read of a config.json, transformers' and Coqui's."""

    model_type: str | None = None
    model: str | None = None
    datasets: list[dict[str, Any]] | None = None


def licence_of(folder: Path) -> str:
    """Return the licence that a folder's README.md states in its header, "" without one."""
    try:
        text = (folder / "README.md").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    header = re.match(r"\s*---\n(.*?)\n---", text, re.S)
    found = re.search(r"^license:\s*[\"']?([\w.+-]+)", header[1], re.M) if header else None
    return found[1] if found else ""


def _warn_of_licence(target: str, licence: str) -> None:
    if "nc" in re.split(r"[\W_]", licence.lower()):
        _log.warning("%s is under the licence %s: it may not be used commercially", target, licence)


def _hub_folder(repo: str, revision: str, local_only: bool) -> Path:
    from huggingface_hub import HfApi

    def announce() -> str:
        info = HfApi().model_info(repo, revision=revision, files_metadata=True)
        wanted = [file for file in info.siblings or [] if any(Path(file.rfilename).match(glob) for glob in _WANTED)]
        size_mb = sum(file.size or 0 for file in wanted if "/" not in file.rfilename) / 1e6
        licence = getattr(info.card_data, "license", None) or "not stated"
        _log.warning(
            "Downloading %s: %.0f MB, licence %s. To keep to this version, name it %s@%s",
            *(repo, size_mb, licence, repo, info.sha),
        )
        return info.sha or revision

    other = ", or to any other folder and give its path"
    files = HubFiles(repo, revision, _WANTED, lambda folder: (folder / "config.json").is_file(), other)
    return files.get(WeightsError, local_only=local_only, announce=announce)


def _check_weights(folder: Path) -> None:
    if not (folder / "config.json").is_file():
        raise WeightsError(f"{folder} has no config.json; copy all files of the model there.")
    if not any(folder.glob("*.safetensors")):
        raise WeightsError(
            f"{folder} has no .safetensors file, and pickled weights (.bin, .pth) are not read, because they can run "
            "code; use a revision of the model that has one (on the hub, often owner/name@refs/pr/NUMBER: see its "
            "Community page), or convert the weights with save_pretrained of transformers."
        )
