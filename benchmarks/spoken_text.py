"""Measures the front-end of the voices: how English is put into words, by cases, by ear and by the clock.

    python benchmarks/spoken_text.py CASES --out benchmarks/results/spoken_text.json
    python benchmarks/spoken_text.py --ear --out benchmarks/results/spoken_text.json

CASES is a folder of text files, one a class, with `written~spoken` on each line: the English cases of
NeMo-text-processing (Apache-2.0) are such. They are compared in lower case, without "and", hyphens and punctuation;
serial, special_text and whitelist, whose markup and codes are that project's own, are left out. What differs is printed
with the reason where one is known: some of its conventions are not what a listener wants.

--ear says 60 sentences of signs, menus, thermometers, timetables and captions with the built-in voice and has Whisper
tiny write down what it hears. Both sides are put into words by the same rules and numbers into digits, for Whisper
writes "7.30" for what was said as "seven thirty". Needs the extra [eval].

The speed is that of captions and signs on one core; the time for 100 kB of each class against that for an eighth says
that no text is slower than linear.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from environment import describe_machine

from speech.text import spoken_text
from speech.text.numbers import cardinal

LEFT_OUT = ("serial", "special_text", "whitelist")
REASONS = (  # of a difference, by what the case has
    (r"https?://|www\.", "the scheme and www are left out: nobody needs them read"),
    (r"^\w+@(?:\w+\.)?\w+\.com$", "words written together are not taken apart"),
    (r"<[^>]+>", "markup is not spoken"),
    (r"\d\s?[-–]\s?\d", "a range is spoken as one: 'to'"),
    (r"m2|cc/|º", "the unit is named in full, and in the plural"),
)
CAPTIONS = (
    "A brown dog runs through the green grass with a red ball in its mouth.",
    "Two children sit on a wooden bench in front of a house.",
    "A man in a blue jacket rides a bicycle down a wet street.",
    "There is text: NO DOGS ALLOWED.",
    "There is text: Open Mon-Fri 8am-6pm, Sat 10-4. Call 555-0123.",
    "The photo was taken on 2024-10-01 at 14:30 with f/2.8 and 1/250 s.",
    "Burger $3.99, fries £2.50, coffee 12,50 €.",
    "A bowl of fruit stands on a white table by the window.",
)
# What stands there | what must be heard.
SENTENCES = tuple(
    tuple(line.split(" | "))
    for line in """\
NO DOGS ALLOWED | no dogs allowed
KEEP OFF THE GRASS | keep off the grass
TICKETS SOLD HERE | tickets sold here
PLEASE WASH YOUR HANDS | please wash your hands
SPEED LIMIT 55 | speed limit fifty five
NO SMOKING IN THIS BUILDING | no smoking in this building
TURN IT OFF BEFORE YOU LEAVE | turn it off before you leave
The sign says: DO NOT ENTER. | the sign says do not enter
CAUTION: WET FLOOR | caution wet floor
LET US IN, THE DOOR IS OPEN | let us in the door is open
The BBC filmed a team from the USA. | the BBC filmed a team from the USA
NASA built the rocket. | NASA built the rocket
The IT department is on floor 3. | the IT department is on floor three
She won the US Open in 2019. | she won the US open in twenty nineteen
The breakfast costs 12,50 €. | the breakfast costs twelve euros fifty
It costs £5, 20 people came. | it costs five pounds twenty people came
The burger is $3.99. | the burger is three dollars ninety nine cents
Two coffees for $7. | two coffees for seven dollars
The company paid $5bn for it. | the company paid five billion dollars for it
Apples are $2.50/lb today. | apples are two dollars fifty per pound today
The ticket is 40€ per person. | the ticket is forty euros per person
It felt like -15 with the wind. | it felt like minus fifteen with the wind
It is 20°C in the kitchen. | it is twenty degrees Celsius in the kitchen
The oven is at 350°F. | the oven is at three hundred fifty degrees Fahrenheit
The low tonight is -3°C. | the low tonight is minus three degrees Celsius
The battery is at 85%. | the battery is at eighty five percent
Humidity is 60%, wind 15 km/h. | humidity is sixty percent wind fifteen kilometers per hour
The train leaves at 7:30 pm. | the train leaves at seven thirty PM
The bus comes at 6:45 every day. | the bus comes at six forty five every day
Open Mon-Fri 8am-6pm. | open Monday to Friday eight AM to six PM
The shop is open 24 hours. | the shop is open twenty four hours
The show is on Jan. 15, 2020. | the show is on January fifteenth twenty twenty
The museum opened on 4 July 1976. | the museum opened on the fourth of July nineteen seventy six
The photo was taken on 2024/10/01. | the photo was taken on October first twenty twenty four
A poster from the 1920s. | a poster from the nineteen twenties
The castle was built c. 1850. | the castle was built circa eighteen fifty
Henry VIII's wives are famous. | Henry the eighth's wives are famous
He wrote about World War II. | he wrote about World War two
We are reading chapter IV. | we are reading chapter four
Call 1-800-555-0199 for help. | call one eight oh oh five five five oh one nine nine for help
The meeting is in Rm. 204. | the meeting is in room two oh four
She lives at 1428 Elm St. in Dallas. | she lives at fourteen twenty eight Elm Street in Dallas
Turn left on 5th Ave. after the bank. | turn left on fifth Avenue after the bank
Dr. Lee lives on Elm Dr. | Doctor Lee lives on Elm Drive
Add 3 3/4 cups of flour. | add three and three quarters cups of flour
Use 1/2 cup of milk. | use one half cup of milk
A 12" pizza with cheese. | a twelve inch pizza with cheese
The table is 2 m long. | the table is two meters long
He is 6'2" tall. | he is six feet two inches tall
The box weighs 25 kg. | the box weighs twenty five kilograms
The park is 12 km² in size. | the park is twelve square kilometers in size
The lake is 1,250 m deep. | the lake is one thousand two hundred fifty meters deep
About 13,000 people live here. | about thirteen thousand people live here
Children aged 5-10 eat free. | children aged five to ten eat free
She finished in 3rd place. | she finished in third place
Install version 2.4.1 today. | install version two point four point one today
Write to info@example.com. | write to info at example dot com
Visit www.example.com/menu for more. | visit example dot com slash menu for more
<p>Tom &amp; Jerry</p> is on TV. | Tom and Jerry is on TV
We won 3-2 on Saturday. | we won three two on Saturday""".splitlines()
)
# One text for each class, repeated to 100 kB: no text may cost more than its length.
CLASS_TEXTS = {
    "cardinal": "123 1,234,567 12345 007 -15 ",
    "digits": "1234567890",
    "groups": "1,111,111,111x ",
    "ordinal": "1st 22nd 1,000th 13rd ",
    "decimal": "3.14 .5 1.234,5 2.4.1 ",
    "points": "1.1.1.1.",
    "fraction": "1/2 3 3/4 ½ 1/3rd ",
    "slashes": "1/1/1/1/",
    "money": "$3.99/lb 12,50 € US$5bn $5-10 ",
    "measure": '5 km 20°C 6\'2" 12" 2-5 lb 3 m² ',
    "range": "2-5 1980-1986 3–4 ",
    "hyphens": "1-1-1-1-",
    "date": "Jan. 15, 2020 2024/10/01 '90s 17 May 2010 Mon-Fri ",
    "time": "8am-6pm 11:30 p.m. EST 14:10:30 ",
    "colons": "1:1:1:1:",
    "telephone": "1-800-555-0199 +44 20 7946 0958 192.168.1.1 ",
    "address": "1428 N Elm St., Dallas, TX 75201 ",
    "electronic": "a.b@c.com http://x.org/a?b=c #tag @me a_b.jpg ",
    "at signs": "a@a@a@",
    "dots": "a.a.a.",
    "Roman numeral": "Chapter IV Henry VIII XIX century ",
    "abbreviation": "Dr. Lee vs. St. Paul e.g. Rm. 4 etc. ",
    "letter sequence": "U.S.A. BBC I.T. AT&T ",
    "capitals": "NO DOGS ALLOWED IN THE USA ",
    "lone capitals": "EXIT 1 ",
    "long capitals": "ABCDEFG",
    "markup": "**a** [b](c) <p>d</p> == e == &amp; ",
    "brackets": "[([",
    "underscores": "_",
    "equals": "=",
    "symbols": "% & + = @ # ~ < > § → 🐶 ",
    "quotes": "'\"",
    "stops": ".!",
    "words": "a dog and a cat sit on the grass ",
    "lines": "1. one\nand two\n",
}
_ONES = {cardinal(n): n for n in range(20)} | {"oh": 0}
_TENS = {cardinal(n): n for n in range(20, 100, 10)}
_SCALES = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("cases", nargs="?", type=Path, help="a folder of files of written~spoken")
    parser.add_argument("--ear", action="store_true", help="also say 60 sentences and have them transcribed")
    parser.add_argument("--out", type=Path, help="write the figures to this JSON file; others in it are kept")
    args = parser.parse_args()
    figures: dict[str, Any] = {"machine": describe_machine(), "captions_per_second": round(captions_per_second())}
    print(f"{figures['captions_per_second']} captions a second on one core")
    figures["time_of_100_kB_against_8_times_12_kB"] = {
        name: round(growth(text), 2) for name, text in CLASS_TEXTS.items()
    }
    print("time for 100 kB against eight times an eighth:", figures["time_of_100_kB_against_8_times_12_kB"])
    if args.cases:
        figures["cases"] = score_cases(args.cases)
    if args.ear:
        figures["by_ear"] = score_by_ear(SENTENCES)
    if args.out:
        before = json.loads(args.out.read_text(encoding="utf-8")) if args.out.is_file() else {}
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_text(json.dumps(before | figures, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def comparable(text: str) -> str:
    """The text in lower case, without "and", hyphens and punctuation."""
    plain = re.sub(r"[^\w\s]", "", re.sub(r"[-–—]", " ", text.lower()))
    return " ".join(word for word in plain.split() if word != "and")


def score_cases(folder: Path) -> dict[str, dict[str, int]]:
    """How many cases of each file are right; prints the others."""
    table = {}
    for path in sorted(folder.glob("*.txt")):
        if path.stem in LEFT_OUT:
            continue
        cases = [line.split("~", 1) for line in path.read_text(encoding="utf-8").splitlines() if "~" in line]
        wrong = [(text, want, got) for text, want in cases if comparable(got := spoken_text(text)) != comparable(want)]
        table[path.stem] = {"cases": len(cases), "right": len(cases) - len(wrong)}
        print(f"{path.stem}: {len(cases) - len(wrong)} of {len(cases)}")
        for text, want, got in wrong:
            print(f"    {text!r}: {got!r}, there {want!r} ({reason(text)})")
    right, total = (sum(row[key] for row in table.values()) for key in ("right", "cases"))
    print(f"together: {right} of {total}, {right / max(1, total):.1%}")
    return table | {"together": {"cases": total, "right": right}}


def reason(text: str) -> str:
    """Why a case is read differently."""
    return next((why for pattern, why in REASONS if re.search(pattern, text)), "not read as there")


def score_by_ear(sentences: Iterable[tuple[str, ...]]) -> dict[str, Any]:
    """The share of words that Whisper tiny hears wrongly of what the built-in voice says; prints them."""
    import jiwer

    from speech import load_voice
    from speech.hearing import load_recognizer

    voice, recognizer = load_voice(local_only=True), load_recognizer("tiny")
    n_words = n_errors = 0
    wrong = []
    for written, said in sentences:
        heard = recognizer.transcribe(voice.speak(written)).text
        want, got = as_heard(said), as_heard(heard)
        result = jiwer.process_words(want, got)
        errors = result.substitutions + result.deletions + result.insertions
        n_words, n_errors = n_words + len(want.split()), n_errors + errors
        if errors:
            wrong.append({"written": written, "heard": heard, "errors": errors})
            print(f"    {written!r}: heard {heard!r}: {got!r}, not {want!r}")
    share = n_errors / n_words
    print(f"by ear: {n_errors} of {n_words} words wrong, {share:.1%}")
    return {"words": n_words, "wrong": n_errors, "word_error_rate": round(share, 4), "sentences": wrong}


def as_heard(text: str) -> str:
    """The text in words, its numbers in digits without gaps: "7.30", "7:30" and "seven thirty" are one."""
    text = re.sub(r"(?<=\d)[.:](?=\d\d\s?[ap]\.?m)|(?<=\d):(?=\d\d)", " ", text)
    words = comparable(spoken_text(text)).replace("o clock", "").replace("oclock", "").split()
    out: list[str] = []
    run: list[str] = []
    for word in [*words, ""]:
        if word in _ONES or word in _TENS or (word in _SCALES and run):
            run.append(word)
            continue
        if run:
            out.append(_digits(run))
            run = []
        out.append(word)
    return " ".join(" ".join(out).split())


def _digits(run: list[str]) -> str:
    """Number words as digits; what does not form one number is written side by side: "twenty nineteen" is 2019."""
    written, total, current = "", 0, -1
    for word in [*run, "."]:
        if word in _SCALES:
            scale = _SCALES[word]
            current = max(current, 1) * scale if scale == 100 else current
            if scale > 100:
                total, current = (total + max(current, 1)) * scale if total < scale else total + current * scale, 0
            continue
        value = _ONES.get(word, _TENS.get(word, -1))
        room = 100 if current % 100 == 0 else 10 if current % 10 == 0 and current % 100 > 10 else 0
        if current >= 0 and value > 0 and value < room and (current > 0 or total):
            current += value
            continue
        if current >= 0 or total:
            written += str(total + max(current, 0))
        total, current = 0, value
    return written


def captions_per_second(seconds: float = 2.0) -> float:
    """Texts read a second, the best of three rounds."""
    spoken_text("WARM UP")
    best = 0.0
    for _ in range(3):
        began, n = time.process_time(), 0
        while time.process_time() - began < seconds / 3:
            for caption in CAPTIONS:
                spoken_text(caption)
            n += len(CAPTIONS)
        best = max(best, n / (time.process_time() - began))
    return best


def growth(text: str, n_bytes: int = 100_000) -> float:
    """The time for that many bytes of the text, repeated, against eight times that for an eighth; 1 is linear."""
    part = min(_seconds(text, n_bytes // 8) for _ in range(2))
    return _seconds(text, n_bytes) / part / 8


def _seconds(text: str, n_bytes: int) -> float:
    whole = (text * (n_bytes // len(text) + 1))[:n_bytes]
    began = time.process_time()
    spoken_text(whole)
    return time.process_time() - began


if __name__ == "__main__":
    main()
