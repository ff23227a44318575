"""JSON of strangers: every way to be wrong is a ValueError that says where, what was expected and what was found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

import pytest
from msgspec import Meta

from lookaloud.ground.typed import parsed_json, typed_json


@dataclass(frozen=True)
class Row:
    source: str
    page: Annotated[int, Meta(ge=1, le=1000)] | None = None
    seconds: Mapping[str, float] = field(default_factory=dict)
    lines: tuple[str, ...] = ()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ('{"source": 3}', "source: expected text, found a whole number"),
        ('{"source": "a", "page": "3"}', "page: expected a whole number or null, found text"),
        ('{"source": "a", "page": 0}', "page: expected a whole number of at least 1"),
        ('{"source": "a", "page": 1000000000000}', "page: expected a whole number of at most 1000"),
        ('{"source": "a", "seconds": [1]}', "seconds: expected an object, found a list"),
        ('{"source": "a", "seconds": {"open": "x"}}', r"seconds\[...\]: expected a number, found text"),
        ('{"source": "a", "lines": null}', "lines: expected a list, found null"),
        ('{"source": "a", "seconds": {"open": NaN}}', "NaN is not a finite number"),
        ('{"source": "a", "seconds": {"open": 1e999}}', "1e999 is not a finite number"),
        ('{"page": 1}', "missing required field source"),
        ("7", "expected an object, found a whole number"),
        ("[" * 100_000, "it is nested too deeply"),
        ('{"source": "a", "more": ' + "[" * 100_000 + "]" * 100_000 + "}", "it is nested too deeply"),
        ('{"source": "a", "page": ' + "9" * 5000 + "}", "4300 digits"),
        ("", "Expecting value"),
        (b"\xff\xfe{", "decode"),
    ],
)
def test_what_is_wrong_is_said(data, said):
    with pytest.raises(ValueError, match=said):
        typed_json(data, Row)


def test_right_rows_are_values_of_their_type():
    row = typed_json('{"source": "a\\udc80", "seconds": {"open": 1}, "lines": ["x"], "later": {}}', Row)
    assert row == Row("a\udc80", None, {"open": 1.0}, ("x",))


def test_json_without_a_type():
    assert parsed_json(b'[1, {"a": null}]') == [1, {"a": None}]
