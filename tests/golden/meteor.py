"""Make tests/golden/meteor.json.gz: METEOR of COCO captions as pycocoevalcap computes it, with Java.

    python tests/golden/meteor.py CAPTIONS.jsonl

CAPTIONS has an object a line, {"id": ..., "captions": [...]}: COCO's captions (CC BY 4.0, the COCO Consortium,
https://cocodataset.org). Of each picture with five captions or more, the first is scored against the next four; some
of them are made worse by rule, so that every part of the metric counts. The tokens are those of pycocoevalcap's own
tokenizer, so that this golden tests METEOR and nothing else.
"""

from __future__ import annotations

import gzip
import json
import random
import sys
from pathlib import Path

N_PICTURES = 300


def candidate(caption: str, number: int, rng: random.Random) -> str:
    words = caption.split()
    if number % 4 == 1:
        rng.shuffle(words)
    if number % 4 == 2:
        words = words[: max(1, len(words) // 2)]
    if number % 50 == 3:
        words = []
    return " ".join(words)


def main() -> None:
    from pycocoevalcap.meteor.meteor import Meteor
    from pycocoevalcap.tokenizer.ptbtokenizer import PTBTokenizer

    rng = random.Random(0)
    rows = [json.loads(line) for line in Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()]
    rows = [row for row in rows if len(row["captions"]) >= 5][:N_PICTURES]
    said = {row["id"]: [{"caption": candidate(row["captions"][0], i, rng)}] for i, row in enumerate(rows)}
    humans = {row["id"]: [{"caption": text} for text in row["captions"][1:5]] for row in rows}
    tokenizer = PTBTokenizer()
    candidates, references = tokenizer.tokenize(said), tokenizer.tokenize(humans)
    scored = Meteor()
    value, each = scored.compute_score(references, candidates)
    golden = {
        "source": "COCO captions, CC BY 4.0, the COCO Consortium, cocodataset.org; candidates changed: see meteor.py",
        "made_by": "pycocoevalcap 1.2",
        "candidates": {name: texts[0] for name, texts in candidates.items()},
        "references": references,
        "meteor": value,
        "each": each,
    }
    data = json.dumps(golden, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    Path(__file__).with_suffix(".json.gz").write_bytes(gzip.compress(data, 9, mtime=0))
    sys.stdout.write(f"{len(each)} captions, METEOR {value:.6f}, {len(data)} bytes\n")


if __name__ == "__main__":
    main()
