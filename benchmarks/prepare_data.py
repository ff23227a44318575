"""Lays out the training data of the built-in captioner: pictures unpacked, a part of COCO held out, no text of it left.

    python benchmarks/prepare_data.py DATA OUT

DATA holds `flickr8k/` and `coco/` (tar files of pictures beside their captions) and `caption_text/`. OUT gets

- `flickr8k/`: the pictures and Karpathy's JSON;
- `coco/`: the pictures and `captions.jsonl`. COCO's own training pictures, all with four captions or more, become the
  split "val", which nothing is learned from; the others, which Karpathy calls "restval", become "train";
- `texts.jsonl`: the captions without pictures, without those of the held-out pictures.
"""

from __future__ import annotations

import argparse
import gzip
import json
import shutil
import tarfile
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser(description="Lays out the training data of the built-in captioner.")
    parser.add_argument("data", type=Path, help="folder with flickr8k, coco and caption_text")
    parser.add_argument("out", type=Path, help="folder to write to")
    args = parser.parse_args()
    for name in ("flickr8k", "coco"):
        target = args.out / name / "images"
        target.mkdir(parents=True, exist_ok=True)
        for archive in sorted((args.data / name).glob("*.tar")):
            _unpack(archive, target)
    shutil.copyfile(args.data / "flickr8k/dataset_flickr8k.json", args.out / "flickr8k/dataset_flickr8k.json")
    held_out = _split_coco(args.data / "coco/captions.jsonl", args.out / "coco/captions.jsonl")
    n_groups = _join_texts(args.data / "caption_text", args.out / "texts.jsonl", held_out)
    print(f"{len(held_out)} COCO pictures held out, captions of {n_groups} pictures without the pictures.")


def _unpack(archive: Path, target: Path) -> None:
    with tarfile.open(archive) as tar:
        for member in tar.getmembers():
            file = tar.extractfile(member)
            if file is not None:
                (target / Path(member.name).name).write_bytes(file.read())


def _split_coco(source: Path, target: Path) -> set[int]:
    held_out = set()
    lines = []
    for line in source.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        row["split"] = "val" if row["split"] == "train" else "train"
        if row["split"] == "val":
            held_out.add(int(row["id"]))
        lines.append(json.dumps(row) + "\n")
    target.write_text("".join(lines), encoding="utf-8")
    return held_out


def _join_texts(folder: Path, target: Path, held_out: set[int]) -> int:
    n_groups = 0
    with target.open("w", encoding="utf-8") as out:
        for path in sorted(folder.glob("*.jsonl.gz")):
            with gzip.open(path, "rt", encoding="utf-8") as lines:
                for line in lines:
                    row = json.loads(line)
                    if row.get("coco_id") not in held_out:
                        out.write(json.dumps({"captions": row["captions"]}) + "\n")
                        n_groups += 1
    return n_groups


if __name__ == "__main__":
    main()
