"""A listening test: files with which people rate systems without knowing which one they hear (ITU-T P.800, ACR)."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from eval.errors import ListeningTestError, MismatchedItemsError, TooFewItemsError
from eval.speech.listening_page import render_page

if TYPE_CHECKING:
    from speech.audio import Audio

KEY_FORMAT = "lookaloud listening test 1"
_FOR_LISTENERS = "for-listeners"
_LOUDNESS = -23.0  # LUFS, EBU R 128: no system wins by being louder, and none is turned down by a limiter


@dataclass(frozen=True)
class ListeningTest:
    """Where a listening test lies.

    Attributes:
        folder: all of it.
        page: the page to rate on; its folder is what listeners get, and nothing beside it.
        key: which clip is whose; keep it from the listeners.
        n_clips: clips that each listener rates.
    """

    folder: Path
    page: Path
    key: Path
    n_clips: int


def make_listening_test(
    systems: Mapping[str, Mapping[str, Audio]],
    texts: Mapping[str, str] | None,
    out_dir: str | os.PathLike[str],
    *,
    seed: int = 0,
    n_items: int | None = None,
    anchors: Mapping[str, Mapping[str, Audio]] | None = None,
    title: str = "Listening test",
) -> ListeningTest:
    """Return the listening test written to `out_dir`: absolute category rating as in ITU-T P.800, Bad 1 to Excellent 5.

    `for-listeners/index.html` works from the disk, by keyboard and with a screen reader, and fetches nothing. It plays
    the clips in an order of its own for each listener, keeps the progress in the browser, and saves the ratings as a
    JSON file, which the listener sends back for `analyse_listening_test`. `key.json` says which clip is whose. Every
    clip becomes a WAV of the highest sample rate found, at -23 LUFS, under a name of random hexadecimal digits, written
    in random order.

    Args:
        systems: name of a system -> id -> its clip; every system has the same ids.
        texts: id -> what is said, shown below the clip; None shows nothing.
        out_dir: a folder that does not exist yet, or is empty.
        seed: of the choice of items and of the clips' names.
        n_items: how many of the ids to use, chosen at random; None uses all.
        anchors: clips of known quality to hold the scale, laid out like `systems`: recordings of people, or clips made
            bad with `mnru`. They are rated like the others and told apart in the results.
        title: of the page.

    Raises:
        MismatchedItemsError: the systems have different ids, a text is missing, or a name is both system and anchor.
        TooFewItemsError: no system, no id, or fewer ids than `n_items`.
        ListeningTestError: `out_dir` is a file, is not empty or cannot be written, or a clip has no samples.

    Example:
        >>> import tempfile
        >>> from speech.audio import Audio
        >>> tone = Audio(0.1 * np.sin(np.arange(24000) * 0.05), 24000)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     make_listening_test({"a": {"1": tone}, "b": {"1": tone}}, {"1": "Ah."}, folder + "/test").n_clips
        2
    """
    anchors = anchors or {}
    ids = _common_ids(systems, anchors, texts)
    if n_items is not None and not 1 <= n_items <= len(ids):
        raise TooFewItemsError(f"There are {len(ids)} items, and n_items is {n_items}; give a number from 1 to those.")
    generator = np.random.default_rng(seed)
    if n_items is not None:
        ids = [ids[index] for index in sorted(generator.choice(len(ids), n_items, replace=False))]
    both = {**systems, **anchors}
    pairs = [(system, item) for system in both for item in ids]
    order = generator.permutation(len(pairs))
    names = _random_names(generator, len(pairs))
    rate = max(both[system][item].sample_rate for system, item in pairs)
    folder = Path(out_dir).absolute()
    _check_folder(folder)
    part = folder.with_name(f".{secrets.token_hex(8)}.part")
    try:
        clips = part / _FOR_LISTENERS / "clips"
        clips.mkdir(parents=True)
        key = {}
        for name, index in zip(names, order, strict=True):
            system, item = pairs[index]
            _write_clip(both[system][item], clips / name, rate, f"{item} of {system}")
            key[name] = {"system": system, "id": item}
        test = _fingerprint(clips, names)
        shown = [{"file": name, "text": None if texts is None else texts[key[name]["id"]]} for name in names]
        _write(part / _FOR_LISTENERS / "index.html", render_page(test, title, shown))
        facts = {"format": KEY_FORMAT, "test": test, "seed": seed, "anchors": list(anchors), "clips": key}
        _write(part / "key.json", json.dumps(facts, ensure_ascii=False, indent=1) + "\n")
        if folder.exists():
            folder.rmdir()
        os.replace(part, folder)
    except OSError as error:
        raise ListeningTestError(
            f"{folder} cannot be written ({error.strerror or error}); check its rights and the space on the disk."
        ) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return ListeningTest(folder, folder / _FOR_LISTENERS / "index.html", folder / "key.json", len(names))


def mnru(audio: Audio, q_db: float, *, seed: int = 0) -> Audio:
    """Return the clip with noise that follows its own level, `q_db` dB under it: an anchor of known quality.

    The modulated noise reference unit of ITU-T P.810, y = x (1 + 10^(-Q/20) n) with Gaussian n. Q of 35 dB is hard to
    tell from the original, 20 is clearly noisy, 5 is bad. What would pass full scale makes the whole clip quieter.

    Example:
        >>> from speech.audio import Audio
        >>> mnru(Audio(0.1 * np.sin(np.arange(24000) * 0.05), 24000), 10).seconds
        1.0
    """
    from speech.audio import Audio

    noise = np.random.default_rng(seed).standard_normal(len(audio.samples))
    samples = (audio.samples * (1.0 + 10 ** (-q_db / 20) * noise)).astype(np.float32)
    return Audio(samples / np.float32(max(1.0, float(np.abs(samples).max(initial=0.0)))), audio.sample_rate)


def _common_ids(
    systems: Mapping[str, Mapping[str, Audio]],
    anchors: Mapping[str, Mapping[str, Audio]],
    texts: Mapping[str, str] | None,
) -> list[str]:
    if not systems:
        raise TooFewItemsError("There is no system to listen to; give at least one.")
    twice = [name for name in anchors if name in systems]
    if twice:
        raise MismatchedItemsError(f"{', '.join(twice)} is both a system and an anchor; give each a name of its own.")
    first, wanted = next((name, list(clips)) for name, clips in systems.items())
    for name, clips in {**systems, **anchors}.items():
        differ = set(clips) ^ set(wanted)
        if differ:
            raise MismatchedItemsError(
                f"{name} and {first} have not the same items; only one of them has: {', '.join(sorted(differ)[:5])}."
            )
    if not wanted:
        raise TooFewItemsError("There is no clip to listen to; give at least one item.")
    missing = [] if texts is None else [item for item in wanted if item not in texts]
    if missing:
        raise MismatchedItemsError(f"These items have no text: {', '.join(missing[:5])}; give all texts, or none.")
    return wanted


def _random_names(generator: np.random.Generator, n: int) -> list[str]:
    names: dict[str, None] = {}
    while len(names) < n:
        names[f"{generator.bytes(6).hex()}.wav"] = None
    return sorted(names)  # the page's order, in which nothing is left of the systems' order


def _check_folder(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise ListeningTestError(f"{folder} is a file; give the name of a new folder.")
    if folder.is_dir() and any(folder.iterdir()):
        raise ListeningTestError(f"{folder} is not empty; give the name of a new folder.")


def _write_clip(audio: Audio, path: Path, rate: int, what: str) -> None:
    from speech.audio import normalise_loudness, resample, write_audio

    if audio.samples.size == 0:
        raise ListeningTestError(f"The clip {what} has no samples; leave this item out, or speak it again.")
    write_audio(normalise_loudness(resample(audio, rate), _LOUDNESS), path)


def _fingerprint(clips: Path, names: list[str]) -> str:
    digest = hashlib.sha256()
    for name in names:
        digest.update(name.encode() + (clips / name).read_bytes())
    return digest.hexdigest()[:16]


def _write(path: Path, text: str) -> None:
    with open(path, "x", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
