"""Every class of models, tiny and random, through the real loading path: the tokens have to be those of transformers
called by hand, one picture at a time."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from PIL import Image
from tiny_models import BUILDERS, EXAMPLES, WORDS
from tiny_models import build_blip as build_blip
from tiny_models import build_git as build_git

from captioner import CaptionOptions, open_image
from captioner.backends.transformers_models import TransformersBackend, load
from lookaloud.ground.devices import DTYPES

pytestmark = pytest.mark.usefixtures("one_thread")


@dataclass(frozen=True)
class ByHand:
    """Model and processor as anybody would load them from a folder, and what they say of one picture."""

    folder: Path

    def tokens(self, name: str, image: Image.Image, prompt: str | None = None, **options: Any) -> list[int]:
        """The generated tokens without the special ones."""
        loaded = getattr(self, name.replace("-", "_"))
        model, tokenizer, inputs, n_before = loaded(image, prompt)
        output = model.eval().generate(**inputs, do_sample=False, num_return_sequences=1, **options)
        end = {tokenizer.eos_token_id, tokenizer.sep_token_id} - {None}
        said: list[int] = []
        for token in output[0, n_before:].tolist():
            if token in end and said:
                break
            if token not in tokenizer.all_special_ids:
                said.append(token)
        return said

    def vit_gpt2(self, image: Image.Image, prompt: str | None) -> Any:
        model = transformers.VisionEncoderDecoderModel.from_pretrained(self.folder)
        images = transformers.AutoImageProcessor.from_pretrained(self.folder)
        tokenizer = transformers.AutoTokenizer.from_pretrained(self.folder)
        return model, tokenizer, images(images=image, return_tensors="pt"), 1

    def blip(self, image: Image.Image, prompt: str | None) -> Any:
        model = transformers.BlipForConditionalGeneration.from_pretrained(self.folder)
        processor = transformers.BlipProcessor.from_pretrained(self.folder)
        inputs = processor(images=image, text=prompt, return_tensors="pt")
        inputs.pop("token_type_ids", None)
        return model, processor.tokenizer, inputs, inputs["input_ids"].shape[1] - 1 if prompt else 1

    def blip2(self, image: Image.Image, prompt: str | None) -> Any:
        model = transformers.Blip2ForConditionalGeneration.from_pretrained(self.folder)
        processor = transformers.Blip2Processor.from_pretrained(self.folder)
        return model, processor.tokenizer, processor(images=image, return_tensors="pt"), 5

    def git(self, image: Image.Image, prompt: str | None) -> Any:
        model = transformers.GitForCausalLM.from_pretrained(self.folder)
        processor = transformers.AutoProcessor.from_pretrained(self.folder)
        return (
            model,
            processor.tokenizer,
            {"pixel_values": processor(images=image, return_tensors="pt").pixel_values},
            1,
        )

    def florence2(self, image: Image.Image, prompt: str | None) -> Any:
        model = transformers.Florence2ForConditionalGeneration.from_pretrained(self.folder)
        processor = transformers.Florence2Processor.from_pretrained(self.folder)
        return model, processor.tokenizer, processor(text="<CAPTION>", images=image, return_tensors="pt"), 1

    def qwen_vl(self, image: Image.Image, prompt: str | None) -> Any:
        return self.vlm(image, prompt)

    def vlm(self, image: Image.Image, prompt: str | None) -> Any:
        from captioner.backends.vlm import QUESTION, SYSTEM

        model = transformers.AutoModelForImageTextToText.from_pretrained(self.folder)
        processor = transformers.AutoProcessor.from_pretrained(self.folder)
        if hasattr(processor.image_processor, "do_image_splitting"):
            processor.image_processor.do_image_splitting = False
        chat = [
            {"role": "system", "content": [{"type": "text", "text": SYSTEM}]},
            {"role": "user", "content": [{"type": "image", "image": image}, {"type": "text", "text": QUESTION}]},
        ]
        text = processor.apply_chat_template(chat, add_generation_prompt=True)
        inputs = processor(text=text, images=[image], return_tensors="pt")
        return model, processor.tokenizer, inputs, inputs["input_ids"].shape[1]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a tiny model, built when it is first asked for."""
    base = tmp_path_factory.mktemp("models")

    def folder(name: str) -> Path:
        path = base / name
        if not path.exists():
            BUILDERS[name](path)
        return path

    return folder


@pytest.fixture(scope="module")
def backends(folders: Callable[[str], Path]) -> Callable[[str], TransformersBackend]:
    made: dict[str, TransformersBackend] = {}

    def backend(name: str) -> TransformersBackend:
        if name not in made:
            made[name] = load(name, folders(name), device="cpu", dtype="float32")
        return made[name]

    return backend


@pytest.fixture(scope="module")
def pictures() -> list[Image.Image]:
    """Ragged on purpose: four photographs, and strips of two of them."""
    photos = [open_image(path, max_side=200) for path in sorted(EXAMPLES.glob("*.jpg"))]
    return [*photos, photos[0].crop((0, 0, 120, 40)), photos[1].crop((0, 0, 50, 100))]


@pytest.mark.parametrize("num_beams", [1, 3])
@pytest.mark.parametrize("name", BUILDERS)
def test_the_tokens_are_those_of_transformers_by_hand(
    name: str,
    num_beams: int,
    folders: Callable[[str], Path],
    backends: Callable[[str], TransformersBackend],
    pictures: list[Image.Image],
) -> None:
    options = CaptionOptions(max_new_tokens=8, num_beams=num_beams, num_alternatives=0, only_photos=False)
    hand = ByHand(folders(name))
    expected = [hand.tokens(name, picture, num_beams=num_beams, max_new_tokens=8) for picture in pictures]
    assert len({tuple(tokens) for tokens in expected}) > 3, "a network that says the same of all proves nothing"
    assert all(expected)
    batched = backends(name).search(pictures, options)
    assert [list(found[0].tokens) for found in batched] == expected
    single = [backends(name).search([picture], options)[0][0] for picture in pictures]
    assert [list(found.tokens) for found in single] == expected
    for one, (found,) in zip(single, batched, strict=True):
        assert one.logprobs == pytest.approx(found.logprobs, abs=2e-3)


@pytest.mark.parametrize("name", BUILDERS)
def test_the_captions_keep_their_order_and_say_how_sure_they_are(
    name: str, backends: Callable[[str], TransformersBackend], pictures: list[Image.Image]
) -> None:
    options = CaptionOptions(max_new_tokens=8, num_beams=2, num_alternatives=2, only_photos=False)
    drafts = backends(name).draft(pictures, options)
    backwards = backends(name).draft(pictures[::-1], options)
    assert [draft.texts for draft in backwards[::-1]] == [draft.texts for draft in drafts]
    assert all(0.0 < draft.confidence < 1.0 for draft in drafts)
    assert all(len(set(draft.texts)) == len(draft.texts) for draft in drafts)
    assert any(len(draft.texts) > 1 for draft in drafts)
    assert all(words in WORDS for draft in drafts for text in draft.texts for words in text.split())


def test_a_prompt_of_blip_is_the_one_of_transformers(
    folders: Callable[[str], Path], backends: Callable[[str], TransformersBackend], pictures: list[Image.Image]
) -> None:
    options = CaptionOptions(
        max_new_tokens=6, num_beams=2, num_alternatives=0, prompt="a picture of", only_photos=False
    )
    hand = ByHand(folders("blip"))
    expected = [hand.tokens("blip", picture, "a picture of", num_beams=2, max_new_tokens=6) for picture in pictures]
    found = backends("blip").search(pictures, options)
    assert [list(hypotheses[0].tokens) for hypotheses in found] == expected
    free = backends("blip").search(pictures, CaptionOptions(max_new_tokens=6, num_alternatives=0, only_photos=False))
    assert [hypotheses[0].tokens for hypotheses in free] != [hypotheses[0].tokens for hypotheses in found]
    texts = [draft.texts[0] for draft in backends("blip").draft(pictures, options)]
    assert all(text.startswith("a picture of") for text in texts)
    assert len(set(texts)) > 3


@pytest.mark.parametrize("name", [name for name in BUILDERS if name != "blip"])
def test_every_class_can_be_prompted(
    name: str, backends: Callable[[str], TransformersBackend], pictures: list[Image.Image]
) -> None:
    options = CaptionOptions(max_new_tokens=6, num_beams=2, num_alternatives=1, prompt="a small dog", only_photos=False)
    for draft in backends(name).draft(pictures[:2], options):
        assert all(text.startswith("a small dog") for text in draft.texts)


@pytest.mark.parametrize("name", BUILDERS)
def test_drawn_captions_hang_on_the_seed_alone(
    name: str, backends: Callable[[str], TransformersBackend], pictures: list[Image.Image]
) -> None:
    def drawn(seed: int, images: list[Image.Image]) -> list[tuple[str, ...]]:
        options = CaptionOptions(max_new_tokens=8, num_alternatives=1, temperature=1.0, seed=seed, only_photos=False)
        return [draft.texts for draft in backends(name).draft(images, options)]

    torch.manual_seed(5)
    first = drawn(1, pictures[:3])
    torch.manual_seed(6)
    assert drawn(1, pictures[:3]) == first
    assert drawn(1, pictures[1:2]) == first[1:2]  # whatever else is in the batch
    assert drawn(2, pictures[:3]) != first


def test_the_mean_log_probability_is_that_of_the_network(
    backends: Callable[[str], TransformersBackend], pictures: list[Image.Image]
) -> None:
    """Checked against a pass over the finished caption, which no search is part of."""
    network = backends("git").network
    found = backends("git").search(
        pictures[:1], CaptionOptions(max_new_tokens=6, num_alternatives=0, only_photos=False)
    )
    best = found[0][0]
    ids = torch.tensor([[2, *best.tokens, 3][: len(best.logprobs) + 1]])
    with torch.inference_mode():
        network.encode(pictures[:1], None)
        logits = network.model(input_ids=ids, pixel_values=torch.zeros(1, 3, 1, 1)).logits[0, -ids.shape[1] :]
    again = logits.log_softmax(dim=-1)[:-1].gather(1, ids[0, 1:, None]).squeeze(1)
    assert best.logprobs == pytest.approx(again.tolist(), abs=2e-3)


def test_a_folder_is_read_as_what_its_configuration_says(
    folders: Callable[[str], Path], tmp_path: Path, pictures: list[Image.Image]
) -> None:
    """Not as what it is called."""
    from captioner import load_captioner

    folder = tmp_path / "blip-image-captioning-base"
    shutil.copytree(folders("git"), folder)
    captioner = load_captioner(str(folder), device="cpu", dtype="float32")
    assert type(captioner.backend.network).__name__ == "Git"  # type: ignore[attr-defined]
    caption = captioner.caption(pictures[0], CaptionOptions(max_new_tokens=5))
    assert caption.captioner == str(folder)
    assert caption.text


@pytest.mark.parametrize(
    ("name", "tower"),
    [
        ("vit-gpt2", "encoder"),
        ("blip", "vision_model"),
        ("blip2", "vision_model"),
        ("git", "git.image_encoder.encoder"),
        ("florence2", "model.vision_tower"),
    ],
)
def test_a_picture_is_encoded_once_for_all_beams_and_alternatives(
    name: str, tower: str, backends: Callable[[str], TransformersBackend], pictures: list[Image.Image]
) -> None:
    seen: list[int] = []

    def count(module: Any, arguments: tuple[Any, ...], options: dict[str, Any]) -> None:
        pixels = options.get("pixel_values", arguments[0] if arguments else None)
        seen.append(len(pixels))

    hook = backends(name).network.model.get_submodule(tower).register_forward_pre_hook(count, with_kwargs=True)
    try:
        options = CaptionOptions(max_new_tokens=4, num_beams=3, num_alternatives=2, only_photos=False)
        backends(name).search(pictures, options)
    finally:
        hook.remove()
    assert seen == [len(pictures)]


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@pytest.mark.parametrize("name", BUILDERS)
def test_every_class_runs_in_half_precision(
    name: str, dtype: str, folders: Callable[[str], Path], pictures: list[Image.Image]
) -> None:
    backend = load(name, folders(name), device="cpu", dtype=dtype)
    assert any(parameter.dtype is DTYPES[dtype] for parameter in backend.network.model.parameters())
    options = CaptionOptions(max_new_tokens=4, num_beams=2, num_alternatives=1, only_photos=False)
    drafts = backend.draft(pictures[:3], options)
    assert len({draft.texts[0] for draft in drafts}) > 1
    assert all(0.0 < draft.confidence < 1.0 for draft in drafts)
