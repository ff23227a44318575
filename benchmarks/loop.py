"""How good the built-in models are as text and as heard: the loop of `eval.loop` on a split of Flickr8k.

    python benchmarks/loop.py DATA/flickr8k --split val --work runs/loop --docs docs/evaluation.md

Every picture of the split is captioned as the network writes (no gate, no "Possibly"), spoken, and transcribed by
Whisper tiny.en; captions and transcripts are scored against all captions by people, with 95 % bootstrap intervals
(1000 resamples, seed 0). The built-in captioner saw Flickr8k's train part only. No time is reported here:
`benchmarks/speed.py` measures those, and so this can run on a busy machine. A run that was stopped goes on.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from environment import describe_machine

from eval.data import load_captioned
from eval.loop import score_loop
from eval.report import write_report
from eval.results import Evaluation, save_evaluation
from eval.tables import TRANSCRIPT, evaluation_lines, plain_number, title_of
from lookaloud.evaluation import load_system
from speech.hearing import load_recognizer

BEGIN, END = "<!-- loop table: benchmarks/loop.py -->", "<!-- end of the loop table -->"
SPEECH = ("wer", "cer", "dnsmos_ovrl", "dnsmos_p808", "duration", "speaking_rate")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path, help="folder or file that eval.data.load_captioned reads")
    parser.add_argument("--split", default="val")
    parser.add_argument("--limit", type=int, help="only the first pictures")
    parser.add_argument("--captioner", default="compact")
    parser.add_argument("--voice", default="heart")
    parser.add_argument("--asr", default="tiny")
    parser.add_argument("--speech-metrics", default=",".join(SPEECH))
    parser.add_argument(
        "--work", type=Path, required=True, help="folder for what comes as it goes; a run goes on there"
    )
    parser.add_argument("--out", type=Path, help="write the figures to this JSON file")
    parser.add_argument("--docs", type=Path, help="put the table into this Markdown file")
    args = parser.parse_args()

    items = load_captioned(args.data, split=args.split)[: args.limit]
    found = score_loop(
        items,
        load_system(args.captioner, args.voice),
        load_recognizer(args.asr),
        speech_metrics=args.speech_metrics.split(","),
        out_dir=args.work,
        progress=True,
    )
    save_evaluation(found, args.work)
    print(f"Report: {write_report(found, args.work / 'report.html')}")
    print("\n".join(evaluation_lines(found)))
    figures = figures_of(found, dataset=args.data.name, split=args.split)
    print(markdown(figures))
    if args.out:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if args.docs:
        text = args.docs.read_text(encoding="utf-8")
        args.docs.write_text(with_table(text, markdown(figures)), encoding="utf-8")


def figures_of(found: Evaluation, *, dataset: str, split: str) -> dict[str, Any]:
    """What is published of a run: figures with intervals and signatures, no times."""
    return {
        "dataset": dataset,
        "split": split,
        "pictures": len(found.items),
        "failed": len(found.failed),
        "settings": dict(found.settings),
        "machine": describe_machine(),
        "scores": {
            score.name: {
                "title": title_of(score),
                "value": round(score.value, 3),
                "ci95": None if score.ci95 is None else [round(end, 3) for end in score.ci95],
                "unit": score.unit,
                "signature": score.signature,
            }
            for score in found.scores
            if score.name != "caption_seconds"
        },
        "losses": {
            loss.name: {
                "difference": round(loss.difference, 3),
                "ci95": None if loss.ci95 is None else [round(end, 3) for end in loss.ci95],
                "p_bootstrap": round(loss.p_bootstrap, 4),
                "p_randomisation": round(loss.p_randomisation, 4),
            }
            for loss in found.losses
        },
        "notes": list(found.notes),
    }


def markdown(figures: Mapping[str, Any]) -> str:
    """The figures as two tables of Markdown."""
    scores, losses = figures["scores"], figures["losses"]
    settings = figures["settings"]
    lines = [
        f"{figures['pictures']} pictures of {figures['dataset']}, split {figures['split']}, {figures['failed']} failed"
        f"; captioner {settings['captioner']}, voice {settings['voice']}, recognizer {settings['asr']}.",
        "",
        "| metric | as text | as heard | what the voice loses |",
        "|---|---|---|---|",
    ]
    for name, loss in losses.items():
        text, heard = scores[name], scores[TRANSCRIPT + name]
        lines.append(f"| {text['title']} | {_cell(text)} | {_cell(heard)} | {_cell(loss, 'difference')} |")
    lines += ["", "| speech | value |", "|---|---|"]
    for name, score in scores.items():
        if name not in losses and not name.startswith(TRANSCRIPT):
            lines.append(f"| {score['title']} ({score['unit']}) | {_cell(score)} |")
    return "\n".join(lines)


def with_table(text: str, table: str) -> str:
    """The Markdown text with the table between its two marks.

    Raises:
        SystemExit: the marks are not there.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"The file has no place for the table: it must have {BEGIN} and {END}.")
    return f"{before}{BEGIN}\n{table}\n{END}{after}"


def _cell(row: Mapping[str, Any], key: str = "value") -> str:
    low_high = row["ci95"]
    interval = "" if low_high is None else f" ({plain_number(low_high[0])} to {plain_number(low_high[1])})"
    return f"{plain_number(row[key])}{interval}"


if __name__ == "__main__":
    main()
