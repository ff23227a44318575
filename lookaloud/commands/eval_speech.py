"""`lookaloud eval speech`: sound files, with or without their texts and recordings to compare with."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import click

from lookaloud.commands.eval_output import check_format, deliver, no_progress_option, result_options

_EPILOG = """SOUNDS is a folder of sound files. TEXTS has the text of each, in any layout that 'lookaloud eval captions'
takes for captions; its ids are the names of the files without their endings.

\b
Examples:
  lookaloud eval speech sounds --texts texts.jsonl
  lookaloud eval speech sounds --texts texts.csv --metrics wer,dnsmos_ovrl --out results
"""


@click.command(epilog=_EPILOG, short_help="Score speech in sound files.")
@click.argument("sounds", type=click.Path(path_type=Path), metavar="SOUNDS")
@click.option("--texts", type=click.Path(path_type=Path), help="File with what should be said in each sound.")
@click.option("--references", type=click.Path(path_type=Path), help="Folder of recordings of the same words.")
@click.option("--asr", default="tiny", show_default=True, metavar="NAME", help="The Whisper that listens.")
@click.option("--system", metavar="NAME", help="Name of the voice, for signatures and reports.")
@no_progress_option
@result_options
def speech(
    *,
    sounds: Path,
    texts: Path | None,
    references: Path | None,
    asr: str,
    system: str | None,
    no_progress: bool,
    metrics: list[str] | None,
    resamples: int,
    seed: int,
    as_json: bool,
    as_csv: bool,
    out: Path | None,
) -> None:
    """Score speech: intelligibility, MOS proxies, signal and, with recordings, likeness."""
    from eval.data import load_candidates
    from eval.suite import evaluate_speech, find_sounds

    check_format(as_json, as_csv)
    files = find_sounds(sounds)
    said = None if texts is None else by_sound(load_candidates(texts), files)
    found = evaluate_speech(
        files,
        said,
        metrics=metrics,
        references=references,
        model=asr,
        system=system,
        resamples=resamples,
        seed=seed,
        progress=not no_progress,
    )
    deliver(found, as_json=as_json, as_csv=as_csv, out=out)


def by_sound(texts: Mapping[str, str], sounds: Collection[str]) -> Mapping[str, str]:
    """Return the texts under the sounds' ids: "dog.jpg", as 'describe --json' calls it, is the text of dog.wav."""
    from eval.ids import renamed

    return renamed(texts, dict.fromkeys(sounds, ""))
