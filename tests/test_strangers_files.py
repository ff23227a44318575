"""Files that anybody may have written, damaged in every way we know: read, or refused in a sentence, never a fault."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from captioner.backends.compact import CompactBackend
from captioner.backends.exported_format import ExportedConfig
from captioner.confidence import LogprobCalibration
from captioner.hub import is_complete
from captioner.hub import read_config as read_captioner_config
from captioner.neighbours import Neighbours
from captioner.photo import Gate
from captioner.training.data import read_dataset
from captioner.training.files import read_typed
from eval.captions import score_captions
from eval.captions.frequencies import load_document_frequencies
from eval.data import CaptionedImage, load_candidates, load_captioned, load_objects
from eval.loop import _resume
from eval.results import items_csv, load_evaluation, save_evaluation, scores_csv
from eval.speech import analyse_listening_test
from eval.speech.listening import KEY_FORMAT
from eval.speech.listening_page import RATINGS_FORMAT
from eval.stats import compare
from eval.suite import evaluate_captions, matched_candidates
from eval.tables import evaluation_lines
from eval.testing import FakeEars, fake_recognizer, fake_system
from lookaloud.client import CaptionerInfo, _parsed, _value
from lookaloud.failures import Exit, explain
from lookaloud.web.values import Described, JobStatus
from speech.hub import read_config as read_voice_config

PEOPLE = {"1.jpg": ["a dog runs", "the dog runs away"], "2.jpg": ["a cat sits", "a cat is on a mat"]}
SAID = {"1.jpg": "a dog runs", "2.jpg": "a cat"}
WRONG: tuple[Any, ...] = (
    None,
    True,
    -1,
    3,
    0.5,
    10**12,
    10**300,
    1e300,
    "",
    "x",
    "\0",
    "../x",
    [],
    [[]],
    [3],
    {},
    {"x": 1},
)


@dataclass(frozen=True)
class Kind:
    """A kind of file.

    Attributes:
        file: its name.
        valid: what it should hold: a value, or values a line.
        read: reads the file and uses what it says; the path is its own.
        beside: other files that it needs.
    """

    file: str
    valid: Any
    read: Callable[[Path], object]
    beside: Callable[[Path], object] = lambda folder: None
    are_lines: bool = False

    def text(self, value: Any) -> str:
        if isinstance(value, str):
            return value
        return "".join(json.dumps(row) + "\n" for row in value) if self.are_lines else json.dumps(value)


def _saved(folder: Path) -> None:
    items = [CaptionedImage(name, Path(name), tuple(texts), None) for name, texts in PEOPLE.items()]
    save_evaluation(evaluate_captions(SAID, items, metrics=["bleu2", "length", "rouge_l"], resamples=5), folder)


def _valid(name: str, make: Callable[[Path], object]) -> Any:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder))
        text = Path(folder, name).read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()] if name.endswith("l") else json.loads(text)


def _use_evaluation(path: Path) -> None:
    found = load_evaluation(path.parent)
    list(evaluation_lines(found))
    scores_csv(found.scores), items_csv(found.scores)
    for score in found.scores:
        compare(score, score, resamples=3)


def _use_data(path: Path) -> None:
    for item in load_captioned(path):
        item.image.exists()


def _use_candidates(path: Path) -> None:
    items = [CaptionedImage(name, Path(name), tuple(texts), None) for name, texts in PEOPLE.items()]
    matched_candidates(load_candidates(path), items)


def _use_objects(path: Path) -> None:
    found = load_objects(path)
    score_captions(SAID, None, ["chair_i"], objects=found.objects, synonyms=found.synonyms)


def _use_frequencies(path: Path) -> None:
    load_document_frequencies(path)
    score_captions(SAID, PEOPLE, ["cider_d"], df=path, tokenizer="lower_nopunct")


def _resume_run(path: Path) -> None:
    _resume(path.parent, fake_system({}, FakeEars()), fake_recognizer(FakeEars()))


def _beside_run(folder: Path) -> None:
    parts = fake_system({}, FakeEars()).parts | {"asr": fake_recognizer(FakeEars()).name}
    (folder / "run.json").write_text(json.dumps(parts))
    (folder / "audio").mkdir()
    (folder / "audio" / "0.flac").touch()


def _rated(folder: Path) -> None:
    key = {
        "format": KEY_FORMAT,
        "test": "t",
        "anchors": ["b"],
        "clips": {"1.wav": {"system": "a"}, "2.wav": {"system": "b"}},
    }
    ratings = {"format": RATINGS_FORMAT, "test": "t", "listener": "Ann", "ratings": {"1.wav": 3, "2.wav": 4}}
    (folder / "key.json").write_text(json.dumps(key))
    (folder / "ratings.json").write_text(json.dumps(ratings))


def _analyse(path: Path) -> None:
    analyse_listening_test(path.parent, [path.parent / "ratings.json"])


def _read_training(path: Path) -> None:
    (path.parent / "1.jpg").touch()
    (path.parent / "2.jpg").touch()
    read_dataset(path)


def _read_texts(path: Path) -> None:
    from captioner.training.texts import read_texts

    read_texts(path)


def _read_train_config(path: Path) -> None:
    from captioner.training.config import TrainConfig

    read_typed(path, TrainConfig, "Train again.")


def _load_piper(path: Path) -> None:
    from speech import load_voice

    path.with_suffix("").write_bytes(b"no network")
    load_voice(f"piper:{path.with_suffix('')}")


def _ask(path: Path) -> None:
    answer = _parsed(path.read_bytes())
    for kind in (Described, JobStatus, CaptionerInfo):
        _value(kind, answer)


COMPACT = {
    **{"name": "x", "image_size": 64, "vocab_size": 9, "n_writers": 1, "n_layers": 1, "n_heads": 1, "head_size": 4},
    **{"max_tokens": 9, "bos": 1, "eos": 2, "gate": True, "neighbours": True},
    "confidence": {"weights": [0.0] * 9, "bias": 0.0},
}
EXPORTED = {
    **{
        "kind": "exported",
        "name": "x",
        "source": "y",
        "licence": "MIT",
        "precision": "fp32",
        "n_layers": 1,
        "n_heads": 1,
    },
    **{"head_size": 4, "vocab_size": 9, "max_tokens": 9, "begin": [1], "end": 2, "special": [0], "length_penalty": 1.0},
    "tidy": True,
    "preprocessing": {
        **{"size": [224, 224], "resample": 3, "pillow": False, "crop": None, "scale": 0.004},
        **{"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]},
    },
}
KARPATHY = {
    "images": [
        {"filename": name, "split": "val", "filepath": "", "sentences": [{"raw": text} for text in texts]}
        for name, texts in PEOPLE.items()
    ]
}
COCO = {
    "images": [{"id": 1, "file_name": "1.jpg"}, {"id": 2, "file_name": "2.jpg"}],
    "annotations": [{"id": 5, "image_id": number, "caption": "a dog"} for number in (1, 2)],
}
INSTANCES = {
    "categories": [{"id": 1, "name": "dog"}],
    "images": [{"id": 1, "file_name": "1.jpg"}, {"id": 2, "file_name": "2.jpg"}],
    "annotations": [{"image_id": 1, "category_id": 1}],
}
LINES = [{"image": name, "captions": texts, "split": "val"} for name, texts in PEOPLE.items()]
RUN_ROW = {
    "id": "1.jpg",
    "caption": "a",
    "transcript": "a",
    "audio": "audio/0.flac",
    "seconds": {"caption": 1.0, "speech": 1.0},
}
FREQUENCIES = {
    "kind": "lookaloud document frequencies",
    "tokenizer": "lower_nopunct",
    "n_images": 2,
    "ngrams": {"a": 2},
}
PIPER = {
    **{"audio": {"sample_rate": 22050}, "espeak": {"voice": "en-us"}, "language": {"code": "en_US"}, "num_symbols": 9},
    **{"inference": {"noise_scale": 0.6, "length_scale": 1.0, "noise_w": 0.8}, "phoneme_id_map": {"a": [1]}},
    **{"num_speakers": 1, "speaker_id_map": {}, "phoneme_type": "espeak"},
}
TRAINED = {"model": {"encoder": "tiny", "n_layers": 1, "dropout": 0.1}, "epochs": 2, "learning_rate": 0.1}
JOB = {
    "id": "1",
    "text": "a dog",
    "caption": "a dog",
    "alternatives": ["x"],
    "confidence": 0.5,
    "n_pictures": 1,
    "name": "y",
}

KINDS = {
    "evaluation": Kind("evaluation.json", _valid("evaluation.json", _saved), _use_evaluation, _saved),
    "items": Kind("items.jsonl", _valid("items.jsonl", _saved), _use_evaluation, _saved, are_lines=True),
    "run": Kind("run.json", _valid("run.json", _beside_run), _resume_run),
    "run rows": Kind("run.jsonl", [RUN_ROW], _resume_run, _beside_run, are_lines=True),
    "key": Kind("key.json", _valid("key.json", _rated), _analyse, _rated),
    "ratings": Kind("ratings.json", _valid("ratings.json", _rated), _analyse, _rated),
    "karpathy": Kind("data.json", KARPATHY, _use_data),
    "coco": Kind("data.json", COCO, _use_data),
    "jsonl": Kind("data.jsonl", LINES, _use_data, are_lines=True),
    "csv": Kind("data.csv", "image,caption,split\n1.jpg,a dog,val\n2.jpg,a cat,val\n", _use_data),
    "said": Kind("said.json", SAID, _use_candidates),
    "results": Kind("said.json", [{"image_id": i, "caption": text} for i, text in SAID.items()], _use_candidates),
    "said lines": Kind("s.jsonl", [{"id": i, "caption": t} for i, t in SAID.items()], _use_candidates, are_lines=True),
    "said csv": Kind("said.csv", "id,caption\n1.jpg,a dog\n2.jpg,a cat\n", _use_candidates),
    "objects": Kind("o.json", {"objects": {n: ["dog"] for n in SAID}, "synonyms": {"dog": ["pup"]}}, _use_objects),
    "instances": Kind("instances.json", INSTANCES, _use_objects),
    "frequencies": Kind("df.json", FREQUENCIES, _use_frequencies),
    "calibration": Kind("confidence.json", {"weight": 1.0, "bias": 0.0, "pictures": 9}, LogprobCalibration.load),
    "compact": Kind("config.json", COMPACT, lambda path: CompactBackend(path.parent)),
    "exported": Kind("config.json", EXPORTED, lambda path: ExportedConfig.load(path.parent)),
    "model": Kind(
        "config.json", {"architectures": ["B"], "model_type": "b"}, lambda p: read_captioner_config(p.parent)
    ),
    "index": Kind(
        "model.safetensors.index.json",
        {"weight_map": {"w": "a.safetensors"}},
        lambda path: is_complete(path.parent),
        lambda folder: (folder / "config.json").write_text("{}"),
    ),
    "voice": Kind(
        "config.json", {"model_type": "vits", "datasets": [{"language": "en"}]}, lambda p: read_voice_config(p.parent)
    ),
    "piper": Kind("voice.onnx.json", PIPER, _load_piper),
    "training karpathy": Kind("data.json", KARPATHY, _read_training),
    "training lines": Kind("data.jsonl", LINES, _read_training, are_lines=True),
    "training texts": Kind("texts.jsonl", [{"captions": ["a dog"]}], _read_texts, are_lines=True),
    "training config": Kind("config.json", TRAINED, _read_train_config),
    "answer": Kind("answer.json", JOB, _ask),
}
JSON = [name for name, kind in KINDS.items() if not isinstance(kind.valid, str)]


def check(kind: Kind, folder: Path, content: bytes) -> None:
    """Read the file with that content; what is raised has to be an error of the project, with a sentence."""
    path = folder / kind.file
    path.write_bytes(content)
    began = time.process_time()
    try:
        kind.read(path)
    except Exception as error:  # noqa: BLE001
        told = explain(error)
        assert told.exit_code is not Exit.BUG, (content[:300], told.sentence)
        assert "Error(" not in told.sentence
        assert len(told.sentence) < 1000
    assert time.process_time() - began < 5.0, content[:300]


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest, tmp_path: Path) -> Kind:
    found = KINDS[request.param]
    found.beside(tmp_path)
    return found


def test_a_sound_file_is_read(kind: Kind, tmp_path: Path) -> None:
    (tmp_path / kind.file).write_text(kind.text(kind.valid))
    try:
        kind.read(tmp_path / kind.file)
    # The networks that a configuration speaks of are not there, and no answer is all of them.
    except Exception as error:  # noqa: BLE001
        assert kind.file in ("config.json", "voice.onnx.json", "answer.json"), error  # noqa: PT017
        assert explain(error).exit_code is not Exit.BUG  # noqa: PT017


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"{",
        b'"',
        b"null",
        b"3",
        b"NaN",
        b'"text"',
        b"[]",
        b"{}",
        b"[1, 2]",
        b'{"a": 1}',
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 100_000,
        b'{"images":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"id": ' + b"[" * 100_000 + b"]" * 100_000 + b"}\n",
        b"9" * 5000,
        b'{"images": ' + b"9" * 5000 + b"}",
        b"\0" * 100,
        b"\xff\xfe\x00\x00",
        b"\xef\xbb\xbf",
        b"PK\x03\x04 an archive",
        b'{"a": "\xff"}',
        b"image,caption\n" + b"x" * 200_000 + b",y\n",
        b'image,caption\n"x,y\n',
        b"image,caption\n1.jpg,\0\n\0,x\n",
        b"caption\n\n\n",
    ],
    ids=lambda content: repr(content[:20]),
)
def test_what_is_something_else_is_refused(content: bytes, kind: Kind, tmp_path: Path) -> None:
    check(kind, tmp_path, content)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32", "utf-16-le"])
def test_other_encodings_are_read_or_refused(encoding: str, kind: Kind, tmp_path: Path) -> None:
    check(kind, tmp_path, kind.text(kind.valid).encode(encoding))


@pytest.mark.parametrize("name", JSON)
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_a_wrong_value_in_any_place_is_no_fault(name: str, tmp_path: Path) -> None:
    kind = KINDS[name]
    kind.beside(tmp_path)
    for place in places(kind.valid):
        for wrong in WRONG:
            check(kind, tmp_path, kind.text(replaced(kind.valid, place, wrong)).encode())
    for place in places(kind.valid):
        if place:
            check(kind, tmp_path, kind.text(without(kind.valid, place)).encode())
        for raw in ("NaN", "Infinity", "-Infinity", "1e999", '"\\ud800"', "9" * 5000, "[" * 5000 + "]" * 5000):
            text = kind.text(replaced(kind.valid, place, "@@")).replace('"@@"', raw)
            check(kind, tmp_path, text.encode())


def places(value: Any, at: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every place in a value, of a list the first and the last."""
    yield at
    if isinstance(value, dict):
        for key in value:
            yield from places(value[key], (*at, key))
    elif isinstance(value, list):
        for number in sorted({0, len(value) - 1} & set(range(len(value)))):
            yield from places(value[number], (*at, number))


def replaced(value: Any, place: tuple[str | int, ...], wrong: Any) -> Any:
    if not place:
        return [wrong] if isinstance(value, list) else wrong
    changed = copy.deepcopy(value)
    inside = changed
    for step in place[:-1]:
        inside = inside[step]
    inside[place[-1]] = wrong
    return changed


def without(value: Any, place: tuple[str | int, ...]) -> Any:
    changed = copy.deepcopy(value)
    inside = changed
    for step in place[:-1]:
        inside = inside[step]
    del inside[place[-1]]
    return changed


@pytest.mark.parametrize("load", [Gate.load, Neighbours.load])
@pytest.mark.parametrize("how", ["huge", "objects", "text", "empty", "cut"])
def test_arrays_that_are_not_what_they_say_are_refused(
    load: Callable[[Path], object], how: str, tmp_path: Path
) -> None:
    import io
    import zipfile

    names = ("mean", "scale", "weights", "bias", "kinds", "threshold", "projection", "keys", "hashes")
    names += ("document_frequencies", "counts", "ngrams")
    header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000,), }".ljust(117) + "\n"
    array = io.BytesIO()
    np.save(array, np.array([{"a": 1}], dtype=object) if how == "objects" else np.array(["text"]))
    data = {
        "huge": b"\x93NUMPY\x01\x00\x76\x00" + header.encode(),
        "objects": array.getvalue(),
        "text": array.getvalue(),
        "empty": b"",
        "cut": array.getvalue()[:40],
    }[how]
    path = tmp_path / "arrays.npz"
    with zipfile.ZipFile(path, "w") as file:
        for name in names:
            file.writestr(f"{name}.npy", data)
    with pytest.raises(Exception, match=r"arrays\.npz") as caught:
        load(path)
    assert explain(caught.value).exit_code is not Exit.BUG
