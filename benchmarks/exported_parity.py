"""Compares what an exported captioner says with what its torch model says.

    python benchmarks/exported_parity.py vit-gpt2 PICTURES --count 200
    python benchmarks/exported_parity.py ./my-blip PICTURES --precision int8 --out parity.json

NAME is what `lookaloud models export` takes, PICTURES a folder. Two figures: how many captions are the same where both
networks are searched by the same code (`captioner/beam.py`; the torch model computes every word from the whole text
again, without a cache), which is about the networks alone; and how many are the same as those of
`load_captioner(NAME)`, which is searched by `generate` of transformers. Torch computes in float32 in both.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from environment import describe_machine
from PIL import Image
from torch import Tensor
from tqdm import tqdm

from captioner import Captioner, CaptionOptions, load_captioner, open_image
from captioner.backends.exported import ExportedBackend
from captioner.backends.exported_format import PRECISIONS, ExportedConfig
from captioner.backends.network import Network
from captioner.beam import beam_search
from captioner.export.export import export_captioner

# Captions as they are written: without the gate and without "Possibly".
OPTIONS = CaptionOptions(num_alternatives=0, low_confidence=0.0, only_photos=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("name", help="a captioner's name, a model of the hub, or a folder")
    parser.add_argument("pictures", type=Path, help="folder of pictures")
    parser.add_argument("--precision", choices=PRECISIONS, default="fp32")
    parser.add_argument("--count", type=int, default=200, help="how many pictures, at most")
    parser.add_argument("--out", type=Path, help="write the figures to this JSON file")
    args = parser.parse_args()
    paths = [path for path in sorted(args.pictures.rglob("*")) if path.suffix.lower() in (".jpg", ".jpeg", ".png")]
    with tempfile.TemporaryDirectory() as folder:
        export_captioner(args.name, Path(folder), precision=args.precision)
        exported = load_captioner(folder)
        ours = load_captioner(args.name, device="cpu", dtype="float32")
        images = [open_image(path) for path in paths[: args.count]]
        figures = parity(exported, ours, images)
    print(f"{args.name}, {args.precision}: {figures['pictures']} pictures")
    print(f"the same caption by the same search: {figures['same_search']:.1%}")
    print(f"the same caption as with generate of transformers: {figures['same_as_generate']:.1%}")
    print(describe_machine(("lookaloud", "torch", "transformers", "onnxruntime", "numpy")))
    if args.out:
        found = {"name": args.name, "precision": args.precision, **figures}
        args.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def parity(exported: Captioner, ours: Captioner, images: Sequence[Image.Image]) -> dict[str, float]:
    """On how many of the pictures, as a share, both say the same."""
    said = [draft.texts[0] for draft in batches(exported, images)]
    generated = [draft.texts[0] for draft in batches(ours, images)]
    backend: Any = exported.backend
    network: Any = ours.backend
    searched = [same_search(backend, network.network, image) for image in tqdm(images, disable=None)]
    return {
        "pictures": len(images),
        "different_captions": len(set(said)),
        "same_search": sum(a == b for a, b in zip(said, searched, strict=True)) / len(images),
        "same_as_generate": sum(a == b for a, b in zip(said, generated, strict=True)) / len(images),
    }


def batches(captioner: Captioner, images: Sequence[Image.Image]) -> list[Any]:
    size = captioner.batch_size
    return [
        draft
        for start in range(0, len(images), size)
        for draft in captioner.backend.draft(images[start : start + size], OPTIONS)
    ]


def same_search(exported: ExportedBackend, network: Network, image: Image.Image) -> str:
    """The torch model's caption of a picture, found by the search of the exported one."""
    config: ExportedConfig = exported.config
    with torch.inference_mode():
        states: Tensor = network.encode([image], None)[0]
        sequences = torch.full((OPTIONS.num_beams, 1), config.begin[0])[:, :0]

        def step(tokens: npt.NDArray[np.int64], parents: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
            nonlocal sequences
            sequences = torch.cat((sequences[torch.from_numpy(parents)], torch.from_numpy(tokens)[:, None]), dim=1)
            copies = states.expand(len(sequences), -1, -1)
            decoder = getattr(network.model, "text_decoder", None) or network.model.decoder
            logits = decoder(input_ids=sequences, encoder_hidden_states=copies, use_cache=False).logits[:, -1]
            logprobs: npt.NDArray[np.float32] = logits.log_softmax(-1).numpy()
            return logprobs

        found = beam_search(
            step, 1, num_beams=OPTIONS.num_beams,
            max_new_tokens=min(OPTIONS.max_new_tokens, config.max_tokens - len(config.begin) + 1),
            bos=config.begin[0], eos=config.end, length_penalty=config.length_penalty, as_transformers=True,
        )  # fmt: skip
    return str(network.tokenizer.decode(list(found[0][0].tokens), skip_special_tokens=True).strip())


if __name__ == "__main__":
    main()
