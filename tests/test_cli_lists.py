from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib import metadata

import pytest
from conftest import RunCommand

import captioner
import speech
from lookaloud.cli import COMMANDS
from speech.vocoders import list_vocoders

HEAVY = ("numpy", "PIL", "torch", "onnxruntime", "soundfile", "tqdm", "captioner", "speech")


def test_captioners_are_listed_with_all_that_is_known(lookaloud: RunCommand) -> None:
    result = lookaloud("captioners")
    assert result.exit_code == 0
    blocks = result.stdout.splitlines()
    specs = captioner.list_captioners()
    assert len(blocks) == 2 * len(specs)
    for spec, first, second in zip(specs, blocks[::2], blocks[1::2], strict=True):
        assert first.startswith(f"{spec.name}: ")
        assert f"Source: {spec.source}. Licence: {spec.licence}." in second


def test_captioners_as_json(lookaloud: RunCommand) -> None:
    rows = [json.loads(line) for line in lookaloud("captioners", "--json").stdout.splitlines()]
    assert [row["name"] for row in rows] == [spec.name for spec in captioner.list_captioners()]
    for row in rows:
        assert list(row) == ["name", "description", "source", "licence", "size_mb", "extra", "installed"]


def test_a_captioner_whose_extra_is_missing_has_the_pip_line(
    lookaloud: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = captioner.CaptionerSpec(
        name="large",
        description="A large captioner.",
        source="somewhere",
        licence="MIT",
        size_mb=990.0,
        extra="models",
        packages=("no_such_package",),
        load=lambda **_: captioner.testing.FakeBackend(),
    )
    monkeypatch.setattr(captioner, "list_captioners", lambda: (missing,))
    assert lookaloud("captioners").stdout == (
        "large: A large captioner.\n"
        '  Source: somewhere. Licence: MIT. Size: 990 MB. Not installed: pip install "lookaloud[models]"\n'
    )


def test_voices_are_listed_with_all_that_is_known(lookaloud: RunCommand) -> None:
    result = lookaloud("voices")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    specs = speech.list_voices()
    families = speech.list_voice_families()
    vocoders = list_vocoders()
    assert len(lines) == 2 * len(specs) + 2 * len(families) + len(vocoders)
    assert lines[0].startswith("heart: ")
    assert lines[1].endswith(" Installed.")
    for spec, second in zip(specs, lines[1 : 2 * len(specs) : 2], strict=True):
        assert f"Language: {spec.language}. Source: {spec.source}. Licence: {spec.licence}." in second
    rest = lines[2 * len(specs) :]
    told, rest = rest[-len(vocoders) :], rest[: -len(vocoders)]
    for vocoder, line in zip(vocoders, told, strict=True):
        assert line.startswith(f"--vocoder {vocoder.example}: {vocoder.description}. Needs: ")
    for family, first, second in zip(families, rest[::2], rest[1::2], strict=True):
        assert ("  With --vocoder: " in second) == (family.prefix in ("hf", "coqui"))
        assert first == f"{family.prefix}: {family.description}. For example {family.example}"
        assert second.endswith(f'Licence: {family.licence}. Needs: pip install "lookaloud[{family.extra}]"')


def test_voices_as_json(lookaloud: RunCommand) -> None:
    rows = [json.loads(line) for line in lookaloud("voices", "--json").stdout.splitlines()]
    assert [row["name"] for row in rows] == [spec.name for spec in speech.list_voices()]
    assert rows[0]["installed"] is True
    assert rows[0]["sample_rate"] == 24_000


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_each_command_ends_with_examples(lookaloud: RunCommand, command: str) -> None:
    long, short = lookaloud(command, "--help"), lookaloud(command, "-h")
    assert long.exit_code == 0
    assert short.stdout == long.stdout
    examples = [line.strip() for line in long.stdout.partition("\n  Examples:\n")[2].splitlines()]
    assert len(examples) >= 2
    assert all(f"lookaloud {command}" in example for example in examples)


def test_help_lists_every_command_and_the_exit_codes(lookaloud: RunCommand) -> None:
    result = lookaloud("--help")
    for name, (_, summary) in COMMANDS.items():
        assert f"  {name}" in result.stdout
        assert summary in " ".join(result.stdout.split())
    for code in ("0 ", "1 ", "2 ", "3 ", "130 "):
        assert f"\n    {code}" in result.stdout


def test_version_is_the_distributions(lookaloud: RunCommand) -> None:
    import lookaloud as package

    version = metadata.version("lookaloud")
    assert lookaloud("--version").stdout == f"lookaloud {version}\n"
    assert package.__version__ == version


def test_an_unknown_command_is_wrong_usage(lookaloud: RunCommand) -> None:
    result = lookaloud("paint")
    assert result.exit_code == 2
    assert "No such command 'paint'" in result.stderr


@pytest.mark.parametrize("arguments", [["--help"], ["describe", "--help"], ["say", "--help"], ["--version"]])
def test_help_and_version_import_nothing_heavy(arguments: list[str]) -> None:
    code = (
        f"import atexit, sys; atexit.register(lambda: print(set({HEAVY!r}) & set(sys.modules), file=sys.stderr)); "
        "from lookaloud.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "set()"


def test_python_dash_m_is_the_command() -> None:
    done = subprocess.run([sys.executable, "-m", "lookaloud", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("lookaloud ")


def test_a_reader_that_has_gone_is_no_error() -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "lookaloud", "voices"], stdout=write_end, stderr=subprocess.PIPE, check=False
        )
    finally:
        os.close(write_end)
    assert done.stderr == b""
