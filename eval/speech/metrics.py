"""The table of speech metrics: what each one is, what it needs, how far it moves when it should not, its measure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

import numpy as np

from eval.errors import UnknownNameError
from eval.metric import Metric, Need, Tolerances
from eval.score import Direction, Score
from eval.speech import copies, proxies
from eval.speech.intelligibility import character_error_rate, character_errors, word_error_rate, word_errors
from eval.speech.items import (
    Row,
    SpeechItem,
    clipping,
    f0_range,
    f0_rmse,
    first_audio,
    log_spectral,
    loudness,
    vuv_error,
)

SpeechMetric: TypeAlias = Metric[SpeechItem, Row]
Measure: TypeAlias = Callable[[SpeechItem], Row]
_OURS = "Apache-2.0"


def _dnsmos(name: str, title: str, about: str, tolerances: Tolerances, *, measure: Measure) -> SpeechMetric:
    return SpeechMetric(
        measure=measure,
        reads="sound",
        name=name,
        title=title,
        unit="1 to 5",
        direction="higher",
        aggregate="ratio",
        columns="the clip's figure, 1",
        extra="eval",
        licence="MIT, code and networks",
        package="speechmos",
        sample_rate=16_000,
        limits="9.01 s; shorter is repeated, longer is heard in windows; under 0.25 s undefined",
        warning=proxies.PROXY_WARNING,
        default=True,
        about=f"{about} of noisy and denoised speech (DNS Challenge), not of synthetic speech",
        tolerances=tolerances,
    )


def _transcript(
    name: str,
    title: str,
    columns: str,
    tolerances: Tolerances,
    *,
    measure: Measure,
    of_transcripts: Callable[..., Score],
) -> SpeechMetric:
    return SpeechMetric(
        measure=measure,
        of_transcripts=of_transcripts,
        default=True,
        reads="sound",
        name=name,
        title=title,
        unit="percent, 0 or more",
        direction="lower",
        needs=("text",),
        aggregate="error_rate",
        columns=columns,
        extra="eval",
        licence="MIT (faster-whisper, Whisper), Apache-2.0 (jiwer)",
        package="faster-whisper",
        sample_rate=16_000,
        limits="any; heard in windows of 30 s",
        about="transcribing recordings of people; English",
        tolerances=tolerances,
    )


def _compared(
    name: str,
    title: str,
    unit: str,
    aggregate: str,
    columns: str,
    about: str,
    tolerances: Tolerances,
    *,
    measure: Measure,
) -> SpeechMetric:
    return SpeechMetric(
        measure=measure,
        reads="sound",
        name=name,
        title=title,
        unit=unit,
        direction="lower",
        needs=("reference",),
        aggregate=aggregate,
        columns=columns,
        extra="eval",
        licence=f"{_OURS} (ours), ISC (librosa)",
        package="librosa",
        sample_rate=16_000,
        default=True,
        limits="up to 60 s; longer undefined",
        about=about,
        tolerances=tolerances,
    )


def _copied(
    name: str,
    title: str,
    unit: str,
    package: str,
    licence: str,
    length: str,
    about: str,
    tolerances: Tolerances,
    *,
    measure: Measure,
) -> SpeechMetric:
    return SpeechMetric(
        measure=measure,
        reads="sound",
        name=name,
        title=title,
        unit=unit,
        direction="higher",
        needs=("reference",),
        aggregate="ratio",
        columns="the clip's figure, 1",
        extra="pesq" if package == "pesq" else "eval",
        licence=licence,
        package=package,
        sample_rate=16_000,
        limits=length,
        about=about,
        tolerances=tolerances,
    )


def _described(
    name: str,
    title: str,
    unit: str,
    columns: str,
    about: str,
    tolerances: Tolerances,
    *,
    measure: Measure,
    direction: Direction = "neither",
    needs: tuple[Need, ...] = (),
    aggregate: str = "ratio",
    package: str = "",
) -> SpeechMetric:
    return SpeechMetric(
        measure=measure,
        reads="sound",
        name=name,
        title=title,
        unit=unit,
        direction=direction,
        needs=needs,
        aggregate=aggregate,
        columns=columns,
        extra="eval" if package else "",
        licence="ISC (librosa)" if package else _OURS,
        package=package,
        sample_rate=16_000 if package else None,
        default=True,
        limits="any",
        about=about,
        tolerances=tolerances,
    )


_EACH = "the clip's figure, 1"

TABLE: tuple[SpeechMetric, ...] = (
    _dnsmos(
        "dnsmos_sig",
        "DNSMOS P.835, speech",
        "opinions on the speech",
        Tolerances(0.005, 0.1, 0.15),
        measure=lambda item: (item.dnsmos.sig, 1.0),
    ),
    _dnsmos(
        "dnsmos_bak",
        "DNSMOS P.835, background",
        "opinions on the background",
        Tolerances(0.005, 0.1, 0.15),
        measure=lambda item: (item.dnsmos.bak, 1.0),
    ),
    _dnsmos(
        "dnsmos_ovrl",
        "DNSMOS P.835, overall",
        "opinions on the whole",
        Tolerances(0.005, 0.1, 0.15),
        measure=lambda item: (item.dnsmos.ovrl, 1.0),
    ),
    _dnsmos(
        "dnsmos_p808",
        "DNSMOS P.808",
        "opinions by ITU-T P.808",
        Tolerances(0.005, 0.05, 0.005),
        measure=lambda item: (item.dnsmos.p808, 1.0),
    ),
    SpeechMetric(
        reads="sound",
        warning=proxies.PROXY_WARNING,
        name="distillmos",
        title="Distill-MOS",
        unit="1 to 5",
        direction="higher",
        aggregate="ratio",
        columns=_EACH,
        extra="mos",
        licence="MIT, code and network",
        package="distillmos",
        sample_rate=16_000,
        limits="7.68 s; shorter is followed by silence, longer is heard in windows; under 0.25 s undefined",
        about="what a larger network (on XLS-R) says of speech quality; nothing says it knows synthetic speech",
        tolerances=Tolerances(0.005, 0.1, 0.005),
        default=False,
        measure=lambda item: (proxies.distillmos(item.clip.speech), 1.0),
    ),
    _transcript(
        "wer",
        "Word error rate",
        "hits, substitutions, deletions, insertions: words",
        Tolerances(0.0, 0.0, 0.0),
        measure=lambda item: word_errors(item.text, item.transcript),
        of_transcripts=word_error_rate,
    ),
    _transcript(
        "cer",
        "Character error rate",
        "hits, substitutions, deletions, insertions: characters",
        Tolerances(0.0, 0.0, 0.0),
        measure=lambda item: character_errors(item.text, item.transcript),
        of_transcripts=character_error_rate,
    ),
    _compared(
        "mcd",
        "Mel-cepstral distortion",
        "dB, 0 or more",
        "ratio",
        _EACH,
        "spectra of the same words by the same voice",
        Tolerances(0.005, 0.02, 0.005),
        measure=lambda item: (float(item.alignment.distortion.mean()), 1.0),
    ),
    _compared(
        "lsd",
        "Log-spectral distance, speaker-independent",
        "dB, 0 or more",
        "ratio",
        _EACH,
        "spectra of the same words by any voice",
        Tolerances(0.005, 0.02, 0.005),
        measure=log_spectral,
    ),
    _compared(
        "f0_rmse_hz",
        "F0 RMSE",
        "Hz, 0 or more",
        "root",
        "sum of squared differences, frames that both voice",
        "the melody, of voices of the same pitch",
        Tolerances(0.05, 0.2, 0.05),
        measure=lambda item: f0_rmse(item, lambda one, other: one - other),
    ),
    _compared(
        "f0_rmse_cents",
        "F0 RMSE",
        "cents, 0 or more",
        "root",
        "sum of squared differences, frames that both voice",
        "the melody, of any voice",
        Tolerances(0.5, 1.0, 0.5),
        measure=lambda item: f0_rmse(item, lambda one, other: 1200.0 * np.log2(one / other)),
    ),
    _compared(
        "vuv_error",
        "V/UV error",
        "percent, 0 to 100",
        "percent",
        "frames that only one voices, frames",
        "what is voiced and what is not",
        Tolerances(0.1, 0.5, 0.1),
        measure=vuv_error,
    ),
    _copied(
        "stoi",
        "STOI",
        "0 to 1",
        "pystoi",
        "MIT",
        "0.4 s or more of sound; less undefined",
        "noisy and denoised copies of a recording; not another reading",
        Tolerances(0.001, 0.001, 0.001),
        measure=lambda item: (copies.stoi(item.reference, item.clip), 1.0),
    ),
    _copied(
        "pesq",
        "PESQ, wideband",
        "MOS-LQO, 1.04 to 4.64",
        "pesq",
        "MIT (wrapper); the ITU's code inside has terms of its own",
        "8 to 30 s; shorter is measured all the same",
        "coded and transmitted copies of a recording; not another reading",
        Tolerances(0.01, 0.01, 0.01),
        measure=lambda item: (copies.pesq(item.reference, item.clip), 1.0),
    ),
    _described(
        "duration",
        "Duration",
        "seconds",
        _EACH,
        "the clip, its silence included",
        Tolerances(None, 0.001, 0.0),
        measure=lambda item: (item.clip.audio.seconds, 1.0),
    ),
    _described(
        "speaking_rate",
        "Speaking rate",
        "syllables a second",
        "syllables, seconds from the first sound to the last",
        "pauses included",
        Tolerances(0.001, 0.01, 0.0),
        needs=("text",),
        measure=lambda item: (float(item.pace.n_syllables), item.pace.speaking_seconds),
    ),
    _described(
        "articulation_rate",
        "Articulation rate",
        "syllables a second",
        "syllables, seconds from the first sound to the last less the pauses",
        "pauses left out",
        Tolerances(0.001, 0.01, 0.0),
        needs=("text",),
        measure=lambda item: (float(item.pace.n_syllables), item.pace.articulation_seconds),
    ),
    _described(
        "pause_count",
        "Pauses",
        "pauses a clip",
        "pauses, 1",
        "silences of 0.25 s and more inside the speech",
        Tolerances(0.0, 0.0, 0.0),
        measure=lambda item: (float(len(item.clip.pauses)), 1.0),
    ),
    _described(
        "pause_seconds",
        "Mean pause",
        "seconds",
        "seconds of pauses, pauses",
        "one without pauses weighs nothing",
        Tolerances(0.001, 0.01, 0.0),
        measure=lambda item: (sum(item.clip.pauses), float(len(item.clip.pauses))),
    ),
    _described(
        "pause_share",
        "Share of pauses",
        "percent, 0 to 100",
        "seconds of pauses, seconds from the first sound to the last",
        "of the time from the first sound to the last",
        Tolerances(0.01, 0.1, 0.0),
        aggregate="percent",
        measure=lambda item: (sum(item.clip.pauses), item.clip.speaking_seconds),
    ),
    _described(
        "f0_median",
        "Median F0",
        "Hz",
        _EACH,
        "mean over clips of each one's median",
        Tolerances(0.1, 0.5, 0.1),
        package="librosa",
        measure=lambda item: (float(np.median(item.voiced)), 1.0),
    ),
    _described(
        "f0_range",
        "F0 range",
        "semitones",
        _EACH,
        "from the 5th to the 95th percentile of voiced frames",
        Tolerances(0.02, 0.1, 0.02),
        package="librosa",
        measure=f0_range,
    ),
    _described(
        "loudness",
        "Loudness",
        "LUFS",
        _EACH,
        "integrated, ITU-R BS.1770-4, both gates",
        Tolerances(0.3, 0.5, None),
        measure=loudness,
    ),
    _described(
        "clipping",
        "Clipping",
        "percent, 0 to 100",
        "clipped samples, samples",
        "two or more neighbours at full scale",
        Tolerances(0.0, 0.0, None),
        direction="lower",
        aggregate="percent",
        measure=clipping,
    ),
    _described(
        "leading_silence",
        "Leading silence",
        "seconds",
        _EACH,
        "before the first frame less than 40 dB under the loudest",
        Tolerances(None, 0.005, 0.0),
        direction="lower",
        measure=lambda item: (item.clip.leading_seconds, 1.0),
    ),
    _described(
        "trailing_silence",
        "Trailing silence",
        "seconds",
        _EACH,
        "after the last such frame",
        Tolerances(None, 0.005, 0.0),
        direction="lower",
        measure=lambda item: (item.clip.trailing_seconds, 1.0),
    ),
    _described(
        "rtf",
        "Real-time factor",
        "seconds of work for a second of sound",
        "seconds of work, seconds of sound",
        "below 1 is faster than speaking; from the times given",
        Tolerances(None, 0.001, 0.0),
        direction="lower",
        needs=("seconds",),
        measure=lambda item: (item.times.seconds, item.clip.audio.seconds),
    ),
    _described(
        "first_audio",
        "Time to first audio",
        "seconds",
        _EACH,
        "from the times given",
        Tolerances(0.0, 0.0, 0.0),
        direction="lower",
        needs=("seconds",),
        measure=first_audio,
    ),
)

SPEECH_METRICS: Mapping[str, SpeechMetric] = MappingProxyType({metric.name: metric for metric in TABLE})
# Those of the [eval] extra that fit any voice. STOI and PESQ are for copies of a recording, Distill-MOS needs torch.
DEFAULT_SPEECH_METRICS: tuple[str, ...] = tuple(metric.name for metric in TABLE if metric.default)


def list_speech_metrics() -> tuple[SpeechMetric, ...]:
    """Return all speech metrics, in the order in which reports show them.

    Example:
        >>> list_speech_metrics()[0].name
        'dnsmos_sig'
    """
    return TABLE


def get_speech_metric(name: str) -> SpeechMetric:
    """Return the metric of that name.

    Raises:
        UnknownNameError: there is none; the message lists the names.
    """
    try:
        return SPEECH_METRICS[name]
    except KeyError:
        raise UnknownNameError(
            f"No speech metric is called {name!r}; choose from: {', '.join(SPEECH_METRICS)}."
        ) from None
