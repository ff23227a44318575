"""The rows of `eval.speech.metrics`: facts about each metric, and nothing that computes."""

from __future__ import annotations

from eval.score import Direction
from eval.speech.metric import Need, SpeechMetric, Tolerances

_OURS = "Apache-2.0"


def _dnsmos(name: str, title: str, about: str, tolerances: Tolerances) -> SpeechMetric:
    return SpeechMetric(
        name=name,
        title=title,
        unit="1 to 5",
        direction="higher",
        needs="audio",
        aggregate="ratio",
        columns="the clip's figure, 1",
        extra="eval",
        licence="MIT, code and networks",
        package="speechmos",
        sample_rate=16_000,
        valid_length="9.01 s; shorter is repeated, longer is heard in windows; under 0.25 s undefined",
        trained_for=f"{about} of noisy and denoised speech (DNS Challenge), not of synthetic speech",
        tolerances=tolerances,
    )


def _transcript(name: str, title: str, columns: str, tolerances: Tolerances) -> SpeechMetric:
    return SpeechMetric(
        name=name,
        title=title,
        unit="percent, 0 or more",
        direction="lower",
        needs="text",
        aggregate="error_rate",
        columns=columns,
        extra="eval",
        licence="MIT (faster-whisper, Whisper), Apache-2.0 (jiwer)",
        package="faster-whisper",
        sample_rate=16_000,
        valid_length="any; heard in windows of 30 s",
        trained_for="transcribing recordings of people; English",
        tolerances=tolerances,
    )


def _compared(
    name: str, title: str, unit: str, aggregate: str, columns: str, about: str, tolerances: Tolerances
) -> SpeechMetric:
    return SpeechMetric(
        name=name,
        title=title,
        unit=unit,
        direction="lower",
        needs="reference",
        aggregate=aggregate,
        columns=columns,
        extra="eval",
        licence=f"{_OURS} (ours), ISC (librosa)",
        package="librosa",
        sample_rate=16_000,
        valid_length="up to 60 s; longer undefined",
        trained_for=about,
        tolerances=tolerances,
    )


def _copied(
    name: str, title: str, unit: str, package: str, licence: str, length: str, about: str, tolerances: Tolerances
) -> SpeechMetric:
    return SpeechMetric(
        name=name,
        title=title,
        unit=unit,
        direction="higher",
        needs="reference",
        aggregate="ratio",
        columns="the clip's figure, 1",
        extra="pesq" if package == "pesq" else "eval",
        licence=licence,
        package=package,
        sample_rate=16_000,
        valid_length=length,
        trained_for=about,
        tolerances=tolerances,
        default=False,
    )


def _described(
    name: str,
    title: str,
    unit: str,
    columns: str,
    about: str,
    tolerances: Tolerances,
    *,
    direction: Direction = "neither",
    needs: Need = "audio",
    aggregate: str = "ratio",
    package: str = "",
) -> SpeechMetric:
    return SpeechMetric(
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
        valid_length="any",
        trained_for=about,
        tolerances=tolerances,
    )


_EACH = "the clip's figure, 1"

TABLE: tuple[SpeechMetric, ...] = (
    _dnsmos("dnsmos_sig", "DNSMOS P.835, speech", "opinions on the speech", Tolerances(0.005, 0.1, 0.15)),
    _dnsmos("dnsmos_bak", "DNSMOS P.835, background", "opinions on the background", Tolerances(0.005, 0.1, 0.15)),
    _dnsmos("dnsmos_ovrl", "DNSMOS P.835, overall", "opinions on the whole", Tolerances(0.005, 0.1, 0.15)),
    _dnsmos("dnsmos_p808", "DNSMOS P.808", "opinions by ITU-T P.808", Tolerances(0.005, 0.05, 0.005)),
    SpeechMetric(
        name="distillmos",
        title="Distill-MOS",
        unit="1 to 5",
        direction="higher",
        needs="audio",
        aggregate="ratio",
        columns=_EACH,
        extra="mos",
        licence="MIT, code and network",
        package="distillmos",
        sample_rate=16_000,
        valid_length="7.68 s; shorter is followed by silence, longer is heard in windows; under 0.25 s undefined",
        trained_for="what a larger network (on XLS-R) says of speech quality; nothing says it knows synthetic speech",
        tolerances=Tolerances(0.005, 0.1, 0.005),
        default=False,
    ),
    _transcript(
        "wer", "Word error rate", "hits, substitutions, deletions, insertions: words", Tolerances(0.0, 0.0, 0.0)
    ),
    _transcript(
        "cer",
        "Character error rate",
        "hits, substitutions, deletions, insertions: characters",
        Tolerances(0.0, 0.0, 0.0),
    ),
    _compared(
        "mcd",
        "Mel-cepstral distortion",
        "dB, 0 or more",
        "ratio",
        _EACH,
        "spectra of the same words by the same voice",
        Tolerances(0.005, 0.02, 0.005),
    ),
    _compared(
        "lsd",
        "Log-spectral distance, speaker-independent",
        "dB, 0 or more",
        "ratio",
        _EACH,
        "spectra of the same words by any voice",
        Tolerances(0.005, 0.02, 0.005),
    ),
    _compared(
        "f0_rmse_hz",
        "F0 RMSE",
        "Hz, 0 or more",
        "root",
        "sum of squared differences, frames that both voice",
        "the melody, of voices of the same pitch",
        Tolerances(0.05, 0.2, 0.05),
    ),
    _compared(
        "f0_rmse_cents",
        "F0 RMSE",
        "cents, 0 or more",
        "root",
        "sum of squared differences, frames that both voice",
        "the melody, of any voice",
        Tolerances(0.5, 1.0, 0.5),
    ),
    _compared(
        "vuv_error",
        "V/UV error",
        "percent, 0 to 100",
        "percent",
        "frames that only one voices, frames",
        "what is voiced and what is not",
        Tolerances(0.1, 0.5, 0.1),
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
    ),
    _described(
        "duration", "Duration", "seconds", _EACH, "the clip, its silence included", Tolerances(None, 0.001, 0.0)
    ),
    _described(
        "speaking_rate",
        "Speaking rate",
        "syllables a second",
        "syllables, seconds from the first sound to the last",
        "pauses included",
        Tolerances(0.001, 0.01, 0.0),
        needs="text",
    ),
    _described(
        "articulation_rate",
        "Articulation rate",
        "syllables a second",
        "syllables, seconds from the first sound to the last less the pauses",
        "pauses left out",
        Tolerances(0.001, 0.01, 0.0),
        needs="text",
    ),
    _described(
        "pause_count",
        "Pauses",
        "pauses a clip",
        "pauses, 1",
        "silences of 0.25 s and more inside the speech",
        Tolerances(0.0, 0.0, 0.0),
    ),
    _described(
        "pause_seconds",
        "Mean pause",
        "seconds",
        "seconds of pauses, pauses",
        "one without pauses weighs nothing",
        Tolerances(0.001, 0.01, 0.0),
    ),
    _described(
        "pause_share",
        "Share of pauses",
        "percent, 0 to 100",
        "seconds of pauses, seconds from the first sound to the last",
        "of the time from the first sound to the last",
        Tolerances(0.01, 0.1, 0.0),
        aggregate="percent",
    ),
    _described(
        "f0_median",
        "Median F0",
        "Hz",
        _EACH,
        "mean over clips of each one's median",
        Tolerances(0.1, 0.5, 0.1),
        package="librosa",
    ),
    _described(
        "f0_range",
        "F0 range",
        "semitones",
        _EACH,
        "from the 5th to the 95th percentile of voiced frames",
        Tolerances(0.02, 0.1, 0.02),
        package="librosa",
    ),
    _described(
        "loudness", "Loudness", "LUFS", _EACH, "integrated, ITU-R BS.1770-4, both gates", Tolerances(0.3, 0.5, None)
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
    ),
    _described(
        "leading_silence",
        "Leading silence",
        "seconds",
        _EACH,
        "before the first frame less than 40 dB under the loudest",
        Tolerances(None, 0.005, 0.0),
        direction="lower",
    ),
    _described(
        "trailing_silence",
        "Trailing silence",
        "seconds",
        _EACH,
        "after the last such frame",
        Tolerances(None, 0.005, 0.0),
        direction="lower",
    ),
    _described(
        "rtf",
        "Real-time factor",
        "seconds of work for a second of sound",
        "seconds of work, seconds of sound",
        "below 1 is faster than speaking; from the times given",
        Tolerances(None, 0.001, 0.0),
        direction="lower",
        needs="seconds",
    ),
    _described(
        "first_audio",
        "Time to first audio",
        "seconds",
        _EACH,
        "from the times given",
        Tolerances(0.0, 0.0, 0.0),
        direction="lower",
        needs="seconds",
    ),
)
