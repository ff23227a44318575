"""`lookaloud eval loop`: pictures -> captions -> speech -> transcript."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from lookaloud.commands.click_options import local_only_option, rate_option, voice_option
from lookaloud.commands.eval_output import (
    add_data_options,
    check_format,
    deliver,
    no_progress_option,
    result_options,
)

_EPILOG = """Each picture is captioned, the caption spoken and the speech transcribed. The captions and the transcripts
are scored against the captions by people; what lies between is what the voice loses. With --out, a run that was stopped
goes on where it was.

The protocol im2sp is that of the paper Im2Sp: transcripts, by the COCO caption evaluation. Its recognizer is
wav2vec 2.0, for which give --asr ctc:FOLDER.

\b
Examples:
  lookaloud eval loop flickr8k --split val --limit 100 --out results
  lookaloud eval loop captions.csv --captioner blip-base --voice joe --speech-metrics wer,dnsmos_ovrl
"""


def _names(ctx: click.Context, param: click.Parameter, value: str | None) -> list[str] | None:
    return None if value is None else [name.strip() for name in value.split(",") if name.strip()]


@click.command(epilog=_EPILOG, short_help="Score what is heard of pictures in the end.")
@click.argument("data", type=click.Path(path_type=Path), metavar="DATA")
@add_data_options
@click.option("--limit", type=click.IntRange(1), metavar="N", help="The first N pictures only.")
@click.option("--captioner", default="compact", show_default=True, metavar="NAME", help="See 'lookaloud captioners'.")
@voice_option
@click.option("--language", metavar="TAG", help="Language to speak, such as en-US; for voices with several.")
@click.option("--speaker", metavar="NAME", help="Speaker of a voice with several.")
@rate_option
@click.option(
    "--as-said", is_flag=True, help="Captions as 'describe' says them: with 'Possibly', and non-photos refused."
)
@click.option(
    "--device", default="auto", show_default=True, metavar="NAME", help="Where the captioner runs: cpu, cuda."
)
@click.option("--asr", default="tiny", show_default=True, metavar="NAME", help="Who listens: a Whisper, or ctc:FOLDER.")
@click.option(
    "--protocol",
    type=click.Choice(["lookaloud", "im2sp"]),
    default="lookaloud",
    show_default=True,
    help="What to score.",
)
@click.option(
    "--speech-metrics", callback=_names, metavar="NAMES", help="Names of speech metrics, with commas; '' for none."
)
@local_only_option
@no_progress_option
@result_options
@click.pass_context
def loop(
    ctx: click.Context,
    *,
    data: Path,
    split: str | None,
    images: Path | None,
    id_field: str | None,
    limit: int | None,
    captioner: str,
    voice: str,
    language: str | None,
    speaker: str | None,
    rate: float,
    as_said: bool,
    device: str,
    asr: str,
    protocol: str,
    speech_metrics: list[str] | None,
    local_only: bool,
    no_progress: bool,
    metrics: list[str] | None,
    resamples: int,
    seed: int,
    as_json: bool,
    as_csv: bool,
    out: Path | None,
) -> None:
    """Score a captioner and a voice together, by what is heard in the end."""
    from eval.data import load_captioned
    from eval.loop import score_loop
    from lookaloud.evaluation import load_system
    from lookaloud.failures import Exit
    from speech.hearing import load_recognizer

    check_format(as_json, as_csv)
    items = load_captioned(data, split=split, images_dir=images, id_field=id_field)[:limit]
    system = load_system(
        captioner,
        voice,
        as_said=as_said,
        rate=rate,
        device=device,
        local_only=local_only,
        language=language,
        speaker=speaker,
    )
    found = score_loop(
        items,
        system,
        load_recognizer(asr),
        protocol=protocol,
        metrics=metrics,
        speech_metrics=speech_metrics,
        resamples=resamples,
        seed=seed,
        out_dir=out,
        progress=not no_progress,
    )
    settings = {"data": data.name, **({"split": split} if split else {}), **found.settings}
    deliver(replace(found, settings=settings), as_json=as_json, as_csv=as_csv, out=out)
    if found.failed:
        for item in found.failed:
            click.echo(f"Failed: {item.id}: {item.error}", err=True)
        ctx.exit(Exit.FAILED)
