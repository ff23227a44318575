"""The files of captioners and voices: where they lie, whether they are whole, and how they come and go.

Captioners lie in the cache of huggingface_hub, the built-in family of voices in a folder of its own; what comes with a
package is that package's. No model is loaded here.
"""

from __future__ import annotations

import hashlib
import shutil
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from captioner import CaptionerSpec, UnknownCaptionerError, list_captioners
from captioner.hub import Source, is_wanted
from captioner.registry import facts
from lookaloud.errors import LookaloudError
from lookaloud.ground.errors import reason_of
from lookaloud.ground.files import sha256_of
from speech import VoiceSpec, list_voices
from speech.backends.hibari import voice_file


@dataclass(frozen=True)
class Damage:
    """A file that is not what it should be.

    Attributes:
        file: the file.
        found: what is wrong with it, as "its checksum is wrong".
    """

    file: Path
    found: str


@dataclass(frozen=True)
class Checked:
    """What looking at a model's files found.

    Attributes:
        files: how many were compared with their checksums.
        unknown: how many have no checksum, because they were copied by hand.
        damages: what is wrong.
    """

    files: int
    unknown: int
    damages: tuple[Damage, ...]


class Store(ABC):
    """Where the files of one model lie."""

    @property
    @abstractmethod
    def place(self) -> str:
        """The folder or file, or the package, for people."""

    @property
    def is_package(self) -> bool:
        """Whether the files are a package's, which pip alone brings and takes away."""
        return False

    @abstractmethod
    def size(self) -> int:
        """Return bytes on this computer; 0 if the model is not here."""

    @abstractmethod
    def pull(self) -> None:
        """Downloads what is not here."""

    @abstractmethod
    def check(self) -> Checked:
        """Compares the files with their checksums."""

    @abstractmethod
    def remove(self) -> int:
        """Delete the files; how many bytes that freed."""


@dataclass(frozen=True)
class Model:
    """A captioner or a voice, and its files.

    Attributes:
        name: what `load_captioner` or `load_voice` takes.
        kind: "captioner" or "voice".
        description: one sentence.
        source, licence: where the weights come from, and what they may be used for.
        size_mb: of the download, in 10^6 bytes; None if only the hub knows.
        n_parameters: of the network; None where nobody counted.
        extra: the extra of Lookaloud that it needs, or None.
        revision: the commit that is used, or None.
        store: the files.
    """

    name: str
    kind: str
    description: str
    source: str
    licence: str
    size_mb: float | None
    n_parameters: int | None
    extra: str | None
    revision: str | None
    store: Store

    @property
    def downloaded(self) -> bool:
        """Whether its files are here, whoever brought them."""
        return self.store.installed if isinstance(self.store, PackageStore) else self.store.size() > 0

    @property
    def facts(self) -> str:
        """Size, parameters and licence, as people are told before a download."""
        return facts(self.size_mb, self.n_parameters, self.licence)


def list_models() -> tuple[Model, ...]:
    """Return every captioner and voice with a name, the captioners first."""
    return (*map(_captioner, list_captioners()), *map(_voice, list_voices()))


def find_model(name: str) -> Model:
    """Return the captioner or voice of that name, or the captioner of the hub that "owner/name[@revision]" names.

    Raises:
        UnknownCaptionerError: there is none; the message lists the names.
    """
    models = list_models()
    for model in models:
        if model.name == name:
            return model
    source = Source.parse(name)
    if source is None:
        names = ", ".join(model.name for model in models)
        raise UnknownCaptionerError(
            f"There is no captioner and no voice called {name!r}. Choose one of: {names}; or a model of the Hugging "
            "Face hub as owner/name."
        )
    return Model(
        name, "captioner", "A model of the Hugging Face hub.", f"huggingface.co/{source.repo}", "as its page says",
        None, None, "models", None if source.revision == "main" else source.revision, HubStore(source),
    )  # fmt: skip


def _captioner(spec: CaptionerSpec) -> Model:
    store = PackageStore("lookaloud") if spec.repo is None else HubStore(Source(spec.repo, spec.revision or "main"))
    return Model(
        spec.name, "captioner", spec.description, spec.source, spec.licence, spec.size_mb, spec.n_parameters,
        spec.extra, spec.revision, store,
    )  # fmt: skip


def _voice(spec: VoiceSpec) -> Model:
    return Model(
        spec.name, "voice", f"{spec.description.rstrip('.')}.", spec.source, spec.licence, spec.size_mb, None,
        spec.extra or None, None, _voice_store(spec),
    )  # fmt: skip


def _voice_store(spec: VoiceSpec) -> Store:
    return PackageStore(spec.package) if spec.package else HibariStore(spec.name)


@dataclass(frozen=True)
class PackageStore(Store):
    """Files that come with a Python package."""

    package: str

    @property
    def place(self) -> str:
        return f"the package {self.package}"

    @property
    def is_package(self) -> bool:
        return True

    @property
    def installed(self) -> bool:
        """Whether the package is there."""
        try:
            distribution(self.package)
        except PackageNotFoundError:
            return False
        return True

    def size(self) -> int:
        return 0

    def pull(self) -> None:
        return

    def check(self) -> Checked:
        return Checked(0, 0, ())

    def remove(self) -> int:
        raise LookaloudError(
            f"The files are part of the package {self.package}; to remove them: pip uninstall {self.package}"
        )


@dataclass(frozen=True)
class HibariStore(Store):
    """The file of one voice of hibari, in that package's own folder."""

    name: str

    @property
    def file(self) -> Path:
        """The voice's file, whether it is here or not."""
        return voice_file(self.name)

    @property
    def place(self) -> str:
        return str(self.file)

    def size(self) -> int:
        return self.file.stat().st_size if self.file.is_file() else 0

    def pull(self) -> None:
        from speech import load_voice

        load_voice(self.name)

    def check(self) -> Checked:
        from hibari.voices import VOICES

        wrong = sha256_of(self.file) != VOICES[self.name]["sha256"]
        return Checked(1, 0, (Damage(self.file, "its checksum is wrong"),) if wrong else ())

    def remove(self) -> int:
        freed = self.size()
        self.file.unlink(missing_ok=True)
        return freed


@dataclass(frozen=True)
class HubStore(Store):
    """The files of one revision of a model, in the cache of huggingface_hub.

    There, a snapshot's files are links to blobs that are named by their checksums: SHA-256 for large files, git's SHA-1
    for small ones.
    """

    source: Source

    @property
    def place(self) -> str:
        return str(self.source.folder)

    @property
    def folder(self) -> Path | None:
        """The folder of the snapshot; None if nothing of it is here. It may be half a download."""
        named = self.source.folder
        reference = named.parent.parent / "refs" / self.source.revision
        if not named.is_dir() and reference.is_file():
            named = named.parent / reference.read_text(encoding="utf-8").strip()
        return named if named.is_dir() else None

    def size(self) -> int:
        # Several names can link to one blob.
        return sum(path.stat().st_size for path in {path.resolve() for path in self._files()} if path.is_file())

    def pull(self) -> None:
        self.source.download()

    def check(self) -> Checked:
        damages: list[Damage] = []
        known = unknown = 0
        for path in self._files():
            blob = Path(path.readlink()).name if path.is_symlink() else ""
            if not path.is_file():
                damages.append(Damage(path, "what it links to is missing"))
            elif len(blob) not in (40, 64):
                unknown += 1
            else:
                known += 1
                if (sha256_of(path) if len(blob) == 64 else _git_sha1(path)) != blob:
                    damages.append(Damage(path, "its checksum is wrong"))
        if self.source.local_folder() is None and not damages:
            damages.append(Damage(self.folder or self.source.folder, "its download is not finished"))
        return Checked(known, unknown, tuple(damages))

    def remove(self) -> int:
        from huggingface_hub import scan_cache_dir

        folder = self.folder
        if folder is None:
            return 0
        cache = scan_cache_dir(folder.parents[2])
        revisions = [
            revision.commit_hash
            for repo in cache.repos
            if repo.repo_id == self.source.repo
            for revision in repo.revisions
            if revision.snapshot_path.resolve() == folder.resolve()
        ]
        if revisions:
            deletion = cache.delete_revisions(*revisions)
            deletion.execute()
            return int(deletion.expected_freed_size)
        freed = self.size()  # A folder that was copied there by hand, which is no cache to the library.
        shutil.rmtree(folder)
        return freed

    def _files(self) -> Iterator[Path]:
        folder = self.folder
        if folder is not None:
            yield from sorted(path for path in folder.rglob("*") if path.is_symlink() or path.is_file())


def _git_sha1(path: Path) -> str:
    content = path.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def cache_folders() -> tuple[Path, Path]:
    """Return where downloaded captioners and voices lie."""
    from hibari.voices import cache_dir
    from huggingface_hub.constants import HF_HUB_CACHE

    return Path(HF_HUB_CACHE), Path(cache_dir())


def hub_facts(model: Model) -> str:
    """Size and licence of a model of the hub, asked of the hub where the table does not have them.

    Raises:
        LookaloudError: the hub cannot be asked.
    """
    if model.size_mb is not None or not isinstance(model.store, HubStore):
        return model.facts
    from huggingface_hub import HfApi

    source = model.store.source
    try:
        info = HfApi().model_info(source.repo, revision=source.revision, files_metadata=True)
    # Every way in which a network can fail has a class of its own, in three libraries.
    except Exception as error:
        raise LookaloudError(
            f"The hub could not be asked about {source.repo} ({reason_of(error)}); check the name and the network."
        ) from error
    files = [file for file in info.siblings or [] if is_wanted(file.rfilename)]
    licence = getattr(info.card_data, "license", None) or "not stated"
    return f"{sum(file.size or 0 for file in files) / 1e6:.0f} MB, licence {licence}"
