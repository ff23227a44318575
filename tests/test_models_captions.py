"""Every class of models, tiny and random, through the real loading path: the tokens have to be those of transformers
called by hand, one picture at a time."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from captioner import CaptionOptions, open_image

pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

import torch  # noqa: E402
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors  # noqa: E402

from captioner.backends.devices import DTYPES  # noqa: E402
from captioner.backends.transformers_models import TransformersBackend, load  # noqa: E402

pytestmark = pytest.mark.usefixtures("one_thread")

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
SENTENCES = (
    "a man and a woman sits on the old boat in a small street near water",
    "two young dog runs with an red bird of blue snow and grass is white",
    "the large black horse jumps near the green tree house car picture photo",
    "cat looks stands plays beach",
)
WORDS = tuple(dict.fromkeys(word for sentence in SENTENCES for word in sentence.split()))
BERT = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[DEC]")
BART = ("<pad>", "<unk>", "<s>", "</s>", "<image>")
TILES = tuple(f"<row_{row}_col_{column}>" for row in range(1, 7) for column in range(1, 7))
CHAT = ("<pad>", "<unk>", "<s>", "</s>", "<fake_token_around_image>", "<image>", "<global-img>", "<end_of_utterance>")
TEMPLATE = (
    "{% for m in messages %}{{ m.role }} {% for c in m.content %}{% if c.type == 'image' %}<image>{% else %}"
    "{{ c.text }}{% endif %}{% endfor %} {% endfor %}{% if add_generation_prompt %}picture {% endif %}"
)
SIZE = {"height": 32, "width": 32}
TOWER = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
VISION = {**TOWER, "image_size": 32, "patch_size": 8}


def make_tokenizer(special: tuple[str, ...], *, begin: str = "", **names: Any) -> Any:
    """A vocabulary of whole words. `begin` and the end token are put around a text, as the real ones do."""
    vocabulary = {word: i for i, word in enumerate((*special, *WORDS))}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token=special[1]))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.decoder = decoders.WordPiece(prefix="##", cleanup=True)
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in special])
    if begin:
        end = names["sep_token"]
        pair = [(begin, vocabulary[begin]), (end, vocabulary[end])]
        tokenizer.post_processor = processors.TemplateProcessing(f"{begin} $A {end}", special_tokens=pair)
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token=special[0], unk_token=special[1], **names
    )


def bert_tokenizer() -> Any:
    return make_tokenizer(BERT, begin="[CLS]", cls_token="[CLS]", sep_token="[SEP]", bos_token="[DEC]")


def randomise(model: Any, seed: int = 0, scale: float = 2.5) -> Any:
    """Weights large enough that what is said hangs on what is seen."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                width = parameter[0].numel()
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * scale / width**0.5)
    return model.eval()


def build_vit_gpt2(folder: Path) -> None:
    tokenizer = make_tokenizer(("<pad>", "<unk>", "<end>"), bos_token="<end>", eos_token="<end>")
    decoder = transformers.GPT2Config(
        vocab_size=len(tokenizer), n_positions=64, n_embd=24, n_layer=2, n_head=2, add_cross_attention=True,
        is_decoder=True, bos_token_id=2, eos_token_id=2,
    )  # fmt: skip
    # Widths that differ: encoder states go through a projection.
    config = transformers.VisionEncoderDecoderConfig(
        encoder=transformers.ViTConfig(**VISION).to_dict(), decoder=decoder.to_dict(),
        decoder_start_token_id=2, eos_token_id=2, pad_token_id=0,
    )  # fmt: skip
    model = randomise(transformers.VisionEncoderDecoderModel(config))
    model.generation_config.update(decoder_start_token_id=2, eos_token_id=2, pad_token_id=0, max_length=16)
    model.save_pretrained(folder)
    transformers.ViTImageProcessor(size=SIZE).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def build_blip(folder: Path) -> None:
    tokenizer = bert_tokenizer()
    text = {**TOWER, "encoder_hidden_size": 32, "vocab_size": len(tokenizer), "max_position_embeddings": 64}
    text |= {"bos_token_id": 5, "sep_token_id": 3, "eos_token_id": 3, "pad_token_id": 0}
    config = transformers.BlipConfig(vision_config=VISION, text_config=text, projection_dim=32)
    randomise(transformers.BlipForConditionalGeneration(config)).save_pretrained(folder)
    transformers.BlipProcessor(transformers.BlipImageProcessor(size=SIZE), tokenizer).save_pretrained(folder)


def build_blip2(folder: Path) -> None:
    special = ("<unused>", "<pad>", "</s>", "<unk>", "<image>")
    tokenizer = make_tokenizer(
        special, bos_token="</s>", eos_token="</s>", extra_special_tokens={"image_token": "<image>"}
    )
    tokenizer.pad_token, tokenizer.unk_token = "<pad>", "<unk>"
    text = transformers.OPTConfig(
        vocab_size=len(tokenizer), hidden_size=32, ffn_dim=64, num_hidden_layers=2, num_attention_heads=2,
        max_position_embeddings=64, word_embed_proj_dim=32, pad_token_id=1, bos_token_id=2, eos_token_id=2,
    )  # fmt: skip
    config = transformers.Blip2Config(
        vision_config=VISION, qformer_config={**TOWER, "encoder_hidden_size": 32, "vocab_size": 8},
        text_config=text.to_dict(), num_query_tokens=4, image_token_index=4,
    )  # fmt: skip
    randomise(transformers.Blip2ForConditionalGeneration(config)).save_pretrained(folder)
    images = transformers.BlipImageProcessor(size=SIZE)
    transformers.Blip2Processor(images, tokenizer, num_query_tokens=4).save_pretrained(folder)


def build_git(folder: Path) -> None:
    tokenizer = bert_tokenizer()
    config = transformers.GitConfig(
        vision_config=VISION, vocab_size=len(tokenizer), max_position_embeddings=64, bos_token_id=2, eos_token_id=3,
        pad_token_id=0, **TOWER,
    )  # fmt: skip
    randomise(transformers.GitForCausalLM(config)).save_pretrained(folder)
    images = transformers.CLIPImageProcessor(size={"shortest_edge": 32}, crop_size=SIZE)
    transformers.GitProcessor(images, tokenizer).save_pretrained(folder)


def build_florence2(folder: Path) -> None:
    tokenizer = make_tokenizer(
        BART, begin="<s>", bos_token="<s>", eos_token="</s>", sep_token="</s>",
        extra_special_tokens={"image_token": "<image>"},
    )  # fmt: skip
    text = transformers.BartConfig(
        vocab_size=len(tokenizer), d_model=32, encoder_layers=1, decoder_layers=1, encoder_attention_heads=2,
        decoder_attention_heads=2, encoder_ffn_dim=64, decoder_ffn_dim=64, max_position_embeddings=64, pad_token_id=0,
        bos_token_id=2, eos_token_id=3, decoder_start_token_id=3, forced_eos_token_id=3,
    )  # fmt: skip
    vision = {
        "depths": (1, 1), "patch_size": (7, 3), "patch_stride": (4, 2), "patch_padding": (3, 1), "window_size": 4,
        "patch_prenorm": (False, True), "embed_dim": (16, 32), "num_heads": (2, 2), "num_groups": (2, 2),
        "projection_dim": 32,
    }  # fmt: skip
    config = transformers.Florence2Config(vision_config=vision, text_config=text.to_dict(), image_token_id=4)
    model = randomise(transformers.Florence2ForConditionalGeneration(config))
    # As in the published ones: the first word is forced, which says nothing about how sure the network is.
    model.generation_config.update(
        decoder_start_token_id=3, bos_token_id=2, eos_token_id=3, pad_token_id=0, forced_bos_token_id=2
    )
    model.save_pretrained(folder)
    images = transformers.CLIPImageProcessor(size=SIZE, do_center_crop=False)
    images.image_seq_length = 17
    transformers.Florence2Processor(images, tokenizer).save_pretrained(folder)


def build_vlm(folder: Path) -> None:
    tokenizer = make_tokenizer((*CHAT, *TILES), bos_token="<s>", eos_token="<end_of_utterance>")
    text = transformers.LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=2, max_position_embeddings=512, pad_token_id=0, bos_token_id=2, eos_token_id=7,
    )  # fmt: skip
    config = transformers.Idefics3Config(
        vision_config=VISION, text_config=text.to_dict(), image_token_id=5, scale_factor=2, pad_token_id=0
    )
    model = randomise(transformers.Idefics3ForConditionalGeneration(config))
    model.generation_config.update(bos_token_id=2, eos_token_id=7, pad_token_id=0, do_sample=True, temperature=0.7)
    model.save_pretrained(folder)
    images = transformers.Idefics3ImageProcessor(size={"longest_edge": 64}, max_image_size={"longest_edge": 32})
    transformers.Idefics3Processor(images, tokenizer, image_seq_len=4, chat_template=TEMPLATE).save_pretrained(folder)


def build_qwen_vl(folder: Path) -> None:
    """A vision-language model that lays pictures out as one long row of patches, as many as a picture needs."""
    special = ("<pad>", "<unk>", "<end>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>")
    tokenizer = make_tokenizer(special, eos_token="<end>")
    text = {
        "vocab_size": len(tokenizer), "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2,
        "num_attention_heads": 2, "num_key_value_heads": 2, "max_position_embeddings": 512, "bos_token_id": 2,
        "eos_token_id": 2, "pad_token_id": 0,
        "rope_parameters": {"rope_type": "default", "mrope_section": [2, 3, 3], "rope_theta": 10000.0},
    }  # fmt: skip
    vision = {"depth": 2, "embed_dim": 32, "hidden_size": 32, "num_heads": 2, "patch_size": 8, "mlp_ratio": 2}
    config = transformers.Qwen2VLConfig(
        text_config=text, vision_config=vision, vision_start_token_id=3, vision_end_token_id=4, image_token_id=5,
        video_token_id=6,
    )  # fmt: skip
    model = randomise(transformers.Qwen2VLForConditionalGeneration(config))
    model.generation_config.update(eos_token_id=2, pad_token_id=0, do_sample=True, top_k=1)
    model.save_pretrained(folder)
    pixels = {"patch_size": 8, "size": {"shortest_edge": 16 * 16, "longest_edge": 48 * 48}}
    template = TEMPLATE.replace("<image>", "<|vision_start|><|image_pad|><|vision_end|>")
    transformers.Qwen2VLProcessor(
        transformers.Qwen2VLImageProcessor(**pixels), tokenizer, transformers.Qwen2VLVideoProcessor(**pixels),
        chat_template=template,
    ).save_pretrained(folder)  # fmt: skip


BUILDERS: dict[str, Callable[[Path], None]] = {
    "vit-gpt2": build_vit_gpt2,
    "blip": build_blip,
    "blip2": build_blip2,
    "git": build_git,
    "florence2": build_florence2,
    "vlm": build_vlm,
    "qwen-vl": build_qwen_vl,
}


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
