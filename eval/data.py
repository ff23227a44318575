"""Captions by people (see `lookaloud.ground.datasets` for the layouts), and captions to be scored, read from files.

The loaders are those of `lookaloud.ground.datasets`, with `eval`'s errors. `load_candidates` reads what a captioner
said, `load_objects` the objects in the pictures.
"""

from __future__ import annotations

from eval.loaders.candidates import load_candidates
from eval.loaders.errors import as_eval_errors
from eval.loaders.objects import load_objects
from lookaloud.ground import datasets
from lookaloud.ground.datasets import CaptionedImage

__all__ = [
    "CaptionedImage",
    "load_candidates",
    "load_captioned",
    "load_coco",
    "load_csv",
    "load_flickr8k",
    "load_flickr30k",
    "load_folder",
    "load_jsonl",
    "load_karpathy",
    "load_objects",
]

load_captioned = as_eval_errors(datasets.load_captioned)
load_coco = as_eval_errors(datasets.load_coco)
load_csv = as_eval_errors(datasets.load_csv)
load_flickr8k = as_eval_errors(datasets.load_flickr8k)
load_flickr30k = as_eval_errors(datasets.load_flickr30k)
load_folder = as_eval_errors(datasets.load_folder)
load_jsonl = as_eval_errors(datasets.load_jsonl)
load_karpathy = as_eval_errors(datasets.load_karpathy)
