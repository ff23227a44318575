"""Networks that read other languages, from rapidocr's own table: downloaded when one is asked for, checked, and kept.

The table comes with rapidocr and has an address and a SHA-256 for each; the smaller network is taken where there are
two, the newer one where there are several versions.
"""

from __future__ import annotations

import importlib
import os
import urllib.request
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from captioner.errors import WeightsError
from lookaloud.ground.errors import reason_of
from lookaloud.ground.files import replacing, sha256_of

MAX_MODEL_BYTES = 200_000_000
"""Largest network that is downloaded, in bytes; the largest in the table has 81 MB."""

_TIMEOUT_SECONDS = 60.0
_VERSIONS = ("PPOCRV5", "PPOCRV4")  # The newest one that knows a language is taken.
_SCRIPTS_READ = {
    "arabic": "Arabic, Persian, Urdu and Uyghur",
    "cyrillic": "languages in Cyrillic letters",
    "devanagari": "Hindi, Marathi, Nepali and others in Devanagari",
    "el": "Greek",
    "eslav": "Russian, Belarusian and Ukrainian",
    "ka": "Kannada",
    "korean": "Korean",
    "ta": "Tamil",
    "te": "Telugu",
    "th": "Thai",
}


@dataclass(frozen=True)
class ReadingModel:
    """A network that reads a language.

    Attributes:
        language: rapidocr's name of the language or the family of languages.
        version: of rapidocr's networks, a name of its `OCRVersion`.
        url, sha256: where it is, and what its bytes come to.
    """

    language: str
    version: str
    url: str
    sha256: str

    @property
    def file(self) -> Path:
        """Where it is kept once it was downloaded."""
        return models_folder() / PurePosixPath(self.url).name


def models_folder() -> Path:
    """Return where downloaded networks are kept: `XDG_CACHE_HOME`, or `.cache` in the home folder."""
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA") or Path.home() / ".cache"
    return Path(base) / "lookaloud" / "reading"


def reading_languages() -> dict[str, str]:
    """Return what `reading_model` takes, and what each reads.

    >>> reading_languages()["el"]
    'Greek'
    """
    return dict(_SCRIPTS_READ)


def reading_model(language: str) -> ReadingModel:
    """The network for a language, by a name of `reading_languages` or a code that rapidocr has for it, such as "ko".

    Raises:
        WeightsError: there is none; the message lists the languages.
    """
    base: Any = importlib.import_module("rapidocr.inference_engine.base")
    resolver: Any = importlib.import_module("rapidocr.utils.model_resolver")
    kinds: Any = importlib.import_module("rapidocr.utils.typings")
    name = {"ar": "arabic", "ru": "eslav", "uk": "eslav", "be": "eslav", "hi": "devanagari", "ko": "korean"}.get(
        language.strip().lower(), resolver.normalize_lang(language)
    )
    for version in _VERSIONS if name in _SCRIPTS_READ else ():
        asked = base.FileInfo(
            engine_type=kinds.EngineType.ONNXRUNTIME,
            ocr_version=kinds.OCRVersion[version],
            task_type=kinds.TaskType.REC,
            lang_type=kinds.LangRec(name),
            model_type=kinds.ModelType.MOBILE,
        )
        try:
            row = base.InferSession.get_model_url(asked)
        except ValueError:
            continue
        return ReadingModel(name, version, str(row["model_dir"]), str(row["SHA256"]))
    names = ", ".join(f"{key} ({reads})" for key, reads in _SCRIPTS_READ.items())
    raise WeightsError(
        f"There is no network that reads {language!r}. Without this option, Chinese, Japanese and languages in Latin "
        f"letters are read; others: {names}."
    )


def fetched(model: ReadingModel, *, local_only: bool = False) -> Path:
    """Return the file of a network, downloaded if it is not on this computer yet, and checked in either case.

    Raises:
        WeightsError: it cannot be downloaded, or is not what the table says; nothing damaged is kept.
    """
    file = model.file
    if file.is_file():
        if sha256_of(file) == model.sha256:
            return file
        if local_only:
            raise WeightsError(f"{file} is damaged; delete it and run this again while online.")
    if local_only:
        raise WeightsError(
            f"The network that reads {model.language} is not on this computer; run this once without --local-only, "
            f"or put {model.url} into {file.parent}."
        )
    try:
        with replacing(file, make_folder=True) as part:
            _download(model.url, part)
            if sha256_of(part) != model.sha256:
                raise WeightsError(
                    f"What came from {model.url} is not the network that rapidocr lists (its SHA-256 differs); "
                    "try again later, or update rapidocr."
                )
    except (OSError, ValueError) as error:
        raise WeightsError(
            f"The network that reads {model.language} could not be downloaded from {model.url} ({reason_of(error)}); "
            f"check the connection, or put that file into {file.parent}."
        ) from error
    return file


def _download(url: str, target: Path) -> None:
    n_bytes = 0
    # The address stands in rapidocr's own table, and what comes is checked against the SHA-256 there.
    with urllib.request.urlopen(url, timeout=_TIMEOUT_SECONDS) as answer, open(target, "wb") as file:  # noqa: S310  # nosec B310
        while block := answer.read(1 << 20):
            n_bytes += len(block)
            if n_bytes > MAX_MODEL_BYTES:
                raise ValueError(f"it has more than {MAX_MODEL_BYTES / 1e6:.0f} MB")
            file.write(block)
