"""The MOS proxies are the packages' own figures, and nothing of a clip goes unheard."""

from __future__ import annotations

import sys
from types import ModuleType

import numpy as np
import pytest
from speechmos import dnsmos as reference

from eval.errors import ModelError
from eval.speech import PROXY_WARNING, proxies
from eval.speech.clips import UndefinedForItemError
from eval.speech.proxies import distillmos, dnsmos
from lookaloud.ground.errors import MissingExtraError

RATE = 16_000


def noise(seconds: float, seed: int = 0) -> np.ndarray:
    generator = np.random.default_rng(seed)
    return np.clip(0.1 * generator.standard_normal(round(seconds * RATE)), -1, 1).astype(np.float32)


class Recorder:
    """Stands for speechmos: says how loud what it hears is, and remembers how long that is."""

    def __init__(self) -> None:
        self.lengths: list[int] = []

    def run(self, samples: np.ndarray, rate: int) -> dict[str, float]:
        assert rate == RATE
        self.lengths.append(len(samples))
        level = float(np.abs(samples).mean())
        return {f"{name}_mos": level for name in ("sig", "bak", "ovrl", "p808")}


@pytest.mark.parametrize("seconds", [0.6, 4.0])
def test_dnsmos_is_speechmos(seconds: float) -> None:
    samples = noise(seconds)
    found, expected = dnsmos(samples), reference.run(samples, RATE)
    assert found.sig == pytest.approx(float(expected["sig_mos"]))
    assert found.bak == pytest.approx(float(expected["bak_mos"]))
    assert found.ovrl == pytest.approx(float(expected["ovrl_mos"]))
    assert found.p808 == pytest.approx(float(expected["p808_mos"]))
    assert found == dnsmos(samples)


@pytest.mark.parametrize(
    ("seconds", "windows"), [(9.01, [9.01]), (9.5, [9.5, 9.01]), (19.5, [19.5, 9.01]), (11.9, [11.9, 9.01])]
)
def test_dnsmos_hears_the_end_of_long_speech(
    monkeypatch: pytest.MonkeyPatch, seconds: float, windows: list[float]
) -> None:
    recorder = Recorder()
    monkeypatch.setattr(reference, "run", recorder.run)
    dnsmos(noise(seconds))
    assert recorder.lengths == [int(one * RATE) for one in windows]


def test_the_last_window_weighs_as_much_as_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    # 11.9 s: speechmos hears windows at 0, 1 and (11 - 9.01 = 1.99) no other; ours adds the one that ends the clip.
    values = iter(
        [
            {f"{n}_mos": 1.0 for n in ("sig", "bak", "ovrl", "p808")},
            {f"{n}_mos": 4.0 for n in ("sig", "bak", "ovrl", "p808")},
        ]
    )
    monkeypatch.setattr(reference, "run", lambda samples, rate: next(values))
    assert dnsmos(noise(11.9)).ovrl == pytest.approx((1.0 + 1.0 + 4.0) / 3)


def test_a_click_is_too_short() -> None:
    for measure in (dnsmos, distillmos):
        with pytest.raises(UndefinedForItemError, match=r"0\.20 seconds"):
            measure(noise(0.2))


@pytest.mark.usefixtures("one_thread")
def test_distillmos_is_its_package(capsys: pytest.CaptureFixture[str]) -> None:
    import torch
    from distillmos import ConvTransformerSQAModel

    proxies._load_distillmos.cache_clear()
    samples = noise(8.0)
    found = distillmos(samples)
    assert capsys.readouterr().out == ""  # the package prints where its weights lie
    with torch.inference_mode():
        expected = float(ConvTransformerSQAModel().eval()(torch.from_numpy(samples)[None]))
    assert found == pytest.approx(expected)
    assert 1.0 <= found <= 5.0
    assert distillmos(samples) == found
    assert distillmos(0.5 * samples) == pytest.approx(found, abs=1e-3)


def test_missing_packages_have_the_pip_line(monkeypatch: pytest.MonkeyPatch) -> None:
    proxies._load_distillmos.cache_clear()
    monkeypatch.setitem(sys.modules, "speechmos", None)
    monkeypatch.setitem(sys.modules, "distillmos", None)
    with pytest.raises(MissingExtraError, match=r'pip install "lookaloud\[eval\]"'):
        dnsmos(noise(1))
    with pytest.raises(MissingExtraError, match=r'pip install "lookaloud\[mos\]"'):
        distillmos(noise(1))


def test_weights_that_cannot_be_read_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise RuntimeError("bad file\nmore")

    broken = ModuleType("distillmos")
    broken.ConvTransformerSQAModel = refuse  # type: ignore[attr-defined]
    proxies._load_distillmos.cache_clear()
    monkeypatch.setitem(sys.modules, "distillmos", broken)
    with pytest.raises(ModelError, match=r"\(bad file\)"):
        distillmos(noise(1))
    proxies._load_distillmos.cache_clear()


def test_the_warning_says_what_they_are() -> None:
    assert "proxies, not listeners" in PROXY_WARNING
    assert "mos-test" in PROXY_WARNING
