"""Captions to be scored: id -> caption, from the files in which they are kept."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from eval.errors import EvalDataError
from eval.loaders.errors import as_eval_errors
from lookaloud.ground.datasets.items import json_lines, read_text, shown
from lookaloud.ground.datasets.text_files import read_table
from lookaloud.ground.typed import json_value

# In this order: an id, COCO's result format, a picture's name, and what `lookaloud describe --json` prints.
_ID_KEYS = ("id", "image_id", "image", "file_name", "source")


@as_eval_errors
def load_candidates(path: str | Path) -> dict[str, str]:
    """Return the captions to be scored by id, in the file's order. An empty caption is kept.

    The layout is recognised by the content:
    - a JSON object {"1.jpg": "A dog runs.", ...};
    - COCO's result format, a JSON list [{"image_id": 42, "caption": "A dog runs."}, ...]; a number becomes text;
    - JSON Lines, an object a line with "caption" and an id: "id", "image_id", "image", "file_name", or "source", as
      `lookaloud describe --json` prints it, of which the file's name is the id;
    - CSV with the columns "caption" and one of those.

    Raises:
        EvalDataError: the file cannot be read, is of none of these layouts, lacks a caption, or has an id twice.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder) / "captions.jsonl"
        ...     _ = path.write_text('{"id": "1", "caption": "A dog runs."}')
        ...     load_candidates(path)
        {'1': 'A dog runs.'}
    """
    path = Path(path)
    text = read_text(path)
    rows = [_pair(row, where) for where, row in _rows(text, path)]
    if not rows:
        raise EvalDataError(f"{path} has no caption; expected one or more.")
    twice = [name for name, n in Counter(name for name, _ in rows).items() if n > 1]
    if twice:
        raise EvalDataError(f"{path} has the id {twice[0]!r} more than once; give one caption for each id.")
    return dict(rows)


def _rows(text: str, path: Path) -> list[tuple[str, Any]]:
    if not text.lstrip().startswith(("{", "[")):
        return list(read_table(path, text))
    try:
        document = json_value(text)
    except ValueError:  # of lines, or of a file that is damaged, which the lines then tell
        return list(json_lines(text, path))
    if isinstance(document, list):
        return [(f"{path}, [{number}]", row) for number, row in enumerate(document)]
    if "caption" in document and any(key in document for key in _ID_KEYS):  # JSON Lines of a single line
        return [(f"{path}, line 1", document)]
    return [(f"{path}, {name!r}", {"id": name, "caption": caption}) for name, caption in document.items()]


def _pair(row: Any, where: str) -> tuple[str, str]:
    if not isinstance(row, dict):
        raise EvalDataError(f"{where} is {type(row).__name__}; expected an object with an id and a caption.")
    key = next((key for key in _ID_KEYS if row.get(key) not in (None, "")), None)
    name = None if key is None else row[key]
    if isinstance(name, bool) or not isinstance(name, int | str):
        raise EvalDataError(f"{where} has no id; expected one of: {', '.join(_ID_KEYS)}.")
    caption = row.get("caption")
    if not isinstance(caption, str):
        why = f" ({row['error'][:200]})" if isinstance(row.get("error"), str) else ""
        raise EvalDataError(
            f'{where}: "caption" is {shown(caption)}{why}; expected a string, "" where nothing was said.'
        )
    return Path(str(name)).name if key == "source" else str(name), caption
