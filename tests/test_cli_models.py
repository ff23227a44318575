"""`lookaloud models`, on a cache in the layout of huggingface_hub and a small hub on this computer."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from conftest import RunCommand

from captioner import list_captioners
from captioner.hub import Source
from lookaloud.models import HubStore, find_model, list_models
from speech import list_voices

REPO = "microsoft/git-base"
SPEC = next(spec for spec in list_captioners() if spec.repo == REPO)
COMMIT = str(SPEC.revision)
CONFIG = json.dumps({"architectures": ["GitForCausalLM"], "model_type": "git"}).encode()
FILES = {
    "config.json": CONFIG,
    "model.safetensors": bytes(range(256)) * 2000,
    "vocab.txt": b"a\nb\n",
    "pytorch_model.bin": b"pickled",
    "run.py": b"print('no')",
}


def etag(name: str) -> str:
    """What the hub names a file's content by."""
    content = FILES[name]
    if name.endswith((".safetensors", ".bin")):
        return hashlib.sha256(content).hexdigest()
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, for captioners and for voices."""
    import huggingface_hub.constants

    folder = tmp_path / "hub"
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(folder))
    monkeypatch.setenv("HIBARI_HOME", str(tmp_path / "voices"))
    return folder


def fill(cache: Path, *, commit: str = COMMIT, repo: str = REPO, branch: str = "") -> Path:
    """The model as huggingface_hub would have left it; the folder of its snapshot."""
    base = cache / f"models--{repo.replace('/', '--')}"
    snapshot = base / "snapshots" / commit
    snapshot.mkdir(parents=True)
    (base / "blobs").mkdir(exist_ok=True)
    for name in ("config.json", "model.safetensors", "vocab.txt"):
        (base / "blobs" / etag(name)).write_bytes(FILES[name])
        (snapshot / name).symlink_to(Path("../../blobs") / etag(name))
    if branch:
        (base / "refs").mkdir()
        (base / "refs" / branch).write_text(commit)
    return snapshot


class Hub(BaseHTTPRequestHandler):
    """As much of the hub as a download needs."""

    asked: list[str]
    refused: str

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, *, body: bool) -> None:
        path = self.path.partition("?")[0]
        if path.startswith("/api/"):
            if "/tree/" in path:
                found: Any = [
                    {"type": "file", "path": name, "size": len(content), "oid": etag(name)}
                    for name, content in FILES.items()
                ]
            else:
                files = [{"rfilename": name, "size": len(content)} for name, content in FILES.items()]
                found = {"id": REPO, "modelId": REPO, "sha": COMMIT, "siblings": files, "cardData": {"license": "mit"}}
            self._send(json.dumps(found).encode(), {"Content-Type": "application/json"}, body=body)
            return
        name = path.rpartition("/")[2]
        if body:
            self.asked.append(name)
            if name == self.refused:
                self.send_error(403)
                return
        self._send(FILES[name], {"ETag": f'"{etag(name)}"', "X-Repo-Commit": COMMIT}, body=body)

    def _send(self, content: bytes, headers: dict[str, str], *, body: bool) -> None:
        self.send_response(200)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if body:
            self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        return


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Hub]]:
    """A hub on this computer that huggingface_hub asks instead of the real one."""
    import huggingface_hub.constants as constants
    from huggingface_hub import HfApi, hf_api

    handler = type("Handler", (Hub,), {"asked": [], "refused": ""})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    address = f"http://127.0.0.1:{server.server_address[1]}"
    monkeypatch.setattr(constants, "ENDPOINT", address)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", address + "/{repo_id}/resolve/{revision}/{filename}")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(hf_api, "api", HfApi(endpoint=address))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield handler
    server.shutdown()
    server.server_close()
    thread.join()


def test_every_captioner_and_voice_is_listed(lookaloud: RunCommand, cache: Path) -> None:
    result = lookaloud("models", "list")
    assert result.exit_code == 0
    names = [spec.name for spec in (*list_captioners(), *list_voices())]
    lines = result.stdout.splitlines()
    assert [line.partition(",")[0] for line in lines[: len(names)]] == names
    assert "git-base, captioner: 708 MB, 177 million parameters, licence MIT. Not downloaded." in lines
    assert "heart, voice: 7.9 MB, licence Apache-2.0. Comes with the package hibari-tts." in lines
    assert lines[-2] == f"Downloaded captioners are kept in {cache}"
    assert lines[-1].startswith("Downloaded voices are kept in ")
    assert result.stdout.isascii()


def test_the_list_as_json(lookaloud: RunCommand, cache: Path) -> None:
    fill(cache)
    rows = [json.loads(line) for line in lookaloud("models", "list", "--json").stdout.splitlines()]
    assert len(rows) == len(list_models())
    row = next(row for row in rows if row["name"] == "git-base")
    assert row["downloaded"]
    assert row["bytes_on_disk"] == sum(len(FILES[n]) for n in ("config.json", "model.safetensors", "vocab.txt"))
    assert (row["kind"], row["revision"], row["licence"]) == ("captioner", COMMIT, "MIT")
    assert json.loads(lookaloud("models", "info", "git-base", "--json").stdout) == row


def test_info_says_all_that_is_known(lookaloud: RunCommand, cache: Path) -> None:
    said = lookaloud("models", "info", "git-base").stdout
    for fact in (COMMIT, "MIT", "708 MB", "177 million", 'pip install "lookaloud[models]"', str(cache), "Not downl"):
        assert fact in said
    fill(cache)
    assert "On this computer, 0.5 MB." in lookaloud("models", "info", "git-base").stdout
    assert "Comes with the package lookaloud." in lookaloud("models", "info", "compact").stdout
    assert "huggingface.co/some/model" in lookaloud("models", "info", "some/model").stdout


@pytest.mark.parametrize("command", ["info", "pull", "verify", "remove"])
def test_a_name_that_nothing_has_is_wrong_usage(command: str, lookaloud: RunCommand, cache: Path) -> None:
    result = lookaloud("models", command, "nothing")
    assert result.exit_code == 2
    assert result.stderr.startswith("There is no captioner and no voice called 'nothing'. Choose one of: compact, ")
    assert result.stderr.count("\n") == 1


def test_a_download_says_what_it_costs_and_fetches_no_program(
    lookaloud: RunCommand, cache: Path, hub: type[Hub]
) -> None:
    result = lookaloud("models", "pull", "git-base")
    assert result.exit_code == 0, result.output
    first, last = result.stdout.splitlines()
    assert first == "git-base: 708 MB, 177 million parameters, licence MIT, from huggingface.co/microsoft/git-base"
    assert last.startswith(f"git-base is in {cache}")
    assert sorted(set(hub.asked)) == ["config.json", "model.safetensors", "vocab.txt"]
    assert "%" not in result.stderr  # no progress bar where there is no terminal
    assert lookaloud("models", "verify", "git-base").stdout == "git-base is whole: 3 files have the right checksum.\n"
    assert SPEC.repo is not None
    assert find_model("git-base").downloaded


def test_a_progress_bar_can_be_had(lookaloud: RunCommand, cache: Path, hub: type[Hub]) -> None:
    result = lookaloud("models", "pull", "git-base", "--progress")
    assert result.exit_code == 0
    assert "100%" in result.stderr


def test_a_broken_download_goes_on_where_it_was(lookaloud: RunCommand, cache: Path, hub: type[Hub]) -> None:
    hub.refused = "model.safetensors"
    result = lookaloud("models", "pull", "git-base")
    assert result.exit_code == 1
    assert "could not be downloaded" in result.stderr
    assert result.stderr.count("\n") == 1
    half = lookaloud("models", "verify", "git-base")
    assert half.exit_code == 1
    assert "its download is not finished" in half.stdout
    hub.refused = ""
    hub.asked.clear()
    assert lookaloud("models", "pull", "git-base").exit_code == 0
    assert hub.asked == ["model.safetensors"]


def test_of_a_model_without_a_row_the_hub_is_asked(lookaloud: RunCommand, cache: Path, hub: type[Hub]) -> None:
    result = lookaloud("models", "pull", REPO)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith(f"{REPO}: 1 MB, licence mit, from huggingface.co/{REPO}\n")
    assert "is whole" in lookaloud("models", "verify", REPO).stdout
    # Its pickled weights were left out on purpose: without a network it is there all the same.
    assert Source(REPO).local_folder() is not None
    assert "removed" in lookaloud("models", "remove", REPO, "--yes").stdout


def test_without_a_network_that_is_one_sentence(lookaloud: RunCommand, cache: Path) -> None:
    for name in ("git-base", "some/model"):
        result = lookaloud("models", "pull", name)
        assert result.exit_code == 1
        assert result.stderr.count("\n") == 1
        assert "check the name and the network" in result.stderr


@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
def test_a_damaged_file_is_named(name: str, lookaloud: RunCommand, cache: Path) -> None:
    snapshot = fill(cache)
    assert lookaloud("models", "verify").exit_code == 0
    content = bytearray(FILES[name])
    content[5] ^= 1
    (snapshot / name).resolve().write_bytes(content)
    result = lookaloud("models", "verify")
    assert result.exit_code == 1
    assert result.stdout == (
        f"git-base is damaged: {snapshot / name}: its checksum is wrong. Remove it with 'lookaloud models remove "
        "git-base' and download it again with 'lookaloud models pull git-base'.\n"
    )
    (snapshot / name).resolve().unlink()
    assert "what it links to is missing" in lookaloud("models", "verify", "git-base").stdout


def test_files_copied_by_hand_have_no_checksum(lookaloud: RunCommand, cache: Path) -> None:
    folder = cache / "models--microsoft--git-base" / "snapshots" / COMMIT
    folder.mkdir(parents=True)
    for name in ("config.json", "model.safetensors"):
        (folder / name).write_bytes(FILES[name])
    result = lookaloud("models", "verify", "git-base")
    assert result.exit_code == 0
    assert "0 files have the right checksum; 2 were copied by hand and have no checksum." in result.stdout
    assert "git-base is removed; 0.5 MB are free again." in lookaloud("models", "remove", "git-base", "--yes").stdout
    assert not find_model("git-base").downloaded


def test_nothing_downloaded_is_nothing_to_verify(lookaloud: RunCommand, cache: Path) -> None:
    assert lookaloud("models", "verify").stdout == "No model has been downloaded.\n"
    assert lookaloud("models", "verify", "git-base").stdout.endswith("lookaloud models pull git-base\n")
    assert "nothing to check" in lookaloud("models", "verify", "compact").stdout


def test_removing_asks_and_says_what_was_freed(lookaloud: RunCommand, cache: Path) -> None:
    snapshot = fill(cache)
    other = fill(cache, commit="f" * 40)  # what another program uses
    refused = lookaloud("models", "remove", "git-base", stdin=b"n\n")
    assert refused.exit_code == 1
    assert f"Delete git-base, 0.5 MB in {snapshot}?" in refused.stdout
    assert find_model("git-base").downloaded
    result = lookaloud("models", "remove", "git-base", stdin=b"y\n")
    assert result.exit_code == 0
    assert not snapshot.exists()
    assert (other / "config.json").is_file()
    assert "there is nothing to remove" in lookaloud("models", "remove", "git-base").stdout


def test_a_branch_is_found_by_its_name(cache: Path) -> None:
    snapshot = fill(cache, branch="main")
    store = find_model(REPO).store
    assert isinstance(store, HubStore)
    assert store.folder == snapshot


def test_what_a_package_brought_is_left_alone(lookaloud: RunCommand, cache: Path) -> None:
    for name, package in (("compact", "lookaloud"), ("heart", "hibari-tts")):
        result = lookaloud("models", "remove", name)
        assert result.exit_code == 1
        assert (
            result.stderr == f"The files are part of the package {package}; to remove them: pip uninstall {package}.\n"
        )
        assert "there is nothing to download" in lookaloud("models", "pull", name).stdout


def test_a_voice_is_a_file_with_a_checksum(
    lookaloud: RunCommand, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hibari.voices import VOICES

    file = tmp_path / "voices" / VOICES["emma"]["file"]
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(b"abc" * 100_000)
    assert "emma, voice: 7.9 MB, licence Apache-2.0. On this computer, 0.3 MB." in lookaloud("models", "list").stdout
    assert f"emma is damaged: {file}: its checksum is wrong." in lookaloud("models", "verify").stdout
    monkeypatch.setitem(VOICES["emma"], "sha256", hashlib.sha256(b"abc" * 100_000).hexdigest())
    assert lookaloud("models", "verify", "emma").stdout == "emma is whole: 1 files have the right checksum.\n"
    assert "emma is removed; 0.3 MB are free again." in lookaloud("models", "remove", "emma", "--yes").stdout
    assert not file.exists()


def test_a_captioner_is_exported(lookaloud: RunCommand, tmp_path: Path) -> None:
    from tiny_models import EXAMPLES, build_blip

    from captioner import load_captioner, open_image

    build_blip(tmp_path / "mine")
    out = tmp_path / "out"
    result = lookaloud("models", "export", str(tmp_path / "mine"), "--out", str(out), "--precision", "int8")
    assert result.exit_code == 0, result.output
    assert f"Use it: lookaloud describe PICTURE --captioner {out}\n" in result.stdout
    assert load_captioner(str(out)).caption(open_image(EXAMPLES / "cat.jpg")).text
    again = lookaloud("models", "export", str(tmp_path / "mine"), "--out", str(out))
    assert again.exit_code == 0
    refused = lookaloud("models", "export", str(tmp_path / "mine"), "--out", str(tmp_path))
    assert refused.exit_code == 2
    assert "has other files in it; choose a new or empty folder" in refused.stderr
    unknown = lookaloud("models", "export", "compact", "--out", str(tmp_path / "x"))
    assert unknown.exit_code == 2
    assert "runs without torch as it is" in unknown.stderr
