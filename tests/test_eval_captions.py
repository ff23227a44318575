"""BLEU, ROUGE-L and CIDEr-D, number by number against pycocoevalcap, and the errors of score_captions."""

from __future__ import annotations

import random

import numpy as np
import pytest
from pycocoevalcap.bleu.bleu import Bleu
from pycocoevalcap.cider.cider import Cider
from pycocoevalcap.rouge.rouge import Rouge

from eval.captions import DEFAULT_METRICS, CiderD, score_captions
from eval.captions.bleu import bleu_from_stats, bleu_stats
from eval.captions.cider import human_level
from eval.captions.counts import Corpus
from eval.captions.rouge import rouge_l
from eval.errors import (
    EmptyReferenceError,
    EvalError,
    MismatchedItemsError,
    TooFewItemsError,
    UnknownNameError,
)

NAMES = ["dog", "cat", "man", "woman", "boy", "girl", "bird", "horse", "child", "surfer"]
LOOKS = ["brown", "small", "young", "wet", "red", "happy", "two", "old"]
DOES = ["runs", "sits", "jumps", "sleeps", "plays", "stands", "looks"]
WHERE = ["on the grass", "in the snow", "near a lake", "on a beach", "in front of a red house", "over a fence"]


def sentence(rng: random.Random) -> str:
    words = ["a", *rng.sample(LOOKS, rng.randint(0, 2)), rng.choice(NAMES), rng.choice(DOES)]
    words += rng.choice(WHERE).split() if rng.random() < 0.7 else []
    if rng.random() < 0.3:
        words += ["and", "a", rng.choice(NAMES), rng.choice(DOES), *rng.choice(WHERE).split()]
    return " ".join(words)


def corpus(n: int, seed: int) -> tuple[dict[str, str], dict[str, list[str]]]:
    rng = random.Random(seed)
    references = {f"{i}.jpg": [sentence(rng) for _ in range(rng.randint(1, 5))] for i in range(n)}
    # Half of the candidates are a reference with words changed, so that long n-grams match too.
    candidates = {}
    for i, captions in references.items():
        words = rng.choice(captions).split()
        words[rng.randrange(len(words))] = rng.choice(NAMES)
        candidates[i] = " ".join(words) if rng.random() < 0.5 else sentence(rng)
    return candidates, references


def with_edge_cases(seed: int) -> tuple[dict[str, str], dict[str, list[str]]]:
    candidates, references = corpus(300, seed)
    edges: list[tuple[str, list[str]]] = [
        ("", ["a dog runs"]),
        ("", ["dog"]),
        ("", [""]),
        ("dog", ["dog", "a dog runs on the grass"]),
        ("dog", ["cat"]),
        ("a dog", ["a dog"]),
        ("a a a a a a a", ["a dog and a cat", "a a dog"]),
        ("dog dog dog", ["dog", "dog dog"]),
        ("a dog runs " * 12, ["a dog runs on the grass"]),
        ("a dog runs", ["a dog " * 300, ""]),
        ("zebra quagga okapi tapir", ["a dog runs"]),
        ("a dog runs on", ["a dog", "a dog runs on a beach"]),  # two references equally close in length
    ]
    for i, (candidate, captions) in enumerate(edges):
        candidates[f"edge{i}"] = candidate.strip()
        references[f"edge{i}"] = [caption.strip() for caption in captions]
    return candidates, references


def tokens_of(captions: dict[str, list[str]]) -> dict[str, list[list[str]]]:
    return {i: [caption.split() for caption in of_item] for i, of_item in captions.items()}


@pytest.mark.parametrize("seed", [0, 1])
def test_bleu_equals_pycocoevalcap(seed: int) -> None:
    candidates, references = with_edge_cases(seed)
    theirs, theirs_each = Bleu(4).compute_score(references, {i: [c] for i, c in candidates.items()}, verbose=0)

    tokens = tokens_of(references)
    stats = np.stack([bleu_stats(c.split(), tokens[i]) for i, c in candidates.items()])

    np.testing.assert_allclose(bleu_from_stats(stats), theirs, rtol=0, atol=1e-9)
    each = np.stack([bleu_from_stats(row[None]) for row in stats])
    np.testing.assert_allclose(each, np.array(theirs_each).T, rtol=0, atol=1e-9)


@pytest.mark.parametrize("seed", [0, 1])
def test_rouge_l_equals_pycocoevalcap(seed: int) -> None:
    candidates, references = with_edge_cases(seed)
    _, theirs = Rouge().compute_score(references, {i: [c] for i, c in candidates.items()})
    tokens = tokens_of(references)
    ours = [rouge_l(c.split(), tokens[i]) for i, c in candidates.items()]
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-9)


@pytest.mark.parametrize("seed", [0, 1])
def test_cider_d_equals_pycocoevalcap(seed: int) -> None:
    candidates, references = with_edge_cases(seed)
    mean, theirs = Cider().compute_score(references, {i: [c] for i, c in candidates.items()})
    ours = CiderD(tokens_of(references)).score({i: c.split() for i, c in candidates.items()})
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-9)
    at_once = Corpus([c.split() for c in candidates.values()], [tokens_of(references)[i] for i in candidates]).cider_d()
    np.testing.assert_allclose(at_once, theirs, rtol=0, atol=1e-9)
    assert ours.mean() == pytest.approx(mean, abs=1e-9)
    assert ours.max() > 3.0  # the comparison is not one of zeros


def test_cider_d_of_two_images_equals_pycocoevalcap() -> None:
    references = {"1": ["a dog runs on the grass"], "2": ["a cat runs on the grass", "a cat"]}
    candidates = {"1": "a dog runs on the grass", "2": "a cat on the grass"}
    _, theirs = Cider().compute_score(references, {i: [c] for i, c in candidates.items()})
    ours = CiderD(tokens_of(references)).score({i: c.split() for i, c in candidates.items()})
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-9)


def test_cider_d_scores_any_candidate_of_an_image_as_a_reward() -> None:
    _, references = corpus(50, 3)
    scorer = CiderD(tokens_of(references))
    exact = scorer.score_one("0.jpg", references["0.jpg"][0].split())
    assert scorer.score_one("0.jpg", references["0.jpg"][0].split()[::-1]) < exact
    assert scorer.score_one("0.jpg", []) == 0.0
    with pytest.raises(MismatchedItemsError, match=r"'no\.jpg'.*50 images"):
        scorer.score_one("no.jpg", ["a"])


def test_cider_d_needs_two_images_and_a_reference_each() -> None:
    with pytest.raises(TooFewItemsError, match=r"1 image.*at the very least"):
        CiderD({"1": [["a"]]})
    with pytest.raises(EmptyReferenceError, match="'2'"):
        CiderD({"1": [["a"]], "2": []})


def test_scores_are_on_the_papers_scale_in_the_order_asked_for() -> None:
    candidates, references = corpus(100, 5)
    scores = score_captions(candidates, references)
    assert tuple(score.name for score in scores) == DEFAULT_METRICS
    as_lists = {i: [c] for i, c in candidates.items()}
    expected = [
        *Bleu(4).compute_score(references, as_lists, verbose=0)[0],
        Rouge().compute_score(references, as_lists)[0],
        Cider().compute_score(references, as_lists)[0],
    ]
    np.testing.assert_allclose([score.value for score in scores], 100 * np.array(expected), rtol=0, atol=1e-7)


def test_every_value_can_be_computed_again_from_its_stats() -> None:
    candidates, references = corpus(40, 6)
    for score in score_captions(candidates, references):
        assert score.ids == tuple(candidates)
        assert score.direction == "higher"
        assert score.ci95 is None
        again = 100 * bleu_from_stats(score.stats)[-1] if score.name.startswith("bleu") else score.stats.mean()
        assert again == pytest.approx(score.value, abs=1e-12)


def test_signature_says_what_the_figure_depends_on() -> None:
    scores = score_captions({"1": "A dog.", "2": "A cat."}, {"1": ["a", "b"], "2": ["c"]}, ["bleu4", "cider"])
    assert scores[0].signature.startswith("BLEU-4|tokenizer:ptb|refs:1-2|items:2|reference_length:closest|")
    assert scores[1].name == "cider"
    assert scores[1].signature.startswith("CIDEr-D|")
    assert "pycocoevalcap" in scores[1].signature
    assert "|lookaloud:" in scores[1].signature


def test_captions_are_tokenized_before_they_are_compared() -> None:
    (score,) = score_captions({"1": "A dog’s T-shirt!"}, {"1": ["a dog's t-shirt"]}, ["rouge_l"])
    assert score.value == pytest.approx(100.0)


def test_order_of_the_references_mapping_does_not_matter() -> None:
    candidates, references = corpus(30, 7)
    turned = dict(reversed(references.items()))
    for one, other in zip(score_captions(candidates, references), score_captions(candidates, turned), strict=True):
        assert one.value == pytest.approx(other.value, abs=1e-12)
        np.testing.assert_allclose(one.stats, other.stats, rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    ("candidates", "references", "metrics", "error", "message"),
    [
        ({"a": "x", "b": "x"}, {"a": ["x"]}, ["bleu1"], MismatchedItemsError, r"1 candidate.*\('b'\)"),
        ({"a": "x"}, {"a": ["x"], "b": ["x"]}, ["bleu1"], MismatchedItemsError, r"1 item.*\('b'\)"),
        (
            {str(i): "x" for i in range(8)},
            {},
            ["bleu1"],
            MismatchedItemsError,
            r"8 candidate.*'0', '1', '2', '3', '4' and 3 more\)",
        ),
        ({}, {}, ["bleu1"], EmptyReferenceError, "both empty"),
        ({"a": "x", "b": "y"}, {"a": [], "b": ["y"]}, ["bleu1"], EmptyReferenceError, r"1 item.*\('a'\)"),
        ({"a": "x"}, {"a": ["x"]}, ["cider_d"], TooFewItemsError, "needs 2"),
        ({"a": "x"}, {"a": ["x"]}, ["bleu5"], UnknownNameError, "'bleu5'.*bleu1, bleu2.*cider_d"),
    ],
)
def test_wrong_input_is_named(
    candidates: dict[str, str],
    references: dict[str, list[str]],
    metrics: list[str],
    error: type[EvalError],
    message: str,
) -> None:
    with pytest.raises(error, match=message):
        score_captions(candidates, references, metrics)


def test_unknown_tokenizer_lists_the_names() -> None:
    with pytest.raises(UnknownNameError, match=r"'ptb3'.*lower_nopunct"):
        score_captions({"a": "x"}, {"a": ["x"]}, ["bleu1"], tokenizer="ptb3")


def test_references_given_as_one_string_are_not_taken_for_letters() -> None:
    with pytest.raises(TypeError, match="'a' are one string"):
        score_captions({"a": "x"}, {"a": "xyz"}, ["bleu1"])


def test_metrics_without_references_raise() -> None:
    with pytest.raises(ValueError, match="no reference"):
        bleu_stats(["a"], [])
    with pytest.raises(ValueError, match="no reference"):
        rouge_l(["a"], [])
    with pytest.raises(ValueError, match=r"shape \(3,\)"):
        bleu_from_stats(np.zeros(3))


def test_the_human_level_is_what_three_of_four_captions_reach() -> None:
    alike = {"1": [["a", "dog", "runs"]] * 3, "2": [["two", "cats", "sleep"]] * 3, "3": [["red", "cars", "race"]] * 3}
    assert human_level(alike) == pytest.approx(7.5)  # no 4-gram in three words: 3/4 of 10
    mixed = {**alike, "3": [["red", "cars", "race"], ["some", "bread", "lies"], ["tall", "trees", "stand"]]}
    assert human_level(mixed) == pytest.approx(0.0)  # a third of the captions are like no other
    assert human_level(mixed, images_a_round=2, seed=1) == human_level(mixed, images_a_round=2, seed=1)
