"""`lookaloud eval captions`: captions against captions by people."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from lookaloud.commands.eval_output import add_data_options, check_format, deliver, result_options

_EPILOG = """CANDIDATES is a file with one caption for each picture: JSON Lines with "id" and "caption", or what
'lookaloud describe --json' prints, COCO's result format, a JSON object, or CSV. Captions of pictures that are not
scored are left out, with a note.

\b
Examples:
  lookaloud eval captions said.jsonl dataset_flickr8k.json --split test
  lookaloud eval captions said.jsonl dataset_coco.json --split test --id-field cocoid --metrics bleu4,cider
"""


@click.command(epilog=_EPILOG, short_help="Score captions against captions by people.")
@click.argument("candidates", type=click.Path(path_type=Path), metavar="CANDIDATES")
@click.argument("data", type=click.Path(path_type=Path), metavar="DATA")
@add_data_options
@click.option("--system", metavar="NAME", help="Name of what made the captions, for signatures and reports.")
@click.option("--tokenizer", metavar="NAME", help="What cuts captions into words.")
@result_options
def captions(
    *,
    candidates: Path,
    data: Path,
    split: str | None,
    images: Path | None,
    id_field: str | None,
    system: str | None,
    tokenizer: str | None,
    metrics: list[str] | None,
    resamples: int,
    seed: int,
    as_json: bool,
    as_csv: bool,
    out: Path | None,
) -> None:
    """Score captions: BLEU, ROUGE-L, CIDEr-D and others, with 95 % intervals."""
    from eval.data import load_candidates, load_captioned
    from eval.suite import evaluate_captions, matched_candidates

    check_format(as_json, as_csv)
    items = load_captioned(data, split=split, images_dir=images, id_field=id_field)
    said = load_candidates(candidates)
    found = evaluate_captions(
        matched_candidates(said, items),
        items,
        metrics=metrics,
        tokenizer=tokenizer,
        system=system,
        resamples=resamples,
        seed=seed,
    )
    left_out = len(said) - len(items)
    notes = (f"{left_out} captions of other pictures were left out.",) if left_out else ()
    settings = {"data": data.name, **({"split": split} if split else {}), **found.settings}
    found = replace(found, settings=settings, notes=(*found.notes, *notes))
    deliver(found, as_json=as_json, as_csv=as_csv, out=out)
