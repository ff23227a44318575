"""What there is to know about a speech metric, as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from eval.score import Direction

Need: TypeAlias = Literal["audio", "text", "reference", "seconds"]


@dataclass(frozen=True)
class Tolerances:
    """How far a figure may move, in its unit; None where moving is what the metric is for.

    Attributes:
        silence: when digital silence is added before and behind the speech.
        rate: when the sample rate changes and stays at 16 kHz or more.
        gain: when the clip is made 6 dB quieter.
    """

    silence: float | None
    rate: float | None
    gain: float | None


@dataclass(frozen=True)
class SpeechMetric:
    """What there is to know about one metric.

    Attributes:
        name: what `score_speech` calls it.
        title: what people call it.
        unit: of the figure.
        direction: which way is better; "neither" for what only describes.
        needs: what has to be given beside the audio.
        aggregate: the name in `eval.aggregates` that makes the figure of the items' statistics.
        columns: what the columns of `Score.stats` are.
        extra: what has to be installed, as in pip install "lookaloud[eval]"; "" where the light install is enough.
        licence: of the code and, where there is one, of the network.
        package: whose version the signature names; "" where the code is ours.
        sample_rate: in Hz, at which it listens; None where it takes the clip's own.
        valid_length: how long the speech should be, and what happens when it is not.
        trained_for: what it was made for or learned from.
        tolerances: how far it moves when nothing that matters has changed; a test measures this.
        default: whether `score_speech` computes it unasked, where what it needs is given.
    """

    name: str
    title: str
    unit: str
    direction: Direction
    needs: Need
    aggregate: str
    columns: str
    extra: str
    licence: str
    package: str
    sample_rate: int | None
    valid_length: str
    trained_for: str
    tolerances: Tolerances
    default: bool = True
