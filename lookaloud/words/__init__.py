"""Every sentence about a picture, and every string of the page: one file for each language.

What captioners write is English in every language: a `Told` knows which of its pieces are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from lookaloud.words.text import Told, fill, possible

if TYPE_CHECKING:
    from captioner.findings.caption import Caption

LANGUAGES = ("en", "de")
"""BCP 47 tags of the languages that have a file."""


@dataclass(frozen=True)
class Words:
    """The words of one language: what its file has in capitals.

    Attributes:
        language: one of `LANGUAGES`.
        kinds: what is said in place of a caption, by `captioner.findings.caption.KINDS`.
        scripts: letters that cannot be read, by `captioner.scripts.SCRIPTS`.
        sentences: templates of what is said about captions and about text in pictures.
        findings: make the sentence of each finding that has one, by name, in the order in which they are said.
        page: the strings of the page; names that begin with `say_` are what its script says, too.
        voice: an example of a voice that speaks the language.
    """

    language: str
    kinds: Mapping[str, str]
    scripts: Mapping[str, str]
    sentences: Mapping[str, str]
    findings: Mapping[str, Callable[[Any], str]]
    page: Mapping[str, str]
    voice: str

    def say(self, name: str, **values: str) -> Told:
        """Return one of `sentences` with its places filled.

        >>> load_words("en").say("page", text="Chapter one.")
        'It says: Chapter one.'
        """
        return fill(self.language, self.sentences[name], **values)

    def kind(self, kind: str) -> Told:
        """Return what is said of a picture of that kind in place of a caption."""
        return Told((self.language, self.kinds[kind]))

    def caption(self, caption: Caption) -> Told:
        """Return a caption in words: as a possibility if it is uncertain; if there is none, what the picture is."""
        if not caption.is_photo:
            return self.kind(caption.kind)
        return possible(self.language, self.sentences["possibly"], caption)

    @property
    def script(self) -> dict[str, str]:
        """The part of `page` that its script says, without the prefix of its names."""
        return {name.removeprefix("say_"): words for name, words in self.page.items() if name.startswith("say_")}


def language_of(tag: str | None) -> str:
    """Return the language that is told to somebody who asks for `tag`: its own if it has a file, or else English.

    >>> language_of("de-AT"), language_of("fr"), language_of(None)
    ('de', 'en', 'en')
    """
    primary = (tag or "en").replace("_", "-").split("-")[0].lower()
    return primary if primary in LANGUAGES else "en"


@lru_cache
def load_words(language: str = "en") -> Words:
    """Return the words of a language.

    Args:
        language: one of `LANGUAGES`.

    Raises:
        ValueError: it has no file.

    >>> load_words("de").kinds["blank"]
    'Das Bild ist leer.'
    """
    if language not in LANGUAGES:
        raise ValueError(f"There are no words in the language {language!r}; the languages are: {', '.join(LANGUAGES)}.")
    file = import_module(f"lookaloud.words.{language}")
    return Words(
        language, file.KINDS, file.SCRIPTS, file.SENTENCES, file.FINDINGS, file.PAGE, file.VOICE
    )  # fmt: skip
