"""Beam search over any step function, in numpy: the one used by the shipped model and, in tests, by the torch one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Step = Callable[[npt.NDArray[np.int64], npt.NDArray[np.int64]], npt.NDArray[np.float32]]
"""step(tokens (B,), parents (B,)) -> log-probabilities (B, V) of the next token.

`parents[b]` is the row of the previous call that row b goes on from; whatever the step keeps has to be reordered by it.
"""


@dataclass(frozen=True)
class Hypothesis:
    """One finished caption.

    Attributes:
        tokens: token ids without the start and end tokens.
        logprobs: log-probabilities of the tokens and of the end token, natural logarithm, one more than tokens.
        score: what the search ranked it by: their sum, less any penalties, by its length to the power of the length
            penalty.
    """

    tokens: tuple[int, ...]
    logprobs: tuple[float, ...]
    score: float

    @property
    def mean_probability(self) -> float:
        """Geometric mean of the probabilities of the tokens, the end token included; in (0, 1]."""
        return float(np.exp(np.mean(self.logprobs)))


def beam_search(
    step: Step,
    n: int,
    *,
    num_beams: int,
    max_new_tokens: int,
    bos: int,
    eos: int,
    length_penalty: float = 0.7,
    penalties: npt.NDArray[np.float64] | None = None,
) -> list[list[Hypothesis]]:
    """For each of n inputs up to `num_beams` finished hypotheses, best first, at least one.

    The step function gets B = n * num_beams rows, the beams of one input side by side. A token never follows itself and
    no three tokens occur twice, so that a caption cannot run in a loop. Equal scores are resolved by token id: the same
    input gives the same output.

    Length is normalised as in Wu et al. 2016 without the constant: logprob / length ** length_penalty.

    `penalties` (n, V), nats, are taken from each input's scores whenever a token is used: a search that has to find
    something other than an earlier one did (diverse beam search with cumulative diversity, Vijayakumar et al. 2016).
    """
    rows = n * num_beams
    sequences = np.full((rows, 1), bos, dtype=np.int64)
    parents = np.arange(rows)
    # All beams of an input start equal: only the first may speak in the first step.
    scores = np.where(parents % num_beams == 0, 0.0, -np.inf)
    history = np.zeros((rows, 0))
    finished: list[list[Hypothesis]] = [[] for _ in range(n)]
    done = np.zeros(n, dtype=bool)
    for length in range(1, max_new_tokens + 1):
        logprobs = step(sequences[:, -1], parents).astype(np.float64)
        _forbid_loops(logprobs, sequences)
        last = length == max_new_tokens
        if last:
            # The room is used up: every beam ends here, at the price of its end token.
            logprobs = _only(logprobs, eos)
        width = logprobs.shape[1]
        totals = scores[:, None] + logprobs
        if penalties is not None:
            totals -= np.repeat(penalties, num_beams, axis=0)
        totals = totals.reshape(n, -1)
        scores = np.full(rows, -np.inf)
        parents, tokens = np.arange(rows), np.full(rows, eos)
        for i in np.flatnonzero(~done):
            free = i * num_beams
            best = _largest(totals[i], 2 * num_beams)
            for rank, flat in enumerate(best):
                total, row, token = totals[i, flat], i * num_beams + flat // width, flat % width
                if not np.isfinite(total):
                    break
                if token == eos:
                    # An end that is not among the best `num_beams` is no better than going on.
                    if rank < num_beams:
                        words = tuple(int(t) for t in sequences[row, 1:])
                        said = (*map(float, history[row]), float(logprobs[row, eos]))
                        finished[i].append(Hypothesis(words, said, float(total / length**length_penalty)))
                elif free < (i + 1) * num_beams:
                    scores[free], parents[free], tokens[free] = total, row, token
                    free += 1
            done[i] = last or _is_done(finished[i], scores[i * num_beams], length, num_beams, length_penalty)
        if done.all():
            break
        sequences = np.concatenate((sequences[parents], tokens[:, None]), axis=1)
        history = np.concatenate((history[parents], logprobs[parents, tokens][:, None]), axis=1)
    return [sorted(found, key=lambda h: (-h.score, h.tokens))[:num_beams] for found in finished]


def _forbid_loops(logprobs: npt.NDArray[np.float64], sequences: npt.NDArray[np.int64]) -> None:
    rows = np.arange(len(sequences))
    logprobs[rows, sequences[:, -1]] = -np.inf
    if sequences.shape[1] >= 4:
        # Where the last two tokens stood before, what followed them may not follow again.
        again = (sequences[:, :-2] == sequences[:, -2:-1]) & (sequences[:, 1:-1] == sequences[:, -1:])
        row, position = np.nonzero(again)
        logprobs[row, sequences[row, position + 2]] = -np.inf


def _only(logprobs: npt.NDArray[np.float64], token: int) -> npt.NDArray[np.float64]:
    kept = np.full_like(logprobs, -np.inf)
    kept[:, token] = logprobs[:, token]
    return kept


def _largest(values: npt.NDArray[np.float64], count: int) -> npt.NDArray[np.int64]:
    count = min(count, len(values))
    candidates = np.argpartition(-values, count - 1)[:count]
    return candidates[np.lexsort((candidates, -values[candidates]))]


def _is_done(
    finished: list[Hypothesis], best_running: float, length: int, num_beams: int, length_penalty: float
) -> bool:
    if not np.isfinite(best_running):
        return True
    if len(finished) < num_beams:
        return False
    worst = sorted((h.score for h in finished), reverse=True)[num_beams - 1]
    return bool(best_running / length**length_penalty <= worst)
