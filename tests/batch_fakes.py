"""A batch on fakes, and a process that runs it to be killed: `python tests/batch_fakes.py killed ...`.

The decoder here is the real one, but for three kinds of files that misbehave as damaged pictures do: they begin with
HANG, CRASH or GREEDY.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from PIL import Image

from captioner import Captioner
from captioner.captioner import Draft
from captioner.findings.caption import CaptionOptions
from captioner.testing import FakeBackend
from lookaloud.batch.run import BatchSettings
from lookaloud.describe.narrator import Narrator
from speech import Voice
from speech.testing import FakeVoiceBackend

DECODER = (sys.executable, __file__, "decoder")
SETTINGS = BatchSettings(decoders=2, speakers=2, decode_seconds=30.0, decode_memory_mb=300, decoder_command=DECODER)


class SlowBackend(FakeBackend):
    """A fake captioner that takes a moment for each picture, so that a run can be cut short in its middle."""

    def __init__(self, seconds: float = 0.0) -> None:
        super().__init__()
        self.seconds = seconds

    def draft(self, images: Sequence[Image.Image], options: CaptionOptions) -> list[Draft]:
        time.sleep(self.seconds * len(images))
        return super().draft(images, options)


def fake_narrator(seconds: float = 0.0, **options: Any) -> Narrator:
    return Narrator(Captioner(SlowBackend(seconds)), Voice(FakeVoiceBackend(sample_rate=8000)), **options)


def noted_narrator(pids: str, seconds: float) -> Narrator:
    """A fake narrator; the process that loads it is noted in a folder, to be killed."""
    (Path(pids) / str(os.getpid())).touch()
    return fake_narrator(seconds)


def picture_bytes(number: int) -> bytes:
    """A small PNG, other for each number."""
    import io

    file = io.BytesIO()
    Image.new("RGB", (20 + number % 40, 20 + number // 40), (number * 7 % 256, number * 3 % 256, 99)).save(file, "PNG")
    return file.getvalue()


def make_corpus(folder: Path, n: int) -> None:
    """`n` good pictures in two folders, some with the same bytes, and as many kinds of bad ones as there are."""
    (folder / "more").mkdir(parents=True)
    for number in range(n):
        place = folder / ("more" if number % 3 == 0 else "")
        (place / f"picture{number}.png").write_bytes(picture_bytes(number - number % 2 if number % 10 == 1 else number))
    bad = {"empty.png": b"", "text.png": b"no picture\n", "cut.png": picture_bytes(3)[:60], "wrong.jpg": b"%PDF-1.7"}
    bad |= {"crash.png": b"CRASH"}
    for name, data in bad.items():
        (folder / name).write_bytes(data)


def decoder(memory_mb: int) -> None:
    from captioner.picture import picture
    from lookaloud.batch.decoder import serve

    original = picture.identified

    def identified(source: bytes, label: str) -> Image.Image:
        if source.startswith(b"HANG"):
            time.sleep(600)
        if source.startswith(b"CRASH"):
            os.kill(os.getpid(), signal.SIGSEGV)
        if source.startswith(b"GREEDY"):
            raise_if_granted = bytearray(1_000_000_000)
            return Image.new("RGB", (len(raise_if_granted), 1))
        return original(source, label)

    picture.identified = identified
    serve(memory_mb)


def run_to_the_end(sources: Path, out: Path, *, seconds: float = 0.0) -> None:
    from lookaloud.batch import run_batch

    settings = replace(SETTINGS, decoders=1)  # to start a second one is half of what a run takes
    for _ in run_batch(fake_narrator(seconds), [str(sources)], out, settings=settings):
        pass


def killed(sources: Path, out: Path, n_kills: int, seed: int) -> None:
    """Run batches into out/0, out/1, ... and kill them until `n_kills` have died; ended.json says how many ended.

    Every other one is killed at a random time, the others at a random one of the calls that change the disk: before it,
    after it, or in the middle of a write.
    """
    rng = random.Random(seed)
    import lookaloud.batch.sources  # noqa: F401 - before the fork, so that each run begins at once

    run_number = kills = 0
    while kills < n_kills:
        folder = out / str(run_number)
        by_call = rng.random() < 0.5
        moment = rng.randint(1, 90) if by_call else rng.uniform(0.0, 0.45)
        place = rng.choice(["before", "within", "after"])
        child = os.fork()
        if child == 0:
            if by_call:
                _die_at_call(int(moment), place)
            run_to_the_end(sources, folder, seconds=0.002)
            os._exit(0)
        if not by_call:
            time.sleep(moment)
            os.kill(child, signal.SIGKILL)
        status = os.waitpid(child, 0)[1]
        if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
            kills += 1
        elif os.WEXITSTATUS(status) == 0:
            run_number += 1
        else:
            raise SystemExit(f"a run failed with status {status}")
    (out / "ended.json").write_text(json.dumps({"ended": run_number}))


def _die_at_call(number: int, place: str) -> None:
    calls = 0

    def deadly(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls != number:
                return original(*arguments)
            if place == "within" and original is write:
                original(arguments[0], arguments[1][: len(arguments[1]) // 2])
            if place == "after":
                original(*arguments)
            os.kill(os.getpid(), signal.SIGKILL)

        return call

    write = os.write
    os.write, os.fsync, os.replace = deadly(write), deadly(os.fsync), deadly(os.replace)


if __name__ == "__main__":
    if sys.argv[1] == "decoder":
        decoder(int(sys.argv[2]))
    else:
        killed(Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5]))
