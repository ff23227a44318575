"""Voices that transformers runs: VITS (and MMS, which is VITS in 1100 languages), and SpeechT5 with a vocoder."""

from __future__ import annotations

import logging
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lookaloud.ground.errors import MissingExtraError, reason_of
from lookaloud.ground.extras import require
from speech.backends.networks import pretrained, repeatable, stretch
from speech.errors import SpeechError, VoiceOptionError, WeightsError
from speech.hub import model_folder, read_config
from speech.load_options import LoadOptions, choose_language, choose_speaker, language_tag, refuse_vocoder
from speech.text.other_languages import spell_numbers
from speech.vocoders import MelFormat, Vocoder, load_fitting_vocoder

_log = logging.getLogger(__name__)

_VOCODER = "microsoft/speecht5_hifigan"  # made for SpeechT5: MIT, 50 MB
# SpeechT5 needs the x-vector of a speaker, and comes with none. Its authors use those of five CMU ARCTIC speakers, most
# often slt, an American woman. MIT, 18 MB.
_XVECTORS = ("Matthijs/cmu-arctic-xvectors", "spkrec-xvect.zip")
_SPEAKERS = {
    "slt": "cmu_us_slt_arctic-wav-arctic_a0508.npy",
    "bdl": "cmu_us_bdl_arctic-wav-arctic_a0009.npy",
    "clb": "cmu_us_clb_arctic-wav-arctic_a0144.npy",
    "ksp": "cmu_us_ksp_arctic-wav-arctic_b0087.npy",
    "rms": "cmu_us_rms_arctic-wav-arctic_b0353.npy",
}


class VitsBackend:
    """One VITS voice: a `VitsModel` and its `VitsTokenizer`."""

    def __init__(self, name: str, language: str, model: Any, tokenizer: Any, speaker_id: int | None) -> None:
        self.name = name
        self.language = language
        self.sample_rate: int = model.config.sampling_rate
        self._model = model
        self._tokenizer = tokenizer
        self._speaker_id = speaker_id

    def synthesise(self, sentence: str, rate: float) -> npt.NDArray[np.float32]:
        """Return the sentence as float32 (n,) at the voice's rate; n is 0 if the voice knows none of its letters."""
        text = spell_numbers(sentence, self.language)
        vocabulary = self._tokenizer.get_vocab()
        if not (self._tokenizer.phonemize or self._tokenizer.is_uroman):
            unknown = {char for char in text if char.isalnum() and not {char, char.lower()} & vocabulary.keys()}
            _warn_of_unknown(self.name, sentence, unknown)
        inputs = self._tokenizer(text, return_tensors="pt").to(self._model.device)
        ids = inputs["input_ids"][0].tolist()
        spoken = ids[1::2] if self._tokenizer.add_blank else ids  # there is a blank around every sound
        if not any(token[:1].isalnum() for token in self._tokenizer.convert_ids_to_tokens(spoken)):
            return np.zeros(0, np.float32)
        self._model.speaking_rate = self._model.config.speaking_rate * rate
        with repeatable(self._model.device):
            waveform = self._model(**inputs, speaker_id=self._speaker_id).waveform
        return np.asarray(waveform[0].cpu(), np.float32)


class SpeechT5Backend:
    """SpeechT5: text to mel spectrogram in the voice of an x-vector, and a vocoder."""

    def __init__(
        self,
        name: str,
        language: str,
        model: Any,
        tokenizer: Any,
        vocoder: Vocoder,
        mel_format: MelFormat,
        xvector: npt.NDArray[np.float32],
    ) -> None:
        import torch

        self.name = name
        self.language = language
        self.sample_rate = vocoder.mel_format.sample_rate
        self._model = model
        self._tokenizer = tokenizer
        self._vocoder = vocoder
        self._mel_format = mel_format
        self._xvector = torch.from_numpy(xvector[None].copy()).to(model.device)

    def synthesise(self, sentence: str, rate: float) -> npt.NDArray[np.float32]:
        """Return the sentence as float32 (n,) at the vocoder's rate; n is 0 if the voice knows none of its letters."""
        text = spell_numbers(sentence, self.language)
        ids = self._tokenizer(text, return_tensors="pt")["input_ids"]
        unknown_id = self._tokenizer.unk_token_id
        unknown = {char for char in text if char.isalnum() and unknown_id in self._tokenizer(char)["input_ids"]}
        _warn_of_unknown(self.name, sentence, unknown)
        if all(char in unknown for char in text if char.isalnum()):
            return np.zeros(0, np.float32)
        longest = self._model.config.max_text_positions
        if ids.shape[1] > longest:
            raise SpeechError(
                f"The voice {self.name} takes {longest} letters at once, found {ids.shape[1]} in {sentence[:40]!r}; "
                "write long numbers in words, or break the sentence."
            )
        with repeatable(self._model.device):  # its pre-net uses dropout when it speaks, too
            spectrogram = self._model.generate_speech(ids.to(self._model.device), self._xvector)
        mel = self._mel_format.rescaled(np.asarray(spectrogram.cpu(), np.float32).T, self._vocoder.mel_format)
        return stretch(self._vocoder.waveform(mel), rate)


def load_named(target: str, options: LoadOptions) -> VitsBackend | SpeechT5Backend:
    """Return the backend of "owner/name@revision" or a folder. See `speech.load_voice` for what it raises."""
    name = f"hf:{target}"
    require(f"The voice {name}", ["torch", "transformers", "num2words"], extra="models")
    from lookaloud.ground.devices import choose_device

    device = choose_device(options.device)
    folder = model_folder(target, local_only=options.local_only)
    kind = read_config(folder).get("model_type")
    if kind == "vits":
        return _load_vits(name, folder, device, options)
    if kind == "speecht5":
        return _load_speecht5(name, folder, device, options)
    raise WeightsError(
        f"{target} is a model of type {kind!r}, which is not a voice; give one of type vits or speecht5."
    )


def _load_vits(name: str, folder: Path, device: Any, options: LoadOptions) -> VitsBackend:
    from transformers import VitsModel, VitsTokenizer
    from transformers.utils.import_utils import is_phonemizer_available, is_uroman_available

    refuse_vocoder(name, options.vocoder)
    tokenizer = _tokenizer(VitsTokenizer, folder)
    for wanted, there, package in (
        (tokenizer.phonemize, is_phonemizer_available(), "phonemizer"),
        (tokenizer.is_uroman, is_uroman_available(), "uroman"),
    ):
        if wanted and not there:
            raise MissingExtraError(
                f"The voice {name} turns letters into sounds with the package {package}, which is not installed; run: "
                f"pip install {package}"
            )
    language = _language(name, getattr(tokenizer, "language", None), options.language)
    model = pretrained(VitsModel, folder, device)
    n_speakers = model.config.num_speakers
    numbers = [str(number) for number in range(n_speakers)] if n_speakers > 1 else []
    speaker = choose_speaker(name, options.speaker, numbers)
    return VitsBackend(name, language, model, tokenizer, None if speaker is None else int(speaker))


def _load_speecht5(name: str, folder: Path, device: Any, options: LoadOptions) -> SpeechT5Backend:
    require(f"The voice {name}", ["sentencepiece", "librosa"], extra="models")
    from transformers import SpeechT5FeatureExtractor, SpeechT5ForTextToSpeech, SpeechT5Tokenizer

    from speech.vocoders.hifigan import speecht5_format, stated_format

    language = _language(name, None, options.language)
    tokenizer = _tokenizer(SpeechT5Tokenizer, folder)
    model = pretrained(SpeechT5ForTextToSpeech, folder, device)
    xvector = _xvector(name, options.speaker, model.config.speaker_embedding_dim, options.local_only)
    usual = SpeechT5FeatureExtractor(num_mel_bins=model.config.num_mel_bins)
    mel_format = stated_format(folder) or speecht5_format(usual)
    vocoder = load_fitting_vocoder(options.vocoder or _VOCODER, name, mel_format, options, prefix="hf")
    return SpeechT5Backend(name, language, model, tokenizer, vocoder, mel_format, xvector)


def _language(name: str, stated: str | None, wanted: str | None) -> str:
    """Return the language that the voice's files state, else the one asked for, else English."""
    if stated:
        return language_tag(choose_language(name, wanted, [stated]))
    if wanted is None:
        _log.info("The voice %s does not state its language; it is taken to be English; else give language=...", name)
    return language_tag(wanted or "en")


def _tokenizer(cls: Any, folder: Path) -> Any:
    try:
        return cls.from_pretrained(folder, local_files_only=True)
    # What damaged files make transformers and sentencepiece raise is of many classes.
    except Exception as error:
        raise WeightsError(
            f"{folder} has no usable files of {cls.__name__} ({reason_of(error)}); copy them again."
        ) from error


def _xvector(voice: str, speaker: str | None, size: int, local_only: bool) -> npt.NDArray[np.float32]:
    if speaker is not None and speaker not in _SPEAKERS:
        path = Path(speaker)
        if path.suffix != ".npy" or not path.is_file():
            raise VoiceOptionError(
                f"The voice {voice} has no speaker {speaker!r}; choose one of {', '.join(_SPEAKERS)}, or give a .npy "
                f"file with an x-vector of {size} numbers."
            )
        return _read_xvector(path, path.name, size)
    repo, file = _XVECTORS
    from huggingface_hub import hf_hub_download

    try:
        # Numbers, read without pickle and checked. No revision is pinned, because any of the right size will do.
        archive = hf_hub_download(repo, file, repo_type="dataset", local_files_only=True)  # nosec B615
    except (OSError, ValueError) as missing:
        advice = f"give speaker=FILE.npy with an x-vector of {size} numbers, e.g. one of https://huggingface.co/datasets/{repo}"
        if local_only:
            raise WeightsError(
                f"The voice {voice} needs a speaker, and {file} of {repo} is not on this computer; allow the download, "
                f"or {advice}."
            ) from missing
        _log.warning("Downloading the speakers of SpeechT5: 18 MB, MIT, from https://huggingface.co/datasets/%s", repo)
        try:
            archive = hf_hub_download(repo, file, repo_type="dataset")  # as above  # nosec B615
        # Network errors are of many classes, in three libraries.
        except Exception as error:
            raise WeightsError(f"{file} of {repo} could not be downloaded ({reason_of(error)}); {advice}.") from error
    wanted = _SPEAKERS[speaker or "slt"]
    try:
        with zipfile.ZipFile(archive) as opened:
            entry = next((entry for entry in opened.namelist() if entry.endswith(wanted)), wanted)
            with opened.open(entry) as stream:
                return _read_xvector(stream, wanted, size)
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise WeightsError(
            f"{archive} does not hold {wanted} ({error}); delete it to have it downloaded again."
        ) from error


def _read_xvector(file: Any, name: str, size: int) -> npt.NDArray[np.float32]:
    try:
        vector = np.asarray(np.load(file, allow_pickle=False), np.float32).reshape(-1)
    except (OSError, ValueError) as error:
        raise VoiceOptionError(
            f"{name} is not a numpy file of numbers ({error}); give an x-vector saved by numpy."
        ) from error
    if vector.size != size or not np.isfinite(vector).all() or not vector.any():
        raise VoiceOptionError(
            f"{name} holds {vector.size} numbers; expected the {size} finite numbers of an x-vector, not all zero."
        )
    return vector


def _warn_of_unknown(voice: str, sentence: str, unknown: set[str]) -> None:
    if unknown:
        _log.warning("The voice %s does not know %s in %r: left out", voice, ", ".join(sorted(unknown)), sentence[:60])
