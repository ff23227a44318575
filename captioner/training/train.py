"""Trains the built-in captioner in three phases: captions without pictures, pictures, rewards.

The first two learn from people's captions (label-smoothed cross-entropy, AdamW, warm-up and cosine; see
`captioner.training.texts` for the first), the third from what the captioner writes itself (see
`captioner.training.self_critical`). The weights are averaged on the way, and the average is what is exported.

A run lives in one folder: `config.json`, `tokenizer.json`, `log.jsonl`, `checkpoint.pt` and the feature caches. Killed
at any moment, the same command goes on from the last checkpoint and ends with the same weights.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional as F
from tqdm import tqdm

from captioner.errors import TrainingDataError
from captioner.training.class_words import ClassWords
from captioner.training.config import TrainConfig
from captioner.training.data import Example, all_captions, normalise_caption
from captioner.training.features import CachedFeatures, cached_features
from captioner.training.files import read_typed
from captioner.training.model import CompactModel, class_table
from captioner.training.self_critical import Reward, sample_captions, self_critical_loss
from captioner.training.texts import WordNoise
from captioner.training.vocabulary import BOS, EOS, PAD, train_tokenizer
from lookaloud.ground.devices import choose_device
from lookaloud.ground.files import write_whole, writing
from lookaloud.ground.typed import typed_json

_BUCKETED_BATCHES = 50
_AGAIN = "Delete the run's folder and train again, or name another with --out."


@dataclass(frozen=True)
class TrainResult:
    """Where a run ended.

    Attributes:
        steps: optimiser steps made in all.
        train_loss: label-smoothed cross-entropy of the last step that learned from people's captions, nats a token.
        val_loss: plain cross-entropy of the averaged weights on the val pictures, nats a token; None without val.
        reward: mean reward of the last step's own captions; None without such steps.
    """

    steps: int
    train_loss: float
    val_loss: float | None
    reward: float | None


@dataclass(frozen=True)
class Start:
    """A captioner that a run goes on from: see `captioner.training.start.load_start`."""

    model: CompactModel
    tokenizer: Tokenizer


def train(
    train_examples: Sequence[Example],
    val_examples: Sequence[Example],
    folder: Path,
    *,
    config: TrainConfig | None = None,
    texts: Sequence[Sequence[str]] = (),
    start: Start | None = None,
    reward: Reward | None = None,
    device: str = "auto",
    cache: Path | None = None,
    progress: bool = True,
) -> TrainResult:
    """Train in `folder`, going on where an earlier run in it stopped.

    Args:
        train_examples: what to learn from.
        val_examples: what to measure the loss on after each epoch; may be empty.
        folder: the run's folder, made if it is missing.
        config: what to train; None for the recipe of the built-in captioner.
        texts: groups of captions without pictures, learned first.
        start: a captioner to go on from, with its vocabulary; None starts from the pretrained encoder alone.
        reward: judges captions of `train_examples`, by their place; needed unless `config.reward_epochs` is 0.
        device: "auto" takes a GPU where there is one.
        cache: folder of the feature caches; None for `folder / "features"`.
        progress: whether to show progress bars on standard error.

    Raises:
        TrainingDataError: there is nothing to learn from, or the folder holds a run with other settings.
        DeviceError: there is no such device.
        ValueError: the settings need a reward and there is none.
    """
    config = config or TrainConfig()
    if not train_examples:
        raise TrainingDataError("There are no pictures to train on. Check the dataset and its train split.")
    if config.reward_epochs and reward is None:
        raise ValueError(f"reward_epochs is {config.reward_epochs}, but no reward is given; give one, or set it to 0.")
    if start is not None:
        config = replace(config, model=start.model.config)
    run = _Run(
        train_examples,
        val_examples,
        folder,
        config,
        texts,
        start,
        reward,
        choose_device(device),
        cache or folder / "features",
        progress,
    )
    return run.finish()


def load_run(folder: Path) -> tuple[CompactModel, Tokenizer, TrainConfig]:
    """Return the averaged weights of a run as a model in evaluation mode, with its vocabulary and settings.

    Raises:
        TrainingDataError: the folder holds no checkpoint.
    """
    checkpoint_path = folder / "checkpoint.pt"
    if not checkpoint_path.is_file():
        raise TrainingDataError(f"{folder} holds no checkpoint.pt. Train first: lookaloud train DATA --out {folder}")
    config = read_typed(folder / "config.json", TrainConfig, _AGAIN)
    torch.manual_seed(config.seed)
    model = CompactModel(config.model, _read_words(folder / "words.json"))
    checkpoint = torch.load(checkpoint_path, map_location="cpu", weights_only=True)
    model.load_state_dict(checkpoint["ema"], strict=False)
    return model.eval(), Tokenizer.from_file(str(folder / "tokenizer.json")), config


@dataclass(frozen=True)
class _Logged:
    """What is read of a line of the log."""

    step: int


@dataclass(frozen=True)
class _Phase:
    """A stretch of epochs of one kind.

    Attributes:
        learn: makes the loss of a step and its row of the log, of the items at the indices given.
        epochs: how many there are.
        longest: for each item the length of its longest caption, tokens.
        peak: the learning rate after warm-up.
        decays: whether the learning rate warms up and follows a cosine, or stays.
        encoder_rate: learning rate of the encoder's top, as a share of the others'; 0 keeps it as it is.
    """

    learn: Callable[[npt.NDArray[np.int64], np.random.Generator], tuple[Tensor, dict[str, float]]]
    epochs: int
    longest: npt.NDArray[np.int64]
    peak: float
    decays: bool = True
    encoder_rate: float = 0.0


class _Run:
    def __init__(
        self,
        train_examples: Sequence[Example],
        val_examples: Sequence[Example],
        folder: Path,
        config: TrainConfig,
        texts: Sequence[Sequence[str]],
        start: Start | None,
        reward: Reward | None,
        device: torch.device,
        cache: Path,
        progress: bool,
    ) -> None:
        self.folder, self.config = folder, config
        self.device, self.progress = device, progress
        folder.mkdir(parents=True, exist_ok=True)
        self._claim_folder()
        self.tokenizer, self.model, self.features = self._prepare(train_examples, texts, start, cache)
        self.val_features = cached_features(
            self.model, val_examples, cache, n_views=1, seed=config.seed, progress=progress
        )
        self.captions = [self._encode(example.captions) for example in train_examples]
        self.val_captions = [self._encode(example.captions) for example in val_examples]
        self.phases = self._phases(train_examples, texts, reward)
        self.total_steps = sum(phase.epochs * self._epoch_steps(phase) for phase in self.phases)
        self.learned = {k: v for k, v in self.model.learned_state().items() if v.is_floating_point()}
        self.ema = {name: tensor.clone() for name, tensor in self.learned.items()}
        self.anchors = self._anchors(everything=start is not None)
        self.optimizer = self._optimizer()
        self.step = 0
        self.train_loss = math.nan
        self.val_loss: float | None = None
        self.mean_reward: float | None = None
        torch.manual_seed(config.seed + 1)
        self._resume()

    def _prepare(
        self, examples: Sequence[Example], texts: Sequence[Sequence[str]], start: Start | None, cache: Path
    ) -> tuple[Tokenizer, CompactModel, CachedFeatures]:
        """Return vocabulary, network and features: those of `start`, or new ones made for these captions."""
        config = self.config
        tokenizer_path, words_path = self.folder / "tokenizer.json", self.folder / "words.json"

        def build(words: ClassWords) -> CompactModel:
            torch.manual_seed(config.seed)
            return CompactModel(config.model, words).to(self.device)

        def features(model: CompactModel) -> CachedFeatures:
            return cached_features(
                model, examples, cache, n_views=config.n_views, seed=config.seed, progress=self.progress
            )

        if not words_path.exists():
            if start is not None:
                tokenizer, words = start.tokenizer, start.model.class_words
            else:
                captions = [*all_captions(examples), *(normalise_caption(text) for group in texts for text in group)]
                tokenizer = train_tokenizer(captions, config.model.vocab_size)
                words = ClassWords.known_in(captions, class_table(config.model.encoder))
                said = [[normalise_caption(text) for text in example.captions] for example in examples]
                words = words.weighed(features(build(words)).classes[:, 0], said)
            write_whole(tokenizer_path, tokenizer.to_str().encode())
            write_whole(words_path, json.dumps(asdict(words)).encode())
        model = build(_read_words(words_path))
        if start is not None:
            model.load_state_dict(start.model.state_dict())
        return Tokenizer.from_file(str(tokenizer_path)), model, features(model)

    def _encode(self, captions: Sequence[str]) -> list[list[int]]:
        encoded = self.tokenizer.encode_batch([normalise_caption(caption) for caption in captions])
        # One more than the model reads: the last is only ever a target.
        return [[BOS, *caption.ids, EOS][: self.config.model.max_tokens + 1] for caption in encoded]

    def _phases(
        self, examples: Sequence[Example], texts: Sequence[Sequence[str]], reward: Reward | None
    ) -> list[_Phase]:
        config = self.config
        longest = _longest(self.captions)
        share = config.encoder_learning_rate / config.learning_rate
        phases = []
        if texts and config.text_epochs:
            words = self.model.class_words
            captions = [example.captions for example in examples]
            self.noise = WordNoise.of_pictures(self.model, self.features, captions, words)
            self.text_captions = [self._encode(group) for group in texts]
            self.text_words = [words.find(map(normalise_caption, group)) for group in texts]
            peak = config.text_learning_rate
            phases.append(_Phase(self._text_loss, config.text_epochs, _longest(self.text_captions), peak))
        phases.append(_Phase(self._picture_loss, config.epochs, longest, config.learning_rate, encoder_rate=share))
        if reward is not None and config.reward_epochs:
            rate = config.reward_learning_rate
            learn = partial(self._reward_loss, reward)
            phases.append(_Phase(learn, config.reward_epochs, longest, rate, decays=False))
        return phases

    def _epoch_steps(self, phase: _Phase) -> int:
        return math.ceil(len(phase.longest) / self.config.batch_size)

    def finish(self) -> TrainResult:
        with tqdm(total=self.total_steps, initial=self.step, desc="Training", disable=not self.progress) as bar:
            epoch = first_step = 0
            for phase in self.phases:
                steps = self._epoch_steps(phase)
                self.model.encoder.top.requires_grad_(phase.encoder_rate > 0.0)
                for i in range(phase.epochs):
                    if self.step < first_step + (i + 1) * steps:
                        self._epoch(phase, epoch, first_step, i, bar)
                    epoch += 1
                first_step += phase.epochs * steps
        return TrainResult(self.step, self.train_loss, self.val_loss, self.mean_reward)

    def _epoch(self, phase: _Phase, epoch: int, first_step: int, i: int, bar: tqdm[Any]) -> None:
        """What is left of a phase's i-th epoch."""
        steps = self._epoch_steps(phase)
        begin = first_step + i * steps
        for items in self._batches(phase, epoch)[self.step - begin :]:
            rate = self._learning_rate(phase, self.step - first_step)
            rng = np.random.default_rng((self.config.seed, 1, self.step))
            self._train_step(phase, items, rng, rate)
            bar.update()
            judged = "" if self.mean_reward is None else f", reward {self.mean_reward:.3f}"
            bar.set_postfix_str(f"loss {self.train_loss:.3f}{judged}", refresh=False)
            if self.step % self.config.checkpoint_every == 0 and self.step < begin + steps:
                self._save()
        if len(self.val_captions):
            self.val_loss = self._validate()
            self._log({"step": self.step, "epoch": epoch + 1, "val_loss": self.val_loss})
        self._save()

    def _claim_folder(self) -> None:
        path = self.folder / "config.json"
        wanted = asdict(self.config)
        if path.exists():
            found = read_typed(path, dict[str, Any], _AGAIN)
            if found != wanted:
                changed = sorted(key for key in wanted if found.get(key) != wanted[key])
                raise TrainingDataError(
                    f"{self.folder} holds a run with another {', '.join(changed)}. "
                    "Give the same settings to go on with it, or name another folder with --out."
                )
        else:
            write_whole(path, json.dumps(wanted, indent=1).encode())

    def _anchors(self, *, everything: bool) -> dict[str, tuple[Tensor, Tensor]]:
        """Pretrained parameters, each with a copy of where it started; none without L2-SP."""
        if not self.config.l2_sp:
            return {}
        named = self.model.named_parameters() if everything else self.model.encoder.top.named_parameters("encoder.top")
        return {name: (p, p.detach().clone()) for name, p in named if name in self.learned}

    def _optimizer(self) -> torch.optim.AdamW:
        self.model.encoder.top.requires_grad_(True)
        learned = [(name, p) for name, p in self.model.named_parameters() if p.requires_grad]
        groups = []
        for encoder in (False, True):
            for decayed in (True, False):
                chosen = [
                    p
                    for name, p in learned
                    if name.startswith("encoder.") == encoder and (p.ndim >= 2 and name not in self.anchors) == decayed
                ]
                decay = self.config.weight_decay if decayed else 0.0
                groups.append({"params": chosen, "weight_decay": decay, "encoder": encoder})
        return torch.optim.AdamW(groups, lr=self.config.learning_rate, betas=(0.9, 0.98))

    def _learning_rate(self, phase: _Phase, step: int) -> float:
        if not phase.decays:
            return phase.peak
        total = phase.epochs * self._epoch_steps(phase)
        warmup = min(self.config.warmup_steps, total // 5)
        if step < warmup:
            return phase.peak * (step + 1) / warmup
        done = (step - warmup) / max(1, total - warmup)
        return phase.peak * 0.5 * (1.0 + math.cos(math.pi * done))

    def _batches(self, phase: _Phase, epoch: int) -> list[npt.NDArray[np.int64]]:
        # Drawn from the seed and the epoch alone, so a resumed run sees the same batches.
        rng = np.random.default_rng((self.config.seed, 0, epoch))
        size = self.config.batch_size
        order = rng.permutation(len(phase.longest))
        # Within a stretch of batches, pictures with captions of like length go together: a third less padding.
        stretch = _BUCKETED_BATCHES * size
        order = np.concatenate(
            [
                part[np.argsort(phase.longest[part], kind="stable")]
                for part in (order[i : i + stretch] for i in range(0, len(order), stretch))
            ]
        )
        batches = [order[i : i + size] for i in range(0, len(order), size)]
        return [batches[i] for i in rng.permutation(len(batches))]

    def _train_step(self, phase: _Phase, items: npt.NDArray[np.int64], rng: np.random.Generator, rate: float) -> None:
        for group in self.optimizer.param_groups:
            group["lr"] = rate * phase.encoder_rate if group["encoder"] else rate
        loss, row = phase.learn(items, rng)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        for name, (parameter, start) in self.anchors.items():
            share = phase.encoder_rate if name.startswith("encoder.") else 1.0
            parameter.data.lerp_(start, min(1.0, rate * share * self.config.l2_sp))
        self.step += 1
        # Early on the average follows closely, or it would remember the random start.
        decay = min(self.config.ema_decay, (1 + self.step) / (10 + self.step))
        torch._foreach_lerp_(list(self.ema.values()), list(self.learned.values()), 1.0 - decay)
        self._log({"step": self.step, **row, "learning_rate": rate})

    def _text_loss(self, groups: npt.NDArray[np.int64], rng: np.random.Generator) -> tuple[Tensor, dict[str, float]]:
        self.model.train()
        words = self.noise.draw([self.text_words[i] for i in groups], rng)
        ids, levels = (torch.from_numpy(array).to(self.device) for array in words)
        tokens = self._tokens([self.text_captions[i] for i in groups])
        with self._autocast():
            memory = self.model.encode_words(ids, levels)
        return self._likelihood(memory, tokens)

    def _picture_loss(
        self, pictures: npt.NDArray[np.int64], rng: np.random.Generator
    ) -> tuple[Tensor, dict[str, float]]:
        self.model.train()
        views = rng.integers(self.config.n_views, size=len(pictures))
        with self._autocast():
            memory = self.model.encode(self.features.pictures((pictures, views), self.device))
        return self._likelihood(memory, self._tokens([self.captions[i] for i in pictures]))

    def _likelihood(self, memory: Tensor, tokens: Tensor) -> tuple[Tensor, dict[str, float]]:
        loss = self._loss(memory, tokens, self.config.label_smoothing)
        self.train_loss = float(loss.detach())
        return loss, {"train_loss": self.train_loss}

    def _reward_loss(
        self, reward: Reward, pictures: npt.NDArray[np.int64], rng: np.random.Generator
    ) -> tuple[Tensor, dict[str, float]]:
        # Without dropout: what is judged has to be what the weights would write.
        self.model.eval()
        views = rng.integers(self.config.n_views, size=len(pictures))
        with self._autocast():
            memory = self.model.encode(self.features.pictures((pictures, views), self.device))
            captions = sample_captions(self.model, memory, self.config.reward_samples)
        texts = self.tokenizer.decode_batch(captions.flatten(0, 1).tolist())
        of_picture = np.repeat(pictures, self.config.reward_samples)
        judged = [reward(int(i), text) for i, text in zip(of_picture, texts, strict=True)]
        rewards = torch.tensor(judged, dtype=torch.float32, device=self.device).reshape(len(pictures), -1)
        self.mean_reward = float(rewards.mean())
        with self._autocast():
            loss = self_critical_loss(self.model, memory, captions, rewards)
        return loss, {"reward": self.mean_reward}

    def _loss(self, memory: Tensor, tokens: Tensor, smoothing: float) -> Tensor:
        """Mean loss of the writers: each learns by itself, so that they err in different ways."""
        targets = tokens[:, :, 1:]
        wanted = targets != PAD
        with self._autocast():
            found = self.model.logits(memory, tokens[:, :, :-1], wanted)
        losses = [F.cross_entropy(logits.float(), targets[wanted], label_smoothing=smoothing) for logits in found]
        return torch.stack(losses).mean()

    def _autocast(self) -> torch.autocast:
        # bfloat16 nearly doubles the speed where the processor multiplies it, and is slow where it does not.
        fast = self.device.type == "cuda" or (self.device.type == "cpu" and torch.cpu._is_avx512_bf16_supported())
        return torch.autocast(self.device.type, torch.bfloat16, enabled=fast)

    def _tokens(self, captions: Sequence[Sequence[Sequence[int]]]) -> Tensor:
        return torch.from_numpy(pad_captions(captions)).to(self.device)

    @torch.inference_mode()
    def _validate(self) -> float:
        self.model.eval()
        current = {name: tensor.clone() for name, tensor in self.learned.items()}
        self.model.load_state_dict(self.ema, strict=False)
        total, count = 0.0, 0
        for start in range(0, len(self.val_captions), self.config.batch_size):
            stop = start + self.config.batch_size
            tokens = self._tokens(self.val_captions[start:stop])
            with self._autocast():
                memory = self.model.encode(self.val_features.pictures((slice(start, stop), 0), self.device))
            targets = tokens[:, :, 1:]
            wanted = targets != PAD
            with self._autocast():
                logprobs = self.model(memory, tokens[:, :, :-1], wanted)
            total += float(F.nll_loss(logprobs, targets[wanted], reduction="sum"))
            count += int(wanted.sum())
        self.model.load_state_dict(current, strict=False)
        return total / count

    def _log(self, row: dict[str, float | int | None]) -> None:
        with (self.folder / "log.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps({**row, "time": round(time.time(), 3)}) + "\n")

    def _save(self) -> None:
        state = {
            "step": self.step,
            "model": self.learned,
            "ema": self.ema,
            "optimizer": self.optimizer.state_dict(),
            "rng": torch.get_rng_state(),
            "cuda_rng": torch.cuda.get_rng_state_all() if self.device.type == "cuda" else [],
            "train_loss": self.train_loss,
            "val_loss": self.val_loss,
            "reward": self.mean_reward,
        }
        with writing(self.folder / "checkpoint.pt") as file:
            torch.save(state, file)

    def _resume(self) -> None:
        path = self.folder / "checkpoint.pt"
        if not path.exists():
            (self.folder / "log.jsonl").unlink(missing_ok=True)
            return
        state = torch.load(path, map_location="cpu", weights_only=True)
        self.model.load_state_dict(state["model"], strict=False)
        for name, tensor in state["ema"].items():
            self.ema[name].copy_(tensor)
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.train_loss, self.val_loss = state["step"], state["train_loss"], state["val_loss"]
        self.mean_reward = state["reward"]
        torch.set_rng_state(state["rng"])
        if self.device.type == "cuda":
            torch.cuda.set_rng_state_all(state["cuda_rng"])
        self._forget_later_rows()

    def _forget_later_rows(self) -> None:
        # Steps made after the checkpoint are made again: the log must not hold them twice.
        path = self.folder / "log.jsonl"
        kept = []
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                if typed_json(line, _Logged).step <= self.step:
                    kept.append(line)
            except ValueError:
                break  # the line that the kill cut in two
        write_whole(path, "".join(line + "\n" for line in kept).encode())


def _read_words(path: Path) -> ClassWords:
    return read_typed(path, ClassWords, _AGAIN)


def _longest(captions: Sequence[Sequence[Sequence[int]]]) -> npt.NDArray[np.int64]:
    return np.array([max(map(len, texts)) for texts in captions], dtype=np.int64)


def pad_captions(captions: Sequence[Sequence[Sequence[int]]]) -> npt.NDArray[np.int64]:
    """Token ids (N, K, T) of N pictures' captions; what is missing is PAD, K and T are the largest there are."""
    k = max(len(texts) for texts in captions)
    t = max(len(ids) for texts in captions for ids in texts)
    padded = np.full((len(captions), k, t), PAD, dtype=np.int64)
    for i, texts in enumerate(captions):
        for j, ids in enumerate(texts):
            padded[i, j, : len(ids)] = ids
    return padded
