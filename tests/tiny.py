"""The sizes and the recipe of a captioner small enough to be trained in a test."""

from __future__ import annotations

from captioner.training.config import TrainConfig
from captioner.training.model import ModelConfig

MODEL = ModelConfig(
    encoder="tiny",
    image_size=32,
    vocab_size=320,
    d_model=32,
    n_heads=2,
    n_layers=2,
    n_words=2,
    max_tokens=16,
    dropout=0.1,
)
CONFIG = TrainConfig(
    model=MODEL,
    epochs=3,
    batch_size=4,
    learning_rate=5e-3,
    encoder_learning_rate=1e-3,
    warmup_steps=5,
    reward_epochs=0,
    n_views=2,
    checkpoint_every=2,
)
