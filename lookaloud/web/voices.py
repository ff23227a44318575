"""The voices that a client may choose: those of the table that are on this computer, each loaded once."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from speech.errors import UnknownVoiceError

if TYPE_CHECKING:
    from speech import Voice


class Voices:
    """Voices by name.

    A client chooses by the names in `speech.list_voices()` only, and not by a file or a model of a hub as on the
    command line: nothing that a client names is opened or downloaded.

    Args:
        usual: the voice of whoever does not choose; None for the first of the table.
    """

    def __init__(self, usual: Voice | None) -> None:
        self._usual = usual
        self._loaded: dict[str, Voice] = {} if usual is None else {usual.name: usual}
        self._lock = threading.Lock()

    @property
    def usual_name(self) -> str:
        """The name of the voice of whoever does not choose."""
        from speech import list_voices

        return list_voices()[0].name if self._usual is None else self._usual.name

    def names(self) -> tuple[str, ...]:
        """Return the voices that can be chosen now, the usual one first."""
        from speech import list_voices

        return tuple(dict.fromkeys([self.usual_name, *(spec.name for spec in list_voices() if spec.installed())]))

    def get(self, name: str | None = None) -> Voice:
        """Return the voice of that name, loaded at its first use; the usual one for None. Takes a while then.

        Raises:
            UnknownVoiceError: it cannot be chosen; the message lists those that can.
            SpeechError: it cannot be loaded.
        """
        from speech import load_voice

        name = name or self.usual_name
        if name in self._loaded:
            return self._loaded[name]
        if name not in self.names():
            known = ", ".join(self.names())
            raise UnknownVoiceError(f"There is no voice {name[:40]!r} on this server; choose one of: {known}.")
        with self._lock:
            if name not in self._loaded:
                self._loaded[name] = load_voice(name, local_only=True)
            return self._loaded[name]
