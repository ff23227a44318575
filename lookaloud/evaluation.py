"""Joins a captioner and a voice to the loop of `eval`, which knows neither."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from captioner.errors import CaptionerError
from captioner.findings.caption import CaptionOptions
from eval.errors import ItemError
from lookaloud.ground.errors import MissingExtraError
from speech.errors import SpeechError

if TYPE_CHECKING:
    from eval.loop import Candidate, System
    from speech import Audio

AS_WRITTEN = CaptionOptions(num_alternatives=0, low_confidence=0.0, only_photos=False)
"""Captions as the network writes them, as published figures are measured: no gate, no "Possibly"."""


def load_system(
    captioner: str = "compact",
    voice: str = "heart",
    *,
    as_said: bool = False,
    rate: float = 1.0,
    device: str = "auto",
    local_only: bool = False,
    language: str | None = None,
    speaker: str | None = None,
) -> System:
    """Return the captioner and the voice of those names, loaded, as `eval.loop.score_loop` wants them.

    Args:
        captioner: a name, a hub id, or a folder; see `captioner.load_captioner`.
        voice: a name; see `speech.load_voice`.
        as_said: caption as `lookaloud describe` does, with the gate that refuses what is no photograph, and "Possibly";
            otherwise as the network writes.
        rate: speaking speed, 0.5 to 2.0.
        device: "auto", "cpu", "cuda" or "mps": where the captioner runs; "cpu" holds for the voice too.
        local_only: download nothing.
        language, speaker: of the voice, if it has several.

    Raises:
        CaptionerError, SpeechError: a model cannot be loaded.

    >>> load_system("compact", "heart").captioner  # doctest: +SKIP
    'compact'
    """
    from captioner import load_captioner, open_image
    from eval.loop import Candidate, System
    from lookaloud.failures import explain
    from lookaloud.words import load_words
    from speech import load_voice

    loaded = load_captioner(captioner, device=device, local_only=local_only)
    speaking = load_voice(
        voice, device="cpu" if device == "cpu" else "auto", local_only=local_only, language=language, speaker=speaker
    )
    options = CaptionOptions(num_alternatives=0) if as_said else AS_WRITTEN

    def caption(image: Path) -> Candidate:
        try:
            said = loaded.caption(open_image(image, min_side=loaded.input_size), options)
        except (CaptionerError, MissingExtraError) as error:
            raise ItemError(explain(error).sentence) from error
        return Candidate(str(load_words().caption(said)), said.confidence)

    def speak(text: str) -> Iterator[Audio]:
        try:
            yield from speaking.stream(text, rate=rate)
        except (SpeechError, MissingExtraError) as error:
            raise ItemError(explain(error).sentence) from error

    settings = {
        "captions": "as-said" if as_said else "",
        "beams": str(options.num_beams),
        "rate": "" if rate == 1.0 else f"{rate:g}",
        "language": language or "",
        "speaker": speaker or "",
    }
    return System(
        caption,
        speak,
        f"{captioner}{_revision(captioner)}",
        speaking.name,
        {name: value for name, value in settings.items() if value},
    )


def _revision(name: str) -> str:
    # The same name may once mean other weights.
    from captioner import list_captioners

    revision = next((spec.revision for spec in list_captioners() if spec.name == name), None)
    return f"@{revision[:7]}" if revision else ""
