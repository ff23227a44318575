"""Plays sound through the system's own player."""

from __future__ import annotations

import os
import shutil
import subprocess  # programs as lists, never a shell  # nosec B404
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from lookaloud.errors import PlayerError

if TYPE_CHECKING:
    from speech import Audio

# Looked for in this order; each is followed by the file. Every one of them plays WAV.
_PLAYERS: tuple[tuple[str, ...], ...] = (
    ("afplay",),
    ("pw-play",),
    ("paplay",),
    ("aplay", "-q"),
    ("ffplay", "-nodisp", "-autoexit", "-loglevel", "error"),
)


def find_player() -> tuple[str, ...]:
    """Return the command that plays a WAV file, without the file.

    Raises:
        PlayerError: this computer has none.

    >>> find_player()  # doctest: +SKIP
    ('/usr/bin/paplay',)
    """
    if sys.platform == "win32" and (powershell := shutil.which("powershell")):
        # The file comes by the environment: a path with a quote in it cannot break the command.
        return (powershell, "-NoProfile", "-Command", "(New-Object Media.SoundPlayer $env:LOOKALOUD_PLAY).PlaySync()")
    for name, *options in _PLAYERS:
        if found := shutil.which(name):
            return (found, *options)
    names = ", ".join(name for name, *_ in _PLAYERS)
    raise PlayerError(
        f"There is no sound player on this computer: looked for {names}. "
        "Install one of them, or leave --play out and open the saved sound file."
    )


def play(audio: Audio, player: tuple[str, ...]) -> None:
    """Play a sound and wait until it ends.

    Args:
        audio: what to play.
        player: from `find_player`.

    Raises:
        PlayerError: the player could not be started or reported a failure.
    """
    from speech.audio import write_audio

    with tempfile.TemporaryDirectory(prefix="lookaloud-") as folder:
        file = Path(folder, "sound.wav")
        write_audio(audio, file)
        by_environment = any("LOOKALOUD_PLAY" in part for part in player)
        command = [*player] if by_environment else [*player, str(file)]
        try:
            # A player of our table, by the path that it was found under.
            done = subprocess.run(  # noqa: S603  # nosec B603
                command,
                env={**os.environ, "LOOKALOUD_PLAY": str(file)},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
            )
        except OSError as error:
            raise PlayerError(f"The sound player {player[0]} could not be started: {error}.") from error
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        reason = f": {said[-1]}" if said else ""
        raise PlayerError(f"The sound player {player[0]} failed with exit code {done.returncode}{reason}.")
