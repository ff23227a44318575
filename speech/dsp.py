"""Signal processing on arrays, with numpy only: sample rate, loudness, limiter, trimming. Users call `speech.audio`."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]
Reals = npt.NDArray[np.float64]

_ZERO_CROSSINGS = 64  # each side of the resampling filter: flat to 0.91 of the lower Nyquist frequency
_KAISER_BETA = 9.0  # stop band near -90 dB
_ROWS = 4096  # output samples resampled at once, to bound memory


def change_rate(samples: Samples, from_hz: int, to_hz: int) -> Samples:
    """Return ceil(n * to_hz / from_hz) band-limited samples at `to_hz`.

    A Kaiser-windowed sinc in polyphase form (J. O. Smith, "Digital Audio Resampling", 2002). The transition band
    lies below the lower of the two Nyquist frequencies, so there is no aliasing.
    """
    divisor = math.gcd(from_hz, to_hz)
    up, down = to_hz // divisor, from_hz // divisor
    n_out = -(-len(samples) * up // down)
    if up == down or n_out == 0:
        return np.array(samples, np.float32)
    stretch = max(1.0, down / up)
    half = math.ceil(_ZERO_CROSSINGS * stretch)
    # Kaiser's estimate: width of the transition band, in Nyquist frequencies, from attenuation and length.
    cutoff = (1.0 - 82.0 / (2.285 * math.pi * 2 * _ZERO_CROSSINGS) / 2) / stretch
    n_phases = min(up, n_out)
    offset = (np.arange(n_phases) * down % up / up)[:, None] - np.arange(1 - half, half + 1)
    window = np.i0(_KAISER_BETA * np.sqrt(np.clip(1.0 - (offset / half) ** 2, 0.0, 1.0)))
    filters = np.sinc(cutoff * offset) * window
    filters = (filters / filters.sum(axis=1, keepdims=True)).astype(np.float32)  # unit gain at 0 Hz in every phase
    padded = np.pad(samples, (half - 1, half + 1))
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * half)
    out = np.empty(n_out, np.float32)
    for start in range(0, n_out, _ROWS):
        index = np.arange(start, min(start + _ROWS, n_out))
        out[index] = np.einsum("ij,ij->i", windows[index * down // up], filters[index % up])
    return out


def integrated_loudness(samples: Samples, sample_rate: int) -> float:
    """Return the loudness in LUFS of one channel, -inf for silence: ITU-R BS.1770-4, K-weighting and both gates.

    A sound shorter than one 400 ms block, of which the standard says nothing, is the only block.
    """
    powers = _block_powers(samples, sample_rate)
    powers = powers[powers > 10 ** ((-70.0 + 0.691) / 10)]
    if powers.size == 0:
        return -math.inf
    powers = powers[powers > powers.mean() / 10]  # relative gate: 10 LU below the mean of the others
    return float(-0.691 + 10 * np.log10(powers.mean()))


def _block_powers(samples: Samples, sample_rate: int) -> Reals:
    """Return the mean squares of K-weighted 400 ms blocks that overlap by 75 %."""
    hop = round(sample_rate / 10)
    history = sample_rate // 4  # the high-pass at 38 Hz has died out (below -400 dB) after a quarter of a second
    n_hops = len(samples) // hop
    if n_hops < 4:
        n_hops, hop = 1, len(samples)
        if hop == 0:
            return np.zeros(0)
    size = 1 << (history + min(n_hops * hop, 1 << 18)).bit_length()
    step = min((size - history) // hop, n_hops)
    response = _k_weighting(size, sample_rate)
    padded = np.concatenate([np.zeros(history), samples[: n_hops * hop]])
    sums = []
    for first in range(0, n_hops, step):  # overlap-save: a few long transforms
        block = padded[first * hop : history + (first + step) * hop]
        weighted = np.fft.irfft(np.fft.rfft(block, size) * response, size)[history : len(block)]
        sums.append(np.square(weighted).reshape(-1, hop).sum(axis=1))
    energy = np.concatenate(sums)
    if len(energy) < 4:
        return energy / hop
    powers: Reals = np.lib.stride_tricks.sliding_window_view(energy, 4).sum(axis=1) / (4 * hop)
    return powers


def _k_weighting(size: int, sample_rate: int) -> npt.NDArray[np.complex128]:
    """Return the frequency response of the two K-weighting filters.

    BS.1770 has coefficients for 48 kHz only. The analogue parameters, for any rate, are those of libebur128 (and of
    B. De Man, "Evaluation of implementations of the EBU R128 loudness measurement", 2018).
    """
    z1 = np.exp(-2j * np.pi * np.arange(size // 2 + 1) / size)
    k = math.tan(math.pi * 1681.974450955533 / sample_rate)
    q, high = 0.7071752369554196, 10 ** (3.999843853973347 / 20)
    band = high**0.4996667741545416
    scale = 1 + k / q + k * k
    shelf = (high + band * k / q + k * k) + 2 * (k * k - high) * z1 + (high - band * k / q + k * k) * z1**2
    shelf = shelf / (scale + 2 * (k * k - 1) * z1 + (1 - k / q + k * k) * z1**2)
    k = math.tan(math.pi * 38.13547087602444 / sample_rate)
    q = 0.5003270373238773
    scale = 1 + k / q + k * k
    high_pass = (1 - z1) ** 2 / (1 + 2 * (k * k - 1) / scale * z1 + (1 - k / q + k * k) / scale * z1**2)
    return np.asarray(shelf * high_pass)


def limit(samples: Samples, ceiling: float, sample_rate: int) -> Samples:
    """Return the samples with no magnitude above `ceiling`: a look-ahead limiter turns down 10 ms around each peak.

    The gain that each sample needs is held (running minimum over +-10 ms), then smoothed by a window of the same
    width, so it is smooth and never above what a sample needs.
    """
    magnitude = np.abs(samples)
    if magnitude.max(initial=0.0) <= ceiling:
        return samples
    half = max(1, sample_rate // 100)
    peaks = np.maximum(magnitude.astype(np.float64), ceiling)
    needed = np.where(peaks > ceiling, ceiling * (1 - 1e-6) / peaks, 1.0)  # slightly less: float32 may round up
    held = np.pad(needed, 2 * half, constant_values=1.0)
    width, span = 2 * half + 1, 1
    while 2 * span <= width:
        held = np.minimum(held[:-span], held[span:])
        span *= 2
    if span < width:
        held = np.minimum(held[: span - width], held[width - span :])
    for _ in range(2):  # two moving averages of half the width make one triangular window
        total = np.concatenate([[0.0], np.cumsum(held)])
        held = (total[half + 1 :] - total[: -half - 1]) / (half + 1)
    return np.asarray(samples * held, dtype=np.float32)


def trim(samples: Samples, sample_rate: int) -> Samples:
    """Return the samples without the silence around them, edges faded; none if all is silence.

    Silence is 50 dB below the loudest 10 ms. 30 ms before and 60 ms after the sound are kept for soft consonants.
    """
    frame = max(1, sample_rate // 100)
    n_frames = -(-len(samples) // frame)
    padded = np.pad(samples.astype(np.float64), (0, n_frames * frame - len(samples)))
    power = np.square(padded).reshape(n_frames, frame).mean(axis=1)
    loud = np.flatnonzero(power > max(power.max(initial=0.0) * 1e-5, 1e-12))
    if loud.size == 0:
        return np.zeros(0, np.float32)
    kept: Samples = samples[max(0, loud[0] - 3) * frame : (loud[-1] + 7) * frame].copy()
    n_fade = min(sample_rate // 200, len(kept) // 2)
    ramp = (0.5 - 0.5 * np.cos(np.pi * (np.arange(n_fade) + 0.5) / max(1, n_fade))).astype(np.float32)
    kept[:n_fade] *= ramp
    kept[len(kept) - n_fade :] *= ramp[::-1]
    return kept
