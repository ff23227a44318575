"""How varied and long captions are, against counts by hand; and the table of metrics."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from eval.captions import METRICS, list_metrics, score_captions
from eval.captions.diversity import distinct_stats, mattr_stats
from eval.data import CaptionedImage
from eval.errors import EmptyReferenceError, EvalDataError, TooFewItemsError
from eval.score import Score, signature_parts
from eval.stats import compare, with_intervals
from eval.suite import evaluate_captions
from eval.tables import score_line

SAID = {"1": "a dog and a dog and a cat", "2": "A dog.", "3": "", "4": "zebra"}
_ALONE = ["distinct1", "distinct2", "ttr", "vocabulary", "length", "repetition"]


def corpus(n: int, seed: int = 0) -> dict[str, str]:
    rng = random.Random(seed)
    words = [f"w{i}" for i in range(300)]
    weights = [1 / (i + 1) for i in range(300)]
    return {str(i): " ".join(rng.choices(words, weights, k=rng.randint(3, 14))) for i in range(n)}


def scores_of(captions: dict[str, str], *metrics: str) -> dict[str, Score]:
    return {score.name: score for score in score_captions(captions, None, metrics)}


def test_figures_are_those_by_hand() -> None:
    found = {name: score.value for name, score in scores_of(SAID, *_ALONE).items()}
    # Words: a a a dog dog and and cat | a dog | zebra. Pairs: a-dog dog-and and-a a-dog dog-and and-a a-cat | a-dog.
    assert found == pytest.approx(
        {
            "distinct1": 100 * 5 / 11,
            "distinct2": 100 * 4 / 8,
            "ttr": 100 * 5 / 11,
            "vocabulary": 5,
            "length": 11 / 4,
            "repetition": 100 * 3 / 8,
        }
    )


@pytest.mark.parametrize("window", [1, 7, 50])
def test_mattr_is_the_mean_over_all_windows(window: int) -> None:
    captions = {name: text.split() for name, text in corpus(40).items()}
    words = [word for name in sorted(captions) for word in captions[name]]
    expected = [len(set(words[i : i + window])) / window for i in range(len(words) - window + 1)]
    stats = mattr_stats(captions, window)
    assert stats[:, 1].sum() == len(expected)
    assert stats[:, 0].sum() / len(expected) == pytest.approx(np.mean(expected))
    turned = dict(reversed(captions.items()))
    np.testing.assert_array_equal(mattr_stats(turned, window)[::-1], stats)


def test_mattr_needs_a_window_of_words() -> None:
    with pytest.raises(TooFewItemsError, match=r"have 11 words; .* needs 50 or more"):
        score_captions(SAID, None, ["mattr"])
    assert 0 < scores_of(corpus(40), "mattr")["mattr"].value < 100


@pytest.mark.parametrize("order", [1, 2])
def test_intervals_are_the_jackknife_s(order: int) -> None:
    captions = {name: text.split() for name, text in corpus(120).items()}

    def figure(some: dict[str, list[str]]) -> float:
        pairs = [tuple(words[i : i + order]) for words in some.values() for i in range(len(words) - order + 1)]
        return 100 * len(set(pairs)) / len(pairs)

    without = [figure({other: w for other, w in captions.items() if other != name}) for name in captions]
    spread = np.sqrt((len(captions) - 1) * np.var(without))

    stats = distinct_stats(captions, order)
    assert (stats >= 0).all()
    assert 100 * stats[:, 0].sum() / stats[:, 1].sum() == pytest.approx(figure(captions))
    score = scores_of(corpus(120), f"distinct{order}")[f"distinct{order}"]
    low, high = with_intervals([score], resamples=2000)[0].ci95 or (0, 0)
    assert (high - low) / (2 * 1.96) == pytest.approx(spread, rel=0.08)


def test_two_systems_compare() -> None:
    varied, dull = corpus(100), dict.fromkeys(corpus(100), "a man stands here")
    for metric in ("vocabulary", "distinct2", "repetition", "length"):
        a, b = (scores_of(captions, metric)[metric] for captions in (varied, dull))
        found = compare(a, b, resamples=200)
        assert found.difference == pytest.approx(b.value - a.value)
        assert found.ci95 is not None
        assert found.ci95[0] <= found.difference <= found.ci95[1]


def test_the_table_and_the_functions_are_the_same_metrics() -> None:
    assert list(METRICS) == [metric.name for metric in list_metrics()]
    assert all(callable(metric.measure) for metric in METRICS.values())
    assert len(METRICS) == len(list_metrics())


def test_scores_say_what_the_table_says() -> None:
    captions = corpus(30)
    humans = {name: [text, "w1 w2 w3 w4"] for name, text in captions.items()}
    names = [m.name for m in list_metrics() if not {"Java", "pictures"} & set(m.needs) and m.name != "chair_i"]
    assert len(names) > 12
    for score in score_captions(captions, humans, names):
        metric = METRICS[score.name]
        parts = signature_parts(score.signature)
        assert (parts["metric"], score.unit, score.aggregate) == (metric.title, metric.unit, metric.aggregate)
        assert score.direction == metric.direction
        assert ("refs" in parts) == bool(metric.needs)
        assert ("tokenizer" in parts) == (metric.reads == "words")


def test_what_only_describes_is_not_called_better() -> None:
    found = scores_of(SAID, "length", "vocabulary", "repetition")
    assert score_line(found["length"]) == "Length: 2.75 words"
    assert "better" not in score_line(found["vocabulary"])
    assert score_line(found["repetition"]).endswith("lower is better")


def test_the_last_windows_are_no_doubt(tmp_path: Path) -> None:
    captions = corpus(30)
    items = [CaptionedImage(name, tmp_path, ("w1",), None) for name in captions]
    found = evaluate_captions(captions, items, metrics=["mattr", "repetition", "cider"], resamples=10)
    assert found.notes == ()
    assert [score.name for score in found.scores] == ["mattr", "repetition", "cider"]


def test_wrong_input_is_named() -> None:
    with pytest.raises(EmptyReferenceError, match="bleu1 needs references"):
        score_captions(SAID, None, ["bleu1"])
    with pytest.raises(EmptyReferenceError, match="nothing to score"):
        score_captions({}, None, ["length"])
    with pytest.raises(EvalDataError, match=r"1 item.*no text \('2'\)"):
        score_captions({**SAID, "2": float("nan")}, None, ["length"])  # type: ignore[dict-item]
    with pytest.raises(EvalDataError, match=r"1 item.*no text \('1'\)"):
        score_captions({"1": "a"}, {"1": [None]}, ["bleu1"])  # type: ignore[list-item]
    with pytest.raises(TooFewItemsError, match=r"None of the 2 captions defines the metric repetition"):
        score_captions({"1": "", "2": "dog"}, None, ["repetition"])
    with pytest.raises(TypeError, match="string 'length'"):
        score_captions(SAID, None, "length")
