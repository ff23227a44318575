from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from conftest import Loads, RunCommand

import lookaloud.outputs
from speech import AudioWriteError, encode_audio, read_audio, silence

RECORDING_PLAYER = (sys.executable, "-c", "import shutil, sys; shutil.copy(sys.argv[1], 'played.wav')")


def test_say_saves_speech(lookaloud: RunCommand, loads: Loads, in_folder: Path) -> None:
    result = lookaloud("say", "The train leaves.")
    assert result.stdout == f"Sound: speech.wav, {read_audio('speech.wav').seconds:.1f} seconds.\n"
    assert result.exit_code == 0
    assert loads.voice.sentences == ["The train leaves."]
    assert loads.captioner_calls == []


def test_words_need_no_quotes(lookaloud: RunCommand, loads: Loads, in_folder: Path) -> None:
    assert lookaloud("say", "The", "train", "leaves.").exit_code == 0
    assert loads.voice.sentences == ["The train leaves."]


def test_an_earlier_speech_is_kept_unless_overwrite_is_given(
    lookaloud: RunCommand, loads: Loads, in_folder: Path
) -> None:
    for _ in range(2):
        lookaloud("say", "Hello.")
    assert "Sound: speech.wav," in lookaloud("say", "Hello again.", "--overwrite").stdout
    assert sorted(os.listdir()) == ["speech-2.wav", "speech.wav"]


def test_options_reach_the_voice_and_the_file(lookaloud: RunCommand, loads: Loads, in_folder: Path) -> None:
    lookaloud("say", "Hello there.", "--out", "slow.flac", "--rate", "0.5")
    lookaloud(
        "say", "Hello there.", "--out", "folder", "--format", "ogg", "--rate", "2", "--voice", "emma", "--local-only"
    )
    assert read_audio("slow.flac").seconds > read_audio("folder/speech.ogg").seconds
    assert loads.voice_calls[1] == ("emma", {"local_only": True, "language": None, "speaker": None, "vocoder": None})


def test_standard_input_is_utf_8_text(lookaloud: RunCommand, loads: Loads, in_folder: Path) -> None:
    assert lookaloud("say", "-", stdin="\ufeffA café.".encode()).exit_code == 0
    assert loads.voice.sentences == ["A café."]
    wrong = lookaloud("say", "-", stdin="A café.".encode("latin-1"))
    assert wrong.exit_code == 2
    assert "not UTF-8 text: byte 5 is 0xe9" in wrong.stderr


def test_play_keeps_no_file_unless_asked(
    lookaloud: RunCommand, loads: Loads, in_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lookaloud.player.find_player", lambda: RECORDING_PLAYER)
    result = lookaloud("say", "Hello.", "--play")
    assert (result.stdout, result.exit_code) == ("", 0)
    assert os.listdir() == ["played.wav"]
    lookaloud("say", "Hello.", "--play", "--format", "mp3")
    assert sorted(os.listdir()) == ["played.wav", "speech.mp3"]


def test_a_player_that_fails_is_a_sentence(
    lookaloud: RunCommand, loads: Loads, in_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lookaloud.player.find_player", lambda: (str(in_folder / "no-such-player"),))
    result = lookaloud("say", "Hello.", "--play")
    assert "could not be started" in result.stderr
    assert result.exit_code == 1


@pytest.mark.parametrize(
    ("arguments", "exit_code", "sentence"),
    [
        ([], 2, "Missing argument"),
        (["Hi.", "--rate", "0.4"], 2, "0.4 is not in the range"),
        (["Hi.", "--out", "x.docx"], 2, "--out ends in .docx"),
        (["Hi.", "--out", "file/x.wav"], 2, "choose another place"),
        (["  "], 1, "give at least one letter"),
    ],
)
def test_what_cannot_be_said_is_a_sentence(
    lookaloud: RunCommand, loads: Loads, in_folder: Path, arguments: list[str], exit_code: int, sentence: str
) -> None:
    Path("file").touch()
    result = lookaloud("say", *arguments)
    assert result.exit_code == exit_code
    assert sentence in " ".join(result.stderr.split())
    assert os.listdir() == ["file"]


def test_the_built_in_voice_speaks_without_a_network(lookaloud: RunCommand, in_folder: Path) -> None:
    result = lookaloud("say", "Lookaloud works.", "--local-only")
    assert result.exit_code == 0
    audio = read_audio("speech.wav")
    assert audio.sample_rate == 24_000
    assert 0.5 < audio.seconds < 3
    assert abs(audio.samples).max() > 0.05


def test_an_unknown_voice_is_wrong_usage(lookaloud: RunCommand, in_folder: Path) -> None:
    result = lookaloud("say", "Hello.", "--voice", "nobody")
    assert result.exit_code == 2
    assert "heart" in result.stderr


def test_the_formats_of_the_command_line_are_those_that_speech_writes() -> None:
    for format_name in lookaloud.outputs.FORMATS:
        assert encode_audio(silence(0.1, 24_000), format_name)
    with pytest.raises(AudioWriteError, match=f"choose one of {', '.join(lookaloud.outputs.FORMATS)}"):
        encode_audio(silence(0.1, 24_000), "none of them")
