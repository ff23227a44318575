"""Vocoders: mel spectrogram to sound. `load_voice(..., vocoder=NAME)` gives one to a voice that makes spectrograms."""

from speech.vocoders.mel import MelFormat, log_mel
from speech.vocoders.vocoder import (
    Vocoder,
    VocoderFamily,
    copy_synthesis,
    list_vocoders,
    load_fitting_vocoder,
    load_vocoder,
)

__all__ = [
    "MelFormat",
    "Vocoder",
    "VocoderFamily",
    "copy_synthesis",
    "list_vocoders",
    "load_fitting_vocoder",
    "load_vocoder",
    "log_mel",
]
