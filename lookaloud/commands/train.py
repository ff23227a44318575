"""`lookaloud train`: teaches a captioner of the built-in kind with your own pictures and captions."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from captioner.training.data import Example
    from captioner.training.self_critical import Reward

_EPILOG = """Each DATA is a folder or file with pictures and captions, in any layout that 'lookaloud eval captions'
reads: Flickr8k as published, Karpathy's or COCO's JSON, CSV, or JSONL with one {"image": …, "captions": […], "split":
…} a line. You can stop at any moment: the same command continues where it stopped.

--from continues with an existing captioner: it learns from your pictures and keeps what it knew. Without it, training
starts from the pretrained image encoder alone.

\b
Examples:
  lookaloud train --from compact my-pictures.jsonl --out runs/mine --export my-captioner
  lookaloud train flickr8k/dataset_flickr8k.json coco/captions.jsonl --texts texts.jsonl --out runs/compact
"""


@click.command(epilog=_EPILOG)
@click.argument("data", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="DATA...")
@click.option("--from", "start", metavar="NAME", help="Captioner to go on from: compact, or a folder.")
@click.option("--out", "-o", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder of the run.")
@click.option("--images", type=click.Path(file_okay=False, path_type=Path), help="Folder of the pictures of DATA.")
@click.option(
    "--texts", type=click.Path(path_type=Path), help="JSONL file of captions without pictures, learned first."
)
@click.option("--epochs", type=click.IntRange(1), help="Passes over the pictures. By default the built-in recipe's.")
@click.option(
    "--reward-epochs",
    type=click.IntRange(0),
    help="Passes after them that raise the CIDEr-D of the captions that it writes itself.",
)
@click.option("--views", type=click.IntRange(1), help="Augmented views kept of each picture; 1 is no augmentation.")
@click.option("--batch-size", type=click.IntRange(1), help="Pictures a step.")
@click.option("--learning-rate", type=click.FloatRange(0.0, min_open=True), help="Peak learning rate.")
@click.option("--l2-sp", type=click.FloatRange(0.0), help="How strongly pretrained weights are drawn back.")
@click.option("--seed", type=int, help="Seed of everything that is random.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or mps.")
@click.option("--export", type=click.Path(file_okay=False, path_type=Path), help="Folder to write the captioner to.")
@click.option("--progress/--no-progress", default=None, help="Progress bars; by default only on a terminal.")
def train(
    *,
    data: tuple[Path, ...],
    start: str | None,
    out: Path,
    images: Path | None,
    texts: Path | None,
    epochs: int | None,
    reward_epochs: int | None,
    views: int | None,
    batch_size: int | None,
    learning_rate: float | None,
    l2_sp: float | None,
    seed: int | None,
    device: str,
    export: Path | None,
    progress: bool | None,
) -> None:
    """Train a captioner of the built-in kind, and write it as files that run without torch."""
    from captioner.training import require_extra

    require_extra()
    from captioner.training.config import FINE_TUNING, TrainConfig
    from captioner.training.data import read_dataset
    from captioner.training.export import export_model
    from captioner.training.neighbours import add_neighbours
    from captioner.training.start import load_start, neighbours_of_captioner
    from captioner.training.texts import read_texts
    from captioner.training.train import load_run
    from captioner.training.train import train as run_training

    chosen = {
        "epochs": epochs,
        "reward_epochs": reward_epochs,
        "n_views": views,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "l2_sp": l2_sp,
        "seed": seed,
    }
    recipe = TrainConfig() if start is None else FINE_TUNING
    config = replace(recipe, **{name: value for name, value in chosen.items() if value is not None})  # type: ignore[arg-type]
    examples = [example for source in data for example in read_dataset(source, images=images)]
    learn = [example for example in examples if example.split == "train"]
    check = [example for example in examples if example.split == "val"]
    click.echo(f"{len(learn)} pictures to learn from, {len(check)} to check with.")
    progress = sys.stderr.isatty() if progress is None else progress
    result = run_training(
        learn,
        check,
        out,
        config=config,
        texts=() if texts is None else read_texts(texts),
        start=None if start is None else load_start(start),
        reward=_cider_reward(learn) if config.reward_epochs and learn else None,
        device=device,
        progress=progress,
    )
    checked = "" if result.val_loss is None else f", {result.val_loss:.3f} on the pictures to check with"
    click.echo(f"Trained {result.steps} steps. Loss {result.train_loss:.3f} a token{checked}. The run is in {out}.")
    if export is not None:
        model, tokenizer, _ = load_run(out)
        export_model(model, tokenizer, export, name=export.name)
        base = None if start is None else neighbours_of_captioner(start)
        add_neighbours(export, learn, base=base, progress=progress)
        click.echo(f"The captioner is in {export}. Use it: lookaloud describe PICTURE --captioner {export}")


def _cider_reward(examples: Sequence[Example]) -> Reward:
    from eval.captions.cider import CiderD
    from eval.tokens import lower_nopunct

    def tokens(caption: str) -> list[str]:
        # The end is a word too: without it, captions that break off after "in a" are worth as much as whole ones.
        return [*lower_nopunct(caption), "</s>"]

    scorer = CiderD({str(i): [tokens(text) for text in example.captions] for i, example in enumerate(examples)})
    return lambda i, caption: scorer.score_one(str(i), tokens(caption))
