"""How good synthetic speech is: networks' guesses, what a recognizer understands, and what the signal shows.

    score_speech                   every metric by its name, see list_speech_metrics()
    inspect_speech                 what about a clip makes its figures doubtful
    word_error_rate                how far what a recognizer heard is from the text
    make_listening_test            a test in which people rate; analyse_listening_test: what came of it

Importing this package loads no model and needs no extra; computing does.
"""

from eval.speech.api import SpeechScore, score_speech
from eval.speech.clips import inspect_speech
from eval.speech.intelligibility import character_error_rate, word_error_rate
from eval.speech.items import SpeechTimes
from eval.speech.listening import ListeningTest, make_listening_test, mnru
from eval.speech.listening_results import ListeningResult, SystemOpinion, analyse_listening_test
from eval.speech.metrics import (
    DEFAULT_SPEECH_METRICS,
    SPEECH_METRICS,
    SpeechMetric,
    get_speech_metric,
    list_speech_metrics,
)
from eval.speech.proxies import PROXY_WARNING

__all__ = [
    "DEFAULT_SPEECH_METRICS",
    "PROXY_WARNING",
    "SPEECH_METRICS",
    "ListeningResult",
    "ListeningTest",
    "SpeechMetric",
    "SpeechScore",
    "SpeechTimes",
    "SystemOpinion",
    "analyse_listening_test",
    "character_error_rate",
    "get_speech_metric",
    "inspect_speech",
    "list_speech_metrics",
    "make_listening_test",
    "mnru",
    "score_speech",
    "word_error_rate",
]
