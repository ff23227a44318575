"""Sound to text, and what else can be heard in it.

    load_recognizer     a speech recognizer by name; its transcripts have times
    find_sound          where there is sound; find_pauses: the silences in between
    measure_pitch       the fundamental frequency every 10 ms
    measure_pace        syllables a second; count_syllables: of a text

`find_sound` and `find_pauses` know only loud and quiet; the others are made for speech. Importing this package loads no
model and needs no extra. Recognition and pitch need one: the error says which.
"""

from speech.hearing.pace import Pace, count_syllables, measure_pace
from speech.hearing.pauses import Interval, find_pauses, find_sound, sound_mask
from speech.hearing.pitch import PitchContour, measure_pitch
from speech.hearing.recognizer import Recognizer, Segment, Transcript, load_recognizer

__all__ = [
    "Interval",
    "Pace",
    "PitchContour",
    "Recognizer",
    "Segment",
    "Transcript",
    "count_syllables",
    "find_pauses",
    "find_sound",
    "load_recognizer",
    "measure_pace",
    "measure_pitch",
    "sound_mask",
]
