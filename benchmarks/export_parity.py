"""Compares the shipped files of a captioner with the torch model of the run that they were exported from.

    python benchmarks/export_parity.py runs/flickr8k flickr8k/dataset_flickr8k.json --images flickr8k/images

Prints on how many pictures both give the same caption (beam search, same settings), for the weights exported in half
precision and for those that are shipped, and what the shipped ones cost in CIDEr-D.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from environment import describe_machine
from PIL import Image
from tokenizers import Tokenizer
from tqdm import tqdm

from captioner import Captioner, CaptionOptions, open_image
from captioner.backends.compact import WEIGHTS, CompactBackend, square_pixels
from captioner.beam import beam_search
from captioner.captioner import as_sentence
from captioner.training.export import export_model
from captioner.training.model import CompactModel
from captioner.training.train import load_run
from captioner.training.vocabulary import BOS, EOS
from eval.captions import score_captions
from eval.data import load_karpathy

# Captions as they are written: without the gate and without "Possibly".
OPTIONS = CaptionOptions(num_alternatives=0, low_confidence=0.0, only_photos=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("run", type=Path, help="folder of `lookaloud train`")
    parser.add_argument("data", type=Path, help="Karpathy JSON")
    parser.add_argument("--images", type=Path, required=True, help="folder of the pictures")
    parser.add_argument("--split", default="val")
    parser.add_argument("--pictures", type=int, default=100, help="how many the torch model captions")
    args = parser.parse_args()

    items = load_karpathy(args.data, split=args.split, images_dir=args.images)
    images = [open_image(item.image) for item in items]
    model, tokenizer, _ = load_run(args.run)
    reference = [torch_caption(model, tokenizer, image) for image in tqdm(images[: args.pictures], disable=None)]
    references = {item.id: item.references for item in items}
    values = {}
    with tempfile.TemporaryDirectory() as name:
        half = Path(name)
        export_model(model, tokenizer, half, name="half", quantise=False)
        for label, folder in (("half precision", half), ("shipped", WEIGHTS)):
            backend = CompactBackend(folder)
            backend.neighbours = None  # The network alone: the torch model has none.
            captioner = Captioner(backend)
            captions = [caption.text for caption in captioner.caption_batch(images, OPTIONS)]
            same = sum(a == b for a, b in zip(reference, captions, strict=False))
            values[label] = cider(dict(zip(references, captions, strict=True)), references)
            print(f"{label}: {same} of {len(reference)} captions as torch's; CIDEr-D {values[label]:.2f}")
    print(f"Quantisation costs {100 * (1 - values['shipped'] / values['half precision']):.2f} % of CIDEr-D.")
    print(describe_machine(("lookaloud", "torch", "onnxruntime", "numpy")))


def cider(captions: Mapping[str, str], references: Mapping[str, Sequence[str]]) -> float:
    return next(score.value for score in score_captions(captions, references) if score.name == "cider_d")


@torch.inference_mode()
def torch_caption(model: CompactModel, tokenizer: Tokenizer, image: Image.Image) -> str:
    """The torch model's caption, in float32 and without a cache: every word computed from the whole text again."""
    size = model.config.image_size
    picture, _ = model.encoder(torch.from_numpy(square_pixels(image, size).copy())[None])
    memory = model.encode(picture)
    sequences = torch.empty(OPTIONS.num_beams, 0, dtype=torch.int64)

    def step(tokens: npt.NDArray[np.int64], parents: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        nonlocal sequences
        sequences = torch.cat((sequences[torch.from_numpy(parents)], torch.from_numpy(tokens)[:, None]), dim=1)
        logprobs: npt.NDArray[np.float32] = model(memory, sequences[None])[0, :, -1].log_softmax(-1).numpy()
        return logprobs

    found = beam_search(step, 1, num_beams=OPTIONS.num_beams, max_new_tokens=model.config.max_tokens, bos=BOS, eos=EOS)
    return as_sentence(tokenizer.decode(list(found[0][0].tokens)))


if __name__ == "__main__":
    main()
