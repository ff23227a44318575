"""Beam search over any step function, in numpy: the one used by the shipped model and, in tests, by the torch one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

_NEAR = 10.0
"""Nats: among hypotheses so close to the best one there are nearly always enough."""

_MANY = 512
"""Where the network is so unsure that more are close, sorting them all would take longer than the network."""

Step = Callable[[npt.NDArray[np.int64], npt.NDArray[np.int64]], npt.NDArray[np.float32]]
"""step(tokens (B,), parents (B,)) -> log-probabilities (B, V) of the next token.

`parents[b]` is the row of the previous call that row b goes on from; whatever the step keeps has to be reordered by it.
"""


@dataclass(frozen=True)
class Hypothesis:
    """One finished caption.

    Attributes:
        tokens: token ids without the start and end tokens.
        logprobs: log-probabilities of the tokens and of the end token, natural logarithm: one more than tokens, or as
            many where the caption was cut.
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


@dataclass
class _Lane:
    """The beams of one search: its rows, what it has to pay for words, and what it has found.

    Attributes:
        rows: which rows of the step are its own.
        penalties: (V,) nats that each use of a token costs; None for nothing.
        leader: the lane whose words cost something here, `cost` nats each; None for no such.
    """

    rows: slice
    penalties: npt.NDArray[np.float64] | None = None
    leader: _Lane | None = None
    cost: float = 0.0
    finished: list[Hypothesis] = field(default_factory=list)
    done: bool = False

    @property
    def width(self) -> int:
        return int(self.rows.stop - self.rows.start)

    def best(self, count: int) -> list[Hypothesis]:
        return sorted(self.finished, key=lambda h: (-h.score, h.tokens))[:count]


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
    as_transformers: bool = False,
) -> list[list[Hypothesis]]:
    """For each of n inputs up to `num_beams` finished hypotheses, best first, at least one.

    The step function gets B = n * num_beams rows, the beams of one input side by side. A token never follows itself and
    no three tokens occur twice, so that a caption cannot run in a loop. Equal scores are resolved by token id: the same
    input gives the same output.

    Length is normalised as in Wu et al. 2016 without the constant: logprob / length ** length_penalty.

    `penalties` (n, V), nats, are taken from each input's scores whenever a token is used: a search that has to find
    something other than an earlier one did.

    `as_transformers` searches as `generate` of transformers does: loops are allowed, and a caption that has used up the
    room is cut there, without an end token and its log-probability.
    """
    lanes = [
        _Lane(slice(i * num_beams, (i + 1) * num_beams), None if penalties is None else penalties[i]) for i in range(n)
    ]
    _search(step, lanes, max_new_tokens, bos, eos, length_penalty, frozenset(), as_transformers=as_transformers)
    return [lane.best(num_beams) for lane in lanes]


def diverse_beam_search(
    step: Step,
    n: int,
    *,
    num_beams: int,
    group_beams: int,
    costs: Sequence[float],
    free: AbstractSet[int],
    max_new_tokens: int,
    bos: int,
    eos: int,
    length_penalty: float = 0.7,
) -> list[list[list[Hypothesis]]]:
    """For each of n inputs what `beam_search` finds, and beside it a group for each of `costs` that finds other things.

    All are searched at once (diverse beam search with cumulative diversity, Vijayakumar et al. 2016): in a group each
    use of a token that the best beam of the main search has used so far costs `costs[g]` nats, unless the token is in
    `free`. The main search pays nothing, so it does not depend on the groups.

    The step function gets B = n * (num_beams + len(costs) * group_beams) rows, those of one input side by side.

    Returns:
        for each input 1 + len(costs) lists of hypotheses, best first: the main search's, then the groups'.
    """
    lanes: list[_Lane] = []
    row = 0
    for _ in range(n):
        main = _Lane(slice(row, row + num_beams))
        lanes.append(main)
        row += num_beams
        for cost in costs:
            lanes.append(_Lane(slice(row, row + group_beams), leader=main, cost=cost))
            row += group_beams
    _search(step, lanes, max_new_tokens, bos, eos, length_penalty, free)
    found = [lane.best(lane.width) for lane in lanes]
    size = 1 + len(costs)
    return [found[i : i + size] for i in range(0, len(found), size)]


def _search(
    step: Step,
    lanes: Sequence[_Lane],
    max_new_tokens: int,
    bos: int,
    eos: int,
    length_penalty: float,
    free: AbstractSet[int],
    *,
    as_transformers: bool = False,
) -> None:
    rows = lanes[-1].rows.stop if lanes else 0
    sequences = np.full((rows, 1), bos, dtype=np.int64)
    parents = np.arange(rows)
    # All beams of a lane start equal: only the first may speak in the first step.
    scores = np.full(rows, -np.inf)
    scores[[lane.rows.start for lane in lanes]] = 0.0
    history = np.zeros((rows, 0))
    for length in range(1, max_new_tokens + 1):
        logprobs = step(sequences[:, -1], parents).astype(np.float64)
        if not as_transformers:
            _forbid_loops(logprobs, sequences)
        last = length == max_new_tokens
        if last and not as_transformers:
            # The room is used up: every beam ends here, at the price of its end token.
            logprobs = _only(logprobs, eos)
        width = logprobs.shape[1]
        totals = scores[:, None] + logprobs
        scores = np.full(rows, -np.inf)
        parents, tokens = np.arange(rows), np.full(rows, eos)
        for lane in lanes:
            if lane.done:
                continue
            own = totals[lane.rows]
            _pay(lane, own, sequences, parents, tokens, free)
            row = lane.rows.start
            for rank, flat in enumerate(_largest(own.reshape(-1), 2 * lane.width)):
                parent, token = lane.rows.start + int(flat) // width, int(flat) % width
                total = float(own[parent - lane.rows.start, token])
                if not np.isfinite(total):
                    break
                if token == eos or last:
                    # An end that is not among the best is no better than going on.
                    if rank < lane.width:
                        words = tuple(word for word in (*map(int, sequences[parent, 1:]), token) if word != eos)
                        said = (*map(float, history[parent]), float(logprobs[parent, token]))
                        lane.finished.append(Hypothesis(words, said, total / length**length_penalty))
                elif row < lane.rows.stop:
                    scores[row], parents[row], tokens[row] = total, parent, token
                    row += 1
            lane.done = last or _is_done(lane, scores[lane.rows.start], length, length_penalty)
        if all(lane.done for lane in lanes):
            break
        sequences = np.concatenate((sequences[parents], tokens[:, None]), axis=1)
        history = np.concatenate((history[parents], logprobs[parents, tokens][:, None]), axis=1)


def _pay(
    lane: _Lane,
    totals: npt.NDArray[np.float64],
    sequences: npt.NDArray[np.int64],
    parents: npt.NDArray[np.int64],
    tokens: npt.NDArray[np.int64],
    free: AbstractSet[int],
) -> None:
    """Take what a lane's words cost from its totals (width, V)."""
    if lane.penalties is not None:
        totals -= lane.penalties
    if lane.leader is not None:
        if lane.leader.done:
            used: set[int] = set(lane.leader.best(1)[0].tokens)
        else:
            # The leader has chosen its words of this step already: it stands before its groups.
            row = lane.leader.rows.start
            used = {*map(int, sequences[parents[row], 1:]), int(tokens[row])}
        totals[:, sorted(used - free)] -= lane.cost


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
    """Return the places of the `count` largest values that are finite, largest first, equal ones in their order."""
    top = float(values.max(initial=-np.inf))
    if not np.isfinite(top):
        return np.zeros(0, dtype=np.int64)
    # What can win is mostly a handful near the top, and finding it costs far less than a partition of all.
    candidates = np.flatnonzero(values >= top - _NEAR)
    if len(candidates) < count:
        candidates = np.flatnonzero(np.isfinite(values))
    if len(candidates) > _MANY + count:
        # All that equal the last one stay in, so that ties are resolved by place.
        border = np.partition(values[candidates], -count)[-count]
        candidates = candidates[values[candidates] >= border]
    return candidates[np.lexsort((candidates, -values[candidates]))][:count]


def _is_done(lane: _Lane, best_running: float, length: int, length_penalty: float) -> bool:
    if not np.isfinite(best_running):
        return True
    if len(lane.finished) < lane.width:
        return False
    return bool(best_running / length**length_penalty <= lane.best(lane.width)[-1].score)
