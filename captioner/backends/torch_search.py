"""From a network to captions: one search for the best, another for what else can be said, and how likely each is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from captioner.backends.network import Network
from captioner.backends.search import Costs, costs_of_others, with_others
from captioner.beam import Hypothesis
from captioner.confidence import FUNCTION_WORDS
from captioner.findings.caption import CaptionOptions


class TorchSearch:
    """Searches for captions with a network.

    Args:
        network: any of `captioner.hub.NETWORKS`.
    """

    def __init__(self, network: Network) -> None:
        self.network = network
        self._special = frozenset(network.tokenizer.all_special_ids) | network.end_tokens
        self._function_tokens = self._special | _single_tokens(network.tokenizer)

    def search(self, images: Sequence[Image.Image], options: CaptionOptions) -> list[list[Hypothesis]]:
        """For each picture its best caption, then others that say something else: see `costs_of_others`."""
        encoded = self.network.encode(images, options.prompt)
        best = self._generate(encoded, 1, options, [])
        count = options.num_alternatives
        others: list[Hypothesis] = []
        if count:
            costs = costs_of_others(best, count, self._function_tokens)
            others = self._generate(encoded, count, options, [_Costs(costs)])
        return with_others(best, others, self._function_tokens)

    def text_of(self, hypothesis: Hypothesis, options: CaptionOptions) -> str:
        """Return the words of a caption, the prompt's among them."""
        tokens = [*self.network.prompt_ids(options.prompt), *hypothesis.tokens]
        return self.network.clean(self.network.tokenizer.decode(tokens, skip_special_tokens=True).strip())

    def _generate(self, encoded: Any, copies: int, options: CaptionOptions, processors: list[Any]) -> list[Hypothesis]:
        num_beams = options.num_beams
        if options.temperature:
            num_beams = 1
            # Another seed for the alternatives, or the first of them would be drawn like the best one.
            processors = [*processors, _Draw(options.temperature, options.seed + bool(processors), copies)]
        output, n_before = self.network.generate(
            encoded,
            copies,
            max_new_tokens=options.max_new_tokens,
            num_beams=num_beams,
            do_sample=False,
            num_return_sequences=1,
            logits_processor=processors,
            return_dict_in_generate=True,
            output_logits=True,
        )
        return hypotheses(output, n_before, self.network.end_tokens, self._special)


def hypotheses(output: Any, n_before: int, ends: frozenset[int], special: frozenset[int]) -> list[Hypothesis]:
    """Return what `generate` of transformers gave back, a row each.

    Args:
        output: with `sequences` (B, T) and the unprocessed `logits` of each step, (rows, V) each.
        n_before: tokens of a sequence that were not generated.
        ends: the tokens that end a caption.
        special: tokens that are no words. They are left out, and of their probabilities only the end's counts: some
            networks are made to begin with one that they would not have chosen.
    """
    tokens = output.sequences[:, n_before:]
    logprobs = torch.zeros(tokens.shape, device=tokens.device)
    beams = getattr(output, "beam_indices", None)
    for step in range(tokens.shape[1]):
        logits = output.logits[step]
        # The row that a token was chosen in; below 0 if a caption had ended before.
        rows = torch.arange(len(tokens), device=tokens.device) if beams is None else beams[:, step].long().clamp(min=0)
        said = logits.index_select(0, rows.to(logits.device)).float()
        chosen = tokens[:, step : step + 1].to(said.device)
        logprobs[:, step] = (said.gather(1, chosen).squeeze(1) - said.logsumexp(dim=1)).to(logprobs.device)
    return [
        _hypothesis(row, values, ends, special) for row, values in zip(tokens.tolist(), logprobs.tolist(), strict=True)
    ]


def _hypothesis(
    tokens: Sequence[int], logprobs: Sequence[float], ends: frozenset[int], special: frozenset[int]
) -> Hypothesis:
    words: list[int] = []
    counted: list[float] = []
    for token, logprob in zip(tokens, logprobs, strict=True):
        if token in ends:
            counted.append(logprob)
            break
        if token not in special:
            words.append(token)
            counted.append(logprob)
    counted = counted or [float("-inf")]  # Nothing was said at all.
    return Hypothesis(tuple(words), tuple(counted), sum(counted) / len(counted))


def _single_tokens(tokenizer: Any) -> frozenset[int]:
    """Ids of the words that carry no meaning of their own, where one token is one of them."""
    words = (*FUNCTION_WORDS.split(), ".", ",")
    forms = [form for word in words for form in (word, f" {word}")]
    encoded = tokenizer(forms, add_special_tokens=False)["input_ids"]
    return frozenset(ids[0] for ids in encoded if len(ids) == 1)


class _Costs:
    """A logits processor of transformers: on each row some tokens cost something.

    Args:
        costs: tokens and their cost, nats, for each picture and alternative; the beams of each are side by side.
    """

    def __init__(self, costs: Costs) -> None:
        self.costs = costs
        self._table: Tensor | None = None

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        if self._table is None:
            self._table = torch.zeros(len(self.costs), scores.shape[1], device=scores.device)
            for row, (tokens, cost) in zip(self._table, self.costs, strict=True):
                row[torch.tensor(sorted(tokens), dtype=torch.long, device=row.device)] = cost
        return scores - self._table.repeat_interleave(len(scores) // len(self._table), dim=0)


class _Draw:
    """A logits processor of transformers: makes the likeliest token a drawn one, by adding Gumbel noise.

    The largest of log-probabilities with such noise is a draw from them (Gumbel 1954; Maddison et al. 2014). The noise
    depends on the seed and the step alone: a picture is drawn the same caption whatever else is in its batch.

    Args:
        temperature: above 0; 1 draws from what the network says, lower values prefer the likely.
        seed: same seed, same noise.
        copies: rows of a picture, which get noise of their own each.
    """

    def __init__(self, temperature: float, seed: int, copies: int) -> None:
        self.temperature, self.copies = temperature, copies
        self._generator = torch.Generator().manual_seed(seed)

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        uniform = torch.rand(self.copies, scores.shape[1], generator=self._generator, dtype=torch.float64)
        noise = -torch.log(-torch.log(uniform.clamp(min=1e-12, max=1 - 1e-12)))
        return scores / self.temperature + noise.to(scores.dtype).to(scores.device).repeat(
            len(scores) // self.copies, 1
        )
