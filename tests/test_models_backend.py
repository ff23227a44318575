"""What stands around the networks: memory, alternatives, and the words cut off a chatting model's answer."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from PIL import Image

from captioner import Captioner, CaptionOptions
from captioner.backends.network import Network
from captioner.backends.transformers_models import TransformersBackend
from captioner.backends.vlm import ChatModel, first_sentence, without_opener
from captioner.errors import WeightsError

OPTIONS = CaptionOptions(num_alternatives=0, only_photos=False, num_beams=1, low_confidence=0.0)


class Tokenizer:
    all_special_ids = (0,)

    def __call__(self, texts: list[str], **_: Any) -> dict[str, list[list[int]]]:
        return {"input_ids": [[1000] for _ in texts]}

    def decode(self, tokens: Sequence[int], **_: Any) -> str:
        return " ".join(map(str, tokens))


class Cramped(Network):
    """Says a picture's width, and has memory for `room` pictures at once."""

    def __init__(self, room: int, error: Exception) -> None:
        model = SimpleNamespace(
            device=torch.device("cpu"), dtype=torch.float32, generation_config=SimpleNamespace(eos_token_id=0)
        )
        super().__init__(model, SimpleNamespace(size={"height": 8}), Tokenizer())
        self.room, self.error = room, error
        self.tried: list[int] = []

    @classmethod
    def load(cls, *_: Any, **__: Any) -> Cramped:
        raise NotImplementedError

    def encode(self, images: Sequence[Image.Image], prompt: str | None) -> list[int]:
        self.tried.append(len(images))
        if len(images) > self.room:
            raise self.error
        return [image.width for image in images]

    def generate(self, encoded: list[int], copies: int, **options: Any) -> tuple[Any, int]:
        tokens = torch.tensor([[width, 0] for width in encoded for _ in range(copies)])
        logits = torch.zeros(len(tokens), 100)
        return SimpleNamespace(sequences=tokens, logits=(logits, logits)), 0


ALLOCATOR = RuntimeError("[enforce fail] . DefaultCPUAllocator: not enough memory: you tried to allocate 9 bytes.")


@pytest.mark.parametrize("error", [torch.OutOfMemoryError("CUDA out of memory."), ALLOCATOR], ids=["gpu", "cpu"])
def test_out_of_memory_halves_the_batch_and_goes_on(error: Exception) -> None:
    network = Cramped(3, error)
    captioner = Captioner(TransformersBackend("cramped", network), batch_size=10)
    pictures = [Image.new("RGB", (width, 9)) for width in range(20, 43)]
    captions = captioner.caption_batch(pictures, OPTIONS)
    assert [caption.text for caption in captions] == [f"{width}." for width in range(20, 43)]
    # 10 and 5 are too many; once that is known, it is not tried again.
    assert network.tried == [10, 5, *[2] * 5, *[2] * 5, 2, 1]


def test_one_picture_too_many_is_said() -> None:
    backend = TransformersBackend("cramped", Cramped(0, torch.OutOfMemoryError("CUDA out of memory.")))
    with pytest.raises(MemoryError, match="cramped does not fit into the memory of cpu even with one picture"):
        backend.draft([Image.new("RGB", (9, 9)), Image.new("RGB", (9, 9))], OPTIONS)


def test_another_error_is_not_taken_for_it() -> None:
    backend = TransformersBackend("broken", Cramped(0, RuntimeError("shapes do not fit")))
    with pytest.raises(RuntimeError, match="shapes do not fit"):
        backend.draft([Image.new("RGB", (9, 9))], OPTIONS)


def test_pictures_that_are_none_need_no_network() -> None:
    network = Cramped(9, ALLOCATOR)
    photo = Image.radial_gradient("L").convert("RGB").resize((64, 64))
    pictures = [Image.new("RGB", (64, 64), "white"), photo, Image.new("RGB", (3, 64), "red")]
    drafts = TransformersBackend("any", network).draft(pictures, CaptionOptions(num_alternatives=0))
    assert [draft.kind for draft in drafts] == ["blank", "photograph", "small"]
    assert network.tried == [1]


def test_the_confidence_is_the_geometric_mean_of_the_probabilities() -> None:
    (draft,) = TransformersBackend("any", Cramped(9, ALLOCATOR)).draft([Image.new("RGB", (9, 9))], OPTIONS)
    assert draft.confidence == pytest.approx(1 / 100)


@pytest.mark.parametrize("temperature", [-0.1, float("nan"), float("inf")])
def test_a_temperature_out_of_range_is_refused(temperature: float) -> None:
    with pytest.raises(ValueError, match="temperature"):
        CaptionOptions(temperature=temperature)


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("The image shows a dog.", "a dog."),
        ("This picture depicts two men on a boat", "two men on a boat"),
        ("The photograph is of a red car.", "a red car."),
        ("In this image, we can see a cat on a bed.", "a cat on a bed."),
        ("In the photo there is a horse.", "a horse."),
        ("Sure! The image features a beach.", "a beach."),
        ("Description: a street at night.", "a street at night."),
        ("A dog that looks at the image shows its teeth.", "A dog that looks at the image shows its teeth."),
        ("The image shows.", "The image shows."),
        ("Shows of hands", "Shows of hands"),
        ("", ""),
    ],
)
def test_what_only_says_that_there_is_a_picture_is_cut_off(said: str, left: str) -> None:
    assert without_opener(said) == left


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("A dog runs. It is brown.", "A dog runs."),
        ("A dog runs.", "A dog runs."),
        ("A dog at St. Ives with Mr. Smith. The sun shines.", "A dog at St. Ives with Mr. Smith."),
        ("A sign that says 2.5 miles", "A sign that says 2.5 miles"),
        ("", ""),
    ],
)
def test_one_sentence_is_one(said: str, left: str) -> None:
    assert first_sentence(said) == left


class Processor:
    """Has a chat template that refuses what it is told to."""

    def __init__(self, refused: set[str]) -> None:
        self.refused = refused
        self.tokenizer = SimpleNamespace(pad_token=None, eos_token="</s>", padding_side="right", all_special_ids=())

    def apply_chat_template(self, messages: list[dict[str, Any]], **_: Any) -> str:
        if self.refused & {message["role"] for message in messages}:
            raise ValueError("Conversation roles must alternate user/assistant")
        return " ".join(part.get("text", "<image>") for message in messages for part in message["content"])


def chat(refused: set[str]) -> ChatModel:
    model = SimpleNamespace(device=torch.device("cpu"), dtype=torch.float32, name_or_path="some/model")
    processor = Processor(refused)
    return ChatModel(model, processor, processor.tokenizer)


def test_a_template_without_a_system_role_gets_the_instruction_from_the_user() -> None:
    usual, other = chat(set()), chat({"system"})
    assert usual.tokenizer.padding_side == "left"
    assert usual.tokenizer.pad_token == "</s>"
    assert usual.question.endswith("<image> Describe this picture in one sentence.")
    assert other.question.startswith("<image> You describe pictures")
    assert sorted(usual.question.split()) == sorted(other.question.split())


def test_a_model_that_does_not_chat_is_said() -> None:
    with pytest.raises(WeightsError, match=r"some/model cannot be used .*Instruct"):
        _ = chat({"system", "user"}).question
