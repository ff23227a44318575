"""Tiny random models of every class that captions, with their processors, saved as a published model is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors

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
