"""`lookaloud say`: text in, speech out."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from lookaloud.commands.click_options import local_only_option, sound_options
from lookaloud.outputs import SoundNames, Target, checked_file, checked_folder, sound_target

_OUT_HELP = (
    "Where the sound goes: a sound file (by its ending .wav, .flac, .ogg or .mp3) or a folder, which is made. "
    "By default a new file speech.wav in this folder. A sound file named here is replaced."
)

_EPILOG = """TEXT is what to say, or - for standard input (UTF-8).

\b
Examples:
  lookaloud say "The train leaves at 9:15." --play
  lookaloud say - --out letter.mp3 --rate 1.2 < letter.txt
"""


@click.command(epilog=_EPILOG)
@click.argument("text", nargs=-1, required=True, metavar="TEXT")
@sound_options(out_help=_OUT_HELP)
@local_only_option
def say(
    *,
    text: tuple[str, ...],
    voice: str,
    language: str | None,
    speaker: str | None,
    rate: float,
    out: str | None,
    format_name: str | None,
    overwrite: bool,
    play_sound: bool,
    local_only: bool,
) -> None:
    """Speak a text: save it as a sound file, play it, or both."""
    from lookaloud.commands.report import sound_sentence
    from lookaloud.player import find_player, play
    from speech import load_voice
    from speech.audio import write_audio

    target = sound_target(out, format_name)
    player = find_player() if play_sound else None
    path = _sound_path(target, overwrite=overwrite) if out or format_name or not play_sound else None
    words = _read_standard_input() if text == ("-",) else " ".join(text)
    audio = load_voice(voice, local_only=local_only, language=language, speaker=speaker).speak(words, rate=rate)
    if path is not None:
        write_audio(audio, path)
        click.echo(sound_sentence(path, audio.seconds))
    if player is not None:
        play(audio, player)


def _read_standard_input() -> str:
    data = sys.stdin.buffer.read()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise click.UsageError(
            f"Standard input is not UTF-8 text: byte {error.start} is {data[error.start]:#04x}. Save it as UTF-8."
        ) from None


def _sound_path(target: Target, *, overwrite: bool) -> Path:
    if target.is_file:
        return checked_file(target.path)
    return SoundNames(checked_folder(target.path), target.format_name, overwrite=overwrite).take("speech")
