"""The built-in captioner: ONNX graphs, onnxruntime and numpy; no torch.

The network and its training are in `captioner/training/`; `export_model` there writes the files that are read here.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from itertools import islice, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import numpy.typing as npt
from PIL import Image

from captioner.backends.cached_step import cached_step, memory_names
from captioner.backends.files import open_session, open_tokenizer
from captioner.beam import Hypothesis, Step, diverse_beam_search
from captioner.captioner import Draft
from captioner.confidence import DIVERSITY, FUNCTION_WORDS, N_FEATURES, Calibration, content, features_of
from captioner.errors import WeightsError
from captioner.findings.caption import PHOTOGRAPH, CaptionOptions
from captioner.neighbours import NEIGHBOURS_FILE, Neighbours
from captioner.photo import GATE_FILE, Gate, Verdict, plain_kind
from lookaloud.ground.typed import typed_json

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Tokenizer

ENCODER_FILE, TOKENIZER_FILE, CONFIG_FILE = "encoder.onnx", "tokenizer.json", "config.json"
_DAMAGED = ". Install Lookaloud again."
# Where neighbours choose, hypotheses that the search keeps for each beam asked for, and what their voice counts for
# against the mean log-probability of a caption's tokens; chosen on val pictures.
_WIDTH, _ADVICE = 2, 30.0
WEIGHTS = Path(__file__).resolve().parent.parent / "weights"

LEAST = 1e-30
"""Probabilities below count as this: it has a logarithm."""


# More than four do not help one picture of this size; a batch has work for more.
_MAX_THREADS, _MAX_WORKERS = 4, 16
# No captioner has more of anything; a damaged configuration may say so.
_MAX_SIZE = 1 << 20

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def writer_file(i: int) -> str:
    """Return the file of the i-th network that writes."""
    return f"writer_{i}.onnx"


def _split(items: Sequence[_Item], n: int) -> list[Sequence[_Item]]:
    """Return the items in n parts, or as many as there are, of nearly the same length."""
    n = min(n, len(items))
    borders = [round(i * len(items) / n) for i in range(n + 1)] if n else []
    return [items[start:stop] for start, stop in pairwise(borders)]


def square_pixels(image: Image.Image, size: int) -> npt.NDArray[np.uint8]:
    """Return the picture squeezed to a square, (size, size, 3) uint8.

    The aspect is not kept: the pictures that the model learned from had been squeezed the same way.
    """
    if image.size != (size, size):
        image = image.resize((size, size), Image.Resampling.BICUBIC, reducing_gap=2.0)
    return np.asarray(image, dtype=np.uint8)


@dataclass(frozen=True)
class Found:
    """What a search found for one picture.

    Attributes:
        captions: the best one first, then others that say something else.
        agreement: how much the best sounds like what people said of similar pictures; 0 without neighbours.
        likeness: how similar those pictures are, a cosine; 0 without neighbours.
    """

    captions: tuple[Hypothesis, ...]
    agreement: float = 0.0
    likeness: float = 0.0


def _rank(advised: tuple[Hypothesis, float]) -> float:
    """Return what a hypothesis and how much the neighbours agree with it are worth together."""
    hypothesis, agreement = advised
    return hypothesis.score + _ADVICE * agreement


@dataclass(frozen=True)
class _Config:
    name: str
    image_size: int
    vocab_size: int
    n_writers: int
    n_layers: int
    n_heads: int
    head_size: int
    max_tokens: int
    bos: int
    eos: int
    gate: bool
    neighbours: bool
    confidence: Calibration | None = None

    def __post_init__(self) -> None:
        sizes = (self.image_size, self.vocab_size, self.n_layers, self.n_heads, self.head_size, self.max_tokens)
        if not all(0 < size <= _MAX_SIZE for size in sizes) or not 0 < self.n_writers <= _MAX_WORKERS:
            raise ValueError("a size in it is below 1, or larger than any captioner's")
        if not (0 <= self.bos < self.vocab_size and 0 <= self.eos < self.vocab_size):
            raise ValueError("its first or last token is not in its vocabulary")
        if self.confidence is not None and len(self.confidence.weights) != N_FEATURES:
            raise ValueError(f"its confidence has {len(self.confidence.weights)} weights; expected {N_FEATURES}")


@dataclass(frozen=True)
class _Graphs:
    """The graphs of a folder.

    Attributes:
        encoder: of pictures.
        writers: one step of each of those that write.
        helpers: threads on which the others write while the first one does; None where each waits for the one before.
    """

    encoder: InferenceSession
    writers: tuple[InferenceSession, ...]
    helpers: ThreadPoolExecutor | None

    @classmethod
    def open(cls, folder: Path, n_writers: int, n_threads: int) -> _Graphs:
        """
        Raises:
            WeightsError: a file is missing or damaged.
        """
        encoder = open_session(folder / ENCODER_FILE, n_threads=n_threads, ending=_DAMAGED, spin=True)
        # The products of one step are too small to be shared by threads.
        writers = [open_session(folder / writer_file(i), n_threads=1, ending=_DAMAGED) for i in range(n_writers)]
        helpers = ThreadPoolExecutor(n_writers - 1, "writer") if min(n_threads, n_writers) > 1 else None
        return cls(encoder, tuple(writers), helpers)

    def step(self, memory: npt.NDArray[np.float32], rows: int, config: _Config) -> Step:
        """Return the step function of a search: the word that follows is what the writers think likely on average."""
        from onnxruntime import OrtValue

        # For each writer, for each of its layers keys and values.
        parts = memory.reshape(len(self.writers), -1, *memory.shape[2:])
        names = memory_names(config.n_layers)
        steps = [
            cached_step(
                writer,
                {name: OrtValue.ortvalue_from_numpy(part) for name, part in zip(names, own, strict=True)},
                rows,
                n_layers=config.n_layers,
                n_heads=config.n_heads,
                head_size=config.head_size,
                output="probabilities",
            )
            for writer, own in zip(self.writers, parts, strict=True)
        ]

        def step(tokens: npt.NDArray[np.int64], parents: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
            if self.helpers is None:
                found = [one(tokens, parents) for one in steps]
            else:
                others = [self.helpers.submit(one, tokens, parents) for one in steps[1:]]
                found = [steps[0](tokens, parents), *(other.result() for other in others)]
            likely = sum(found[1:], found[0]) / np.float32(len(found))
            logprobs: npt.NDArray[np.float32] = np.log(np.maximum(likely, np.float32(LEAST)))
            return logprobs

        return step


class CompactBackend:
    """Captions pictures with the files of one folder, by default those that come with the package.

    Raises:
        WeightsError: a file is missing or damaged.
    """

    def __init__(self, folder: Path = WEIGHTS) -> None:
        self.folder = folder
        try:
            self._config = typed_json((folder / CONFIG_FILE).read_bytes(), _Config)
        except FileNotFoundError as error:
            raise WeightsError(
                f"The captioner's file {error.filename} is missing. Install Lookaloud again, or name a folder that "
                f"holds {CONFIG_FILE}, {TOKENIZER_FILE}, {ENCODER_FILE} and {writer_file(0)}."
            ) from error
        except (OSError, ValueError) as error:
            raise WeightsError(
                f"{folder / CONFIG_FILE} is not a captioner's configuration ({error}){_DAMAGED}"
            ) from error
        n_cores = os.cpu_count() or 1
        self._n_workers = min(_MAX_WORKERS, n_cores)
        self._alone = _Graphs.open(folder, self._config.n_writers, min(_MAX_THREADS, n_cores))
        # A captioner with an encoder of its own has no gate that fits it; then only what is plain is refused.
        self._gate = Gate.load(folder / GATE_FILE) if self._config.gate else None
        self.neighbours = Neighbours.load(folder / NEIGHBOURS_FILE) if self._config.neighbours else None

    @property
    def name(self) -> str:
        return self._config.name

    @property
    def input_size(self) -> int:
        return self._config.image_size

    def draft(self, images: Sequence[Image.Image], options: CaptionOptions) -> list[Draft]:
        """Return the words for each picture, in order. `options.prompt` is not understood by this captioner."""
        if len(images) < 2 or self._n_workers < 2:
            return self._draft(images, options, self._alone)
        # Threads that share one picture wait for each other: of a batch, each has pictures of its own.
        graphs, workers = self._together
        parts = workers.map(lambda part: self._draft(part, options, graphs), _split(images, self._n_workers))
        return [draft for part in parts for draft in part]

    @cached_property
    def _together(self) -> tuple[_Graphs, ThreadPoolExecutor]:
        """What captions a batch: graphs that run on the thread that asks, and the threads that ask."""
        encoder = open_session(self.folder / ENCODER_FILE, n_threads=1, ending=_DAMAGED)
        graphs = _Graphs(encoder, self._alone.writers, None)
        return graphs, ThreadPoolExecutor(self._n_workers, "compact")

    def _draft(self, images: Sequence[Image.Image], options: CaptionOptions, graphs: _Graphs) -> list[Draft]:
        # The encoder takes one picture at a time: no slower, and a batch needs a hundred megabytes less.
        encoded = [self._encode(image, graphs) for image in images]
        kinds = [
            self.judge(image, pooled[0]).kind if options.only_photos else PHOTOGRAPH
            for image, (_, pooled) in zip(images, encoded, strict=True)
        ]
        seen = [both for both, kind in zip(encoded, kinds, strict=True) if kind == PHOTOGRAPH]
        written = iter(self._write(seen, options, graphs) if seen else [])
        return [next(written) if kind == PHOTOGRAPH else Draft((), 0.0, kind) for kind in kinds]

    def judge(self, image: Image.Image, pooled: npt.NDArray[np.float32] | None = None) -> Verdict:
        """Return what an upright RGB picture is: a photograph, or what else.

        Args:
            image: the picture.
            pooled: its pooled features; None to compute them.
        """
        if self._gate is None:
            plain = plain_kind(image)
            return Verdict(plain or PHOTOGRAPH, 0.0 if plain else 1.0)
        return self._gate.judge(image, self.encode(image)[1][0] if pooled is None else pooled)

    def _write(
        self,
        encoded: Sequence[tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]],
        options: CaptionOptions,
        graphs: _Graphs,
    ) -> list[Draft]:
        """Return a draft for each of the pictures that `encode` gave."""
        memories, pooled = zip(*encoded, strict=True)
        searched = self._search(np.concatenate(memories, axis=2), np.concatenate(pooled), options, graphs)
        return [Draft(tuple(map(self.text_of, found.captions)), self._confidence(found)) for found in searched]

    def _confidence(self, found: Found) -> float:
        if self._config.confidence is None:
            return found.captions[0].mean_probability
        return self._config.confidence.probability(self.confidence_features(found))

    def confidence_features(self, found: Found) -> npt.NDArray[np.float64]:
        """Return what the confidence of the best caption is computed from: see `captioner.confidence.features_of`."""
        best, *others = found.captions
        return features_of(best, others, self.function_tokens, (found.agreement, found.likeness))

    def encode(self, image: Image.Image) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """What the encoder says of an upright RGB picture: memory (L, 2, 1, H, P, dh) and pooled features (1, C)."""
        return self._encode(image, self._alone)

    def _encode(self, image: Image.Image, graphs: _Graphs) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        pixels = square_pixels(image, self._config.image_size)[None]
        memory, pooled = graphs.encoder.run(["memory", "pooled"], {"pixels": pixels})
        return memory, pooled

    def search(
        self, memory: npt.NDArray[np.float32], pooled: npt.NDArray[np.float32], options: CaptionOptions
    ) -> list[Found]:
        """For each picture its best caption, then others that say something else.

        The best is likely, and sounds like what people said of similar pictures (see `captioner.neighbours`). The
        others come from searches beside it, in which words that carry meaning and that it has used cost something, for
        each alternative twice what they cost for the one before. So they find what else the picture may show; a word
        that the captioner is sure of is used again. The best does not depend on how many others are wanted.

        Args:
            memory: of N pictures, (L, 2, N, H, P, dh).
            pooled: their pooled features, (N, C).
            options: how many beams and alternatives.
        """
        return self._search(memory, pooled, options, self._alone)

    def _search(
        self,
        memory: npt.NDArray[np.float32],
        pooled: npt.NDArray[np.float32],
        options: CaptionOptions,
        graphs: _Graphs,
    ) -> list[Found]:
        n, config = memory.shape[2], self._config
        num_beams = options.num_beams * (_WIDTH if self.neighbours else 1)
        group_beams = max(2, options.num_beams // 2)
        found = diverse_beam_search(
            graphs.step(memory, n * (num_beams + options.num_alternatives * group_beams), config),
            n,
            num_beams=num_beams,
            group_beams=group_beams,
            costs=[DIVERSITY * 2.0**k for k in range(options.num_alternatives)],
            free=self.function_tokens,
            # The last position is taken by the end token.
            max_new_tokens=min(options.max_new_tokens + 1, config.max_tokens),
            bos=config.bos,
            eos=config.eos,
        )
        return [self._chosen(*pair) for pair in zip(pooled, found, strict=True)]

    def _chosen(self, pooled: npt.NDArray[np.float32], found: Sequence[Sequence[Hypothesis]]) -> Found:
        """Return the best of the main search, and of each group the best that says something else.

        What is best is decided by a hypothesis' score and by the neighbours, who are asked once about all of them.
        """
        hypotheses = [hypothesis for group in found for hypothesis in group]
        agreements, likeness = np.zeros(len(hypotheses), dtype=np.float32), 0.0
        if self.neighbours is not None:
            agreements, likeness = self.neighbours.consensus(pooled, [self.text_of(h) for h in hypotheses])
        advised = iter(zip(hypotheses, map(float, agreements), strict=True))
        main, *groups = (sorted(islice(advised, len(group)), key=_rank, reverse=True) for group in found)
        best, agreement = main[0]
        chosen = [best]
        for group in groups:
            said = [content(hypothesis, self.function_tokens) for hypothesis in chosen]
            chosen += [h for h, _ in group if content(h, self.function_tokens) not in said][:1]
        return Found(tuple(chosen), agreement, likeness)

    def text_of(self, hypothesis: Hypothesis) -> str:
        """Return the words of a caption."""
        return self._tokenizer.decode(list(hypothesis.tokens))

    @cached_property
    def function_tokens(self) -> frozenset[int]:
        """Ids of the tokens that carry no meaning of their own, such as "the" and "is"."""
        ids = (self._tokenizer.encode(word).ids for word in FUNCTION_WORDS.split())
        return frozenset(token for word in ids if len(word) == 1 for token in word)

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        return open_tokenizer(self.folder / TOKENIZER_FILE, ending=_DAMAGED)
