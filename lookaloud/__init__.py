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
    from captioner.picture import Picture as Picture
    from lookaloud.describe.description import Description as Description
    from lookaloud.describe.narrator import Narrator as Narrator
    from lookaloud.describe.narrator import load_narrator as load_narrator

    __version__: str

_MODULES = {
    "Description": "lookaloud.describe.description",
    "Narrator": "lookaloud.describe.narrator",
    "Picture": "captioner.picture",
    "load_narrator": "lookaloud.describe.narrator",
}

__all__ = ["Description", "Narrator", "Picture", "__version__", "load_narrator"]


def __getattr__(name: str) -> object:
    if name == "__version__":
        return import_module("importlib.metadata").version("lookaloud")
    if name in _MODULES:
        return getattr(import_module(_MODULES[name]), name)
    raise AttributeError(f"module 'lookaloud' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
