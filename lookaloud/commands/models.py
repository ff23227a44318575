"""`lookaloud models`: the files of captioners and voices."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lookaloud.commands.click_options import json_option, local_only_option

if TYPE_CHECKING:
    from lookaloud.models import Model

_EPILOG = """NAME is a captioner or a voice that 'lookaloud models list' names, or a captioner of the Hugging Face hub
as owner/name or owner/name@revision.

\b
Examples:
  lookaloud models pull blip-base
  lookaloud models export blip-base --precision int8 --out blip-int8
"""


@click.group(epilog=_EPILOG)
def models() -> None:
    """Download, check, remove and export the models of captioners and voices."""


@models.command(name="list")
@json_option
def list_all(*, as_json: bool) -> None:
    """List the models: size, licence, and whether each is on this computer."""
    from lookaloud.models import cache_folders, list_models

    for model in list_models():
        click.echo(
            json.dumps(_row(model)) if as_json else f"{model.name}, {model.kind}: {model.facts}. {_state(model)}"
        )
    if not as_json:
        captioners, voices = cache_folders()
        click.echo(f"Downloaded captioners are kept in {captioners}")
        click.echo(f"Downloaded voices are kept in {voices}")


@models.command()
@click.argument("name")
@json_option
def info(*, name: str, as_json: bool) -> None:
    """Say all that is known of one model."""
    from lookaloud.models import find_model

    model = find_model(name)
    if as_json:
        click.echo(json.dumps(_row(model)))
        return
    click.echo(f"{model.name}, {model.kind}: {model.description}")
    click.echo(f"Source: {model.source}")
    if model.revision:
        click.echo(f"Revision: {model.revision}")
    click.echo(f"Licence: {model.licence}")
    if model.size_mb is not None:
        click.echo(f"Size of the download: {model.size_mb:g} MB")
    if model.n_parameters is not None:
        click.echo(f"Parameters: {model.n_parameters / 1e6:.0f} million")
    if model.extra:
        click.echo(f'Needs: pip install "lookaloud[{model.extra}]"')
    click.echo(f"Place: {model.store.place}")
    click.echo(_state(model))


@models.command()
@click.argument("name")
@click.option("--progress/--no-progress", default=None, help="A progress bar; by default only on a terminal.")
def pull(*, name: str, progress: bool | None) -> None:
    """Download a model, so that it works without a network from then on.

    What an earlier, broken-off download brought is kept.
    """
    from lookaloud.models import find_model, hub_facts

    model = find_model(name)
    if model.store.is_package:
        click.echo(f"{model.name} {_comes_with(model)}{'; there is nothing to download.' if model.downloaded else ''}")
        return
    click.echo(f"{model.name}: {hub_facts(model)}, from {model.source}")
    with _bars(sys.stderr.isatty() if progress is None else progress):
        model.store.pull()
    click.echo(f"{model.name} is in {model.store.place}, {_megabytes(model.store.size())}.")


@models.command()
@click.argument("name", required=False)
@click.pass_context
def verify(ctx: click.Context, *, name: str | None) -> None:
    """Compare a model's files with their checksums; without NAME, those of every downloaded model."""
    from lookaloud.models import find_model, list_models

    if name is not None:
        chosen = [find_model(name)]
    else:
        chosen = [model for model in list_models() if model.downloaded and not model.store.is_package]
        if not chosen:
            click.echo("No model has been downloaded.")
    whole = [_verify(model) for model in chosen]
    if not all(whole):
        ctx.exit(1)


@models.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
def remove(*, name: str, yes: bool) -> None:
    """Delete the downloaded files of a model; it can be downloaded again."""
    from lookaloud.models import find_model

    model = find_model(name)
    if not model.downloaded:
        click.echo(f"{model.name} is not on this computer; there is nothing to remove.")
        return
    if not model.store.is_package and not yes:
        click.confirm(f"Delete {model.name}, {_megabytes(model.store.size())} in {model.store.place}?", abort=True)
    freed = model.store.remove()
    click.echo(f"{model.name} is removed; {_megabytes(freed)} are free again.")


@models.command()
@click.argument("name")
@click.option(
    "--out", "-o", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder to write to."
)
@click.option(
    "--precision",
    type=click.Choice(["fp32", "int8"]),
    default="fp32",
    show_default=True,
    help="int8 is a quarter of the size and faster; fp32 says what the original says.",
)
@local_only_option
def export(*, name: str, out: Path, precision: str, local_only: bool) -> None:
    """Turn ViT-GPT2 or BLIP into files that run without torch.

    NAME can also be a folder with such a model. Where the files are to be used, 'pip install lookaloud' is enough.
    """
    from captioner.registry import require_models_extra

    require_models_extra(name)
    _check_out(out)
    from captioner.export.export import export_captioner

    config = export_captioner(name, out, precision=precision, local_only=local_only)
    size = sum(path.stat().st_size for path in out.iterdir())
    click.echo(f"{config.name} is in {out}, {_megabytes(size)}, licence {config.licence}.")
    shown = out if out.is_absolute() else Path(".") / out
    click.echo(f"Use it: lookaloud describe PICTURE --captioner {shown}")


def _check_out(out: Path) -> None:
    """Return where a captioner can be written into a folder: a new or empty one, or over an exported captioner."""
    from lookaloud.errors import OutputError

    if out.is_dir() and any(out.iterdir()) and not (out / "encoder.onnx").is_file():
        raise OutputError(f"{out} has other files in it; choose a new or empty folder with --out.")


def _verify(model: Model) -> bool:
    """Say what is wrong with a model's files; whether nothing is."""
    if model.store.is_package:
        click.echo(f"{model.name} {_comes_with(model)}{'; there is nothing to check.' if model.downloaded else ''}")
        return True
    if not model.downloaded:
        click.echo(f"{model.name} is not on this computer; download it with: lookaloud models pull {model.name}")
        return True
    found = model.store.check()
    for damage in found.damages:
        click.echo(
            f"{model.name} is damaged: {damage.file}: {damage.found}. Remove it with 'lookaloud models remove "
            f"{model.name}' and download it again with 'lookaloud models pull {model.name}'."
        )
    if not found.damages:
        unknown = f"; {found.unknown} were copied by hand and have no checksum" if found.unknown else ""
        click.echo(f"{model.name} is whole: {found.files} files have the right checksum{unknown}.")
    return not found.damages


@contextmanager
def _bars(wanted: bool) -> Iterator[None]:
    from huggingface_hub.utils.tqdm import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

    before = are_progress_bars_disabled()
    if not wanted:
        disable_progress_bars()
    try:
        yield
    finally:
        if not before:
            enable_progress_bars()


def _row(model: Model) -> dict[str, object]:
    return {
        "name": model.name,
        "kind": model.kind,
        "description": model.description,
        "source": model.source,
        "revision": model.revision,
        "licence": model.licence,
        "size_mb": model.size_mb,
        "n_parameters": model.n_parameters,
        "extra": model.extra,
        "place": model.store.place,
        "built_in": model.store.is_package,
        "downloaded": model.downloaded,
        "bytes_on_disk": model.store.size(),
    }


def _state(model: Model) -> str:
    if model.store.is_package:
        sentence = _comes_with(model)
        return f"{sentence[0].upper()}{sentence[1:]}{'.' if model.downloaded else ''}"
    size = model.store.size()
    return f"On this computer, {_megabytes(size)}." if size else "Not downloaded."


def _comes_with(model: Model) -> str:
    if model.downloaded:
        return f"comes with {model.store.place}"
    return f'comes with {model.store.place}, which is missing: pip install "lookaloud[{model.extra}]"'


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
