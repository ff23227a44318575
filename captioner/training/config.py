"""What decides what a training run learns: the recipe of the built-in captioner, and that of going on from it."""

from __future__ import annotations

from dataclasses import dataclass, field

from captioner.training.model import ModelConfig


@dataclass(frozen=True)
class TrainConfig:
    """Everything that decides what a run learns.

    Attributes:
        model: sizes of the network; not used where a run goes on from a captioner, which has its own.
        text_epochs: passes over the captions without pictures, if there are any.
        text_learning_rate: peak of AdamW's learning rate in those passes (Loshchilov and Hutter 2019).
        epochs: passes over the training pictures that learn from people's captions.
        batch_size: pictures, or groups of captions, a step; all captions of a picture are learned in the same step.
        learning_rate: peak of AdamW's learning rate in the passes over pictures.
        encoder_learning_rate: the same for the encoder's learned top, which starts pretrained.
        warmup_steps: steps of linear warm-up before the cosine, at the start of either; a fifth of all at most.
        weight_decay: AdamW's, on matrices only.
        l2_sp: how strongly pretrained weights are drawn back to where they started, instead of to zero (L2-SP,
            Li et al. 2018), decoupled from the gradient as AdamW's weight decay is; 0 for plain weight decay.
            Pretrained are the encoder's top and, where a run goes on from a captioner, all of it.
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
    text_epochs: int = 2
    text_learning_rate: float = 7e-4
    epochs: int = 20
    batch_size: int = 32
    learning_rate: float = 6e-4
    encoder_learning_rate: float = 1e-4
    warmup_steps: int = 300
    weight_decay: float = 0.05
    l2_sp: float = 0.0
    label_smoothing: float = 0.1
    ema_decay: float = 0.998
    reward_epochs: int = 4
    reward_learning_rate: float = 5e-5
    reward_samples: int = 5
    n_views: int = 6
    checkpoint_every: int = 100
    seed: int = 0


FINE_TUNING = TrainConfig(
    text_epochs=0,
    epochs=10,
    learning_rate=1e-4,
    encoder_learning_rate=3e-5,
    warmup_steps=20,
    l2_sp=100.0,
    ema_decay=0.99,
    reward_epochs=0,
)
"""The recipe for going on from a captioner with pictures of one's own, drawn back to what it knew."""
