"""Typeset documents in HTML: papers, letters, newspapers, invoices, books, menus, forms, certificates, notices."""

import html
from collections.abc import Callable

from .workshop import Page, Words, Workshop

Template = Callable[[Workshop, Words], tuple[str, int, int]]
"""Draws the body and style of a page, and its width and height in pixels."""


def make(shop: Workshop, templates: dict[str, Template]) -> Page:
    """A page of one of `templates`, in a language and with fonts of the split."""
    locale = shop.locale() if shop.rng.random() < 0.4 else None
    body, width, height = shop.rng.choice(list(templates.values()))(shop, shop.words(locale))
    base = (
        f"<style>*{{box-sizing:border-box}}body{{margin:0;overflow:hidden;font-family:"
        f"{shop.family(locale=locale or 'en_US')},{shop.family()},sans-serif}}</style>"
    )
    return Page(f"<!doctype html><meta charset=utf-8>{base}{body}", width, height)


def times(n: int, draw: Callable[[], str]) -> str:
    """`draw` called `n` times, its pieces one after the other."""
    return "".join(draw() for _ in range(n))


def paragraphs(shop: Workshop, words: Words, n: int) -> str:
    """`n` paragraphs in HTML, some with bold or slanted words."""
    out = []
    for _ in range(n):
        tokens = html.escape(words.prose(shop.rng.randint(2, 7))).split(" ")
        for _ in range(shop.rng.randint(0, 2)):
            at, tag = shop.rng.randrange(len(tokens)), shop.rng.choice("bi")
            tokens[at] = f"<{tag}>{tokens[at]}</{tag}>"
        out.append(f"<p>{' '.join(tokens)}</p>")
    return "".join(out)


def tone(shop: Workshop, low: float = 0.25, high: float = 0.5) -> str:
    """A vivid colour for headings and buttons."""
    return shop.hexa(light=(low, high), vivid=(0.3, 0.9))


def science_paper(shop: Workshop, words: Words) -> tuple[str, int, int]:
    """A paper in two columns with an abstract, formulas and references."""
    rng = shop.rng
    maths = times(
        2,
        lambda: (
            f"<p style='text-align:center'><i>{rng.choice('fghE')}</i>(<i>x</i>) = ∑<sub>i={rng.randint(0, 3)}"
            f"</sub> <i>α</i><sub>i</sub> <i>x</i><sup>{rng.randint(2, 9)}</sup> + ∫ e<sup>−λt</sup> dt "
            f"&emsp; ({rng.randint(1, 20)})</p>"
        ),
    )
    body = times(4, lambda: f"<h3>{rng.randint(1, 6)} {words.title(3)}</h3>{paragraphs(shop, words, 2)}{maths}")
    refs = times(
        6, lambda: f"<p>[{rng.randint(1, 60)}] {words.name()}. {words.title(6)}. {rng.randint(1960, 2026)}.</p>"
    )
    return (
        f"<style>body{{padding:60px;font-size:{rng.randint(11, 15)}px;text-align:justify;background:white}}h1,h1+p{{"
        f"text-align:center}}main{{column-count:2;column-gap:28px}}</style><h1>{words.title(8)}</h1><p>{words.name()}, "
        f"{words.name()}<br><i>{words.company()}</i></p><main><b>Abstract.</b>{paragraphs(shop, words, 1)}{body}{refs}"
        "</main>",
        850,
        1100,
    )


def letter(shop: Workshop, words: Words) -> tuple[str, int, int]:
    """A business or private letter."""
    who = html.escape(words.address()).replace("\n", "<br>")
    return (
        f"<style>body{{padding:80px 90px;font-size:{shop.rng.randint(14, 19)}px;line-height:1.5;background:"
        f"{shop.rng.choice(['white', '#fdfaf2'])}}}</style><div style='text-align:right;color:{tone(shop)}'><b>"
        f"{words.company()}</b><br>{who}<br>{words.phone_number()}</div><p>{words.name()}<br>{who}</p><p>"
        f"{words.date()}</p>"
        f"<p>{words.first_name()},</p>{paragraphs(shop, words, shop.rng.randint(2, 6))}<p><i>{words.name()}</i></p>",
        800,
        shop.rng.randint(700, 1130),
    )


def book(shop: Workshop, words: Words) -> tuple[str, int, int]:
    """A page, or an opened pair of pages, of a novel."""
    wide = shop.rng.random() < 0.3
    return (
        f"<style>body{{padding:50px 60px;font-size:{shop.rng.randint(15, 22)}px;line-height:1.45;text-align:justify;"
        f"background:{shop.rng.choice(['#fff', '#f6efdf', '#fbf7ec'])};column-count:{2 if wide else 1};"
        f"column-gap:90px}}p{{"
        f"margin:0;text-indent:1.5em}}p:first-of-type::first-letter{{font-size:3em;float:left}}</style><h2 "
        f"style='text-align:"
        f"center'>{shop.rng.choice(['', 'IV', '12', words.title(3)])}</h2>{paragraphs(shop, words, 14)}",
        1200 if wide else 620,
        860,
    )


def invoice(shop: Workshop, words: Words) -> tuple[str, int, int]:
    """An invoice with a table of items."""
    rows = times(
        shop.rng.randint(4, 14),
        lambda: f"<tr><td>{words.title(3)}<td>{shop.rng.randint(1, 20)}<td>{words.price()}<td>{words.price()}",
    )
    return (
        f"<style>body{{padding:50px;font-size:15px;background:white}}table{{width:100%;"
        f"border-collapse:collapse}}td,th{{"
        f"border:1px solid #bbb;padding:7px;text-align:left}}th{{background:{tone(shop)};color:white}}</style><h1>"
        f"{words.company()}</h1><p>{words.address()}</p><table><tr><th>{words.word()}<th>N<th>{words.word()}<th>"
        f"{words.word()}</tr>{rows}</table><h3 style='text-align:right'>{words.price()}</h3>"
        f"{paragraphs(shop, words, 1)}",
        760,
        shop.rng.randint(600, 1000),
    )


def dictionary(shop: Workshop, words: Words) -> tuple[str, int, int]:
    """A dense page of a dictionary, directory or index."""
    entry = lambda: f"<p><b>{words.word()}</b> <i>n.</i> {words.sentence()} {shop.rng.randint(1, 900)}</p>"  # noqa: E731
    return (
        f"<style>body{{padding:30px;font-size:{shop.rng.randint(10, 14)}px;column-count:{shop.rng.randint(2, 4)};"
        f"column-rule:1px solid #999;background:white}}p{{margin:2px 0}}</style>{times(120, entry)}",
        900,
        shop.rng.randint(700, 1200),
    )


def newspaper(shop: Workshop, words: Words) -> tuple[str, int, int]:
    """A newspaper's front page: a masthead, headlines and narrow columns."""
    story = lambda: f"<h{shop.rng.randint(2, 3)}>{words.title(6)}</h2>{paragraphs(shop, words, 3)}"  # noqa: E731
    return (
        f"<style>body{{padding:26px;background:{shop.rng.choice(['#f4f1e6', '#fff', '#eee'])};font-size:13px;"
        f"text-align:"
        f"justify}}h1{{font-size:64px;text-align:center;border-bottom:4px double;margin:0}}main{{column-count:"
        f"{shop.rng.randint(3, 5)};column-rule:1px solid #888}}h2,h3{{text-align:left;margin:8px 0}}</style><h1>"
        f"{words.title(2)}</h1><p style='text-align:center'>{words.date()}</p><main>{times(9, story)}</main>",
        1000,
        shop.rng.randint(900, 1300),
    )


def receipt(shop: Workshop, words: Words) -> tuple[str, int, int]:
    """A till receipt in monospaced letters."""
    rows = times(
        shop.rng.randint(5, 18), lambda: f"<div><span>{words.word().upper()}</span><span>{words.price()}</span></div>"
    )
    bars = times(
        40,
        lambda: (
            f"<i style='display:inline-block;height:50px;width:{shop.rng.randint(1, 4)}px;background:#000;"
            f"margin-right:{shop.rng.randint(1, 4)}px'></i>"
        ),
    )
    return (
        f"<style>body{{padding:20px;background:{shop.rng.choice(['white', '#f4f4f0'])};"
        f"font-family:{shop.family(want='mono')};"
        f"font-size:16px}}div{{display:flex;justify-content:space-between}}</style><center><h3>"
        f"{words.company().upper()}"
        f"</h3>{words.date()} {words.time()}</center><hr>{rows}<hr><div><b>TOTAL</b><b>{words.price()}</b></div><br>"
        f"<center>{bars}</center>",
        380,
        shop.rng.randint(500, 900),
    )


def menu(shop: Workshop, words: Words) -> tuple[str, int, int]:
    """A restaurant's menu, a programme or a price list."""
    dark = shop.rng.random() < 0.4

    def dish() -> str:
        return (
            f"<p><b>{words.title(2)}</b> <span style='float:right'>{words.price()}</span><br><small>"
            f"{words.title(6).lower()}</small></p>"
        )

    part = lambda: f"<h2>{words.title(2)}</h2>{times(shop.rng.randint(3, 6), dish)}"  # noqa: E731
    return (
        f"<style>body{{padding:50px;background:{'#1f1b18' if dark else '#fffaf0'};"
        f"color:{'#f0e6d0' if dark else '#333'};"
        f"font-size:17px}}h1,h2{{text-align:center;font-family:{shop.family(want='hand')}}}</style><h1 "
        f"style='font-size:50px'>"
        f"{words.last_name()}</h1>{times(3, part)}",
        640,
        960,
    )


def certificate(shop: Workshop, words: Words) -> tuple[str, int, int]:
    """A certificate, invitation, notice or poster of centred lines."""
    hue = tone(shop)
    return (
        f"<style>body{{text-align:center;padding:{shop.rng.randint(60, 110)}px 80px;border:{shop.rng.randint(4, 26)}px "
        f"{shop.rng.choice(['double', 'solid', 'ridge'])} {hue};height:100vh;background:#fffdf6;"
        f"font-size:22px}}</style>"
        f"<h1 style='font-size:52px;color:{hue}'>{words.title(3)}</h1><p>{words.prose(1)}</p><h2 style='font-family:"
        f"{shop.family(want='hand')};font-size:48px'>{words.name()}</h2><p>{words.prose(2)}</p><p>{words.date()}</p>",
        shop.rng.randint(700, 1100),
        shop.rng.randint(600, 1000),
    )


def form(shop: Workshop, words: Words) -> tuple[str, int, int]:
    """A printed form with boxes to fill in, or an exam with choices to tick."""

    def line() -> str:
        return (
            f"<p>{words.title(3)}<span></span></p>"
            if shop.rng.random() < 0.6
            else f"<p>{words.sentence()} " + times(4, lambda: f"☐ {words.word()} &emsp;") + "</p>"
        )

    return (
        f"<style>body{{padding:50px;background:white;font-size:15px}}span{{display:block;height:34px;border:1px "
        f"solid #333;"
        f"margin-top:5px}}</style><h2>{words.title(4)}</h2>{paragraphs(shop, words, 1)}{times(14, line)}",
        780,
        1050,
    )


def verse(shop: Workshop, words: Words) -> tuple[str, int, int]:
    """A poem, a song, a play's dialogue, or a list of numbered rules."""
    speech = shop.rng.random() < 0.5

    def line() -> str:
        return (
            f"<p><b>{words.first_name().upper()}.</b> {words.sentence()}</p>"
            if speech
            else f"{words.title(shop.rng.randint(3, 7))},<br>" + ("<br>" if shop.rng.random() < 0.25 else "")
        )

    return (
        f"<style>body{{padding:60px 90px;background:{shop.rng.choice(['white', '#faf5ea', '#222'])};font-size:19px;"
        f"line-height:1.5;mix-blend-mode:normal}}main{{color:{shop.rng.choice(['#222', '#654', '#777'])}}}</style>"
        f"<main><h1>"
        f"{words.title(3)}</h1>{times(30, line)}</main>",
        700,
        950,
    )


PRINTED: dict[str, dict[str, Template]] = {
    "train": {"paper": science_paper, "letter": letter, "book": book, "invoice": invoice, "dictionary": dictionary},
    "check": {
        "newspaper": newspaper,
        "receipt": receipt,
        "menu": menu,
        "certificate": certificate,
        "form": form,
        "verse": verse,
    },
}
