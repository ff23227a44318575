"""Languages: their files have the same names and places, and German is heard, written and shown."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Mapping
from pathlib import Path
from string import Formatter

import pytest
from conftest import FakeTextEngine, Loads, MakePicture, RunCommand
from web_live import FORM, form, serve_live

from captioner import Caption, Captioner
from captioner.findings.caption import KINDS, PHOTOGRAPH
from captioner.findings.look import COLOURS, LIGHTS, ORIENTATIONS, Look
from captioner.findings.parts import Parts
from captioner.picture.notes import PhotoNotes
from captioner.picture.view import THIRDS
from captioner.reading import Reading, TextReader
from captioner.scripts import SCRIPTS
from captioner.testing import FakeBackend
from lookaloud.describe.narrator import Narrator
from lookaloud.describe.teller import tell
from lookaloud.manifest import read_manifest
from lookaloud.web.app import create_app
from lookaloud.web.settings import ServeSettings
from lookaloud.words import LANGUAGES, de, en, language_of, load_words
from lookaloud.words.text import Told
from speech import Voice
from speech.testing import FakeVoiceBackend

TABLES = ("KINDS", "SCRIPTS", "COLOURS", "LIGHTS", "ORIENTATIONS", "PLACES", "SENTENCES", "FINDINGS", "PAGE")


def places(template: str) -> list[str]:
    return sorted(name for _, name, _, _ in Formatter().parse(template) if name is not None)


@pytest.mark.parametrize("table", TABLES)
def test_every_language_has_every_word_with_the_same_places(table: str) -> None:
    english, german = getattr(en, table), getattr(de, table)
    assert list(english) == list(german)
    for name, words in english.items():
        if isinstance(words, str):
            assert places(words) == places(german[name]), name
            assert german[name].strip()
    assert len(de.MONTHS) == len(en.MONTHS) == 12


def test_the_words_cover_what_can_be_found() -> None:
    assert (set(en.KINDS), set(en.COLOURS), set(en.LIGHTS)) == ({*KINDS} - {PHOTOGRAPH}, {*COLOURS}, {*LIGHTS})
    assert (set(en.ORIENTATIONS), set(en.PLACES), set(en.SCRIPTS)) == ({*ORIENTATIONS}, {*THIRDS}, {*SCRIPTS})


def caption(text: str, certainty: str = "high", *alternatives: str, kind: str = PHOTOGRAPH) -> Caption:
    return Caption(text, alternatives, 0.5, kind == PHOTOGRAPH, "fake", 0.1, kind, certainty)


def test_a_description_in_german_keeps_the_captions_in_english_and_marks_them() -> None:
    findings = {
        "caption": caption("A dog runs.", "low", "A cat sits on a wall."),
        "text": Reading(unread=True, script="Greek"),
        "look": Look("dim", ("brown", "green"), "portrait"),
        "notes": PhotoNotes(taken=datetime.date(2021, 5, 3), place="Lisbon"),
        "parts": Parts((caption("A tree."), caption("A tree."), caption("A dog.", "low"))),
    }
    told = tell(findings, detail="detailed", words=load_words("de"))
    assert told == (
        "Vielleicht a dog runs. Das Bild enthält Text in griechischer Schrift, die hier nicht gelesen werden kann. "
        "Es könnte auch sein: a cat sits on a wall. Links und in der Mitte: a tree. Rechts: vielleicht a dog. "
        "Das Bild ist im Hochformat, eher dunkel und vor allem braun und grün. "
        "In den Angaben des Fotos steht: aufgenommen am 3. Mai 2021; Ort: Lisbon."
    )
    assert "".join(text for _, text in told.parts) == told
    english = [text for language, text in told.parts if language == "en"]
    assert english == ["a dog runs.", "a cat sits on a wall.", "a tree.", "a dog."]
    brief = tell(findings, detail="brief", words=load_words("de"))
    assert brief.parts == (("de", "Vielleicht "), ("en", "a dog runs."))
    blank = tell({"caption": caption("", "low", kind="blank")}, words=load_words("de"))
    assert blank.parts == (("de", "Das Bild ist leer."),)


def test_a_long_caption_is_cut_in_its_own_language() -> None:
    long = caption(f"A dog {'and a dog ' * 30}.", "low")
    brief = tell({"caption": long}, detail="brief", words=load_words("de"))
    assert len(brief) <= 125
    assert [language for language, _ in brief.parts] == ["de", "en"]


def test_which_language_is_told() -> None:
    assert [language_of(tag) for tag in ("de", "de_AT", "DE-de", "en-GB", "fr", None)] == ["de"] * 3 + ["en"] * 3
    with pytest.raises(ValueError, match="'fr'; the languages are: en, de"):
        load_words("fr")
    assert Told(("en", "a"), ("en", "b"), ("de", "")).parts == (("en", "ab"),)


def test_the_command_line_tells_in_german_and_an_english_voice_does_not_speak_it(
    lookaloud: RunCommand, loads: Loads, make_picture: MakePicture
) -> None:
    make_picture("dog.png", width=40, height=30)
    loads.text_engine = FakeTextEngine("Hauptstraße")
    result = lookaloud("describe", "dog.png", "--language", "de", "--json")
    row = json.loads(result.stdout)
    assert row["text"] == "A picture 40 wide and 30 high. Auf dem Schild steht: Hauptstraße."
    assert row["pieces"] == [
        ["en", "A picture 40 wide and 30 high."],
        ["de", " Auf dem Schild steht: Hauptstraße."],
    ]
    assert (row["voice"], row["audio"], loads.voice_calls) == (None, None, [])
    (line,) = result.stderr.splitlines()
    assert line.startswith("Nothing is spoken, because the voice heart speaks en-US and the words are in de: choose")
    assert list(Path().glob("*.wav")) == []

    assert lookaloud("batch", "dog.png", "--out", "out", "--language", "de-DE").exit_code == 0
    (record,) = read_manifest("out")
    assert (record.text, [list(piece) for piece in record.pieces]) == (row["text"], row["pieces"])

    english = json.loads(lookaloud("describe", "dog.png", "--json", "--text-only").stdout)
    assert english["pieces"] == []

    german = lookaloud("describe", "dog.png", "--language", "de", "--voice", "hf:facebook/mms-tts-deu")
    assert german.stderr == ""
    assert loads.voice_calls[-1][1]["language"] == "de"


def texts(html: str, name: str) -> str:
    found = re.search(rf'id="{name}"[^>]*>(.*?)</p>', html, re.DOTALL)
    assert found is not None
    return found[1]


def test_the_page_is_in_german_and_marks_what_is_english() -> None:
    reader = TextReader(FakeTextEngine("Hauptstraße"))
    narrator = Narrator(Captioner(FakeBackend()), Voice(FakeVoiceBackend()), reader=reader, language="de")
    settings = ServeSettings(token="secret")  # words of a test
    import http.client

    def ask(port: int, method: str, path: str, body: bytes | None = None, **headers: str) -> str:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        named = {"Authorization": "Bearer secret", **{key.replace("_", "-"): value for key, value in headers.items()}}
        connection.request(method, path, body, named)
        return connection.getresponse().read().decode(errors="replace")

    def pictured(data: bytes) -> bytes:
        return data.replace(b'name="image"', b'name="picture"')

    from web_live import picture

    with serve_live(create_app(narrator, settings=settings), settings) as port:
        page = ask(port, "GET", "/")
        assert '<html lang="de">' in page
        assert "Bild beschreiben" in page
        script: Mapping[str, str] = json.loads(re.findall(r'id="words">(.*?)</script>', page)[0])
        assert script["stop"] == "Anhalten"
        told = ask(port, "POST", "/describe", pictured(form(picture(30, 20))), Content_Type=FORM)
        assert texts(told, "result-text") == (
            '<span lang="en">A picture 30 wide and 20 high.</span> Auf dem Schild steht: Hauptstraße.'
        )
        assert texts(told, "sound-error") == ""
        assert "Auf dem Computer spricht keine Stimme Deutsch" in told
        refused = ask(port, "POST", "/v1/describe", form(picture(30, 20), audio="true"), Content_Type=FORM)
        assert "The voice fake speaks en-US, not de; choose another." in refused
        english = ask(port, "POST", "/v1/speech", b'{"input": "Good morning."}', Content_Type="application/json")
        assert "error" not in english
        assert '<html lang="de">' in ask(port, "GET", "/sign-in")
    assert LANGUAGES == ("en", "de")
