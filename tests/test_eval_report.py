"""The report: what it says, that it works from the disk alone, and that it can be read without seeing it."""

from __future__ import annotations

import io
import json
import math
import re
import sys
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from eval.data import CaptionedImage
from eval.errors import ResultsError
from eval.loop import score_loop
from eval.report import write_report
from eval.report_plots import make_plots
from eval.results import (
    Evaluation,
    ResultItem,
    items_csv,
    load_evaluation,
    load_scores,
    read_items,
    save_evaluation,
    scores_csv,
)
from eval.score import Direction, Score
from eval.stats import compare
from eval.suite import evaluate_captions
from eval.tables import comparison_line, evaluation_lines
from eval.testing import FakeEars, fake_recognizer, fake_system
from lookaloud.ground.errors import MissingExtraError

N = 24
SUBJECTS = ("dog", "cat", "horse", "boat")
PLACES = ("beach", "street", "field", "lake", "roof", "bridge")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A loop's results over pictures, one of them broken, with a name that is no HTML."""
    folder = tmp_path_factory.mktemp("loop")
    items, said = [], {}
    for i in range(N):
        name = f"{i}<b>&.png"
        Image.new("RGB", (400, 300), (i * 9, 100, 50)).save(folder / name)
        text = f"a {SUBJECTS[i % 4]} runs along the {PLACES[i % 6]} in the sun"
        people = (text, f"the {text[2:]}", f"one {SUBJECTS[i % 4]}")
        said[name] = text if i % 3 else "many people are eating <script>alert(1)</script> soup"
        items.append(CaptionedImage(name, folder / name, people, "val"))
    (folder / items[0].id).write_bytes(b"no picture")
    ears = FakeEars({"dog": "dock", "lake": "cake"})
    found = score_loop(
        items,
        fake_system(said, ears),
        fake_recognizer(ears),
        out_dir=folder,
        speech_metrics=["wer", "duration"],
        resamples=50,
    )
    return save_evaluation(found, folder)


class Page(HTMLParser):
    """What an accessibility check asks of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data.strip())

    def all(self, *names: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag in names]

    @property
    def text(self) -> str:
        return " ".join(filter(None, self.texts))


@pytest.fixture(scope="module")
def html(folder: Path) -> str:
    path = write_report(load_evaluation(folder), folder / "report.html", title="Fake & tones")
    return path.read_text(encoding="utf-8")


def test_the_page_has_language_landmarks_and_headings_in_order(html: str) -> None:
    page = Page(html)
    assert html.startswith("<!DOCTYPE html>")
    assert page.all("html")[0]["lang"] == "en"
    for landmark in ("header", "nav", "main", "footer", "title"):
        assert len(page.all(landmark)) == 1, landmark
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b <= a + 1 for a, b in pairwise(levels))


def test_ids_are_unique_and_what_names_them_finds_them(html: str) -> None:
    page = Page(html)
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(set(ids)) == len(ids)
    wanted = [a.get("href") or a.get("xlink:href") or "" for a in page.all("a", "use")]
    wanted = [link.removeprefix("#") for link in wanted if link]
    wanted += [i for _, a in page.tags if a.get("aria-labelledby") for i in str(a["aria-labelledby"]).split()]
    wanted += re.findall(r"url\(#([^)]+)\)", html)
    assert len(wanted) > 10
    assert set(wanted) <= set(ids)


def test_every_picture_plot_sound_and_table_has_words(html: str) -> None:
    page = Page(html)
    images = page.all("img")
    assert len(images) == 15  # eight best and eight worst, of which one is no picture
    assert all("A person says of it: a " in str(image["alt"]) for image in images)
    plots = page.all("svg")
    assert [plot["aria-labelledby"] for plot in plots] == [
        f"{name}-summary" for name in ("distributions", "length", "reliability", "losses")
    ]
    assert all(plot["role"] == "img" for plot in plots)
    assert len(page.all("audio")) == 16
    assert all(str(sound["aria-label"]).startswith("Speech for ") for sound in page.all("audio"))
    assert len(page.all("table")) == len(page.all("caption")) == 3 + len(plots)
    assert all(header.get("scope") in ("col", "row") for header in page.all("th"))


def test_nothing_comes_from_elsewhere(html: str) -> None:
    page = Page(html)
    for tag, attributes in page.tags:
        for key in ("src", "href", "xlink:href", "action", "srcset", "poster"):
            value = attributes.get(key)
            assert value is None or value.startswith(("data:image/jpeg;", "data:audio/mpeg;", "#")), (tag, value)
    assert not page.all("script", "link", "iframe", "object")
    assert not re.search(r"@import|url\((?!#)", html)
    hosts = set(re.findall(r"https?://[^\"' )<]+", html))
    assert hosts <= {"http://www.w3.org/1999/xlink"}  # the name of XML's links, which nobody opens
    assert "default-src 'none'" in html


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_light_and_dark_colours_have_contrast(html: str) -> None:
    palettes = [
        dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", block)) for block in re.findall(r":root \{(.*?)\}", html, re.S)
    ]
    assert len(palettes) == 2
    for palette in palettes:
        paper = luminance(palette["paper"])
        for name, least in (("ink", 7.0), ("quiet", 4.5), ("accent", 4.5), ("second", 4.5), ("line", 3.0)):
            other = luminance(palette[name])
            ratio = (max(paper, other) + 0.05) / (min(paper, other) + 0.05)
            assert ratio >= least, (name, palette[name], ratio)
    # The plots use the page's colours only.
    svgs = "".join(re.findall(r"<svg.*?</svg>", html, re.S))
    assert "var(--accent)" in svgs
    assert not re.findall(r"#[0-9a-f]{6}", svgs)


def test_what_people_wrote_is_text_and_no_markup(html: str) -> None:
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; soup" in html
    assert "1&lt;b&gt;&amp;.png" in html
    assert "<title>Fake &amp; tones - Lookaloud evaluation</title>" in html


def test_it_says_what_was_found(html: str, folder: Path) -> None:
    found = load_evaluation(folder)
    words = Page(html).text
    for score in found.scores:
        assert score.signature in words
    assert "The picture's file is not here, or is no picture." in words
    best, worst = words.index("Best items By"), words.index("Worst items By")
    assert best < worst
    assert "many people are eating" not in words[best:worst]
    assert words[worst:].count("many people are eating") >= 8


def test_the_same_results_give_the_same_page(html: str, folder: Path, tmp_path: Path) -> None:
    again = write_report(load_evaluation(folder), tmp_path / "a.html", results=folder, title="Fake & tones")
    assert again.read_text(encoding="utf-8") == html


def test_files_can_be_linked_and_a_page_has_a_size(folder: Path, tmp_path: Path) -> None:
    found = load_evaluation(folder)
    linked = write_report(found, tmp_path / "pages" / "linked.html", results=folder, embed=False)
    sources = [str(tag["src"]) for tag in Page(linked.read_text(encoding="utf-8")).all("img", "audio")]
    assert not any(source.startswith("data:") for source in sources)
    assert any(source.endswith(".flac") for source in sources)
    from urllib.parse import unquote

    assert all((linked.parent / unquote(source)).is_file() for source in sources)
    small = write_report(found, tmp_path / "small.html", results=folder, max_mb=0.05)
    assert small.stat().st_size < 50_000 + linked.stat().st_size
    assert "too large to be put into this file" in small.read_text(encoding="utf-8")
    fewer = write_report(found, tmp_path / "fewer.html", results=folder, n_shown=2)
    assert len(Page(fewer.read_text(encoding="utf-8")).all("article")) == 4


def test_a_page_of_captions_alone_and_a_comparison(tmp_path: Path) -> None:
    items = [CaptionedImage(f"{i}", Path(f"{i}.jpg"), (f"a dog number {i} runs", "a dog"), None) for i in range(4)]
    said = {"0": "a dog runs", "1": "", "2": "a cat", "3": "dog number three"}
    found = evaluate_captions(said, items, resamples=20, system="mine")
    other = evaluate_captions(said | {"1": "a dog"}, items, resamples=20, system="theirs")
    compared = [("BLEU-1", compare(found.scores[0], other.scores[0], resamples=20))]
    page = Page(
        write_report(found, tmp_path / "r.html", comparisons=compared, compared_with="theirs").read_text(
            encoding="utf-8"
        )
    )
    assert "Captions: mine" in page.text
    assert "This evaluation compared with theirs" in page.text
    assert not page.all("audio")
    assert [plot.id for plot in make_plots(found)] == ["distributions", "length"]


def test_a_reliability_table_holds_what_was_said_and_what_was_true() -> None:
    items = [
        CaptionedImage(f"{i}", Path("x"), (f"a {SUBJECTS[i % 4]} runs on {PLACES[i % 6]}",) * 3, None)
        for i in range(24)
    ]
    said = {item.id: item.references[0] if i % 2 else "soup" for i, item in enumerate(items)}
    found = evaluate_captions(said, items, metrics=["cider_d"], resamples=20)
    sure = [
        ResultItem(i.id, i.caption, i.references, confidence=0.95 if n % 2 else 0.05) for n, i in enumerate(found.items)
    ]
    plots = make_plots(Evaluation("captions", {}, found.scores, tuple(sure)))
    plot = next(plot for plot in plots if plot.id == "reliability")
    assert plot.table.rows == (("0.0 to 0.1", "12", "0.05", "0.00"), ("0.9 to 1.0", "12", "0.95", "1.00"))
    assert "Mean gap 0.050" in plot.summary


def test_tables_are_read_the_same_whatever_the_locale_and_hold_no_nan() -> None:
    import csv
    import locale

    stats = np.array([[1234.5, 1.0], [0.0, 0.0]])
    score = Score("r", 1234.5, "s", "higher", (1.0, 2000.25), 'R|name:a "b",c', ("1", "é,2"), stats, "ratio")
    before = locale.setlocale(locale.LC_ALL)
    try:
        locale.setlocale(locale.LC_ALL, "C.UTF-8")
        rows = list(csv.DictReader(io.StringIO(scores_csv([score]))))
        of_items = list(csv.DictReader(io.StringIO(items_csv([score]))))
    finally:
        locale.setlocale(locale.LC_ALL, before)
    assert (rows[0]["value"], rows[0]["ci95_high"], rows[0]["signature"]) == ("1234.5", "2000.25", 'R|name:a "b",c')
    assert of_items == [{"id": "1", "r": "1234.5"}, {"id": "é,2", "r": ""}]


def test_a_score_that_is_not_a_number_survives_a_file(tmp_path: Path) -> None:
    score = Score("r", math.nan, "s", "higher", None, "R", ("1",), np.zeros((1, 2)), "ratio")
    save_evaluation(Evaluation("speech", {}, (score,), ()), tmp_path)
    assert "NaN" not in (tmp_path / "evaluation.json").read_text()
    assert math.isnan(load_scores(tmp_path)[0].value)


def test_what_only_describes_has_no_better_way_anywhere(tmp_path: Path) -> None:
    import csv

    items = [CaptionedImage(name, Path(name), ("a dog runs",), None) for name in ("1", "2", "3")]
    said = {"1": "a dog", "2": "a dog runs", "3": "dogs"}
    names = ["length", "vocabulary", "rouge_l", "repetition"]
    found = evaluate_captions(said, items, metrics=names, resamples=20)
    lines = "\n".join(evaluation_lines(found))
    assert re.search(r"Length: 2\.00 words \([^,]*\)$", lines, re.MULTILINE)
    assert lines.count("is better") == 2
    rows = csv.DictReader(io.StringIO(scores_csv(found.scores)))
    assert [row["better"] for row in rows] == ["neither", "neither", "higher", "lower"]
    save_evaluation(found, tmp_path)
    assert [score.direction for score in load_scores(tmp_path)] == ["neither", "neither", "higher", "lower"]
    page = write_report(found, tmp_path / "r.html").read_text(encoding="utf-8")
    assert "By their own ROUGE-L, best first." in page
    alone = evaluate_captions(said, items, metrics=["length"], resamples=20)
    assert "Best items" not in write_report(alone, tmp_path / "l.html").read_text(encoding="utf-8")


def test_results_of_an_earlier_version_are_given_their_directions(tmp_path: Path, folder: Path) -> None:
    now = load_evaluation(folder)
    document = json.loads((folder / "evaluation.json").read_text(encoding="utf-8"))
    for row in document["scores"] + document["losses"]:
        row["higher_is_better"] = row.pop("direction") == "higher"
    (tmp_path / "evaluation.json").write_text(json.dumps(document), encoding="utf-8")
    (tmp_path / "items.jsonl").write_bytes((folder / "items.jsonl").read_bytes())
    then = load_evaluation(tmp_path)
    assert {score.name: score.direction for score in then.scores} == {one.name: one.direction for one in now.scores}
    assert {score.direction for score in then.scores} == {"higher", "lower", "neither"}
    assert then.losses == now.losses


def test_damaged_results_are_told(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(ResultsError, match=r"evaluation\.json cannot be read"):
        load_evaluation(tmp_path)
    (tmp_path / "evaluation.json").write_text("{}")
    with pytest.raises(ResultsError, match='expected "lookaloud evaluation 1"'):
        load_scores(tmp_path)
    text = (folder / "evaluation.json").read_text(encoding="utf-8")
    (tmp_path / "evaluation.json").write_text(text.replace('"aggregate"', '"aggregat"'), encoding="utf-8")
    with pytest.raises(ResultsError, match="is damaged"):
        load_scores(tmp_path)
    (tmp_path / "items.jsonl").write_text('{"id": "1", "seconds": "red"}\n')
    with pytest.raises(ResultsError, match="line 1 is not an item"):
        read_items(tmp_path / "items.jsonl")


def test_lines_for_a_terminal_read_well(folder: Path) -> None:
    lines = list(evaluation_lines(load_evaluation(folder)))
    assert lines[0].startswith(f"{N} items. captioner: fake; voice: tones; asr: fake-ears;")
    assert [line for line in lines if line.endswith(":")] == [
        "Captions as text:",
        "Captions as heard:",
        "Speech and times:",
        "What the voice loses:",
    ]
    assert all(
        re.fullmatch(r"  [^:]+: -?[\d.]+( [a-z]+)*( \(-?[\d.]+ to -?[\d.]+\))?(, (higher|lower) is better)?", line)
        for line in lines[2:]
        if line.startswith("  ") and "as text" not in line
    ), lines
    assert re.search(
        r"  CIDEr-D: [\d.]+ as text, [\d.]+ as heard, difference -[\d.]+ \(-[\d.]+ to -?[\d.]+\)", "\n".join(lines)
    )


def test_the_verdict_of_a_comparison_follows_what_is_better() -> None:
    ids, stats = ("1", "2"), np.array([[1.0, 1.0], [2.0, 1.0]])

    def line(name: str, direction: Direction) -> str:
        a = Score(name, 1.5, "s", direction, None, "X", ids, stats, "ratio")
        b = Score(name, 2.5, "s", direction, None, "X", ids, np.add(stats, [1.0, 0.0]), "ratio")
        return comparison_line(compare(a, b, resamples=10), "X")

    assert "the second is better by 1.00 (1.00 to 1.00)" in line("cider_d", "higher")
    assert "the second is worse by 1.00 (1.00 to 1.00)" in line("wer", "lower")
    assert "the second is higher by 1.00 (1.00 to 1.00)" in line("duration", "neither")


def test_without_the_extra_the_figures_are_kept_and_the_report_is_missed(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for package in ("matplotlib", "jinja2"):
        with monkeypatch.context() as patch:
            patch.setitem(sys.modules, package, None)
            with pytest.raises(
                MissingExtraError, match=rf'needs the package {package}, .* pip install "lookaloud\[eval\]"'
            ):
                write_report(load_evaluation(folder), tmp_path / "r.html", results=folder)
            assert not (tmp_path / "r.html").exists()
