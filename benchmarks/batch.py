"""Times a batch with the built-in models, stage by stage and end to end, and beside the loop a person would write.

    python benchmarks/batch.py --out benchmarks/results/batch.json
    python benchmarks/batch.py --pictures 10000 --parts batch restart       # memory over ten thousand pictures

- stages: what each stage does a second when it runs alone, on the pictures and with the processes and threads that it
  has in the batch: decoding, captioning in batches, speaking with encoding and writing.
- batch: 640 x 480 JPEGs to WAV files and manifest, in a fresh process whose models are loaded before the clock starts.
  Memory is the peak of it and its decoders together, and the peak up to a tenth of the pictures. What a million
  pictures would take follows from it: core hours, and the sizes of WAV files and manifest.
- ray: the same on a Ray cluster on this computer, from a fifth of the pictures to four fifths, while all stages have
  work. Give it 1,000 pictures or more.
- restart: the whole command over a folder in which 10,000 pictures are finished, from process start to end.
- loop: transformers' ViT-GPT2 of random weights, one picture at a time, then the same voice and a WAV file.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from environment import describe_machine

PARTS = ("stages", "batch", "ray", "restart", "loop")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--pictures", type=int, default=300, help="different JPEGs of 640 x 480")
    parser.add_argument("--loop-pictures", type=int, default=24, help="pictures of the loop, which is slow")
    parser.add_argument("--finished", type=int, default=10_000, help="finished pictures of the restart")
    parser.add_argument("--captioners", type=int, default=1, help="threads that caption")
    parser.add_argument("--speakers", type=int, help="threads that speak; by default those of the command")
    parser.add_argument("--folder", type=Path, help="keep the loop's model here, and use one that is there")
    parser.add_argument("--out", type=Path, help="write the figures to this JSON file")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)  # this script as a part's own process
    args = parser.parse_args()
    if args.child:
        part, work = args.child
        print(json.dumps(CHILDREN[part](Path(work), args)))
        return
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        make_pictures(work / "pictures", args.pictures)
        figures: dict[str, Any] = {"pictures": args.pictures}
        for part in args.parts:
            figures |= restart(work, args) if part == "restart" else child(part, work, args)
            print(json.dumps(figures), flush=True)
    figures |= conclusions(figures)
    figures = {"machine": describe_machine(), "load_average": os.getloadavg()[0], **figures}
    print(json.dumps(figures, indent=1))
    if args.out:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


def conclusions(figures: dict[str, Any]) -> dict[str, float]:
    found = {}
    pace = figures.get("batch_pictures_per_second")
    limits = [value for name, value in figures.items() if name.startswith("stage_")]
    if pace and limits:
        found["share_of_slowest_stage"] = round(pace / min(limits), 3)
    if pace:
        found["million_core_hours"] = round(1e6 / pace / 3600 * (os.cpu_count() or 1), 1)
        found["million_sound_gb"] = round(figures["sound_bytes_per_picture"] / 1e3, 1)
        found["million_manifest_gb"] = round(figures["manifest_bytes_per_picture"] / 1e3, 2)
    if pace and "ray_pictures_per_second" in figures:
        found["share_of_pace_on_ray"] = round(figures["ray_pictures_per_second"] / pace, 3)
    if pace and "loop_pictures_per_second" in figures:
        found["ratio_to_loop"] = round(pace / figures["loop_pictures_per_second"], 2)
    return found


def make_pictures(folder: Path, count: int) -> None:
    """Different 640 x 480 JPEGs, cut out of the example pictures."""
    import speed

    speed.make_pictures(folder, count)


def child(part: str, work: Path, args: argparse.Namespace) -> dict[str, Any]:
    command = [sys.executable, __file__, "--child", part, str(work), "--loop-pictures", str(args.loop_pictures)]
    command += ["--captioners", str(args.captioners)]
    for name in ("folder", "speakers"):
        if getattr(args, name) is not None:
            command += [f"--{name}", str(getattr(args, name))]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def stages(work: Path, args: argparse.Namespace) -> dict[str, float]:
    """Each stage alone, as the batch runs it."""
    from lookaloud import Picture, load_narrator
    from lookaloud.batch.decoding import Decoder
    from lookaloud.batch.items import Item
    from lookaloud.batch.stages import wanted_by
    from speech import write_audio

    settings = settings_of(args)
    paths = sorted((work / "pictures").iterdir())[:200]
    narrator = load_narrator(read_text=False)
    decoders = [Decoder(wanted_by(narrator)) for _ in range(settings.decoders)]
    items = [Item(str(path), str(path)) for path in paths]
    for decoder in decoders:
        decoder.decode(items[0])
    decoding = each_on_threads([decoder.decode for decoder in decoders], items)
    for decoder in decoders:
        decoder.__exit__()

    opened = list(map(Picture, paths))
    for picture in opened:
        narrator.open(picture)
    narrator.captions(opened[:8])
    batches = [opened[start : start + settings.batch_size] for start in range(0, len(opened), settings.batch_size)]
    captions: list[tuple[Picture, Any]] = []

    def write(batch: list[Picture]) -> None:
        captions.extend(zip(batch, narrator.captions(batch), strict=True))

    captioning = each_on_threads([write] * settings.captioners, batches) * len(opened) / len(batches)
    told = [narrator.tell(picture, caption) for picture, caption in captions]
    sounds = work / "stage-sounds"
    sounds.mkdir()

    def speak(number: int) -> None:
        audio = narrator.speak(told[number]).audio
        assert audio is not None
        write_audio(audio, sounds / f"{number}.wav")

    speak(0)
    speaking = each_on_threads([speak] * settings.speakers, range(len(told)))
    return {
        "stage_decode_per_second": round(decoding, 2),
        "stage_caption_per_second": round(captioning, 2),
        "stage_speech_per_second": round(speaking, 2),
    }


def settings_of(args: argparse.Namespace) -> Any:
    from lookaloud.batch.run import BatchSettings

    speakers = {} if args.speakers is None else {"speakers": args.speakers}
    return BatchSettings(captioners=args.captioners, **speakers)


def each_on_threads(works: list[Callable[[Any], object]], things: Iterable[Any]) -> float:
    """Things a second, when each of the works takes the next thing from a common heap in a thread of its own."""
    waiting = list(things)
    n_things = len(waiting)

    def run(work: Callable[[Any], object]) -> None:
        while True:
            try:
                thing = waiting.pop()
            except IndexError:
                return
            work(thing)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return n_things / (time.perf_counter() - began)


def batch(work: Path, args: argparse.Namespace) -> dict[str, float]:
    from lookaloud import load_narrator
    from lookaloud.batch import run_batch

    narrator = load_narrator(read_text=False)
    narrator.narrate(next((work / "pictures").iterdir()))
    n_pictures = sum(1 for _ in (work / "pictures").iterdir())
    peak = Peak()
    began, work_before = time.perf_counter(), cpu_seconds()
    early = 0.0
    sources, settings = [str(work / "pictures")], settings_of(args)
    for number, record in enumerate(run_batch(narrator, sources, work / "described", settings=settings), start=1):
        if not record.is_ok:
            raise SystemExit(record.error)
        if number == n_pictures // 10:
            early = peak.megabytes
    seconds = time.perf_counter() - began
    sounds = sum(path.stat().st_size for path in (work / "described" / "audio").iterdir())
    return {
        "sound_bytes_per_picture": round(sounds / n_pictures),
        "manifest_bytes_per_picture": round((work / "described" / "manifest.jsonl").stat().st_size / n_pictures),
        "batch_pictures_per_second": round(n_pictures / seconds, 2),
        "batch_share_of_the_cores": round((cpu_seconds() - work_before) / seconds / (os.cpu_count() or 1), 3),
        "batch_peak_memory_mb": round(peak.stop()),
        "batch_memory_after_a_tenth_mb": round(early),
    }


def ray(work: Path, args: argparse.Namespace) -> dict[str, float]:
    """The pace on Ray once the actors are there."""
    from functools import partial

    from lookaloud import load_narrator
    from lookaloud.batch.folder import OutputFolder
    from lookaloud.batch.ray_engine import RayRun
    from lookaloud.batch.sources import Choice, find_items

    with OutputFolder(work / "described-on-ray") as folder:
        run = RayRun(folder, partial(load_narrator, read_text=False), settings_of(args))
        times = [time.perf_counter() for _ in run.records(find_items([str(work / "pictures")], Choice()))]
        folder.end()
    first, last = len(times) // 5, len(times) * 4 // 5  # while all stages have work
    return {"ray_pictures_per_second": round((last - first) / (times[last] - times[first]), 2)}


def cpu_seconds() -> float:
    """Time that cores have worked for this process and for its children that have ended."""
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in both)


class Peak:
    """The most memory that this process and its children held together, looked at ten times a second."""

    def __init__(self) -> None:
        self.megabytes = 0.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> float:
        self._ended.set()
        self._thread.join()
        return self.megabytes

    def _watch(self) -> None:
        while not self._ended.wait(0.1):
            self.megabytes = max(self.megabytes, memory_mb())


def memory_mb() -> float:
    """Memory of this process and its children: what is shared counts once (PSS) where the system tells."""
    try:
        children = Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii").split()
        return sum(_pss(number) for number in ["self", *children]) / 1e3
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


def _pss(number: str) -> int:
    try:
        lines = Path(f"/proc/{number}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0  # it has just ended
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def restart(work: Path, args: argparse.Namespace) -> dict[str, float]:
    """The whole command where nothing is left to do."""
    from lookaloud.batch.folder import OutputFolder
    from lookaloud.manifest import Record

    pictures, described = work / "finished", work / "finished-described"
    pictures.mkdir()
    with OutputFolder(described) as folder:
        records = []
        for number in range(args.finished):
            path, data = pictures / f"{number}.jpg", b"%d" % number
            path.write_bytes(data)
            (folder.audio / f"{number}.wav").write_bytes(b"RIFF")
            records.append(
                Record(
                    str(path), "ok", str(path), sha256=hashlib.sha256(data).hexdigest(), bytes=len(data),
                    modified_ns=path.stat().st_mtime_ns, text="A dog is running over a green field.",
                    caption="A dog is running over a green field.", alternatives=("A dog runs.",) * 2,
                    audio=f"audio/{number}.wav", versions={"lookaloud": "0.1.0", "onnxruntime": "1.32.0"},
                )
            )  # fmt: skip
        folder.append(records)
        folder.end()
    command = [sys.executable, "-m", "lookaloud", "batch", str(pictures), "--out", str(described)]
    began = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    if "Nothing was left to do" not in done.stdout:
        raise SystemExit(done.stdout + done.stderr)
    return {"restart_seconds": round(time.perf_counter() - began, 2), "restart_finished": args.finished}


def loop(work: Path, args: argparse.Namespace) -> dict[str, float]:
    """What a person would write."""
    import captioners
    import transformers
    from PIL import Image

    from speech import load_voice, write_audio

    folder = (args.folder or work / "models") / "vit-gpt2"
    if not (folder / "config.json").is_file():
        captioners.build("vit-gpt2", folder)
    model: Any = transformers.VisionEncoderDecoderModel.from_pretrained(folder)
    processor: Any = transformers.ViTImageProcessor.from_pretrained(folder)
    tokenizer: Any = transformers.AutoTokenizer.from_pretrained(folder)
    voice = load_voice()
    sounds = work / "loop"
    sounds.mkdir()

    def describe(path: Path) -> None:
        pixels = processor(images=Image.open(path).convert("RGB"), return_tensors="pt").pixel_values
        found = model.generate(pixels, num_beams=4, max_new_tokens=16)
        tokenizer.batch_decode(found, skip_special_tokens=True)
        # Random weights say nothing; the voice speaks a sentence of an ordinary caption's length.
        write_audio(
            voice.speak("A group of people are standing in front of a large building."), sounds / f"{path.stem}.wav"
        )

    paths = sorted((work / "pictures").iterdir())[: args.loop_pictures]
    describe(paths[0])
    began = time.perf_counter()
    for path in paths:
        describe(path)
    return {"loop_pictures_per_second": round(len(paths) / (time.perf_counter() - began), 3)}


CHILDREN: dict[str, Callable[[Path, argparse.Namespace], dict[str, float]]] = {
    "stages": stages,
    "batch": batch,
    "ray": ray,
    "loop": loop,
}

if __name__ == "__main__":
    main()
