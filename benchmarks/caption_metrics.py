"""Times the caption metrics against pycocoevalcap in one run, on the same captions.

    python benchmarks/caption_metrics.py CAPTIONS.jsonl --out benchmarks/results/caption_metrics.json

CAPTIONS has an object a line, {"captions": [...]}. Of 5,000 pictures with at least five captions, drawn with repetition
where there are fewer, each is scored with five references, and a caption of the picture after it as the candidate:
tokenising, BLEU-1 to BLEU-4, ROUGE-L and CIDEr-D, from strings to figures. pycocoevalcap tokenises with Java. Then the
same with 1,000 bootstrap resamples, which it does not have. The best of the runs counts, for both.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

from environment import describe_machine

from eval.captions import score_captions
from eval.stats import with_intervals

N_REFERENCES = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("captions", type=Path)
    parser.add_argument("--items", type=int, default=5000)
    parser.add_argument("--resamples", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--out", type=Path, help="write the figures to this JSON file")
    args = parser.parse_args()
    rows = [json.loads(line)["captions"] for line in args.captions.read_text(encoding="utf-8").splitlines()]
    rows = [row for row in rows if len(row) >= N_REFERENCES]
    humans = {str(i): rows[i % len(rows)][:N_REFERENCES] for i in range(args.items)}
    said = {str(i): rows[(i + 1) % len(rows)][i % N_REFERENCES] for i in range(args.items)}
    ours = best(lambda: score_captions(said, humans), args.runs)
    resampled = best(lambda: with_intervals(score_captions(said, humans), resamples=args.resamples, seed=0), args.runs)
    theirs = best(lambda: reference(said, humans), args.runs)
    figures = {
        "machine": describe_machine(("lookaloud", "numpy", "pycocoevalcap")),
        "captions": args.items,
        "references": N_REFERENCES,
        "pycocoevalcap_seconds": round(theirs, 2),
        "lookaloud_seconds": round(ours, 2),
        "times_as_fast": round(theirs / ours, 2),
        "resamples": args.resamples,
        "lookaloud_with_resamples_seconds": round(resampled, 2),
    }
    print(json.dumps(figures, indent=1))
    if args.out:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


def best(work: Callable[[], object], runs: int) -> float:
    times = []
    for _ in range(runs):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return min(times)


def reference(said: dict[str, str], humans: dict[str, list[str]]) -> None:
    """What the COCO caption evaluation does."""
    from pycocoevalcap.bleu.bleu import Bleu
    from pycocoevalcap.cider.cider import Cider
    from pycocoevalcap.rouge.rouge import Rouge
    from pycocoevalcap.tokenizer.ptbtokenizer import PTBTokenizer

    tokenize = PTBTokenizer().tokenize
    references = tokenize({name: [{"caption": text} for text in texts] for name, texts in humans.items()})
    candidates = tokenize({name: [{"caption": text}] for name, text in said.items()})
    Bleu(4).compute_score(references, candidates, verbose=0)
    Rouge().compute_score(references, candidates)
    Cider().compute_score(references, candidates)


if __name__ == "__main__":
    main()
