"""What is written for eyes and not for ears: Markdown, HTML, list marks, quotes and dashes."""

from __future__ import annotations

import html
import re

_LINE_MARK = re.compile(r"^\s*(?:(?:#{1,6}|[-*+>–—])\s+|[•‣⁃▪▫●○◦◆■►]\s*)+")
_PASSES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), reading)
    for pattern, reading in (
        (r"!?\[([^\]\n]{0,400})\]\([^)\s]{0,400}\)", r"\1"),
        (r"</?[A-Za-z][A-Za-z0-9-]{0,20}(?:[ =/][^<>\n]{0,400})?>", " "),
        (r"^\s*={2,}([^=\n]+)={2,}\s*$|(?<!=)={2,6}(?=\w)([^=\n]{1,200})={2,6}", r" \1\2 "),
        (r"(?<!\d)\*+|\*+(?!\d)|`{2,}|(?<!\w)`|`(?!\w)|(?<!\w)_+(?=\w)|(?<=[^\W_])_+(?!\w)|~~|={3,}", " "),
        (r"[\[{]", "("),  # square brackets before round ones are commands to some voices
        (r"[\]}]", ")"),
        (r"[`´ʼ‛]", "'"),
        (r"[«„‟]", "“"),
        (r"»", "”"),
        (r"(?<=\s)(?:--?-?|–)(?=\s)(?!\s\d)|--+|―", "—"),
        (r"\.{4,}", "..."),
        (r"([!?])[!?]{2,}", r"\1"),
    )
)


def plain_lines(text: str) -> list[str]:
    """Return the lines without list marks and markup; a line that begins in lower case is joined to the one before.

    >>> plain_lines("# **Title**\\n- one &amp; two\\nand more")
    ['Title', 'one & two and more']
    """
    lines: list[str] = []
    for raw in html.unescape(text).split("\n") if "&" in text else text.split("\n"):
        line = _LINE_MARK.sub("", raw)
        line = re.sub(r"^(\d+)[.)] ", r"\1, ", line)
        if lines and lines[-1] and line == raw and line[:1].islower():
            lines[-1] += " " + line
        else:
            lines.append(line)
    return [_without_markup(line).strip() for line in lines]


def _without_markup(line: str) -> str:
    for pattern, reading in _PASSES:
        line = pattern.sub(reading, line)
    return line
