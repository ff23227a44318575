"""The PTB tokenizer and, with it, BLEU, ROUGE-L and CIDEr-D against what pycocoevalcap said with Java."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eval.aggregates import item_figures
from eval.captions import save_document_frequencies, score_captions
from eval.errors import EvalDataError, TooFewItemsError
from eval.ptb import ptb, ptb_tokens

GOLDEN = Path(__file__).parent / "golden" / "coco.json.gz"
# Known to be cut otherwise: a bracketed telephone code keeps a no-break space.
OTHERWISE = {"9/11 9-11 555-1234 (555) 123-4567"}


@pytest.fixture(scope="module")
def golden() -> Any:
    return json.loads(gzip.decompress(GOLDEN.read_bytes()))


def test_hard_strings_are_cut_as_the_java_program_cuts_them(golden: Any) -> None:
    assert len(golden["hard"]) > 250
    differ = {text for text, tokens in golden["hard"] if ptb_tokens(text) != tokens}
    assert differ == OTHERWISE


@pytest.mark.parametrize("system", ["machine", "human, moved"])
def test_figures_equal_the_reference_implementation(golden: Any, system: str) -> None:
    candidates, expected = golden["systems"][system], golden["figures"][system]
    assert len(candidates) > 900
    assert {len(texts) for texts in golden["references"].values()} == {5}
    scores = {score.name: score for score in score_captions(candidates, golden["references"])}
    assert set(scores) == set(expected["values"])
    for name, value in expected["values"].items():
        assert scores[name].value / 100 == pytest.approx(value, abs=1e-6), name
        assert "tokenizer:ptb|refs:5" in scores[name].signature
    for name in ("rouge_l", "cider_d"):
        np.testing.assert_allclose(scores[name].stats[:, 0] / 100, expected["each"][name], atol=1e-6)
    bleu = item_figures("bleu", scores["bleu4"].stats) / 100
    np.testing.assert_allclose(bleu, expected["each"]["bleu4"], atol=1e-6)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        (" \n\t ", []),
        ("...!?", ["!?"]),  # several marks together are no mark of its list
        ("A DOG", ["a", "dog"]),
        ("a dog.", ["a", "dog"]),
        ("A man on Main St.", ["a", "man", "on", "main", "st."]),
        ("It cannot fly", ["it", "can", "not", "fly"]),
        ("ДОМ и café", ["дом", "и", "café"]),
        ("a\u00a0dog\nruns", ["a", "dog", "runs"]),
        ("a 🐕 runs", ["a", "runs"]),
        ("((((", ["-lrb-"] * 4),
    ],
)
def test_words(text: str, words: list[str]) -> None:
    assert ptb(text) == words


def test_the_short_way_and_the_rules_agree(golden: Any) -> None:
    texts = [text for texts in golden["references"].values() for text in texts]
    assert any(ptb(f"({text}") != ptb(text) for text in texts)
    for text in texts:
        # The bracket keeps the text off the short way, and is one token by itself.
        assert ptb(f"({text}")[1:] == ptb(text)


def test_document_frequencies_of_a_corpus_score_a_single_picture(golden: Any, tmp_path: Path) -> None:
    references = golden["references"]
    path = tmp_path / "coco.json"
    save_document_frequencies(references, path)
    candidates = golden["systems"]["machine"]
    (whole,) = score_captions(candidates, references, ["cider_d"])
    name = next(iter(candidates))
    with pytest.raises(TooFewItemsError, match="given as a file"):
        score_captions({name: candidates[name]}, {name: references[name]}, ["cider_d"])
    (alone,) = score_captions({name: candidates[name]}, {name: references[name]}, ["cider_d"], df=path)
    assert alone.value == pytest.approx(float(whole.stats[0, 0]), abs=1e-9)
    assert "df:coco-" in alone.signature
    assert f"-{len(references)}|" in alone.signature
    (again,) = score_captions(candidates, references, ["cider_d"], df=path)
    np.testing.assert_allclose(again.stats, whole.stats, atol=1e-9)
    assert again.signature != whole.signature


def test_document_frequencies_are_checked(tmp_path: Path) -> None:
    said, people = {"1": "a dog", "2": "a cat"}, {"1": ["a dog"], "2": ["a cat"]}
    path = tmp_path / "small.json"
    save_document_frequencies(people, path, tokenizer="lower_nopunct")
    with pytest.raises(EvalDataError, match="tokenizer lower_nopunct, and the captions are to be cut by ptb"):
        score_captions(said, people, ["cider"], df=path)
    path.write_text('{"kind": "something"}')
    with pytest.raises(EvalDataError, match="holds no document frequencies"):
        score_captions(said, people, ["cider"], df=path)
    with pytest.raises(TooFewItemsError, match="give 2 or more"):
        save_document_frequencies({"1": ["a"]}, path)
