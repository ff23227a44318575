"""Results: what an evaluation found, kept in a folder from which it can be read, compared and shown again.

    evaluation.json   all of it but the items: settings, notes, scores with their statistics, losses
    scores.csv        a line a figure
    items.csv         a line an item: its own figure under each metric
    items.jsonl       a line an item: caption, references, transcript, files, times

Numbers are written with a point whatever the locale, text in UTF-8; what is not a number is null, or an empty cell.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from eval.aggregates import get_aggregate, item_figures
from eval.errors import ResultsError, UnknownNameError
from eval.files import make_folder, read_json, write_whole
from eval.metrics import metric_of
from eval.score import Direction, Score
from eval.stats import Comparison
from lookaloud.ground.typed import json_value, typed

FORMAT = "lookaloud evaluation 1"
EVALUATION_FILE, ITEMS_FILE = "evaluation.json", "items.jsonl"


@dataclass(frozen=True)
class ResultItem:
    """One item of an evaluation, with what was said of it.

    Attributes:
        id: unique in the evaluation.
        caption: what the captioner said; "" if it failed.
        references: captions by people; () if there are none.
        image: path of the picture; None if it is not known.
        confidence: how sure the captioner was, in [0, 1]; None if it did not say.
        transcript: what the recognizer heard; None if nothing was to be heard.
        audio: path of the sound, from the folder of results if it lies there; None without one.
        seconds: times by name: "caption", "speech", "first_audio", "audio" (the sound's length), "listen".
        error: why something of it failed, as a sentence; None if nothing did.
    """

    id: str
    caption: str = ""
    references: tuple[str, ...] = ()
    image: str | None = None
    confidence: float | None = None
    transcript: str | None = None
    audio: str | None = None
    seconds: Mapping[str, float] = field(default_factory=dict)
    error: str | None = None


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What an evaluation found.

    Attributes:
        kind: "captions", "speech" or "loop".
        settings: what was measured and how, by name, for people: data, split, captioner, voice, seed...
        scores: one a figure; names are unique. In a loop, "transcript_..." are those of what was heard.
        items: one an item, in the data's order.
        losses: what the voice loses, a metric each: transcript minus text.
        notes: sentences that a reader of the figures must know.
    """

    kind: str
    settings: Mapping[str, str]
    scores: tuple[Score, ...]
    items: tuple[ResultItem, ...]
    losses: tuple[Comparison, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def failed(self) -> tuple[ResultItem, ...]:
        """The items of which something failed."""
        return tuple(item for item in self.items if item.error is not None)


def save_evaluation(evaluation: Evaluation, folder: str | os.PathLike[str]) -> Path:
    """Return the folder, made where needed, with the evaluation's four files in it. Files of those names are replaced.

    Raises:
        ResultsError: a file cannot be written.
    """
    place = make_folder(folder)
    write_whole(place / ITEMS_FILE, "".join(item_line(item) for item in evaluation.items))
    write_whole(place / "items.csv", items_csv(evaluation.scores))
    write_whole(place / "scores.csv", scores_csv(evaluation.scores))
    document = {
        "format": FORMAT,
        "kind": evaluation.kind,
        "settings": dict(evaluation.settings),
        "notes": list(evaluation.notes),
        "losses": [dataclasses.asdict(loss) for loss in evaluation.losses],
        "scores": [score_to_json(score) for score in evaluation.scores],
    }
    write_whole(place / EVALUATION_FILE, json.dumps(document, ensure_ascii=False, allow_nan=False) + "\n")
    return place


def load_evaluation(path: str | os.PathLike[str]) -> Evaluation:
    """Return the evaluation saved in a folder. Paths of sounds and pictures are as `ResultItem` says.

    Raises:
        ResultsError: a file is missing or is not what it should be.
    """
    folder = Path(path)
    saved, scores = _read(folder / EVALUATION_FILE)
    return Evaluation(
        kind=saved.kind,
        settings=saved.settings,
        scores=scores,
        items=tuple(read_items(folder / ITEMS_FILE)),
        losses=saved.losses,
        notes=saved.notes,
    )


def load_scores(path: str | os.PathLike[str]) -> list[Score]:
    """Return the scores of a folder of results, or of its evaluation.json.

    Raises:
        ResultsError: the file is missing or is not what it should be.
    """
    file = Path(path)
    return list(_read(file / EVALUATION_FILE if file.is_dir() else file)[1])


def score_to_json(score: Score, *, with_stats: bool = True) -> dict[str, Any]:
    """Return the score as values that JSON holds, exactly; with its statistics, it can be resampled when read again."""
    row: dict[str, Any] = {
        "name": score.name,
        "value": _number(score.value),
        "ci95": None if score.ci95 is None else list(score.ci95),
        "unit": score.unit,
        "direction": score.direction,
        "n_items": len(score.ids),
        "signature": score.signature,
    }
    if with_stats:
        row |= {"aggregate": score.aggregate, "ids": list(score.ids), "stats": score.stats.tolist()}
    return row


@dataclass(frozen=True)
class _SavedScore:
    """What `score_to_json` gave with statistics."""

    name: str
    value: float | None
    ci95: tuple[float, float] | None
    unit: str
    direction: Direction
    signature: str
    aggregate: str
    ids: tuple[str, ...]
    stats: list[list[float]]

    def score(self) -> Score:
        """Return the score.

        Raises:
            ValueError: the statistics are not those of such a score.
            UnknownNameError: its aggregate is unknown.
        """
        figure = get_aggregate(self.aggregate)
        if not self.ids or len(self.stats) != len(self.ids) or len(set(map(len, self.stats))) > 1:
            raise ValueError(f"{self.name} has no items, or not as many equal rows of statistics as items")
        stats = np.array(self.stats, dtype=np.float64)
        try:
            figure(stats.mean(axis=0))
        except IndexError:
            raise ValueError(f"{self.name} has {stats.shape[1]} columns, too few for {self.aggregate}") from None
        value = math.nan if self.value is None else self.value
        return Score(
            self.name, value, self.unit, self.direction, self.ci95, self.signature, self.ids, stats, self.aggregate
        )


@dataclass(frozen=True)
class _Saved:
    """What evaluation.json holds."""

    kind: Literal["captions", "speech", "loop"]
    settings: dict[str, str]
    scores: tuple[_SavedScore, ...]
    losses: tuple[Comparison, ...]
    notes: tuple[str, ...]


def scores_csv(scores: Sequence[Score]) -> str:
    """Return a CSV table, a line a score: name, value, the interval's ends, unit, direction, items, signature."""
    rows: list[list[object]] = [
        ["name", "value", "ci95_low", "ci95_high", "unit", "better", "n_items", "signature"],
        *(
            [
                score.name,
                _cell(score.value),
                *(["", ""] if score.ci95 is None else map(_cell, score.ci95)),
                score.unit,
                score.direction,
                len(score.ids),
                score.signature,
            ]
            for score in scores
        ),
    ]
    return _csv(rows)


def items_csv(scores: Sequence[Score]) -> str:
    """Return a CSV table, a line an item: its id and its own figure under each score; empty where undefined."""
    figures = [dict(zip(score.ids, item_figures(score.aggregate, score.stats), strict=True)) for score in scores]
    ids = dict.fromkeys(name for score in scores for name in score.ids)
    rows = [[name, *(_cell(own.get(name, math.nan)) for own in figures)] for name in ids]
    return _csv([["id", *(score.name for score in scores)], *rows])


def item_line(item: ResultItem) -> str:
    """Return the item as a line of JSON; what is None or empty is left out."""
    row = {key: value for key, value in dataclasses.asdict(item).items() if value not in (None, (), {})}
    return json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n"


def read_items(path: Path) -> list[ResultItem]:
    """Return the items of a file, one for each id: of an id that comes twice, what was written last.

    A last line without its end, which a broken-off run may leave, is passed over.

    Raises:
        ResultsError: the file cannot be read, or a line is not an item.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ResultsError(f"{path} cannot be read ({error}); name a folder that 'lookaloud eval' wrote.") from error
    items: dict[str, ResultItem] = {}
    for number, line in enumerate(text.split("\n")[:-1], start=1):
        try:
            item = typed(json_value(line), ResultItem)
        except ValueError as error:
            raise ResultsError(f"{path}, line {number} is not an item of results: {error}.") from error
        items[item.id] = item
    return list(items.values())


def _read(file: Path) -> tuple[_Saved, tuple[Score, ...]]:
    """Return what evaluation.json holds, and its scores."""
    document = read_json(file, ResultsError, "name a folder that 'lookaloud eval' wrote with --out")
    found = document.get("format") if isinstance(document, dict) else None
    if found != FORMAT:
        what = f"of the format {found[:40]!r}" if isinstance(found, str) else "of another kind"
        raise ResultsError(f"{file} is {what}; expected \"{FORMAT}\", which 'lookaloud eval' writes with --out.")
    for rows in (document.get("scores"), document.get("losses")):
        for row in rows if isinstance(rows, list) else ():
            _give_direction(row)
    try:
        saved = typed(document, _Saved)
        return saved, tuple(one.score() for one in saved.scores)
    except (ValueError, UnknownNameError) as error:
        raise ResultsError(f"{file} is damaged ({str(error).rstrip('.')}); run the evaluation again.") from error


def _give_direction(row: Any) -> None:
    """Give a row of an earlier version its direction: such rows only said whether higher is better."""
    higher = row.get("higher_is_better") if isinstance(row, dict) else None
    if not isinstance(higher, bool) or "direction" in row:
        return
    known = metric_of(str(row.get("name")))
    row["direction"] = known.direction if known is not None else "higher" if higher else "lower"


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _cell(value: float) -> str:
    return repr(float(value)) if math.isfinite(value) else ""


def _csv(rows: Iterable[Sequence[object]]) -> str:
    file = io.StringIO(newline="")
    csv.writer(file, lineterminator="\n").writerows(rows)
    return file.getvalue()
