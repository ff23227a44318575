"""Coqui's voices and vocoders: tiny random networks in Coqui's own files, loaded through its TTS API."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer
from tokenizers.models import BPE
from tokenizers.trainers import BpeTrainer
from transformers import SpeechT5HifiGan, SpeechT5HifiGanConfig
from TTS.api import TTS
from TTS.config import load_config
from TTS.encoder.configs.speaker_encoder_config import SpeakerEncoderConfig
from TTS.encoder.models.lstm import LSTMSpeakerEncoder
from TTS.tts.configs.shared_configs import CharactersConfig
from TTS.tts.configs.tacotron2_config import Tacotron2Config
from TTS.tts.configs.vits_config import VitsConfig
from TTS.tts.configs.xtts_config import XttsConfig
from TTS.tts.models.tacotron2 import Tacotron2
from TTS.tts.models.vits import Vits, VitsArgs
from TTS.tts.models.xtts import Xtts, XttsArgs
from TTS.utils.audio import AudioProcessor
from TTS.vocoder.configs.hifigan_config import HifiganConfig
from TTS.vocoder.models.hifigan_generator import HifiganGenerator

import speech
from speech import MissingExtraError, UnknownVoiceError, Voice, VoiceOptionError, WeightsError, load_voice, write_audio
from speech.vocoders import copy_synthesis, load_vocoder, log_mel
from speech.vocoders.coqui_vocoder import coqui_format
from speech.vocoders.griffin_lim import GriffinLim

pytestmark = pytest.mark.usefixtures("one_thread")

LETTERS, SIGNS = "abcdefghijklmnopqrstuvwxyz", "!'(),-.:;? "
SENTENCE = "A dog runs over two cats."


def make_vits(folder: Path, *, args: dict[str, Any] | None = None, **settings: Any) -> Path:
    torch.manual_seed(1)
    folder.mkdir(parents=True, exist_ok=True)
    config = VitsConfig(
        model_args=VitsArgs(
            hidden_channels=16,
            hidden_channels_ffn_text_encoder=16,
            num_heads_text_encoder=2,
            num_layers_text_encoder=1,
            num_layers_flow=1,
            num_layers_posterior_encoder=1,
            upsample_rates_decoder=[8, 8, 4],
            upsample_kernel_sizes_decoder=[16, 16, 8],
            upsample_initial_channel_decoder=16,
            resblock_kernel_sizes_decoder=[3],
            resblock_dilation_sizes_decoder=[[1, 3, 5]],
            init_discriminator=False,
            **(args or {}),
        ),
        use_phonemes=False,
        text_cleaner="english_cleaners",
        characters=CharactersConfig(
            characters_class="TTS.tts.models.vits.VitsCharacters",
            pad="_", eos="", bos="", blank="", characters=LETTERS, punctuations=SIGNS, phonemes="",
        ),
        **settings,
    )  # fmt: skip
    model = Vits(config)
    config.save_json(folder / "config.json")
    torch.save({"model": model.state_dict(), "config": config.to_dict()}, folder / "model_file.pth")
    return folder


@pytest.fixture(scope="module")
def vits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_vits(tmp_path_factory.mktemp("vits"))


@pytest.fixture(scope="module")
def tacotron(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    torch.manual_seed(2)
    folder = tmp_path_factory.mktemp("tacotron")
    characters = CharactersConfig(pad="_", eos="~", bos="^", characters=LETTERS, punctuations=SIGNS, phonemes="")
    config = Tacotron2Config(use_phonemes=False, text_cleaner="english_cleaners", characters=characters)
    config.encoder_in_features = config.decoder_in_features = 512  # its other layers know no other size
    config.out_channels, config.max_decoder_steps, config.prenet_dropout_at_inference = 80, 20, True
    config.save_json(folder / "config.json")
    model = Tacotron2(config)
    torch.save({"model": model.state_dict(), "config": config.to_dict(), "r": config.r}, folder / "model_file.pth")
    yield folder
    (folder / "model_file.pth").unlink()  # 110 MB


@pytest.fixture(scope="module")
def hifigan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(3)
    folder = tmp_path_factory.mktemp("hifigan")
    shape = {
        "upsample_factors": [8, 8, 2, 2],
        "upsample_kernel_sizes": [16, 16, 4, 4],
        "upsample_initial_channel": 16,
        "resblock_kernel_sizes": [3],
        "resblock_dilation_sizes": [[1, 3, 5]],
        "resblock_type": "1",
    }
    HifiganConfig(generator_model_params=shape).save_json(folder / "config.json")
    generator = HifiganGenerator(in_channels=80, out_channels=1, **shape)
    # The layout of Coqui's released vocoders: the generator alone, beside the discriminator.
    torch.save({"model": generator.state_dict(), "model_disc": {}}, folder / "model_file.pth")
    return folder


@pytest.fixture
def coqui_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TTS_HOME", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "tts"


def raw(voice: Voice, text: str, rate: float = 1.0) -> Any:
    return voice._backend.synthesise(text, rate)


def by_hand(tts: TTS, text: str, **arguments: Any) -> Any:
    torch.manual_seed(0)
    np.random.seed(0)
    with torch.no_grad():
        return np.asarray(tts.tts(text, split_sentences=False, **arguments), np.float32)


def test_vits_says_what_the_tts_api_says(vits: Path) -> None:
    voice = load_voice(f"coqui:{vits}", device="cpu")
    tts = TTS(model_path=str(vits / "model_file.pth"), config_path=str(vits / "config.json"), progress_bar=False)
    np.testing.assert_array_equal(raw(voice, SENTENCE), by_hand(tts, SENTENCE))
    assert (voice.name, voice.language, voice.sample_rate) == (f"coqui:{vits}", "en", 22050)
    twice = f"{SENTENCE} {SENTENCE}"
    assert len(list(voice.stream(twice))) == 2
    assert np.array_equal(voice.speak(twice).samples, voice.speak(twice).samples)


def test_vits_rate_is_its_own_length_scale(vits: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    voice = load_voice(f"coqui:{vits}", device="cpu")
    model = voice._backend._tts.synthesizer.tts_model  # type: ignore[attr-defined]
    seen = []
    inference = model.inference
    monkeypatch.setattr(model, "inference", lambda *a, **k: (seen.append(model.length_scale), inference(*a, **k))[1])
    for rate in (0.5, 1.0, 2.0):
        raw(voice, SENTENCE, rate)
    assert seen == [2.0, 1.0, 0.5]
    assert model.length_scale == 1.0


def test_the_random_numbers_of_others_are_left_alone(vits: Path) -> None:
    voice = load_voice(f"coqui:{vits}", device="cpu")
    draws = []
    for speak in (False, True):
        torch.manual_seed(7)
        np.random.seed(7)
        if speak:
            raw(voice, SENTENCE)
        draws.append((torch.rand(1).item(), np.random.rand()))
    assert draws[0] == draws[1]


def test_tacotron_with_hifigan_says_what_the_tts_api_says(tacotron: Path, hifigan: Path) -> None:
    voice = load_voice(f"coqui:{tacotron}", device="cpu", vocoder=str(hifigan))
    tts = TTS(
        model_path=str(tacotron / "model_file.pth"),
        config_path=str(tacotron / "config.json"),
        vocoder_path=str(hifigan / "model_file.pth"),
        vocoder_config_path=str(hifigan / "config.json"),
        progress_bar=False,
    )
    expected, silence = np.split(by_hand(tts, SENTENCE), [-10_000])  # coqui-tts adds a pause
    assert not silence.any()
    np.testing.assert_array_equal(raw(voice, SENTENCE), expected)
    assert len(raw(voice, SENTENCE, 2.0)) == pytest.approx(len(expected) / 2, rel=0.01)
    assert len(raw(voice, SENTENCE, 0.5)) == pytest.approx(len(expected) * 2, rel=0.01)


def test_without_a_vocoder_griffin_lim_speaks_and_says_so(tacotron: Path, caplog: pytest.LogCaptureFixture) -> None:
    voice = load_voice(f"coqui:{tacotron}", device="cpu")
    assert "has no vocoder and speaks through Griffin-Lim" in caplog.text
    assert np.array_equal(raw(voice, "A dog."), raw(voice, "A dog."))
    tts = TTS(
        model_path=str(tacotron / "model_file.pth"), config_path=str(tacotron / "config.json"), progress_bar=False
    )
    np.testing.assert_array_equal(raw(voice, "A dog."), by_hand(tts, "A dog."))


def spectrogram(voice: Voice, text: str) -> Any:
    """What the model of a voice makes of a text, in its own logarithms: shape (bands, frames)."""
    model = voice._backend._tts.synthesizer.tts_model  # type: ignore[attr-defined]
    torch.manual_seed(0)
    with torch.no_grad():
        made = model.synthesize(text)["outputs"]["model_outputs"][0]
    return model.ap.denormalize(made.numpy().T)


def test_tacotron_speaks_through_any_vocoder_that_fits(tacotron: Path, tmp_path: Path) -> None:
    voice = load_voice(f"coqui:{tacotron}", device="cpu", vocoder="griffin-lim")
    form = coqui_format(voice._backend._tts.synthesizer.tts_model.ap)  # type: ignore[attr-defined]
    mel = spectrogram(voice, SENTENCE)
    np.testing.assert_array_equal(raw(voice, SENTENCE), GriffinLim(form).waveform(mel))
    assert voice.sample_rate == 22050

    torch.manual_seed(3)
    shape: dict[str, Any] = {"upsample_rates": [16, 16], "upsample_kernel_sizes": [32, 32]}
    small = {"upsample_initial_channel": 16, "resblock_kernel_sizes": [3], "resblock_dilation_sizes": [[1, 3]]}
    SpeechT5HifiGan(SpeechT5HifiGanConfig(sampling_rate=22050, **shape, **small)).save_pretrained(tmp_path)
    voice = load_voice(f"coqui:{tacotron}", device="cpu", vocoder=f"hf:{tmp_path}")
    network = SpeechT5HifiGan.from_pretrained(tmp_path).eval()
    with torch.no_grad():  # it takes decimal logarithms
        expected = network(torch.tensor(mel.T / np.log(10) / form.log_scale, dtype=torch.float32)).numpy()
    np.testing.assert_allclose(raw(voice, SENTENCE), expected, atol=1e-6)


def test_a_vocoder_of_another_rate_is_refused_unless_coqui_publishes_the_pair(
    coqui_home: Path, tacotron: Path, hifigan: Path
) -> None:
    vocoder = coqui_home / "vocoder_models--en--ljspeech--hifigan_v2"
    shutil.copytree(hifigan, vocoder)
    config = json.loads((vocoder / "config.json").read_text())
    config["audio"]["sample_rate"] = 24000
    (vocoder / "config.json").write_text(json.dumps(config))
    with pytest.raises(VoiceOptionError, match=r"takes 24000 samples a second and .* gives 22050 samples a second"):
        load_voice(f"coqui:{tacotron}", device="cpu", vocoder=str(vocoder))
    name = coqui_home / "tts_models--en--ljspeech--tacotron2-DDC"
    name.symlink_to(tacotron)
    voice = load_voice("coqui:tts_models/en/ljspeech/tacotron2-DDC", local_only=True, device="cpu")
    tts = TTS(
        model_path=str(tacotron / "model_file.pth"),
        config_path=str(tacotron / "config.json"),
        vocoder_path=str(vocoder / "model_file.pth"),
        vocoder_config_path=str(vocoder / "config.json"),
        progress_bar=False,
    )
    np.testing.assert_allclose(raw(voice, SENTENCE), by_hand(tts, SENTENCE)[:-10_000], atol=1e-6)
    assert voice.sample_rate == 24000


def test_a_name_finds_the_copied_files_and_its_vocoder(
    coqui_home: Path, tacotron: Path, hifigan: Path, vits: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.copytree(vits, coqui_home / "tts_models--de--thorsten--vits")
    voice = load_voice("coqui:tts_models/de/thorsten/vits", local_only=True, device="cpu", language="de")
    assert (voice.language, voice.name) == ("de", "coqui:tts_models/de/thorsten/vits")
    with pytest.raises(VoiceOptionError, match="does not speak 'en'; it speaks de"):
        load_voice("coqui:tts_models/de/thorsten/vits", local_only=True, language="en")

    name = coqui_home / "tts_models--en--ljspeech--tacotron2-DDC"
    name.mkdir()
    shutil.copy(tacotron / "config.json", name)
    (name / "model_file.pth").symlink_to(tacotron / "model_file.pth")
    with pytest.raises(WeightsError, match="coqui:vocoder_models/en/ljspeech/hifigan_v2 are not on this computer"):
        load_voice("coqui:tts_models/en/ljspeech/tacotron2-DDC", local_only=True)
    shutil.copytree(hifigan, coqui_home / "vocoder_models--en--ljspeech--hifigan_v2")
    voice = load_voice("coqui:tts_models/en/ljspeech/tacotron2-DDC", local_only=True, device="cpu")
    direct = load_voice(f"coqui:{tacotron}", vocoder=str(hifigan), device="cpu")
    assert np.array_equal(raw(voice, "A dog."), raw(direct, "A dog."))
    assert not [record for record in caplog.records if record.name.startswith("speech")]


def test_speakers_and_languages_by_name(tmp_path: Path) -> None:
    (tmp_path / "speakers.json").write_text(json.dumps({"ann": 0, "bob": 1}))
    (tmp_path / "languages.json").write_text(json.dumps({"en": 0, "fr-fr": 1}))
    speakers = {"use_speaker_embedding": True, "speakers_file": str(tmp_path / "speakers.json")}
    languages = {"use_language_embedding": True, "language_ids_file": str(tmp_path / "languages.json")}
    name = f"coqui:{make_vits(tmp_path / 'both', args={**speakers, **languages, 'embedded_language_dim': 4})}"
    ann, bob = load_voice(name, device="cpu"), load_voice(name, device="cpu", speaker="bob")
    french = load_voice(name, device="cpu", language="fr")
    assert (ann.language, french.language) == ("en", "fr-FR")
    sounds = [raw(voice, SENTENCE) for voice in (ann, bob, french)]
    assert not np.array_equal(sounds[0], sounds[1])
    assert not np.array_equal(sounds[0], sounds[2])
    with pytest.raises(VoiceOptionError, match="has no speaker 'eve'; choose one of ann, bob"):
        load_voice(name, speaker="eve")
    with pytest.raises(VoiceOptionError, match="does not speak 'it'; it speaks en, fr-fr"):
        load_voice(name, language="it")


def test_a_folder_that_states_no_language_is_believed(vits: Path, tmp_path: Path) -> None:
    unstated = tmp_path / "unstated"
    shutil.copytree(vits, unstated)
    config = json.loads((unstated / "config.json").read_text())
    (unstated / "config.json").write_text(json.dumps({**config, "languages": []}))
    assert load_voice(f"coqui:{unstated}", device="cpu", language="sk").language == "sk"
    assert load_voice(f"coqui:{unstated}", device="cpu").language == "en"
    slovak = make_vits(tmp_path / "slovak", phoneme_language="sk")
    assert load_voice(f"coqui:{slovak}", device="cpu").language == "sk"
    with pytest.raises(VoiceOptionError, match="does not speak 'de'; it speaks sk"):
        load_voice(f"coqui:{slovak}", language="de")


def test_a_sound_file_is_imitated(tmp_path: Path) -> None:
    encoder = SpeakerEncoderConfig(
        model_params={"model_name": "lstm", "input_dim": 80, "proj_dim": 16, "lstm_dim": 16, "num_lstm_layers": 1},
        num_loader_workers=0,
        num_classes_in_batch=1,
        num_utter_per_class=1,
    )
    torch.manual_seed(4)
    encoder.save_json(tmp_path / "config_se.json")
    torch.save({"model": LSTMSpeakerEncoder(80, 16, 16, 1).state_dict()}, tmp_path / "model_se.pth")
    settings = {
        "use_d_vector_file": True,
        "d_vector_dim": 16,
        "d_vector_file": [str(tmp_path / "nobody.json")],
        "speaker_encoder_config_path": str(tmp_path / "config_se.json"),
        "speaker_encoder_model_path": str(tmp_path / "model_se.pth"),
    }
    (tmp_path / "nobody.json").write_text("{}")
    name = f"coqui:{make_vits(tmp_path / 'clone', args=settings)}"
    heart = load_voice(local_only=True)
    write_audio(heart.speak("A dog runs on the grass."), tmp_path / "heart.wav")
    write_audio(heart.speak("Two birds sing in a tree.", rate=0.7), tmp_path / "slow.wav")
    one, other = (load_voice(name, device="cpu", speaker=str(tmp_path / f"{who}.wav")) for who in ("heart", "slow"))
    assert not np.array_equal(raw(one, SENTENCE), raw(other, SENTENCE))
    assert np.array_equal(raw(one, SENTENCE), raw(one, SENTENCE))
    with pytest.raises(VoiceOptionError, match=r"was given the speaker None; give the path of a sound file"):
        load_voice(name)
    (tmp_path / "text.wav").write_text("no sound")
    with pytest.raises(speech.AudioError, match=r"text\.wav cannot be read as sound"):
        load_voice(name, speaker=str(tmp_path / "text.wav"))


@pytest.fixture(scope="module")
def xtts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("xtts")
    letters = Tokenizer(BPE(unk_token="[UNK]"))
    special = ["[STOP]", "[UNK]", "[SPACE]", "[en]", "[de]", "[START]"]
    letters.train_from_iterator([SENTENCE.lower(), LETTERS], BpeTrainer(special_tokens=special, vocab_size=90))
    letters.save(str(folder / "vocab.json"))
    torch.manual_seed(5)
    args = XttsArgs(
        gpt_layers=1,
        gpt_n_model_channels=32,
        gpt_n_heads=2,
        gpt_number_text_tokens=letters.get_vocab_size(),
        gpt_start_text_token=5,
        gpt_stop_text_token=0,
        gpt_num_audio_tokens=40,
        gpt_start_audio_token=38,
        gpt_stop_audio_token=39,
        gpt_max_audio_tokens=12,
        gpt_max_text_tokens=80,
        decoder_input_dim=32,
        tokenizer_file=str(folder / "vocab.json"),
    )
    config = XttsConfig(model_args=args, languages=["de", "en"])
    model = Xtts(config)
    model.gpt.init_gpt_for_inference(kv_cache=True)
    config.save_json(folder / "config.json")
    torch.save({"model": model.state_dict()}, folder / "model.pth")
    yield folder
    (folder / "model.pth").unlink()  # 90 MB


def test_xtts_imitates_a_sound_file_as_the_tts_api_does(
    xtts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    sound = tmp_path / "heart.wav"
    write_audio(speech.resample(load_voice(local_only=True).speak("A dog runs on the grass."), 22050), sound)
    voice = load_voice(f"coqui:{xtts}", device="cpu", speaker=str(sound))
    assert "is under the Coqui Public Model License: not for commercial use" in caplog.text
    assert (voice.language, voice.sample_rate) == ("en", 24000)
    # torchaudio reads files with FFmpeg, which is not everywhere.
    monkeypatch.setattr("torchaudio.load", lambda path: (torch.tensor(speech.read_audio(path).samples[None]), 22050))
    tts = TTS(model_path=str(xtts / "model.pth"), config_path=str(xtts / "config.json"), progress_bar=False)
    expected = by_hand(tts, SENTENCE, speaker_wav=str(sound), language="en")
    np.testing.assert_array_equal(raw(voice, SENTENCE), expected)
    slow, fast = len(raw(voice, SENTENCE, 0.5)), len(raw(voice, SENTENCE, 2.0))
    assert slow > 1.5 * fast


def test_xtts_needs_a_speaker_and_one_of_its_languages(xtts: Path) -> None:
    with pytest.raises(VoiceOptionError, match="was given the speaker None; give the path of a sound file"):
        load_voice(f"coqui:{xtts}", device="cpu")
    with pytest.raises(VoiceOptionError, match="does not speak 'fr'; it speaks de, en"):
        load_voice(f"coqui:{xtts}", device="cpu", language="fr")


def test_options_that_do_not_fit_are_refused(vits: Path, hifigan: Path) -> None:
    with pytest.raises(VoiceOptionError, match="takes no speaker, found 'ann': it has one speaker"):
        load_voice(f"coqui:{vits}", speaker="ann")
    with pytest.raises(VoiceOptionError, match=r"takes no vocoder, .* its network makes sound itself"):
        load_voice(f"coqui:{vits}", vocoder=str(hifigan))
    with pytest.raises(ValueError, match="The device is 'abacus'"):
        load_voice(f"coqui:{vits}", device="abacus")


# --- files and licences


@pytest.mark.parametrize("local_only", [True, False])
def test_missing_files_say_where_to_copy_them(
    local_only: bool, coqui_home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = coqui_home / "tts_models--en--ljspeech--vits"
    with pytest.raises(WeightsError, match=rf"coqui:tts_models/en/ljspeech/vits .*copy its files to {folder}"):
        load_voice("coqui:tts_models/en/ljspeech/vits", local_only=local_only)
    assert not folder.exists()
    logged = "Downloading coqui:tts_models/en/ljspeech/vits: licence apache 2.0, from https://"
    assert (logged in caplog.text) is not local_only


def test_xtts_is_not_for_commerce_and_asks_for_consent(
    coqui_home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    name = "coqui:tts_models/multilingual/multi-dataset/xtts_v2"
    monkeypatch.delenv("COQUI_TOS_AGREED", raising=False)
    with pytest.raises(WeightsError, match=r"Coqui Public Model License, which forbids .*COQUI_TOS_AGREED"):
        load_voice(name)
    assert "is under the Coqui Public Model License: not for commercial use" in caplog.text
    monkeypatch.setenv("COQUI_TOS_AGREED", "1")
    with pytest.raises(WeightsError, match="xtts_v2 are not on this computer"):
        load_voice(name, local_only=True)


def test_a_folder_with_xtts_is_not_for_commerce_either(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "config.json").write_text('{"model": "xtts"}')
    (tmp_path / "model.pth").write_bytes(b"")
    with pytest.raises(WeightsError, match="cannot be loaded from"):
        load_voice(f"coqui:{tmp_path}")
    assert "is under the Coqui Public Model License: not for commercial use" in caplog.text


def test_unknown_models_have_the_nearest_names(coqui_home: Path) -> None:
    with pytest.raises(UnknownVoiceError, match=r"no model 'tts_models/en/ljspeech/vitz'.*tts_models/en/ljspeech/vits"):
        load_voice("coqui:tts_models/en/ljspeech/vitz")
    with pytest.raises(UnknownVoiceError, match="is an MMS voice; name it hf:facebook/mms-tts-deu"):
        load_voice("coqui:tts_models/deu/fairseq/vits")
    with pytest.raises(UnknownVoiceError, match="no model 'hifigan' among its vocoder_models"):
        load_vocoder("coqui:hifigan")


def test_pickled_and_damaged_models_are_refused(tmp_path: Path, vits: Path, coqui_home: Path) -> None:
    with pytest.raises(WeightsError, match="has pickled weights, which can run code"):
        load_voice("coqui:tts_models/multilingual/multi-dataset/bark")

    class Harmful:
        def __reduce__(self) -> Any:
            return (Path.touch, (tmp_path / "touched",))

    folder = tmp_path / "harmful"
    shutil.copytree(vits, folder)
    torch.save({"model": Harmful()}, folder / "model_file.pth")
    with pytest.raises(WeightsError, match=r"cannot be loaded from .*copy its files again"):
        load_voice(f"coqui:{folder}")
    assert not (tmp_path / "touched").exists()
    (folder / "model_file.pth").unlink()
    with pytest.raises(WeightsError, match=r"should hold config\.json and the weights as one of model_file\.pth"):
        load_voice(f"coqui:{folder}")


def test_a_crash_inside_coqui_names_the_sentence(vits: Path) -> None:
    voice = load_voice(f"coqui:{vits}", device="cpu")
    voice._backend._tts.synthesizer.tts_model.inference = None  # type: ignore[attr-defined]
    with pytest.raises(speech.SpeechError, match=r"cannot read 'A dog\.' \(TypeError: .*; write it in plain words"):
        voice.speak("A dog.")


@pytest.mark.parametrize("package", ["TTS.api", "torch"])
def test_a_missing_package_has_the_pip_line(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match=rf'needs the package {package}.*pip install "lookaloud\[coqui\]"'):
        load_voice("coqui:tts_models/en/ljspeech/vits")


# --- its vocoders


def test_a_coqui_vocoder_copies_sound(hifigan: Path) -> None:
    audio = load_voice(local_only=True).speak("A dog.")
    vocoder = load_vocoder(f"coqui:{hifigan}", device="cpu")
    copied = copy_synthesis(audio, vocoder)
    assert copied.sample_rate == 22050
    assert copied.seconds == pytest.approx(audio.seconds, abs=1e-3)
    assert np.array_equal(copied.samples, copy_synthesis(audio, vocoder).samples)
    mel = log_mel(speech.resample(audio, 22050).samples, vocoder.mel_format)
    assert mel.shape[0] == 80
    processor = AudioProcessor(load_config(hifigan / "config.json").audio)
    normalised = processor.melspectrogram(speech.resample(audio, 22050).samples)
    np.testing.assert_allclose(processor.normalize(mel), normalised, atol=1e-4)


def test_a_damaged_coqui_vocoder_is_named(hifigan: Path, tmp_path: Path) -> None:
    shutil.copy(hifigan / "config.json", tmp_path)
    (tmp_path / "model.pth").write_bytes(b"")
    with pytest.raises(WeightsError, match="cannot be loaded as a vocoder"):
        load_vocoder(f"coqui:{tmp_path}")
