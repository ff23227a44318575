"""Trains the built-in captioner: label-smoothed cross-entropy, AdamW, warm-up and cosine, weights averaged on the way.

The last epochs are self-critical: see `captioner.training.self_critical`.

A run lives in one folder: `config.json`, `tokenizer.json`, `log.jsonl`, `checkpoint.pt` and the feature caches. Killed
at any moment, the same command goes on from the last checkpoint and ends with the same weights.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
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
from captioner.training.data import Example, all_captions, normalise_caption
from captioner.training.features import cached_features
from captioner.training.files import write_atomically
from captioner.training.model import CompactModel, ModelConfig
from captioner.training.self_critical import Reward, sample_captions, self_critical_loss
from captioner.training.vocabulary import BOS, EOS, PAD, train_tokenizer

_BUCKETED_BATCHES = 50


@dataclass(frozen=True)
class TrainConfig:
    """Everything that decides what a run learns.

    Attributes:
        model: sizes of the network.
        epochs: passes over the training pictures that learn from people's captions.
        batch_size: pictures a step; all captions of a picture are learned in the same step.
        learning_rate: peak of AdamW's learning rate (Loshchilov and Hutter 2019).
        warmup_steps: steps of linear warm-up before the cosine.
        weight_decay: AdamW's, on matrices only.
        label_smoothing: share of the target spread over the vocabulary (Szegedy et al. 2016), in [0, 1).
        ema_decay: decay a step of the moving average of the weights; the average is what is exported.
        reward_epochs: passes after them that learn from rewards of the model's own captions.
        reward_learning_rate: AdamW's in those passes, constant.
        reward_samples: captions that the model writes of each picture in a step of those passes, at least 2.
        n_views: augmented views stored of each picture; 1 is no augmentation.
        checkpoint_every: steps between checkpoints: the most a kill can cost.
        seed: of initial weights, order, views and dropout.
    """

    model: ModelConfig = field(default_factory=ModelConfig)
    epochs: int = 16
    batch_size: int = 32
    learning_rate: float = 7e-4
    warmup_steps: int = 300
    weight_decay: float = 0.05
    label_smoothing: float = 0.1
    ema_decay: float = 0.998
    reward_epochs: int = 3
    reward_learning_rate: float = 5e-5
    reward_samples: int = 5
    n_views: int = 6
    checkpoint_every: int = 100
    seed: int = 0


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


def train(
    train_examples: Sequence[Example],
    val_examples: Sequence[Example],
    folder: Path,
    *,
    config: TrainConfig | None = None,
    reward: Reward | None = None,
    device: str = "auto",
    cache: Path | None = None,
    progress: bool = True,
) -> TrainResult:
    """Trains in `folder`, going on where an earlier run in it stopped.

    Args:
        train_examples: what to learn from.
        val_examples: what to measure the loss on after each epoch; may be empty.
        folder: the run's folder, made where it is missing.
        config: what to train; None for the recipe of the built-in captioner.
        reward: judges captions of `train_examples`, by their place; needed unless `config.reward_epochs` is 0.
        device: "auto" takes a GPU where there is one.
        cache: folder of the feature caches; None for `folder / "features"`.
        progress: whether to show progress bars on standard error.

    Raises:
        TrainingDataError: there is nothing to learn from, or the folder holds a run with other settings.
        ValueError: the settings need a reward and there is none.
    """
    config = config or TrainConfig()
    if not train_examples:
        raise TrainingDataError("There are no pictures to train on. Check the dataset and its train split.")
    if config.reward_epochs and reward is None:
        raise ValueError(f"reward_epochs is {config.reward_epochs}, but no reward is given; give one, or set it to 0.")
    run = _Run(
        train_examples,
        val_examples,
        folder,
        config,
        reward,
        pick_device(device),
        cache or folder / "features",
        progress,
    )
    return run.finish()


def pick_device(name: str) -> torch.device:
    """The device of that name; "auto" is the first GPU, Apple's, or the CPU."""
    if name != "auto":
        return torch.device(name)
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def load_run(folder: Path) -> tuple[CompactModel, Tokenizer, TrainConfig]:
    """The averaged weights of a run as a model in evaluation mode, with its vocabulary and settings.

    Raises:
        TrainingDataError: the folder holds no checkpoint.
    """
    checkpoint_path = folder / "checkpoint.pt"
    if not checkpoint_path.is_file():
        raise TrainingDataError(f"{folder} holds no checkpoint.pt. Train first: lookaloud train DATA --out {folder}")
    raw = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config = TrainConfig(**{**raw, "model": ModelConfig(**raw["model"])})
    torch.manual_seed(config.seed)
    model = CompactModel(config.model)
    checkpoint = torch.load(checkpoint_path, map_location="cpu", weights_only=True)
    model.load_state_dict(checkpoint["ema"], strict=False)
    return model.eval(), Tokenizer.from_file(str(folder / "tokenizer.json")), config


class _Run:
    def __init__(
        self,
        train_examples: Sequence[Example],
        val_examples: Sequence[Example],
        folder: Path,
        config: TrainConfig,
        reward: Reward | None,
        device: torch.device,
        cache: Path,
        progress: bool,
    ) -> None:
        self.folder, self.config, self.reward = folder, config, reward
        self.device, self.progress = device, progress
        folder.mkdir(parents=True, exist_ok=True)
        self._claim_folder()
        self.tokenizer = tokenizer = self._tokenizer(train_examples)
        torch.manual_seed(config.seed)
        self.model = CompactModel(config.model).to(device)
        self.features = cached_features(
            self.model, train_examples, cache, n_views=config.n_views, seed=config.seed, progress=progress
        )
        self.val_features = cached_features(
            self.model, val_examples, cache, n_views=1, seed=config.seed, progress=progress
        )
        self.captions = [_encode(example, tokenizer, config.model.max_tokens) for example in train_examples]
        self.val_captions = [_encode(example, tokenizer, config.model.max_tokens) for example in val_examples]
        self.longest = np.array([max(map(len, texts)) for texts in self.captions])
        self.steps_per_epoch = math.ceil(len(train_examples) / config.batch_size)
        self.likelihood_steps = self.steps_per_epoch * config.epochs
        self.total_steps = self.likelihood_steps + self.steps_per_epoch * config.reward_epochs
        self.learned = {k: v for k, v in self.model.state_dict().items() if not k.startswith("encoder.")}
        self.ema = {name: tensor.clone() for name, tensor in self.learned.items()}
        self.optimizer = self._optimizer()
        self.step = 0
        self.train_loss = math.nan
        self.val_loss: float | None = None
        self.mean_reward: float | None = None
        torch.manual_seed(config.seed + 1)
        self._resume()

    def finish(self) -> TrainResult:
        with tqdm(total=self.total_steps, initial=self.step, desc="Training", disable=not self.progress) as bar:
            while self.step < self.total_steps:
                epoch, start = divmod(self.step, self.steps_per_epoch)
                for pictures, views in self._batches(epoch, start):
                    self._train_step(pictures, views)
                    bar.update()
                    judged = "" if self.mean_reward is None else f", reward {self.mean_reward:.3f}"
                    bar.set_postfix_str(f"loss {self.train_loss:.3f}{judged}", refresh=False)
                    if self.step % self.config.checkpoint_every == 0 and self.step % self.steps_per_epoch:
                        self._save()
                if len(self.val_captions):
                    self.val_loss = self._validate()
                    self._log({"step": self.step, "epoch": epoch + 1, "val_loss": self.val_loss})
                self._save()
        return TrainResult(self.step, self.train_loss, self.val_loss, self.mean_reward)

    def _claim_folder(self) -> None:
        path = self.folder / "config.json"
        wanted = asdict(self.config)
        if path.exists():
            found = json.loads(path.read_text(encoding="utf-8"))
            if found != wanted:
                changed = sorted(key for key in wanted if found.get(key) != wanted[key])
                raise TrainingDataError(
                    f"{self.folder} holds a run with another {', '.join(changed)}. "
                    "Give the same settings to go on with it, or name another folder with --out."
                )
        else:
            write_atomically(path, json.dumps(wanted, indent=1).encode())

    def _tokenizer(self, examples: Sequence[Example]) -> Tokenizer:
        path = self.folder / "tokenizer.json"
        if not path.exists():
            tokenizer = train_tokenizer(all_captions(examples), self.config.model.vocab_size)
            write_atomically(path, tokenizer.to_str().encode())
        return Tokenizer.from_file(str(path))

    def _optimizer(self) -> torch.optim.AdamW:
        learned = [p for p in self.model.parameters() if p.requires_grad]
        groups = [
            {"params": [p for p in learned if p.ndim >= 2], "weight_decay": self.config.weight_decay},
            {"params": [p for p in learned if p.ndim < 2], "weight_decay": 0.0},
        ]
        return torch.optim.AdamW(groups, lr=self.config.learning_rate, betas=(0.9, 0.98))

    def _learning_rate(self) -> float:
        config = self.config
        if self.step >= self.likelihood_steps:
            return config.reward_learning_rate
        if self.step < config.warmup_steps:
            return config.learning_rate * (self.step + 1) / config.warmup_steps
        done = (self.step - config.warmup_steps) / max(1, self.likelihood_steps - config.warmup_steps)
        return config.learning_rate * 0.5 * (1.0 + math.cos(math.pi * done))

    def _batches(self, epoch: int, start: int) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
        # Drawn from the seed and the epoch alone, so a resumed run sees the same batches.
        rng = np.random.default_rng((self.config.seed, epoch))
        order = rng.permutation(len(self.captions))
        views = rng.integers(self.config.n_views, size=len(order))
        # Within a stretch of batches, pictures with captions of like length go together: a third less padding.
        stretch = _BUCKETED_BATCHES * self.config.batch_size
        order = np.concatenate(
            [
                part[np.argsort(self.longest[part], kind="stable")]
                for part in (order[i : i + stretch] for i in range(0, len(order), stretch))
            ]
        )
        batches = [order[i : i + self.config.batch_size] for i in range(0, len(order), self.config.batch_size)]
        for i in rng.permutation(len(batches))[start:]:
            yield batches[i], views[batches[i]]

    def _train_step(self, pictures: npt.NDArray[np.int64], views: npt.NDArray[np.int64]) -> None:
        rate = self._learning_rate()
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        features = self._to_device(self.features[pictures, views]).float()
        if self.reward is not None and self.step >= self.likelihood_steps:
            loss, row = self._reward_loss(features, pictures, self.reward)
        else:
            loss, row = self._likelihood_loss(features, pictures)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.step += 1
        # Early on the average follows closely, or it would remember the random start.
        decay = min(self.config.ema_decay, (1 + self.step) / (10 + self.step))
        torch._foreach_lerp_(list(self.ema.values()), list(self.learned.values()), 1.0 - decay)
        self._log({"step": self.step, **row, "learning_rate": rate})

    def _likelihood_loss(self, features: Tensor, pictures: npt.NDArray[np.int64]) -> tuple[Tensor, dict[str, float]]:
        self.model.train()
        tokens = self._to_device(pad_captions([self.captions[i] for i in pictures]))
        loss = self._loss(features, tokens, self.config.label_smoothing)
        self.train_loss = float(loss.detach())
        return loss, {"train_loss": self.train_loss}

    def _reward_loss(
        self, features: Tensor, pictures: npt.NDArray[np.int64], reward: Reward
    ) -> tuple[Tensor, dict[str, float]]:
        # Without dropout: what is judged has to be what the weights would write.
        self.model.eval()
        captions = sample_captions(self.model, features, self.config.reward_samples)
        texts = self.tokenizer.decode_batch(captions.flatten(0, 1).tolist())
        of_picture = np.repeat(pictures, self.config.reward_samples)
        judged = [reward(int(i), text) for i, text in zip(of_picture, texts, strict=True)]
        rewards = torch.tensor(judged, dtype=torch.float32, device=self.device).reshape(len(pictures), -1)
        self.mean_reward = float(rewards.mean())
        return self_critical_loss(self.model, features, captions, rewards), {"reward": self.mean_reward}

    def _loss(self, features: Tensor, tokens: Tensor, smoothing: float, reduction: str = "mean") -> Tensor:
        targets = tokens[:, :, 1:]
        wanted = targets != PAD
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda"):
            logits = self.model(features, tokens[:, :, :-1], wanted)
        return F.cross_entropy(logits.float(), targets[wanted], label_smoothing=smoothing, reduction=reduction)

    @torch.inference_mode()
    def _validate(self) -> float:
        self.model.eval()
        current = {name: tensor.clone() for name, tensor in self.learned.items()}
        self.model.load_state_dict(self.ema, strict=False)
        total, count = 0.0, 0
        for start in range(0, len(self.val_captions), self.config.batch_size):
            stop = start + self.config.batch_size
            tokens = self._to_device(pad_captions(self.val_captions[start:stop]))
            features = self._to_device(self.val_features[start:stop, 0]).float()
            total += float(self._loss(features, tokens, 0.0, reduction="sum"))
            count += int((tokens[:, :, 1:] != PAD).sum())
        self.model.load_state_dict(current, strict=False)
        return total / count

    def _to_device(self, array: npt.NDArray[Any]) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(array)).to(self.device)

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
        write_atomically(self.folder / "checkpoint.pt", lambda file: torch.save(state, file))

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
                if json.loads(line)["step"] <= self.step:
                    kept.append(line)
            except ValueError:
                break  # the line that the kill cut in two
        write_atomically(path, "".join(line + "\n" for line in kept).encode())


def _encode(example: Example, tokenizer: Tokenizer, max_tokens: int) -> list[list[int]]:
    encoded = tokenizer.encode_batch([normalise_caption(caption) for caption in example.captions])
    # One more than the model reads: the last is only ever a target.
    return [[BOS, *caption.ids, EOS][: max_tokens + 1] for caption in encoded]


def pad_captions(captions: Sequence[Sequence[Sequence[int]]]) -> npt.NDArray[np.int64]:
    """Token ids (N, K, T) of N pictures' captions; what is missing is PAD, K and T are the largest there are."""
    k = max(len(texts) for texts in captions)
    t = max(len(ids) for texts in captions for ids in texts)
    padded = np.full((len(captions), k, t), PAD, dtype=np.int64)
    for i, texts in enumerate(captions):
        for j, ids in enumerate(texts):
            padded[i, j, : len(ids)] = ids
    return padded
