"""Captioners that `lookaloud models export` wrote: two ONNX graphs run by onnxruntime; no torch, no transformers.

`captioner/export/` writes what is read here. The search is `captioner/beam.py`, told to go as transformers goes.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PIL import Image

from captioner.backends.cached_step import cached_step, memory_names
from captioner.backends.exported_format import DECODER_FILE, ENCODER_FILE, TOKENIZER_FILE, ExportedConfig
from captioner.backends.files import open_session, open_tokenizer
from captioner.backends.search import Costs, SearchingBackend, costs_of_others, with_others
from captioner.beam import Hypothesis, Step, beam_search
from captioner.confidence import CALIBRATION_FILE, FUNCTION_WORDS, LogprobCalibration
from captioner.errors import CaptionerError
from captioner.findings.caption import CaptionOptions

if TYPE_CHECKING:
    import onnxruntime
    from tokenizers import Tokenizer

# What transformers leaves out around marks and clitics, in its order, for the vocabularies that ask for it.
_TIDIED = (" .", " ?", " !", " ,", " ' ", " n't", " 'm", " 's", " 've", " 're")


_DAMAGED = "; export the captioner again."


class ExportedBackend(SearchingBackend):
    """Captions pictures with the files of a folder.

    Args:
        folder: with config.json, tokenizer.json, encoder.onnx and decoder.onnx; confidence.json, where it is there,
            calibrates the confidence, which else is the geometric mean of the probabilities of the tokens.

    Raises:
        WeightsError: a file is missing or damaged.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = ExportedConfig.load(folder)
        super().__init__(LogprobCalibration.load(folder / CALIBRATION_FILE))
        # The cores that this process may use, which in a container are fewer than there are.
        may_use = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
        self._encoder, self._decoder = (
            open_session(folder / file, n_threads=may_use or 1, ending=_DAMAGED)
            for file in (ENCODER_FILE, DECODER_FILE)
        )
        self._memory = memory_names(self.config.n_layers)
        self._special = frozenset(self.config.special) | {self.config.end}

    @property
    def name(self) -> str:
        return self.config.name

    @property
    def input_size(self) -> int:
        return max(self.config.preprocessing.size)

    def search(self, images: Sequence[Image.Image], options: CaptionOptions) -> list[list[Hypothesis]]:
        """For each picture its best caption, then others that say something else: see `costs_of_others`."""
        memory = self.encode(images)
        n, count = len(images), options.num_alternatives
        begin = self._begin(options)
        best = [found[0] for found in self._find(memory, n, begin, options, None)]
        others: list[Hypothesis] = []
        if count:
            costs = costs_of_others(best, count, self.function_tokens)
            others = [found[0] for found in self._find(memory, n * count, begin, options, costs)]
        return with_others(best, others, self.function_tokens)

    def text_of(self, hypothesis: Hypothesis, options: CaptionOptions) -> str:
        """Return the words of a caption, the prompt's among them."""
        tokens = [*self._prompt(options), *hypothesis.tokens]
        text: str = self._tokenizer.decode([token for token in tokens if token not in self._special])
        if self.config.tidy:
            for mark in _TIDIED:
                text = text.replace(mark, mark.strip())
        return text.strip()

    @cached_property
    def function_tokens(self) -> frozenset[int]:
        """Ids of the tokens that carry no meaning of their own, such as "the" and "is"."""
        words = (*FUNCTION_WORDS.split(), ".", ",")
        ids = [self._ids(form) for word in words for form in (word, f" {word}")]
        return self._special | {found[0] for found in ids if len(found) == 1}

    def encode(self, images: Sequence[Image.Image]) -> dict[str, onnxruntime.OrtValue]:
        """Return what the decoder reads of N upright RGB pictures: keys and values of each layer."""
        from onnxruntime import OrtValue

        pixels = np.stack([self.config.preprocessing.pixels(image) for image in images])
        # As the runtime's own values: arrays would be copied for every step.
        found = self._encoder.run_with_ort_values(self._memory, {"pixels": OrtValue.ortvalue_from_numpy(pixels)})
        return dict(zip(self._memory, found, strict=True))

    def step(self, memory: Mapping[str, onnxruntime.OrtValue], rows: int) -> Step:
        """Return the step function of a search with that many rows, all at the start of their captions."""
        config = self.config
        return cached_step(
            self._decoder,
            memory,
            rows,
            n_layers=config.n_layers,
            n_heads=config.n_heads,
            head_size=config.head_size,
        )

    def _find(
        self,
        memory: Mapping[str, onnxruntime.OrtValue],
        n: int,
        begin: Sequence[int],
        options: CaptionOptions,
        costs: Costs | None,
    ) -> list[list[Hypothesis]]:
        """Caption for n rows, those of one picture side by side; with `costs`, some tokens cost something."""
        num_beams = 1 if options.temperature else options.num_beams
        rows = n * num_beams
        step = self.step(memory, rows)
        for token in begin[:-1]:
            step(np.full(rows, token), np.arange(rows))
        room = min(options.max_new_tokens, self.config.max_tokens - len(begin) + 1)
        if options.temperature:
            found = self._drawn(step, n, begin[-1], room, options, costs)
        else:
            found = beam_search(
                step, n, num_beams=num_beams, max_new_tokens=room, bos=begin[-1], eos=self.config.end,
                length_penalty=self.config.length_penalty, penalties=None if costs is None else self._table(costs),
                as_transformers=True,
            )  # fmt: skip
        return [[self._words(hypothesis) for hypothesis in hypotheses] for hypotheses in found]

    def _table(self, costs: Costs) -> npt.NDArray[np.float64]:
        table = np.zeros((len(costs), self.config.vocab_size))
        for row, (tokens, cost) in zip(table, costs, strict=True):
            row[list(tokens)] = cost
        return table

    def _drawn(
        self,
        step: Step,
        n: int,
        begin: int,
        room: int,
        options: CaptionOptions,
        costs: Costs | None,
    ) -> list[list[Hypothesis]]:
        """Return one drawn caption a row: the largest of log-probabilities with Gumbel noise is a draw from them.

        The noise depends on the seed and the step alone: a picture is drawn the same caption whatever is in its batch.
        """
        copies = 1 if costs is None else options.num_alternatives
        noise = np.random.default_rng([options.seed, int(costs is not None)])
        table = 0.0 if costs is None else self._table(costs)
        tokens, rows = np.full(n, begin), np.arange(n)
        words: list[list[int]] = [[] for _ in rows]
        said: list[list[float]] = [[] for _ in rows]
        open_rows = set(range(n))
        for _ in range(room):
            logprobs = step(tokens, rows)
            gumbel = np.tile(noise.gumbel(size=(copies, logprobs.shape[1])), (n // copies, 1))
            tokens = ((logprobs - table) / options.temperature + gumbel).argmax(axis=1)
            for row in sorted(open_rows):
                said[row].append(float(logprobs[row, tokens[row]]))
                if tokens[row] == self.config.end:
                    open_rows.remove(row)
                else:
                    words[row].append(int(tokens[row]))
            if not open_rows:
                break
        return [[Hypothesis(tuple(w), tuple(p), sum(p))] for w, p in zip(words, said, strict=True)]

    def _words(self, found: Hypothesis) -> Hypothesis:
        """Return the caption without tokens that are no words; of their probabilities only the end's counts."""
        n = len(found.tokens)
        kept = [(t, lp) for t, lp in zip(found.tokens, found.logprobs[:n], strict=True) if t not in self._special]
        # Nothing at all was said where a caption was cut before its first word.
        logprobs = (*(lp for _, lp in kept), *found.logprobs[n:]) or (float("-inf"),)
        return Hypothesis(tuple(t for t, _ in kept), logprobs, sum(logprobs) / len(logprobs))

    def _begin(self, options: CaptionOptions) -> list[int]:
        begin = [*self.config.begin, *self._prompt(options)]
        if len(begin) > self.config.max_tokens:
            raise CaptionerError(
                f"The prompt has {len(begin) - len(self.config.begin)} tokens, and the captioner {self.name} has room "
                f"for {self.config.max_tokens - len(self.config.begin)}; give a shorter one."
            )
        return begin

    def _prompt(self, options: CaptionOptions) -> list[int]:
        return self._ids(options.prompt) if options.prompt else []

    def _ids(self, text: str) -> list[int]:
        return list(self._tokenizer.encode(text, add_special_tokens=False).ids)

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        return open_tokenizer(self.folder / TOKENIZER_FILE, ending=_DAMAGED)
