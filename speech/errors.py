"""What can go wrong while speaking.

    SpeechError
    ├── UnknownVoiceError   no voice of that name; the message lists the names
    ├── EmptyTextError      nothing in the text can be spoken
    ├── AudioError          a sound file cannot be read, or samples are not what they should be
    │   └── AudioWriteError a sound file cannot be written: format, folder, rights, space
    ├── MissingExtraError   an optional package is not installed; the message has the pip line
    └── WeightsError        the voice's files are missing or damaged

Every message says what was found, what was expected and what to do.
"""


class SpeechError(Exception):
    """Base of every error that a user of `speech` can cause."""


class UnknownVoiceError(SpeechError):
    """No voice has that name."""


class EmptyTextError(SpeechError):
    """Nothing in the text can be spoken."""


class AudioError(SpeechError):
    """A sound file cannot be read, or samples are not what they should be."""


class AudioWriteError(AudioError):
    """A sound file cannot be written."""


class MissingExtraError(SpeechError):
    """An optional package is not installed."""


class WeightsError(SpeechError):
    """The voice's files are missing or damaged."""
