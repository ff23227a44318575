"""`lookaloud eval`: how good captions and speech are. `eval.suite` and `eval.loop` have each as a function."""

from __future__ import annotations

import click

from lookaloud.commands.eval_captions import captions
from lookaloud.commands.eval_loop import loop
from lookaloud.commands.eval_mos import mos_test
from lookaloud.commands.eval_results import compare, report
from lookaloud.commands.eval_speech import speech

_EPILOG = """DATA is a file or folder of pictures with captions by people: Karpathy's JSON of Flickr8k, Flickr30k or
COCO, COCO's captions JSON, Flickr8k and Flickr30k as published, JSON Lines, CSV, or a folder with a text beside each
picture.

\b
Examples:
  lookaloud eval captions said.jsonl dataset_flickr8k.json --split test
  lookaloud eval loop flickr8k --split val --limit 100 --out results
  lookaloud eval compare results/compact results/blip
  lookaloud eval report results
"""


@click.group(epilog=_EPILOG)
def eval() -> None:  # the command's name; Python's builtin is not used in this file
    """Measure captions, speech, and how much of a caption survives being spoken."""


for _command in (captions, speech, loop, compare, report, mos_test):
    eval.add_command(_command)
