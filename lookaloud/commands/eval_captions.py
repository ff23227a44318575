"""`lookaloud eval captions`: captions against captions by people."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from lookaloud.commands.click_options import local_only_option
from lookaloud.commands.eval_output import add_data_options, check_format, deliver, no_progress_option, result_options

_EPILOG = """CANDIDATES is a file with one caption for each picture: JSON Lines with "id" and "caption", or what
'lookaloud describe --json' prints, COCO's result format, a JSON object, or CSV. Captions of pictures that are not
scored are left out, with a note.

\b
Examples:
  lookaloud eval captions said.jsonl dataset_flickr8k.json --split test
  lookaloud eval captions said.jsonl dataset_coco.json --split test --id-field cocoid --metrics bleu4,cider
  lookaloud eval captions said.jsonl dataset_coco.json --metrics chair_i,chair_s --objects instances_val2014.json
  lookaloud eval captions --list-metrics
"""


def _list_metrics(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if not value or ctx.resilient_parsing:
        return
    from eval.captions import DEFAULT_METRICS, list_metrics

    for one in list_metrics():
        better = "describes only" if one.direction == "neither" else f"{one.direction} is better"
        needs = f"Needs {' and '.join(one.needs)}." if one.needs else "Needs the captions only."
        default = " Computed unasked." if one.name in DEFAULT_METRICS else ""
        extra = f' Install: pip install "lookaloud[{one.extra}]".' if one.extra else ""
        click.echo(f"{one.name}: {one.title}: {one.about}. {one.unit}, {better}. {needs}{extra}{default}")
    ctx.exit()


@click.command(epilog=_EPILOG, short_help="Score captions against captions by people.")
@click.argument("candidates", type=click.Path(path_type=Path), metavar="CANDIDATES")
@click.argument("data", type=click.Path(path_type=Path), metavar="DATA")
@add_data_options
@click.option("--system", metavar="NAME", help="Name of what made the captions, for signatures and reports.")
@click.option("--tokenizer", metavar="NAME", help="What cuts captions into words.")
@click.option(
    "--df",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Document frequencies for CIDEr-D, of eval.captions.save_document_frequencies; else those of the references.",
)
@click.option(
    "--objects",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="JSON of the objects in the pictures, for chair_i and chair_s: COCO's instances, or our layout.",
)
@click.option("--clip", metavar="MODEL", help="CLIP for clipscore and refclipscore: a hub id or a folder.")
@local_only_option
@no_progress_option
@click.option(
    "--list-metrics",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_list_metrics,
    help="Print what metrics there are, and end.",
)
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
    df: Path | None,
    objects: Path | None,
    clip: str | None,
    local_only: bool,
    no_progress: bool,
    metrics: list[str] | None,
    resamples: int,
    seed: int,
    as_json: bool,
    as_csv: bool,
    out: Path | None,
) -> None:
    """Score captions: BLEU, ROUGE-L, CIDEr-D and others (--list-metrics), with 95 % intervals."""
    from eval.data import load_candidates, load_captioned, load_objects
    from eval.suite import evaluate_captions, matched_candidates

    check_format(as_json, as_csv)
    options: dict[str, Any] = {} if clip is None else {"clip": clip}
    if df is not None:
        options["df"] = df
    if objects is not None:
        marked = load_objects(objects)
        options |= {"objects": marked.objects, "synonyms": marked.synonyms}
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
        local_only=local_only,
        progress=not no_progress,
        **options,
    )
    left_out = len(said) - len(items)
    notes = (f"{left_out} captions of other pictures were left out.",) if left_out else ()
    settings = {"data": data.name, **({"split": split} if split else {}), **found.settings}
    found = replace(found, settings=settings, notes=(*found.notes, *notes))
    deliver(found, as_json=as_json, as_csv=as_csv, out=out)
