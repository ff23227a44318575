"""Text as it should be spoken, and its sentences."""

from __future__ import annotations

import random
import unicodedata

import pytest

from speech.text import clean_text, is_foreign, is_speakable, split_sentences, spoken_text

READINGS = [
    # nothing to say
    ("", ""),
    (" \n\t ", ""),
    ("...", ""),
    ("?! — “”", ""),
    ("\u200b\ufeff\x00", ""),
    ("™ ®", ""),
    ("---\n***", ""),
    # unchanged, except for the stop at the end
    ("a STOP sign that says NO PARKING", "a stop sign that says no parking."),
    ("It's 07:30 on 2019-01-05.", "It's seven thirty on January fifth twenty nineteen."),
    ("It costs $3.50, or £1,200.", "It costs three dollars fifty cents, or one thousand two hundred pounds."),
    ("20°C & 50% + 3 = ½ @home", "twenty degrees Celsius and fifty percent plus three equals one half at home."),
    ("We left at 6 p.m.", "We left at six PM."),
    ("The U.S. Army", "The U.S. Army."),
    ("Really?", "Really?"),
    ('He said "stop."', 'He said "stop."'),
    ("Shopping list:", "Shopping list:"),
    ("-5 degrees", "minus five degrees."),
    ("+44 20", "plus four four, two oh."),
    # Unicode forms, spaces, control characters
    ("cafe\u0301", "café."),
    ("ﬁne ｆｕｌｌ 𝐛𝐨𝐥𝐝", "fine full bold."),
    ("３ and ٣ and ①", "three and three and one."),
    ("x² ௰ İ", "x squared ten I."),
    ("Việt Nam", "Viet Nam."),
    ("Hawaiʻi", "Hawai'i."),
    ("hello\x07\u00a0there\u00ad", "hello there."),
    ("a\ud800b", "ab."),
    # numbers
    ("#3", "number three."),
    ("a #cat", "a hashtag cat."),
    ("No. 5 and № 6", "number five and number six."),
    ("agent 007", "agent zero zero seven."),
    ("3½ cups", "three and one half cups."),
    ("⅓ of it", "one third of it."),
    ("about ~20 and ≈5", "about twenty and about five."),
    ("5€, 5,50 € and 7 £", "five euros, five euros fifty and seven pounds."),
    ("€ or $", "euro or dollar."),
    ("1,5 and 10,000", "one, five and ten thousand."),
    ("1920x1080 and 4 × 4", "nineteen twenty by ten eighty and four by four."),
    ("12345678901234567", "one two three, four five six, seven eight nine, zero one two, three four five, six seven."),
    ("open 24/7", "open twenty-four seven."),
    ("C# and F#", "C sharp and F sharp."),
    ("3 ≤ 4 ≠ −5", "three less than or equal to four not equal to minus five."),
    # units
    ("5'10\" tall", "five feet ten inches tall."),
    ("5 ft. 3 in. tall", "five feet three inches tall."),
    ("It is 6 in.", "It is six inches."),
    ("1 m, 5 m, 100 g and 2 L", "one meter, five meters, one hundred grams and two liters."),
    ("$5 m", "five million dollars."),
    ("12 m² at 5 m/s", "twelve square meters at five meters per second."),
    # abbreviations
    ("pets, e.g. a dog", "pets, for example, a dog."),
    ("i.e., a cat", "that is, a cat."),
    # addresses
    ("https://www.example.com/a", "example dot com slash a."),
    ("See www.example.com.", "See example dot com."),
    ("(example.org/my-page_1?q=2)", "(example dot org slash my dash page underscore one question mark q equals two)."),
    ("jane.doe@example.co.uk!", "jane dot doe at example dot co dot uk!"),
    ("IMG_1234.jpg", "IMG one two three four dot jpeg."),
    # emoji and signs
    ("A 🐶!", "A dog face!"),
    ("🐶🐱", "dog face, cat face."),
    ("👍🏽 👍", "thumbs up, thumbs up."),
    ("👩‍💻", "woman personal computer."),
    ("🏃🏽‍♀️ and 🏃‍♂️", "female runner and male runner."),
    ("I ❤️ NY ★", "I heart NY star."),
    ("1️⃣", "one."),
    ("🇫🇷", "flag F R."),
    ("🏴󠁧󠁢󠁥󠁮󠁧󠁿", "flag of England."),
    ("⚫ 🖤", "medium black circle, black heart."),
    ("☎ ✅ ⚠️", "telephone, check mark, warning."),
    ("© 2020 Acme™", "copyright twenty twenty Acme."),
    ("↑ up", "up arrow up."),
    # quotes, dashes, brackets
    ("«Bonjour» „Tag”", "“Bonjour” “Tag”."),
    ("don`t and don´t", "don't and don't."),
    ("a dog - or a cat -- runs", "a dog — or a cat — runs."),
    ("wow!!!!! what?!?!", "wow! what?"),
    ("wait......", "wait..."),
    ("[unclear] {x}", "(unclear) (x)."),
    ("你好。", "Chinese text."),
    # markup and lines
    ("**bold** and *thin* and `code` and __strong__", "bold and thin and code and strong."),
    ("# Title\n\nText", "Title.\nText."),
    ("• one\n- two\n* three", "one.\ntwo.\nthree."),
    ("1. one\n2) two", "one, one.\ntwo, two."),
    ("A dog\nruns fast.\nThe end", "A dog runs fast.\nThe end."),
    ("[a link](https://example.com) ![alt](a.png)", "a link alt."),
    ("[dog](/kˈæt/)", "dog."),
    # other scripts
    ("A sign: СТОП сейчас!", "A sign: Cyrillic text!"),
    ("東京 and 東京です and 서울", "Chinese text and Japanese text and Korean text."),
    ("α and Ω and 5 µm", "alpha and omega and five micrometers."),
]


@pytest.mark.parametrize(("text", "spoken"), READINGS)
def test_spoken_text(text: str, spoken: str) -> None:
    assert spoken_text(text) == spoken


@pytest.mark.parametrize("spoken", sorted({spoken for _, spoken in READINGS if "\n" not in spoken}))
def test_spoken_text_is_stable(spoken: str) -> None:
    assert spoken_text(spoken) == spoken


def test_clean_text_keeps_other_languages() -> None:
    assert clean_text(" Привет,\r\n\r\n\r\n\r\n мир\u2028#3\t🐶 ") == "Привет,\n\nмир\n#3 🐶"


@pytest.mark.parametrize(("text", "foreign"), [("Привет, мир!", True), ("Привет 🐶", False), ("", False), ("é", False)])
def test_is_foreign(text: str, foreign: bool) -> None:
    assert is_foreign(text) is foreign


SPLITS = [
    ("", []),
    ("One dog", ["One dog"]),
    ("A dog. A cat! A cow? Yes… No.", ["A dog.", "A cat!", "A cow?", "Yes…", "No."]),
    ("Line one\nLine two", ["Line one", "Line two"]),
    ("Dr. Lee met Mrs. Poe, e.g. Jane.", ["Dr. Lee met Mrs. Poe, e.g. Jane."]),
    ("Main St. The dog ran.", ["Main St.", "The dog ran."]),
    ("St. Paul is in Minn. The rest is not.", ["St. Paul is in Minn.", "The rest is not."]),
    ("The U.S. Army came. In the U.S. The end.", ["The U.S. Army came.", "In the U.S.", "The end."]),
    ("At 6 p.m. The dog slept. At 7 p.m. it ran.", ["At 6 p.m.", "The dog slept.", "At 7 p.m. it ran."]),
    ("J. R. R. Tolkien wrote. We read.", ["J. R. R. Tolkien wrote.", "We read."]),
    ("It is 3.14 or 1.5. See example.com now.", ["It is 3.14 or 1.5.", "See example.com now."]),
    ("Is it a cat? No. It is a dog.", ["Is it a cat?", "No.", "It is a dog."]),
    ("Page no. 5 is torn.", ["Page no. 5 is torn."]),
    ("“Stop!” he said. “Go.” She went.", ["“Stop!” he said.", "“Go.”", "She went."]),
    ("Well... maybe. Wait... What?", ["Well... maybe.", "Wait...", "What?"]),
    ("... A dog.", ["... A dog."]),
]


@pytest.mark.parametrize(("text", "sentences"), SPLITS)
def test_split_sentences(text: str, sentences: list[str]) -> None:
    assert split_sentences(text) == sentences


def test_overlong_sentences_are_cut_at_clauses_first() -> None:
    text = "A man in a red shirt rides a bicycle, two women watch from the sidewalk, and a dog sleeps."
    assert split_sentences(text, max_chars=50) == [
        "A man in a red shirt rides a bicycle,",
        "two women watch from the sidewalk,",
        "and a dog sleeps.",
    ]


def test_overlong_clauses_are_cut_between_words_and_endless_words_inside() -> None:
    assert split_sentences("a dog and a cat and a cow", max_chars=20) == ["a dog and a cat and", "a cow"]
    assert split_sentences("x" * 45, max_chars=20) == ["x" * 20, "x" * 20, "x" * 5]


def test_max_chars_too_small() -> None:
    with pytest.raises(ValueError, match="max_chars is 5; give 20 or more"):
        split_sentences("A dog.", max_chars=5)


def random_text(rng: random.Random) -> str:
    pieces = [
        "dog ",
        "The ",
        "U.S. ",
        "Dr. ",
        "p.m. ",
        ". ",
        "! ",
        "\n",
        ", ",
        "… ",
        '."',
        "(",
        ") ",
        "3.14",
        "x" * 30,
        "— ",
    ]
    signs = [chr(rng.randint(32, 0x2FFF)), chr(rng.randint(0x1F000, 0x1FFFF)), *"$€#%[]*_`~ab12'\"/@.-"]
    return "".join(rng.choice(pieces if rng.random() < 0.7 else signs) for _ in range(rng.randint(0, 40)))


@pytest.mark.parametrize("seed", range(20))
def test_nothing_is_lost_and_nothing_crashes(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(25):
        text = random_text(rng)
        for whole in (text, spoken_text(text)):
            for max_chars in (20, 250):
                pieces = split_sentences(whole, max_chars=max_chars)
                assert "".join("".join(pieces).split()) == "".join(whole.split())
                assert all(0 < len(piece) <= max_chars for piece in pieces)
        assert is_speakable(spoken_text(text)) or not any("a" <= char <= "z" for char in text)


def test_no_control_or_private_characters_come_out() -> None:
    everything = "".join(map(chr, range(0x3000))) + "".join(map(chr, range(0x1F000, 0x1FB00))) + "\ue000\U000f0000"
    spoken = spoken_text(everything).replace("\n", "")
    assert {unicodedata.category(char) for char in spoken} & {"Cc", "Cf", "Co", "Cs", "Cn", "So"} <= {"So"}
    assert {char for char in spoken if unicodedata.category(char) == "So"} <= {"°"}
