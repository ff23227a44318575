"""Makes the output folder of a batch for the tests of exports: good rows, hostile rows, failures."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from lookaloud.manifest import MANIFEST, Record
from speech import Audio, write_audio

HOSTILE = '</p><script>alert("1")</script>&amp;\'\x00\x1b[31m\nA line --> ]]> \u202egnp.exe\u202c שלום \ud800\ufffe'
"""Words that break out of HTML, XML, CSV, WebVTT and terminals where they are let."""

NAMES = (
    "dog.jpg",
    'a "b" <i>&.jpg',
    "=cmd|' /C calc'!A0.jpg",
    "two\nlines.jpg",
    "#hash %20?.jpg",
    "שלום\u202egpj.jpg",
    "犬 🐕.jpg",
    os.fsdecode(b"latin-\xe9.jpg"),
)
SAMPLE_RATE = 24_000


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def tone(seconds: float, hertz: float, rate: int = SAMPLE_RATE) -> Audio:
    times = np.arange(round(seconds * rate)) / rate
    return Audio(0.3 * np.sin(2 * np.pi * hertz * times), rate)


def write_rows(folder: Path, records: Sequence[Record]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MANIFEST).write_text("".join(record.to_json() + "\n" for record in records))


def described(
    folder: Path, picture: Path, number: int, text: str, *, sound: bool = True, audio: str | None = None
) -> Record:
    """The record of a picture that is there, with a sound of its own length and pitch."""
    audio = audio or f"audio/{number} of #1 é%20.wav"
    if sound:
        (folder / audio).parent.mkdir(parents=True, exist_ok=True)
        write_audio(tone(0.2 + number / 10, 200 + 100 * number), folder / audio)
    return Record(
        source=str(picture),
        status="ok",
        path=str(picture.resolve()),
        sha256=sha256(picture),
        bytes=picture.stat().st_size,
        text=text,
        caption=text.split(". ")[0] if text.startswith("A dog") else text,
        alternatives=("A cat runs.", text),
        confidence=0.5,
        certainty="medium",
        is_photo=True,
        kind="photograph",
        detail="standard",
        audio=audio if sound else None,
        audio_seconds=0.2 + number / 10 if sound else None,
        finished=f"2026-01-31T12:00:{number:02}Z",
        captioner="compact",
        voice="heart" if sound else None,
    )


def make_batch(root: Path) -> Path:
    """A folder `out` in `root` with eight described pictures of hostile names and words, a copy, and two failures."""
    root.mkdir(parents=True, exist_ok=True)
    folder = root / "out"
    records = []
    for number, name in enumerate(NAMES):
        picture = root / "in" / name
        picture.parent.mkdir(exist_ok=True)
        Image.new("RGB", (40 + number, 30), (20 * number, 100, 200)).save(picture, "JPEG")
        os.utime(picture, ns=(10**18, 10**18 + number))
        words = "A dog runs. The sign says: Main Street." if number == 0 else HOSTILE
        records.append(described(folder, picture, number, words))
    copy = root / "in" / "copy.jpg"
    copy.write_bytes((root / "in" / NAMES[0]).read_bytes())
    records.append(replace(records[0], source=str(copy), path=str(copy.resolve()), same_as=records[0].source))
    for name in ("broken<b>.jpg", "gone.jpg"):
        path = root / "in" / name
        records.append(Record(str(path), "error", str(path), error=f"{name} {HOSTILE}"))
    write_rows(folder, records)
    return folder
