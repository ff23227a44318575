"""What networks believe that listeners would say. Proxies, not listeners: see `PROXY_WARNING`."""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eval.errors import ModelError
from eval.speech.clips import ANALYSIS_RATE, UndefinedForItemError
from lookaloud.ground.extras import needing

PROXY_WARNING = (
    "DNSMOS and Distill-MOS are proxies, not listeners: networks that guess what people would say of a recording. "
    "DNSMOS learned from noisy and denoised speech, not from synthetic speech. Use them to find faults and to follow "
    "one system over time. Before you say that one voice sounds better than another, run a listening test (mos-test)."
)
DNSMOS_SECONDS = 9.01
_SHORTEST_SECONDS = 0.25  # of speech: less is a click, and repeating it 36 times makes a buzz


@dataclass(frozen=True)
class Dnsmos:
    """DNSMOS of one clip, each from 1 to 5, higher is better.

    Attributes:
        sig: quality of the speech itself (P.835).
        bak: how little the background disturbs (P.835).
        ovrl: overall quality (P.835).
        p808: overall quality as P.808 asks for it, by a network of its own.
    """

    sig: float
    bak: float
    ovrl: float
    p808: float


def dnsmos(samples: NDArray[np.float32]) -> Dnsmos:
    """Return what DNSMOS says of speech at 16 kHz, shape (n,), in [-1, 1].

    C. Reddy et al., "DNSMOS P.835", 2022, and "DNSMOS", 2021, with the networks and the code of the package speechmos.
    They hear 9.01 seconds: shorter speech is repeated until it is that long, longer speech is heard in windows that
    begin every second, and figures are means over the windows. The reference code never hears the end of long speech,
    up to two seconds; here one more window ends where the speech ends. Up to 9.01 seconds the figures are speechmos's.

    Raises:
        UndefinedForItemError: less than 0.25 seconds.
        MissingExtraError: the [eval] extra is not installed.
    """
    with needing("DNSMOS", extra="eval"):
        from speechmos import dnsmos as package  # type: ignore[import-untyped]
    _check_length(samples)
    sounds = [samples]
    weights = [1]
    window = int(DNSMOS_SECONDS * ANALYSIS_RATE)
    if len(samples) > window:
        weights = [int(len(samples) // ANALYSIS_RATE - DNSMOS_SECONDS) + 1, 1]  # speechmos's windows, and the last
        sounds.append(samples[-window:])
    found = [package.run(sound, ANALYSIS_RATE) for sound in sounds]
    means = (
        float(np.average([float(one[f"{name}_mos"]) for one in found], weights=weights))
        for name in ("sig", "bak", "ovrl", "p808")
    )
    return Dnsmos(*means)


def distillmos(samples: NDArray[np.float32]) -> float:
    """Return what Distill-MOS says of speech at 16 kHz, shape (n,), in [-1, 1]: 1 to 5, higher is better.

    B. Stahl and H. Gamper, "Distillation and Pruning for Scalable Self-Supervised Representation-Based Speech Quality
    Assessment", 2025, with the network and the weights of the package distillmos. It hears 7.68 seconds: shorter speech
    is followed by silence, longer speech is heard in windows spread evenly from the beginning to the very end, at most
    a second apart. Every window is scaled to its loudest sample, so the gain does not matter.

    Raises:
        UndefinedForItemError: less than 0.25 seconds.
        ModelError: the weights cannot be loaded.
        MissingExtraError: the [mos] extra is not installed.
    """
    _check_length(samples)
    network = _load_distillmos()
    import torch

    with torch.inference_mode():
        return float(network(torch.from_numpy(samples.copy())[None]))


def _check_length(samples: NDArray[np.float32]) -> None:
    seconds = len(samples) / ANALYSIS_RATE
    if seconds < _SHORTEST_SECONDS:
        raise UndefinedForItemError(f"it speaks for {seconds:.2f} seconds, and {_SHORTEST_SECONDS} are needed")


@lru_cache(maxsize=1)
def _load_distillmos() -> Any:
    with needing("Distill-MOS", extra="mos", note=", with a torchaudio that fits the installed torch"):
        from distillmos import ConvTransformerSQAModel  # type: ignore[import-untyped]
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # it prints where its weights lie
            return ConvTransformerSQAModel().eval()
    except (OSError, RuntimeError) as error:
        reason = str(error).partition("\n")[0]
        raise ModelError(
            f"The weights of Distill-MOS cannot be loaded ({reason}); install distillmos again."
        ) from error
