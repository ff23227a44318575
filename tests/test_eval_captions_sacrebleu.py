"""sacreBLEU is what the package sacrebleu says."""

from __future__ import annotations

import numpy as np
import pytest
from sacrebleu import corpus_bleu
from sacrebleu.metrics import BLEU

from eval.aggregates import get_aggregate
from eval.captions import score_captions
from eval.captions.sacre import sacrebleu_stats

SAID = {
    "1": "A dog runs on the green grass in the park.",
    "2": "Two cats, asleep!",
    "3": "the man is riding a red bicycle on a wet street",
    "4": "",
}
PEOPLE = {
    "1": ["A dog runs on green grass.", "The dog is running on the grass in the park."],
    "2": ["Two cats are asleep.", "Two sleeping cats, on a bed."],
    "3": ["A man is riding a red bicycle on a street.", "the man rides a bicycle on a wet street"],
    "4": ["Nothing to see.", "It is dark."],
}


def test_value_and_signature_are_the_package_s() -> None:
    (score,) = score_captions(SAID, PEOPLE, ["sacrebleu"])
    streams = [[PEOPLE[name][place] for name in SAID] for place in range(2)]
    assert score.value == corpus_bleu(list(SAID.values()), streams).score
    own = BLEU()
    own.corpus_score(list(SAID.values()), streams)
    for part in str(own.get_signature()).split("|"):
        assert part in score.signature
    assert "tokenizer:" not in score.signature


def test_the_aggregate_makes_the_package_s_figure_of_the_rows() -> None:
    for names in (list(SAID), ["1", "3"], ["2"], ["4"]):
        stats, value, _ = sacrebleu_stats({name: SAID[name] for name in names}, PEOPLE)
        assert float(get_aggregate("sacrebleu")(stats.mean(axis=0))) == pytest.approx(value, abs=1e-9)


def test_captions_may_have_different_numbers_of_references() -> None:
    people = {**PEOPLE, "1": PEOPLE["1"][:1]}
    (score,) = score_captions(SAID, people, ["sacrebleu"])
    (same,) = score_captions({"1": SAID["1"]}, {"1": people["1"]}, ["sacrebleu"])
    assert "nrefs:var" in score.signature
    assert same.value == corpus_bleu([SAID["1"]], [people["1"]]).score
    assert np.isfinite(score.stats).all()
