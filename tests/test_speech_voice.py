"""Voices: the seam with a fake backend, the registry, and the real built-in voice."""

from __future__ import annotations

import subprocess
import sys
import urllib.request
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

import speech
from speech import (
    EmptyTextError,
    SpeechError,
    UnknownVoiceError,
    Voice,
    VoiceOptionError,
    VoiceSpec,
    WeightsError,
    list_voices,
    load_voice,
)
from speech.backends.hibari import HibariBackend, _runs
from speech.testing import FakeVoiceBackend

LONG = "A dog runs. A cat sleeps! Do two birds sing? " + "One more word, " * 30 + "the end."


def same(left: speech.Audio, right: speech.Audio) -> bool:
    return left.sample_rate == right.sample_rate and np.array_equal(left.samples, right.samples)


# --- Voice


def test_speak_is_join_of_stream_and_repeats() -> None:
    voice = Voice(FakeVoiceBackend())
    assert same(voice.speak(LONG), speech.join(voice.stream(LONG)))
    assert same(voice.speak(LONG), Voice(FakeVoiceBackend()).speak(LONG))


def test_first_sentence_is_ready_before_the_second_is_synthesised() -> None:
    backend = FakeVoiceBackend()
    sounds = Voice(backend).stream("A dog. A cat. A cow.")
    assert backend.sentences == []
    next(sounds)
    assert backend.sentences == ["A dog."]
    next(sounds)
    assert backend.sentences == ["A dog.", "A cat."]


def test_long_text_is_split_and_never_cut() -> None:
    backend = FakeVoiceBackend()
    Voice(backend).speak(LONG)
    assert " ".join(backend.sentences) == LONG
    assert len(backend.sentences) == 5


def test_pauses_stand_between_sentences_only() -> None:
    voice = Voice(FakeVoiceBackend())
    one, two = voice.speak("A dog."), voice.speak("A cat.")
    both = voice.speak("A dog. A cat.")
    assert both.seconds == pytest.approx(one.seconds + two.seconds + 0.4)
    fast = voice.speak("A dog. A cat.", rate=2.0)
    assert fast.seconds == pytest.approx(
        voice.speak("A dog.", rate=2).seconds + voice.speak("A cat.", rate=2).seconds + 0.2
    )
    for audio in (one, both):  # 100 ms of silence around the fake's tones; 30 and 60 ms of it are kept
        assert np.flatnonzero(np.abs(audio.samples) > 0.01)[0] / 16000 == pytest.approx(0.03, abs=0.01)


def test_words_are_made_speakable_for_english_only() -> None:
    english, french = FakeVoiceBackend(), FakeVoiceBackend(language="fr-FR")
    Voice(english).speak("#3 🐶")
    Voice(french).speak("#3 Œuf\x00")
    assert english.sentences == ["number three dog face."]
    assert french.sentences == ["#3 Œuf"]


@pytest.mark.parametrize("rate", [0.4, 2.1, float("nan"), -1])
def test_rate_out_of_range_is_refused_at_once(rate: float) -> None:
    with pytest.raises(ValueError, match=r"speaking rate is .*; give a number from 0.5 \(slow\) to 2.0 \(fast\)"):
        Voice(FakeVoiceBackend()).stream("A dog.", rate=rate)


@pytest.mark.parametrize("text", ["", "  \n ", "...", "?!", "\u200b", "“”"])
def test_nothing_to_speak(text: str) -> None:
    with pytest.raises(EmptyTextError, match="give at least one letter, digit or emoji"):
        Voice(FakeVoiceBackend()).stream(text)


def test_text_in_another_script_alone_is_refused_and_within_english_announced() -> None:
    backend = FakeVoiceBackend()
    with pytest.raises(EmptyTextError, match="has no Latin letters or digits; translate"):
        Voice(backend).speak("Привет, мир!")
    Voice(backend).speak("A sign that says СТОП.")
    assert backend.sentences == ["A sign that says Cyrillic text."]


@pytest.mark.parametrize("level", [0.001, 0.1, 1.0, 3.0])
@pytest.mark.parametrize("text", ["A.", "A dog.", "Do two birds sing?", "One more word, " * 15 + "the end."])
def test_loudness_whatever_the_backend_gives(level: float, text: str) -> None:
    (sound,) = Voice(FakeVoiceBackend(level=level)).stream(text)
    assert speech.measure_loudness(sound) == pytest.approx(-16, abs=0.1)
    assert np.abs(sound.samples).max() <= 10 ** (-1 / 20)


def test_a_sentence_without_sound_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    voice = Voice(FakeVoiceBackend(mute=frozenset(["A cat."])))
    assert len(list(voice.stream("A dog. A cat. A cow."))) == 2
    assert "no sound for 'A cat.'; it is left out" in caplog.text
    with pytest.raises(EmptyTextError, match=r"no sound for 'A cat\.'"):
        voice.speak("A cat.")


@pytest.mark.parametrize("samples", [np.full(100, np.nan, np.float32), np.zeros((1, 100), np.float32)])
def test_a_faulty_backend_is_named(samples: npt.NDArray[np.float32]) -> None:
    class Faulty(FakeVoiceBackend):
        def synthesise(self, sentence: str, rate: float) -> npt.NDArray[np.float32]:
            return samples

    with pytest.raises(SpeechError, match=r"The voice fake gave shape .* for 'A dog\.'"):
        Voice(Faulty()).speak("A dog.")


# --- registry


def test_exported_names_exist_and_nothing_heavy_is_imported() -> None:
    assert all(hasattr(speech, name) for name in speech.__all__)
    heavy = "torch transformers onnxruntime soundfile hibari piper TTS librosa"
    code = (
        f"import sys, speech; speech.list_voices(); sys.exit(' '.join(set(sys.modules) & set('{heavy}'.split())) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_unknown_voice_lists_the_names() -> None:
    names = "heart, fenrir, kore, emma, fable, joe, or name one like these: piper:.*, hf:.*, coqui:.*"
    for name in ("hart", "piper:", "espeak:en", ""):
        with pytest.raises(UnknownVoiceError, match=f"no voice '{name}'; choose one of {names}"):
            load_voice(name)


def test_table_agrees_with_hibari() -> None:
    from hibari.voices import VOICES

    specs = {spec.name: spec for spec in list_voices()}
    assert set(specs) == {*VOICES, "joe"}
    for name, entry in VOICES.items():
        assert specs[name].language == entry["language"]
        assert specs[name].size_mb == pytest.approx(entry["bytes"] / 1e6, abs=0.05)


def emma() -> VoiceSpec:
    return next(spec for spec in list_voices() if spec.name == "emma")


@pytest.fixture
def hibari_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    def no_network(*args: object, **kwargs: object) -> None:
        raise OSError("no network in tests")

    monkeypatch.setenv("HIBARI_HOME", str(tmp_path))
    monkeypatch.setattr(urllib.request, "urlopen", no_network)
    return tmp_path


@pytest.mark.parametrize("local_only", [True, False])
def test_missing_voice_says_where_to_copy_its_file(local_only: bool, hibari_home: Path) -> None:
    assert not emma().installed()
    with pytest.raises(WeightsError) as caught:
        load_voice("emma", local_only=local_only)
    message = str(caught.value)
    assert (
        "copy https://huggingface.co/maureesewilliams/hibari/resolve/main/voices/bf_emma.int8.onnx (7.9 MB)" in message
    )
    assert f"to {hibari_home / 'bf_emma.int8.onnx'}" in message
    assert ("is missing" if local_only else "no network in tests") in message
    assert list(hibari_home.iterdir()) == []


def test_damaged_voice_is_refused(hibari_home: Path) -> None:
    (hibari_home / "bf_emma.int8.onnx").write_bytes(b"not a network")
    with pytest.raises(WeightsError, match="wrong checksum"):
        load_voice("emma", local_only=True)


def test_a_copied_voice_loads_with_its_own_accent(hibari_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from hibari.voices import ASSETS, VOICES

    # The American network under the British voice's name: the same architecture, and the only one in the package.
    (hibari_home / "bf_emma.int8.onnx").write_bytes(Path(ASSETS, "hibari.onnx").read_bytes())
    monkeypatch.setitem(VOICES["emma"], "sha256", VOICES["heart"]["sha256"])
    assert emma().installed()
    voice = load_voice("emma", local_only=True)
    assert (voice.name, voice.sample_rate) == ("emma", 24000)
    assert voice._backend._g2p("Hello there.") == "həlˈQ ðˈɛː."  # type: ignore[attr-defined]
    assert voice.speak("Hello there.").seconds > 0.4


def test_device_of_the_built_in_voice() -> None:
    with pytest.raises(ValueError, match="runs on the CPU only, found device 'cuda'; give 'auto' or 'cpu'"):
        load_voice(device="cuda")


def test_language_speaker_and_vocoder_of_the_built_in_voice() -> None:
    assert load_voice(language="en", local_only=True).language == "en-US"
    with pytest.raises(VoiceOptionError, match="heart does not speak 'en-GB'; it speaks en-US"):
        load_voice(language="en-GB")
    with pytest.raises(VoiceOptionError, match=r"heart takes no speaker, found 'ann': it has one speaker\. Leave"):
        load_voice(speaker="ann")
    with pytest.raises(VoiceOptionError, match="heart takes no vocoder, found 'hifigan'"):
        load_voice(vocoder="hifigan")


# --- the built-in voice


@pytest.fixture(scope="module")
def heart() -> Voice:
    return load_voice(local_only=True)


@pytest.mark.parametrize("text", ["A dog.", "A brown dog is running through the tall green grass."])
@pytest.mark.parametrize("rate", [0.5, 1.0, 2.0])
def test_heart_speaks(heart: Voice, text: str, rate: float) -> None:
    audio = heart.speak(text, rate=rate)
    assert speech.measure_loudness(audio) == pytest.approx(-16, abs=0.1)
    assert np.abs(audio.samples).max() <= 10 ** (-1 / 20)
    assert 0.03 < audio.seconds / len(text) * rate < 0.16  # seconds a letter at the natural pace


def test_heart_repeats_itself_and_streams(heart: Voice) -> None:
    text = "A dog runs. It is 3.14 km away."
    assert same(heart.speak(text), heart.speak(text))
    assert same(heart.speak(text), speech.join(heart.stream(text)))
    assert len(list(heart.stream(text))) == 2


@pytest.mark.parametrize(
    ("text", "phonemes"),
    [
        ("Pay 1/2.", "wˈʌn hˈæf"),  # hibari alone reads "one two" before a full stop
        ("Call 555-1234.", "fˈIv fˈIv fˈIv, wˈʌn tˈu"),
        ("5€", "fˈIv jˈʊɹOz"),
        ("#3", "nˈʌmbəɹ θɹˈi"),
        ("at 6 p.m. we left", "sˈɪks pˌiˈɛm"),
    ],
)
def test_heart_phonemes(heart: Voice, text: str, phonemes: str, monkeypatch: pytest.MonkeyPatch) -> None:
    heard = []
    tts = heart._backend._tts  # type: ignore[attr-defined]
    monkeypatch.setattr(tts, "from_phonemes", lambda run, *_, **__: (heard.append(run), np.ones(2400, np.float32))[1])
    heart.speak(text)
    assert phonemes in " ".join(heard)


@pytest.mark.parametrize(
    "text", ["1" * 100, "x" * 100, "İ$①", "[dog](/kat/)", "$", "٣㍿", "🐶" * 9, "9," * 40, "A" * 60 + "!"]
)
def test_heart_survives(heart: Voice, text: str) -> None:
    assert heart.speak(text).seconds > 0.2


def test_long_words_are_spoken_whole(heart: Voice) -> None:
    assert heart.speak("ba" * 40).seconds > 2.5 * heart.speak("ba" * 12).seconds


def test_a_crash_inside_hibari_names_the_sentence() -> None:
    class Tts:
        sample_rate = 24000

    def crash(sentence: str) -> str:
        raise IndexError("list index out of range")

    with pytest.raises(SpeechError, match=r"The voice heart cannot read 'A dog\.'"):
        Voice(HibariBackend("heart", "en-US", Tts(), crash)).speak("A dog.")


@pytest.mark.parametrize("phonemes", ["wˈʌn " * 300, "wˈʌn, " * 300, "x" * 1000, ""])
def test_runs_keep_every_phoneme(phonemes: str) -> None:
    runs = _runs(phonemes)
    assert "".join("".join(runs).split()) == "".join(phonemes.split())
    assert all(len(run) <= 400 for run in runs)
