"""The captioner's vocabulary: byte-level BPE over normalised captions."""

from __future__ import annotations

from collections.abc import Iterable

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

PAD, BOS, EOS = 0, 1, 2
_SPECIAL_TOKENS = ["<pad>", "<s>", "</s>"]


def train_tokenizer(captions: Iterable[str], vocab_size: int) -> Tokenizer:
    """Return a byte-level BPE vocabulary of at most `vocab_size` tokens (Sennrich et al. 2016; bytes as in GPT-2)."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(
        captions,
        trainers.BpeTrainer(
            vocab_size=vocab_size,
            special_tokens=_SPECIAL_TOKENS,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    return tokenizer
