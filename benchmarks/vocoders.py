"""Compares vocoders: speech of the built-in voice through the spectrogram of each and back, scored by MOS proxies.

    pip install speechmos distillmos
    python benchmarks/vocoders.py griffin-lim hf:microsoft/speecht5_hifigan --out benchmarks/results/vocoders.json

DNSMOS (speechmos: its P.835 overall score) and DistillMOS predict what listeners would answer from 1 to 5; they do not
replace a listening test. The row "original" is the speech itself, the best that a vocoder can do. Means over the
sentences. Proxies that are not installed are named and left out.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from environment import describe_machine

import speech
from speech.vocoders import copy_synthesis, load_vocoder

SENTENCES = (
    "A brown dog runs through the green grass with a red ball.",
    "Two children watch it from a wooden bench.",
    "A man in a blue jacket rides a bicycle down a wet street.",
    "A bowl of fruit stands on a white table by the window.",
    "The old lighthouse stands on a cliff above the sea.",
    "Six people sit around a fire and sing.",
)
PACKAGES = ("lookaloud", "hibari-tts", "librosa", "torch", "transformers", "coqui-tts", "speechmos", "distillmos")
Score = Callable[[speech.Audio], float]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("vocoders", nargs="*", default=["griffin-lim"], help="names as load_vocoder takes them")
    parser.add_argument("--sentences", type=int, default=len(SENTENCES), help="how many sentences to use")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--out", type=Path, help="write the figures to this JSON file")
    args = parser.parse_args()
    voice = speech.load_voice(local_only=True)
    originals = [voice.speak(sentence) for sentence in SENTENCES[: args.sentences]]
    proxies = load_proxies()
    rows = [{"vocoder": "original", **score(originals, proxies)}]
    for name in args.vocoders:
        try:
            vocoder = load_vocoder(name, device=args.device)
        except (speech.SpeechError, ValueError) as error:
            rows.append({"vocoder": name, "error": str(error)})
            continue
        copy_synthesis(originals[0], vocoder)  # the first call compiles and allocates
        began = time.perf_counter()
        copies = [copy_synthesis(audio, vocoder) for audio in originals]
        factor = (time.perf_counter() - began) / sum(audio.seconds for audio in originals)
        rows.append({"vocoder": name, "real_time_factor": round(factor, 4), **score(copies, proxies)})
    machine = describe_machine(PACKAGES)
    print(table(rows, list(proxies)))
    print(machine)
    if args.out:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        figures = {"machine": machine, "sentences": len(originals), "vocoders": rows}
        args.out.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


def load_proxies() -> dict[str, Score]:
    """Return the MOS proxies that are installed, and print the others."""
    proxies: dict[str, Score] = {}
    for name, make in (("dnsmos", _dnsmos), ("distillmos", _distillmos)):
        try:
            proxies[name] = make()
        except ImportError as error:
            print(f"Without {name}: {error}. Run: pip install {'speechmos' if name == 'dnsmos' else name}")
    return proxies


def _dnsmos() -> Score:
    from speechmos import dnsmos

    return lambda audio: float(dnsmos.run(_at_16_khz(audio), sr=16000)["ovrl_mos"])


def _distillmos() -> Score:
    import distillmos
    import torch

    model = distillmos.ConvTransformerSQAModel().eval()

    def predict(audio: speech.Audio) -> float:
        with torch.inference_mode():
            return float(model(torch.from_numpy(_at_16_khz(audio))[None]))

    return predict


def _at_16_khz(audio: speech.Audio) -> np.ndarray:
    return speech.resample(audio, 16000).samples.copy()


def score(audios: list[speech.Audio], proxies: dict[str, Score]) -> dict[str, float]:
    # All at one level, because the proxies also react to loudness.
    levelled = [speech.normalise_loudness(audio, -23.0) for audio in audios]
    return {name: round(statistics.mean(map(proxy, levelled)), 3) for name, proxy in proxies.items()}


def table(rows: list[dict[str, object]], proxies: list[str]) -> str:
    """Return the rows as Markdown, which also reads well aloud."""
    keys = ["real_time_factor", *proxies]
    lines = [f"| vocoder | {' | '.join(keys)} |", "|---" * (len(keys) + 1) + "|"]
    for row in rows:
        found = [str(row.get(key, "")) for key in keys] if "error" not in row else [f"not measured: {row['error']}"]
        lines.append(f"| {row['vocoder']} | {' | '.join(found + [''] * (len(keys) - len(found)))} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
