"""SPICE: what talks to its program, against a stand-in. Its real figures are unverified, and the docs say so."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from eval.captions import list_metrics, score_captions
from eval.captions.spice import SPICE_WARNING
from eval.data import CaptionedImage
from eval.errors import ModelError
from eval.score import signature_parts
from eval.suite import evaluate_captions
from tests.java_stand_ins import SPICE, install_java

HUMANS = {"1": ["a dog runs", "the dog"], "2": ["two cats sleep"], "a|b": ["a läuft 🐕"]}
SAID = {"1": "a dog sits", "2": "", "a|b": "läuft 🐕"}


@pytest.fixture
def jar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty SPICE beside its parser."""
    lib = tmp_path / "spice" / "lib"
    lib.mkdir(parents=True)
    for name in ("stanford-corenlp-3.6.0.jar", "stanford-corenlp-3.6.0-models.jar"):
        (lib / name).touch()
    (lib.parent / "spice-1.0.jar").touch()
    monkeypatch.setenv("LOOKALOUD_SPICE", str(lib.parent))
    return lib.parent / "spice-1.0.jar"


def test_scores_follow_the_program_s_file(jar: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    heard = install_java(tmp_path / "java", SPICE, monkeypatch)
    (score,) = score_captions(SAID, HUMANS, ["spice"])
    # A caption for which the program has no figure has no weight; the others are 2/3 and 1.
    np.testing.assert_allclose(score.stats, [[200 / 3, 1], [0, 0], [100, 1]])
    assert score.value == pytest.approx(250 / 3)
    parts = signature_parts(score.signature)
    assert (parts["backend"], parts["parser"], parts["verified"]) == ("spice-1.0.jar", "corenlp-3.6.0", "no")
    assert "like" not in parts
    assert heard.read_text().splitlines()[-5] == str(jar)
    assert heard.read_text().splitlines()[-1] == "-silent"


def test_everyone_is_told_that_it_is_unverified(jar: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_java(tmp_path / "java", SPICE, monkeypatch)
    items = [CaptionedImage(name, Path(name), tuple(texts), None) for name, texts in HUMANS.items()]
    assert SPICE_WARNING in evaluate_captions(SAID, items, metrics=["spice"], resamples=10).notes
    assert not any("unverified" in note for note in evaluate_captions(SAID, items, metrics=["bleu1"]).notes)
    (metric,) = (one for one in list_metrics() if one.name == "spice")
    assert "UNVERIFIED" in metric.limits


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("sys.exit('Exception: no memory\\n\\tat line 3')", r"failed \(Exception: no memory\)"),
        ("pass", r"cannot be read \(FileNotFoundError"),
        ("open(sys.argv[-2], 'w').write('[{}]')", r"cannot be read \(ValueError: .* missing required field image_id"),
        ("open(sys.argv[-2], 'w').write('[]')", r"no score for 3 captions \(1, 2, a\|b\)"),
    ],
)
def test_a_program_that_fails_is_named(
    program: str, message: str, jar: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_java(tmp_path / "java", program, monkeypatch)
    with pytest.raises(ModelError, match=message):
        score_captions(SAID, HUMANS, ["spice"])


def test_what_is_missing_is_one_sentence(jar: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_java(tmp_path / "java", SPICE, monkeypatch)
    (jar.parent / "lib" / "stanford-corenlp-3.6.0-models.jar").unlink()
    with pytest.raises(match=r"needs stanford-corenlp-3\.6\.0-models\.jar in .*lib; no package"):
        score_captions(SAID, HUMANS, ["spice"])
    jar.unlink()
    with pytest.raises(match=r"spice-1\.0\.jar, which is not there.*LOOKALOUD_SPICE"):
        score_captions(SAID, HUMANS, ["spice"])


@pytest.mark.skipif(
    shutil.which("java") is None, reason="SPICE's real jar is NOT started: apt install default-jre-headless"
)
def test_the_real_jar_is_found_and_says_what_it_lacks(jar: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pycocoevalcap

    monkeypatch.delenv("JAVA_HOME", raising=False)
    shutil.copy(Path(pycocoevalcap.__path__[0], "spice", "spice-1.0.jar"), jar)
    with pytest.raises(ModelError, match=r"NoClassDefFoundError|ClassNotFoundException"):
        score_captions(SAID, HUMANS, ["spice"])
