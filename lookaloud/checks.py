"""What `lookaloud doctor` looks at: does everything that the main job needs exist, and does it work?"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from importlib.util import find_spec
from time import perf_counter
from typing import TYPE_CHECKING

from captioner.errors import CaptionerError
from lookaloud.errors import LookaloudError
from lookaloud.failures import explain
from lookaloud.ground.errors import MissingExtraError
from lookaloud.outputs import FORMATS
from lookaloud.player import find_player
from speech.errors import SpeechError

if TYPE_CHECKING:
    from packaging.requirements import Requirement

DISTRIBUTION = "lookaloud"

# What a broken installation raises: our errors, and a library that is missing, damaged or made for another system.
_OURS = (CaptionerError, SpeechError, LookaloudError, MissingExtraError)
_BROKEN = (*_OURS, ImportError, OSError, RuntimeError, ValueError, MemoryError)


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: what it is.
        works: it is there and works.
        needed: the light installation cannot do its job without it.
        found: what was found, and what to do when it does not work; a phrase without a full stop.
    """

    name: str
    works: bool
    needed: bool
    found: str


def run_checks() -> Iterator[Check]:
    """Yield every check, each when it is done; the order is from the ground up.

    >>> [check.name for check in run_checks() if check.needed and not check.works]  # doctest: +SKIP
    []
    """
    yield Check("Python", True, True, f"{platform.python_version()} on {platform.platform()}")
    requirements = _requirements()
    yield from (_package(requirement) for requirement in requirements if _applies(requirement, ""))
    yield _attempt("Captioner", _captions)
    yield _attempt("Voice", _speaks)
    yield from (_attempt(f"Format {name}", partial(_encodes, name), needed=name == "wav") for name in FORMATS)
    yield _attempt("Sound player", lambda: find_player()[0], needed=False)
    yield _attempt("Text reader", _reads, needed=False)
    heif = "pillow-heif" if find_spec("pillow_heif") is not None else "pi-heif"  # one of them is enough
    yield _plug_in("HEIC pictures", heif.replace("-", "_"), heif)
    for extra in metadata.metadata(DISTRIBUTION).get_all("Provides-Extra") or []:
        yield _extra(extra, requirements)


def _attempt(name: str, action: Callable[[], str], *, needed: bool = True) -> Check:
    try:
        return Check(name, True, needed, action())
    except _BROKEN as error:
        known = isinstance(error, _OURS)
        found = explain(error).sentence if known else f"{type(error).__name__}: {error}"
        return Check(name, False, needed, found.rstrip("."))


def _captions() -> str:
    from PIL import Image

    from captioner import load_captioner

    started = perf_counter()
    captioner = load_captioner(local_only=True)
    captioner.caption(Image.new("RGB", (64, 64), "grey"))
    return f"{captioner.name} loaded and described a test picture in {perf_counter() - started:.1f} seconds"


def _speaks() -> str:
    from speech import load_voice

    started = perf_counter()
    voice = load_voice(local_only=True)
    audio = voice.speak("Lookaloud works.")
    if not audio.samples.any():
        raise RuntimeError(f"the voice {voice.name} made only silence")
    return f"{voice.name} loaded and spoke a test sentence in {perf_counter() - started:.1f} seconds"


def _reads() -> str:
    from PIL import Image, ImageDraw, ImageFont

    from captioner.reading import load_text_reader

    started = perf_counter()
    sign = Image.new("RGB", (320, 120), "white")
    ImageDraw.Draw(sign).text((160, 60), "Lookaloud", fill="black", font=ImageFont.load_default(48), anchor="mm")
    found = [line.text for line in load_text_reader().read(sign)]
    if found != ["Lookaloud"]:
        raise RuntimeError(f"a test sign that says Lookaloud was read as {found}")
    return f"loaded and read a test sign in {perf_counter() - started:.1f} seconds"


def _encodes(format_name: str) -> str:
    import numpy as np

    from speech import Audio
    from speech.audio import encode_audio

    tone = (np.sin(np.arange(4800) / 10) / 2).astype(np.float32)
    return f"can be written ({len(encode_audio(Audio(tone, 24_000), format_name))} bytes for a test tone)"


def _plug_in(name: str, module: str, package: str) -> Check:
    if find_spec(module) is not None:
        return Check(name, True, False, f"{package} is installed")
    return Check(name, False, False, f"{package} is not installed. To open them: pip install {package}")


def _requirements() -> list[Requirement]:
    from packaging.requirements import Requirement

    return [Requirement(line) for line in metadata.requires(DISTRIBUTION) or []]


def _applies(requirement: Requirement, extra: str) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": extra})


def _package(requirement: Requirement) -> Check:
    fix = f'pip install "{requirement.name}{requirement.specifier}"'
    try:
        version = metadata.version(requirement.name)
    except metadata.PackageNotFoundError:
        return Check(requirement.name, False, True, f"missing. To install it: {fix}")
    if not requirement.specifier.contains(version, prereleases=True):
        found = f"{version} is here, {requirement.specifier} is needed. To change it: {fix}"
        return Check(requirement.name, False, True, found)
    return Check(requirement.name, True, True, version)


def _extra(extra: str, requirements: list[Requirement]) -> Check:
    unfit = [check.name for check in map(_package, _packages_of(extra, requirements)) if not check.works]
    if unfit:
        found = f'missing {", ".join(unfit)}. To install it: pip install "{DISTRIBUTION}[{extra}]"'
        return Check(f"Extra {extra}", False, False, found)
    return Check(f"Extra {extra}", True, False, "installed")


def _packages_of(extra: str, requirements: list[Requirement]) -> list[Requirement]:
    """Return what an extra asks for beyond the light installation; it may consist of others, as lookaloud[train]."""
    packages: list[Requirement] = []
    for requirement in requirements:
        if _applies(requirement, "") or not _applies(requirement, extra):
            continue
        if requirement.name == DISTRIBUTION:
            for other in sorted(requirement.extras):
                packages.extend(_packages_of(other, requirements))
        else:
            packages.append(requirement)
    return packages
