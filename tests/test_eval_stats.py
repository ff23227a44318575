"""Intervals and tests on data whose truth is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import eval.stats
from eval.captions import score_captions
from eval.errors import IncomparableError, MismatchedItemsError, TooFewItemsError
from eval.score import Score, signature_parts, with_parts
from eval.stats import compare, difference, with_intervals


def score(values: np.ndarray, *, signature: str = "X|tokenizer:t|captioner:one|lookaloud:1", name: str = "x") -> Score:
    ids = tuple(f"{i}.jpg" for i in range(len(values)))
    return Score(name, float(values.mean()), "points", "higher", None, signature, ids, values[:, None].astype(float))


def test_nineteen_of_twenty_intervals_hold_the_truth() -> None:
    rng = np.random.default_rng(1)
    held = 0
    for _ in range(400):
        found = with_intervals([score(rng.exponential(3.0, size=80))], resamples=300)[0].ci95
        assert found is not None
        held += found[0] <= 3.0 <= found[1]
    assert 0.90 <= held / 400 <= 0.975  # the percentile interval of 80 skewed numbers is a little narrow


def test_intervals_are_those_of_a_bootstrap_item_by_item() -> None:
    captions = {"1": "a dog runs", "2": "a cat sits on grass", "3": "two men", "4": "a red boat at sea"}
    humans = {"1": ["a dog runs far", "the dog"], "2": ["a cat sits"], "3": ["two men walk"], "4": ["a boat at sea"]}
    found = with_intervals(score_captions(captions, humans, ["bleu2", "rouge_l"]), resamples=50, seed=3)
    rng = np.random.default_rng(3)
    drawn = rng.integers(4, size=(50, 4))
    for one in found:
        whole = replace(one, ci95=None)
        figures = []
        for row in drawn:
            ids = tuple(whole.ids[i] for i in row)
            again = score_captions(
                {f"{n}": captions[i] for n, i in enumerate(ids)},
                {f"{n}": humans[i] for n, i in enumerate(ids)},
                [one.name],
            )
            figures.append(again[0].value)
        assert one.ci95 == pytest.approx(tuple(np.quantile(figures, [0.025, 0.975])), abs=1e-6)


def test_the_seed_decides_and_chunks_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    data = score(np.random.default_rng(0).normal(size=37))
    first = with_intervals([data], resamples=100, seed=5)[0].ci95
    assert with_intervals([data], resamples=100, seed=5)[0].ci95 == first
    assert with_intervals([data], resamples=100, seed=6)[0].ci95 != first
    monkeypatch.setattr(eval.stats, "_CHUNK", 100)
    assert with_intervals([data], resamples=100, seed=5)[0].ci95 == pytest.approx(first, abs=1e-12)


def test_scores_of_different_items_keep_their_order_and_signature_says_how() -> None:
    a, b = score(np.arange(5.0)), score(np.arange(9.0), name="y")
    found = with_intervals([a, b, a], resamples=20, seed=4)
    assert [one.name for one in found] == ["x", "y", "x"]
    assert found[0].ci95 == found[2].ci95
    assert signature_parts(found[0].signature)["ci95"] == "percentile-bootstrap-20-seed-4"
    assert found[0].signature.endswith("|lookaloud:1")
    again = with_intervals(found, resamples=30)
    assert again[0].signature.count("ci95") == 1


def test_no_interval_where_none_is_defined() -> None:
    assert with_intervals([score(np.array([1.0]))])[0].ci95 is None
    rare = np.zeros((20, 2))
    rare[0] = 5.0, 1.0  # one item of twenty defines the figure: a third of the draws do not have it
    ids = tuple(map(str, range(20)))
    found = with_intervals([Score("r", 5.0, "s", "higher", None, "R", ids, rare, "ratio")])[0]
    assert found.ci95 is None
    assert "ci95" not in found.signature
    with pytest.raises(ValueError, match="resamples is 0"):
        with_intervals([], resamples=0)


def test_p_values_are_uniform_where_systems_do_not_differ() -> None:
    rng = np.random.default_rng(2)
    rows = []
    for shared in rng.normal(size=(400, 60)):
        found = compare(score(shared + rng.normal(size=60)), score(shared + rng.normal(size=60)), resamples=199)
        rows.append([found.p_bootstrap, found.p_randomisation])
    p = np.array(rows)
    for column in p.T:
        # Kolmogorov's distance from the uniform distribution; 1.63 / sqrt(n) is passed once in a hundred samples.
        distance = np.max(np.abs(np.sort(column) - np.linspace(0, 1, len(column))))
        assert distance < 1.63 / np.sqrt(len(column)) + 0.01
        assert 0.02 <= np.mean(column <= 0.05) <= 0.085


def test_a_real_difference_is_found_and_measured() -> None:
    rng = np.random.default_rng(3)
    shared = rng.normal(size=300) * 5.0
    a, b = score(shared), score(shared + 0.5 + rng.normal(size=300))
    found = compare(a, b, resamples=999)
    assert found.difference == pytest.approx(b.value - a.value)
    assert found.ci95 is not None
    assert found.ci95[0] < 0.5 < found.ci95[1]
    # Paired: the spread between items, five times as large, plays no part.
    assert found.ci95[1] - found.ci95[0] < 0.3
    assert found.p_bootstrap == found.p_randomisation == 1 / 1000
    back = compare(b, a, resamples=999)
    assert back.difference == -found.difference
    assert found.signature == "X|tokenizer:t|lookaloud:1"


def test_equal_systems_have_a_p_of_one() -> None:
    same = score(np.array([1.0, 2.0, 4.0]))
    found = compare(same, same)
    assert (found.difference, found.ci95, found.p_bootstrap, found.p_randomisation) == (0.0, (0.0, 0.0), 1.0, 1.0)


def test_randomisation_is_exact_on_a_case_that_can_be_counted() -> None:
    # Three items, each better by 1: of the eight ways to swap, two are as far from 0.
    a = score(np.array([1.0, 5.0, 2.0]))
    found = compare(a, replace(a, value=a.value + 1, stats=a.stats + 1.0), resamples=20_000)
    assert found.p_randomisation == pytest.approx(0.25, abs=0.01)


def test_items_are_matched_by_name_not_by_place() -> None:
    a = score(np.array([1.0, 2.0, 3.0]))
    turned = replace(a, ids=a.ids[::-1], stats=a.stats[::-1] + 1.0, value=3.0)
    assert compare(a, turned).ci95 == pytest.approx((1.0, 1.0))


def test_what_cannot_be_compared_is_named() -> None:
    a = score(np.arange(4.0))
    other_tokens = replace(a, signature=with_parts(a.signature, {"tokenizer": "ptb", "voice": "joe"}))
    with pytest.raises(IncomparableError, match=r"x were not .* \(tokenizer: t and ptb\)"):
        compare(a, other_tokens)
    with pytest.raises(IncomparableError, match="unit: points and stars"):
        compare(a, replace(a, unit="stars"))
    assert difference(a, other_tokens).difference == 0.0
    with pytest.raises(MismatchedItemsError, match=r"only one of them has: 3\.jpg, 4\.jpg"):
        compare(a, replace(a, ids=("0.jpg", "1.jpg", "2.jpg", "4.jpg")))
    with pytest.raises(TooFewItemsError, match=r"over 1 item\(s\)"):
        compare(score(np.array([1.0])), score(np.array([2.0])))


def test_signature_parts_survive_names_with_a_bar() -> None:
    changed = with_parts("X|refs:5|lookaloud:1", {"captioner": "a|b", "refs": None})
    assert changed == "X|captioner:a/b|lookaloud:1"
