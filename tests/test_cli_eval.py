"""`lookaloud eval`: the commands, on fakes of everything that is a network."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from conftest import Loads, MakePicture, RunCommand

import speech.hearing
from eval.results import load_evaluation
from eval.score import signature_parts
from lookaloud.evaluation import load_system
from speech.audio import Audio, write_audio
from speech.hearing import Recognizer, Transcript

PEOPLE = {f"{i}.png": [f"a dog number {i} runs far away", f"dog {i} runs on the grass"] for i in range(5)}
SAID = {
    "0.png": "a dog number 0 runs",
    "1.png": "a dog",
    "2.png": "",
    "3.png": "a cat sits",
    "4.png": "dog 4 runs on grass",
}


def write_data(pictures: bool = False, make_picture: MakePicture | None = None) -> None:
    rows = [
        {"image": name, "captions": texts, "split": "val" if i < 4 else "test"}
        for i, (name, texts) in enumerate(PEOPLE.items())
    ]
    Path("data.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    if pictures and make_picture is not None:
        for i, name in enumerate(PEOPLE):
            make_picture(name, width=40 + i, height=30)


def write_said(name: str, said: dict[str, str]) -> None:
    Path(name).write_text("".join(json.dumps({"id": i, "caption": text}) + "\n" for i, text in said.items()))


@pytest.fixture
def recognizer(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A recognizer that hears one and the same of every sound; the names that were asked for."""
    asked: list[str] = []

    def load(name: str = "tiny") -> Recognizer:
        asked.append(name)
        return Recognizer(f"fake-{name}", lambda audio: Transcript("a picture 40 wide and 30 high"))

    monkeypatch.setattr(speech.hearing, "load_recognizer", load)
    return asked


def test_captions_are_scored_in_plain_lines(in_folder: Path, lookaloud: RunCommand) -> None:
    write_data()
    write_said("said.jsonl", SAID)
    result = lookaloud("eval", "captions", "said.jsonl", "data.jsonl", "--resamples", "50", "--system", "mine")
    assert result.exit_code == 0, result.output
    assert "5 items. data: data.jsonl; captioner: mine; resamples: 50; seed: 0." in result.stdout
    assert "  BLEU-4: " in result.stdout
    assert result.stdout.count("higher is better") == 6


def test_json_csv_and_lines_agree_and_the_seed_decides(in_folder: Path, lookaloud: RunCommand) -> None:
    write_data()
    write_said("said.jsonl", SAID)
    command = ("eval", "captions", "said.jsonl", "data.jsonl", "--metrics", "bleu4, cider_d", "--resamples", "50")
    found = json.loads(lookaloud(*command, "--json").stdout)
    assert [score["name"] for score in found["scores"]] == ["bleu4", "cider_d"]
    assert found["n_items"] == 5
    table = list(csv.DictReader(io.StringIO(lookaloud(*command, "--csv").stdout)))
    assert [float(row["value"]) for row in table] == [score["value"] for score in found["scores"]]
    assert [float(row["ci95_low"]) for row in table] == [score["ci95"][0] for score in found["scores"]]
    assert lookaloud(*command, "--json").stdout == json.dumps(found) + "\n"
    other = json.loads(lookaloud(*command, "--json", "--seed", "1").stdout)
    assert other["scores"][1]["ci95"] != found["scores"][1]["ci95"]


def test_a_split_leaves_other_captions_out_and_says_so(in_folder: Path, lookaloud: RunCommand) -> None:
    write_data()
    write_said("said.jsonl", SAID)
    result = lookaloud("eval", "captions", "said.jsonl", "data.jsonl", "--split", "val", "--metrics", "bleu1")
    assert "4 items. data: data.jsonl; split: val;" in result.stdout
    assert "Note: 1 captions of other pictures were left out." in result.stdout


def test_what_is_wrong_is_one_sentence(in_folder: Path, lookaloud: RunCommand) -> None:
    write_data()
    write_said("said.jsonl", {name: text for name, text in SAID.items() if name != "3.png"})
    for arguments, code, sentence in [
        (("said.jsonl", "data.jsonl"), 1, "1 of 5 pictures have no caption (3.png)"),
        (("none.jsonl", "data.jsonl"), 1, "none.jsonl cannot be read"),
        (("said.jsonl", "data.jsonl", "--split", "dev"), 2, "its splits: test, val"),
        (("said.jsonl", "data.jsonl", "--split", "test", "--metrics", "blue"), 2, "No metric is called 'blue'"),
        (("said.jsonl", "data.jsonl", "--json", "--csv"), 2, "exclude each other"),
        (("said.jsonl", "data.jsonl", "--metrics", ","), 2, "it names no metric"),
    ]:
        result = lookaloud("eval", "captions", *arguments)
        assert result.exit_code == code, arguments
        assert sentence in result.stderr
        assert not result.stdout


def test_kept_results_are_compared_and_reported(in_folder: Path, lookaloud: RunCommand) -> None:
    write_data()
    write_said("a.jsonl", SAID)
    write_said("b.jsonl", {name: texts[0] for name, texts in PEOPLE.items()})
    for name in ("a", "b"):
        result = lookaloud(
            "eval", "captions", f"{name}.jsonl", "data.jsonl", "--system", name, "--out", f"results/{name}"
        )
        assert f"Report: results/{name}/report.html" in result.stdout
    assert sorted(path.name for path in Path("results/a").iterdir()) == [
        "evaluation.json",
        "items.csv",
        "items.jsonl",
        "report.html",
        "scores.csv",
    ]
    result = lookaloud("eval", "compare", "results/a", "results/b", "--resamples", "99")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0] == "5 items. First: results/a. Second: results/b."
    assert all("the second is better by" in line for line in lines[1:7])
    assert lines[7].startswith("Note: each line is a test of its own; of 6,")
    rows = json.loads(lookaloud("eval", "compare", "results/a", "results/b", "--metrics", "rouge_l", "--json").stdout)
    assert rows[0]["title"] == "ROUGE-L"
    assert rows[0]["difference"] > 0
    assert 0 < rows[0]["p_randomisation"] <= 1
    table = list(csv.DictReader(io.StringIO(lookaloud("eval", "compare", "results/a", "results/b", "--csv").stdout)))
    assert len(table) == 6
    result = lookaloud("eval", "report", "results/b", "--baseline", "results/a", "--out", "b.html", "--title", "B!")
    assert result.stdout == "Report: b.html\n"
    page = Path("b.html").read_text(encoding="utf-8")
    assert "<h1>B!</h1>" in page
    assert "compared with results/a" in page
    assert lookaloud("eval", "compare", "results/a", "results/b", "--metrics", "spice").exit_code == 1


def test_results_measured_in_another_way_are_not_compared(in_folder: Path, lookaloud: RunCommand) -> None:
    write_data()
    write_said("said.jsonl", SAID)
    for name in ("a", "b"):
        lookaloud("eval", "captions", "said.jsonl", "data.jsonl", "--tokenizer", "lower_nopunct", "--out", name)
    path = Path("b/evaluation.json")
    path.write_text(path.read_text().replace("tokenizer:lower_nopunct", "tokenizer:other"))
    result = lookaloud("eval", "compare", "a", "b")
    assert result.exit_code == 1
    assert "not measured in the same way (tokenizer: lower_nopunct and other)" in result.stderr
    assert "c cannot be read" in lookaloud("eval", "compare", "a", "c").stderr


def test_a_loop_runs_goes_on_and_names_what_failed(
    loads: Loads, make_picture: MakePicture, recognizer: list[str], lookaloud: RunCommand
) -> None:
    write_data(True, make_picture)
    Path("3.png").write_bytes(b"no picture")
    command = ("eval", "loop", "data.jsonl", "--speech-metrics", "wer,duration", "--resamples", "20", "--out", "r")
    result = lookaloud(*command, "--voice", "joe", "--limit", "4", "--local-only", "--asr", "small")
    assert result.exit_code == 1
    assert "Failed: 3.png: 3.png is a text file, not a picture" in result.stderr
    assert recognizer == ["small"]
    assert loads.captioner_calls == [("compact", {"device": "auto", "local_only": True})]
    assert loads.voice_calls[0][0] == "joe"
    assert "Captions as text:" in result.stdout
    assert "What the voice loses:" in result.stdout
    assert "Note: 1 of 4 pictures failed" in result.stdout
    found = load_evaluation("r")
    assert found.items[1].caption == "A picture 41 wide and 30 high."
    assert found.items[1].transcript == "a picture 40 wide and 30 high"
    assert found.settings["asr"] == "fake-small"
    assert Path("r/report.html").is_file()
    make_picture("3.png", width=43, height=30)
    loads.captioner.batches.clear()
    again = lookaloud(*command, "--voice", "joe", "--limit", "4", "--asr", "small", "--json")
    assert again.exit_code == 0, again.output
    assert loads.captioner.batches == [1]  # the one that had failed
    assert json.loads(again.stdout)["n_failed"] == 0
    other = lookaloud(*command, "--rate", "1.5")
    assert other.exit_code == 1
    assert (
        "r holds another run (options: beams=4, now beams=4,rate=1.5; asr: fake-small, now fake-tiny)" in other.stderr
    )


def test_the_loop_scores_captions_as_written_unless_told(
    loads: Loads, make_picture: MakePicture, recognizer: list[str], lookaloud: RunCommand
) -> None:
    system = load_system("compact", "heart")
    path = make_picture("a.png", width=20, height=10)
    assert system.caption(path).text == "A picture 20 wide and 10 high."
    assert system.caption(path).confidence == 0.5
    assert system.parts == {"captioner": "compact", "voice": "fake", "options": "beams=4"}
    said = load_system("blip-base", "heart", as_said=True, rate=1.2, speaker="p225")
    assert said.captioner.startswith("blip-base@")
    assert said.options == {"captions": "as-said", "beams": "4", "rate": "1.2", "speaker": "p225"}


def test_the_loop_s_signatures_name_captioner_voice_and_recognizer(
    loads: Loads, make_picture: MakePicture, recognizer: list[str], lookaloud: RunCommand
) -> None:
    write_data(True, make_picture)
    result = lookaloud(
        "eval",
        "loop",
        "data.jsonl",
        "--metrics",
        "rouge_l",
        "--speech-metrics",
        "",
        "--json",
        "--as-said",
        "--no-progress",
    )
    assert result.exit_code == 0, result.output
    scores = {score["name"]: signature_parts(score["signature"]) for score in json.loads(result.stdout)["scores"]}
    assert list(scores) == ["rouge_l", "transcript_rouge_l", "caption_seconds"]
    heard = scores["transcript_rouge_l"]
    assert (heard["captioner"], heard["voice"], heard["asr"]) == ("compact", "fake", "fake-tiny")
    assert heard["options"] == "captions=as-said,beams=4"
    assert not list(Path().glob("*.flac"))


def tone(seconds: float, hertz: float = 200.0) -> Audio:
    t = np.arange(round(seconds * 16000)) / 16000
    return Audio(0.1 * np.sin(2 * np.pi * hertz * t), 16000)


def write_sounds(folder: str, hertz: float) -> None:
    Path(folder).mkdir(parents=True)
    for name, seconds in (("dog", 1.5), ("cat", 2.0)):
        write_audio(tone(seconds, hertz), Path(folder) / f"{name}.wav")


def test_speech_is_scored_from_files(in_folder: Path, lookaloud: RunCommand) -> None:
    write_sounds("sounds", 200.0)
    Path("texts.jsonl").write_text(
        '{"source": "pictures/dog.jpg", "caption": "A dog runs."}\n{"source": "cat.jpg", "caption": "A cat."}\n'
    )
    result = lookaloud(
        "eval", "speech", "sounds", "--texts", "texts.jsonl", "--metrics", "duration,speaking_rate", "--system", "x",
        "--out", "r",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "  Duration: 1.75 seconds (1.50 to 2.00)\n" in result.stdout
    assert "Speaking rate: 1.43 syllables a second" in result.stdout
    found = load_evaluation("r")
    assert [item.caption for item in found.items] == ["A cat.", "A dog runs."]
    write_audio(Audio(np.zeros(16000), 16000), Path("sounds/silent.wav"))
    result = lookaloud("eval", "speech", "sounds", "--metrics", "duration,leading_silence")
    note = "Note: 1 of 3 items do not define Leading silence and have no weight in it (silent: the clip is silent)."
    assert note in result.stdout
    assert "Note: Doubtful clips: 1. silent: It is silent." in result.stdout
    assert signature_parts(found.scores[0].signature)["voice"] == "x"
    result = lookaloud("eval", "speech", "nowhere")
    assert "nowhere cannot be read as a folder" in result.stderr
    Path("empty").mkdir()
    assert "empty has no sound file" in lookaloud("eval", "speech", "empty").stderr
    write_audio(tone(1.0), Path("sounds/dog.flac"))
    assert "names must differ before the dot" in lookaloud("eval", "speech", "sounds").stderr


def test_a_listening_test_is_made_and_analysed(in_folder: Path, lookaloud: RunCommand) -> None:
    write_sounds("one", 200.0)
    write_sounds("two", 300.0)
    command = ("eval", "mos-test", "make", "test", "--system", "one=one", "--system", "two=two")
    result = lookaloud(*command)
    assert result.exit_code == 0, result.output
    assert "The test has 4 sounds." in result.stdout
    key = json.loads(Path("test/key.json").read_text())
    page = Path("test/for-listeners/index.html").read_text(encoding="utf-8")
    assert "one" not in [clip.get("system") for clip in key["clips"] if isinstance(clip, dict)]
    from eval.speech.listening_page import RATINGS_FORMAT

    assert key["test"] in page
    for listener, shift in (("anna", 0), ("ben", 1)):
        given = {clip: 2 + shift if facts["system"] == "one" else 4 for clip, facts in key["clips"].items()}
        row = {"format": RATINGS_FORMAT, "test": key["test"], "listener": listener, "ratings": given}
        Path(f"{listener}.json").write_text(json.dumps(row))
    result = lookaloud("eval", "mos-test", "analyse", "test", "anna.json", "ben.json")
    assert result.exit_code == 0, result.output
    assert "2 listeners." in result.stdout
    assert "two: 4.00 (4.00 to 4.00), 4 ratings" in result.stdout
    assert "one: 2.50 (" in result.stdout
    found = json.loads(lookaloud("eval", "mos-test", "analyse", "test", "anna.json", "--json").stdout)
    assert [(row["name"], row["score"]["value"]) for row in found["systems"]] == [("two", 4.0), ("one", 2.0)]
    assert "is not NAME=FOLDER" in lookaloud("eval", "mos-test", "make", "t", "--system", "one").stderr
    twice = lookaloud("eval", "mos-test", "make", "t", "--system", "a=one", "--system", "a=two")
    assert "'a' is named twice" in twice.stderr


def test_help_imports_nothing_heavy() -> None:
    import subprocess
    import sys

    code = (
        "import sys\n"
        "from lookaloud.cli import main\n"
        "try:\n    main(['eval', '--help'])\nexcept SystemExit:\n    pass\n"
        "heavy = {'numpy', 'matplotlib', 'jinja2', 'torch', 'faster_whisper', 'onnxruntime', 'captioner'}\n"
        "print('heavy:', sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "mos-test" in done.stdout
    assert "heavy: []" in done.stdout
