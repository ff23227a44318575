"""The README and the pages of docs: links lead somewhere, commands and programs run, figures are what was measured."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest
from conftest import RunCommand

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text("utf-8")
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(page: str, kind: str = "") -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)


def measured(name: str) -> dict[str, Any]:
    figures: dict[str, Any] = json.loads((ROOT / "benchmarks" / "results" / f"{name}.json").read_text("utf-8"))
    return figures


def anchors(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title).strip().lower().replace(" ", "-") for title in titles}


@pytest.fixture
def visitor(in_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with what the README's commands name, and a program that plays sounds by keeping them."""
    shutil.copytree(ROOT / "examples", "examples")
    shutil.copytree("examples", "photos")
    shutil.copy("examples/cat.jpg", "photo.jpg")
    said = {1: "a dog runs on the grass", 2: "a red car"}
    Path("results.json").write_text(json.dumps([{"image_id": i, "caption": text} for i, text in said.items()]))
    truth = [{"id": i, "image_id": i, "caption": f"{text}."} for i, text in said.items()]
    images = [{"id": i, "file_name": f"COCO_val2014_{i:012}.jpg"} for i in said]
    Path("captions_val2014.json").write_text(json.dumps({"images": images, "annotations": truth}))
    player = Path("bin", "afplay")
    player.parent.mkdir()
    player.write_text('#!/bin/sh\necho "$1" >> played.txt\n')
    player.chmod(0o755)
    monkeypatch.setenv("PATH", f"{player.parent.resolve()}{os.pathsep}{os.environ['PATH']}")
    return in_folder


def test_the_readme_is_short() -> None:
    assert len(README.splitlines()) < 130


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", page.read_text("utf-8")):
        if target.startswith("https://"):
            continue
        name, _, anchor = target.partition("#")
        to = page.parent / name if name else page
        assert to.exists(), target
        assert not anchor or anchor in anchors(to), target


def test_every_command_of_the_readme_runs(visitor: Path, lookaloud: RunCommand) -> None:
    lines = [line for block in blocks(README) for line in block.splitlines()]
    shown = blocks(README)[0].splitlines()
    assert lookaloud(*shlex.split(shown[0])[2:]).stdout.splitlines() == shown[1:]
    commands = [shlex.split(line)[1:] for line in lines if line.startswith("lookaloud ")]
    assert len(commands) == 10
    out = {}
    for command in commands:
        result = lookaloud(*command)
        assert result.exit_code == 0, (command, result.output)
        out[" ".join(command)] = result.stdout
    assert len(Path("played.txt").read_text().splitlines()) == sum("--play" in command for command in commands) == 3
    alt_text = out["describe photo.jpg --detail brief --text-only"]
    assert alt_text == "A cat sitting on top of a camera.\n"
    assert "CIDEr-D" in out["eval captions results.json captions_val2014.json"]
    for name in ("described/index.html", "described/descriptions.epub", "alt/descriptions.csv"):
        assert Path(name).is_file()
    assert len(list(Path("alt/with-alt-text").glob("*.jpg"))) == 4
    white_dog = next(line for line in Path("alt/descriptions.csv").read_text().splitlines() if "raccoon" in line)
    assert "Possibly a white dog" in white_dog


@pytest.mark.parametrize("page", ["README.md", "docs/python.md"])
def test_the_programs_run(page: str, visitor: Path, capsys: pytest.CaptureFixture[str]) -> None:
    programs = blocks((ROOT / page).read_text("utf-8"), "python")
    assert programs
    for program in programs:
        exec(program, {})  # our own page
    assert "A cat sitting on top of a camera." in capsys.readouterr().out
    assert list(visitor.glob("*.mp3"))


def _figures() -> list[str]:
    """Lines of docs/figures.md with figures, as the benchmarks' files give them."""
    flickr8k, coco, as_said = (measured(name) for name in ("flickr8k-val", "coco-held-out", "flickr8k-val-as-said"))
    confidence, gate, speed, batch = (measured(name) for name in ("confidence", "gate", "speed", "batch"))
    ours, many = measured("serve"), batch["ten_thousand"]
    to_sound = {one["what"]: one["first_sound_seconds"]["p95"] for one in ours["first_words"]}
    voices = {one["voice"]: one["real_time_factor"] for one in measured("voices")["voices"]}
    models = measured("captioners")["models"]
    times = {
        (name, way): round(models[name][f"lookaloud, {way}"]["ratio_to_usual"])
        for name in models
        for way in ("torch", "exported int8")
    }
    rows = [
        f"| {title} | {flickr8k['scores'][name]:.1f} | {coco['scores'][name]:.1f} |"
        for title, name in (("BLEU-4", "bleu4"), ("ROUGE-L", "rouge_l"), ("CIDEr-D", "cider_d"))
    ]
    invented = [f"{100 * one['invented']['dog'] / one['pictures']:.1f} %" for one in (flickr8k, coco)]
    errors = [confidence[name]["expected_calibration_error"] for name in ("flickr8k", "coco")]
    refused = [(one["pictures"] - one["as"]["photograph"], one["pictures"]) for one in gate["photographs"].values()]
    return [
        *rows,
        f"no human caption mentions | {' | '.join(invented)} |",
        f"Flickr8k has BLEU-4 {as_said['scores']['bleu4']:.1f} and CIDEr-D {as_said['scores']['cider_d']:.1f}",
        f"on Flickr8k it is off by {errors[0]:.2f} on average, on COCO by {errors[1]:.2f}",
        f"of {gate['others']} such pictures the captioner describes {gate['others'] - gate['caught']}",
        f"it refuses {refused[0][0]} of {refused[0][1]:,} photographs of Flickr8k",
        f"of Flickr8k and {refused[1][0]} of {refused[1][1]} of COCO",
        f"finished wav file | {speed['cold_seconds']:.1f} s |",
        f"two alternatives | {1000 * speed['warm_caption_seconds']:.0f} ms |",
        f"to the first sound | {1000 * speed['warm_first_audio_seconds']:.0f} ms |",
        f"in batches | {batch['stage_caption_per_second']:.0f} a second |",
        f"{batch['batch_pictures_per_second']:.0f} to {many['batch_pictures_per_second']:.0f} a second",
        f"{batch['ratio_to_loop']:.0f} times as many",
        f"{many['batch_peak_memory_mb'] / 1000:.2f} gb; {many['batch_memory_after_a_tenth_mb'] / 1000:.2f} gb over",
        f"finished pictures | {many['restart_seconds']:.1f} s |",
        f"within {to_sound['caption']:.2f} s; {to_sound['caption and text found']:.2f} s with the text",
        f"{max(one['times'] for one in ours['throughput']):.1f} times as many descriptions",
        f"on disk | {speed['install_mb']:.0f} mb |",
        f"vit-gpt2 describes {times['vit-gpt2', 'torch']} times",
        f"{times['vit-gpt2', 'exported int8']} times as many when exported to int8",
        f"blip-base describes {times['blip-base', 'torch']} times as many, "
        f"and {times['blip-base', 'exported int8']} times when exported",
        f"heart needs {voices['heart']:.3f} s and joe {voices['joe']:.3f} s",
        f"mms need {voices['MMS (VITS), untrained']:.2f} s, "
        f"coqui's vits {voices['Coqui VITS, untrained']:.2f} s, "
        f"and speecht5 with hifi-gan {voices['SpeechT5 with HiFiGAN, untrained']:.2f} s",
    ]


def test_the_figures_are_those_that_were_measured() -> None:
    page = " ".join((ROOT / "docs" / "figures.md").read_text("utf-8").split()).lower()
    assert [line for line in _figures() if line.lower() not in page] == []
    scores = measured("flickr8k-val")["scores"]
    assert f"BLEU-4 {scores['bleu4']:.1f} and CIDEr-D {scores['cider_d']:.1f}" in README
    assert f"{measured('speed')['install_mb']:.0f} MB in all" in README
