from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from conftest import Loads, MakePicture, RunCommand
from PIL import Image

import captioner
import captioner.reading
import lookaloud.player
import speech
from captioner import CaptionOptions, Draft
from captioner.testing import FakeBackend
from lookaloud.errors import PlayerError
from speech import read_audio

JSON_KEYS = [
    "source",
    "status",
    "text",
    "caption",
    "alternatives",
    "confidence",
    "certainty",
    "is_photo",
    "kind",
    "detail",
    "part",
    "pieces",
    "text_found",
    "notes",
    "findings",
    "problems",
    "audio_seconds",
    "seconds",
    "captioner",
    "voice",
    "error",
    "audio",
]

LOAD_TEXT_READER = captioner.reading.load_text_reader
THIRDS = (
    "On the left: a picture 40 wide and 60 high. In the middle: a picture 41 wide and 60 high. "
    "On the right: a picture 40 wide and 60 high. "
)

RECORDING_PLAYER = (sys.executable, "-c", "import shutil, sys; shutil.copy(sys.argv[1], 'played.wav')")


def test_one_picture_gives_its_caption_and_a_sound_beside_the_current_folder(
    lookaloud: RunCommand, loads: Loads, make_picture: MakePicture
) -> None:
    make_picture("pictures/dog.png")
    result = lookaloud("describe", "pictures/dog.png")
    seconds = read_audio("dog.wav").seconds
    assert result.stdout == f"A picture 8 wide and 6 high.\nSound: dog.wav, {seconds:.1f} seconds.\n"
    assert result.stderr == ""
    assert result.exit_code == 0
    assert seconds > 0.5


def test_many_pictures_are_named_and_counted(lookaloud: RunCommand, loads: Loads, make_picture: MakePicture) -> None:
    make_picture("dog.png")
    make_picture("cat.jpg", width=9)
    result = lookaloud("describe", "dog.png", "cat.jpg", "--out", "sounds/of mine", "--format", "flac")
    assert result.stdout == "dog.png: A picture 8 wide and 6 high.\ncat.jpg: A picture 9 wide and 6 high.\n"
    assert result.stderr == f"Described 2 of 2 pictures. The sounds are in {Path('sounds/of mine')}.\n"
    assert sorted(os.listdir("sounds/of mine")) == ["cat.flac", "dog.flac"]
    assert Path("sounds/of mine/dog.flac").read_bytes()[:4] == b"fLaC"


def test_a_bad_file_is_named_and_the_others_are_done(
    lookaloud: RunCommand, loads: Loads, make_picture: MakePicture
) -> None:
    make_picture("dog.png")
    Path("broken.jpg").write_bytes(b"\xff\xd8\xff")
    make_picture("cat.png")
    result = lookaloud("describe", "dog.png", "broken.jpg", "gone.png", "cat.png", "--text-only")
    assert [line.partition(":")[0] for line in result.stdout.splitlines()] == ["dog.png", "cat.png"]
    errors = result.stderr.splitlines()
    assert errors[0].startswith("Could not describe broken.jpg: it ")
    assert errors[1].startswith("Could not describe gone.png: it does not exist")
    assert errors[2] == "Described 2 of 4 pictures. 2 failed."
    assert result.exit_code == 1


def test_patterns_are_expanded_and_one_that_matches_nothing_is_a_named_failure(
    lookaloud: RunCommand, loads: Loads, make_picture: MakePicture
) -> None:
    for name in ("b.png", "a.png", "deep/er/c.png", "folder.png/d.png"):
        make_picture(name)
    result = lookaloud("describe", "*.png", "deep/**/*.png", "*.gif", "--text-only")
    names = [line.partition(":")[0] for line in result.stdout.splitlines()]
    assert names == ["a.png", "b.png", str(Path("deep/er/c.png"))]
    assert result.stderr.startswith("Could not describe *.gif: no file matches this pattern")
    assert result.exit_code == 1


def test_when_no_pattern_matches_nothing_is_loaded(lookaloud: RunCommand, loads: Loads, in_folder: Path) -> None:
    result = lookaloud("describe", "*.gif")
    assert result.exit_code == 1
    assert loads.captioner_calls == []


def test_a_file_whose_name_looks_like_a_pattern_is_a_file(
    lookaloud: RunCommand, loads: Loads, make_picture: MakePicture
) -> None:
    make_picture("dog[1].png")
    assert lookaloud("describe", "dog[1].png").exit_code == 0
    assert Path("dog[1].wav").is_file()


def test_same_name_in_different_folders_gives_different_sounds(
    lookaloud: RunCommand, loads: Loads, make_picture: MakePicture
) -> None:
    make_picture("a/dog.png", width=8)
    make_picture("b/Dog.png", width=9)
    make_picture("b/dog.jpg", width=10)
    result = lookaloud("describe", "a/dog.png", "b/Dog.png", "b/dog.jpg", "--overwrite")
    # Dog.wav would be dog.wav on many a file system.
    assert sorted(path.name for path in Path().glob("*.wav")) == ["Dog-2.wav", "dog-3.wav", "dog.wav"]
    lines = result.stdout.splitlines()
    assert lines[0] == "a/dog.png: A picture 8 wide and 6 high."
    assert lines[1] == "b/Dog.png: A picture 9 wide and 6 high. Sound: Dog-2.wav."
    assert lines[2] == "b/dog.jpg: A picture 10 wide and 6 high. Sound: dog-3.wav."


def test_an_earlier_sound_is_kept_unless_overwrite_is_given(
    lookaloud: RunCommand, loads: Loads, make_picture: MakePicture
) -> None:
    make_picture("dog.png")
    Path("dog.wav").write_text("of another dog")
    assert "Sound: dog-2.wav," in lookaloud("describe", "dog.png").stdout
    assert Path("dog.wav").read_text() == "of another dog"
    assert "Sound: dog.wav," in lookaloud("describe", "dog.png", "--overwrite").stdout
    assert read_audio("dog.wav").seconds > 0


def test_the_picture_itself_is_never_overwritten(
    lookaloud: RunCommand, loads: Loads, make_picture: MakePicture
) -> None:
    picture = make_picture("dog.png").rename("dog.wav")  # a picture with a misleading ending
    before = picture.read_bytes()
    assert lookaloud("describe", "dog.wav", "--overwrite").exit_code == 0
    refused = lookaloud("describe", "dog.wav", "--out", "./dog.wav")
    assert refused.exit_code == 2
    assert "is the picture itself" in refused.stderr
    assert picture.read_bytes() == before
    assert Path("dog-2.wav").is_file()


@pytest.mark.parametrize(
    ("format_name", "magic"), [("wav", b"RIFF"), ("flac", b"fLaC"), ("ogg", b"OggS"), ("mp3", b"")]
)
def test_out_with_a_sound_ending_is_a_file_of_that_format(
    lookaloud: RunCommand, loads: Loads, make_picture: MakePicture, format_name: str, magic: bytes
) -> None:
    make_picture("dog.png")
    out = Path("new", f"sound.{format_name}")
    result = lookaloud("describe", "dog.png", "-o", str(out))
    assert f"Sound: {out}, " in result.stdout
    assert out.read_bytes().startswith(magic)
    assert read_audio(out).seconds > 0.5


def test_standard_input_is_a_picture(lookaloud: RunCommand, loads: Loads, make_picture: MakePicture) -> None:
    data = make_picture("dog.png").read_bytes()
    result = lookaloud("describe", "-", stdin=data)
    assert result.stdout.startswith("A picture 8 wide and 6 high.\nSound: standard-input.wav, ")
    empty = lookaloud("describe", "-", stdin=b"")
    assert empty.stderr.startswith("Could not describe standard input: it is empty")
    assert empty.exit_code == 1
    assert lookaloud("describe", "-", "-", stdin=data).exit_code == 2


def test_json_is_one_object_a_picture_with_every_key(
    lookaloud: RunCommand, loads: Loads, make_picture: MakePicture
) -> None:
    make_picture("née.png")
    result = lookaloud("describe", "née.png", "gone.png", "--json")
    good, bad = (json.loads(line) for line in result.stdout.splitlines())
    assert list(good) == list(bad) == JSON_KEYS
    assert (good["source"], good["status"], good["error"]) == ("née.png", "ok", None)
    assert good["caption"] == "A picture 8 wide and 6 high."
    assert good["alternatives"] == ["A picture."]
    assert good["confidence"] == 0.5
    assert (good["is_photo"], good["kind"]) == (True, "photograph")
    assert good["text"] == good["caption"]
    assert (good["detail"], good["text_found"], good["notes"]) == ("standard", [], None)
    assert good["audio"] == "née.wav"
    assert good["audio_seconds"] == pytest.approx(read_audio("née.wav").seconds, abs=0.001)
    assert set(good["seconds"]) == {"open", "caption", "read", "speech", "first_audio"}
    assert (good["captioner"], good["voice"]) == ("compact", "heart")
    assert (bad["source"], bad["status"], bad["caption"], bad["audio"]) == ("gone.png", "error", None, None)
    assert bad["error"].startswith("gone.png does not exist")
    assert result.stdout.isascii()
    assert result.exit_code == 1


def test_text_only_loads_no_voice_and_makes_no_sound(
    lookaloud: RunCommand, loads: Loads, make_picture: MakePicture
) -> None:
    make_picture("dog.png")
    result = lookaloud("describe", "dog.png", "--text-only")
    assert result.stdout == "A picture 8 wide and 6 high.\n"
    assert loads.voice_calls == []
    assert os.listdir() == ["dog.png"]
    for option in (["--out", "x.wav"], ["--format", "mp3"], ["--play"]):
        assert lookaloud("describe", "dog.png", "--text-only", *option).exit_code == 2


def test_options_reach_the_captioner_and_the_voice(
    lookaloud: RunCommand, loads: Loads, make_picture: MakePicture, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[CaptionOptions] = []
    original = FakeBackend.draft

    def draft(self: FakeBackend, images: Sequence[Image.Image], options: CaptionOptions) -> list[Draft]:
        seen.append(options)
        return original(self, images, options)

    monkeypatch.setattr(FakeBackend, "draft", draft)
    make_picture("dog.png")
    lookaloud("describe", "dog.png", "--out", "slow.wav")
    lookaloud(
        *("describe", "dog.png", "--out", "fast.wav", "--rate", "2", "--num-beams", "1"),
        *("--captioner", "other", "--prompt", "a photo of", "--device", "cpu"),
        *("--voice", "emma", "--language", "en-GB", "--speaker", "anna", "--local-only"),
        *("--vocoder", "griffin-lim"),
    )
    assert seen == [CaptionOptions(), CaptionOptions(num_beams=1, prompt="a photo of")]
    assert loads.captioner_calls[1] == ("other", {"device": "cpu", "dtype": "auto", "local_only": True})
    spoken = {"device": "cpu", "local_only": True, "language": "en-GB", "speaker": "anna", "vocoder": "griffin-lim"}
    assert loads.voice_calls[1] == ("emma", spoken)
    assert read_audio("fast.wav").seconds < read_audio("slow.wav").seconds


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "Missing argument"),
        (["dog.png", "--rate", "2.5"], "2.5 is not in the range"),
        (["dog.png", "--rate", "nan"], "nan is not in the range"),
        (["dog.png", "--num-beams", "0"], "0 is not in the range"),
        (["dog.png", "--format", "aac"], "'aac' is not one of"),
        (["dog.png", "--out", "x.aac"], "--out ends in .aac"),
        (["dog.png", "--out", "x.wav", "--format", "mp3"], "--out ends in .wav, but --format is mp3"),
        (["dog.png", "--out", "-"], "not written to standard output"),
        (["dog.png", "dog.png", "--out", "x.wav"], "for 2 pictures; name a folder instead."),
        (["dog.png", "--out", "file"], "file is a file, not a folder"),
        (["dog.png", "--out", "file/x.wav"], "choose another place"),
    ],
)
def test_wrong_usage_is_found_before_any_work(
    lookaloud: RunCommand, loads: Loads, make_picture: MakePicture, arguments: list[str], sentence: str
) -> None:
    make_picture("dog.png")
    Path("file").touch()
    result = lookaloud("describe", *arguments)
    assert result.exit_code == 2
    assert sentence in " ".join(result.stderr.split())
    assert loads.captioner_calls == []
    assert sorted(os.listdir()) == ["dog.png", "file"]


@pytest.mark.parametrize("option", ["--captioner", "--voice"])
def test_an_unknown_name_is_wrong_usage_and_the_names_are_listed(
    lookaloud: RunCommand, make_picture: MakePicture, monkeypatch: pytest.MonkeyPatch, option: str
) -> None:
    if option == "--voice":  # the real voice table; the captioner's weights are not what is tested here
        monkeypatch.setattr(captioner, "load_captioner", lambda name, **_: captioner.Captioner(FakeBackend()))
    make_picture("dog.png")
    result = lookaloud("describe", "dog.png", option, "nobody")
    assert result.exit_code == 2
    assert "'nobody'" in result.stderr
    assert ("heart" if option == "--voice" else "compact") in result.stderr


def test_out_folder_with_a_dot_in_its_name_is_a_folder_when_it_ends_in_a_slash(
    lookaloud: RunCommand, loads: Loads, make_picture: MakePicture
) -> None:
    make_picture("dog.png")
    assert lookaloud("describe", "dog.png", "--out", "my.mp3/").exit_code == 0
    assert os.listdir("my.mp3") == ["dog.wav"]


def test_play_plays_a_wav_and_keeps_no_file_without_out(
    lookaloud: RunCommand, loads: Loads, make_picture: MakePicture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lookaloud.player.find_player", lambda: RECORDING_PLAYER)
    make_picture("dog.png")
    result = lookaloud("describe", "dog.png", "--play")
    assert result.stdout == "A picture 8 wide and 6 high.\n"
    assert result.exit_code == 0
    assert read_audio("played.wav").seconds > 0.5
    assert sorted(os.listdir()) == ["dog.png", "played.wav"]
    lookaloud("describe", "dog.png", "--play", "--out", "kept.mp3")
    assert Path("kept.mp3").is_file()
    assert Path("played.wav").read_bytes()[:4] == b"RIFF"


def test_a_player_that_fails_is_told_once_and_the_pictures_are_still_described(
    lookaloud: RunCommand, loads: Loads, make_picture: MakePicture, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = (sys.executable, "-c", "import sys; sys.exit('no sound card')")
    monkeypatch.setattr("lookaloud.player.find_player", lambda: failing)
    make_picture("a.png")
    make_picture("b.png")
    result = lookaloud("describe", "a.png", "b.png", "--play")
    assert len(result.stdout.splitlines()) == 2
    assert result.stderr.count("no sound card") == 1
    assert "Described 2 of 2 pictures." in result.stderr
    assert result.exit_code == 1


def test_without_a_player_play_is_refused_before_any_work(
    lookaloud: RunCommand, loads: Loads, make_picture: MakePicture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    make_picture("dog.png")
    result = lookaloud("describe", "dog.png", "--play")
    assert result.stderr.startswith("There is no sound player on this computer")
    assert result.exit_code == 1
    assert loads.captioner_calls == []


@pytest.mark.parametrize(
    ("platform", "there", "expected"),
    [
        ("darwin", {"afplay", "ffplay"}, ("/bin/afplay",)),
        ("linux", {"aplay", "paplay"}, ("/bin/paplay",)),
        ("linux", {"aplay"}, ("/bin/aplay", "-q")),
        ("linux", {"powershell"}, None),
        ("win32", {"powershell"}, ("/bin/powershell",)),
    ],
)
def test_the_player_that_is_there_is_found(
    monkeypatch: pytest.MonkeyPatch, platform: str, there: set[str], expected: tuple[str, ...] | None
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr("shutil.which", lambda name: f"/bin/{name}" if name in there else None)
    if expected is None:
        with pytest.raises(PlayerError):
            lookaloud.player.find_player()
    else:
        assert lookaloud.player.find_player()[: len(expected)] == expected


def test_a_sound_that_cannot_be_saved_is_a_named_failure_with_its_caption(
    lookaloud: RunCommand, loads: Loads, make_picture: MakePicture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device", "dog.wav")

    monkeypatch.setattr("speech.audio.write_audio", full)
    make_picture("dog.png")
    result = lookaloud("describe", "dog.png", "--json")
    row = json.loads(result.stdout)
    assert (row["status"], row["caption"]) == ("error", "A picture 8 wide and 6 high.")
    assert row["error"].startswith("The disk is full while writing dog.wav")
    assert result.exit_code == 1


def test_progress_only_when_asked_for_where_there_is_no_terminal(
    lookaloud: RunCommand, loads: Loads, make_picture: MakePicture
) -> None:
    make_picture("a.png")
    make_picture("b.png")
    assert "2/2" not in lookaloud("describe", "*.png", "--text-only").stderr
    result = lookaloud("describe", "*.png", "--text-only", "--progress")
    assert "2/2" in result.stderr
    assert result.stderr.isascii()
    assert len(result.stdout.splitlines()) == 2


def test_ctrl_c_is_one_sentence_and_exit_code_130(
    lookaloud: RunCommand, loads: Loads, make_picture: MakePicture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> list[Draft]:
        raise KeyboardInterrupt

    monkeypatch.setattr(loads.captioner, "draft", interrupted)
    make_picture("dog.png")
    result = lookaloud("describe", "dog.png")
    assert result.stderr == "Stopped. What was finished before is kept.\n"
    assert result.exit_code == 130


def test_a_fault_is_one_sentence_and_a_traceback_only_with_debug(
    lookaloud: RunCommand, loads: Loads, make_picture: MakePicture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def faulty(*_: object) -> list[Draft]:
        raise KeyError("bug")

    monkeypatch.setattr(loads.captioner, "draft", faulty)
    make_picture("dog.png")
    plain = lookaloud("describe", "dog.png")
    assert plain.exit_code == 3
    assert "Lookaloud has a fault: KeyError" in plain.stderr
    assert "report it" in plain.stderr
    assert "Traceback" not in plain.stderr
    assert "Traceback" in lookaloud("--debug", "describe", "dog.png").stderr
    monkeypatch.setenv("LOOKALOUD_DEBUG", "1")
    assert "Traceback" in lookaloud("describe", "dog.png").stderr


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_a_terminal_that_cannot_show_a_name_does_not_crash(make_picture: MakePicture, encoding: str) -> None:
    make_picture("犬.png")
    # In a process of its own, for an encoding of its own.
    code = (
        "import captioner; from captioner.testing import FakeBackend; from lookaloud.cli import main; "
        "captioner.load_captioner = lambda *a, **k: captioner.Captioner(FakeBackend()); main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "describe", "*.png", "gone.png", "--text-only"],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": encoding},
        check=False,
    )
    assert done.returncode == 1
    assert b".png: A picture 8 wide and 6 high." in done.stdout
    assert b"Traceback" not in done.stderr


def test_line_breaks_in_a_file_name_do_not_break_the_line(
    lookaloud: RunCommand, loads: Loads, make_picture: MakePicture
) -> None:
    result = lookaloud("describe", "no\nsuch\x1b[31m.png", "gone.png", "--text-only")
    assert len(result.stderr.splitlines()) == 3
    assert "\x1b" not in result.stderr


def test_thresholds_and_the_gate_are_settings(
    lookaloud: RunCommand, loads: Loads, make_picture: MakePicture, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[CaptionOptions] = []
    draft = loads.captioner.draft

    def remember(images: Sequence[Image.Image], options: CaptionOptions) -> list[Draft]:
        seen.append(options)
        return draft(images, options)

    monkeypatch.setattr(loads.captioner, "draft", remember)
    make_picture("dog.png")
    options = ("--low-confidence", "0.6", "--high-confidence", "0.9", "--any-picture", "--text-only")
    assert lookaloud("describe", "dog.png", *options).stdout == "Possibly a picture 8 wide and 6 high.\n"
    assert (seen[0].low_confidence, seen[0].high_confidence, seen[0].only_photos) == (0.6, 0.9, False)
    assert lookaloud("describe", "dog.png", "--low-confidence", "0", "--text-only").stdout.startswith("A picture")
    shown = " ".join(lookaloud("describe", "--help").stdout.split())
    assert f"{CaptionOptions.low_confidence} is usual" in shown
    assert f"{CaptionOptions.high_confidence} is usual" in shown
    wrong = lookaloud("describe", "dog.png", "--low-confidence", "0.9")
    assert wrong.exit_code == 2
    assert "the low one first" in wrong.stderr


def test_what_is_no_photograph_is_said(
    lookaloud: RunCommand, loads: Loads, make_picture: MakePicture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loads.captioner, "draft", lambda images, options: [Draft((), 0.0, "text")])
    make_picture("scan.png")
    result = lookaloud("describe", "scan.png")
    assert result.stdout.startswith("This looks like a page of text.\nSound: ")
    assert result.stderr == ""
    assert speech.read_audio("scan.wav").seconds > 1


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ([], "A picture 121 wide and 60 high. The sign says: Main Street."),
        (["--no-read-text"], "A picture 121 wide and 60 high."),
        (["--detail", "brief"], "A picture 121 wide and 60 high."),
        (["--detail", "standard"], "A picture 121 wide and 60 high. The sign says: Main Street."),
        (
            ["--detail", "detailed"],
            "A picture 121 wide and 60 high. The sign says: Main Street. "
            "The picture is in landscape format, evenly lit, and mainly turquoise.",
        ),
    ],
)
def test_detail_says_how_much_is_told(
    lookaloud: RunCommand,
    loads: Loads,
    make_picture: MakePicture,
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    expected: str,
) -> None:
    monkeypatch.setattr(FakeBackend, "input_size", 400)  # so that the picture keeps its size
    loads.text_engine.texts = ("Main Street",)
    make_picture("dog.png", width=121, height=60)
    result = lookaloud("describe", "dog.png", "--text-only", "--json", *options)
    row = json.loads(result.stdout)
    assert (THIRDS in row["text"]) == (row["detail"] == "detailed")
    assert row["text"].replace(THIRDS, "") == expected
    assert row["caption"] == "A picture 121 wide and 60 high."
    assert row["detail"] == (options[1] if "--detail" in options else "standard")
    assert row["text_found"] == (["Main Street"] if "Main" in expected else [])
    assert result.stderr == ""
    # What is printed is what is spoken.
    assert lookaloud("describe", "dog.png", "--text-only", *options).stdout == f"{row['text']}\n"


def test_notes_are_in_json_when_detailed(lookaloud: RunCommand, loads: Loads, in_folder: Path) -> None:
    exif = Image.Exif()
    exif[0x010E] = "The old harbour"
    exif.get_ifd(0x8769)[0x9003] = "2021:05:03 10:00:00"
    Image.new("RGB", (40, 30), "white").save("harbour.jpg", exif=exif)
    (row,) = map(json.loads, lookaloud("describe", "*.jpg", "--json", "--detail", "detailed").stdout.splitlines())
    assert row["notes"] == {
        "taken": "2021-05-03",
        "place": None,
        "title": None,
        "description": "The old harbour",
        "camera": None,
    }
    assert row["text"].endswith("The photo's own notes say: taken on 3 May 2021; description: The old harbour.")


def test_text_that_cannot_be_read_is_said_and_the_caption_stays(
    lookaloud: RunCommand, loads: Loads, make_picture: MakePicture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def blind(image: Image.Image) -> None:
        raise RuntimeError("no eyes")

    monkeypatch.setattr(loads.text_engine, "find", blind)
    make_picture("dog.png")
    for option in ([], ["--json"]):
        result = lookaloud("describe", "dog.png", "--text-only", *option)
        assert "A picture 8 wide and 6 high." in result.stdout
        assert result.stderr == (
            "Not everything could be found out about dog.png: the text reader failed (RuntimeError); "
            "the text was not read.\n"
        )
        assert result.exit_code == 0


def test_without_the_reader_a_page_of_text_says_once_how_to_get_it(
    lookaloud: RunCommand, loads: Loads, make_picture: MakePicture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loads.captioner, "draft", lambda images, options: [Draft((), 0.0, "text") for _ in images])
    monkeypatch.setattr("captioner.reading.reader_installed", lambda: False)
    monkeypatch.setattr("lookaloud.ground.extras.missing_packages", tuple)
    monkeypatch.setattr("captioner.reading.load_text_reader", LOAD_TEXT_READER)
    make_picture("a.png")
    make_picture("b.png")
    result = lookaloud("describe", "a.png", "b.png", "--text-only")
    assert result.stdout == "a.png: This looks like a page of text.\nb.png: This looks like a page of text.\n"
    hint = 'To have it read aloud, install the reader: pip install "lookaloud[ocr]".\n'
    assert result.stderr == hint + "Described 2 of 2 pictures.\n"
    assert result.exit_code == 0
    for options in (["--detail", "brief"], ["--no-read-text"]):
        assert lookaloud("describe", "a.png", "--text-only", *options).stderr == ""
    asked = lookaloud("describe", "a.png", "--text-only", "--read-text")
    assert 'run: pip install "lookaloud[ocr]"' in asked.stderr
    assert (asked.stdout, asked.exit_code) == ("", 1)


def test_levels_that_do_not_exist_or_contradict_are_wrong_usage(
    lookaloud: RunCommand, loads: Loads, make_picture: MakePicture
) -> None:
    make_picture("dog.png")
    assert "'long' is not one of" in lookaloud("describe", "dog.png", "--detail", "long").stderr
    result = lookaloud("describe", "dog.png", "--detail", "brief", "--read-text")
    assert result.exit_code == 2
    assert "leaves the text out" in " ".join(result.stderr.split())
    assert loads.captioner_calls == []
