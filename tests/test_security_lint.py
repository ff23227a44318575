"""What bandit and ruff's rules of the same kind find in the four packages is mended, or explained where it stands."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGES = ("captioner", "speech", "eval", "lookaloud")
ROOT = Path(__file__).resolve().parent.parent
SILENCED = re.compile(r"#\s*(nosec\b[^#]*|noqa:\s*[A-Z0-9, ]*\bS\d{3}\b[A-Z0-9, ]*)")


def test_bandit_finds_nothing_that_is_not_explained() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bandit", "-q", "-f", "json", "-r", *PACKAGES], cwd=ROOT, capture_output=True, text=True
    )
    found = json.loads(done.stdout)
    assert found["errors"] == []
    assert found["metrics"]["_totals"]["loc"] > 10_000  # it did read them
    assert [f"{one['filename']}:{one['line_number']} {one['issue_text']}" for one in found["results"]] == []


def test_ruff_finds_nothing_that_is_not_explained() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--select", "S", "--no-cache", *PACKAGES],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("package", PACKAGES)
def test_what_is_silenced_says_why(package: str) -> None:
    silent = []
    for file in sorted((ROOT / package).rglob("*.py")):
        lines = file.read_text(encoding="utf-8").splitlines()
        for number, line in enumerate(lines):
            found = SILENCED.search(line)
            if found is None:
                continue
            comment = SILENCED.sub("", line[line.find("  #") :]).strip(" -#")
            above = [before.strip() for before in lines[max(0, number - 3) : number]]
            if not comment and not any(each.startswith("#") for each in above):
                silent.append(f"{file.relative_to(ROOT)}:{number + 1}: {line.strip()}")
    assert silent == []


def test_the_manual_names_tests_that_are_there() -> None:
    text = (ROOT / "docs" / "security.md").read_text("utf-8")
    named = re.findall(r"`(?:tests/(test_\w+\.py))?(?:::(test_\w+))?`", text)
    file = ""
    n_tests = 0
    for new_file, test in named:
        file = new_file or file
        if file and (new_file or test):
            n_tests += 1
            assert not test or f"def {test}(" in (ROOT / "tests" / file).read_text("utf-8"), f"{file}::{test}"
    assert n_tests > 40
