"""Compares captioners on the same pictures in one run: transformers called the usual way, and ours.

    python benchmarks/captioners.py --out benchmarks/results/captioners.json

Random weights at the published sizes of ViT-GPT2 and BLIP-base: what they say means nothing, and how long it takes is
the same. They are made so that no caption ends early: every system generates the same number of tokens, with the same
number of beams. Each system runs in a process of its own, which opens the files, captions a few pictures to warm up,
and then all of them. The first caption counts from the start of the process. The ratio is to transformers, one picture
at a time. On a busy computer, `taskset -c 0` before the command gives every system one core.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

BEGAN = time.perf_counter()
PACKAGES = ("lookaloud", "torch", "transformers", "onnxruntime", "numpy")
MODELS = ("vit-gpt2", "blip-base")
USUAL = "transformers, one at a time"
SYSTEMS = (
    USUAL,
    "transformers, batches",
    "lookaloud, torch",
    "lookaloud, exported fp32",
    "lookaloud, exported int8",
)
# Trained networks prefer some hundred words in each place; random ones, without this, nearly none to any other, and a
# search would spend its time on sorting them.
SHARPNESS = 10.0
# Captions some files, and says how many tokens that took.
Say = Callable[[Sequence[Path]], int]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--models", nargs="+", choices=MODELS, default=MODELS)
    parser.add_argument("--systems", nargs="+", choices=SYSTEMS, default=SYSTEMS)
    parser.add_argument("--pictures", type=int, default=32)
    parser.add_argument("--tokens", type=int, default=16, help="length of every caption")
    parser.add_argument("--beams", type=int, default=4)
    parser.add_argument("--batch-size", type=int, default=8, help="pictures at once, where a system takes several")
    parser.add_argument("--folder", type=Path, help="keep the models here, and use those that are there")
    parser.add_argument("--out", type=Path, help="write the figures to this JSON file")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)  # this script as a system's own process
    args = parser.parse_args()
    if args.child:
        print(json.dumps(measure(*args.child, args)))
        return
    with tempfile.TemporaryDirectory() as name:
        args.folder = args.folder or Path(name)
        args.folder.mkdir(parents=True, exist_ok=True)
        figures = {model: compare(model, args) for model in args.models}
    from environment import describe_machine

    about = {key: getattr(args, key) for key in ("pictures", "tokens", "beams", "batch_size")}
    found = {"machine": describe_machine(PACKAGES), "load_average": os.getloadavg()[0], **about, "models": figures}
    print(found["machine"])
    if args.out:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def compare(model: str, args: argparse.Namespace) -> dict[str, dict[str, float]]:
    """The figures of every system on one model."""
    if not (args.folder / model / "config.json").is_file():
        child(["build", model], args)
    figures: dict[str, dict[str, float]] = {}
    for system in args.systems:
        precision = system.rpartition(" ")[2]
        if "exported" in system and not (args.folder / f"{model}-{precision}" / "config.json").is_file():
            child([f"export {precision}", model], args)
        figures[system] = child([system, model], args)
        usual = figures.get(USUAL, {}).get("pictures_per_second")
        if usual:
            figures[system]["ratio_to_usual"] = round(figures[system]["pictures_per_second"] / usual, 2)
        print(f"{model}, {system}: {json.dumps(figures[system])}", flush=True)
    return figures


def child(work: list[str], args: argparse.Namespace) -> Any:
    command = [sys.executable, __file__, "--child", *work, "--folder", str(args.folder)]
    for name in ("pictures", "tokens", "beams", "batch_size"):
        command += [f"--{name.replace('_', '-')}", str(getattr(args, name))]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def measure(system: str, model: str, args: argparse.Namespace) -> Any:
    """What the child process does."""
    if system == "build":
        return build(model, args.folder / model)
    if system.startswith("export"):
        from captioner.export.export import export_captioner

        precision = system.split()[1]
        export_captioner(str(args.folder / model), args.folder / f"{model}-{precision}", precision=precision)
        return {}
    from speed import make_pictures

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "pictures"
        make_pictures(folder, args.pictures)
        return timed(system, model, sorted(folder.iterdir()), args)


def timed(system: str, model: str, paths: Sequence[Path], args: argparse.Namespace) -> dict[str, float]:
    pictures_made = time.perf_counter() - BEGAN
    say = (usual if system.startswith("transformers") else ours)(system, model, args)
    at_once = 1 if system == USUAL else args.batch_size
    say(paths[:1])
    first = time.perf_counter() - BEGAN - pictures_made
    say(paths[:at_once])
    began = time.perf_counter()
    tokens = sum(say(paths[start : start + at_once]) for start in range(0, len(paths), at_once))
    seconds = time.perf_counter() - began
    # Linux counts in KiB, macOS in bytes.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return {
        "pictures_per_second": round(len(paths) / seconds, 3),
        "first_caption_seconds": round(first, 2),
        "peak_memory_mb": round(peak / 1e6),
        "tokens_a_picture": tokens / len(paths),
    }


def usual(system: str, model: str, args: argparse.Namespace) -> Say:
    """transformers as its model cards call it, in float32."""
    import transformers
    from PIL import Image

    folder = args.folder / model
    options = {"num_beams": args.beams, "max_new_tokens": args.tokens}
    if model == "vit-gpt2":
        loaded: Any = transformers.VisionEncoderDecoderModel.from_pretrained(folder)
        processor: Any = transformers.ViTImageProcessor.from_pretrained(folder)
        tokenizer: Any = transformers.AutoTokenizer.from_pretrained(folder)
    else:
        loaded = transformers.BlipForConditionalGeneration.from_pretrained(folder)
        processor = transformers.BlipProcessor.from_pretrained(folder)
        tokenizer = processor

    def say(paths: Sequence[Path]) -> int:
        images = [Image.open(path).convert("RGB") for path in paths]
        found = loaded.generate(**processor(images=images, return_tensors="pt"), **options)
        tokenizer.batch_decode(found, skip_special_tokens=True)
        return int(found.shape[0] * (found.shape[1] - 1))

    return say


def ours(system: str, model: str, args: argparse.Namespace) -> Say:
    """Ours, as `load_captioner` gives it."""
    from captioner import CaptionOptions, load_captioner, open_image

    folder = args.folder / (f"{model}-{system.rpartition(' ')[2]}" if "exported" in system else model)
    loaded = load_captioner(str(folder), device="cpu")
    backend: Any = loaded.backend
    options = CaptionOptions(max_new_tokens=args.tokens, num_beams=args.beams, num_alternatives=0, only_photos=False)

    def say(paths: Sequence[Path]) -> int:
        found = backend.search([open_image(path, min_side=loaded.input_size) for path in paths], options)
        for hypotheses in found:
            backend.text_of(hypotheses[0], options)
        return sum(len(hypotheses[0].logprobs) for hypotheses in found)

    return say


def build(model: str, folder: Path) -> dict[str, float]:
    """A model of random weights in its published size, whose captions never end by themselves."""
    import torch
    import transformers

    torch.manual_seed(0)
    transformers.utils.logging.disable_progress_bar()
    if model == "vit-gpt2":
        text = transformers.GPT2Config(add_cross_attention=True, is_decoder=True)
        config = transformers.VisionEncoderDecoderConfig(
            encoder=transformers.ViTConfig().to_dict(), decoder=text.to_dict(), decoder_start_token_id=0,
            eos_token_id=50256, pad_token_id=50256,
        )  # fmt: skip
        made: Any = transformers.VisionEncoderDecoderModel(config)
        made.generation_config.update(decoder_start_token_id=0, eos_token_id=50256, pad_token_id=50256)
        with torch.no_grad():
            made.decoder.transformer.ln_f.weight.mul_(SHARPNESS)
            # What the last norm adds to every state, the end token's embedding is far away from.
            away = torch.nn.functional.normalize(torch.randn(text.n_embd), dim=0)
            made.decoder.transformer.ln_f.bias.copy_(50 * away)
            made.decoder.transformer.wte.weight[50256] = -20 * away
        transformers.ViTImageProcessor().save_pretrained(folder)
        words(50257, 50256).save_pretrained(folder)
    else:
        text = {"num_attention_heads": 12, "vocab_size": 30524, "bos_token_id": 30522, "sep_token_id": 102}
        text |= {"eos_token_id": 2, "pad_token_id": 0, "encoder_hidden_size": 768}
        config = transformers.BlipConfig(vision_config={"image_size": 384}, text_config=text)
        made = transformers.BlipForConditionalGeneration(config)
        with torch.no_grad():
            made.text_decoder.cls.predictions.transform.LayerNorm.weight.mul_(SHARPNESS)
            for bias in (made.text_decoder.cls.predictions.bias, made.text_decoder.cls.predictions.decoder.bias):
                bias[102] = -1000.0
        processor = transformers.BlipProcessor(transformers.BlipImageProcessor(), words(30524, 102))
        processor.save_pretrained(folder)
    made.save_pretrained(folder)
    return {"parameters": sum(parameter.numel() for parameter in made.parameters())}


def words(count: int, end: int) -> Any:
    """A vocabulary of that size, of no meaning."""
    from tokenizers import Tokenizer, models
    from transformers import PreTrainedTokenizerFast

    vocabulary = {f"w{i}": i for i in range(count)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="w1"))
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token=f"w{end}", pad_token=f"w{end}")


if __name__ == "__main__":
    main()
