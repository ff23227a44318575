"""The live server against its own OpenAPI description: schemathesis asks it well and badly, and finds nothing wrong.

Bounded, and with one seed. For longer: `lookaloud serve --no-open`, and in this folder
`schemathesis run --checks all http://127.0.0.1:8000/openapi.json`.
"""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from web_live import Live, ServerProcess, live, picture

from lookaloud.describe.options import DescribeOptions
from lookaloud.errors import RequestError
from lookaloud.web.bodies import options_from
from lookaloud.web.settings import ServeSettings

ROOT = Path(__file__).resolve().parent.parent
# Chosen so that the whole takes half a minute on two cores. One worker: several stumble over a fault of Python 3.11, in
# which ast.parse is not safe to use in threads.
BOUNDS = ("--max-examples", "3", "--seed", "7", "--workers", "1", "--generation-database", "none")


def test_schemathesis_finds_nothing(tmp_path: Path) -> None:
    with open(tmp_path / "log", "wb") as log, ServerProcess(log) as process:
        address = f"http://127.0.0.1:{process.live.port}"
        ran = subprocess.run(
            [sys.executable, "-m", "schemathesis.cli", "run", "--checks", "all", *BOUNDS, f"{address}/openapi.json"],
            cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=240,
        )  # fmt: skip
        assert ran.returncode == 0, ran.stdout[-20_000:] + ran.stderr[-2_000:]
        assert "Tested: 15" in ran.stdout
        assert "schemathesis.toml" in ran.stdout  # with the hooks: else nothing that is a picture is sent
        assert process.live.describe().status == 200
    assert "Traceback" not in (tmp_path / "log").read_text()


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    with live(ServeSettings(token="nobody guesses this")) as server:
        return server.ask("GET", "/openapi.json", Authorization="Bearer nobody guesses this").json


def test_every_operation_tells_what_it_may_refuse(told: dict[str, Any]) -> None:
    for path, operations in told["paths"].items():
        for method, operation in operations.items():
            statuses = set(operation["responses"])
            assert statuses >= {"401", "403", "405", "429", "500", "503"}, (method, path)
            if method == "post":
                assert statuses >= {"400", "404", "408", "413", "415", "422", "501", "507"}, path
            if "{" in path:
                assert "404" in statuses
    assert "409" in told["paths"]["/v1/jobs/{job_id}/result"]["get"]["responses"]


def test_the_token_is_described_where_there_is_one(told: dict[str, Any]) -> None:
    assert told["security"] == [{"token": []}]
    assert told["paths"]["/healthz"]["get"]["security"] == []


def test_the_ranges_in_the_description_are_those_of_the_options(told: dict[str, Any]) -> None:
    body = told["paths"]["/v1/describe"]["post"]["requestBody"]["content"]
    properties = body["multipart/form-data"]["schema"]["properties"]
    for name in ("rate", "num_alternatives", "num_beams"):
        for value in (properties[name]["minimum"], properties[name]["maximum"]):
            assert getattr(DescribeOptions(**{name: value}), name) == value
            assert getattr(options_from({name: value}, is_json=True), name) == value
        most = properties[name]["maximum"]
        with pytest.raises(RequestError, match=f"{name} is .*; it must be from .* to {most:g}"):
            options_from({name: most + 1}, is_json=True)
        least = properties[name]["minimum"]
        for options in ({name: least - 1}, {name: 1000}):
            with pytest.raises(ValueError, match=name):
                DescribeOptions(**options)
    longest = properties["prompt"]["maxLength"]
    assert len(options_from({"prompt": "a" * longest}).prompt or "") == longest
    with pytest.raises(RequestError, match=f"prompt has {longest + 1} letters; it may have {longest} at most."):
        options_from({"prompt": "a" * (longest + 1)})


@pytest.fixture(scope="module")
def server() -> Iterator[Live]:
    with live() as server:
        yield server


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("rate", "1.5"), ("audio", "yes"), ("audio", 1), ("num_beams", True), ("num_beams", 2.5), ("detail", ""),
        ("voice", 7),
    ],
)  # fmt: skip
def test_json_has_types(server: Live, field: str, value: object) -> None:
    asked = {"image": base64.b64encode(picture()).decode(), field: value}
    answer = server.post_json("/v1/describe", asked)
    assert (answer.status, answer.code) == (422, "request")
    assert answer.message.startswith(f"{field} is ")
    assert server.post_json("/v1/describe", {**asked, field: None}).status == 200


def test_whole_numbers_are_integers_however_they_are_written(server: Live) -> None:
    asked = {"image": base64.b64encode(picture()).decode(), "num_beams": 2.0, "rate": 1}
    assert server.post_json("/v1/describe", asked).status == 200
