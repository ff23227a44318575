"""Files of models on the Hugging Face hub: found on this computer, or downloaded as far as they are wanted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lookaloud.ground.errors import reason_of


@dataclass(frozen=True)
class HubFiles:
    """Some of the files of a model.

    Attributes:
        repo: "owner/name".
        revision: a commit, a branch or a tag; only a commit always means the same files.
        wanted: patterns of the files that are needed; nothing in subfolders.
        is_complete: whether a folder has all that is needed.
        else_do: what else can be done besides copying the files by hand, to stand after that advice.
    """

    repo: str
    revision: str
    wanted: tuple[str, ...]
    is_complete: Callable[[Path], bool] = Path.is_dir
    else_do: str = ""

    @property
    def page(self) -> str:
        """The web page with the files."""
        return f"https://huggingface.co/{self.repo}/tree/{self.revision.replace('/', '%2F')}"

    @property
    def folder(self) -> Path:
        """Where the files lie once they are here; they can also be copied there by hand."""
        from huggingface_hub.constants import HF_HUB_CACHE

        return Path(HF_HUB_CACHE) / f"models--{self.repo.replace('/', '--')}" / "snapshots" / self.revision

    def local(self) -> Path | None:
        """Return the folder with the files, if all are on this computer; never downloads."""
        if self.is_complete(self.folder):
            return self.folder
        try:
            found = self.snapshot(self.revision, local_only=True)
        except (OSError, ValueError):  # not in the cache
            return None
        return found if self.is_complete(found) else None

    def get(self, error: type[Exception], *, local_only: bool, announce: Callable[[], str]) -> Path:
        """Return the folder with the files, downloaded if they are not here.

        Args:
            error: the class of what is raised.
            local_only: never download.
            announce: tells people of the download before it, and returns the revision to download.

        Raises:
            Exception: of the class `error`: the files are not here, and cannot or may not be downloaded; the message
                names the folder that they can be copied to.
        """
        if (found := self.local()) is not None:
            return found
        if local_only:
            raise error(f"The files of {self.repo} are not on this computer; allow the download, or {self._by_hand}.")
        return self.download(error, announce)

    def download(self, error: type[Exception], announce: Callable[[], str]) -> Path:
        """Return the folder with the files; those that are not here are downloaded. Arguments and error as `get`."""
        try:
            return self.snapshot(announce(), local_only=False)
        # Every way in which a network can fail has a class of its own, in three libraries.
        except Exception as reason:
            raise error(
                f"{self.repo} could not be downloaded ({reason_of(reason)}); check the name and the network, or "
                f"{self._by_hand}."
            ) from reason

    def snapshot(self, revision: str, *, local_only: bool) -> Path:
        """Return the folder in the hub's cache; raises as `huggingface_hub.snapshot_download` does."""
        from huggingface_hub import snapshot_download

        return Path(
            snapshot_download(
                self.repo,
                revision=revision,
                local_files_only=local_only,
                # The same in both cases: the folder is complete without the files that were not asked for.
                allow_patterns=list(self.wanted),
                ignore_patterns=["*/*"],
            )
        )

    @property
    def _by_hand(self) -> str:
        return f"copy the files of {self.page} to {self.folder}{self.else_do}"
