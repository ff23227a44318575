"""score_speech: its table, its rows, and what it says of clips that define no figure."""

from __future__ import annotations

import logging
import subprocess
import sys

import numpy as np
import pytest

from eval.aggregates import AGGREGATES, aggregate
from eval.errors import EmptyReferenceError, MismatchedItemsError, TooFewItemsError, UnknownNameError
from eval.speech import (
    DEFAULT_SPEECH_METRICS,
    SPEECH_METRICS,
    SpeechScore,
    SpeechTimes,
    character_error_rate,
    list_speech_metrics,
    score_speech,
    word_error_rate,
)
from eval.speech.normalizer import spoken_words
from speech.audio import Audio, join, silence

RATE = 16_000


def buzz(seconds: float = 1.0, hertz: float = 123.0) -> Audio:
    times = np.arange(round(seconds * RATE)) / RATE
    return Audio((0.2 * sum(np.sin(2 * np.pi * k * hertz * times) / k for k in range(1, 20))).astype(np.float32), RATE)


def test_every_metric_of_the_table_is_measured_and_explained() -> None:
    assert list(SPEECH_METRICS) == [metric.name for metric in list_speech_metrics()]
    for metric in list_speech_metrics():
        assert metric.aggregate in AGGREGATES
        assert callable(metric.measure)
        assert all((metric.title, metric.unit, metric.licence, metric.limits, metric.about, metric.columns))
    assert not {"stoi", "pesq", "distillmos"} & set(DEFAULT_SPEECH_METRICS)


def test_figures_follow_from_the_statistics() -> None:
    clips = {"a": buzz(), "b": join([buzz(2, 160.0), silence(0.5, RATE), buzz(1, 160.0)])}
    texts = {"a": "one two", "b": "A little dog."}
    seconds = {"a": SpeechTimes(0.5, 0.1), "b": SpeechTimes(1.75)}
    names = [
        "duration",
        "speaking_rate",
        "pause_count",
        "pause_seconds",
        "pause_share",
        "f0_median",
        "rtf",
        "first_audio",
    ]
    scores = {score.name: score for score in score_speech(clips, texts, names, seconds=seconds)}
    assert list(scores) == names
    for score in scores.values():
        assert isinstance(score, SpeechScore)
        assert score.ids == ("a", "b")
        assert score.value == aggregate(score.aggregate, score.stats)
        assert score.signature.startswith(score.name + "|")
    assert scores["duration"].value == pytest.approx(2.25)
    assert scores["speaking_rate"].value == pytest.approx((2 + 4) / 4.5, rel=0.01)
    assert scores["pause_count"].value == 0.5
    assert scores["pause_seconds"].value == pytest.approx(0.5, abs=0.02)
    assert scores["pause_share"].value == pytest.approx(100 * 0.5 / 4.5, rel=0.03)
    assert scores["f0_median"].value == pytest.approx((123 + 160) / 2, rel=0.01)
    assert scores["rtf"].value == pytest.approx(2.25 / 4.5)
    assert scores["first_audio"].value == 0.1
    assert scores["first_audio"].undefined == {"b": "no time to its first piece is given"}
    assert not scores["rtf"].undefined


def test_a_clip_without_a_figure_is_named_and_weighs_nothing() -> None:
    clips = {"voice": buzz(), "nothing": silence(1, RATE), "empty": silence(0, RATE)}
    for score in score_speech(clips, metrics=["f0_median", "f0_range", "loudness", "dnsmos_ovrl", "pause_share"]):
        assert isinstance(score, SpeechScore)
        assert set(score.undefined) == {"nothing", "empty"}, score.name
        assert score.ids == tuple(clips)
        np.testing.assert_array_equal(score.stats[1:], 0)
        assert score.value == pytest.approx(aggregate(score.aggregate, score.stats[:1]))


def test_a_named_metric_that_no_clip_defines_is_an_error() -> None:
    with pytest.raises(TooFewItemsError, match=r"f0_median.*a: the clip is silent"):
        score_speech({"a": silence(1, RATE)}, metrics=["f0_median"])
    with pytest.raises(TooFewItemsError, match=r"pause_seconds.*is 0 in all"):
        score_speech({"a": buzz()}, metrics=["pause_seconds"])


def test_an_unnamed_metric_that_no_clip_defines_is_left_out_aloud(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        names = [score.name for score in score_speech({"a": silence(1, RATE)})]
    assert names == ["duration", "clipping"]
    assert "f0_median" in caplog.text


def test_defaults_are_what_can_be_computed_of_what_is_given() -> None:
    clips, texts = {"a": buzz()}, {"a": "buzz"}
    names = {score.name for score in score_speech(clips, texts)}
    assert {"wer", "cer", "speaking_rate", "dnsmos_sig", "loudness"} <= names
    assert not {"mcd", "rtf", "stoi", "distillmos"} & names


def test_a_clip_compared_with_itself() -> None:
    clips = {"a": join([buzz(1, 120), buzz(1, 180)])}
    names = ["mcd", "lsd", "f0_rmse_hz", "f0_rmse_cents", "vuv_error", "stoi", "pesq"]
    found = {score.name: score.value for score in score_speech(clips, metrics=names, references=clips)}
    assert [found[name] for name in names[:5]] == [0.0] * 5
    assert found["stoi"] == pytest.approx(1.0)
    assert found["pesq"] == pytest.approx(4.64, abs=0.01)


def test_f0_error_of_a_known_shift() -> None:
    names = ["f0_rmse_hz", "f0_rmse_cents"]
    hertz, cents = score_speech({"a": buzz(1, 132)}, metrics=names, references={"a": buzz(1, 120)})
    assert hertz.value == pytest.approx(12, rel=0.05)
    assert cents.value == pytest.approx(1200 * np.log2(1.1), rel=0.05)
    assert hertz.aggregate == "root"


def test_long_clips_are_not_compared() -> None:
    clips = {"a": Audio(np.tile(buzz(1).samples, 61), RATE)}
    with pytest.raises(TooFewItemsError, match="61 seconds"):
        score_speech(clips, metrics=["mcd"], references=clips)


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        ({"metrics": ["mos"]}, UnknownNameError, "'mos'.*dnsmos_sig"),
        ({"metrics": ["wer"]}, EmptyReferenceError, "wer needs texts"),
        ({"metrics": ["mcd"]}, EmptyReferenceError, "mcd needs references"),
        ({"metrics": ["rtf"]}, EmptyReferenceError, "rtf needs seconds"),
        ({"texts": {"b": "x"}, "metrics": ["duration"]}, MismatchedItemsError, "no text: a"),
        ({"texts": {"a": "x", "b": "x"}, "metrics": ["duration"]}, MismatchedItemsError, "but no clip: b"),
        ({"texts": {"a": "..."}, "metrics": ["wer"]}, EmptyReferenceError, "no word"),
        ({"metrics": "wer"}, TypeError, "list of names"),
    ],
)
def test_what_does_not_fit_is_refused(arguments: dict[str, object], error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        score_speech({"a": silence(1, RATE)}, **arguments)  # type: ignore[arg-type]


def test_no_clips_are_refused() -> None:
    with pytest.raises(TooFewItemsError, match="no clip"):
        score_speech({})


@pytest.mark.parametrize("times", [(-1.0, None), (1.0, 2.0), (float("nan"), None), (1.0, -1.0)])
def test_impossible_times_are_refused(times: tuple[float, float | None]) -> None:
    with pytest.raises(ValueError, match="0 or more"):
        SpeechTimes(*times)


def test_error_rates_are_those_of_the_functions() -> None:
    clips = {"a": silence(1, RATE), "b": silence(1, RATE)}
    texts = {"a": "a dog", "b": "two cats"}
    wer, cer = score_speech(clips, texts, ["wer", "cer"])  # nothing is heard: everything is deleted
    np.testing.assert_array_equal(wer.stats, word_error_rate(list(texts.values()), ["", ""]).stats)
    np.testing.assert_array_equal(cer.stats, character_error_rate(list(texts.values()), ["", ""]).stats)
    assert wer.value == cer.value == 100.0
    assert "model:tiny.en|normalizer:spoken_words" in wer.signature


def test_characters_are_counted_with_their_spaces() -> None:
    score = character_error_rate(["It's a dog"], ["it is a dig"])
    np.testing.assert_array_equal(score.stats, [[10, 1, 0, 0]])
    assert score.signature.startswith("CER|")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("$5, £1 and €2.50", "five dollars one pound and two point five zero euros"),
        ("$3 million", "three million dollars"),
        ("travelled, coloured, organising", "traveled colored organizing"),
        ("theatres centred on metres", "theaters centered on meters"),
        ("Mr. Smith and Dr Jones", "mister smith and doctor jones"),
    ],
)
def test_money_spelling_and_titles_are_equal(one: str, other: str) -> None:
    assert spoken_words(one) == spoken_words(other)


@pytest.mark.parametrize("word", ["our", "four", "flour", "hour", "wise", "rise", "fire", "more", "called", "filling"])
def test_words_that_only_end_like_british_ones_stay(word: str) -> None:
    assert spoken_words(word) == [word]


def test_importing_loads_nothing_heavy() -> None:
    heavy = "{'librosa', 'torch', 'onnxruntime', 'faster_whisper', 'scipy', 'jiwer', 'pystoi'}"
    code = f"import sys, eval.speech; sys.exit(str({heavy} & set(sys.modules)) if {heavy} & set(sys.modules) else 0)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
