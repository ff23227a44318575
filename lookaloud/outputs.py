"""Where sound files go: which folder, which name, which format, and never over something else."""

from __future__ import annotations

import os
import re
import tempfile
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from lookaloud.errors import OutputError

# The formats that speech.audio writes, without the import of the sound library; a test keeps the two equal.
FORMATS = ("wav", "flac", "ogg", "mp3")


def sound_format(path: str | Path) -> str | None:
    """Return the sound format that a path's ending names, or None.

    >>> sound_format("dog.MP3"), sound_format("sounds")
    ('mp3', None)
    """
    suffix = Path(path).suffix.lower().removeprefix(".")
    return suffix if suffix in FORMATS else None


@dataclass(frozen=True)
class Target:
    """What --out and --format mean together.

    Attributes:
        path: of a sound file or of a folder; neither need exist.
        is_file: whether it is a sound file.
        format_name: one of `FORMATS`.
    """

    path: Path
    is_file: bool
    format_name: str


def sound_target(out: str | None, format_name: str | None) -> Target:
    """Return where sound is to go. What ends in a known sound format is a file, everything else a folder.

    Raises:
        OutputError: --out has another file ending, or the two contradict each other.

    >>> sound_target("dog.mp3", None).format_name, sound_target(None, None).format_name
    ('mp3', 'wav')
    """
    if out is None:
        return Target(Path(), False, format_name or "wav")
    by_name = sound_format(out)
    if Path(out).is_dir() or out.endswith(("/", os.sep)):
        return Target(Path(out), False, format_name or "wav")
    if out == "-":
        raise OutputError("Sound is not written to standard output; name a file or a folder with --out.")
    if by_name is None and (ending := re.search(r"\.[A-Za-z][A-Za-z0-9]{1,4}$", out)):
        endings = ", ".join(f".{name}" for name in FORMATS)
        raise OutputError(
            f"--out ends in {ending[0]}, which is no sound file that can be written; end it in {endings}, "
            "or in a slash if it is a folder."
        )
    if by_name and format_name and by_name != format_name:
        raise OutputError(f"--out ends in .{by_name}, but --format is {format_name}; leave one of them out.")
    return Target(Path(out), by_name is not None, by_name or format_name or "wav")


def checked_file(path: str | Path, *, sources: Iterable[Path] = ()) -> Path:
    """Return the path of a sound file that can be written; its folder is made.

    Raises:
        OutputError: the path is a folder or one of `sources`, or its folder cannot be written.
    """
    file = Path(path)
    if file.is_dir():
        raise OutputError(f"{file} is a folder, not a sound file; choose another name.")
    if _key(file) in {_key(source) for source in sources}:
        raise OutputError(f"{file} is the picture itself; choose another name for the sound.")
    checked_folder(file.parent)
    return file


def checked_folder(path: str | Path) -> Path:
    """Return the path of a folder that can be written; it is made if it is not there.

    Raises:
        OutputError: it cannot be made or written.
    """
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()  # the sure test: rights alone miss full and read-only disks
    except FileExistsError:
        raise OutputError(f"{folder} is a file, not a folder; choose another place with --out.") from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(f"Cannot write in folder {folder}: {reason}; choose another place with --out.") from None
    return folder


class SoundNames:
    """Names for sound files in one folder, no two alike.

    A name that another picture of the run has, or a file that is already there, is not used again: the new name gets
    a number (dog.wav, dog-2.wav). With `overwrite`, files that were there before the run are replaced.

    Args:
        folder: where the files go.
        format_name: one of `FORMATS`.
        overwrite: replace files that were there before.
        sources: files that are never replaced.

    >>> names = SoundNames(Path("no-such-folder"), "wav")
    >>> [names.take("dog").name, names.take("dog").name]
    ['dog.wav', 'dog-2.wav']
    """

    def __init__(
        self, folder: Path, format_name: str, *, overwrite: bool = False, sources: Iterable[Path] = ()
    ) -> None:
        self.folder = folder
        self.format_name = format_name
        self.overwrite = overwrite
        self._taken = {_key(source) for source in sources}

    def take(self, stem: str) -> Path:
        """Return the path of the next sound for a picture of this stem."""
        number = 1
        while True:
            name = stem if number == 1 else f"{stem}-{number}"
            path = self.folder / f"{name}.{self.format_name}"
            if _key(path) not in self._taken and (self.overwrite or not path.exists()):
                self._taken.add(_key(path))
                return path
            number += 1


def _key(path: Path) -> str:
    # Some file systems hold Dog.wav and dog.wav, or two spellings of one accent, for the same file.
    return unicodedata.normalize("NFC", str(path.resolve())).casefold()
