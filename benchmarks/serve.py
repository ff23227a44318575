"""Times `lookaloud serve`: how soon one client hears the first words, and how much more sixteen get done than one.

    python benchmarks/serve.py --out benchmarks/results/serve.json
    python benchmarks/serve.py --requests 20 --seconds 3

Starts the service as a user does, in a process of its own on this computer, and asks it with `lookaloud.client`.

First words: one client asks for one JPEG of 640 x 480 at a time, over /v1/describe/stream with sound; once for the
caption, and once for the text in the picture, too, where the reader ([ocr]) is installed. Timed from before the request
is written to the arrival of the caption, of the first sentence's sound, and of the end; p50, p95 and p99 are those of
all requests after some that warm up.

Throughput: descriptions a second from 1 and from 16 clients, each of which asks again as soon as it is answered: the
caption alone, with its sound as MP3, and with the text found. Refusals (503) and other errors are counted apart.
"""

from __future__ import annotations

import argparse
import io
import json
import math
import os
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from environment import describe_machine
from PIL import Image, ImageOps

from lookaloud.client import Client
from lookaloud.describe.options import DescribeOptions
from lookaloud.errors import ServerError
from lookaloud.web.values import CaptionKnown, Sound

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
PACKAGES = ("lookaloud", "onnxruntime", "hibari-tts", "numpy", "pillow", "fastapi", "uvicorn")
SIZE = (640, 480)
N_CLIENTS = 16
_SPOKEN = DescribeOptions(audio=True, format="mp3")
FIRST_WORDS = {"caption": replace(_SPOKEN, read_text=False), "caption and text found": _SPOKEN}
THROUGHPUT = {
    "caption": DescribeOptions(read_text=False),
    "caption, sound": replace(_SPOKEN, read_text=False),
    "caption, text found, sound": _SPOKEN,
}
FIRST_WORDS_GOAL = 0.25  # seconds, p95
THROUGHPUT_GOAL = 2.5  # times


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--requests", type=int, default=200, help="how many requests the first words are timed over")
    parser.add_argument("--seconds", type=float, default=20.0, help="how long each throughput is measured")
    parser.add_argument("--warm-up", type=int, default=5, help="requests before anything is timed")
    parser.add_argument("--out", type=Path, help="write the figures to this JSON file")
    args = parser.parse_args()
    pictures = [as_jpeg(path) for path in sorted(EXAMPLES.glob("*.jpg"))]
    with served() as client:
        for picture in pictures * args.warm_up:
            client.describe(picture, DescribeOptions(audio=True, format="mp3"))
        figures = {
            "machine": describe_machine(PACKAGES),
            "picture": f"JPEG, {SIZE[0]} x {SIZE[1]}, {[len(each) for each in pictures]} bytes",
            "first_words": [
                first_words(client, pictures, args.requests, name, options) for name, options in FIRST_WORDS.items()
            ],
            "throughput": [
                throughput(client, pictures, args.seconds, name, options) for name, options in THROUGHPUT.items()
            ],
        }
    print(report(figures))
    if args.out:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


def as_jpeg(path: Path) -> bytes:
    """The picture cut to 4 to 3 in its middle, as a JPEG of 640 x 480."""
    with Image.open(path) as image:
        file = io.BytesIO()
        ImageOps.fit(image.convert("RGB"), SIZE).save(file, "JPEG", quality=90)
    return file.getvalue()


@contextmanager
def served() -> Iterator[Client]:
    """A client of a service that runs until the end of the block."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    command = [sys.executable, "-m", "lookaloud", "serve", "--no-open", "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ)
    try:
        client = Client(f"http://127.0.0.1:{port}")
        until = time.monotonic() + 60
        while not client.is_healthy():
            if process.poll() is not None or time.monotonic() > until:
                raise SystemExit(f"The service did not start; try it by hand: {' '.join(command)}")
            time.sleep(0.1)
        yield client
    finally:
        process.terminate()
        process.wait(20)


def first_words(
    client: Client, pictures: Sequence[bytes], n_requests: int, name: str, options: DescribeOptions
) -> dict[str, Any]:
    times: dict[str, list[float]] = {"caption": [], "first_sound": [], "whole": []}
    errors: list[str] = []
    for number in range(n_requests):
        began = time.perf_counter()
        took: dict[str, float] = {}
        try:
            for event in client.stream(pictures[number % len(pictures)], options):
                now = time.perf_counter() - began
                if isinstance(event, CaptionKnown):
                    took["caption"] = now
                elif isinstance(event, Sound):
                    took.setdefault("first_sound", now)
        except ServerError as error:
            errors.append(f"{error.status} {error.code}".strip())
            continue
        took["whole"] = time.perf_counter() - began
        for stage, value in took.items():
            times[stage].append(value)
    return {
        "what": name,
        "requests": n_requests,
        "errors": dict(Counter(errors)),
        **{f"{stage}_seconds": percentiles(values) for stage, values in times.items()},
    }


def throughput(
    client: Client, pictures: Sequence[bytes], seconds: float, name: str, options: DescribeOptions
) -> dict[str, Any]:
    one = load(client, pictures, seconds, options, n_clients=1)
    many = load(client, pictures, seconds, options, n_clients=N_CLIENTS)
    times = many["per_second"] / one["per_second"] if one["per_second"] else math.nan
    return {"what": name, "times": round(times, 2), "clients": [one, many]}


def load(
    client: Client, pictures: Sequence[bytes], seconds: float, options: DescribeOptions, *, n_clients: int
) -> dict[str, Any]:
    """What so many clients get done in that time; a request that is under way at its end counts with its whole time."""
    took: list[float] = []
    errors: list[str] = []
    began = time.perf_counter()

    def ask(number: int) -> None:
        while time.perf_counter() - began < seconds:
            number += 1
            sent = time.perf_counter()
            try:
                client.describe(pictures[number % len(pictures)], options)
            except ServerError as error:
                errors.append(f"{error.status} {error.code}".strip())
                time.sleep(0.1)
                continue
            took.append(time.perf_counter() - sent)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(n_clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    elapsed = time.perf_counter() - began
    return {
        "clients": n_clients,
        "described": len(took),
        "errors": dict(Counter(errors)),
        "per_second": round(len(took) / elapsed, 3),
        "seconds": percentiles(took),
    }


def percentiles(values: Sequence[float]) -> dict[str, float | None]:
    """p50, p95 and p99 by the nearest rank: each is a time that was measured.

    >>> percentiles([0.3, 0.1, 0.2])
    {'p50': 0.2, 'p95': 0.3, 'p99': 0.3}
    """
    ordered = sorted(values)
    return {
        f"p{share}": round(ordered[math.ceil(len(ordered) * share / 100) - 1], 4) if ordered else None
        for share in (50, 95, 99)
    }


def report(figures: dict[str, Any]) -> str:
    """The figures as Markdown, which also reads well aloud."""
    lines = ["| one client | until | p50, s | p95, s | p99, s | errors |", "|---|---|---|---|---|---|"]
    for row in figures["first_words"]:
        for stage in ("caption", "first_sound", "whole"):
            times = " | ".join(map(str, row[f"{stage}_seconds"].values()))
            lines.append(f"| {row['what']} | {stage.replace('_', ' ')} | {times} | {row['errors'] or 'none'} |")
    lines += [f"Goal: the caption's first sound at p95 in at most {FIRST_WORDS_GOAL} s.", ""]
    lines += [
        "| | clients | descriptions a second | p50, s | p95, s | p99, s | errors |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in figures["throughput"]:
        for each in row["clients"]:
            times = " | ".join(map(str, each["seconds"].values()))
            lines.append(
                f"| {row['what']} | {each['clients']} | {each['per_second']} | {times} | {each['errors'] or 'none'} |"
            )
        lines.append(f"| {row['what']}: {N_CLIENTS} against 1 | | {row['times']} times | | | | |")
    return "\n".join([*lines, f"Goal: at least {THROUGHPUT_GOAL} times.", figures["machine"]])


if __name__ == "__main__":
    main()
