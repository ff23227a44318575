"""Times the main job with the built-in models, from cold and warm, and weighs it.

    python benchmarks/speed.py --out benchmarks/results/speed.json
    python benchmarks/speed.py --install-size      # also installs the light package into a fresh environment

Cold: process start to finished WAV of `lookaloud describe`. Warm: in one process with loaded models, 640 x 480 JPEGs.
Hundred: a fresh process narrates a hundred different pictures to WAV files in batches; the baseline of its ratio is the
same pictures one at a time through `Narrator.narrate` in the same run. Medians unless stated.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable
from pathlib import Path

from environment import describe_machine
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=9, help="repetitions of the cold command")
    parser.add_argument("--install-size", action="store_true", help="measure a fresh installation too (uses pip)")
    parser.add_argument("--out", type=Path, help="write the figures to this JSON file")
    parser.add_argument("--hundred", type=Path, help=argparse.SUPPRESS)  # this script as the fresh process
    args = parser.parse_args()
    if args.hundred:
        print(json.dumps(narrate_hundred(args.hundred)))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_pictures(folder / "pictures", 100)
        figures: dict[str, float] = {"cold_seconds": cold(folder, args.runs)}
        figures |= warm(sorted((folder / "pictures").iterdir()))
        child = [sys.executable, __file__, "--hundred", str(folder / "pictures")]
        figures |= json.loads(subprocess.run(child, check=True, capture_output=True, text=True).stdout)
        if args.install_size:
            figures["install_mb"] = install_size(folder / "environment")
    for key, value in figures.items():
        print(f"{key}: {value:.3f}")
    print(describe_machine())
    if args.out:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        rounded = {key: round(value, 4) for key, value in figures.items()}
        args.out.write_text(json.dumps({"machine": describe_machine(), **rounded}, indent=1) + "\n", encoding="utf-8")


def make_pictures(folder: Path, count: int) -> None:
    """Different 640 x 480 JPEGs, cut out of the example pictures."""
    folder.mkdir()
    examples = [Image.open(path) for path in sorted((ROOT / "examples").glob("*.jpg"))]
    for i in range(count):
        picture = examples[i % len(examples)]
        width, height = picture.size
        side = 0.5 + 0.5 * i / count
        box = (int(width * (1 - side) * (i % 7) / 6), 0, int(width * side), int(height * side))
        crop = picture.crop((box[0], box[1], max(box[2], box[0] + 64), box[3]))
        crop.resize((640, 480)).save(folder / f"{i:03d}.jpg", quality=90)


def cold(folder: Path, runs: int) -> float:
    command = [sys.executable, "-m", "lookaloud", "describe", "--no-read-text", str(folder / "pictures" / "000.jpg")]
    return median_seconds(
        lambda: subprocess.run([*command, "--out", str(folder / "cold.wav")], check=True, capture_output=True), runs
    )


def warm(paths: list[Path]) -> dict[str, float]:
    from lookaloud import load_narrator

    narrator = load_narrator(read_text=False)
    narrations = [narrator.narrate(path) for path in paths][20:]  # the first ones warm up
    first = [n.seconds.first_audio for n in narrations if n.seconds.first_audio is not None]
    return {
        "warm_caption_seconds": statistics.median(n.seconds.open + n.seconds.caption for n in narrations),
        "warm_first_audio_seconds": statistics.median(first),
    }


def narrate_hundred(folder: Path) -> dict[str, float]:
    import resource

    from lookaloud import load_narrator
    from speech import write_audio

    paths = sorted(folder.iterdir())
    narrator = load_narrator(read_text=False)
    batched = time.perf_counter()
    for result in narrator.narrate_batch(paths):
        write_audio(result.audio, folder / f"{Path(result.source).stem}.wav")
    batched = time.perf_counter() - batched
    # Before the baseline runs. Linux counts in KiB, macOS in bytes.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    single = time.perf_counter()
    for path in paths:
        write_audio(narrator.narrate(path).audio, folder / f"{path.stem}.wav")
    single = time.perf_counter() - single
    return {
        "hundred_pictures_per_second": len(paths) / batched,
        "hundred_ratio_to_one_at_a_time": single / batched,
        "hundred_peak_memory_mb": peak / 1e6,
    }


def install_size(folder: Path) -> float:
    venv.create(folder, with_pip=True)
    before = folder_bytes(folder)
    subprocess.run([folder / "bin" / "python", "-m", "pip", "install", "--quiet", str(ROOT)], check=True)
    return (folder_bytes(folder) - before) / 1e6


def folder_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def median_seconds(work: Callable[[], object], runs: int) -> float:
    seconds = []
    for _ in range(runs):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds)


if __name__ == "__main__":
    main()
