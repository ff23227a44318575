"""From a model of transformers to a folder that the light install runs."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from torch import nn

from captioner.backends.cached_step import memory_names
from captioner.backends.exported_format import (
    CONFIG_FILE,
    DECODER_FILE,
    ENCODER_FILE,
    PRECISIONS,
    TOKENIZER_FILE,
    ExportedConfig,
    Preprocessing,
)
from captioner.backends.network import as_set, from_transformers, load_model, load_processor
from captioner.confidence import CALIBRATION_FILE
from captioner.errors import CaptionerError, UnknownCaptionerError
from captioner.export.graphs import BlipStep, BlipTower, DecoderStep, Encoder, Gpt2Step, VitTower
from captioner.export.quantise import quantise
from captioner.export.tracing import trace, trace_step
from captioner.hub import Source, network_of, read_config
from captioner.registry import calibration_file, hub_source, list_captioners
from lookaloud.ground.extras import require
from lookaloud.ground.files import write_whole

# One protobuf file holds 2 GiB.
_LARGEST_GRAPH = 2_000_000_000


def export_captioner(name: str, folder: Path, *, precision: str = "fp32", local_only: bool = False) -> ExportedConfig:
    """Write a captioner as files that `load_captioner(folder)` runs without torch; what was written comes back.

    Args:
        name: one of `list_captioners()`, "owner/name[@revision]" on the hub, or a folder: a `VisionEncoderDecoderModel`
            with a GPT-2 decoder, or a `BlipForConditionalGeneration`.
        folder: to write into; made if it is not there. A captioner that it holds is replaced.
        precision: "fp32" computes as torch does in float32; "int8" is a quarter of the size and faster, and says
            something else now and then.
        local_only: never download.

    Raises:
        UnknownCaptionerError: no such captioner, or one that cannot be exported.
        MissingExtraError: a package is missing.
        WeightsError: the model's files are missing or damaged.
        ValueError: no such precision.
        OSError: the folder cannot be written.
    """
    if precision not in PRECISIONS:
        raise ValueError(f"The precision is {precision!r}; give one of: {', '.join(PRECISIONS)}.")
    require("Exporting", ["onnx"], extra="models")
    found = _find(name, local_only=local_only)
    parts = _parts(found.folder, name)
    config = ExportedConfig(
        name=found.name,
        source=found.source,
        licence=found.licence,
        precision=precision,
        n_layers=len(parts.step.layers),
        n_heads=parts.step.n_heads,
        head_size=parts.step.head_size,
        vocab_size=parts.vocab_size,
        max_tokens=parts.max_tokens,
        begin=parts.begin,
        end=_only(parts.end, name),
        special=tuple(sorted(parts.tokenizer.all_special_ids)),
        length_penalty=float(parts.length_penalty),
        tidy=_tidy(parts.tokenizer),
        preprocessing=_preprocessing(parts.processor, name),
    )
    folder.mkdir(parents=True, exist_ok=True)
    # The configuration is written last: without it, the folder is no captioner.
    (folder / CONFIG_FILE).unlink(missing_ok=True)
    for file, graph in ((ENCODER_FILE, _encoder_graph), (DECODER_FILE, _decoder_graph)):
        content = graph(parts, config)
        write_whole(folder / file, content if precision == "fp32" else quantise(content))
    write_whole(folder / TOKENIZER_FILE, parts.tokenizer.backend_tokenizer.to_str().encode())
    calibration = calibration_file(name)
    if calibration.is_file():
        write_whole(folder / CALIBRATION_FILE, calibration.read_bytes())
    write_whole(folder / CONFIG_FILE, config.to_json().encode())
    return config


@dataclass(frozen=True)
class _Found:
    name: str
    folder: Path
    source: str
    licence: str


def _find(name: str, *, local_only: bool) -> _Found:
    """Return where a captioner's files are, and what is known of them."""
    for spec in list_captioners():
        if spec.name == name:
            if spec.repo is None:
                raise UnknownCaptionerError(f"The captioner {name} runs without torch as it is; use it by its name.")
            source = Source(spec.repo, spec.revision or "main")
            folder = source.fetch(spec.facts, local_only=local_only)
            return _Found(name, folder, f"{spec.source} at {source.revision}", spec.licence)
    folder = Path(name)
    if folder.is_dir():
        return _Found(folder.resolve().name, folder, "a folder", _licence_of(folder))
    source = hub_source(name)
    folder = source.fetch("its page has size and licence", local_only=local_only)
    return _Found(source.repo, folder, f"huggingface.co/{source.repo} at {folder.name}", _licence_of(folder))


def _licence_of(folder: Path) -> str:
    """Return the licence in the header of a model card, "not stated" if there is none."""
    card = folder / "README.md"
    text = card.read_text(encoding="utf-8", errors="replace") if card.is_file() else ""
    header = re.match(r"\s*---\n(.*?)\n---", text, re.S)
    found = re.search(r"^license:\s*[\"']?([\w.+-]+)", header[1], re.M) if header else None
    return found[1] if found else "not stated"


@dataclass(frozen=True)
class _Parts:
    """A model of transformers, taken apart."""

    tower: nn.Module
    step: DecoderStep
    processor: Any
    tokenizer: Any
    vocab_size: int
    max_tokens: int
    begin: tuple[int, ...]
    end: frozenset[int]
    length_penalty: float


def _parts(folder: Path, name: str) -> _Parts:
    _, class_name = network_of(read_config(folder), name)
    if class_name not in _TAKE_APART:
        raise UnknownCaptionerError(
            f"The captioner {name} cannot be exported; what can be is a VisionEncoderDecoderModel with a GPT-2 decoder "
            "(as vit-gpt2) and a BlipForConditionalGeneration (as blip-base and blip-large)."
        )
    parts = _TAKE_APART[class_name](folder, name)
    for module in (parts.tower, parts.step):
        if 4 * sum(parameter.numel() for parameter in module.parameters()) > _LARGEST_GRAPH:
            raise CaptionerError(f"The captioner {name} is too large to be exported: one half of it has over 2 GB.")
    return parts


def _vit_gpt2(folder: Path, name: str) -> _Parts:
    model = load_model("VisionEncoderDecoderModel", folder, device=torch.device("cpu"), dtype=torch.float32)
    if not isinstance(model.decoder, from_transformers("GPT2LMHeadModel")):
        raise UnknownCaptionerError(
            f"The captioner {name} has a decoder of class {type(model.decoder).__name__}; only GPT-2 can be exported."
        )
    _check_gpt2(model.decoder.config, name)
    generation, config = model.generation_config, model.decoder.config
    start = generation.bos_token_id if generation.decoder_start_token_id is None else generation.decoder_start_token_id
    return _Parts(
        VitTower(model), Gpt2Step(model.decoder),
        load_processor("AutoImageProcessor", folder), load_processor("AutoTokenizer", folder),
        config.vocab_size, config.n_positions, (start,), as_set(generation.eos_token_id),
        generation.length_penalty or 1.0,
    )  # fmt: skip


def _check_gpt2(config: Any, name: str) -> None:
    if not config.scale_attn_weights or config.scale_attn_by_inverse_layer_idx:
        raise UnknownCaptionerError(
            f"The captioner {name} has a GPT-2 that scales its attention in a way of its own, which is not exported."
        )


def _blip(folder: Path, name: str) -> _Parts:
    model = load_model("BlipForConditionalGeneration", folder, device=torch.device("cpu"), dtype=torch.float32)
    processor = load_processor("BlipProcessor", folder)
    config = model.config.text_config
    return _Parts(
        BlipTower(model), BlipStep(model.text_decoder), processor.image_processor, processor.tokenizer,
        config.vocab_size, config.max_position_embeddings, (config.bos_token_id,), as_set(config.sep_token_id),
        model.text_decoder.generation_config.length_penalty or 1.0,
    )  # fmt: skip


_TAKE_APART: dict[str, Callable[[Path, str], _Parts]] = {"VitGpt2": _vit_gpt2, "Blip": _blip}


def _only(end: frozenset[int], name: str) -> int:
    if len(end) != 1:
        raise UnknownCaptionerError(
            f"The captioner {name} has {len(end)} tokens that end a caption; only one with a single such token can be "
            "exported."
        )
    return next(iter(end))


def _tidy(tokenizer: Any) -> bool:
    # As transformers has it: never for byte-pair vocabularies, which know their own spaces.
    wanted = bool(getattr(tokenizer, "clean_up_tokenization_spaces", False))
    return wanted and type(tokenizer.backend_tokenizer.model).__name__ != "BPE"


def _preprocessing(processor: Any, name: str) -> Preprocessing:
    raw = processor.to_dict()
    size, crop = dict(raw.get("size") or {}), dict(raw.get("crop_size") or {})
    kinds = {("height", "width"), ("shortest_edge",)}
    if tuple(size) not in kinds or not raw.get("do_resize") or raw.get("do_pad"):
        raise UnknownCaptionerError(
            f"The captioner {name} prepares pictures in a way that is not exported: it resizes to {size or 'nothing'}; "
            "a height and width, or a shortest edge, was expected."
        )
    scaled, normalised = raw.get("do_rescale"), raw.get("do_normalize")
    return Preprocessing(
        size=tuple(int(side) for side in size.values()),
        resample=int(raw["resample"]),
        pillow=isinstance(processor, import_module("transformers.image_processing_backends").PilBackend),
        crop=(int(crop["height"]), int(crop["width"])) if raw.get("do_center_crop") else None,
        scale=float(raw["rescale_factor"]) if scaled else 1.0,
        mean=tuple(map(float, raw["image_mean"])) if normalised else (0.0, 0.0, 0.0),  # type: ignore[arg-type]
        std=tuple(map(float, raw["image_std"])) if normalised else (1.0, 1.0, 1.0),  # type: ignore[arg-type]
    )


def _encoder_graph(parts: _Parts, config: ExportedConfig) -> bytes:
    prepared = config.preprocessing
    height, width = prepared.crop or (prepared.size * 2)[:2]
    names = memory_names(config.n_layers)
    axes = {name: {0: "pictures"} for name in ("pixels", *names)}
    return trace(Encoder(parts.tower, parts.step), (torch.zeros(2, 3, height, width),), ["pixels"], names, axes)


def _decoder_graph(parts: _Parts, config: ExportedConfig) -> bytes:
    n, positions, heads, size = 2, 5, config.n_heads, config.head_size
    memory = [torch.zeros(n, heads, size, positions), torch.zeros(n, heads, positions, size)] * config.n_layers
    longer = {name: 3 if name.startswith("keys") else 2 for name in memory_names(config.n_layers)}
    return trace_step(parts.step, memory, n_heads=heads, head_size=size, scores="logprobs", longer_memory=longer)
