"""docs/speech-metrics.md says what the table of metrics says. Run as a program, this file writes it anew."""

from __future__ import annotations

from pathlib import Path

from eval.speech import PROXY_WARNING, list_speech_metrics

PAGE = Path(__file__).parents[1] / "docs" / "speech-metrics.md"
_BETTER = {"higher": "higher is better", "lower": "lower is better", "neither": "describes only"}


def _cells(*cells: object) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def render_metrics() -> str:
    lines = [
        _cells(
            "name",
            "what",
            "unit",
            "direction",
            "needs",
            "made for",
            "length of speech",
            "listens at",
            "install",
            "licence",
        ),
        _cells(*["---"] * 10),
    ]
    for one in list_speech_metrics():
        rate = "its own rate" if one.sample_rate is None else f"{one.sample_rate // 1000} kHz"
        extra = f"[{one.extra}]" if one.extra else "nothing"
        cells = (
            f"`{one.name}`",
            one.title,
            one.unit,
            _BETTER[one.direction],
            ", ".join(one.needs) or "audio",
            one.about,
        )
        lines.append(_cells(*cells, one.limits, rate, extra, one.licence))
    return "\n".join(lines)


def render_tolerances() -> str:
    def told(tolerance: float | None) -> str:
        return "by design" if tolerance is None else f"{tolerance:g}"

    lines = [_cells("name", "unit", "silence added", "sample rate changed", "6 dB quieter"), _cells(*["---"] * 5)]
    for one in list_speech_metrics():
        moves = (one.tolerances.silence, one.tolerances.rate, one.tolerances.gain)
        lines.append(_cells(f"`{one.name}`", one.unit, *map(told, moves)))
    return "\n".join(lines)


BLOCKS = {"metrics": render_metrics, "tolerances": render_tolerances, "warning": lambda: f"**{PROXY_WARNING}**"}


def filled(page: str) -> str:
    for name, render in BLOCKS.items():
        start, end = f"<!-- {name} -->\n", f"\n<!-- end of {name} -->"
        before, found, rest = page.partition(start)
        _, found_end, after = rest.partition(end)
        assert found, f"{PAGE} has no {start.strip()}"
        assert found_end, f"{PAGE} has no {end.strip()}"
        page = f"{before}{start}{render()}{end}{after}"
    return page


def test_the_page_says_what_the_table_says() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == filled(page), "Run: python tests/test_eval_speech_docs.py"


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
