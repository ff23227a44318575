"""The loop: pictures -> captions -> speech -> transcript. What reaches a listener of what the picture shows?

A captioner and a voice come in as functions, because `eval` knows neither; `lookaloud eval loop` joins them. What each
picture gave is written down as it comes, so that a run that was stopped goes on where it was.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, TypeAlias

from eval.data import CaptionedImage
from eval.errors import ItemError, MismatchedItemsError, ResultsError, TooFewItemsError, UnknownNameError
from eval.files import make_folder, read_typed, write_whole
from eval.loop_scores import PROTOCOLS, measure
from eval.results import Evaluation, ResultItem, item_line, read_items
from speech.hearing import Recognizer

if TYPE_CHECKING:
    from speech.audio import Audio

RUN_FILE, ROWS_FILE, AUDIO_FOLDER = "run.json", "run.jsonl", "audio"
_NAMED_AT_MOST = 3


@dataclass(frozen=True)
class Candidate:
    """What a captioner says of a picture: the text, and how sure it is, in [0, 1], or None."""

    text: str
    confidence: float | None = None


DescribePicture: TypeAlias = Callable[[Path], Candidate]
"""A captioner: raises `ItemError` (or OSError) for a picture that it cannot describe."""

Speak: TypeAlias = "Callable[[str], Iterable[Audio]]"
"""A voice: the sound of a text piece by piece; raises `ItemError` for a text that it cannot speak."""


@dataclass(frozen=True, eq=False)
class System:
    """What is measured: a captioner and a voice, as functions and as names for signatures.

    Attributes:
        caption: the captioner.
        speak: the voice.
        captioner, voice: their names, with all that changes what they say.
        options: further settings that change results, by name, for instance {"rate": "1.2"}.
    """

    caption: DescribePicture
    speak: Speak
    captioner: str
    voice: str
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def parts(self) -> dict[str, str]:
        """What signatures say of the system."""
        settings = ",".join(f"{name}={value}" for name, value in self.options.items())
        return {"captioner": self.captioner, "voice": self.voice} | ({"options": settings} if settings else {})


def score_loop(
    items: Sequence[CaptionedImage],
    system: System,
    recognizer: Recognizer,
    *,
    protocol: str = "lookaloud",
    metrics: Sequence[str] | None = None,
    speech_metrics: Sequence[str] | None = None,
    resamples: int = 1000,
    seed: int = 0,
    out_dir: str | Path | None = None,
    progress: bool = False,
) -> Evaluation:
    """Return what was found: caption metrics of text and transcript, what the voice loses, speech metrics, times.

    Each picture is captioned, the caption spoken, and the speech transcribed. A picture of which something fails stays
    in: what is missing is scored as an empty caption or transcript, and `Evaluation.failed` says why. Scores of
    transcripts are named "transcript_bleu4" and so on; `losses` are transcript minus text over the same items, with
    paired intervals and p values. Word and character error rates compare the transcript with the caption. MOS proxies
    are not listeners: `notes` says so.

    Args:
        items: pictures with captions by people.
        system: what is measured.
        recognizer: who listens; see `speech.hearing.load_recognizer`.
        protocol: "lookaloud", or "im2sp" for Im2Sp's; see `eval.loop_scores.PROTOCOLS`.
        metrics: names of caption metrics in place of the protocol's. One of the protocol's that cannot be computed here
            is left out, and a note says why; one that is asked for by name is an error.
        speech_metrics: names for `eval.speech.score_speech`; None takes its defaults.
        resamples, seed: of the intervals; see `eval.stats`.
        out_dir: folder for run.jsonl and the sounds (audio/*.flac), both written as they come; None keeps nothing. A
            folder of the same run is gone on with, and items that failed are tried again.
        progress: show a progress bar on standard error, if that is a terminal.

    Raises:
        UnknownNameError: no protocol or metric has that name; the message lists the names.
        TooFewItemsError: there are no items, or all of them failed.
        MismatchedItemsError: two items have one id.
        ResultsError: `out_dir` cannot be written, or holds another run.
        MissingExtraError, ModelError: a metric that was asked for needs more than there is.

    Example:
        >>> from eval.testing import fake_system, fake_recognizer  # doctest: +SKIP
        >>> found = score_loop(load_captioned("data"), fake_system(), fake_recognizer())  # doctest: +SKIP
        >>> [loss.name for loss in found.losses]  # doctest: +SKIP
        ['bleu1', 'bleu2', 'bleu3', 'bleu4', 'rouge_l', 'cider_d']
    """
    if protocol not in PROTOCOLS:
        raise UnknownNameError(f"No protocol is called {protocol!r}; choose one of: {', '.join(PROTOCOLS)}.")
    if not items:
        raise TooFewItemsError("There is no picture to begin with; give at least one.")
    if len({item.id for item in items}) < len(items):
        raise MismatchedItemsError("Two pictures have the same id; ids must be unique.")
    with _folder(out_dir) as folder:
        found = _run(items, system, recognizer, folder, progress=progress)
        _check_any(found)
        return measure(
            found,
            folder,
            PROTOCOLS[protocol],
            parts=system.parts | {"asr": recognizer.name} | ({} if protocol == "lookaloud" else {"protocol": protocol}),
            metrics=metrics,
            speech_metrics=speech_metrics,
            resamples=resamples,
            seed=seed,
            progress=progress,
        )


@contextmanager
def _folder(out_dir: str | Path | None) -> Iterator[Path]:
    """Yield where sounds lie while they are measured; a temporary place if nothing is to be kept."""
    if out_dir is not None:
        yield make_folder(out_dir)
        return
    with tempfile.TemporaryDirectory(prefix="lookaloud-") as temporary:
        yield Path(temporary)


def _run(
    items: Sequence[CaptionedImage], system: System, recognizer: Recognizer, folder: Path, *, progress: bool
) -> list[ResultItem]:
    """Return each item's result, in order; what the folder has already is not done again."""
    from tqdm import tqdm

    done = _resume(folder, system, recognizer)
    make_folder(folder / AUDIO_FOLDER)
    found = []
    with open(folder / ROWS_FILE, "a", encoding="utf-8", newline="") as file:
        disable = None if progress else True  # None: only where standard error is no terminal
        for number, item in enumerate(tqdm(items, desc="Pictures", unit="picture", ascii=True, disable=disable)):
            result = done.get(item.id)
            if result is None:
                result = _run_item(item, system, recognizer, folder, f"{number:06d}")
                file.write(item_line(result))
                file.flush()
            found.append(replace(result, references=item.references, image=str(item.image)))
    return found


def _resume(folder: Path, system: System, recognizer: Recognizer) -> dict[str, ResultItem]:
    """Return what an earlier run of the same system left in the folder, by id."""
    this = system.parts | {"asr": recognizer.name}
    header, rows = folder / RUN_FILE, folder / ROWS_FILE
    if not header.is_file():
        if rows.exists():
            raise ResultsError(f"{folder} holds the results of something else; choose another folder, or delete it.")
        write_whole(header, json.dumps(this, ensure_ascii=False) + "\n")
        return {}
    earlier = read_typed(header, dict[str, str], ResultsError, "choose another folder, or delete it")
    if earlier != this:
        names = [name for name in dict.fromkeys([*earlier, *this]) if earlier.get(name) != this.get(name)]
        differ = "; ".join(f"{name}: {earlier.get(name, 'none')}, now {this.get(name, 'none')}" for name in names)
        raise ResultsError(f"{folder} holds another run ({differ}); choose another folder, or delete it.")
    if not rows.is_file():
        return {}
    kept = {
        item.id: item
        for item in read_items(rows)
        if item.error is None and item.audio is not None and (folder / item.audio).is_file() and _has_times(item)
    }
    # Written anew, so that a line that was broken off does not run into the next.
    write_whole(rows, "".join(item_line(item) for item in kept.values()))
    return kept


def _has_times(item: ResultItem) -> bool:
    return 0 <= item.seconds.get("first_audio", 0) <= item.seconds.get("speech", -1)


def _run_item(item: CaptionedImage, system: System, recognizer: Recognizer, folder: Path, stem: str) -> ResultItem:
    from speech.audio import write_audio

    result = ResultItem(item.id)
    seconds: dict[str, float] = {}
    try:
        began = perf_counter()
        candidate = system.caption(item.image)
        seconds["caption"] = perf_counter() - began
        result = replace(result, caption=candidate.text, confidence=candidate.confidence, seconds=seconds)
        audio = _spoken(system.speak, candidate.text, seconds)
        # By the id's place and not by the id, which may hold what no file system allows; unlike in other runs of the
        # same folder, where items may be at other places.
        path = Path(AUDIO_FOLDER) / f"{_free_stem(folder / AUDIO_FOLDER, stem)}.flac"
        write_audio(audio, folder / path)
        began = perf_counter()
        transcript = recognizer.transcribe(audio).text
        seconds["listen"] = perf_counter() - began
        return replace(result, transcript=transcript, audio=path.as_posix())
    except (ItemError, OSError, MemoryError) as error:
        return replace(result, error=str(error) or type(error).__name__)


def _spoken(speak: Speak, text: str, seconds: dict[str, float]) -> Audio:
    from speech.audio import join

    if not text.strip():
        raise ItemError("The caption is empty, so there is nothing to speak.")
    began = perf_counter()
    pieces = []
    for piece in speak(text):
        seconds.setdefault("first_audio", perf_counter() - began)
        pieces.append(piece)
    audio = join(pieces) if pieces else None
    seconds["speech"] = perf_counter() - began
    if audio is None or audio.samples.size == 0:
        raise ItemError(f"The voice made no sound of {text[:40]!r}.")
    seconds["audio"] = audio.seconds
    return audio


def _free_stem(folder: Path, stem: str) -> str:
    names = (stem if number == 0 else f"{stem}-{number}" for number in range(10**6))
    return next(name for name in names if not (folder / f"{name}.flac").exists())


def _check_any(found: Sequence[ResultItem]) -> None:
    failed = [item for item in found if item.error is not None]
    if len(failed) == len(found):
        why = "; ".join(f"{item.id}: {item.error}" for item in failed[:_NAMED_AT_MOST])
        raise TooFewItemsError(f"Nothing could be measured: all {len(found)} pictures failed ({why}).")
