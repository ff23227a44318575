"""Compare our PTB tokenizer with Stanford's, and make tests/golden/coco.json.gz: what pycocoevalcap says, with Java.

    python tests/golden/ptb.py parity CAPTIONS...
    python tests/golden/ptb.py make SAID.json CAPTIONS.jsonl

`parity` takes files of captions: JSON Lines with {"captions": [...]}, or Karpathy's JSON. It prints how many of them
are cut alike, and each that is not. `make` scores captions of SAID.json, {id: caption}, and as a second system human
captions of other pictures, against the first five captions of each picture of CAPTIONS.jsonl: COCO's (CC BY 4.0, the
COCO Consortium, https://cocodataset.org).
"""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from eval.ptb import PUNCTUATION, ptb, ptb_tokens

HARD = Path(__file__).with_name("ptb_hard.txt")
OUT = Path(__file__).with_name("coco.json.gz")


def java_tokens(texts: list[str]) -> list[list[str]]:
    """Every token of each text, as the Java program of pycocoevalcap prints them."""
    import pycocoevalcap.tokenizer

    (jar,) = Path(pycocoevalcap.tokenizer.__path__[0]).glob("stanford-corenlp-*.jar")
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".txt") as file:
        file.write("\n".join(text.replace("\n", " ") for text in texts))
        file.flush()
        command = ["java", "-Dfile.encoding=UTF-8", "-cp", str(jar), "edu.stanford.nlp.process.PTBTokenizer"]
        done = subprocess.run([*command, "-preserveLines", "-lowerCase", file.name], capture_output=True, check=True)
    lines = done.stdout.decode("utf-8").split("\n")[: len(texts)]
    return [[token for token in line.rstrip().split(" ") if token] for line in lines]


def read(path: Path) -> list[str]:
    if path.suffix == ".json":
        images = json.loads(path.read_text(encoding="utf-8"))["images"]
        return [sentence["raw"] for image in images for sentence in image["sentences"]]
    return [text for line in path.read_text(encoding="utf-8").splitlines() for text in json.loads(line)["captions"]]


def parity(paths: list[Path]) -> None:
    captions = [text for path in paths for text in read(path)]
    differ = []
    for text, tokens in zip(captions, java_tokens(captions), strict=True):
        theirs = [token for token in tokens if token not in PUNCTUATION]
        if ptb(text) != theirs:
            differ.append((text, theirs, ptb(text)))
    for text, theirs, ours in differ:
        sys.stdout.write(f"{text!r}\n  Java: {' '.join(theirs)}\n  ours: {' '.join(ours)}\n")
    share = 100 * (1 - len(differ) / len(captions))
    sys.stdout.write(f"{len(captions):,} captions, {len(differ)} cut otherwise: {share:.4f} % alike.\n")


def make(said_path: Path, captions_path: Path) -> None:
    from pycocoevalcap.bleu.bleu import Bleu
    from pycocoevalcap.cider.cider import Cider
    from pycocoevalcap.rouge.rouge import Rouge
    from pycocoevalcap.tokenizer.ptbtokenizer import PTBTokenizer

    said = json.loads(said_path.read_text(encoding="utf-8"))
    rows = {row["id"]: row["captions"] for row in map(json.loads, captions_path.read_text("utf-8").splitlines())}
    humans = {name: rows[name][:5] for name in said if len(rows[name]) >= 5}
    names = list(humans)
    systems = {
        "machine": {name: said[name] for name in names},
        # The same pictures' captions, each moved to the picture after the next: little is right in them.
        "human, moved": {name: humans[names[(i + 2) % len(names)]][i % 5] for i, name in enumerate(names)},
    }
    tokenize = PTBTokenizer().tokenize
    references = tokenize({name: [{"caption": text} for text in texts] for name, texts in humans.items()})
    figures: dict[str, Any] = {}
    for system, captions in systems.items():
        tokens = tokenize({name: [{"caption": text}] for name, text in captions.items()})
        bleu, bleus = Bleu(4).compute_score(references, tokens, verbose=0)
        rouge, rouges = Rouge().compute_score(references, tokens)
        cider, ciders = Cider().compute_score(references, tokens)
        values = {**{f"bleu{n + 1}": bleu[n] for n in range(4)}, "rouge_l": rouge, "cider_d": cider}
        each = {"bleu4": bleus[3], "rouge_l": list(map(float, rouges)), "cider_d": list(map(float, ciders))}
        figures[system] = {"values": {k: float(v) for k, v in values.items()}, "each": each}
    hard = HARD.read_text(encoding="utf-8").splitlines()
    golden = {
        "source": "captions by people: COCO, CC BY 4.0, the COCO Consortium, https://cocodataset.org",
        "made_by": "pycocoevalcap 1.2 with Stanford CoreNLP 3.4.1, on Java",
        "systems": systems,
        "references": humans,
        "figures": figures,
        "hard": [[text, tokens] for text, tokens in zip(hard, java_tokens(hard), strict=True)],
    }
    data = json.dumps(golden, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    OUT.write_bytes(gzip.compress(data, 9, mtime=0))
    differ = [text for text, tokens in golden["hard"] if ptb_tokens(text) != tokens]
    sys.stdout.write(f"{len(names)} pictures; hard strings cut otherwise: {len(differ)} of {len(hard)}: {differ}\n")


if __name__ == "__main__":
    paths = [Path(name) for name in sys.argv[2:]]
    if sys.argv[1] == "make":
        make(*paths)
    else:
        parity(paths)
