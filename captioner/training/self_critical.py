"""Self-critical training: the captioner writes captions of its own and learns from how well each was received.

Likelihood teaches the next word of other people's captions; this teaches whole captions, judged by a reward such as
CIDEr-D (Rennie et al. 2017). A caption's reward is compared with the mean of the others of the same picture, the
baseline of Luo 2020, "A better variant of self-critical sequence training".
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from captioner.training.model import CompactModel, layers_of
from captioner.training.vocabulary import BOS, EOS, PAD

Reward = Callable[[int, str], float]
"""reward(i, caption): how good a caption is of the i-th training picture; larger is better, the scale is free."""


@torch.no_grad()
def sample_captions(model: CompactModel, memory: Tensor, n_samples: int) -> Tensor:
    """Caption drawn from the model's own distribution: token ids (N, n_samples, T) for the memory of N pictures.

    Each begins with BOS and has EOS, unless the model's longest caption is shorter, and then PAD.
    """
    config = model.config
    rows = memory.shape[2] * n_samples
    layers, past = layers_of(memory), model.empty_cache(rows, memory.device)
    tokens = torch.full((rows,), BOS, device=memory.device)
    ended = torch.zeros(rows, dtype=torch.bool, device=memory.device)
    columns = [tokens]
    while len(columns) <= config.max_tokens and not bool(ended.all()):
        logprobs, past = model.step(tokens, past, layers)
        # Where a number drawn from [0, total) falls: ten times as fast as torch.multinomial on a CPU.
        totals = logprobs.exp().cumsum(dim=1)
        drawn = torch.searchsorted(totals, torch.rand_like(totals[:, :1]) * totals[:, -1:], right=True)
        tokens = drawn[:, 0].clamp(max=config.vocab_size - 1).masked_fill(ended, PAD)
        ended = ended | (tokens == EOS)
        columns.append(tokens)
    return torch.stack(columns, dim=1).reshape(memory.shape[2], n_samples, -1)


def self_critical_loss(model: CompactModel, memory: Tensor, captions: Tensor, rewards: Tensor) -> Tensor:
    """Return the loss whose gradient is the policy gradient: a scalar, a mean over tokens.

    Args:
        memory: of N pictures, from `CompactModel.encode`.
        captions: from `sample_captions`, (N, K, T), K at least 2.
        rewards: of the captions, (N, K).
    """
    k = rewards.shape[1]
    advantages = (rewards - rewards.mean(dim=1, keepdim=True)) * (k / (k - 1))
    targets = captions[:, :, 1:]
    wanted = targets != PAD
    logprobs = model(memory, captions[:, :, :-1], wanted)
    chosen = logprobs.gather(1, targets[wanted][:, None])[:, 0]
    loss: Tensor = -(advantages[:, :, None].expand_as(targets)[wanted] * chosen).mean()
    return loss
