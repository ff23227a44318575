"""What can go wrong while speaking and hearing.

    SpeechError
    ├── UnknownVoiceError       no voice or vocoder of that name; the message lists the names
    ├── UnknownRecognizerError  no recognizer of that name; the message lists the names
    ├── VoiceOptionError        the voice has no such language or speaker, or the vocoder does not fit it
    ├── EmptyTextError          nothing in the text can be spoken
    ├── AudioError              a sound file cannot be read, or samples are not what they should be
    │   └── AudioWriteError     a sound file cannot be written: format, folder, rights, space
    └── WeightsError            the files of a voice or a recognizer are missing or damaged

There are also `MissingExtraError` and `DeviceError` of `lookaloud.ground.errors`.

Every message says what was found, what was expected and what to do.
"""


class SpeechError(Exception):
    """Base of every error that a user of `speech` can cause."""


class UnknownVoiceError(SpeechError):
    """No voice or vocoder has that name."""


class UnknownRecognizerError(SpeechError):
    """No recognizer has that name."""


class VoiceOptionError(SpeechError):
    """The voice has no such language or speaker, or the vocoder does not fit it."""


class EmptyTextError(SpeechError):
    """Nothing in the text can be spoken."""


class AudioError(SpeechError):
    """A sound file cannot be read, or samples are not what they should be."""


class AudioWriteError(AudioError):
    """A sound file cannot be written."""


class WeightsError(SpeechError):
    """The files of a voice or a recognizer are missing or damaged."""
