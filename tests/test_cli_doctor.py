from __future__ import annotations

import json
import re
from importlib import metadata
from pathlib import Path

import pytest
from conftest import Loads, RunCommand

import captioner
from captioner import WeightsError
from speech import AudioWriteError

REQUIRES = [
    "numpy>=1.26",
    "pytest>=99",
    "no-such-package>=2",
    'only-elsewhere; sys_platform == "nowhere"',
    'no-such-extra-package>=1; extra == "models"',
    'numpy>=1.26; extra == "numbers"',
    'lookaloud[models,numbers]; extra == "all"',
]


def test_doctor_finds_that_everything_works(lookaloud: RunCommand, loads: Loads) -> None:
    result = lookaloud("doctor")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0].startswith("Python: 3.")
    assert lines[-1] == "Lookaloud works."
    assert "PROBLEM" not in result.stdout
    for package in ("numpy", "onnxruntime", "hibari-tts"):
        assert f"{package}: {metadata.version(package)}." in lines
    for name in ("Captioner: fake", "Voice: fake", "Format mp3: can", "HEIC pictures: ", "Sound player: "):
        assert any(line.startswith(name) for line in lines), name
    for extra in metadata.metadata("lookaloud").get_all("Provides-Extra") or []:
        assert any(line.startswith(f"Extra {extra}: ") for line in lines), extra


def test_doctor_as_json(lookaloud: RunCommand, loads: Loads) -> None:
    rows = [json.loads(line) for line in lookaloud("doctor", "--json").stdout.splitlines()]
    assert all(list(row) == ["name", "works", "needed", "found"] for row in rows)
    assert all(row["works"] for row in rows if row["needed"])


def test_doctor_loads_only_what_is_on_this_computer(lookaloud: RunCommand, loads: Loads) -> None:
    lookaloud("doctor")
    assert loads.captioner_calls == [("compact", {"local_only": True})]
    assert loads.voice_calls == [("heart", {"local_only": True})]


def test_packages_and_extras_are_read_from_the_distribution(
    lookaloud: RunCommand, loads: Loads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metadata, "requires", lambda name: REQUIRES)
    result = lookaloud("doctor")
    lines = result.stdout.splitlines()
    assert f"numpy: {metadata.version('numpy')}." in lines
    found = metadata.version("pytest")
    assert f'pytest: PROBLEM: {found} is here, >=99 is needed. To change it: pip install "pytest>=99".' in lines
    assert 'no-such-package: PROBLEM: missing. To install it: pip install "no-such-package>=2".' in lines
    assert "only-elsewhere" not in result.stdout
    assert lines[-1] == "To be fixed: pytest, no-such-package."
    assert result.exit_code == 1


def test_a_missing_extra_has_its_pip_line_and_is_no_problem(
    lookaloud: RunCommand, loads: Loads, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Extras:
        def get_all(self, name: str) -> list[str]:
            return ["models", "numbers", "all"]

    monkeypatch.setattr(metadata, "requires", lambda name: [line for line in REQUIRES if "extra" in line])
    monkeypatch.setattr(metadata, "metadata", lambda name: Extras())
    result = lookaloud("doctor")
    missing = 'missing no-such-extra-package. To install it: pip install "lookaloud'
    lines = result.stdout.splitlines()
    assert f'Extra models: not here: {missing}[models]".' in lines
    assert "Extra numbers: installed." in lines
    assert f'Extra all: not here: {missing}[all]".' in lines
    assert result.exit_code == 0


@pytest.mark.parametrize(
    ("error", "found"),
    [
        (
            WeightsError("The captioner's file x is missing. Install Lookaloud again."),
            "The captioner's file x is missing",
        ),
        (ImportError("DLL load failed"), "ImportError: DLL load failed"),
        (RuntimeError("no kernel image"), "RuntimeError: no kernel image"),
    ],
)
def test_a_captioner_that_does_not_load_is_a_problem_and_the_checks_go_on(
    lookaloud: RunCommand, loads: Loads, monkeypatch: pytest.MonkeyPatch, error: Exception, found: str
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(captioner, "load_captioner", broken)
    result = lookaloud("doctor")
    assert re.search(rf"^Captioner: PROBLEM: {re.escape(found)}.*\.$", result.stdout, re.MULTILINE)
    assert "\nVoice: fake loaded" in result.stdout
    assert result.stdout.endswith("To be fixed: Captioner.\n")
    assert result.exit_code == 1


def test_a_format_that_is_not_wav_may_be_missing(
    lookaloud: RunCommand, loads: Loads, monkeypatch: pytest.MonkeyPatch
) -> None:
    from speech.audio import encode_audio

    def without_mp3(audio: object, format_name: str) -> bytes:
        if format_name == "mp3":
            raise AudioWriteError("libsndfile cannot encode mp3.")
        return encode_audio(audio, format_name)  # type: ignore[arg-type]

    monkeypatch.setattr("speech.audio.encode_audio", without_mp3)
    result = lookaloud("doctor")
    assert "Format mp3: not here: libsndfile cannot encode mp3.\n" in result.stdout
    assert result.exit_code == 0


def test_the_built_in_voice_is_present_and_works(lookaloud: RunCommand, in_folder: Path) -> None:
    rows = [json.loads(line) for line in lookaloud("doctor", "--json").stdout.splitlines()]
    voice = next(row for row in rows if row["name"] == "Voice")
    assert voice["works"], voice["found"]
