"""The examples in the docstrings of all four packages are true."""

from __future__ import annotations

import doctest
import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# Those of the client need a service: tests/test_web_client.py runs them with one.
FILES = {
    str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
    for package in ("captioner", "speech", "eval", "lookaloud")
    for path in sorted((ROOT / package).rglob("*.py"))
    if path.name != "client.py"
}


@pytest.mark.parametrize("file", [file for file, source in FILES.items() if re.search(r"^ *>>> ", source, re.M)])
def test_examples_in_docstrings(file: str) -> None:
    module = importlib.import_module(file.removesuffix(".py").removesuffix("/__init__").replace("/", "."))
    result = doctest.testmod(module)
    assert result.failed == 0
    assert result.attempted > 0 or "# doctest: +SKIP" in FILES[file]
