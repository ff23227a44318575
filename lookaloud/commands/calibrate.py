"""`lookaloud calibrate`: makes a captioner's confidence mean something, with pictures that people have described."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lookaloud.commands.click_options import local_only_option
from lookaloud.errors import LookaloudError

if TYPE_CHECKING:
    from PIL.Image import Image

    from captioner import Captioner
    from captioner.training.data import Example

# One caption says nothing about what else would be acceptable; of fewer pictures, nothing can be learned.
MIN_CAPTIONS = 4
MIN_PICTURES = 50
_LOWEST = -20.0
_BATCH = 8

_EPILOG = """DATA is a folder or file with pictures and at least four captions of each: Flickr8k as published, a JSON
file in Karpathy's layout, or JSONL with one {"image": …, "captions": […], "split": …} a line.

A caption is acceptable when its CIDEr-D against the captions by people is at least what three of four of their captions
reach against the others. What is learned from that is kept for the captioner: for a folder in its confidence.json, for
any other in your own data folder (~/.local/share/lookaloud/confidence on Linux), and used from then on.

\b
Examples:
  lookaloud calibrate flickr8k --captioner blip-base
  lookaloud calibrate my-pictures.jsonl --captioner ./my-blip --split test
"""


@click.command(epilog=_EPILOG)
@click.argument("data", type=click.Path(path_type=Path), metavar="DATA")
@click.option("--captioner", "name", metavar="NAME", required=True, help="See 'lookaloud captioners'; or a folder.")
@click.option("--images", type=click.Path(file_okay=False, path_type=Path), help="Folder of the pictures of DATA.")
@click.option("--split", default="val", show_default=True, help="Pictures of DATA to learn from.")
@click.option("--limit", type=click.IntRange(MIN_PICTURES), default=1000, show_default=True, help="Pictures at most.")
@click.option("--out", "-o", type=click.Path(dir_okay=False, path_type=Path), help="File to write to instead.")
@click.option("--progress/--no-progress", default=None, help="A progress bar; by default only on a terminal.")
@local_only_option
def calibrate(
    *,
    data: Path,
    name: str,
    images: Path | None,
    split: str,
    limit: int,
    out: Path | None,
    progress: bool | None,
    local_only: bool,
) -> None:
    """Fit a captioner's confidence to pictures that people have described."""
    import captioner
    from captioner.confidence import LogprobCalibration
    from captioner.registry import calibration_file
    from captioner.training.data import read_dataset

    examples = [e for e in read_dataset(data, split=split, images=images) if len(e.captions) >= MIN_CAPTIONS]
    if len(examples) < MIN_PICTURES:
        raise LookaloudError(
            f"{data} has {len(examples)} pictures with {MIN_CAPTIONS} or more captions in its split {split!r}, and at "
            f"least {MIN_PICTURES} are needed; give more pictures, or another --split."
        )
    chosen = examples[:: math.ceil(len(examples) / limit)]  # Spread over all, whatever order they are in.
    loaded = captioner.load_captioner(name, local_only=local_only)
    said = _describe(loaded, chosen, show_progress=sys.stderr.isatty() if progress is None else progress)
    acceptable = _acceptable(said, chosen)
    try:
        calibration = LogprobCalibration.fit([logprob for _, logprob in said.values()], acceptable)
    except ValueError as error:
        raise LookaloudError(
            f"The confidence of {name} cannot be fitted: {error}; give other pictures, or more of them."
        ) from error
    path = out or calibration_file(name)
    calibration.save(path)
    share = sum(acceptable) / len(acceptable)
    before = _brier([math.exp(logprob) for _, logprob in said.values()], acceptable)
    after = _brier([calibration.probability(logprob) for _, logprob in said.values()], acceptable)
    click.echo(f"{name} described {len(said)} pictures; {share:.0%} of its captions are acceptable.")
    click.echo(f"Mean squared error of its confidence: {after:.3f}, before {before:.3f}. Written to {path}.")


def _describe(loaded: Captioner, examples: Sequence[Example], *, show_progress: bool) -> dict[int, tuple[str, float]]:
    """Position of an example -> its caption and the mean log-probability of its tokens, nats.

    A picture that cannot be opened is named on standard error and left out.
    """
    from tqdm import tqdm

    from captioner.findings.caption import CaptionOptions

    # Every picture counts here, and a caption's alternatives say nothing about it.
    options = CaptionOptions(only_photos=False, num_alternatives=0)
    said: dict[int, tuple[str, float]] = {}
    with tqdm(total=len(examples), disable=not show_progress, ascii=True, unit="picture", file=sys.stderr) as bar:
        for start in range(0, len(examples), _BATCH):
            pictures = _opened(loaded, examples, range(start, min(start + _BATCH, len(examples))))
            drafts = loaded.backend.draft(list(pictures.values()), options)
            for i, draft in zip(pictures, drafts, strict=True):
                if draft.mean_logprob is None:
                    raise LookaloudError(
                        f"The captioner {loaded.name} brings its own calibration; choose one of the extra 'models'."
                    )
                # A caption without a word has none; it is worth as little as the unlikeliest.
                said[i] = draft.texts[0], max(draft.mean_logprob, _LOWEST)
            bar.update(_BATCH)
    return said


def _opened(loaded: Captioner, examples: Sequence[Example], positions: range) -> dict[int, Image]:
    from captioner.errors import ImageError
    from captioner.picture import open_image
    from lookaloud.failures import explain

    pictures = {}
    for i in positions:
        try:
            pictures[i] = open_image(examples[i].image, min_side=loaded.input_size)
        except ImageError as error:
            click.echo(f"Left out: {explain(error).sentence}", err=True)
    return pictures


def _acceptable(said: Mapping[int, tuple[str, float]], examples: Sequence[Example]) -> list[bool]:
    """Return whether each caption is as near to those by people as three of four of theirs are to each other."""
    from eval.captions.cider import CiderD, human_level
    from eval.tokens import lower_nopunct

    people = {str(i): [lower_nopunct(text) for text in example.captions] for i, example in enumerate(examples)}
    threshold = human_level(people)
    scorer = CiderD(people)
    return [scorer.score_one(str(i), lower_nopunct(text)) >= threshold for i, (text, _) in said.items()]


def _brier(probabilities: Sequence[float], acceptable: Sequence[bool]) -> float:
    return sum((p - y) ** 2 for p, y in zip(probabilities, acceptable, strict=True)) / len(acceptable)
