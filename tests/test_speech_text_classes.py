"""What must be heard, class by class: one row a way of writing."""

from __future__ import annotations

import random
import re
import string
import subprocess
import sys
from pathlib import Path

import pytest

from speech.text import spoken_text

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "benchmarks"))

import spoken_text as benchmark

HEARD = [
    # cardinal
    ("It felt like -12 outside.", "It felt like minus twelve outside."),
    ("It is −4.", "It is minus four."),
    ("Over 60000 seats", "Over sixty thousand seats."),
    ("ZIP 10001", "Zip one zero zero zero one."),
    ("10 000 people", "ten thousand people."),
    ("10\u202f000 and 1'500", "ten thousand and one thousand five hundred."),
    ("agent 007", "agent zero zero seven."),
    # decimal
    ("4,321.5 and 4.321,5", "four thousand three hundred twenty one point five and "
     "four thousand three hundred twenty one point five."),
    ("1.000.000", "one million."),
    (".5 mm pencil", "point five millimeter pencil."),
    ("A .38 caliber gun", "A point thirty eight caliber gun."),
    ("version 3.12.1, v1.2", "version three point twelve point one, version one point two."),
    # ordinal
    ("the 42nd and 1,000th", "the forty second and one thousandth."),
    # fraction
    ("2 1/2 cups, 1/3, ¾ cup", "two and one half cups, one third, three quarters cup."),
    ("1/4 tsp salt at f/1.8", "one quarter teaspoon salt at F one point eight."),
    # money
    ("It costs £7, 30 people came.", "It costs seven pounds, thirty people came."),
    ("3 teas €4.50, 2 cakes €8", "three teas four euros fifty cents, two cakes eight euros."),
    ("Lunch 9,90 €. Dinner 19,95€!", "Lunch nine euros ninety. Dinner nineteen euros ninety five!"),
    ("1 500 €", "one thousand five hundred euros."),
    ("$7bn, US$3, HK$20", "seven billion dollars, three US dollars, twenty Hong Kong dollars."),
    ("Fish $4.99/lb", "Fish four dollars ninety nine per pound."),
    ("$1.01, £0.50, 5p, 20¢", "one dollar one cent, fifty pence, five pence, twenty cents."),
    ("$5-$10 or 20 USD", "five to ten dollars or twenty US dollars."),
    ("3.500 €, 12,- €, $1 million-$2 million", "three thousand five hundred euros, twelve euros, "
     "one million dollars to two million dollars."),
    # measure
    ('A 14" pizza', "A fourteen inch pizza."),
    ("5'11\", 180 lbs.", "five feet eleven inches, one hundred eighty pounds."),
    ("-3°C to 25 °F, 5º", "minus three degrees Celsius to twenty five degrees Fahrenheit, five degrees."),
    ("20 m², 60 km/h, 5 km", "twenty square meters, sixty kilometers per hour, five kilometers."),
    ("16GB, 50 %, 3x zoom", "sixteen gigabytes, fifty percent, three x zoom."),
    ("2-4 kg or 3x5 cm", "two to four kilograms or three by five centimeters."),
    ("2,5 kg and 1kg/m3", "two point five kilograms and one kilogram per cubic meter."),
    ("30\"x40\", 6' fence", "thirty inches by forty inches, six foot fence."),
    # range
    ("3-4 people on pages 10–12", "three to four people on pages ten to twelve."),
    ("They won 3-1.", "They won three, one."),
    ("Scale 1:25,000, 16:9", "Scale one to twenty five thousand, sixteen to nine."),
    ("1914-1918", "nineteen fourteen to nineteen eighteen."),
    # date
    ("2023/12/24 or 2023-12-24", "December twenty fourth twenty twenty three or "
     "December twenty fourth twenty twenty three."),
    ("on 24.12.2023", "on the twenty fourth of December twenty twenty three."),
    ("Feb. 3, 1999", "February third, nineteen ninety nine."),
    ("3 March 1905", "the third of March nineteen oh five."),
    ("the 1930s and '80s", "the nineteen thirties and eighties."),
    ("the 80s, 1880's", "the eighties, eighteen eighties."),
    ("340 AD, c. 1720", "three forty AD, circa seventeen twenty."),
    ("You may 5 times", "You may five times."),
    # time
    ("Tue-Thu 9am-5pm", "Tuesday to Thursday nine AM to five PM."),
    ("at 07:05, 19:30 EST", "at seven oh five, nineteen thirty EST."),
    ("At 6 p.m. The dog slept.", "At six PM. The dog slept."),
    ("0:59:03", "zero hours fifty nine minutes and three seconds."),
    # telephone
    ("call 911", "call nine one one."),
    ("CALL 1-888-555-0123", "call one, eight eight eight, five five five, oh one two three."),
    ("+49 30 1234567", "plus four nine, three oh, one two three four five six seven."),
    ("192.168.0.1", "one nine two dot one six eight dot zero dot one."),
    ("1-800-FLOWERS", "one, eight oh oh, flowers."),
    # address
    ("Rm. 305, Apt. 4C", "Room three oh five, Apartment four C."),
    ("6th Ave, 2100 Oak St.", "sixth Avenue, twenty one hundred Oak Street."),
    ("Dr. Poe lives on Oak Dr. in St. Cloud.", "Doctor Poe lives on Oak Drive in Saint Cloud."),
    ("Reno, NV. Well, OK.", "Reno, Nevada. Well, OK."),
    ("Reno, NV 89501", "Reno, Nevada eight nine five zero one."),
    # electronic
    ("me_2@site.org", "me underscore two at site dot org."),
    ("notes-v2.pdf in C:\\Users", "notes dash v two dot pdf in C colon backslash Users."),
    ("#SunsetLovers by @anna", "hashtag Sunset Lovers by at anna."),
    # Roman numeral
    ("Henry VIII's ship, Louis XIV", "Henry the eighth's ship, Louis the fourteenth."),
    ("World War I, Chapter IX", "World War one, Chapter nine."),
    ("Sam and I saw Malcolm X.", "Sam and I saw Malcolm X."),
    ("CHAPTER IV", "chapter four."),
    # abbreviation
    ("cats vs. dogs, approx. 5, etc.", "cats versus dogs, approximately five, et cetera."),
    ("w/ milk and/or sugar", "with milk and or sugar."),
    ("ST. JAMES ST., DR. POE", "Saint james Street, Doctor Poe."),
    # letter sequence and capitals
    ("MADE IN THE U.S.A.", "made in the USA."),
    ("FREE WI-FI, HDMI", "free Wi-Fi, HDMI."),
    ("KEEP OFF THE GRASS", "keep off the grass."),
    ("TURN IT OFF", "turn it off."),
    ("LET US IN", "let us in."),
    ("IT support", "I.T. support."),
    ("IT HELP DESK", "I.T. help desk."),
    ("the US Open", "the US Open."),
    ("WHO ARE YOU", "who are you."),
    ("USA, BBC, HTML and CCTV", "USA, BBC, HTML and CCTV."),
    ("NASA, UNESCO", "Nasa, Unesco."),
    ("KOWALSKI'S CAFÉ", "Kowalski's Café."),
    ("AT&T, R&B", "AT and T, R and B."),
    ("I'M HERE", "I'm here."),
    ("He works in IT.", "He works in I.T."),
    # markup
    ("==Big== news", "Big news."),
    ("<b>Salt &amp; pepper</b>", "Salt and pepper."),
    # symbols
    ("Home▸Music", "Home, Music."),
    ("calm─and then─storm", "calm—and then—storm."),
    ("2 + 3 = 5, x² > y", "two plus three equals five, x squared greater than y."),
    ("9 - 4 = 5", "nine minus four equals five."),
    ("CO₂ and 5 ÷ 2", "CO two and five divided by two."),
    ("a/b & c", "a slash b and c."),
]  # fmt: skip


@pytest.mark.parametrize(("text", "heard"), HEARD)
def test_what_must_be_heard(text: str, heard: str) -> None:
    assert spoken_text(text) == heard


@pytest.mark.parametrize(("written", "said"), benchmark.SENTENCES)
def test_sentences_of_the_listening_test(written: str, said: str) -> None:
    assert benchmark.comparable(spoken_text(written)).replace("i t ", "it ") == benchmark.comparable(said)


ALLOWED = set(string.ascii_letters + " .,;:!?'\"()-\n—…“”‘’")


def test_no_digit_and_no_sign_is_left() -> None:
    rng = random.Random(0)
    pieces = [*benchmark.CLASS_TEXTS.values(), *string.printable, "€", "²", "½", "°", "–", "▸", "🐶", "§", "µ", "×"]
    for _ in range(2_000):
        text = "".join(rng.choice(pieces) for _ in range(rng.randint(1, 12)))
        assert set(spoken_text(text)) <= ALLOWED, text


@pytest.mark.parametrize("text", benchmark.CLASS_TEXTS.values(), ids=benchmark.CLASS_TEXTS.keys())
def test_no_text_is_slower_than_linear(text: str) -> None:
    ratio = benchmark.growth(text)
    if ratio > 2.5:  # a busy machine may have been in the way once
        ratio = min(benchmark.growth(text) for _ in range(2))
    assert ratio < 2.5  # 1 is linear, 8 quadratic


def test_two_thousand_captions_a_second() -> None:
    assert benchmark.captions_per_second(0.6) > 2_000


def test_the_word_list_is_read_only_for_capitals() -> None:
    code = (
        "import sys; from speech.text import spoken_text; spoken_text('A dog of 3.'); "
        "from speech.text.capitals import lexicon; sys.exit(lexicon.cache_info().currsize)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_without_the_voice_capitals_are_still_read(monkeypatch: pytest.MonkeyPatch) -> None:
    from speech.text import capitals

    monkeypatch.setattr(capitals.importlib.util, "find_spec", lambda name: None)
    capitals.lexicon.cache_clear()
    try:
        assert spoken_text("KEEP OFF, BBC") == "Keep OFF, BBC."
    finally:
        capitals.lexicon.cache_clear()


def test_numbers_in_digits_for_the_comparison_by_ear() -> None:
    same = [
        ("seven thirty PM", "7:30 p.m."),
        ("two oh four", "204"),
        ("twenty nineteen", "2019"),
        ("$5 billion", "five billion dollars"),
    ]
    for one, other in same:
        assert benchmark.as_heard(one) == benchmark.as_heard(other)
    assert benchmark.as_heard("seven") != benchmark.as_heard("eight")


def test_the_scores_of_cases(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "money.txt").write_text("$5~five dollars\n$6~seven dollars\n")
    (tmp_path / "serial.txt").write_text("x~y\n")
    assert benchmark.score_cases(tmp_path) == {
        "money": {"cases": 2, "right": 1},
        "together": {"cases": 2, "right": 1},
    }
    assert "'$6': 'six dollars.', there 'seven dollars'" in capsys.readouterr().out


@pytest.mark.usefixtures("one_thread")
def test_by_ear() -> None:
    figures = benchmark.score_by_ear(benchmark.SENTENCES[::5])
    assert figures["words"] > 60
    assert figures["word_error_rate"] <= 0.03


def test_every_class_is_in_the_docs() -> None:
    from speech.text import RULES

    page = (Path(__file__).resolve().parent.parent / "docs" / "speech-text.md").read_text(encoding="utf-8")
    assert not {one.name for one in RULES} - set(re.findall(r"^\| ([A-Za-z ]+?) \|", page, re.M))


def test_voices_get_letters_with_stops() -> None:
    from speech import Voice
    from speech.testing import FakeVoiceBackend

    backend = FakeVoiceBackend()
    Voice(backend).speak("The BBC FAQ at 6 p.m. The DVDs of the USA.")
    assert backend.sentences == ["The B.B.C. F.A.Q. at six P.M.", "The DVDs of the U.S.A."]
