"""What `lookaloud describe` does with each picture: narrate, save, print, play and count.

Apart from the command itself, so that `lookaloud describe --help` needs none of these imports.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lookaloud.commands.click_options import spoken
from lookaloud.commands.report import JsonReport, PlainReport, Report
from lookaloud.commands.sources import Sources, stem_of
from lookaloud.describe.narrator import PICTURE_ERRORS, Narrator
from lookaloud.describe.options import DescribeOptions, ModelOptions, load
from lookaloud.describe.teller import INSTALL_READER
from lookaloud.errors import OutputError, PlayerError
from lookaloud.failures import Exit, explain
from lookaloud.outputs import SoundNames, Target, checked_file, checked_folder
from lookaloud.player import find_player, play

if TYPE_CHECKING:
    from captioner.picture import Picture
    from lookaloud.describe.description import Description
    from speech import Audio


@dataclass(frozen=True)
class Sounds:
    """Where the sound of each picture goes.

    Attributes:
        folder: the folder of them all.
        paths: one file for each picture, in order.
    """

    folder: Path
    paths: tuple[Path, ...]


class Describer:
    """Describes pictures one after the other: narrates, saves, prints, plays and counts.

    Args:
        report: prints each result.
        sounds: where the sounds are saved; None to save none.
        player: from `find_player`; None to play nothing.
        hint_at_reader: say once, when a picture is a page of text, how to have it read.
    """

    def __init__(
        self, report: Report, sounds: Sounds | None, player: tuple[str, ...] | None, *, hint_at_reader: bool = False
    ) -> None:
        self.report = report
        self.sounds = sounds
        self.player = player
        self.hint_at_reader = hint_at_reader
        self.n_described = 0
        self.n_failed = 0
        self.player_error: PlayerError | None = None

    @property
    def exit_code(self) -> Exit:
        return Exit.FAILED if self.n_failed or self.player_error else Exit.DONE

    def narrate(self, narrator: Narrator, pictures: Sequence[Picture], *, show_progress: bool) -> None:
        from tqdm import tqdm

        paths = [None] * len(pictures) if self.sounds is None else self.sounds.paths
        # Who listens wants the first picture soon, and gains nothing from a batch.
        results = narrator.narrate_batch(pictures, batch_size=1 if self.player else 8)
        with tqdm(total=len(pictures), disable=not show_progress, ascii=True, unit="picture", file=sys.stderr) as bar:
            for path, result in zip(paths, results, strict=True):
                with tqdm.external_write_mode(file=sys.stdout):  # lines of text and the bar share the terminal
                    self._finish(result, path)
                bar.update()

    def fail(self, failure: Description) -> None:
        self.n_failed += 1
        self.report.show(failure)

    def _finish(self, result: Description, path: Path | None) -> None:
        if result.error is None:
            try:
                _save(result, path)
            except PICTURE_ERRORS as error:
                result = replace(result, text="", audio=None, error=error)
        if result.error is not None:
            self.fail(result)
            return
        self.n_described += 1
        self.report.show(result, None if result.audio is None else path)
        if self.hint_at_reader and result.caption.kind == "text":
            self.hint_at_reader = False
            click.echo(INSTALL_READER, err=True)
        if result.audio is not None:
            self._play(result.audio)

    def _play(self, audio: Audio) -> None:
        if self.player is None or self.player_error:
            return
        try:
            play(audio, self.player)
        except PlayerError as error:
            # Said once: the next sound would fare no better, while the descriptions still can.
            self.player_error = error
            click.echo(f"{explain(error).sentence} The other sounds are not played.", err=True)


def desktop_describer(
    *, models: ModelOptions, options: DescribeOptions, play_sound: bool, as_json: bool
) -> Callable[[Sequence[Picture]], Exit]:
    """Return what describes pictures of the screen or the clipboard, and gives the exit code; its models stay loaded.

    Args:
        models: what is loaded; the voice only if it is needed.
        options: how to describe.
        play_sound: speak each description.
        as_json: print JSON instead of sentences.
    """
    from captioner.reading import reader_installed

    player = find_player() if play_sound else None
    models = spoken(models) if player else replace(models, voice=None)
    narrator = load(models, options)

    def describe(pictures: Sequence[Picture]) -> Exit:
        in_json = JsonReport(captioner=models.captioner, voice=models.voice)
        report = in_json if as_json else PlainReport(many=len(pictures) > 1)
        hint_at_reader = not reader_installed() and options.detail != "brief"
        describer = Describer(report, None, player, hint_at_reader=hint_at_reader)
        describer.narrate(narrator, pictures, show_progress=False)
        return describer.exit_code

    return describe


def _save(description: Description, path: Path | None) -> None:
    if path is not None and description.audio is not None:
        from speech.audio import write_audio

        write_audio(description.audio, path)


def plan_sounds(sources: Sources, target: Target, *, overwrite: bool) -> Sounds:
    """Return a sound file for each picture, chosen before any work.

    Raises:
        OutputError: the target cannot be used, or is one file for several pictures.
    """
    if not target.is_file:
        folder = checked_folder(target.path)
        names = SoundNames(folder, target.format_name, overwrite=overwrite, sources=sources.files)
        return Sounds(folder, tuple(names.take(stem_of(picture)) for picture in sources.pictures))
    if len(sources) > 1:
        raise OutputError(
            f"--out names one sound file, {target.path}, for {len(sources)} pictures; name a folder instead."
        )
    file = checked_file(target.path, sources=sources.files)
    return Sounds(file.parent, (file,) * len(sources.pictures))
