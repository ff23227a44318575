"""Programs that stand in for java, so that what talks to Java programs is tested where there is no Java."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest

# Answers as METEOR 1.5 does: for the reference with the most words in common, its counts, taking every word for a
# content word and every match for the same word.
METEOR = """
import sys
for line in sys.stdin.buffer:
    verb, *references, candidate = [part.split() for part in line.decode("utf-8").rstrip("\\n").split("|||")]
    assert verb == ["SCORE"], verb
    best = max(references, key=lambda words: len(set(words) & set(candidate)))
    n = len(set(best) & set(candidate))
    row = [len(candidate), len(best), 0, 0, n, n, *[0] * 14, 1 if n else 0, n, n]
    print(*map(float, row), flush=True)
"""

# Answers as SPICE does, with the share of words in common for its F score, and null for a caption without a word.
SPICE = """
import json, pathlib
given, answered = sys.argv[-4], sys.argv[sys.argv.index("-out") + 1]
rows = []
for row in json.loads(pathlib.Path(given).read_text(encoding="utf-8")):
    words, human = set(row["test"].split()), set(" ".join(row["refs"]).split())
    f = len(words & human) / len(words) if words else None
    rows.append({"image_id": row["image_id"], "scores": {"All": {"pr": f, "re": f, "f": f}}})
pathlib.Path(answered).write_text(json.dumps(rows), encoding="utf-8")
"""


def install_java(home: Path, program: str, patch: pytest.MonkeyPatch) -> Path:
    """Make a JAVA_HOME whose java runs a program in Python; returns the file that its arguments are written to."""
    java = home / "bin" / "java"
    java.parent.mkdir(parents=True)
    heard = home / "arguments"
    lines = [f"#!{sys.executable}", "import sys", f"open({str(heard)!r}, 'w').write('\\n'.join(sys.argv[1:]))", program]
    java.write_text("\n".join(lines), encoding="utf-8")
    java.chmod(java.stat().st_mode | stat.S_IXUSR)
    patch.setenv("JAVA_HOME", str(home))
    return heard
