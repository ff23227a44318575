"""What came of a listening test: each system's mean opinion score with its 95 % confidence interval."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from eval.errors import ListeningTestError, TooFewItemsError, UnknownNameError
from eval.files import read_json
from eval.score import Score, make_signature
from eval.speech.listening import KEY_FORMAT
from eval.speech.listening_page import RATINGS_FORMAT
from lookaloud.ground.extras import needing
from lookaloud.ground.typed import typed

_LOW_AGREEMENT = 0.5  # correlation with the other listeners' mean, below which a listener is named
_FEWEST_CLIPS = 4  # in common, for that correlation to mean something

Ratings = Mapping[str, Mapping[str, int]]  # listener -> clip -> 1 to 5


@dataclass(frozen=True)
class SystemOpinion:
    """What listeners said of one system.

    Attributes:
        name: of the system.
        is_anchor: whether it was there to hold the scale.
        score: the mean opinion score, 1 to 5; `ids` are the listeners, `stats` each one's mean rating of the system.
        n_ratings: ratings that went into it.
    """

    name: str
    is_anchor: bool
    score: Score
    n_ratings: int


@dataclass(frozen=True)
class ListeningResult:
    """What came of a listening test.

    Attributes:
        systems: in the order of their scores, best first.
        n_listeners: who took part, without those left out.
        notes: sentences on listeners whose ratings should be looked at, and on what weakens the result. Nobody is left
            out because of them: see `exclude`.
    """

    systems: tuple[SystemOpinion, ...]
    n_listeners: int
    notes: tuple[str, ...]


def analyse_listening_test(
    folder: str | os.PathLike[str],
    ratings: Sequence[str | os.PathLike[str]],
    *,
    exclude: Collection[str] = (),
) -> ListeningResult:
    """Return the mean opinion score of each system, with 95 % confidence intervals over listeners.

    Each listener's mean rating of a system is one observation, whatever the number of clips; the score is the mean of
    those, and the interval is Student's t over them, cut to the scale's 1 to 5. It says how the score would vary with
    other listeners who hear the same clips, not with other texts. With a single listener there is no interval.

    Notes name listeners who left clips out, who gave every clip the same rating, or whose ratings correlate under 0.5
    (Pearson, over at least 4 clips) with the mean of the others'.

    Args:
        folder: what `make_listening_test` wrote, with key.json.
        ratings: the files that listeners saved, one a listener.
        exclude: names of listeners to leave out; say so where you publish the result.

    Raises:
        ListeningTestError: a file is missing, is not what it should be, belongs to another test, or two files are by
            one listener.
        UnknownNameError: a name in `exclude` is no listener's.
        TooFewItemsError: there are no ratings, or a system has none.
        MissingExtraError: the [eval] extra is not installed.
    """
    key = _read(Path(folder) / "key.json", _Key, KEY_FORMAT)
    clips = {clip: facts.system for clip, facts in key.clips.items()}
    by_listener = _read_ratings(ratings, key.test, clips)
    unknown = [name for name in exclude if name not in by_listener]
    if unknown:
        raise UnknownNameError(f"No listener is called {unknown[0]!r}; the listeners are: {', '.join(by_listener)}.")
    kept = {name: given for name, given in by_listener.items() if name not in exclude}
    if not kept:
        raise TooFewItemsError("There are no ratings to analyse; give the file of at least one listener.")
    systems = [_opinion(system, system in key.anchors, clips, kept) for system in dict.fromkeys(clips.values())]
    systems.sort(key=lambda opinion: (-opinion.score.value, opinion.name))
    notes = _screen(kept, len(clips))
    if len(kept) < 2:
        notes.append("There is one listener only: no confidence interval can be given.")
    notes += [f"{name} was left out." for name in exclude]
    return ListeningResult(tuple(systems), len(kept), tuple(notes))


def _opinion(system: str, is_anchor: bool, clips: Mapping[str, str], ratings: Ratings) -> SystemOpinion:
    given = {
        listener: [rating for clip, rating in rated.items() if clips[clip] == system]
        for listener, rated in ratings.items()
    }
    given = {listener: values for listener, values in given.items() if values}
    if not given:
        raise TooFewItemsError(f"Nobody rated a clip of {system}; give the files of listeners who did.")
    means = np.array([np.mean(values) for values in given.values()])
    score = Score(
        name="mos",
        value=float(means.mean()),
        unit="1 to 5",
        direction="higher",
        ci95=_interval(means),
        signature=make_signature("MOS", scale="P.800-ACR", ci="t-over-listeners", listeners=len(given)),
        ids=tuple(given),
        stats=means[:, None],
    )
    return SystemOpinion(system, is_anchor, score, sum(map(len, given.values())))


def _interval(means: NDArray[np.float64]) -> tuple[float, float] | None:
    if len(means) < 2:
        return None
    with needing("Confidence intervals", extra="eval"):
        from scipy.stats import t  # type: ignore[import-untyped]
    half = float(t.ppf(0.975, len(means) - 1) * means.std(ddof=1) / np.sqrt(len(means)))
    return max(1.0, float(means.mean()) - half), min(5.0, float(means.mean()) + half)


def _screen(ratings: Ratings, n_clips: int) -> list[str]:
    notes = []
    for listener, rated in ratings.items():
        if len(rated) < n_clips:
            notes.append(f"{listener} rated {len(rated)} of {n_clips} clips.")
        if len(rated) > 1 and len(set(rated.values())) == 1:
            notes.append(f"{listener} gave every clip the same rating.")
            continue
        others = [other for name, other in ratings.items() if name != listener]
        means = {
            clip: np.mean([other[clip] for other in others if clip in other])
            for clip in rated
            if any(clip in other for other in others)
        }
        if len(means) >= _FEWEST_CLIPS and len(set(means.values())) > 1:
            own = [rated[clip] for clip in means]
            agreement = float(np.corrcoef(own, list(means.values()))[0, 1]) if len(set(own)) > 1 else 0.0
            if agreement < _LOW_AGREEMENT:
                notes.append(f"{listener} agrees little with the others: a correlation of {agreement:.2f}.")
    return notes


def _read_ratings(
    paths: Sequence[str | os.PathLike[str]], test: str, clips: Collection[str]
) -> dict[str, dict[str, int]]:
    if isinstance(paths, (str, os.PathLike)):
        raise TypeError("Ratings must be a list of files, one a listener; this is a single name.")
    found: dict[str, dict[str, int]] = {}
    files: dict[str, Path] = {}
    for path in map(Path, paths):
        facts = _read(path, _Ratings, RATINGS_FORMAT)
        if facts.test != test:
            raise ListeningTestError(f"{path} has ratings of another listening test; give files of this one.")
        listener, given = facts.listener, facts.ratings
        if not listener:
            raise ListeningTestError(f"{path} names no listener; save it again from the page.")
        if listener in found:
            raise ListeningTestError(
                f"{files[listener]} and {path} are both by {listener!r}; give one of them, or change a name in it."
            )
        strange = next((clip for clip in given if clip not in clips), None)
        if strange is not None:
            raise ListeningTestError(f"{path} rates {strange[:60]!r}, which is no clip of this test.")
        if not given:
            raise ListeningTestError(f"{path} has no rating in it; ask {listener} for the finished file.")
        found[listener], files[listener] = given, path
    return found


@dataclass(frozen=True)
class _RatedClip:
    system: str


@dataclass(frozen=True)
class _Key:
    """key.json, which says whose the clips are."""

    test: str
    clips: dict[str, _RatedClip]
    anchors: list[str]


@dataclass(frozen=True)
class _Ratings:
    """What a listener's file holds."""

    test: str
    listener: str
    ratings: dict[str, int]

    def __post_init__(self) -> None:
        wrong = next((clip for clip, rating in self.ratings.items() if not 1 <= rating <= 5), None)
        if wrong is not None:
            raise ValueError(f"{wrong[:60]!r} is rated {str(self.ratings[wrong])[:20]}")


_Kind = TypeVar("_Kind", _Key, _Ratings)


def _read(path: Path, kind: type[_Kind], format_name: str) -> _Kind:
    facts = read_json(path, ListeningTestError, "give the file as it was saved")
    if not isinstance(facts, dict) or facts.get("format") != format_name:
        raise ListeningTestError(f'{path} is not a file of the format "{format_name}"; give the file as it was saved.')
    try:
        return typed(facts, kind)
    except ValueError as error:
        raise ListeningTestError(
            f"{path} is not as it was saved ({error}); ratings are whole numbers from 1 to 5. Give it as it was saved."
        ) from error
