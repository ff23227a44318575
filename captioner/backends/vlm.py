"""Vision-language models that chat: whatever transformers loads with `AutoModelForImageTextToText`.

SmolVLM, Qwen-VL, LLaVA, Gemma and such. They are asked for one plain sentence, and what they say around it is cut off.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from captioner.backends.network import Network, load_model, load_processor
from captioner.errors import WeightsError

SYSTEM = (
    "You describe pictures for people who cannot see them. Answer with one plain sentence that says what is visible. "
    "Do not begin with words such as 'The image shows', and add nothing that cannot be seen."
)
QUESTION = "Describe this picture in one sentence."

_THING = r"(?:image|picture|photo|photograph|scene|snapshot)"
_SHOWS = r"(?:shows|depicts|features|captures|displays|portrays|contains|presents|is\s+of|is\s+showing)"
_OPENERS = re.compile(
    r"^\s*(?:(?:sure|certainly|of\s+course|okay)\b[,.!:]*\s*)?(?:"
    rf"(?:the|this)\s+{_THING}\s+{_SHOWS}\s+"
    rf"|in\s+(?:the|this)\s+{_THING}\s*,?\s*(?:we\s+(?:can\s+)?see\s+|there\s+(?:is|are)\s+|i\s+(?:can\s+)?see\s+)?"
    r"|(?:description|caption|answer|assistant)\s*:\s*"
    r")",
    re.IGNORECASE,
)


def without_opener(text: str) -> str:
    """Return the sentence without the words that only say that there is a picture.

    >>> without_opener("The image shows a dog on a beach.")
    'a dog on a beach.'
    """
    shorter = _OPENERS.sub("", text, count=1)
    return shorter if shorter.strip(" .") else text


# After three small letters or digits, so not after "St." or "Mr."; and where another sentence begins.
_NEXT_SENTENCE = re.compile(r"(?<=[a-z0-9]{3}[.!?])\s+(?=[A-Z])")


def first_sentence(text: str) -> str:
    """Return what comes before the second sentence.

    >>> first_sentence("A dog runs at St. Ives. It is happy.")
    'A dog runs at St. Ives.'
    """
    return _NEXT_SENTENCE.split(text, maxsplit=1)[0]


class ChatModel(Network):
    """Any chat-style vision-language model; with a prompt, its answer begins with it."""

    @classmethod
    def load(cls, folder: Path, *, device: torch.device, dtype: torch.dtype) -> ChatModel:
        model = load_model("AutoModelForImageTextToText", folder, device=device, dtype=dtype)
        processor = load_processor("AutoProcessor", folder)
        return cls(model, processor, getattr(processor, "tokenizer", processor))

    def __init__(self, model: Any, processor: Any, tokenizer: Any) -> None:
        super().__init__(model, processor, tokenizer)
        images: Any = getattr(processor, "image_processor", None)
        # SmolVLM would look at sixteen close-ups too, which is for reading text; the whole picture is enough here.
        self._one_tile = getattr(images, "do_image_splitting", None) is not None
        if self._one_tile:
            images.do_image_splitting = False
        # What is generated stands at the right of what was asked, so short questions are filled up at the left.
        tokenizer.padding_side = "left"
        if tokenizer.pad_token is None:
            tokenizer.pad_token = tokenizer.eos_token

    @property
    def input_size(self) -> int:
        size = self.processor.image_processor.max_image_size if self._one_tile else {}
        return int(size.get("longest_edge") or super().input_size)

    @cached_property
    def question(self) -> str:
        """What the model is asked, in the words and marks of its own chat template.

        Raises:
            WeightsError: it has no chat template.
        """
        instruction, ask = {"type": "text", "text": SYSTEM}, {"type": "text", "text": QUESTION}
        user = {"role": "user", "content": [{"type": "image"}, ask]}
        # Templates are programs that fail in their own ways; many refuse the role "system".
        with suppress(Exception):
            return self._template([{"role": "system", "content": [instruction]}, user])
        try:
            return self._template([{"role": "user", "content": [{"type": "image"}, instruction, ask]}])
        except Exception as error:
            raise WeightsError(
                f"The chat template of {self.model.name_or_path} cannot be used ({error}); choose a vision-language "
                "model that was taught to answer questions (often called Instruct)."
            ) from error

    def _template(self, messages: list[dict[str, Any]]) -> str:
        return str(self.processor.apply_chat_template(messages, add_generation_prompt=True, tokenize=False))

    def encode(self, images: Sequence[Image.Image], prompt: str | None) -> tuple[list[Image.Image], str]:
        return list(images), self.question + (prompt or "")

    def generate(self, encoded: tuple[list[Image.Image], str], copies: int, **options: Any) -> tuple[Any, int]:
        # Each of these models lays pictures out in its own way, so copies are made before they are laid out.
        images = [image for image in encoded[0] for _ in range(copies)]
        inputs = self.processor(
            text=[encoded[1]] * len(images), images=[[image] for image in images], padding=True, return_tensors="pt"
        ).to(self.device, self.dtype)
        return self.model.generate(**inputs, **options), inputs["input_ids"].shape[1]

    def clean(self, text: str) -> str:
        return first_sentence(without_opener(text))
