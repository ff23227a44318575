"""docs/caption-metrics.md says what the table of metrics says. Run as a program, this file writes it anew."""

from __future__ import annotations

import re
from pathlib import Path

from eval.captions import list_metrics
from eval.captions.spice import SPICE_WARNING

PAGE = Path(__file__).parents[1] / "docs" / "caption-metrics.md"
_BETTER = {"higher": "higher is better", "lower": "lower is better", "neither": "describes only"}
_START, _END = "<!-- metrics -->\n", "<!-- end of metrics -->"


def _cells(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def render() -> str:
    head = ("name", "what", "range", "direction", "needs", "install", "source", "limits")
    lines = [_cells(*head), _cells(*["---"] * len(head))]
    for one in list_metrics():
        about = f"{one.title}: {one.about}"
        needs, extra = ", ".join(one.needs) or "nothing else", f"[{one.extra}]" if one.extra else "nothing"
        cells = (about, one.unit, _BETTER[one.direction], needs, extra, one.source, one.limits)
        lines.append(_cells(f"`{one.name}`", *cells))
    return "\n".join(lines) + "\n"


def filled(page: str) -> str:
    before, start, rest = page.partition(_START)
    _, end, after = rest.partition(_END)
    assert start, f"{PAGE} has no {_START.strip()}"
    assert end, f"{PAGE} has no {_END}"
    return f"{before}{start}{render()}{end}{after}"


def test_the_page_says_what_the_table_says() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == filled(page), "Run: python tests/test_eval_captions_docs.py"
    assert SPICE_WARNING in page.replace("\n", " ")


def test_the_page_s_example_runs() -> None:
    found = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    code = found[1].replace("print(", "lines.append((").replace("signature)", "signature))")
    lines: list[tuple[str, float, str]] = []
    exec(code, {"lines": lines})  # our own page
    assert [name for name, _, _ in lines] == ["bleu4", "rouge_l", "cider_d", "length"]


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
