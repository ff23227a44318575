"""Ids that name one picture in different ways, and those that could mean two."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import RunCommand

from eval.captions import score_captions
from eval.data import CaptionedImage, load_candidates, load_captioned, load_objects
from eval.errors import EvalError, MismatchedItemsError, TooFewItemsError
from eval.ids import file_names, renamed
from eval.results import load_scores, save_evaluation
from eval.suite import compare_results, evaluate_captions, matched_candidates

COCO = "COCO_val2014_000000000042.jpg"
FORMS = [
    "42",
    "042",
    "000000000042",
    "42.jpg",
    "000000000042.jpg",
    "COCO_val2014_000000000042",
    COCO,
    f"val2014/{COCO}",
]


@pytest.mark.parametrize("given", FORMS)
@pytest.mark.parametrize("wanted", FORMS)
def test_all_forms_of_a_number_mean_each_other(given: str, wanted: str) -> None:
    assert renamed({given: "a dog"}, {wanted: "", "7": ""}) == {wanted: "a dog"}


@pytest.mark.parametrize(
    ("given", "wanted", "file"),
    [
        ("dog.jpg", "1", "dog.jpg"),
        ("dog", "1", "dog.jpg"),
        ("/home/ann/pictures/dog.JPG", "1", "dog.jpg"),
        ("C:\\pictures\\dog.jpg", "1", "dog.jpg"),
        ("https://example.org/val2017/000000000009.jpg", "9", "000000000009.jpg"),
        ("a/1.jpg", "x", "a/1.jpg"),
        ("train/a/1.jpg", "x", "a/1.jpg"),
        ("dog.jpeg", "dog.jpg", ""),
        ("dog.wav", "dog", ""),
        ("dög 1.jpg", "7", "dög 1.jpg"),
    ],
)
def test_a_file_s_name_means_its_picture(given: str, wanted: str, file: str) -> None:
    assert renamed({given: 1}, {wanted: file, "other": "other.png"}) == {wanted: 1}


@pytest.mark.parametrize(
    ("given", "wanted", "file"),
    [
        ("dog.png", "dog.jpg", ""),  # another file
        ("b/1.jpg", "a/1.jpg", ""),  # another folder
        ("COCO_train2014_000000000042", "COCO_val2014_000000000042", ""),  # another year's
        ("7", "3", "7.jpg"),  # numbers are ids, where ids are numbers
        ("3.jpg", "3", "7.jpg"),  # and a file's name is a file's
        ("dog", "cat", "cat.jpg"),
        ("٤٢", "42", ""),
    ],
)
def test_what_differs_is_not_matched(given: str, wanted: str, file: str) -> None:
    assert renamed({given: 1}, {wanted: file}) == {given: 1}


def test_crossed_numbers_go_where_each_belongs() -> None:
    wanted = {"1": "2.jpg", "2": "1.jpg"}
    assert renamed({"1": "a", "2": "b"}, wanted) == {"1": "a", "2": "b"}
    assert renamed({"1.jpg": "a", "2.jpg": "b"}, wanted) == {"2": "a", "1": "b"}
    with pytest.raises(MismatchedItemsError, match=r"The id '?0*1'? could mean any of"):
        renamed({"001": "a", "002": "b"}, wanted)


@pytest.mark.parametrize(
    ("given", "wanted", "message"),
    [
        ({"1.jpg": "a"}, {"x/1.jpg": "", "y/1.jpg": ""}, r"'1\.jpg' could mean any of 'x/1\.jpg' and 'y/1\.jpg'"),
        ({"9.jpg": "a"}, {"9": "", "0009.jpg": ""}, r"'9\.jpg' could mean any of 9 and '0009\.jpg'"),
        (
            {"9": "a", "000000000009.jpg": "b"},
            {"9": "000000000009.jpg", "8": "8.jpg"},
            "mean the same item, 9, and differ",
        ),
        ({"09.jpg": "a", "009.jpg": "b"}, {"9": ""}, r"'09\.jpg' and '009\.jpg' mean the same item"),
    ],
)
def test_what_could_mean_two_is_an_error(given: dict[str, str], wanted: dict[str, str], message: str) -> None:
    with pytest.raises(MismatchedItemsError, match=message):
        renamed(given, wanted)


def test_exact_ids_count_before_near_ones_and_equal_values_are_one() -> None:
    assert renamed({"1.jpg": "a", "01.jpg": "b"}, {"1.jpg": ""}) == {"1.jpg": "a", "01.jpg": "b"}
    assert renamed({"1.jpg": "a", "x/1.jpg": "b", "y/1.jpg": "c"}, {"x/1.jpg": "", "y/1.jpg": "", "1.jpg": ""}) == {
        "1.jpg": "a",
        "x/1.jpg": "b",
        "y/1.jpg": "c",
    }
    assert renamed({"42": ["dog"], COCO: ["dog"]}, {"000000000042.jpg": ""}) == {"000000000042.jpg": ["dog"]}


def test_files_are_named_as_far_as_their_folders_differ() -> None:
    def item(name: str, path: str) -> CaptionedImage:
        return CaptionedImage(name, Path(path), ("a dog",), None)

    assert file_names([item("1", "d/a/1.jpg"), item("2", "d/b/1.jpg")]) == {"1": "a/1.jpg", "2": "b/1.jpg"}
    assert file_names([item("1", "d/a/1.jpg"), item("2", "d/a/2.jpg")]) == {"1": "1.jpg", "2": "2.jpg"}
    assert file_names([item("a/1.jpg", "d/a/1.jpg"), item("2", "/d/2.jpg")]) == {"a/1.jpg": "1.jpg", "2": "2.jpg"}
    said = {"a/1.jpg": "one", "b/1.jpg": "two"}
    assert matched_candidates(said, [item("1", "d/a/1.jpg"), item("2", "d/b/1.jpg")]) == {"1": "one", "2": "two"}


def coco_file(path: Path, ids: tuple[int, ...] = (9, 25, 30)) -> Path:
    document = {
        "images": [{"id": number, "file_name": f"{number:012d}.jpg"} for number in ids],
        "annotations": [
            {"id": 10 * number + k, "image_id": number, "caption": f"a dog runs {number} {more}"}
            for number in ids
            for k, more in enumerate(("far away", "on the grass"))
        ],
    }
    path.write_text(json.dumps(document))
    return path


@pytest.mark.parametrize("form", ["{0}", "{0:012d}", "{0:012d}.jpg", "COCO_val2014_{0:012d}.jpg", "val/{0:012d}.jpg"])
def test_results_of_any_form_are_scored_against_coco(
    form: str, in_folder: Path, lookaloud: RunCommand, tmp_path: Path
) -> None:
    data = coco_file(in_folder / "refs.json")
    rows = [{"image_id": form.format(number), "caption": f"a dog runs {number}"} for number in (9, 25, 30, 77)]
    (in_folder / "said.json").write_text(json.dumps(rows))
    done = lookaloud("eval", "captions", "said.json", data.name, "--resamples", "20", "--json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["n_items"] == 3
    assert "1 captions of other pictures were left out." in found["notes"]
    plain = {str(number): f"a dog runs {number}" for number in (9, 25, 30)}
    people = {item.id: item.references for item in load_captioned(data)}
    for score, own in zip(score_captions(plain, people), found["scores"], strict=True):
        assert own["value"] == score.value


def test_ids_of_other_kinds_are_both_shown(in_folder: Path, lookaloud: RunCommand) -> None:
    data = coco_file(in_folder / "refs.json", ids=(42, 43))
    (in_folder / "said.json").write_text(json.dumps({"dog.jpg": "a dog", "cat.jpg": "a cat"}))
    done = lookaloud("eval", "captions", "said.json", data.name)
    assert done.exit_code == 1
    assert "2 of 2 pictures have no caption (42, 43): results have ids such as 'dog.jpg' and 'cat.jpg', " in done.stderr
    assert "references such as 42 and 43; give one caption for each" in done.stderr
    with pytest.raises(MismatchedItemsError, match=r"results have ids such as 'dog\.jpg', references such as 42;"):
        score_captions({"dog.jpg": "a dog"}, {"42": ["a dog"]}, ["bleu1"])


def test_pictures_objects_and_ids_of_two_systems_are_matched_too(tmp_path: Path) -> None:
    objects = {"42": ["dog"], COCO: ["dog"], "7": ["cat"], "COCO_val2014_000000000007.jpg": ["cat"]}
    said = {"000000000042.jpg": "a dog and a cat", "000000000007.jpg": "a cat"}
    (score,) = score_captions(said, None, ["chair_i"], objects=objects)
    assert score.stats.tolist() == [[1, 2], [0, 1]]
    instances = {
        "categories": [{"id": 1, "name": "dog"}],
        "images": [{"id": 42, "file_name": COCO}],
        "annotations": [{"image_id": 42, "category_id": 1}],
    }
    (tmp_path / "instances.json").write_text(json.dumps(instances))
    marked = load_objects(tmp_path / "instances.json").objects
    assert score_captions({"42.jpg": "a cat"}, None, ["chair_i"], objects=marked)[0].value == 100.0

    for name, ids in (("a", ("42", "7")), ("b", ("000000000007.jpg", "000000000042.jpg"))):
        items = [CaptionedImage(i, Path(i), (f"a dog runs {int(i[:12].strip('.jpg'))}",), None) for i in ids]
        save_evaluation(
            evaluate_captions(dict.fromkeys(ids, "a dog runs 7"), items, metrics=["rouge_l"]), tmp_path / name
        )
    ((_, found),) = compare_results(tmp_path / "a", tmp_path / "b", resamples=20)
    assert (found.n_items, found.difference) == (2, 0.0)
    assert load_scores(tmp_path / "b")[0].ids == ("000000000007.jpg", "000000000042.jpg")


def test_one_picture_is_scored_as_far_as_it_goes(in_folder: Path, lookaloud: RunCommand) -> None:
    data = coco_file(in_folder / "refs.json", ids=(9,))
    (in_folder / "said.json").write_text(json.dumps([{"image_id": 9, "caption": "a dog runs 9 far"}]))
    done = lookaloud("eval", "captions", "said.json", data.name, "--out", "results")
    assert done.exit_code == 0, done.output
    assert "1 item. data: refs.json" in done.stdout
    assert "BLEU-4: " in done.stdout
    assert "ROUGE-L: " in done.stdout
    assert "CIDEr" not in done.stdout.partition("Note:")[0]
    assert "Note: cider_d was not computed: CIDEr-D was given references of 1 image(s)" in done.stdout
    assert "Note: One picture has no confidence interval" in done.stdout
    assert (in_folder / "results" / "report.html").is_file()
    asked = lookaloud("eval", "captions", "said.json", data.name, "--metrics", "cider_d")
    assert asked.exit_code == 1
    assert "needs 2 at the very least" in asked.stderr


def test_scoring_one_item_unasked_leaves_cider_out_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    scores = score_captions({"1": "a dog"}, {"1": ["a dog runs"]})
    assert [score.name for score in scores] == ["bleu1", "bleu2", "bleu3", "bleu4", "rouge_l"]
    assert "cider_d was left out" in caplog.text
    missed: list[tuple[str, EvalError]] = []
    both = score_captions(
        {"1": "a dog"}, {"1": ["a dog"]}, ["cider_d", "bleu1"], left_out=lambda *pair: missed.append(pair)
    )
    assert [score.name for score in both] == ["bleu1"]
    ((name, error),) = missed
    assert name == "cider_d"
    assert isinstance(error, TooFewItemsError)


def test_candidates_of_a_number_and_of_its_text_are_twice_the_same(tmp_path: Path) -> None:
    (tmp_path / "said.json").write_text('[{"image_id": 9, "caption": "a"}, {"image_id": "9", "caption": "b"}]')
    with pytest.raises(EvalError, match="has the id '9' more than once"):
        load_candidates(tmp_path / "said.json")
