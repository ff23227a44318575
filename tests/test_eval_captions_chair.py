"""CHAIR: objects that captions name and pictures do not have."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from eval.captions import score_captions
from eval.captions.chair import ObjectWords, coco_words
from eval.data import load_objects
from eval.errors import EmptyReferenceError, EvalDataError, MismatchedItemsError, TooFewItemsError, UnknownNameError
from eval.score import signature_parts
from lookaloud.cli import main

SAID = {"1": "A dog and a cat on a couch.", "2": "Two women with a surfboard", "3": "a sunny day", "4": "a bus, a bus"}
HUMANS = {"1": ["a puppy on a sofa"], "2": ["a girl at the sea"], "3": ["a tree"], "4": ["a bus stop"]}
OBJECTS = {"1": ["dog"], "2": ["person", "surfboard"], "3": [], "4": ["bus"]}
CHAIR = ["chair_i", "chair_s"]


@pytest.mark.parametrize(
    ("text", "objects"),
    [
        ("A hot dog on a plate", ["hot dog"]),
        ("two dogs, a puppy and the Poodles", ["dog", "dog", "dog"]),
        ("policemen, women and children", ["person"] * 3),
        ("a dog's t-shirt", ["dog"]),
        ("a teddy bear beside a bear", ["teddy bear", "bear"]),
        ("an orange shirt and two oranges", ["orange"]),
        ("a couple of zebras at a bus stop", ["zebra"]),
        ("A stop-sign over traffic lights", ["stop sign", "traffic light"]),
        ("knives, sheep, mice and boxes", ["knife", "sheep", "mouse"]),
        ("toilet paper on the train tracks", []),
        ("carpet, bearded, catch, category, dogma", []),
        ("", []),
    ],
)
def test_the_objects_that_a_text_names(text: str, objects: list[str]) -> None:
    assert coco_words().mentions(text) == objects


def test_the_list_is_coco_s_80_kinds() -> None:
    words = coco_words()
    assert len(words.objects) == 80
    for name in words.objects - {"orange"}:
        assert words.mentions(f"there is a {name} here") == [name]
    assert set(words.phrases.values()) - {None} == words.objects


def test_figures_against_objects_and_references() -> None:
    i, s = score_captions(SAID, HUMANS, CHAIR, objects=OBJECTS)
    # Named: dog cat couch | person surfboard | nothing | bus bus. Not there: the cat.
    assert i.stats.tolist() == [[1, 3], [0, 2], [0, 0], [0, 2]]
    assert s.stats.tolist() == [[1, 1], [0, 1], [0, 1], [0, 1]]
    assert i.value == pytest.approx(100 / 7)
    assert s.value == pytest.approx(25)
    assert i.direction == "lower"
    parts = signature_parts(i.signature)
    assert (parts["truth"], parts["words"], parts["refs"]) == ("objects+references", "coco80-1", "1")


def test_figures_against_references_alone_or_objects_alone() -> None:
    of_references = score_captions(SAID, HUMANS, CHAIR)
    # A bus stop is no bus, and nobody mentioned the surfboard.
    assert of_references[0].stats[:, 0].tolist() == [1, 1, 0, 2]
    assert signature_parts(of_references[0].signature)["truth"] == "references"
    of_objects = score_captions(SAID, None, CHAIR, objects=OBJECTS)
    assert of_objects[0].stats[:, 0].tolist() == [2, 0, 0, 0]
    assert signature_parts(of_objects[1].signature)["truth"] == "objects"
    assert "refs" not in signature_parts(of_objects[1].signature)


def test_the_caller_s_words_take_the_place_of_ours() -> None:
    synonyms = {"tree": ["oak", "fir tree"], "river": ["stream"]}
    objects = {"1": ["oak"]}
    said = {"1": "Oaks and fir trees near two streams and a dog"}
    (score,) = score_captions(said, None, ["chair_i"], objects=objects, synonyms=synonyms)
    assert score.stats.tolist() == [[1, 3]]
    assert signature_parts(score.signature)["words"] == "given"


def test_wrong_input_is_named() -> None:
    with pytest.raises(EmptyReferenceError, match="chair_i needs references or lists of objects"):
        score_captions(SAID, None, ["chair_i"])
    with pytest.raises(MismatchedItemsError, match=r"1 caption.*no list of objects \('3'\)"):
        score_captions(SAID, HUMANS, CHAIR, objects={n: o for n, o in OBJECTS.items() if n != "3"})
    with pytest.raises(UnknownNameError, match=r"objects of '3' .*coco80-1 \('unicorn'\)"):
        score_captions(SAID, HUMANS, CHAIR, objects={**OBJECTS, "3": ["unicorn"]})
    with pytest.raises(TooFewItemsError, match="chair_i"):
        score_captions({"1": "a sunny day"}, {"1": ["a tree"]}, ["chair_i"])
    with pytest.raises(EvalDataError, match="'pet' stands for 'dog' and for 'cat'"):
        ObjectWords.of({"dog": ["pet"], "cat": ["pet"]})
    with pytest.raises(EvalDataError, match="no word for any object"):
        ObjectWords.of({})
    with pytest.raises(TypeError, match="'dog' are one string"):
        ObjectWords.of({"dog": "pup"})


def test_files_of_objects(tmp_path: Path) -> None:
    file = tmp_path / "objects.json"

    def load(value: Any) -> Any:
        file.write_text(json.dumps(value), encoding="utf-8")
        return load_objects(file)

    ours = load({"objects": OBJECTS, "synonyms": {"dog": ["pup"]}})
    assert (ours.objects, ours.synonyms) == (OBJECTS, {"dog": ["pup"]})
    coco = {
        "images": [{"id": 7, "file_name": "7.jpg"}, {"id": 8, "file_name": "8.jpg"}],
        "categories": [{"id": 1, "name": "person"}, {"id": 18, "name": "dog"}],
        "annotations": [{"image_id": 7, "category_id": number} for number in (18, 1, 18)],
    }
    assert load(coco).objects == {"7": ["dog", "person"], "7.jpg": ["dog", "person"], "8": [], "8.jpg": []}
    assert load(coco).synonyms is None
    del coco["categories"]
    for wrong in (coco, {"objects": {"1": "dog"}}, {"objects": [1]}, [], {"1": ["dog"]}):
        with pytest.raises(EvalDataError, match=r"objects\.json"):
            load(wrong)


def test_the_command_takes_every_metric_by_name(in_folder: Path) -> None:
    Path("said.jsonl").write_text("".join(json.dumps({"id": n, "caption": c}) + "\n" for n, c in SAID.items()))
    rows = ({"id": n, "image": f"{n}.jpg", "captions": c} for n, c in HUMANS.items())
    Path("data.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    Path("objects.json").write_text(json.dumps({"objects": OBJECTS}))
    command = ["eval", "captions", "said.jsonl", "data.jsonl", "--resamples", "20"]
    told = CliRunner().invoke(
        main, [*command, "--metrics", "chair_i,length,distinct1", "--objects", "objects.json"], catch_exceptions=False
    )
    assert told.exit_code == 0, told.output
    assert "CHAIRi: 14.3 percent" in told.output
    assert "lower is better" in told.output
    assert "1 of 4 items do not define CHAIRi" in told.output
    assert "Length: 5.00 words" in told.output
    assert CliRunner().invoke(main, [*command, "--metrics", "chair"]).exit_code == 2
    listed = CliRunner().invoke(main, ["eval", "captions", "--list-metrics"])
    assert listed.exit_code == 0
    assert "chair_s: CHAIRs: " in listed.output
    assert "bleu4: BLEU-4: " in listed.output
    offline = CliRunner().invoke(main, [*command, "--metrics", "clipscore", "--local-only"])
    assert offline.exit_code == 1
    assert "may not be downloaded" in offline.output
