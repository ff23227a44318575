"""Voices through transformers: tiny random networks, saved by the test and loaded the way real ones are."""

from __future__ import annotations

import io
import json
import logging
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import (
    SpeechT5Config,
    SpeechT5FeatureExtractor,
    SpeechT5ForTextToSpeech,
    SpeechT5HifiGan,
    SpeechT5HifiGanConfig,
    SpeechT5Tokenizer,
    VitsConfig,
    VitsModel,
    VitsTokenizer,
)

import speech
from speech import MissingExtraError, Voice, VoiceOptionError, WeightsError, load_voice
from speech.vocoders.griffin_lim import GriffinLim
from speech.vocoders.hifigan import speecht5_format

pytestmark = pytest.mark.usefixtures("one_thread")

LETTERS = "_abcdefghijklmnopqrstuvwxyz '-"
ENGLISH = "the quick brown fox jumps over the lazy dog, and a cat sat on the mat. is it so? yes!"


def make_vits(folder: Path, *, language: str | None = "eng", n_speakers: int = 1) -> Path:
    torch.manual_seed(1)
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = folder / "letters.json"
    vocabulary.write_text(json.dumps({letter: i for i, letter in enumerate(LETTERS)}))
    tokenizer = VitsTokenizer(str(vocabulary), pad_token="_", unk_token="_", language=language, phonemize=False)
    tokenizer.save_pretrained(folder)
    vocabulary.unlink()
    config = VitsConfig(
        vocab_size=len(LETTERS),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        ffn_dim=16,
        flow_size=16,
        spectrogram_bins=9,
        prior_encoder_num_flows=1,
        prior_encoder_num_wavenet_layers=1,
        posterior_encoder_num_wavenet_layers=1,
        duration_predictor_num_flows=1,
        duration_predictor_filter_channels=16,
        depth_separable_num_layers=1,
        upsample_initial_channel=16,
        upsample_rates=[8, 8],
        upsample_kernel_sizes=[16, 16],
        resblock_kernel_sizes=[3],
        resblock_dilation_sizes=[[1, 3]],
        num_speakers=n_speakers,
        speaker_embedding_size=8 if n_speakers > 1 else 0,
        sampling_rate=16000,
    )
    VitsModel(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def vits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_vits(tmp_path_factory.mktemp("vits"))


def raw(voice: Voice, text: str, rate: float = 1.0) -> Any:
    return voice._backend.synthesise(text, rate)


def test_vits_says_what_transformers_says(vits: Path) -> None:
    voice = load_voice(f"hf:{vits}", device="cpu")
    model, tokenizer = VitsModel.from_pretrained(vits).eval(), VitsTokenizer.from_pretrained(vits)
    for text in ("a dog runs", "Two cats sleep."):
        torch.manual_seed(0)
        with torch.no_grad():
            expected = model(**tokenizer(text, return_tensors="pt")).waveform[0].numpy()
        np.testing.assert_array_equal(raw(voice, text), expected)
    assert (voice.name, voice.language, voice.sample_rate) == (f"hf:{vits}", "en", 16000)


def test_vits_repeats_itself_and_leaves_the_random_numbers_alone(vits: Path) -> None:
    voice = load_voice(f"hf:{vits}", device="cpu")
    torch.manual_seed(7)
    np.random.seed(7)
    before = (torch.rand(1).item(), np.random.rand())
    torch.manual_seed(7)
    np.random.seed(7)
    first, second = voice.speak("A dog runs. A cat sleeps."), voice.speak("A dog runs. A cat sleeps.")
    assert np.array_equal(first.samples, second.samples)
    assert (torch.rand(1).item(), np.random.rand()) == before
    assert len(list(voice.stream("A dog runs. A cat sleeps."))) == 2


def test_vits_rate_is_its_own(vits: Path) -> None:
    voice = load_voice(f"hf:{vits}", device="cpu")
    slow, natural, fast = (len(raw(voice, ENGLISH, rate)) for rate in (0.5, 1.0, 2.0))
    assert slow > natural > fast
    assert voice._backend._model.config.speaking_rate == 1.0  # type: ignore[attr-defined]


def test_numbers_are_read_and_unknown_letters_logged(vits: Path, caplog: pytest.LogCaptureFixture) -> None:
    voice = load_voice(f"hf:{vits}", device="cpu")
    assert np.array_equal(raw(voice, "2 dogs"), raw(voice, "two dogs"))
    assert caplog.text == ""
    assert raw(voice, "a café").size > 0
    assert "does not know é in 'a café': left out" in caplog.text
    assert raw(voice, "éé ç").size == 0
    assert raw(voice, "?!").size == 0


@pytest.mark.parametrize(
    ("text", "language", "words"),
    [
        ("The 2nd of 1,200 at 3:45", "en", "The second of one thousand two hundred at three forty five."),
        ("007 and T5", "en-US", "zero zero seven and T five."),
        ("3,5 km und 1.200 m", "de", "drei Komma fünf km und eintausendzweihundert m"),
        ("12 chats", "fr", "douze chats"),
        ("5 abc", "xx", "5 abc"),
    ],
)
def test_numbers_in_words(text: str, language: str, words: str) -> None:
    from speech.text import spoken_text
    from speech.text.other_languages import spell_numbers

    said = spoken_text(text) if language.startswith("en") else spell_numbers(text, language)
    assert " ".join(said.split()) == words


def test_language_is_checked_against_the_tokenizer(tmp_path: Path) -> None:
    german = make_vits(tmp_path / "deu", language="deu")
    assert load_voice(f"hf:{german}", language="de").language == "de"
    with pytest.raises(VoiceOptionError, match="does not speak 'en'; it speaks deu"):
        load_voice(f"hf:{german}", language="en")
    unstated = make_vits(tmp_path / "unstated", language=None)
    assert load_voice(f"hf:{unstated}").language == "en"
    assert load_voice(f"hf:{unstated}", language="fr").language == "fr"


def test_speakers_of_vits_have_numbers(vits: Path, tmp_path: Path) -> None:
    several = make_vits(tmp_path, n_speakers=3)
    first, third = load_voice(f"hf:{several}"), load_voice(f"hf:{several}", speaker="2")
    assert not np.array_equal(first.speak("A dog.").samples, third.speak("A dog.").samples)
    with pytest.raises(VoiceOptionError, match="has no speaker '3'; choose one of 0, 1, 2"):
        load_voice(f"hf:{several}", speaker="3")
    with pytest.raises(VoiceOptionError, match="takes no speaker, found '0'"):
        load_voice(f"hf:{vits}", speaker="0")
    with pytest.raises(VoiceOptionError, match=r"takes no vocoder, found 'x', .* take one are SpeechT5"):
        load_voice(f"hf:{vits}", vocoder="x")


def test_device_is_checked(vits: Path) -> None:
    with pytest.raises(ValueError, match="The device is 'abacus'"):
        load_voice(f"hf:{vits}", device="abacus")
    if not torch.backends.mps.is_available():
        with pytest.raises(ValueError, match="'mps', which torch does not find on this computer"):
            load_voice(f"hf:{vits}", device="mps")


# --- SpeechT5


@pytest.fixture(scope="module")
def speecht5(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import sentencepiece

    folder = tmp_path_factory.mktemp("speecht5")
    torch.manual_seed(2)
    letters = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([ENGLISH, ENGLISH.title()]),
        model_writer=letters,
        model_type="char",
        vocab_size=60,
        hard_vocab_limit=False,
        pad_id=1,
        bos_id=0,
        eos_id=2,
        unk_id=3,
        minloglevel=2,
    )
    spm = folder / "spm_char.model"
    spm.write_bytes(letters.getvalue())
    tokenizer = SpeechT5Tokenizer(str(spm))
    tokenizer.save_pretrained(folder)
    config = SpeechT5Config(
        vocab_size=len(tokenizer),
        hidden_size=16,
        encoder_layers=1,
        encoder_attention_heads=2,
        encoder_ffn_dim=16,
        decoder_layers=1,
        decoder_attention_heads=2,
        decoder_ffn_dim=16,
        speech_decoder_prenet_units=16,
        speech_decoder_postnet_units=16,
        speech_decoder_postnet_layers=2,
        num_mel_bins=8,
        speaker_embedding_dim=12,
        max_text_positions=450,
    )
    model = SpeechT5ForTextToSpeech(config)
    torch.nn.init.constant_(model.speech_decoder_postnet.prob_out.bias, -9.0)  # else it stops at once
    model.save_pretrained(folder)
    return folder


def make_hifigan(folder: Path, *, bands: int = 8) -> Path:
    torch.manual_seed(3)
    config = SpeechT5HifiGanConfig(
        model_in_dim=bands,
        upsample_initial_channel=16,
        upsample_rates=[16, 16],
        upsample_kernel_sizes=[32, 32],
        resblock_kernel_sizes=[3],
        resblock_dilation_sizes=[[1, 3]],
        initializer_range=0.3,  # else it whispers at -160 dB
    )
    SpeechT5HifiGan(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def hifigan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_hifigan(tmp_path_factory.mktemp("hifigan"))


@pytest.fixture
def speaker(tmp_path: Path) -> Path:
    path = tmp_path / "ann.npy"
    np.save(path, np.random.default_rng(0).standard_normal(12).astype(np.float32))
    return path


def test_speecht5_says_what_transformers_says(speecht5: Path, hifigan: Path, speaker: Path) -> None:
    voice = load_voice(f"hf:{speecht5}", device="cpu", speaker=str(speaker), vocoder=str(hifigan))
    model = SpeechT5ForTextToSpeech.from_pretrained(speecht5).eval()
    vocoder = SpeechT5HifiGan.from_pretrained(hifigan).eval()
    ids = SpeechT5Tokenizer.from_pretrained(speecht5)("a lazy dog.", return_tensors="pt")["input_ids"]
    torch.manual_seed(0)
    expected = model.generate_speech(ids, torch.from_numpy(np.load(speaker))[None], vocoder=vocoder)
    assert expected.numel() > 1000
    np.testing.assert_array_equal(raw(voice, "a lazy dog."), expected.numpy())
    assert (voice.language, voice.sample_rate) == ("en", 16000)
    assert np.array_equal(voice.speak("a dog").samples, voice.speak("a dog").samples)
    assert len(raw(voice, "a lazy dog.", 2.0)) == pytest.approx(expected.numel() / 2, rel=0.02)
    assert len(raw(voice, "a lazy dog.", 0.5)) == pytest.approx(expected.numel() * 2, rel=0.02)


def test_speecht5_speaks_through_griffin_lim(speecht5: Path, speaker: Path) -> None:
    voice = load_voice(f"hf:{speecht5}", device="cpu", speaker=str(speaker), vocoder="griffin-lim")
    model = SpeechT5ForTextToSpeech.from_pretrained(speecht5).eval()
    ids = SpeechT5Tokenizer.from_pretrained(speecht5)("a lazy dog.", return_tensors="pt")["input_ids"]
    torch.manual_seed(0)
    mel = model.generate_speech(ids, torch.from_numpy(np.load(speaker))[None]).numpy().T
    form = speecht5_format(SpeechT5FeatureExtractor(num_mel_bins=8))
    np.testing.assert_array_equal(raw(voice, "a lazy dog."), GriffinLim(form).waveform(mel))
    assert voice.sample_rate == 16000


def test_speecht5_tells_what_it_leaves_out_and_never_cuts(
    speecht5: Path, hifigan: Path, speaker: Path, caplog: pytest.LogCaptureFixture
) -> None:
    voice = load_voice(f"hf:{speecht5}", speaker=str(speaker), vocoder=str(hifigan))
    assert raw(voice, "ßß").size == 0
    assert "does not know ß in 'ßß': left out" in caplog.text
    with pytest.raises(speech.SpeechError, match="takes 450 letters at once, found"):
        raw(voice, "dog " * 200)


def test_speaker_of_speecht5_is_checked(speecht5: Path, hifigan: Path, tmp_path: Path) -> None:
    def load(speaker: Path | str) -> Voice:
        return load_voice(f"hf:{speecht5}", speaker=str(speaker), vocoder=str(hifigan), local_only=True)

    np.save(tmp_path / "short.npy", np.ones(3))
    np.save(tmp_path / "zero.npy", np.zeros(12))
    (tmp_path / "text.npy").write_text("hello")
    np.save(tmp_path / "objects.npy", np.array([{}, {}], dtype=object), allow_pickle=True)
    with pytest.raises(VoiceOptionError, match="no speaker 'eve'; choose one of slt, bdl, clb, ksp, rms, or give a"):
        load("eve")
    with pytest.raises(VoiceOptionError, match=r"short\.npy holds 3 numbers; expected the 12 finite numbers"):
        load(tmp_path / "short.npy")
    with pytest.raises(VoiceOptionError, match=r"zero\.npy holds 12 numbers; .* not all zero"):
        load(tmp_path / "zero.npy")
    for name in ("text.npy", "objects.npy"):
        with pytest.raises(VoiceOptionError, match=rf"{name} is not a numpy file of numbers"):
            load(tmp_path / name)


def test_the_usual_speaker_comes_out_of_the_archive(
    speecht5: Path, hifigan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub

    vector = np.random.default_rng(1).standard_normal(12).astype(np.float32)
    stored = io.BytesIO()
    np.save(stored, vector)
    with zipfile.ZipFile(tmp_path / "xvectors.zip", "w") as archive:
        archive.writestr("spkrec-xvect/cmu_us_slt_arctic-wav-arctic_a0508.npy", stored.getvalue())
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", lambda *_, **__: str(tmp_path / "xvectors.zip"))
    voice = load_voice(f"hf:{speecht5}", vocoder=str(hifigan), device="cpu")
    np.testing.assert_array_equal(voice._backend._xvector[0].numpy(), vector)  # type: ignore[attr-defined]
    with pytest.raises(WeightsError, match=r"does not hold cmu_us_bdl_arctic-wav-arctic_a0009\.npy"):
        load_voice(f"hf:{speecht5}", vocoder=str(hifigan), speaker="bdl")


def test_speecht5_without_speaker_or_vocoder_says_what_to_give(
    speecht5: Path, hifigan: Path, speaker: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(WeightsError, match=r"spkrec-xvect\.zip of .* is not on this computer.* give speaker=FILE\.npy"):
        load_voice(f"hf:{speecht5}", vocoder=str(hifigan), local_only=True)
    with pytest.raises(WeightsError, match=r"microsoft/speecht5_hifigan are not on this computer"):
        load_voice(f"hf:{speecht5}", speaker=str(speaker), local_only=True)
    wide = make_hifigan(tmp_path / "wide", bands=16)
    with pytest.raises(VoiceOptionError, match=r"takes 16 mel bands, and the voice .* gives 8"):
        load_voice(f"hf:{speecht5}", speaker=str(speaker), vocoder=str(wide))
    SpeechT5FeatureExtractor(num_mel_bins=8, fmax=8000).save_pretrained(wide.with_name("other"))
    other = make_hifigan(wide.with_name("other"))
    with pytest.raises(VoiceOptionError, match=r"takes 8000 Hz as the highest frequency, and .* gives 7600 Hz"):
        load_voice(f"hf:{speecht5}", speaker=str(speaker), vocoder=f"hf:{other}")


# --- files


def test_offline_the_folder_to_copy_to_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    folder = tmp_path / "models--someone--voice" / "snapshots" / "main"
    with pytest.raises(WeightsError, match=rf"someone/voice are not on this computer; allow.*to {folder}"):
        load_voice("hf:someone/voice", local_only=True)
    with pytest.raises(WeightsError, match=rf"someone/voice could not be downloaded .*to {folder}"):
        load_voice("hf:someone/voice")
    make_vits(folder)
    assert load_voice("hf:someone/voice", local_only=True).sample_rate == 16000
    make_vits(folder.with_name("v2"), language="fra")
    assert load_voice("hf:someone/voice@v2", local_only=True).language == "fr"


def test_size_and_licence_are_logged_before_a_download(
    vits: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    import huggingface_hub
    from huggingface_hub.hf_api import ModelInfo

    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))

    def model_info(self: object, repo: str, **_: object) -> ModelInfo:
        files = [{"rfilename": "model.safetensors", "size": 145_000_000}, {"rfilename": "pytorch_model.bin", "size": 9}]
        return ModelInfo(
            id=repo, sha="abc123", siblings=files, cardData={"license": "cc-by-nc-4.0"}, private=False, downloads=0,
            likes=0, tags=[],
        )  # fmt: skip

    def snapshot_download(repo: str, *, revision: str, local_files_only: bool = False, **patterns: Any) -> str:
        if local_files_only:
            raise FileNotFoundError(repo)
        assert revision == "abc123"
        assert not any("bin" in pattern for pattern in patterns["allow_patterns"])
        assert "145 MB, licence cc-by-nc-4.0. To keep to this version, name it someone/voice@abc123" in caplog.text
        return str(vits)

    monkeypatch.setattr(huggingface_hub.HfApi, "model_info", model_info)
    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    assert load_voice("hf:someone/voice").sample_rate == 16000


def test_a_licence_against_commercial_use_is_logged_at_every_use(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = make_vits(tmp_path)
    (folder / "README.md").write_text("---\nlanguage: en\nlicense: cc-by-nc-4.0\n---\n# MMS\n")
    load_voice(f"hf:{folder}")
    assert "is under the licence cc-by-nc-4.0: it may not be used commercially" in caplog.text
    caplog.clear()
    (folder / "README.md").write_text("---\nlicense: apache-2.0\n---\n")
    with caplog.at_level(logging.WARNING, "speech"):
        load_voice(f"hf:{folder}")
    assert caplog.text == ""


def test_pickled_weights_are_never_read(vits: Path, tmp_path: Path) -> None:
    folder = make_vits(tmp_path)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(WeightsError, match=r"has no \.safetensors file, and pickled weights .* are not read"):
        load_voice(f"hf:{folder}")


def test_damaged_incomplete_and_foreign_models_are_refused(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = make_vits(tmp_path / "a")
    weights = load_file(folder / "model.safetensors")
    gone = sorted(weights)[0]
    save_file({key: value for key, value in weights.items() if key != gone}, folder / "model.safetensors")
    with pytest.raises(WeightsError, match="lacks 1 of the weights of VitsModel"):
        load_voice(f"hf:{folder}")
    (folder / "model.safetensors").write_bytes(b"damaged")
    with pytest.raises(WeightsError, match="cannot be loaded as VitsModel"):
        load_voice(f"hf:{folder}")
    (folder / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(WeightsError, match="a model of type 'bert', which is not a voice; give one of type vits or"):
        load_voice(f"hf:{folder}")
    (folder / "config.json").write_text("{")
    with pytest.raises(WeightsError, match=r"config\.json cannot be read as JSON"):
        load_voice(f"hf:{folder}")
    with pytest.raises(WeightsError, match="is neither a folder nor a model of the Hugging Face hub"):
        load_voice(f"hf:{tmp_path / 'none'}")
    (tmp_path / "empty").mkdir()
    with pytest.raises(WeightsError, match=r"has no config\.json"):
        load_voice(f"hf:{tmp_path / 'empty'}")


@pytest.mark.parametrize(("option", "package"), [("phonemize", "phonemizer"), ("is_uroman", "uroman")])
def test_a_tokenizer_that_needs_a_package_names_it(
    option: str, package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_vits(tmp_path)
    config = json.loads((folder / "tokenizer_config.json").read_text())
    (folder / "tokenizer_config.json").write_text(json.dumps({**config, option: True}))
    monkeypatch.setattr(f"transformers.utils.import_utils.is_{package}_available", lambda: False)
    with pytest.raises(MissingExtraError, match=f"with the package {package}, .* pip install {package}"):
        load_voice(f"hf:{folder}")


@pytest.mark.parametrize("package", ["torch", "transformers"])
def test_a_missing_package_has_the_pip_line(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match=rf'needs the package {package}.*pip install "lookaloud\[models\]"'):
        load_voice("hf:someone/voice")
