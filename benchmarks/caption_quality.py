"""Scores a captioner on a dataset's pictures: BLEU-1 to BLEU-4, ROUGE-L and CIDEr.

    python benchmarks/caption_quality.py flickr8k/dataset_flickr8k.json --images flickr8k/images --split val

Protocol: every picture of the split, one caption each by beam search, scored against all its human captions; text
lower-cased and stripped of punctuation (tokeniser `lower_nopunct` of `eval.tokens`); metrics as in the MS-COCO caption
evaluation, times 100. The captioner must not have learned from the split; the built-in one saw Flickr8k's train part.

Captions are taken as they are written: without the gate that refuses pictures and without "Possibly", unless --as-said.

It also counts inventions: captions that name a dog, a man or a woman where no human caption of the picture does,
whatever word it uses for them.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from environment import describe_machine
from tqdm import tqdm

from captioner import CaptionOptions, load_captioner, open_image
from eval.captions import score_captions
from eval.data import load_jsonl, load_karpathy
from eval.tokens import lower_nopunct

_BEINGS = {
    "dog": {"dog", "dogs", "puppy", "puppies", "pup", "canine"},
    "man": {"man", "men", "guy", "guys", "gentleman", "gentlemen", "male", "males", "he", "his", "him"},
    "woman": {"woman", "women", "lady", "ladies", "female", "females", "she", "her", "hers"},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path, help="Karpathy JSON, or JSONL")
    parser.add_argument("--images", type=Path, required=True, help="folder of the pictures")
    parser.add_argument("--split", default="val")
    parser.add_argument("--captioner", default="compact", help="a name or a folder")
    parser.add_argument("--num-beams", type=int, default=CaptionOptions.num_beams)
    parser.add_argument(
        "--as-said", action="store_true", help="score what is said by default, gate and wording included"
    )
    parser.add_argument("--limit", type=int, help="score only the first pictures")
    parser.add_argument("--out", type=Path, help="write the figures and captions to this JSON file")
    args = parser.parse_args()

    load = load_jsonl if args.data.suffix == ".jsonl" else load_karpathy
    items = load(args.data, split=args.split, images_dir=args.images)[: args.limit]
    captioner = load_captioner(args.captioner)
    options = CaptionOptions(num_beams=args.num_beams)
    if not args.as_said:
        options = replace(options, num_alternatives=0, low_confidence=0.0, only_photos=False)
    captions: dict[str, str] = {}
    began = time.perf_counter()
    for start in tqdm(range(0, len(items), captioner.batch_size), unit="batch", disable=None):
        batch = items[start : start + captioner.batch_size]
        images = [open_image(item.image) for item in batch]
        for item, caption in zip(batch, captioner.caption_batch(images, options), strict=True):
            captions[item.id] = caption.text
    seconds = time.perf_counter() - began
    scores = score_captions(captions, {item.id: item.references for item in items}, tokenizer="lower_nopunct")

    print(f"{len(items)} pictures of {args.data.name}, split {args.split}; {captioner.name}, {args.num_beams} beams")
    for score in scores:
        print(f"{score.name}: {score.value:.2f}   ({score.signature})")
    invented = count_inventions(captions, {item.id: item.references for item in items})
    for name, count in invented.items():
        print(f"{name} invented: {count} of {len(items)} pictures, {100 * count / len(items):.1f} %")
    print(f"{len(items) / seconds:.1f} pictures a second. {describe_machine()}")
    if args.out:
        figures = {
            "dataset": args.data.name,
            "split": args.split,
            "pictures": len(items),
            "captioner": captioner.name,
            "num_beams": args.num_beams,
            "as_said": args.as_said,
            "machine": describe_machine(),
            "scores": {score.name: round(score.value, 3) for score in scores},
            "invented": invented,
            "signatures": {score.name: score.signature for score in scores},
            "captions": captions,
        }
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def count_inventions(captions: Mapping[str, str], references: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """For each being how many captions name it where no reference of the picture does."""
    counts = dict.fromkeys(_BEINGS, 0)
    for id, caption in captions.items():
        said = set(lower_nopunct(caption))
        seen = {word for text in references[id] for word in lower_nopunct(text)}
        for name, words in _BEINGS.items():
            counts[name] += bool(said & words) and not seen & words
    return counts


if __name__ == "__main__":
    main()
