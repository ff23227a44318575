"""Score: one figure with everything needed to report it and to compute it again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Direction: TypeAlias = Literal["higher", "lower", "neither"]
"""Which way a figure is better; "neither" for one that only describes."""

TRANSCRIPT = "transcript_"
"""What the names of scores begin with that are of what was heard."""


@dataclass(frozen=True, eq=False)
class Score:
    """One metric's value over a set of items.

    Attributes:
        name: the metric's name as it was asked for, for instance "bleu4".
        value: the figure over the whole set, in `unit`.
        unit: scale and range of `value`, for instance "x100, 0 to 100".
        direction: which way is better; "neither" for what only describes, as the length of captions.
        ci95: lower and upper bound of the 95 % confidence interval, in `unit`; None if none was computed.
        signature: what the figure depends on, as "BLEU-4|tokenizer:lower_nopunct|refs:5|...". Two figures
            may be compared when their signatures agree.
        ids: the items' ids, in the order of the rows of `stats`.
        stats: float64 array (len(ids), n_columns), one row of sufficient statistics per item, from which `value`
            can be computed again for any subset or resample of the items. The columns belong to the metric:
            BLEU-n: clipped n-gram matches of order 1..n, candidate n-grams of order 1..n, candidate length,
            closest reference length (2n + 2 columns, counts; `eval.captions.bleu.bleu_from_stats`).
            ROUGE-L, CIDEr-D: the item's own score in `unit` (1 column; `value` is its mean).
            WER: hits, substitutions, deletions, insertions (4 columns, words).
            Of the others `eval.captions.list_metrics()` and `eval.speech.list_speech_metrics()` say it.
            With a metric that some items do not define, such an item's row is zeros.
        aggregate: name of the function in `eval.aggregates` that makes `value` of the columns' means.

    Raises:
        ValueError: `stats` does not have one row per id.
    """

    name: str
    value: float
    unit: str
    direction: Direction
    ci95: tuple[float, float] | None
    signature: str
    ids: tuple[str, ...]
    stats: NDArray[np.float64]
    aggregate: str = "mean"

    def __post_init__(self) -> None:
        if self.stats.ndim != 2 or len(self.stats) != len(self.ids):
            raise ValueError(
                f"stats of {self.name} have shape {self.stats.shape}; "
                f"they must have one row for each of the {len(self.ids)} ids."
            )


def make_signature(metric: str, **parts: str | int) -> str:
    """Return a signature: the metric, then its parts in the order given, then this library's version.

    Example:
        >>> make_signature("ROUGE-L", tokenizer="lower_nopunct", refs=5).rpartition("|")[0]
        'ROUGE-L|tokenizer:lower_nopunct|refs:5'
    """
    try:
        library = version("lookaloud")
    except PackageNotFoundError:  # a source tree on the path, never installed
        library = "source"
    return "|".join([metric, *(f"{key}:{value}" for key, value in parts.items()), f"lookaloud:{library}"])


def signature_parts(signature: str) -> dict[str, str]:
    """Return the parts of a signature by name, in order; the metric's own name stands under "metric".

    Example:
        >>> signature_parts("WER|model:tiny.en|lookaloud:0.1.0")
        {'metric': 'WER', 'model': 'tiny.en', 'lookaloud': '0.1.0'}
    """
    metric, *rest = signature.split("|")
    return {"metric": metric} | {key: value for key, _, value in (part.partition(":") for part in rest)}


def with_parts(signature: str, parts: Mapping[str, str | int | None]) -> str:
    """Return the signature with these parts added or replaced; None takes a part away. The version stays last.

    Example:
        >>> with_parts("WER|model:tiny.en|lookaloud:0.1.0", {"voice": "heart", "model": None})
        'WER|voice:heart|lookaloud:0.1.0'
    """
    merged: dict[str, str | int | None] = {**signature_parts(signature), **parts}
    metric, version_part = merged.pop("metric"), merged.pop("lookaloud", None)
    # "|" separates the parts, and the name of a model may be a path.
    kept = [f"{key}:{str(value).replace('|', '/')}" for key, value in merged.items() if value is not None]
    last = [] if version_part is None else [f"lookaloud:{version_part}"]
    return "|".join([str(metric), *kept, *last])


def describe_counts(counts: Sequence[int]) -> str:
    """Return "5" when all counts are 5, and "1-5" when they run from 1 to 5.

    Example:
        >>> describe_counts([5, 4, 5])
        '4-5'
    """
    low, high = min(counts), max(counts)
    return str(low) if low == high else f"{low}-{high}"
