"""The loop from pictures to transcripts: on fakes whose every figure is known, and once on the real models."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eval.captions import score_captions
from eval.data import CaptionedImage
from eval.errors import (
    ItemError,
    MismatchedItemsError,
    ResultsError,
    TooFewItemsError,
    UnknownNameError,
)
from eval.loop import Candidate, System, score_loop
from eval.results import Evaluation, load_evaluation, save_evaluation
from eval.score import signature_parts
from eval.stats import compare
from eval.testing import FakeEars, fake_recognizer, fake_system
from lookaloud.ground.errors import MissingExtraError
from speech.hearing import load_recognizer

CAPTIONS = {
    "1.jpg": "A dog runs on the grass.",
    "2.jpg": "Two men sit near a lake.",
    "3.jpg": "A red boat is at sea.",
    "4.jpg": "A child jumps over a fence.",
}
SIGNAL = ["duration", "rtf", "first_audio", "wer", "cer"]  # no network


def pictures(*names: str) -> list[CaptionedImage]:
    return [
        CaptionedImage(name, Path("pictures") / name, (CAPTIONS[name], f"{CAPTIONS[name][:-3]} and more."), "val")
        for name in names or CAPTIONS
    ]


def loop(
    ears: FakeEars, captions: dict[str, str] = CAPTIONS, items: list[CaptionedImage] | None = None, **options: object
) -> Evaluation:
    options = {"speech_metrics": SIGNAL, "resamples": 50} | options
    system = fake_system(captions, ears)
    return score_loop(items or pictures(), system, fake_recognizer(ears), **options)  # type: ignore[arg-type]


def values(found: Evaluation) -> dict[str, float]:
    return {score.name: score.value for score in found.scores}


def test_what_is_heard_right_loses_nothing() -> None:
    found = loop(FakeEars())
    figures = values(found)
    for name in ("bleu4", "rouge_l", "cider_d"):
        assert figures[name] == figures[f"transcript_{name}"]
    assert figures["wer"] == figures["cer"] == 0.0
    assert {loss.difference for loss in found.losses} == {0.0}
    assert {loss.p_randomisation for loss in found.losses} == {1.0}
    assert not found.failed


def test_what_is_misheard_is_the_difference_of_text_and_transcript() -> None:
    found = loop(FakeEars({"dog": "dock", "lake.": "cake."}))
    heard = {name: text.replace("dog", "dock").replace("lake", "cake") for name, text in CAPTIONS.items()}
    references = {item.id: item.references for item in pictures()}
    for before, after in zip(score_captions(CAPTIONS, references), score_captions(heard, references), strict=True):
        assert values(found)[before.name] == before.value
        assert values(found)[f"transcript_{before.name}"] == after.value
        loss = next(loss for loss in found.losses if loss.name == before.name)
        assert loss.difference == pytest.approx(after.value - before.value)
        assert loss.ci95 is not None
    n_words = sum(len(text.split()) for text in CAPTIONS.values())
    assert values(found)["wer"] == pytest.approx(100 * 2 / n_words)
    assert found.items[0].transcript == "A dock runs on the grass."
    assert found.items[0].confidence == 0.5


def test_signatures_name_the_whole_system_and_two_systems_compare() -> None:
    found = loop(FakeEars())
    parts = {score.name: signature_parts(score.signature) for score in found.scores}
    assert parts["bleu4"]["text"] == "caption"
    assert parts["transcript_bleu4"]["text"] == "transcript"
    for name in parts:
        assert parts[name]["captioner"] == "fake"
        assert ("voice" in parts[name]) == (parts[name].get("text") != "caption")
        assert "seed-0" in parts[name]["ci95"]
    assert parts["transcript_bleu4"]["asr"] == parts["wer"]["asr"] == "fake-ears"
    assert "asr" not in parts["duration"]
    ears = FakeEars({"red": "bread"})
    other = score_loop(
        pictures(),
        replace(fake_system(CAPTIONS, ears, voice="other"), options={"rate": "1.2"}),
        fake_recognizer(ears),
        speech_metrics=[],
        resamples=50,
    )
    assert signature_parts(other.scores[0].signature)["options"] == "rate=1.2"
    both = [next(s for s in run.scores if s.name == "transcript_bleu1") for run in (found, other)]
    assert compare(*both).difference < 0


def test_times_and_signal_come_from_the_sounds() -> None:
    found = loop(FakeEars())
    seconds = [0.05 * sum(len(word) for word in text.split()) for text in CAPTIONS.values()]
    assert values(found)["duration"] == pytest.approx(np.mean(seconds), abs=1e-3)
    assert [item.seconds["audio"] for item in found.items] == pytest.approx(seconds, abs=1e-3)
    assert values(found)["caption_seconds"] >= 0
    assert values(found)["rtf"] > 0


def test_a_picture_that_fails_is_scored_as_nothing_said_and_named() -> None:
    some = {name: text for name, text in CAPTIONS.items() if name != "3.jpg"}
    found = loop(FakeEars(), some)
    references = {item.id: item.references for item in pictures()}
    expected = score_captions({**some, "3.jpg": ""}, references, ["bleu4", "cider_d"])
    assert [values(found)[score.name] for score in expected] == [score.value for score in expected]
    assert [item.id for item in found.failed] == ["3.jpg"]
    note = "1 of 4 pictures failed and count as nothing said (3.jpg: 3.jpg is no picture.)."
    assert note in found.notes
    assert next(score for score in found.scores if score.name == "wer").ids == ("1.jpg", "2.jpg", "4.jpg")


def test_a_caption_that_cannot_be_spoken_still_counts_as_text() -> None:
    found = loop(FakeEars(), CAPTIONS | {"2.jpg": ""})
    assert found.items[1].error == "The caption is empty, so there is nothing to speak."
    ears = FakeEars()

    def refuses(text: str) -> list[object]:
        raise ItemError("The voice is hoarse.")

    system = replace(fake_system(CAPTIONS, ears), speak=refuses)  # type: ignore[arg-type]
    with pytest.raises(TooFewItemsError, match=r"all 4 pictures failed \(1\.jpg: The voice is hoarse\."):
        score_loop(pictures(), system, fake_recognizer(ears))

    def half(text: str) -> object:
        return ears.speak(text) if "boat" not in text else iter(())

    found = score_loop(
        pictures(),
        replace(fake_system(CAPTIONS, ears), speak=half),  # type: ignore[arg-type]
        fake_recognizer(ears),
        speech_metrics=SIGNAL,
    )
    assert found.items[2].caption == CAPTIONS["3.jpg"]
    assert found.items[2].error == "The voice made no sound of 'A red boat is at sea.'."
    assert values(found)["bleu1"] > values(found)["transcript_bleu1"]


def test_a_stopped_run_goes_on_where_it_was(tmp_path: Path) -> None:
    asked: list[str] = []

    def system(ears: FakeEars, *, stop_at: str = "") -> System:
        def caption(image: Path) -> Candidate:
            if image.name == stop_at:
                raise KeyboardInterrupt
            asked.append(image.name)
            return Candidate(CAPTIONS[image.name])

        return System(caption, ears.speak, "fake", "tones")

    ears = FakeEars({"dog": "dock"})
    with pytest.raises(KeyboardInterrupt):
        score_loop(pictures(), system(ears, stop_at="3.jpg"), fake_recognizer(ears), out_dir=tmp_path)
    rows = tmp_path / "run.jsonl"
    assert [json.loads(line)["id"] for line in rows.read_text().splitlines()] == ["1.jpg", "2.jpg"]
    rows.write_text(rows.read_text() + '{"id": "3.jpg", "capt')  # killed in the middle of a line
    (tmp_path / "audio" / "000001.flac").unlink()
    asked.clear()
    again = FakeEars()
    found = score_loop(
        pictures(), system(again), fake_recognizer(again), out_dir=tmp_path, speech_metrics=SIGNAL, resamples=50
    )
    assert asked == ["2.jpg", "3.jpg", "4.jpg"]
    assert found.items[0].transcript == "A dock runs on the grass."  # the first run's ears
    assert [json.loads(line)["id"] for line in rows.read_text().splitlines()] == ["1.jpg", "2.jpg", "3.jpg", "4.jpg"]
    asked.clear()
    fewer = score_loop(
        pictures("2.jpg", "4.jpg"), system(again), fake_recognizer(again), out_dir=tmp_path, speech_metrics=SIGNAL
    )
    assert asked == []
    assert [item.id for item in fewer.items] == ["2.jpg", "4.jpg"]
    assert len(rows.read_text().splitlines()) == 4


def test_failures_are_tried_again(tmp_path: Path) -> None:
    ears = FakeEars()
    loop(ears, {name: CAPTIONS[name] for name in ("1.jpg", "2.jpg")}, out_dir=tmp_path)
    assert not loop(ears, out_dir=tmp_path).failed


def test_results_of_something_else_are_not_mixed_in(tmp_path: Path) -> None:
    ears = FakeEars()
    loop(ears, out_dir=tmp_path / "a")
    other = fake_system(CAPTIONS, ears, captioner="blip")
    with pytest.raises(ResultsError, match=r"holds another run \(captioner: fake, now blip\)"):
        score_loop(pictures(), other, fake_recognizer(ears), out_dir=tmp_path / "a")
    (tmp_path / "a" / "run.json").unlink()
    with pytest.raises(ResultsError, match="results of something else"):
        loop(ears, out_dir=tmp_path / "a")
    (tmp_path / "b").touch()
    with pytest.raises(ResultsError, match="is a file, not a folder"):
        loop(ears, out_dir=tmp_path / "b")


def test_im2sp_scores_transcripts_and_says_what_it_could_not(monkeypatch: pytest.MonkeyPatch) -> None:
    import eval.loop_scores

    asked = []

    def scoring(
        captions: object, references: object, metrics: list[str], *, left_out: Any, **options: str
    ) -> list[object]:
        asked.append((tuple(metrics), options.pop("tokenizer")))
        if "spice" in metrics:
            left_out("spice", MissingExtraError("SPICE needs Java."))
        return score_captions(captions, references, [name for name in metrics if name not in ("meteor", "spice")])  # type: ignore[arg-type]

    monkeypatch.setattr(eval.loop_scores, "score_captions", scoring)
    found = loop(FakeEars({"dog": "dock"}), protocol="im2sp")
    assert asked[0] == (("bleu1", "bleu2", "bleu3", "bleu4", "meteor", "rouge_l", "cider", "spice"), "ptb")
    assert "transcript_cider" in values(found)
    assert "cider" not in values(found)
    assert "spice was not computed: SPICE needs Java." in found.notes
    assert signature_parts(found.scores[0].signature)["protocol"] == "im2sp"
    with pytest.raises(MissingExtraError):
        loop(FakeEars(), metrics=["spice"], protocol="im2sp")


def test_wrong_input_is_refused_before_any_work() -> None:
    ears = FakeEars()
    with pytest.raises(UnknownNameError, match="choose one of: lookaloud, im2sp"):
        loop(ears, protocol="coco")
    with pytest.raises(MismatchedItemsError, match="same id"):
        loop(ears, items=[*pictures("1.jpg"), *pictures("1.jpg")])
    with pytest.raises(TooFewItemsError, match="no picture"):
        score_loop([], fake_system(CAPTIONS, ears), fake_recognizer(ears))


def test_one_picture_has_figures_and_no_interval() -> None:
    found = loop(FakeEars(), items=pictures("1.jpg"))
    assert found.losses == ()
    assert all(score.ci95 is None for score in found.scores)
    assert any("One picture has no confidence interval" in note for note in found.notes)
    assert any(note.startswith("cider_d was not computed") for note in found.notes)


def test_one_picture_has_what_can_be_computed_of_what_was_asked_for_by_name() -> None:
    found = loop(FakeEars(), items=pictures("1.jpg"), metrics=["bleu1", "cider_d"])
    assert "transcript_bleu1" in values(found)
    assert sum(note.startswith("cider_d was not computed") for note in found.notes) == 1
    with pytest.raises(TooFewItemsError, match="needs 2"):
        loop(FakeEars(), items=pictures("1.jpg"), metrics=["cider_d"])


def test_a_loop_is_saved_and_read_whole(tmp_path: Path) -> None:
    ears = FakeEars({"dog": "dock"})
    found = loop(ears, {name: text for name, text in CAPTIONS.items() if name != "4.jpg"}, out_dir=tmp_path)
    save_evaluation(found, tmp_path)
    read = load_evaluation(tmp_path)
    assert (read.kind, read.settings, read.items, read.losses, read.notes) == (
        found.kind,
        found.settings,
        found.items,
        found.losses,
        found.notes,
    )
    for before, after in zip(found.scores, read.scores, strict=True):
        assert (before.name, before.value, before.ci95, before.ids) == (after.name, after.value, after.ci95, after.ids)
        np.testing.assert_array_equal(before.stats, after.stats)
    assert not math.isnan(read.scores[0].value)


def test_the_real_loop_on_three_pictures(tmp_path: Path) -> None:
    from captioner import load_captioner, open_image
    from speech import load_voice

    examples = Path(__file__).resolve().parent.parent / "examples"
    people = {
        "astronaut.jpg": ("A woman in an orange suit smiles.", "An astronaut in front of a flag."),
        "cat.jpg": ("The face of a cat.", "A cat looks into the camera."),
        "raccoon.jpg": ("A raccoon among leaves.", "A raccoon hides in green plants."),
    }
    captioner, voice = load_captioner(), load_voice()

    def caption(image: Path) -> Candidate:
        said = captioner.caption(open_image(image))
        return Candidate(said.text, said.confidence)

    items = [CaptionedImage(name, examples / name, texts, None) for name, texts in people.items()]
    system = System(caption, voice.stream, captioner.name, voice.name)
    found = score_loop(items, system, load_recognizer(), out_dir=tmp_path, speech_metrics=["wer", "duration", "rtf"])
    assert not found.failed
    figures = values(found)
    assert figures["wer"] <= 20.0, [(item.caption, item.transcript) for item in found.items]
    assert figures["transcript_bleu1"] == pytest.approx(figures["bleu1"], abs=15.0)
    assert 0.5 < figures["duration"] < 6.0
    assert all(item.audio is not None and (tmp_path / item.audio).is_file() for item in found.items)
    transcript = next(score for score in found.scores if score.name == "transcript_bleu4")
    assert signature_parts(transcript.signature)["asr"] == "whisper-tiny.en"


def test_the_benchmark_s_table_has_every_figure_and_finds_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    root = Path(__file__).resolve().parent.parent
    monkeypatch.syspath_prepend(str(root / "benchmarks"))
    import loop as benchmark

    found = loop(FakeEars({"dog": "dock"}))
    figures = benchmark.figures_of(found, dataset="tiny", split="val")
    assert "caption_seconds" not in figures["scores"]
    table = benchmark.markdown(json.loads(json.dumps(figures)))
    assert table.startswith(
        "4 pictures of tiny, split val, 0 failed; captioner fake, voice tones, recognizer fake-ears."
    )
    rows = [line for line in table.splitlines() if line.startswith("| ")]
    assert len(rows) == 2 + len(found.losses) + len(SIGNAL)
    loss = next(loss for loss in found.losses if loss.name == "bleu1")
    assert any(f"| {loss.difference:.2f} (" in row or f"| {loss.difference:.3f} (" in row for row in rows)
    once = benchmark.with_table(f"a\n{benchmark.BEGIN}\nold\n{benchmark.END}\nb\n", table)
    assert benchmark.with_table(once, table) == once
    assert "old" not in once
    with pytest.raises(SystemExit):
        benchmark.with_table("no marks", table)


def test_the_published_table_is_what_the_benchmark_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    root = Path(__file__).resolve().parent.parent
    monkeypatch.syspath_prepend(str(root / "benchmarks"))
    import loop as benchmark

    figures = json.loads((root / "benchmarks" / "results" / "loop-flickr8k-val.json").read_text(encoding="utf-8"))
    page = (root / "docs" / "evaluation.md").read_text(encoding="utf-8")
    assert benchmark.with_table(page, benchmark.markdown(figures)) == page
    assert figures["pictures"] == 1000
    assert figures["settings"]["captioner"] == "compact"
