"""`lookaloud eval mos-test`: a listening test, made and analysed."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import click

from lookaloud.commands.click_options import json_option

_EPILOG = """MOS proxies are not listeners. This makes what listeners need, and reckons with what they said.

\b
Examples:
  lookaloud eval mos-test make test --system heart=sounds/heart --system joe=sounds/joe --texts texts.jsonl
  lookaloud eval mos-test analyse test ratings-*.json
"""


@click.group(name="mos-test", epilog=_EPILOG)
def mos_test() -> None:
    """Make a listening test, and analyse the ratings."""


def _folders(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> dict[str, Path]:
    named = {}
    for value in values:
        name, sign, folder = value.partition("=")
        if not (name and sign and folder):
            raise click.BadParameter(f"{value!r} is not NAME=FOLDER.", ctx, param)
        if name in named:
            raise click.BadParameter(f"{name!r} is named twice; give each a name of its own.", ctx, param)
        named[name] = Path(folder)
    return named


@mos_test.command()
@click.argument("out", type=click.Path(path_type=Path), metavar="FOLDER")
@click.option(
    "--system",
    "systems",
    multiple=True,
    required=True,
    callback=_folders,
    metavar="NAME=FOLDER",
    help="A system and the folder of its sounds; give it once for each system. All have the same names of files.",
)
@click.option(
    "--anchor",
    "anchors",
    multiple=True,
    callback=_folders,
    metavar="NAME=FOLDER",
    help="Sounds of known quality, such as recordings of people, to hold the scale.",
)
@click.option("--texts", type=click.Path(path_type=Path), help="File with the text of each sound, shown to listeners.")
@click.option("--items", "n_items", type=click.IntRange(1), metavar="N", help="Use N of the sounds, chosen at random.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of choice and order.")
@click.option("--title", default="Listening test", show_default=True, metavar="TEXT", help="Title of the page.")
def make(
    *,
    out: Path,
    systems: dict[str, Path],
    anchors: dict[str, Path],
    texts: Path | None,
    n_items: int | None,
    seed: int,
    title: str,
) -> None:
    """Write a page to rate on, with shuffled sounds under names that tell nothing."""
    from eval.data import load_candidates
    from eval.loop_scores import AudioFiles
    from eval.speech import make_listening_test
    from eval.suite import find_sounds
    from lookaloud.commands.eval_speech import by_sound

    clips = {name: AudioFiles(find_sounds(folder)) for name, folder in systems.items()}
    some = next(iter(clips.values()))
    made = make_listening_test(
        clips,
        None if texts is None else by_sound(load_candidates(texts), list(some)),
        out,
        seed=seed,
        n_items=n_items,
        anchors={name: AudioFiles(find_sounds(folder)) for name, folder in anchors.items()},
        title=title,
    )
    click.echo(
        f"The test has {made.n_clips} sounds. Give listeners the folder {made.page.parent}; they open {made.page.name}."
    )
    click.echo(f"Keep {made.key} from them: it says which sound is whose.")


@mos_test.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("ratings", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--exclude", multiple=True, metavar="NAME", help="A listener to leave out; may be given several times.")
@json_option
def analyse(*, folder: Path, ratings: tuple[Path, ...], exclude: tuple[str, ...], as_json: bool) -> None:
    """Say each system's mean opinion score, with its 95 % interval."""
    from eval.results import score_to_json
    from eval.speech import analyse_listening_test
    from eval.tables import plain_number

    found = analyse_listening_test(folder, ratings, exclude=exclude)
    if as_json:
        systems = [
            {**dataclasses.asdict(one), "score": score_to_json(one.score, with_stats=False)} for one in found.systems
        ]
        click.echo(json.dumps({"n_listeners": found.n_listeners, "systems": systems, "notes": list(found.notes)}))
        return
    click.echo(
        f"{found.n_listeners} {'listener' if found.n_listeners == 1 else 'listeners'}. 1 is bad, 5 is excellent."
    )
    for one in found.systems:
        score = one.score
        interval = "" if score.ci95 is None else f" ({plain_number(score.ci95[0])} to {plain_number(score.ci95[1])})"
        anchor = ", an anchor" if one.is_anchor else ""
        click.echo(f"{one.name}{anchor}: {plain_number(score.value)}{interval}, {one.n_ratings} ratings")
    for note in found.notes:
        click.echo(f"Note: {note}")
