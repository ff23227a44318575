"""Written and said English in the one form in which word error rates compare them: pairs that are equal, or are not."""

from __future__ import annotations

import time

import pytest

from eval.speech.normalizer import spoken_words

EQUAL = [
    ("1984", "nineteen eighty four"),
    ("In 1984.", "in nineteen eighty-four"),
    ("1984", "one thousand nine hundred and eighty four"),
    ("2005", "twenty oh five"),
    ("2005", "two thousand and five"),
    ("1905", "nineteen oh five"),
    ("1905", "nineteen o five"),
    ("1900", "nineteen hundred"),
    ("2024", "twenty twenty four"),
    ("2010", "twenty ten"),
    ("1066", "ten sixty six"),
    ("1980s", "nineteen eighties"),
    ("the '80s", "the eighties"),
    ("the 80's", "the eighties"),
    ("1,200", "twelve hundred"),
    ("2500", "twenty five hundred"),
    ("U.S.", "us"),
    ("the U.S. flag", "the u s flag"),
    ("the U.S.A.", "the USA"),
    ("the U.S.", "the US"),
    ("gave a U.S. flag", "gave a u s flag"),
    ("5 km", "five kilometers"),
    ("5km", "five kilometres"),
    ("a 5-km run", "a five kilometer run"),
    ("1 km", "one kilometer"),
    ("60 mph", "sixty miles per hour"),
    ("100 km/h", "one hundred kilometers per hour"),
    ("8 AM", "eight a.m."),
    ("8am", "eight am"),
    ("8 a.m.", "eight a m"),
    ("8:00 a.m.", "eight am"),
    ("8:30 PM", "eight thirty p.m."),
    ("8:05", "eight oh five"),
    ("10:30", "ten thirty"),
    ("8:00", "eight o'clock"),
    ("6 p.m.", "six pm"),
    ("Dr. Smith", "doctor smith"),
    ("Mr. and Mrs. Hall", "mister and missus hall"),
    ("St. Paul", "saint paul"),
    ("on Main St.", "on main street"),
    ("Elm Dr.", "elm drive"),
    ("50%", "fifty percent"),
    ("50 per cent", "50%"),
    ("$5", "five dollars"),
    ("$5.99", "five dollars and ninety nine cents"),
    ("$5.99", "five dollars ninety-nine cents"),
    ("$1", "one dollar"),
    ("$0.50", "fifty cents"),
    ("$1.5 million", "one point five million dollars"),
    ("$5bn", "five billion dollars"),
    ("£3m", "three million pounds"),
    ("£5.50", "five pounds fifty pence"),
    ("50p", "fifty pence"),
    ("€20", "twenty euros"),
    ("20 €", "twenty euros"),
    ("12,50 €", "twelve euros fifty cents"),
    ("US$5", "five US dollars"),
    ("HK$50", "fifty Hong Kong dollars"),
    ("20°C", "twenty degrees Celsius"),
    ("-5°", "minus five degrees"),
    ("68 °F", "sixty eight degrees fahrenheit"),
    ("3 1/2", "three and a half"),
    ("½", "one half"),
    ("3½ miles", "three and a half miles"),
    ("3/4", "three quarters"),
    ("No. 5", "number five"),
    ("#5", "number 5"),
    ("October 1", "october first"),
    ("October 1st, 2024", "october first twenty twenty four"),
    ("Oct. 5", "october fifth"),
    ("Cats vs. dogs", "cats versus dogs"),
    ("1,000,000", "one million"),
    ("2 million", "2,000,000"),
    ("0.5", "point five"),
    ("0.5", "zero point five"),
    (".5 mm", "point five millimeters"),
    ("v2.4.1", "v two point four point one"),
    ("5 ft", "five feet"),
    ("5'10\"", "five foot ten inches"),
    ("10 lbs", "ten pounds"),
    ("3 kg", "three kilograms"),
    ("50 m²", "fifty square meters"),
    ("J. K. Rowling", "J.K. Rowling"),
    ("info@example.com", "info at example dot com"),
    ("A & B", "a and b"),
    ("in 2024, 5 dogs", "in twenty twenty four, five dogs"),
    ("10–15 people", "ten to fifteen people"),
    ("24 hours", "twenty four hours"),
    ("555-0199", "five hundred fifty five zero one nine nine"),
    ("5 min", "five minutes"),
    ("16 GB", "sixteen gigabytes"),
    ("2 l of milk", "two liters of milk"),
    ("the 5th of May 1945", "the fifth of may nineteen forty five"),
    ("Ph.D.", "PhD"),
    ("$3.99/lb", "three dollars and ninety nine cents per pound"),
    ("1,984", "1984"),
    ("5% off", "five percent off"),
    ("8:15", "eight fifteen"),
    ("12:30", "twelve thirty"),
    ("nineteen hundred and five", "1905"),
    ("10 a.m. to 6 p.m.", "ten am to six pm"),
    ("1850", "eighteen fifty"),
    ("1776", "seventeen seventy six"),
    ("2000", "two thousand"),
    ("1999", "nineteen ninety nine"),
    ("the 1900s", "the nineteen hundreds"),
    ("5 °C", "five degrees celsius"),
    ("a half-mile", "a half mile"),
    ("Rm. 204 at 5th Ave.", "rm 204 at fifth avenue"),
    ("3.5 km", "three point five kilometers"),
    ("1.80 m", "one point eight zero meters"),
    ("Prof. Lee", "professor lee"),
    ("6:45 p.m", "six forty five pm"),
    ("9 AM", "nine A.M."),
    ("in the U.K.", "in the UK"),
    ("a TV", "a T.V."),
    ("at 7:30am.", "at seven thirty a m"),
    ("20 sec", "twenty seconds"),
    ("1 sec", "one second"),
    ("2/3", "two thirds"),
    ("the 24th", "the twenty fourth"),
    ("1/2 mile", "one half mile"),
    ("A$5", "five Australian dollars"),
    ("$5M", "five million dollars"),
    ("$2 Billion", "two billion dollars"),
    ("5 kms and 3 lbs", "five kilometers and three pounds"),
]
DIFFERENT = [
    ("1984", "1948"),
    ("nineteen eighty four", "nineteen, eighty four"),
    ("20:30", "2030"),
    ("12:30", "1230"),
    ("ten thirty", "1030"),
    ("15-20", "1520"),
    ("5 km", "5 m"),
    ("5G", "5 g"),
    ("us", "uk"),
    ("8 am", "8 pm"),
    ("i am", "i pm"),
    ("$5", "£5"),
    ("$5.99", "$5.90"),
    ("5", "-5"),
    ("19, 84", "1984"),
    ("twenty four", "2004"),
    ("a b c d e", "abcde"),
    ("St. Paul", "street paul"),
    ("10%", "10"),
    ("the 80s", "the 80"),
    ("1st", "1"),
    ("3 1/2", "3 1 2"),
    ("5 km", "5 miles"),
    ("20°C", "20°F"),
    ("Dr. Smith", "drive smith"),
    ("twelve fifteen", "1215"),
    ("five twenty", "520"),
    ("two three", "23"),
    ("105", "1005"),
    ("1.5", "15"),
    ("one hundred five", "one hundred and a five"),
    ("$5", "5"),
    ("0.5", "5"),
    ("US$5", "$5"),
    ("1/2", "1/3"),
    ("nineteen eighty", "nineteen eight"),
    ("1908", "1980"),
    ("5 m", "5 million"),
    ("seven thirty", "730"),
    ("thirteen", "thirty"),
    ("the sixties", "the sixty"),
    ("October 1", "October 11"),
    ("$100", "$1.00"),
    ("20 seconds", "22nd"),
    ("20 thirds", "23rd"),
    ("twenty quarter", "24th"),
]


@pytest.mark.parametrize(("one", "other"), EQUAL)
def test_what_is_said_alike_is_equal(one: str, other: str) -> None:
    assert spoken_words(one) == spoken_words(other)
    sentence = [f"We saw {text} there, I think." for text in (one, other)]
    assert spoken_words(sentence[0]) == spoken_words(sentence[1])


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_what_is_said_otherwise_is_not(one: str, other: str) -> None:
    assert spoken_words(one) != spoken_words(other)


def test_every_year_is_its_pair_and_no_two_years_are_equal() -> None:
    seen = set()
    for year in range(1300, 2100):
        head, tail = divmod(year, 100)
        said = f"{head} hundred" if not tail else f"{head} oh {tail}" if tail < 10 else f"{head} {tail}"
        if not 2000 <= year < 2010:
            assert spoken_words(said) == spoken_words(str(year)), year
        seen.add(" ".join(spoken_words(str(year))))
    assert len(seen) == 800


def test_all_that_comes_out_is_words() -> None:
    for text, _ in EQUAL:
        words = spoken_words(text)
        assert words == " ".join(words).split()
        assert "".join(words).isalpha(), words
        assert spoken_words(" ".join(words)) == words


@pytest.mark.parametrize(
    "unit", ["U.S. ", "$5.99/lb ", "nineteen eighty four ", "1,", "1.", "J. ", "1/2 ", "five dollars "]
)
def test_long_texts_take_time_in_proportion(unit: str) -> None:
    began = time.process_time()
    spoken_words(unit * (100_000 // len(unit)))
    assert time.process_time() - began < 5.0
