"""The captioners by name: one table, one lookup, nothing imported before it is needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from captioner.captioner import Backend, Captioner
from captioner.errors import UnknownCaptionerError


@dataclass(frozen=True)
class CaptionerSpec:
    """What is known of a captioner before it is loaded.

    Attributes:
        name: what `load_captioner` takes.
        description: one sentence for people.
        source: where its weights come from.
        licence: what its weights may be used for.
        size_mb: size of its weights on disk, in 10^6 bytes.
        extra: the extra of Lookaloud that it needs, or None.
        packages: import names that have to be there.
        load: makes its backend: load(device=..., dtype=..., local_only=...).
    """

    name: str
    description: str
    source: str
    licence: str
    size_mb: float
    extra: str | None
    packages: tuple[str, ...]
    load: Callable[..., Backend]

    def installed(self) -> bool:
        """Whether it can be loaded now, without a download or another installation."""
        return all(find_spec(package) is not None for package in self.packages)


def _load_compact(*, device: str, dtype: str, local_only: bool) -> Backend:
    # The built-in captioner has one way to run: float32 on the CPU, from files that are here.
    from captioner.backends.compact import CompactBackend

    return CompactBackend()


_CAPTIONERS = (
    CaptionerSpec(
        name="compact",
        description="The built-in captioner: EfficientNet-Lite2 and a small GPT-2-style decoder.",
        source="in the package",
        licence="code Apache-2.0; weights from Flickr8k, Flickr30k and COCO: non-commercial research and education",
        size_mb=34.5,
        extra=None,
        packages=("onnxruntime", "tokenizers"),
        load=_load_compact,
    ),
)


def list_captioners() -> tuple[CaptionerSpec, ...]:
    """Every captioner that `load_captioner` knows by name, the default first."""
    return _CAPTIONERS


def load_captioner(
    name: str = "compact", *, device: str = "auto", dtype: str = "auto", local_only: bool = False
) -> Captioner:
    """The captioner of that name, or of a folder that `lookaloud train --export` wrote, ready to use.

    Args:
        name: one of `list_captioners()`, or the path of a folder with a captioner's files.
        device: "auto", "cpu" or another that the captioner knows; the built-in one always runs on the CPU.
        dtype: "auto" or a precision that the captioner knows; the built-in one always computes in float32.
        local_only: never download; the built-in one never does.

    Raises:
        UnknownCaptionerError: no captioner has that name; the message lists them.
        WeightsError: its files are missing or damaged.

    Example:
        >>> load_captioner().name  # doctest: +SKIP
        'compact'
    """
    for spec in _CAPTIONERS:
        if spec.name == name:
            return Captioner(spec.load(device=device, dtype=dtype, local_only=local_only))
    folder = Path(name)
    if folder.is_dir():
        from captioner.backends.compact import CompactBackend

        return Captioner(CompactBackend(folder))
    names = ", ".join(spec.name for spec in _CAPTIONERS)
    raise UnknownCaptionerError(f"There is no captioner called {name!r}. Choose one of: {names}, or name a folder.")
