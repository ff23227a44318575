"""Words as they are said, word error rate, and the real Whisper listening to the real built-in voice."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from hibari import Hibari

from eval.errors import EmptyReferenceError, MismatchedItemsError
from eval.speech.intelligibility import wer_from_stats, word_error_rate
from eval.speech.normalizer import spoken_words
from lookaloud.ground.errors import MissingExtraError
from speech.audio import Audio
from speech.hearing import load_recognizer

SMALL = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")


def british_words(number: int) -> str:
    hundreds, rest = divmod(number, 100)
    tail = SMALL[rest] if rest < 20 else TENS[rest // 10] + (f"-{SMALL[rest % 10]}" if rest % 10 else "")
    if not hundreds:
        return tail
    return f"{SMALL[hundreds]} hundred" + (f" and {tail}" if rest else "")


def test_digits_and_words_are_equal_from_0_to_999() -> None:
    for number in range(1000):
        words = spoken_words(f"There are {number}.")
        assert words == spoken_words(f"there are {british_words(number)}")
        assert not any(char.isdigit() for word in words for char in word)
    assert len({" ".join(spoken_words(str(number))) for number in range(1000)}) == 1000


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("A dog, running!", "a dog running"),
        ("It's a dog.", "it is a dog"),
        ("It’s the dog’s ball", "It is the dogs ball"),
        ("They don't; we won't; I can't.", "they do not we will not i cannot"),
        (
            "I'm here, they're there, we've been, he'll go, she'd go",
            "i am here they are there we have been he will go she would go",
        ),
        ("a grey theatre", "a gray theater"),
        ("Multicoloured tyres, two storeys", "multicolored tires two stories"),
        ("a T-shirt", "a T shirt"),
        ("100 people and 1,200 birds", "a hundred people and one thousand two hundred birds"),
        ("a thousand and one", "1001"),
        ("2.5 metres", "two point five meters"),
        (
            "the 1st, 2nd, 3rd, 12th, 20th and 101st",
            "the first second third twelfth twentieth and one hundred and first",
        ),
        ("007", "zero zero seven"),
        ("50% of salt & pepper", "fifty percent of salt and pepper"),
        ("3-year-old", "three year old"),
        ("", "…"),
    ],
)
def test_spoken_words_are_equal(one: str, other: str) -> None:
    assert spoken_words(one) == spoken_words(other)


@pytest.mark.parametrize(("one", "other"), [("a dog", "a cat"), ("12", "1 2 0"), ("a hundred men", "hundred men")])
def test_spoken_words_stay_different(one: str, other: str) -> None:
    assert spoken_words(one) != spoken_words(other)


def test_and_is_kept_where_it_joins_no_number() -> None:
    assert spoken_words("a hundred dogs and five cats") == ["one", "hundred", "dogs", "and", "five", "cats"]


def test_word_error_rate_sums_over_the_items() -> None:
    score = word_error_rate(["Two dogs run.", "a b c d e", "x"], ["2 dogs ran", "a c d e f", ""], ids=["p", "q", "r"])
    assert score.ids == ("p", "q", "r")
    np.testing.assert_array_equal(score.stats.sum(axis=1), [3, 6, 1])  # q: b is missing, f is too much
    np.testing.assert_array_equal(score.stats[2], [0, 0, 1, 0])
    assert score.value == pytest.approx(100 * 4 / 9)
    assert score.value == wer_from_stats(score.stats)
    assert score.direction == "lower"
    assert score.signature.startswith("WER|normalizer:spoken_words-2|items:3|")


def test_word_error_rate_may_pass_100() -> None:
    assert word_error_rate(["a"], ["b c d"]).value == 300.0


def test_word_error_rate_refuses_what_cannot_be_compared() -> None:
    with pytest.raises(MismatchedItemsError, match="2 references, 1 hypotheses and 2 ids"):
        word_error_rate(["a", "b"], ["a"])
    with pytest.raises(MismatchedItemsError, match="1 references, 1 hypotheses and 2 ids"):
        word_error_rate(["a"], ["a"], ids=["1", "2"])
    with pytest.raises(EmptyReferenceError, match="no word"):
        word_error_rate(["", "..."], ["a", "b"])
    with pytest.raises(EmptyReferenceError, match="no word"):
        word_error_rate([], [])
    with pytest.raises(TypeError, match="lists of texts"):
        word_error_rate("a dog", "a dog")


def test_whisper_understands_the_built_in_voice() -> None:
    sentence = "A brown dog runs through the green grass with a red ball."
    audio = Audio(np.asarray(Hibari()(sentence, seed=0), dtype=np.float32), 24_000)
    assert word_error_rate([sentence], [load_recognizer().transcribe(audio).text]).value == 0.0


def test_missing_jiwer_has_the_pip_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jiwer", None)
    with pytest.raises(MissingExtraError, match=r'jiwer.*pip install "lookaloud\[eval\]"'):
        word_error_rate(["a"], ["a"])
