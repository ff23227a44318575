"""Beam search against an exhaustive search, and its promises: no loops, no cut batch, always an answer."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from captioner.beam import Hypothesis, Step, beam_search, diverse_beam_search

BOS, EOS, VOCAB = 0, 1, 6


def table_step(tables: np.ndarray) -> Step:
    """A step that knows only the last token: tables (N, VOCAB, VOCAB) of log-probabilities, one for each input."""
    n = len(tables)

    def step(tokens: np.ndarray, parents: np.ndarray) -> np.ndarray:
        inputs = np.repeat(np.arange(n), len(tokens) // n)
        result: np.ndarray = tables[inputs, tokens].astype(np.float32)
        return result

    return step


def random_tables(n: int, seed: int) -> np.ndarray:
    logits = np.random.default_rng(seed).normal(size=(n, VOCAB, VOCAB)) * 2.0
    logits[:, :, BOS] = -np.inf
    logits -= np.log(np.exp(logits).sum(-1, keepdims=True))
    return logits


def loops(tokens: tuple[int, ...]) -> bool:
    whole = (BOS, *tokens)
    triples = list(zip(whole, whole[1:], whole[2:], strict=False))
    return any(a == b for a, b in itertools.pairwise(whole)) or len(set(triples)) < len(triples)


def best_of_all(table: np.ndarray, max_new_tokens: int, length_penalty: float) -> tuple[int, ...]:
    scored = []
    for length in range(max_new_tokens):
        for words in itertools.product(range(2, VOCAB), repeat=length):
            if loops(words):
                continue
            path = (BOS, *words, EOS)
            logprob = sum(np.float32(table[a, b]) for a, b in itertools.pairwise(path))
            scored.append((-logprob / (length + 1) ** length_penalty, words))
    return min(scored)[1]


@pytest.mark.parametrize("seed", range(8))
def test_a_wide_beam_finds_what_an_exhaustive_search_finds(seed: int) -> None:
    tables = random_tables(3, seed)
    found = beam_search(table_step(tables), 3, num_beams=300, max_new_tokens=5, bos=BOS, eos=EOS)
    for table, hypotheses in zip(tables, found, strict=True):
        assert hypotheses[0].tokens == best_of_all(table, 5, 0.7)


@pytest.mark.parametrize("num_beams", [1, 2, 4])
@pytest.mark.parametrize("seed", range(5))
def test_nothing_repeats_and_every_input_gets_distinct_ordered_answers(num_beams: int, seed: int) -> None:
    tables = random_tables(6, seed)
    tables[:, :, EOS] -= 3.0  # talkative: the limit is reached
    found = beam_search(table_step(tables), 6, num_beams=num_beams, max_new_tokens=12, bos=BOS, eos=EOS)
    assert len(found) == 6
    for hypotheses in found:
        assert 1 <= len(hypotheses) <= num_beams
        assert len({h.tokens for h in hypotheses}) == len(hypotheses)
        assert [h.score for h in hypotheses] == sorted((h.score for h in hypotheses), reverse=True)
        for h in hypotheses:
            assert not loops(h.tokens)
            assert len(h.tokens) < 12
            assert EOS not in h.tokens
            assert 0.0 < h.mean_probability <= 1.0


def test_an_input_gets_the_same_answer_alone_and_in_a_batch() -> None:
    tables = random_tables(5, 1)
    together = beam_search(table_step(tables), 5, num_beams=3, max_new_tokens=8, bos=BOS, eos=EOS)
    for i in range(5):
        alone = beam_search(table_step(tables[i : i + 1]), 1, num_beams=3, max_new_tokens=8, bos=BOS, eos=EOS)
        assert alone[0] == together[i]


def test_the_step_is_told_where_each_beam_comes_from() -> None:
    seen: list[list[tuple[int, ...]]] = [[()] * 4]
    tables = random_tables(2, 4)

    def step(tokens: np.ndarray, parents: np.ndarray) -> np.ndarray:
        histories = [(*seen[-1][parent], int(token)) for parent, token in zip(parents, tokens, strict=True)]
        seen.append(histories)
        return table_step(tables)(tokens, parents)

    found = beam_search(step, 2, num_beams=2, max_new_tokens=6, bos=BOS, eos=EOS)
    told = {history for histories in seen for history in histories}
    for hypotheses in found:
        for h in hypotheses:
            assert (BOS, *h.tokens) in told


def test_mean_probability_is_the_geometric_mean_with_the_end() -> None:
    logprobs = tuple(np.log([0.5, 0.25, 0.25, 0.125]))
    assert Hypothesis((5, 6, 7), logprobs, score=0.0).mean_probability == pytest.approx(0.25)


def test_the_logprobs_are_those_of_the_words_and_the_end() -> None:
    tables = random_tables(2, 3)
    for table, hypotheses in zip(
        tables, beam_search(table_step(tables), 2, num_beams=3, max_new_tokens=6, bos=BOS, eos=EOS), strict=True
    ):
        for h in hypotheses:
            path = (BOS, *h.tokens, EOS)
            assert h.logprobs == pytest.approx([table[a, b] for a, b in itertools.pairwise(path)], rel=1e-5)
            assert h.score == pytest.approx(sum(h.logprobs) / len(h.logprobs) ** 0.7)


def test_a_penalty_steers_away_from_a_word_and_leaves_its_probability_alone() -> None:
    tables = random_tables(2, 7)
    tables[:, :, EOS] -= 3.0  # talkative
    plain = beam_search(table_step(tables), 2, num_beams=3, max_new_tokens=6, bos=BOS, eos=EOS)
    first = plain[0][0].tokens[0]
    penalties = np.zeros((2, VOCAB))
    penalties[0, first] = 50.0
    found = beam_search(table_step(tables), 2, num_beams=3, max_new_tokens=6, bos=BOS, eos=EOS, penalties=penalties)
    assert first not in found[0][0].tokens
    assert found[1] == plain[1]  # the other input pays nothing
    path = (BOS, *found[0][0].tokens, EOS)
    assert found[0][0].logprobs == pytest.approx([tables[0, a, b] for a, b in itertools.pairwise(path)], rel=1e-5)


def test_groups_find_other_things_and_the_main_search_does_not_notice_them() -> None:
    tables = random_tables(4, 11)
    tables[:, :, EOS] -= 3.0  # talkative
    options = {"max_new_tokens": 6, "bos": BOS, "eos": EOS}
    plain = beam_search(table_step(tables), 4, num_beams=3, **options)

    def search(costs: list[float], free: set[int]) -> list[list[list[Hypothesis]]]:
        return diverse_beam_search(table_step(tables), 4, num_beams=3, group_beams=2, costs=costs, free=free, **options)

    found = search([50.0, 0.0], set())
    assert [groups[0] for groups in found] == plain
    for groups in found:
        assert len(groups) == 3
        assert 1 <= len(groups[1]) <= 2
        # The group pays for what the main search has said by then: its first word is another one.
        assert groups[1][0].tokens[0] != groups[0][0].tokens[0]
    everything = set(range(VOCAB))
    narrow = beam_search(table_step(tables), 4, num_beams=2, **options)
    assert [groups[1] for groups in search([50.0], everything)] == narrow  # what is free costs nothing
    assert [groups[1] for groups in search([0.0], set())] == narrow
