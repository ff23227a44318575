"""The evaluations of `lookaloud eval`, each as a function; `eval.loop.score_loop` is the fourth."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from eval.captions import DEFAULT_METRICS
from eval.data import CaptionedImage
from eval.errors import EvalDataError, IncomparableError, MismatchedItemsError
from eval.ids import SOUND_SUFFIXES, both_kinds, file_names, renamed
from eval.loop_scores import ONE_PICTURE, AudioFiles, possible_scores, undefined_notes
from eval.metrics import warnings_of
from eval.results import Evaluation, ResultItem, load_scores
from eval.score import TRANSCRIPT, with_parts
from eval.speech import inspect_speech, score_speech
from eval.stats import Comparison, compare, with_intervals
from eval.tables import title_of

_NAMED_AT_MOST = 5


def evaluate_captions(
    candidates: Mapping[str, str],
    items: Sequence[CaptionedImage],
    *,
    metrics: Sequence[str] | None = None,
    tokenizer: str | None = None,
    system: str | None = None,
    resamples: int = 1000,
    seed: int = 0,
    **options: Any,
) -> Evaluation:
    """Return how good captions are, with 95 % intervals.

    Args:
        candidates: id -> caption, one for each item; an empty one is scored as nothing right. Ids that name a picture
            in another way, as by its file, are matched: see `eval.ids.renamed`.
        items: pictures with captions by people.
        metrics: names for `eval.captions.score_captions`; None takes its defaults. One that so few items do not define
            is left out, and a note says why, unless it is the only one.
        tokenizer: what cuts words; None for that function's default.
        system: name of what made the captions, for signatures.
        resamples, seed: of the intervals; see `eval.stats`.
        options: what else `eval.captions.score_captions` takes: objects, synonyms, clip, device, local_only, progress.

    Raises:
        EvalError, MissingExtraError: as `eval.captions.score_captions` says.

    Example:
        >>> items = [CaptionedImage(i, Path(i), (text,), None) for i, text in [("1", "a dog runs"), ("2", "two cats")]]
        >>> found = evaluate_captions({"1": "a dog runs", "2": "a cat"}, items, metrics=["rouge_l"])
        >>> found.scores[0].name, found.scores[0].ci95
        ('rouge_l', (0.0, 100.0))
    """
    candidates = renamed(candidates, file_names(items))
    references = {item.id: item.references for item in items}
    if tokenizer is not None:
        options["tokenizer"] = tokenizer
    options["images"] = {item.id: item.image for item in items}
    notes = [ONE_PICTURE] if len(items) == 1 else []
    scores = possible_scores(candidates, references, metrics or DEFAULT_METRICS, notes, strict=True, **options)
    notes += warnings_of(scores) + undefined_notes(scores)
    if system is not None:
        scores = [replace(one, signature=with_parts(one.signature, {"captioner": system})) for one in scores]
    results = [ResultItem(i.id, candidates[i.id], tuple(i.references), image=str(i.image)) for i in items]
    settings = {"captioner": system} if system is not None else {}
    return Evaluation(
        kind="captions",
        settings=settings | {"resamples": str(resamples), "seed": str(seed)},
        scores=tuple(with_intervals(scores, resamples=resamples, seed=seed)),
        items=tuple(results),
        notes=tuple(notes),
    )


def evaluate_speech(
    sounds: str | os.PathLike[str] | Mapping[str, Path],
    texts: Mapping[str, str] | None = None,
    *,
    metrics: Sequence[str] | None = None,
    references: str | os.PathLike[str] | Mapping[str, Path] | None = None,
    model: str = "tiny",
    system: str | None = None,
    resamples: int = 1000,
    seed: int = 0,
    progress: bool = False,
) -> Evaluation:
    """Return how good speech is, with 95 % intervals. One sound at a time is in memory.

    Args:
        sounds: a folder of sound files, whose ids are their names without ending, or id -> file.
        texts: id -> what should be said, one for each sound; needed for error rates.
        metrics: names for `eval.speech.score_speech`; None takes its defaults.
        references: recordings of the same words by the same ids, as `sounds`.
        model: the recognizer; see `speech.hearing.load_recognizer`.
        system: name of the voice, for signatures.
        resamples, seed: of the intervals; see `eval.stats`.
        progress: show a progress bar on standard error, if that is a terminal.

    Raises:
        EvalDataError: a folder cannot be read, has no sounds, or two of one name.
        EvalError, MissingExtraError: as `eval.speech.score_speech` says.

    Example:
        >>> evaluate_speech("sounds", {"dog": "A dog runs."}).scores[0].name  # doctest: +SKIP
        'dnsmos_sig'
    """
    files = find_sounds(sounds)
    compared = None if references is None else AudioFiles(find_sounds(references))
    clips = AudioFiles(files)
    scores = score_speech(clips, texts, metrics, references=compared, model=model, progress=progress)
    if system is not None:
        scores = [replace(one, signature=with_parts(one.signature, {"voice": system})) for one in scores]
    notes = warnings_of(scores) + undefined_notes(scores)
    doubts = {name: inspect_speech(clip) for name, clip in clips.items()}
    doubtful = [f"{name}: {' '.join(found)}" for name, found in doubts.items() if found]
    if doubtful:
        more = f" And {len(doubtful) - _NAMED_AT_MOST} more." if len(doubtful) > _NAMED_AT_MOST else ""
        notes.append(f"Doubtful clips: {len(doubtful)}. {' '.join(doubtful[:_NAMED_AT_MOST])}{more}")
    said = texts or {}
    settings = {"voice": system} if system is not None else {}
    return Evaluation(
        kind="speech",
        settings=settings | {"recognizer": model, "resamples": str(resamples), "seed": str(seed)},
        scores=tuple(with_intervals(scores, resamples=resamples, seed=seed)),
        items=tuple(ResultItem(name, said.get(name, ""), audio=str(file.resolve())) for name, file in files.items()),
        notes=tuple(notes),
    )


def compare_results(
    a: str | os.PathLike[str],
    b: str | os.PathLike[str],
    *,
    metrics: Sequence[str] | None = None,
    resamples: int = 1000,
    seed: int = 0,
) -> list[tuple[str, Comparison]]:
    """Return how the results in b differ from those in a, a metric each, with its title.

    Args:
        a, b: folders that an evaluation was saved in, or their evaluation.json.
        metrics: names of scores; None takes all that both have.
        resamples, seed: of the tests; see `eval.stats.compare`.

    Raises:
        ResultsError: a file is missing or damaged.
        IncomparableError: there is no score of a name in both, or they were not measured in the same way.
        MismatchedItemsError: they are of different items.

    Example:
        >>> compare_results("results/compact", "results/blip")[0]  # doctest: +SKIP
        ('BLEU-1', Comparison(name='bleu1', a=61.2, b=64.0, ...))
    """
    of_a, of_b = ({one.name: one for one in load_scores(path)} for path in (a, b))
    names = [name for name in of_a if name in of_b] if metrics is None else list(metrics)
    missing = [name for name in names if name not in of_a or name not in of_b]
    if missing or not names:
        raise IncomparableError(
            f"{f'The score {missing[0]!r} is' if missing else 'No score is'} in both results; {a} has "
            f"{', '.join(of_a)}, and {b} has {', '.join(of_b)}."
        )
    return [
        (
            f"{title_of(of_a[name])}{' as heard' if name.startswith(TRANSCRIPT) else ''}",
            compare(of_a[name], of_b[name], resamples=resamples, seed=seed),
        )
        for name in names
    ]


def find_sounds(place: str | os.PathLike[str] | Mapping[str, Path]) -> dict[str, Path]:
    """Return id -> sound file: of a folder by the files' names without ending, in their order.

    Raises:
        EvalDataError: the folder cannot be read, has no sounds, or two that differ in the ending only.
    """
    if isinstance(place, Mapping):
        return dict(place)
    folder = Path(place)
    try:
        files = sorted(entry for entry in folder.iterdir() if entry.suffix.lower() in SOUND_SUFFIXES)
    except OSError as error:
        raise EvalDataError(f"{folder} cannot be read as a folder: {error.strerror or error}.") from error
    if not files:
        raise EvalDataError(
            f"{folder} has no sound file; expected files ending in {', '.join(sorted(SOUND_SUFFIXES))}."
        )
    found: dict[str, Path] = {}
    for file in files:
        if file.stem in found:
            raise EvalDataError(
                f"{folder} has {found[file.stem].name} and {file.name}; names must differ before the dot."
            )
        found[file.stem] = file
    return found


def matched_candidates(candidates: Mapping[str, str], items: Sequence[CaptionedImage]) -> dict[str, str]:
    """Return the captions of exactly these items, in their order; captions of other pictures are left out.

    For captions of a whole dataset of which one split is scored. Ids that name a picture in another way are matched:
    see `eval.ids.renamed`.

    Raises:
        MismatchedItemsError: an item has no caption, or an id could mean two items; the message names some.
    """
    candidates = renamed(candidates, file_names(items))
    missing = [item.id for item in items if item.id not in candidates]
    if missing:
        more = f" and {len(missing) - _NAMED_AT_MOST} more" if len(missing) > _NAMED_AT_MOST else ""
        wanted = {item.id for item in items}
        others = [name for name in candidates if name not in wanted] or candidates
        raise MismatchedItemsError(
            f"{len(missing)} of {len(items)} pictures have no caption ({', '.join(missing[:_NAMED_AT_MOST])}{more}): "
            f"{both_kinds(others, missing)}; give one caption for each, an empty one where nothing was said."
        )
    return {item.id: candidates[item.id] for item in items}
