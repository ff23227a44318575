from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pytest

from captioner import Caption
from captioner.findings.caption import KINDS
from captioner.findings.finding import Finding
from captioner.findings.look import Look
from captioner.findings.parts import Parts
from captioner.picture.notes import PhotoNotes
from captioner.reading import Reading, TextLine
from lookaloud.describe.teller import (
    DETAILS,
    MAX_BRIEF,
    brief,
    checked_detail,
    page_text,
    reads_as_page,
    reads_as_sign,
    tell,
)
from lookaloud.words.en import KINDS as SENTENCES


def caption(text: str, *alternatives: str, kind: str = "photograph") -> Caption:
    is_possible = text.startswith("Possibly ")
    text = text.removeprefix("Possibly ").capitalize() if is_possible else text
    return Caption(text, alternatives, 0.8, kind == "photograph", "fake", 0.1, kind, "low" if is_possible else "high")


def of_kind(kind: str) -> Caption:
    return caption("", kind=kind)


def text_in(lines: tuple[TextLine, ...], size: tuple[int, int]) -> dict[str, Finding]:
    return {"text": Reading(lines, size=size)}


def compose(caption: Caption, found: Mapping[str, Finding] | None = None, *, detail: str = "standard") -> str:
    return tell({"caption": caption, **(found or {})}, detail=detail)


def lines(*texts: str, step: int = 25, height: int = 20) -> tuple[TextLine, ...]:
    """Lines one below the other."""
    return tuple(
        TextLine(text, 0.99, (10, 10 + step * row, 10 + 10 * len(text), 10 + step * row + height))
        for row, text in enumerate(texts)
    )


def in_a_large_picture(*texts: str, step: int = 25) -> dict[str, Finding]:
    return text_in(lines(*texts, step=step), (1600, 1200))


DOG = caption("A dog runs across a field.")
PAGE = of_kind("text")


@pytest.mark.parametrize("detail", DETAILS)
def test_a_caption_alone_is_the_same_at_every_level(detail: str) -> None:
    assert compose(DOG, detail=detail) == "A dog runs across a field."
    assert checked_detail(detail) == detail


def test_an_unknown_level_is_refused() -> None:
    with pytest.raises(ValueError, match="'long'; the levels are: brief, standard, detailed"):
        compose(DOG, detail="long")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A dog. It runs.", "A dog."),
        ("Possibly a dog runs.", "Possibly a dog runs."),
        ("A dog at 3.5 metres.", "A dog at 3.5 metres."),
        ("Is it a dog? Perhaps.", "Is it a dog?"),
        ("", ""),
        (
            "A man in a blue shirt stands on a ladder and cleans a window of a tall building while a small brown dog "
            "which is being watched by him sits below.",
            "A man in a blue shirt stands on a ladder and cleans a window of a tall building while a small brown dog.",
        ),
        ("a" * 300, "a" * 124 + "."),
        ("Word " * 24 + "ends here.", "Word " * 23 + "Word ends."),
        ("x" * 124 + ".", "x" * 124 + "."),
    ],
)
def test_brief_is_one_sentence_of_at_most_125_characters(text: str, expected: str) -> None:
    said = brief(text)
    assert said == expected
    assert len(said) <= MAX_BRIEF == 125


@pytest.mark.parametrize("length", range(1, 60))
def test_brief_never_cuts_a_word_nor_loses_the_end_of_the_sentence(length: int) -> None:
    words = [f"w{number}, {'the' if number % 3 else 'and a'}" for number in range(length)]
    text = f"A {' '.join(words)} dog."
    said = brief(text)
    assert len(said) <= 125
    assert said.endswith(".")
    assert not said.endswith((",.", " the.", " a.", " and."))
    assert said == text or text.startswith(said[:-1] + ",")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("This image shows a dog.", "A dog."),
        ("The photograph depicts two dogs.", "Two dogs."),
        ("In this picture, we can see a dog.", "A dog."),
        ("In the image there is a dog.", "A dog."),
        ("An image of a dog.", "A dog."),
        ("This picture is of a dog.", "A dog."),
        ("The picture is blank.", "The picture is blank."),
        ("A black and white photo of a dog.", "A black and white photo of a dog."),
        ("An image of", "An image of"),
    ],
)
@pytest.mark.parametrize("detail", DETAILS)
def test_no_level_says_this_image_shows(text: str, expected: str, detail: str) -> None:
    assert compose(caption(text), detail=detail) == expected


@pytest.mark.parametrize("detail", DETAILS)
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "photograph"])
def test_what_is_no_photograph_is_said_as_the_captioner_says_it(kind: str, detail: str) -> None:
    assert compose(of_kind(kind), {}, detail=detail) == SENTENCES[kind]


def test_a_sign_is_read_after_the_caption() -> None:
    street = caption("A street with trees.")
    assert compose(street, in_a_large_picture("Main Street")) == "A street with trees. The sign says: Main Street."
    assert compose(street, in_a_large_picture("STOP!")) == "A street with trees. The sign says: STOP!"
    assert compose(street, in_a_large_picture("Main", "Street")).endswith("The sign says: Main Street.")


@pytest.mark.parametrize(
    ("said", "texts", "is_sign"),
    [
        ("A street with trees.", ["Main Street"], True),
        ("A man in a shirt stands near a sign.", ["Main Street"], True),
        ("A man in a red shirt.", ["Adidas"], False),
        ("A bus on a street.", ["Main Street"], False),
        ("A beach.", ["© 2021 Ann Lee"], False),
        ("A beach.", ["Photo by Ann Lee"], False),
        ("A beach.", ["www.example.com"], False),
        ("A beach.", ["12.05.2021"], False),
        ("A beach.", ["a sign of far more than eight short words"], False),
        ("A beach.", ["One", "two lines", "three lines", "four lines"], False),
        ("A beach.", [], False),
    ],
)
def test_what_may_be_called_a_sign(said: str, texts: list[str], *, is_sign: bool) -> None:
    assert reads_as_sign(caption(said), lines(*texts)) == is_sign
    if texts and not is_sign:
        assert compose(caption(said), in_a_large_picture(*texts)).startswith(f"{said} Text in the picture: {texts[0]}")


def test_signs_are_only_in_photographs() -> None:
    icon = of_kind("icon")
    assert compose(icon, in_a_large_picture("Acme")) == f"{SENTENCES['icon']} Text in the picture: Acme."


def test_texts_that_stand_apart_are_told_apart() -> None:
    found = in_a_large_picture("Bakery.", "Open daily", step=200)
    assert compose(DOG, found) == "A dog runs across a field. Text in the picture: Bakery; Open daily."


def test_brief_leaves_the_text_out() -> None:
    assert compose(DOG, in_a_large_picture("Main Street"), detail="brief") == DOG.text
    assert compose(PAGE, in_a_large_picture("Main Street"), detail="brief") == SENTENCES["text"]


@pytest.mark.parametrize("detail", ["standard", "detailed"])
def test_a_page_is_read_instead_of_captioned(detail: str) -> None:
    found = in_a_large_picture("It was a dark and", "stormy night; the rain", "fell in torrents.")
    assert compose(PAGE, found, detail=detail) == (
        "This looks like a page of text. It says: It was a dark and stormy night; the rain fell in torrents."
    )


def test_a_page_that_the_captioner_took_for_a_scene_is_read_and_the_scene_is_not_told() -> None:
    text = [f"line {row} of a page with some more words on it" for row in range(30)]
    shown = lines(*text, step=30, height=25)
    page = text_in(shown, (600, 950))
    surfers = caption("People are surfing.", "A dog in the snow.")
    told = compose(surfers, page)
    assert told.startswith("This looks like a page of text. It says: line 0 of a page with")
    assert compose(surfers, {**page, "parts": Parts((DOG, surfers, DOG))}, detail="detailed") == told
    assert reads_as_page({"caption": DOG, **page})
    # As much text, but small in the picture: a photograph with posters is still a photograph.
    assert not reads_as_page({"caption": DOG, **text_in(shown, (3000, 2000))})
    assert not reads_as_page({"caption": DOG, **text_in(shown[:3], (500, 90))})


def test_a_screenshot_full_of_text_is_read_and_keeps_its_sentence() -> None:
    text = [f"line {row} of a page with some more words on it" for row in range(30)]
    told = compose(of_kind("screenshot"), text_in(lines(*text), (600, 800)))
    assert told.startswith("This looks like a screenshot. It says: line 0 of")


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["An exam-", "ple"], "An example."),
        (["An exam\u00ad", "ple"], "An example."),
        (["Mrs Smith-", "Jones"], "Mrs Smith-Jones."),
        (["From 1914-", "1918"], "From 1914-1918."),
        (["Is it?"], "Is it?"),
        (['He said "no."'], 'He said "no."'),
        (["One,"], "One."),
    ],
)
def test_lines_of_a_page_become_sentences(texts: list[str], expected: str) -> None:
    assert page_text(lines(*texts)) == expected


def test_headings_become_sentences_and_what_a_column_parted_goes_on() -> None:
    heading = TextLine("Chapter One", 0.9, (10, 0, 200, 40))
    left = TextLine("The rain fell in tor-", 0.9, (10, 100, 200, 120))
    right = TextLine("rents and", 0.9, (300, 60, 500, 80))
    last = TextLine("did not stop", 0.9, (700, 60, 900, 80))
    assert page_text([heading, left, right, last]) == "Chapter One. The rain fell in torrents and did not stop."


def test_alternatives_are_told_where_they_differ() -> None:
    dog = caption(
        "A dog runs.", "A dog is running.", "Dogs run.", "A wolf in the snow.", "The wolf is in snow.", "A cat."
    )
    assert compose(dog, detail="detailed") == "A dog runs. It could also be: a wolf in the snow; or a cat."
    assert compose(dog, detail="standard") == "A dog runs."


@pytest.mark.parametrize(
    ("thirds", "expected"),
    [
        (["A tree.", "Possibly a dog.", "TV sets."], "On the left: a tree. In the middle: possibly a dog. On the right: TV sets."),  # noqa: E501
        (["A tree.", "A tree.", "A dog."], "On the left and in the middle: a tree. On the right: a dog."),
        (["A tree.", "A tree.", "A tree."], ""),
        ([], ""),
    ],
)  # fmt: skip
def test_thirds_say_what_is_where(thirds: list[str], expected: str) -> None:
    told = compose(DOG, {"parts": Parts(tuple(map(caption, thirds)))}, detail="detailed")
    assert told == f"{DOG.text} {expected}".strip()


def test_a_third_that_shows_nothing_is_left_out() -> None:
    thirds = (caption("A tree."), of_kind("blank"), caption("A dog."))
    assert (
        compose(DOG, {"parts": Parts(thirds)}, detail="detailed")
        == f"{DOG.text} On the left: a tree. On the right: a dog."
    )


@pytest.mark.parametrize(
    ("look", "expected"),
    [
        (Look("bright", ("blue", "white", "grey"), "landscape"), "in landscape format, bright, and mainly blue, white and grey"),  # noqa: E501
        (Look("dim", ("brown", "green"), "portrait"), "in portrait format, dim, and mainly brown and green"),
        (Look("strong light and shadow", ("grey",), "square"), "square, with strong light and shadow, and mainly grey"),
    ],
)  # fmt: skip
def test_the_look_is_told_in_plain_words(look: Look, expected: str) -> None:
    assert compose(DOG, {"look": look}, detail="detailed") == f"{DOG.text} The picture is {expected}."


def test_notes_are_marked_as_the_photos_own() -> None:
    notes = PhotoNotes(date(2021, 5, 3), "Lisbon, Portugal", "Boats.", "Boats in the harbour; no wind.", "Canon R5")
    assert compose(DOG, {"notes": notes}, detail="detailed") == (
        f"{DOG.text} The photo's own notes say: taken on 3 May 2021; place: Lisbon, Portugal; title: Boats; "
        "description: Boats in the harbour; no wind; camera: Canon R5."
    )
    assert compose(DOG, {"notes": PhotoNotes(place="Lisbon")}, detail="detailed").endswith("say: place: Lisbon.")
    assert compose(DOG, {"notes": PhotoNotes()}, detail="detailed") == DOG.text


def test_everything_together_is_in_order_and_on_one_line() -> None:
    found = {
        **in_a_large_picture("Main Street"),
        "look": Look("bright", ("green",), "landscape"),
        "notes": PhotoNotes(place="Lisbon"),
        "parts": Parts((caption("A tree."), caption("A dog."), caption("A bench."))),
    }
    assert compose(caption("A dog runs.", "A goat on a hill."), found, detail="detailed") == (
        "A dog runs. The sign says: Main Street. It could also be: a goat on a hill. On the left: a tree. "
        "In the middle: a dog. On the right: a bench. The picture is in landscape format, bright, and mainly green. "
        "The photo's own notes say: place: Lisbon."
    )
