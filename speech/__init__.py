"""Text to speech: `load_voice().speak("A dog.")` is an `Audio`; `write_audio` makes it a file.

Speech to text is in `speech.hearing`, text to spoken words in `speech.text`, vocoders in `speech.vocoders`.
"""

import os

from lookaloud.ground.errors import MissingExtraError
from speech.audio import (
    Audio,
    encode_audio,
    join,
    measure_loudness,
    normalise_loudness,
    read_audio,
    resample,
    silence,
    write_audio,
)
from speech.errors import (
    AudioError,
    AudioWriteError,
    EmptyTextError,
    SpeechError,
    UnknownVoiceError,
    VoiceOptionError,
    WeightsError,
)
from speech.registry import VoiceFamily, VoiceSpec, list_voice_families, list_voices, load_voice
from speech.voice import Voice

# Unless this is set before onnxruntime is imported, it makes an identifier of the computer, keeps events in
# ~/.cache/Microsoft and may send them. Users who want that can set it to 0.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

__all__ = [
    "Audio",
    "AudioError",
    "AudioWriteError",
    "EmptyTextError",
    "MissingExtraError",
    "SpeechError",
    "UnknownVoiceError",
    "Voice",
    "VoiceFamily",
    "VoiceOptionError",
    "VoiceSpec",
    "WeightsError",
    "encode_audio",
    "join",
    "list_voice_families",
    "list_voices",
    "load_voice",
    "measure_loudness",
    "normalise_loudness",
    "read_audio",
    "resample",
    "silence",
    "write_audio",
]
