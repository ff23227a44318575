"""Times voices: the real-time factor and the time to the first sound of each, in one table.

    python benchmarks/voices.py --untrained --out benchmarks/results/voices.json
    python benchmarks/voices.py heart joe hf:facebook/mms-tts-eng coqui:tts_models/en/ljspeech/vits

Real-time factor: seconds of work for a second of speech, lower is faster; above 1, playing has to wait. First sound:
from asking for a text of two sentences to having the first. Loading: with the files on this computer. Medians of the
runs after a first one; untrained voices run once. A voice that cannot be loaded has a row with the reason.

--untrained adds voices of transformers and Coqui with random weights in their published sizes, if the real ones cannot
be downloaded. SpeechT5 then speaks four times as long as it should, so it has no time to the first sound.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from environment import describe_machine
from untrained_voices import MAKERS

import speech

TEXTS = (
    "A brown dog runs through the green grass with a red ball. Two children watch it from a wooden bench.",
    "A man in a blue jacket rides a bicycle down a wet street. The shops beside it are closed.",
    "A bowl of fruit stands on a white table by the window. The light comes from the left.",
)
PACKAGES = ("lookaloud", "onnxruntime", "hibari-tts", "piper-tts", "torch", "transformers", "coqui-tts", "numpy")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("voices", nargs="*", help="names as load_voice takes them; none: the installed ones")
    parser.add_argument("--runs", type=int, default=5, help="how often each text is said")
    parser.add_argument("--texts", type=int, default=len(TEXTS), help="how many of the texts are said")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--speaker", help="for voices that need one")
    parser.add_argument("--vocoder", help="for voices that make mel spectrograms")
    parser.add_argument("--untrained", action="store_true", help="also voices with random weights")
    parser.add_argument("--out", type=Path, help="write the figures to this JSON file")
    args = parser.parse_args()
    names = args.voices or [spec.name for spec in speech.list_voices() if spec.installed()]
    machine = describe_machine(PACKAGES)
    texts = TEXTS[: args.texts]
    given = {"speaker": args.speaker, "vocoder": args.vocoder, "device": args.device}
    rows = [measure(name, {"name": name, **given}, texts, args.runs) for name in names]
    if args.untrained:
        for title, make in MAKERS.items():
            with tempfile.TemporaryDirectory() as folder:
                rows.append(measure(title, {"device": args.device, **make(Path(folder))}, texts, 1))
    print(table(rows))
    print(machine)
    if args.out:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_text(json.dumps({"machine": machine, "voices": rows}, indent=1) + "\n", encoding="utf-8")


def measure(title: str, given: dict[str, Any], texts: tuple[str, ...], runs: int) -> dict[str, object]:
    """Return the row of the voice that `load_voice` returns for these arguments."""
    began = time.perf_counter()
    try:
        voice = speech.load_voice(**given)
    except (speech.SpeechError, ValueError) as error:
        return {"voice": title, "error": str(error)}
    loading = time.perf_counter() - began
    voice.speak(texts[0])
    factors, firsts = [], []
    for text in texts * runs:
        began = time.perf_counter()
        sounds = voice.stream(text)
        seconds = next(sounds).seconds
        firsts.append(time.perf_counter() - began)
        seconds += sum(sound.seconds for sound in sounds)
        factors.append((time.perf_counter() - began) / seconds)
    return {
        "voice": title,
        "real_time_factor": round(statistics.median(factors), 4),
        "first_sound_seconds": None if title.startswith("SpeechT5") else round(statistics.median(firsts), 4),
        "loading_seconds": round(loading, 3),
        "sample_rate": voice.sample_rate,
    }


def table(rows: list[dict[str, object]]) -> str:
    """Return the rows as Markdown, which also reads well aloud."""
    lines = ["| voice | real-time factor | first sound, s | loading, s | Hz |", "|---|---|---|---|---|"]
    for row in rows:
        if "error" in row:
            lines.append(f"| {row['voice']} | not measured: {row['error']} | | | |")
        else:
            values = [row[k] for k in ("real_time_factor", "first_sound_seconds", "loading_seconds", "sample_rate")]
            lines.append(f"| {row['voice']} | {' | '.join('' if value is None else str(value) for value in values)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
