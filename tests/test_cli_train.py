from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from conftest import RunCommand

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


def write_dataset(path: Path, pictures: list[Path]) -> None:
    rows = [
        {"image": picture.name, "captions": [f"a picture of a {picture.stem}"], "split": "val" if i == 0 else "train"}
        for i, picture in enumerate(pictures)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_a_captioner_is_trained_exported_and_used(
    lookaloud: RunCommand, in_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("captioner.training.quantise._PICTURES", 4)  # of 64, which take half a minute an export
    pictures = sorted(EXAMPLES.glob("*.jpg"))[:3]
    for picture in pictures:
        shutil.copy(picture, in_folder)
    write_dataset(Path("mine.jsonl"), pictures)
    command = [
        "train",
        "mine.jsonl",
        "--out",
        "run",
        "--epochs",
        "1",
        "--reward-epochs",
        "1",
        "--views",
        "1",
        "--export",
        "mine",
    ]
    result = lookaloud(*command)
    assert result.exit_code == 0, result.output
    assert "2 pictures to learn from, 1 to check with." in result.stdout
    assert "Trained 2 steps." in result.stdout
    again = lookaloud(*command)  # a run that is done is not trained again, only exported
    assert "Trained 2 steps." in again.stdout
    described = lookaloud("describe", pictures[0].name, "--captioner", "./mine", "--text-only", "--json")
    assert json.loads(described.stdout)["captioner"] == "./mine"
    other = lookaloud(*command, "--seed", "5")
    assert other.exit_code == 1
    assert "run holds a run with another seed" in other.stderr


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "nowhere.jsonl"),
        ("", "nowhere.jsonl"),
        ('{"image": "gone.jpg", "captions": ["a dog"], "split": "train"}\n', "gone.jpg"),
        ("not json\n", "nowhere.jsonl"),
    ],
)
def test_wrong_data_is_named(lookaloud: RunCommand, in_folder: Path, content: str | None, said: str) -> None:
    if content is not None:
        Path("nowhere.jsonl").write_text(content)
    result = lookaloud("train", "nowhere.jsonl", "--out", "run")
    assert result.exit_code == 1
    assert said in result.stderr
    assert "Traceback" not in result.stderr


def test_without_the_extra_the_line_that_installs_it_is_given(
    lookaloud: RunCommand, in_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lookaloud.ground.extras.find_spec", lambda name: None)
    result = lookaloud("train", "data.jsonl", "--out", "run")
    assert result.exit_code == 1
    assert 'pip install "lookaloud[train]"' in result.stderr
