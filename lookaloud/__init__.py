"""Lookaloud: looks at a picture and tells you, aloud, what is in it.

>>> import lookaloud
>>> narrator = lookaloud.load_narrator()               # doctest: +SKIP
>>> print(narrator.narrate("dog.jpg").caption.text)    # doctest: +SKIP
A dog runs across a field.

The names below are imported when they are first used, so that `import lookaloud` stays light.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lookaloud.pipeline import Narration as Narration
    from lookaloud.pipeline import NarrationFailure as NarrationFailure
    from lookaloud.pipeline import Narrator as Narrator
    from lookaloud.pipeline import Picture as Picture
    from lookaloud.pipeline import load_narrator as load_narrator

    __version__: str

_PIPELINE_NAMES = ("Narration", "NarrationFailure", "Narrator", "Picture", "load_narrator")

__all__ = ["Narration", "NarrationFailure", "Narrator", "Picture", "__version__", "load_narrator"]


def __getattr__(name: str) -> object:
    if name == "__version__":
        return import_module("importlib.metadata").version("lookaloud")
    if name in _PIPELINE_NAMES:
        return getattr(import_module("lookaloud.pipeline"), name)
    raise AttributeError(f"module 'lookaloud' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
