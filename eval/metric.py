"""Metric: what there is to know about one metric, of captions or of speech, and the function that measures it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Literal, TypeAlias, TypeVar

from eval.score import Direction, Score

Need: TypeAlias = Literal["references", "pictures", "objects or references", "Java", "text", "reference", "seconds"]
Given = TypeVar("Given")
Found = TypeVar("Found")


@dataclass(frozen=True)
class Tolerances:
    """How far a figure may move, in its unit; None if moving is what the metric is for.

    Attributes:
        silence: if digital silence is added before and behind the speech.
        rate: if the sample rate changes and stays at 16 kHz or more.
        gain: if the clip is made 6 dB quieter.
    """

    silence: float | None
    rate: float | None
    gain: float | None


@dataclass(frozen=True, kw_only=True)
class Metric(Generic[Given, Found]):
    """What there is to know about one metric.

    Attributes:
        name: what `score_captions` or `score_speech` calls it.
        title: what people call it.
        about: what it measures; of a network, what it was made for or learned from.
        unit: scale and range of the figure.
        direction: which way is better; "neither" for what only describes.
        needs: what has to be given beside the captions or the sound.
        reads: "words", as the tokenizer cuts them; "text", as it was written; or "sound".
        aggregate: the name in `eval.aggregates` that makes the figure from the items' statistics.
        columns: what the columns of `Score.stats` are.
        measure: computes the statistics: of all captions together, or of one clip.
        of_transcripts: computes the score from texts, transcripts and ids, for those who have transcripts already;
            None if the metric needs no transcript.
        default: whether it is computed unasked, if what it needs is given.
        extra: what has to be installed, as in pip install "lookaloud[eval]"; "" if the light install is enough.
        warning: what a reader of the figure must know; "" for nothing.
        partial: whether it is normal that some items do not define the figure, so that nobody has to be told.
        source: the paper, and the implementation that it equals.
        limits: what to know before using it; of speech, how long it should be.
        licence: of the code and, if there is one, of the network.
        package: whose version the signature names; "" if the code is ours.
        sample_rate: in Hz, at which it listens; None if it takes the clip's own.
        tolerances: how far it moves when nothing that matters has changed; a test measures this.
    """

    name: str
    title: str
    about: str
    unit: str
    direction: Direction
    aggregate: str
    columns: str
    measure: Callable[[Given], Found]
    reads: Literal["words", "text", "sound"]
    needs: tuple[Need, ...] = ()
    of_transcripts: Callable[..., Score] | None = None
    default: bool = False
    extra: str = ""
    warning: str = ""
    partial: bool = False
    source: str = ""
    limits: str = ""
    licence: str = ""
    package: str = ""
    sample_rate: int | None = None
    tolerances: Tolerances = Tolerances(None, None, None)
