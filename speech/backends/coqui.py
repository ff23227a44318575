"""Coqui's voices through `TTS.api.TTS` of coqui-tts: Tacotron2 with a vocoder, VITS, XTTS and the others it knows."""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lookaloud.ground.errors import reason_of
from lookaloud.ground.extras import require
from speech.audio import Audio, read_audio, resample
from speech.backends.networks import repeatable, stretch
from speech.coqui_models import find_model, warn_of_licence
from speech.errors import SpeechError, VoiceOptionError, WeightsError
from speech.hub import read_config
from speech.load_options import LoadOptions, choose_language, choose_speaker, language_tag, refuse_vocoder
from speech.text import split_sentences
from speech.vocoders import Vocoder, load_fitting_vocoder, load_vocoder
from speech.vocoders.coqui_vocoder import coqui_format

_log = logging.getLogger(__name__)

_MAKE_SOUND = ("bark", "delightful_tts", "tortoise", "vits", "xtts")  # the others make spectrograms
_XTTS_RATE = 22050  # Hz, at which XTTS hears a speaker
_CLONE = "reference"  # the name inside coqui-tts of the speaker of a sound file


class CoquiBackend:
    """One Coqui voice: a `TTS.api.TTS` and what its `tts` is called with.

    With a vocoder, the model makes a mel spectrogram only. Without one it makes sound itself, or coqui-tts does.
    """

    def __init__(
        self, name: str, language: str, tts: Any, vocoder: Vocoder | None, arguments: dict[str, Any], max_chars: int
    ) -> None:
        self.name = name
        self.language = language
        own_rate: int = tts.synthesizer.output_sample_rate
        self.sample_rate = own_rate if vocoder is None else vocoder.mel_format.sample_rate
        self._tts = tts
        self._vocoder = vocoder
        self._arguments = arguments
        self._max_chars = max_chars

    def synthesise(self, sentence: str, rate: float) -> npt.NDArray[np.float32]:
        """Return the sentence as float32 (n,) at the voice's rate."""
        pieces = split_sentences(sentence, max_chars=self._max_chars)
        return np.concatenate([np.zeros(0, np.float32), *(self._say(piece, rate) for piece in pieces)])

    def _say(self, text: str, rate: float) -> npt.NDArray[np.float32]:
        model = self._tts.synthesizer.tts_model
        arguments = dict(self._arguments)
        scale = getattr(model, "length_scale", None)
        if model.config.model == "xtts":
            arguments["speed"] = rate
        elif scale is not None:
            model.length_scale = scale / rate
        try:
            with repeatable(model.device):
                if self._vocoder is None:
                    samples = self._tts.tts(text, split_sentences=False, **arguments)
                else:
                    samples = self._vocode(model.synthesize(text, **arguments)["outputs"], self._vocoder)
        # What its tokenizers and networks raise for text that they cannot read is of many classes.
        except Exception as error:
            raise SpeechError(
                f"The voice {self.name} cannot read {text!r} ({type(error).__name__}: {reason_of(error)}); write it in "
                "plain words."
            ) from error
        finally:
            if scale is not None:
                model.length_scale = scale
        spoken = np.asarray(samples, np.float32)
        return spoken if model.config.model == "xtts" or scale is not None else stretch(spoken, rate)

    def _vocode(self, outputs: dict[str, Any], vocoder: Vocoder) -> npt.NDArray[np.float32]:
        """Return the sound of the spectrogram among a model's outputs."""
        from TTS.vocoder.utils.generic_utils import interpolate_vocoder_input

        processor = self._tts.synthesizer.tts_model.ap
        own, wanted = coqui_format(processor), vocoder.mel_format
        mel = own.rescaled(processor.denormalize(outputs["model_outputs"][0].cpu().numpy().T), wanted)
        if own.sample_rate != wanted.sample_rate:  # in some pairs that Coqui publishes, which it plays like this
            mel = interpolate_vocoder_input((1, wanted.sample_rate / own.sample_rate), mel)[0].numpy()
        samples = vocoder.waveform(mel)
        return samples[: processor.find_endpoint(samples)] if processor.do_trim_silence else samples


def load_named(target: str, options: LoadOptions) -> CoquiBackend:
    """Return the backend of a Coqui model's name or folder. See `speech.load_voice` for what it raises."""
    name = f"coqui:{target}"
    require(f"The voice {name}", ["torch", "TTS.api"], extra="coqui")
    from lookaloud.ground.devices import choose_device

    device = choose_device(options.device)
    checkpoint, config, item = find_model(target, "tts_models", local_only=options.local_only)
    stated = read_config(config.parent)
    kind = stated.get("model")
    if not item and kind == "xtts":
        warn_of_licence(name, "CPML")  # a folder states no licence, and there is no XTTS under another
    if kind in _MAKE_SOUND:
        refuse_vocoder(name, options.vocoder)
    tts = _tts(name, checkpoint, config, device)
    model = tts.synthesizer.tts_model
    vocoder = None if kind in _MAKE_SOUND else _vocoder(name, model, item.get("default_vocoder"), options)
    offered = _languages(target if item else "", stated, model, options.language)
    spelling = choose_language(name, options.language or _preferred(offered), offered)
    arguments = _speaker(name, tts, options.speaker)
    if tts.is_multi_lingual:
        arguments["language"] = spelling
    limits = getattr(getattr(model, "tokenizer", None), "char_limits", {})  # of XTTS, which cuts longer text
    return CoquiBackend(name, language_tag(spelling), tts, vocoder, arguments, limits.get(spelling.split("-")[0], 1000))


def _vocoder(name: str, model: Any, published: str | None, options: LoadOptions) -> Vocoder | None:
    """Return the vocoder that was asked for, else the one that Coqui publishes with the voice, if any."""
    wanted = options.vocoder or published
    if wanted is None:
        _log.warning("The voice %s has no vocoder and speaks through Griffin-Lim; vocoder=... sounds better", name)
        return None
    if published and wanted.removeprefix("coqui:") == published:
        # Also if their spectrograms differ: Coqui has published them as a pair.
        return load_vocoder(f"coqui:{published}", device=options.device, local_only=options.local_only)
    return load_fitting_vocoder(wanted, name, coqui_format(model.ap), options, prefix="coqui")


def _tts(name: str, checkpoint: Path, config: Path, device: Any) -> Any:
    from TTS.api import TTS

    try:
        tts = TTS(model_path=str(checkpoint), config_path=str(config), progress_bar=False)
        return tts.to(device)  # it is in evaluation mode already; a second time fails for XTTS
    # What damaged files make torch and coqui-tts raise is of many classes.
    except Exception as error:
        raise WeightsError(
            f"The voice {name} cannot be loaded from {checkpoint.parent} ({reason_of(error)}); copy its files again."
        ) from error


def _languages(named: str, stated: dict[str, Any], model: Any, wanted: str | None) -> list[str]:
    """Return the languages that a model, its name or its config.json states, else the one asked for, else English."""
    names = list(model.language_manager.language_names)
    if len(names) > 1:
        return names
    if named.count("/") == 3 and named.split("/")[1] != "multilingual":
        return [named.split("/")[1]]
    datasets = [dataset for dataset in stated.get("datasets") or [] if dataset.get("language")]
    if stated.get("languages") or stated.get("phoneme_language") or datasets:
        return names
    return [wanted or "en"]


def _preferred(offered: list[str]) -> str | None:
    return "en" if any(language_tag(language).split("-")[0] == "en" for language in offered) else None


def _speaker(name: str, tts: Any, speaker: str | None) -> dict[str, Any]:
    """Return the arguments of `TTS.tts` for a speaker of the model, or for one that imitates a sound file."""
    model = tts.synthesizer.tts_model
    speakers = list(tts.speakers or [])
    can_clone = bool(model.config.supports_cloning)
    if can_clone and speaker not in speakers:
        if speaker is not None and Path(speaker).is_file():
            return _imitate(name, model, speaker)
        if speaker is not None or not speakers:
            raise VoiceOptionError(
                f"The voice {name} was given the speaker {speaker!r}; give the path of a sound file with some seconds "
                f"of speech, or one of {', '.join(speakers[:20]) or 'its own speakers, of which it has none'}."
            )
    if can_clone:
        return {"speaker": speaker or speakers[0]}
    chosen = choose_speaker(name, speaker, speakers)
    return {} if chosen is None else {"speaker": chosen}


def _imitate(name: str, model: Any, speaker: str) -> dict[str, Any]:
    folder = tempfile.TemporaryDirectory(prefix="lookaloud-")
    audio = read_audio(speaker)
    try:
        with repeatable(model.device):
            if model.config.model == "xtts":
                _imitate_with_xtts(model, audio, Path(folder.name))
                return {"speaker": _CLONE}
            model.clone_voice(speaker, _CLONE, folder.name)
    # What a speaker encoder raises for sound that it cannot use is of many classes.
    except Exception as error:
        raise VoiceOptionError(
            f"The voice {name} cannot imitate {speaker} ({reason_of(error)}); give a sound file with some seconds of "
            "speech."
        ) from error
    return {"speaker": _CLONE, "voice_dir": _KeptFolder(folder)}


def _imitate_with_xtts(model: Any, audio: Audio, folder: Path) -> None:
    """Make the speaker of a sound the only one of an XTTS model.

    Like its own `clone_voice`, which would read the file with torchaudio and so need FFmpeg on the system.
    """
    import torch
    from TTS.tts.layers.xtts.xtts_manager import SpeakerManager

    config = model.config
    samples = resample(audio, _XTTS_RATE).samples[: _XTTS_RATE * config.max_ref_len].copy()
    if config.sound_norm_refs:
        samples *= 0.75 / max(1e-5, float(np.abs(samples).max(initial=0.0)))
    heard = torch.from_numpy(samples)[None].to(model.device)
    voice = {  # in the order in which XTTS takes the values
        "gpt_conditioning_latents": model.get_gpt_cond_latents(
            heard, _XTTS_RATE, length=config.gpt_cond_len, chunk_length=config.gpt_cond_chunk_len
        ),
        "speaker_embedding": model.get_speaker_embedding(heard, _XTTS_RATE),
    }
    torch.save({_CLONE: voice}, folder / "speakers.pth")
    model.speaker_manager = SpeakerManager(folder / "speakers.pth")


class _KeptFolder:
    """The path of a temporary folder that lives as long as this object."""

    def __init__(self, folder: tempfile.TemporaryDirectory[str]) -> None:
        self._folder = folder

    def __fspath__(self) -> str:
        return self._folder.name
