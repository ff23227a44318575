"""Coqui's models before they are loaded: names, files, licences."""

from __future__ import annotations

import difflib
import logging
from pathlib import Path
from typing import Any

from lookaloud.ground.errors import reason_of
from speech.errors import UnknownVoiceError, WeightsError

_log = logging.getLogger(__name__)

_CPML = "the Coqui Public Model License"
_CPML_TEXT = "https://tts-hub.github.io/cpml"
_WEIGHTS = ("model_file.pth", "model_file.pth.tar", "model.pth", "checkpoint.pth", "best_model.pth")
_PICKLED = ("bark",)  # its loader in coqui-tts unpickles whatever the file holds, and that can run code


def find_model(target: str, kind: str, *, local_only: bool) -> tuple[Path, Path, dict[str, Any]]:
    """Return the checkpoint (a file, or a folder for models of many files), config.json and facts of a Coqui model.

    `target` is a folder, or the name of a model of that `kind` ("tts_models" or "vocoder_models"), which is downloaded
    unless `local_only`. Licences are logged before a download; those that forbid commercial use at every call.

    Raises:
        UnknownVoiceError: no such model; the message has the nearest names.
        WeightsError: the files are not here and may not be downloaded, or the user has not agreed to the licence.
    """
    folder = Path(target)
    if folder.is_dir():
        return (*_files(folder), {})
    from TTS.utils.manage import ModelManager

    manager = ModelManager(progress_bar=False)
    item = _item(manager, target, kind)
    if target.split("/")[-1] in _PICKLED:
        raise WeightsError(
            f"{target} has pickled weights, which can run code when they are opened, and is not loaded; choose another."
        )
    here = Path(manager.output_prefix) / target.replace("/", "--")
    licence = str(item.get("license", "not stated"))
    warn_of_licence(f"coqui:{target}", licence)
    if not manager.tos_agreed(item, here):
        raise WeightsError(
            f"coqui:{target} is under {_CPML}, which forbids commercial use: {_CPML_TEXT}. If you agree to it, say so "
            "by setting the environment variable COQUI_TOS_AGREED to 1, and run this again."
        )
    by_hand = f"copy its files to {here}"
    present = _present(item, here)
    if not present:
        if local_only:
            raise WeightsError(
                f"The files of coqui:{target} are not on this computer; allow the download, or {by_hand}."
            )
        address = item.get("github_rls_url") or f"https://huggingface.co/{item.get('repo_id', '')}"
        _log.warning("Downloading coqui:%s: licence %s, from %s", target, licence, address)
    try:
        checkpoint, config, _ = manager.download_model(target)
    # Errors of networks, archives and files are of many classes, in four libraries.
    except Exception as error:
        if not present and here.is_dir() and not any(here.iterdir()):
            here.rmdir()  # coqui-tts would think that an empty folder is a finished download
        did = "are damaged" if present else "could not be downloaded"
        raise WeightsError(
            f"The files of coqui:{target} {did} ({reason_of(error)}); delete {here} if it is there, and {by_hand}."
        ) from error
    return Path(checkpoint), Path(config), dict(item)


def warn_of_licence(name: str, licence: str) -> None:
    """Log a warning if the licence forbids commercial use."""
    if licence.upper() == "CPML":
        _log.warning("%s is under %s: not for commercial use. Its text: %s", name, _CPML, _CPML_TEXT)
    elif "NC" in licence.upper().replace("-", " ").split():
        _log.warning("%s is under the licence %s: not for commercial use", name, licence)


def _item(manager: Any, target: str, kind: str) -> dict[str, Any]:
    names = manager.list_tts_models() if kind == "tts_models" else manager.list_vocoder_models()
    if target.endswith("/fairseq/vits"):
        language = target.split("/")[-3]
        raise UnknownVoiceError(f"{target} is an MMS voice; name it hf:facebook/mms-tts-{language}.")
    if target not in names:
        near = difflib.get_close_matches(target, names, n=4, cutoff=0.3) or names[:4]
        raise UnknownVoiceError(
            f"Coqui has no model {target!r} among its {kind}, and there is no such folder; names look like "
            f"{', '.join(near)}."
        )
    return dict(manager._set_model_item(target)[0])


def _present(item: dict[str, Any], here: Path) -> bool:
    if "repo_id" not in item:
        return here.is_dir() and any(here.iterdir())
    from huggingface_hub import snapshot_download

    try:
        # This downloads nothing.
        snapshot_download(item["repo_id"], allow_patterns=item.get("allow"), local_files_only=True)  # nosec B615
    except (OSError, ValueError):
        return False
    return True


def _files(folder: Path) -> tuple[Path, Path]:
    config = folder / "config.json"
    checkpoint = next((folder / name for name in _WEIGHTS if (folder / name).is_file()), None)
    if checkpoint is None or not config.is_file():
        raise WeightsError(
            f"{folder} should hold config.json and the weights as one of {', '.join(_WEIGHTS)}, but does not; copy all "
            "files of the model there."
        )
    return checkpoint, config
