"""Screenshots: terminals, editors, desktops, web pages and telephone apps; in Chromium, or a window with Pillow."""

import base64
import html
import inspect
import json
import keyword
import textwrap
from collections.abc import Callable

from PIL import Image, ImageDraw

from . import art
from .pages import Template, make, paragraphs, times, tone
from .workshop import Page, Table, Words, Workshop, holds_raster

DARK = ("#1e1e1e", "#282a36", "#0d1117", "#2b2b2b", "#002b36", "#300a24", "#000000", "#1a1b26")


def glyph(shop: Workshop, pixels: int) -> str:
    """An icon of the artwork as an HTML image, or a coloured tile with a sign on it."""
    found = shop.artwork("icon")
    if found is None or found[1].suffix != ".svg" or holds_raster(found[1].read_text(errors="replace")):
        return (
            f"<span style='display:inline-block;width:{pixels}px;height:{pixels}px;"
            f"border-radius:{shop.rng.randint(0, 50)}%;"
            f"background:{tone(shop)};color:white;text-align:center;line-height:{pixels}px;font-size:{pixels // 2}px'>"
            f"{shop.rng.choice('ABCDKMSTW+★✓')}</span>"
        )
    data = base64.b64encode(found[1].read_bytes()).decode()
    return f"<img width={pixels} height={pixels} src='data:image/svg+xml;base64,{data}'>"


def panel(shop: Workshop, width: str, height: int) -> str:
    """Where a page would show a picture: a drawn one, a gradient, or an icon on a tint. Never a photograph."""
    angle = shop.rng.randint(0, 360)
    fill = f"linear-gradient({angle}deg,{shop.hexa(light=(0.4, 0.9))},{shop.hexa(light=(0.3, 0.8))})"
    inside = glyph(shop, height // 2) if shop.rng.random() < 0.6 else ""
    found = shop.artwork("drawing") if shop.rng.random() < 0.4 else None
    if found and found[1].suffix == ".svg" and found[1].stat().st_size < 90_000:
        text = found[1].read_text(encoding="utf-8", errors="replace")
        if not holds_raster(text):
            data = base64.b64encode(text.encode()).decode()
            inside, fill = f"<img style='max-width:100%;height:100%' src='data:image/svg+xml;base64,{data}'>", "#eee"
    return (
        f"<div style='width:{width};height:{height}px;background:{fill};display:flex;align-items:center;"
        f"justify-content:center;overflow:hidden'>{inside}</div>"
    )


def code(shop: Workshop) -> tuple[str, str]:
    """A stretch of program text and the name of its language, from Python's library or made of words."""
    words, form = shop.words(), shop.rng.randrange(4 if shop.train else 5)
    modules = (json, textwrap, inspect) if shop.train else (keyword, html, base64)
    if form <= 1:
        lines = inspect.getsource(shop.rng.choice(modules)).splitlines()
        start = shop.rng.randrange(max(1, len(lines) - 30))
        return "\n".join(lines[start : start + 60]), "python"
    name = lambda: words.word().lower() + shop.rng.choice(["", "Id", "_list", "Map"])  # noqa: E731
    n = shop.rng.randint(6, 16)
    if form == 2:
        body = times(
            n, lambda: f'  "{name()}": {shop.rng.choice(["true", "null", "[1, 2, 3]", shop.rng.randint(0, 999)])},\n'
        )
        return "{\n" + body + "}", "json"
    if form == 3:
        body = times(
            n,
            lambda: (
                f"  const {name()} = await {name()}.{name()}({shop.rng.randint(0, 99)}, '{words.word()}');\n"
                f"  if ({name()} > {shop.rng.randint(0, 99)}) {{ return null; }} // {words.title(4)}\n"
            ),
        )
        return (
            f"import {{ {name()} }} from './{name()}';\n\nexport async function {name()}({name()}) {{\n{body}}}\n",
            "javascript",
        )
    body = times(
        n,
        lambda: (
            f"    for (int i = 0; i < {shop.rng.randint(2, 99)}; ++i) {{\n        {name()}[i] += {name()} * "
            f"{shop.rng.random():.3f}; /* {words.title(3)} */\n    }}\n"
        ),
    )
    return f"#include <vector>\n\nstatic void {name()}(std::vector<double>& {name()}) {{\n{body}}}\n", "cpp"


def highlighted(shop: Workshop, styles: tuple[str, ...]) -> tuple[str, str]:
    """A stretch of program text in colour, as HTML, and the background that its style asks for."""
    from pygments import formatters, highlight, lexers

    text, language = code(shop)
    form = formatters.HtmlFormatter(
        style=shop.rng.choice(styles), noclasses=True, nobackground=False, linenos=shop.rng.choice(["inline", False])
    )
    return highlight(text, lexers.get_lexer_by_name(language), form), form.style.background_color


def editor(shop: Workshop, words: Words) -> tuple[str, int, int]:
    """A code editor with a file tree, tabs and a status line."""
    text, ground = highlighted(shop, ("monokai", "default", "vs", "dracula", "github-dark", "xcode", "material"))
    files = times(
        18, lambda: f"<div>{'&nbsp;' * shop.rng.choice([0, 2, 4])}{shop.rng.choice('▸▾·')} {words.word()}.py</div>"
    )
    return (
        f"<style>body{{background:{ground};display:grid;grid-template:34px 1fr 24px/200px 1fr;height:100vh;"
        f"font-size:13px;"
        f"color:#999}}nav{{grid-row:1/3;background:#8882;padding:10px;"
        f"line-height:1.7}}pre{{font:{shop.rng.randint(12, 17)}px/"
        f"1.45 {shop.family(want='mono')};margin:8px}}header{{background:#8881;"
        f"padding:8px}}footer{{grid-column:1/3;background:"
        f"{tone(shop)};color:white;padding:4px 10px}}section{{overflow:hidden}}</style><nav>{files}</nav><header>"
        f"{words.word()}.py &emsp; {words.word()}.js &emsp; ×</header><section>{text}</section><footer>main ⎇ Ln "
        f"{shop.rng.randint(1, 400)}, UTF-8</footer>",
        shop.rng.randint(700, 1400),
        shop.rng.randint(500, 950),
    )


def terminal(shop: Workshop, words: Words) -> tuple[str, int, int]:
    """A terminal window after a few commands."""

    def one() -> str:
        who, where = f"{words.user_name()}@{words.word()}", f"~/{words.word()}"
        prompt = f"<b style='color:#5af78e'>{who}</b>:<b style='color:#57c7ff'>{where}</b>$ "
        match shop.rng.randrange(4):
            case 0:
                rows = times(
                    7,
                    lambda: (
                        f"-rw-r--r-- 1 {words.user_name()} {shop.rng.randint(100, 99999):>6} {words.date()} "
                        f"{words.word()}.txt\n"
                    ),
                )
                return f"{prompt}ls -l\n{rows}"
            case 1:
                rows = times(
                    5, lambda: f"Collecting {words.word()}&gt;={shop.rng.randint(1, 9)}.{shop.rng.randint(0, 9)}\n"
                )
                return f"{prompt}pip install {words.word()}\n{rows}Successfully installed\n"
            case 2:
                changed = f"<span style='color:#ff5c57'>  modified: {words.word()}.c\n</span>"
                return f"{prompt}git status\nOn branch main\n{changed}"
            case _:
                return f"{prompt}cat {words.word()}.txt\n{words.prose(3)}\n"

    ground = shop.rng.choice(DARK) if shop.rng.random() < 0.8 else "#ffffff"
    bar = "<header>● ● ●</header>" if shop.rng.random() < 0.6 else ""
    return (
        f"<style>body{{background:{ground};"
        f"color:{'#222' if ground == '#ffffff' else shop.rng.choice(['#eee', '#8f8', '#ccc'])}}}"
        f"pre{{font:{shop.rng.randint(12, 19)}px/1.3 {shop.family(want='mono')};white-space:pre-wrap;"
        f"margin:10px}}header{{"
        f"background:#9995;padding:6px 12px;color:#f66}}</style>{bar}<pre>{times(9, one)}$ █</pre>",
        shop.rng.randint(480, 1100),
        shop.rng.randint(320, 800),
    )


def article(shop: Workshop, words: Words) -> tuple[str, int, int]:
    """A blog or news article with a menu, a panel and a side column."""
    dark, hue = shop.rng.random() < 0.25, tone(shop)
    links = times(5, lambda: f"<a>{words.word().title()}</a>")
    side = times(6, lambda: f"<p style='color:{hue}'>{words.title(5)}</p>")
    return (
        f"<style>body{{background:{'#181818' if dark else 'white'};color:{'#ddd' if dark else '#222'};font-size:"
        f"{shop.rng.randint(14, 19)}px;line-height:1.5}}header{{background:{hue};color:white;padding:16px "
        f"40px}}a{{margin-right:"
        f"22px}}main{{display:grid;grid-template-columns:1fr 230px;gap:36px;padding:24px 40px}}</style><header><b>"
        f"{words.company()}</b> &emsp; {links}</header><main><section><h1>{words.title(7)}</h1><small>{words.name()} · "
        f"{words.date()}</small>"
        f"{panel(shop, '100%', shop.rng.randint(80, 320))}{paragraphs(shop, words, 6)}</section><aside>"
        f"<h3>{words.title(2)}</h3>{side}</aside></main>",
        shop.rng.randint(760, 1300),
        shop.rng.randint(600, 1100),
    )


def shop_page(shop: Workshop, words: Words) -> tuple[str, int, int]:
    """A shop's grid of products, each with a panel, a name and a price."""
    hue = tone(shop)

    def item() -> str:
        return (
            f"<div>{panel(shop, '100%', 150)}<b>{words.title(3)}</b><br>{'★' * shop.rng.randint(1, 5)}<br>"
            f"<span>{words.price()}</span><br><button>{words.word()}</button></div>"
        )

    return (
        f"<style>body{{background:#f4f4f4;font-size:14px}}header{{background:{hue};padding:16px;"
        f"color:white}}input{{width:50%;"
        f"padding:8px}}main{{display:grid;grid-template-columns:repeat({shop.rng.randint(2, 5)},1fr);gap:16px;"
        f"padding:16px}}main"
        f"div{{background:white}}span{{font-size:20px;color:{hue}}}button{{background:{hue};color:white;border:0;"
        f"padding:6px "
        f"14px}}</style><header>{glyph(shop, 28)} {words.company()} <input value='{words.word()}'> "
        f"{glyph(shop, 24)}</header>"
        f"<main>{times(12, item)}</main>",
        shop.rng.randint(600, 1300),
        shop.rng.randint(600, 1000),
    )


def dashboard(shop: Workshop, words: Words) -> tuple[str, int, int]:
    """An administration page: a side menu, tiles with figures, bars and a table."""
    dark, hue = shop.rng.random() < 0.5, tone(shop)
    tile = lambda: f"<div><small>{words.title(2)}</small><h2>{words.price()}</h2></div>"  # noqa: E731
    bars = times(24, lambda: f"<i style='height:{shop.rng.randint(5, 150)}px'></i>")
    rows = times(8, lambda: f"<tr><td>{words.name()}<td>{words.date()}<td>{words.price()}<td>{words.word()}")
    return (
        f"<style>body{{background:{'#12161f' if dark else '#f0f2f7'};color:{'#cdd' if dark else '#333'};display:grid;"
        f"grid-template-columns:180px 1fr;font-size:14px;"
        f"height:100vh}}nav{{background:{'#1c2230' if dark else hue};color:white;"
        f"padding:20px;line-height:2.6}}main{{padding:20px}}section{{display:grid;"
        f"grid-template-columns:repeat(4,1fr);gap:14px}}"
        f"div,table{{background:{'#1c2230' if dark else 'white'};padding:12px;"
        f"border-radius:8px}}i{{display:inline-block;width:3%;"
        f"margin:0 .5%;background:{hue}}}table{{width:100%}}td{{border-bottom:1px solid #8884;"
        f"padding:6px}}</style><nav>"
        f"{times(9, lambda: glyph(shop, 16) + ' ' + words.word() + '<br>')}</nav><main><h2>{words.title(2)}</h2>"
        f"<section>"
        f"{times(4, tile)}</section><br><div>{bars}</div><br><table>{rows}</table></main>",
        shop.rng.randint(800, 1400),
        shop.rng.randint(560, 900),
    )


def chat(shop: Workshop, words: Words) -> tuple[str, int, int]:
    """A conversation on a telephone, in bubbles."""
    dark, hue = shop.rng.random() < 0.4, tone(shop, 0.4, 0.6)

    def bubble() -> str:
        mine = shop.rng.random() < 0.5
        return (
            f"<div style='align-self:flex-{'end' if mine else 'start'};background:{hue if mine else '#8883'};color:"
            f"{'white' if mine else 'inherit'}'>{words.prose(shop.rng.randint(1, 2))} "
            f"{shop.rng.choice(['', '', '☺', '♥'])}<br>"
            f"<small>{words.time()[:5]}</small></div>"
        )

    return (
        f"<style>body{{background:{shop.rng.choice(DARK) if dark else shop.hexa(light=(0.9, 1))};"
        f"color:{'#eee' if dark else '#111'};"
        f"display:flex;flex-direction:column;height:100vh;font-size:15px}}header{{background:#8882;"
        f"padding:14px}}div{{max-width:76%;"
        f"margin:5px 10px;padding:8px 12px;border-radius:{shop.rng.randint(4, 20)}px}}</style><header>← "
        f"{glyph(shop, 34)} "
        f"<b>{words.name()}</b></header>{times(9, bubble)}",
        shop.rng.randint(340, 440),
        shop.rng.randint(620, 900),
    )


def spreadsheet(shop: Workshop, words: Words) -> tuple[str, int, int]:
    """A spreadsheet with a tool bar, letters over columns and numbers before rows."""
    n = shop.rng.randint(6, 14)
    head = "<tr><th>" + "".join(f"<th>{chr(65 + i)}" for i in range(n))
    rows = "".join(
        f"<tr><th>{i + 1}<td>{words.word()}"
        + times(
            n - 1,
            lambda: "<td>" + shop.rng.choice(["", f"{shop.rng.uniform(0, 9999):,.2f}", str(shop.rng.randint(0, 500))]),
        )
        for i in range(36)
    )
    return (
        f"<style>body{{background:white;font-size:13px}}header{{background:{tone(shop)};color:white;"
        f"padding:9px}}p{{margin:6px}}"
        f"table{{border-collapse:collapse;width:100%}}td,th{{border:1px solid #ccc;padding:3px 6px;"
        f"height:22px}}td{{text-align:"
        f"right}}th{{background:#eee}}</style><header>{words.title(2)}.xlsx</header><p>"
        f"{times(14, lambda: glyph(shop, 20) + ' ')}"
        f"</p><p>ƒx =SUM(B2:B{shop.rng.randint(5, 30)})</p><table>{head}{rows}</table>",
        shop.rng.randint(700, 1300),
        shop.rng.randint(420, 900),
    )


def mail(shop: Workshop, words: Words) -> tuple[str, int, int]:
    """A mail program: folders, a list of messages, and the one that is open."""
    row = lambda: f"<div><b>{words.name()}</b> <small>{words.date()}</small><br>{words.title(5)}</div>"  # noqa: E731
    return (
        f"<style>body{{display:grid;grid-template-columns:150px 300px 1fr;height:100vh;font-size:14px;"
        f"background:white}}nav{{"
        f"background:{shop.hexa(light=(0.85, 0.95))};padding:12px;line-height:2.2}}div{{border-bottom:1px solid "
        f"#ddd;padding:10px}}"
        f"section{{padding:20px;border-left:1px solid #ccc}}</style><nav>"
        f"{times(10, lambda: glyph(shop, 16) + words.word() + '<br>')}"
        f"</nav><aside>{times(14, row)}</aside><section><h2>{words.title(5)}</h2><b>{words.name()}</b> &lt;"
        f"{words.email()}&gt;"
        f"{paragraphs(shop, words, 5)}</section>",
        shop.rng.randint(900, 1400),
        shop.rng.randint(560, 850),
    )


def slide(shop: Workshop, words: Words) -> tuple[str, int, int]:
    """A slide of a talk: a heading and points, with or without a panel beside them."""
    dark, hue = shop.rng.random() < 0.35, tone(shop)
    side = panel(shop, "320px", 280) if shop.rng.random() < 0.5 else ""
    points = times(shop.rng.randint(2, 6), lambda: f"<li>{words.title(shop.rng.randint(4, 9))}</li>")
    return (
        f"<style>body{{background:{'#222b3a' if dark else 'white'};color:{'white' if dark else '#222'};"
        f"padding:50px;font-size:26px;"
        f"line-height:1.6;border-top:{shop.rng.randint(0, 30)}px solid {hue};"
        f"height:100vh}}h1{{color:{'inherit' if dark else hue}}}"
        f"main{{display:flex;gap:40px}}</style><h1>{words.title(4)}</h1><main><ul>{points}</ul>{side}</main>",
        960,
        600,
    )


def settings(shop: Workshop, words: Words) -> tuple[str, int, int]:
    """A telephone's settings, or a list of contacts."""
    dark = shop.rng.random() < 0.4

    def row() -> str:
        return (
            f"<div>{glyph(shop, 30)}<span>{words.title(2)}<br><small>{words.title(4)}</small></span><b>"
            f"{shop.rng.choice(['›', '●━', '━○', ''])}</b></div>"
        )

    return (
        f"<style>body{{background:{'#000' if dark else '#f2f2f7'};color:{'#eee' if dark else '#111'};"
        f"font-size:16px;padding:14px}}"
        f"div{{display:flex;gap:14px;align-items:center;background:{'#1c1c1e' if dark else 'white'};padding:11px;"
        f"border-bottom:1px "
        f"solid #8883}}b{{margin-left:auto}}small{{color:#888}}</style><small>{words.time()[:5]} &emsp; ▮▮▮</small><h1>"
        f"{words.title(2)}</h1>{times(14, row)}",
        shop.rng.randint(340, 430),
        shop.rng.randint(600, 900),
    )


# From here on: the check's.


def framework(shop: Workshop, inside: str, width: int, height: int) -> tuple[str, int, int]:
    """A page in the dress of Bootstrap or Bulma where the artwork has them, of plain HTML otherwise."""
    sheet = shop.web(shop.rng.choice(["bootstrap.min.css", "bulma.min.css"])) or "body{padding:10px}"
    theme = shop.rng.choice(["light", "light", "dark"])
    own = f"body{{font-family:{shop.family()}!important}}"
    script = (
        f"<script>document.documentElement.dataset.bsTheme=document.documentElement.dataset.theme='{theme}'</script>"
    )
    return f"<style>{sheet}{own}</style>{script}{inside}", width, height


def landing(shop: Workshop, words: Words) -> tuple[str, int, int]:
    """A product's front page or price list in Bootstrap or Bulma."""

    def card() -> str:
        return (
            f"<div class='col column'><div class='card p-3'><h4 class='title is-4'>{words.title(2)}</h4><p>"
            f"{words.prose(2)}</p><h3>{words.price()}</h3><button class='btn btn-primary button is-link'>{words.word()}"
            "</button></div></div>"
        )

    return framework(
        shop,
        f"<nav class='navbar bg-body-tertiary p-3'><b>{words.company()}</b> "
        f"{times(5, lambda: '<span>' + words.word() + '</span>')}"
        f"</nav><section class='p-5 section has-background-info bg-primary text-white'><h1 class='title is-1 "
        f"display-3'>{words.title(5)}</h1><p>{words.prose(2)}</p></section><div class='container p-4'><div "
        f"class='row columns'>{times(3, card)}</div></div>",
        shop.rng.randint(760, 1300),
        shop.rng.randint(560, 900),
    )


def web_form(shop: Workshop, words: Words) -> tuple[str, int, int]:
    """A form to sign up, book or pay, in Bootstrap or Bulma."""

    def field() -> str:
        return (
            f"<label class='form-label label'>{words.title(2)}</label><input class='form-control input mb-3' value='"
            f"{html.escape(shop.rng.choice([words.name(), words.email(), '', words.city()]), quote=True)}'>"
        )

    return framework(
        shop,
        f"<div class='container p-5'><h2 class='title'>{words.title(3)}</h2>{times(shop.rng.randint(2, 8), field)}"
        f"<div class='alert alert-warning notification is-warning'>{words.sentence()}</div><label><input "
        f"type=checkbox checked> {words.title(5)}</label><br><button class='btn btn-success button is-success mt-3'>"
        f"{words.word()}</button></div>",
        shop.rng.randint(420, 900),
        shop.rng.randint(480, 850),
    )


def data_table(shop: Workshop, words: Words) -> tuple[str, int, int]:
    """A table of records with badges and page numbers, in Bootstrap or Bulma."""

    def row() -> str:
        return (
            f"<tr><td>{shop.rng.randint(1, 9999)}<td>{words.name()}<td>{words.email()}<td>{words.city()}<td><span "
            f"class='badge "
            f"text-bg-{shop.rng.choice(['success', 'danger', 'info'])} tag "
            f"is-{shop.rng.choice(['success', 'danger', 'info'])}'>"
            f"{words.word()}</span>"
        )

    return framework(
        shop,
        f"<div class='p-4'><h3 class='title'>{words.title(3)}</h3><table class='table table-striped is-striped "
        f"is-fullwidth'>{times(18, row)}</table></div>",
        shop.rng.randint(760, 1300),
        shop.rng.randint(480, 900),
    )


def encyclopedia(shop: Workshop, words: Words) -> tuple[str, int, int]:
    """A page of an encyclopaedia or a manual, with blue links, a contents box and a fact box."""
    facts = times(8, lambda: f"<tr><th>{words.word()}<td>{words.title(3)}")
    links = paragraphs(shop, words, 9).replace("<b>", "<a>").replace("</b>", "</a>")
    contents = times(6, lambda: f"<li><a>{words.title(2)}</a>")
    return (
        f"<style>body{{background:white;font-size:14px;padding:20px 20px 20px 180px;"
        f"line-height:1.5}}a{{color:#0645ad}}table{{float:"
        f"right;width:250px;border:1px solid #aaa;background:#f8f9fa;margin-left:16px;"
        f"text-align:left}}h1{{border-bottom:1px solid "
        f"#aaa;font-weight:normal}}nav{{position:absolute;left:16px;top:20px;width:140px;"
        f"font-size:12px}}ol{{background:#f8f9fa;border:"
        f"1px solid #aaa;display:inline-block;padding:12px 34px}}</style><nav>"
        f"{glyph(shop, 110)}{times(12, lambda: '<p><a>' + words.title(2) + '</a>')}"
        f"</nav><h1>{words.title(3)}</h1><table><caption><b>{words.title(2)}</b></caption>{facts}</table>"
        f"{links[:700]}<p><ol>{contents}"
        f"</ol>{links}",
        shop.rng.randint(860, 1300),
        shop.rng.randint(600, 1000),
    )


def old_desktop(shop: Workshop, words: Words) -> tuple[str, int, int]:
    """A desktop of the nineties or of today with icons, windows, an error message and a task bar."""
    old = shop.rng.random() < 0.5
    edge = (
        "border:2px outset #fff;background:#c0c0c0"
        if old
        else "border-radius:10px;background:#fafafa;box-shadow:0 8px 30px #0008"
    )

    def window() -> str:
        x, y = shop.rng.randint(100, 500), shop.rng.randint(10, 260)
        return (
            f"<div style='position:absolute;left:{x}px;top:{y}px;width:{shop.rng.randint(260, 480)}px;{edge}'><header>"
            f"{words.title(2)} <span style='float:right'>_ □ ×</span></header><p>"
            f"{words.prose(shop.rng.randint(1, 3))}</p><p>"
            f"{times(shop.rng.randint(0, 8), lambda: glyph(shop, 40) + ' &nbsp; ')}</p><center><button>OK</button>"
            f" <button>"
            f"{words.word()}</button></center><br></div>"
        )

    icons = times(
        7,
        lambda: (
            f"<p style='width:76px;text-align:center;color:white;font-size:12px'>{glyph(shop, 40)}<br>"
            f"{words.word()}</p>"
        ),
    )
    ground = "#008080" if old else f"linear-gradient({shop.rng.randint(0, 360)}deg,{shop.hexa()},{shop.hexa()})"
    return (
        f"<style>body{{background:{ground};height:100vh;"
        f"font-size:14px}}header{{background:{'#000080' if old else '#ddd'};color:"
        f"{'white' if old else '#222'};padding:5px 9px}}div p{{margin:12px}}footer{{position:absolute;bottom:0;"
        f"width:100%;height:38px;"
        f"background:{'#c0c0c0' if old else '#222c'};padding:5px;color:{'#000' if old else '#fff'}}}</style>"
        f"{icons}{times(3, window)}"
        f"<footer>{times(6, lambda: glyph(shop, 26) + ' &nbsp; ')} <span style='float:right'>"
        f"{words.time()[:5]}</span></footer>",
        shop.rng.randint(800, 1200),
        shop.rng.randint(560, 760),
    )


def home_screen(shop: Workshop, words: Words) -> tuple[str, int, int]:
    """A telephone's or tablet's home screen, a launcher or a file manager: a grid of icons with names."""
    ground = shop.rng.choice(["#fff", "#222", f"linear-gradient({shop.hexa()},{shop.hexa()})"])
    cell = lambda: f"<div>{glyph(shop, 58)}<br><small>{words.word()[:9]}</small></div>"  # noqa: E731
    return (
        f"<style>body{{background:{ground};color:{'#222' if ground == '#fff' else 'white'};height:100vh;"
        f"padding:12px}}main{{display:"
        f"grid;grid-template-columns:repeat(auto-fill,88px);gap:18px 4px;text-align:center}}</style><b>"
        f"{words.time()[:5]}</b><br><br>"
        f"<main>{times(28, cell)}</main>",
        shop.rng.randint(370, 900),
        shop.rng.randint(600, 800),
    )


def old_editor(shop: Workshop, words: Words) -> tuple[str, int, int]:
    """Program text in a full-screen editor, a split view, a notebook cell or a shared snippet card."""
    text, ground = highlighted(
        shop, ("solarized-light", "solarized-dark", "nord", "gruvbox-dark", "friendly", "tango", "zenburn")
    )
    other = highlighted(shop, ("nord", "friendly"))[0]
    form = shop.rng.randrange(3)
    font = f"pre{{font:{shop.rng.randint(13, 20)}px/1.4 {shop.family(want='mono')};margin:0}}"
    if form == 0:
        return (
            f"<style>{font}body{{background:linear-gradient(45deg,{shop.hexa()},{shop.hexa()});"
            f"padding:50px}}div{{border-radius:"
            f"12px;padding:12px;max-height:80vh;overflow:hidden}}</style>{text}",
            shop.rng.randint(500, 1000),
            620,
        )
    if form == 1:
        return (
            f"<style>{font}body{{background:{ground};display:grid;grid-template-columns:1fr 1fr;"
            f"height:100vh}}footer{{position:"
            f"absolute;bottom:0;width:100%;background:#444;color:#eee}}</style><div>{text}</div><div>{other}</div>"
            f"<footer>-- INSERT -- "
            f"{words.word()}.c [+] 12,4 All</footer>",
            shop.rng.randint(800, 1400),
            shop.rng.randint(480, 900),
        )

    def cell() -> str:
        return (
            f"<p style='color:#303f9f'>In [{shop.rng.randint(1, 60)}]:</p><div style='border:1px solid #ccc'>"
            f"{highlighted(shop, ('friendly', 'tango'))[0]}</div>{paragraphs(shop, words, 1)}"
        )

    return (
        f"<style>{font}body{{background:white;padding:20px 60px}}div{{max-height:240px;overflow:hidden}}</style>"
        f"{times(4, cell)}",
        900,
        900,
    )


def monitor(shop: Workshop, words: Words) -> tuple[str, int, int]:
    """A full-screen text program: a process list with bars, a two-panel file manager, a log."""
    hue, ground = (
        shop.rng.choice(["#00ff66", "#ffb000", "#7fdfff", "#ddd"]),
        shop.rng.choice(["#000", "#0a0a0a", "#0000aa", "#101820"]),
    )
    bars = times(shop.rng.randint(0, 8), lambda: f"{'|' * shop.rng.randint(2, 40)} {shop.rng.uniform(0, 100):.1f}%\n")
    rows = times(
        40,
        lambda: (
            f"{shop.rng.randint(1, 99999):>6} {words.user_name():<12.12} {shop.rng.uniform(0, 99):5.1f} "
            f"{words.time()} /usr/bin/{words.word()} --{words.word()}\n"
        ),
    )
    return (
        f"<style>body{{background:{ground};color:{hue}}}pre{{font:{shop.rng.randint(12, 18)}px/1.25 "
        f"{shop.family(want='mono')};"
        f"margin:6px}}mark{{background:{hue};color:{ground}}}</style><pre>{bars}<mark>   PID USER          CPU "
        f"TIME     COMMAND"
        f"            </mark>\n{rows}</pre>",
        shop.rng.randint(520, 1100),
        shop.rng.randint(360, 760),
    )


def calendar(shop: Workshop, words: Words) -> tuple[str, int, int]:
    """A calendar's month, a board of cards in columns, or a puzzle's grid."""
    form, hue = shop.rng.randrange(3), tone(shop, 0.4, 0.7)
    if form == 0:
        cells = "".join(
            f"<div>{i % 31 + 1}{'<p>' + words.word() + '</p>' if shop.rng.random() < 0.3 else ''}</div>"
            for i in range(35)
        )
        columns = 7
    elif form == 1:
        card = lambda: f"<p>{words.title(4)}</p>"  # noqa: E731
        cells, columns = times(4, lambda: f"<div><b>{words.word()}</b>{times(shop.rng.randint(1, 5), card)}</div>"), 4
    else:
        cells = times(81, lambda: f"<div>{shop.rng.choice(['', '', '', *'123456789'])}</div>")
        columns = 9
    return (
        f"<style>body{{padding:20px;background:{shop.hexa(light=(0.9, 1))};"
        f"font-size:{24 if form == 2 else 14}px}}main{{display:grid;"
        f"grid-template-columns:repeat({columns},1fr);gap:{shop.rng.randint(1, 8)}px}}div{{background:white;"
        f"border:1px solid #bbb;"
        f"min-height:{40 if form == 2 else 92}px;padding:6px}}p{{background:{hue};color:white;margin:4px 0;"
        f"padding:4px;border-radius:"
        f"4px}}</style><h2>{words.title(2)}</h2><main>{cells}</main>",
        480 if form == 2 else shop.rng.randint(700, 1200),
        620,
    )


def messenger(shop: Workshop, words: Words) -> tuple[str, int, int]:
    """A chat on a desktop: channels, names and lines; or a social network's feed."""
    dark = shop.rng.random() < 0.6

    def line() -> str:
        return (
            f"<div>{glyph(shop, 38)}<span><b style='color:{tone(shop, 0.5, 0.7)}'>{words.user_name()}</b> <small>"
            f"{words.time()[:5]}</small><br>{words.prose(shop.rng.randint(1, 3))}<br><small>♡ "
            f"{shop.rng.randint(0, 99)} ↻ "
            f"{shop.rng.randint(0, 40)}</small></span></div>"
        )

    wide = shop.rng.random() < 0.5
    side = f"<nav>{times(14, lambda: '# ' + words.word() + '<br>')}</nav>" if wide else ""
    return (
        f"<style>body{{background:{'#313338' if dark else 'white'};color:{'#ddd' if dark else '#222'};"
        f"display:flex;font-size:15px;height:"
        f"100vh}}nav{{width:180px;background:#8882;padding:14px;line-height:2.1}}div{{display:flex;gap:12px;"
        f"padding:10px 16px;border-bottom:"
        f"1px solid #8882}}</style>{side}<main>{times(12, line)}</main>",
        shop.rng.randint(760, 1200) if wide else 400,
        780,
    )


TEMPLATES: dict[str, dict[str, Template]] = {
    "train": {
        "editor": editor,
        "terminal": terminal,
        "article": article,
        "shop": shop_page,
        "dashboard": dashboard,
        "chat": chat,
        "spreadsheet": spreadsheet,
        "mail": mail,
        "slide": slide,
        "settings": settings,
    },
    "check": {
        "landing": landing,
        "web-form": web_form,
        "data-table": data_table,
        "encyclopedia": encyclopedia,
        "desktop": old_desktop,
        "home-screen": home_screen,
        "code": old_editor,
        "monitor": monitor,
        "calendar": calendar,
        "messenger": messenger,
    },
}


def page_of(name: str, template: Template) -> Callable[[Workshop], Page]:
    """A maker of screenshots of one template alone, so that the manifest tells them apart."""
    return lambda shop: make(shop, {name: template})


def window(shop: Workshop) -> Image.Image:
    """A window with a title bar, a tool bar and lines of monospaced text, drawn with Pillow."""
    rng, words = shop.rng, shop.words()
    width, height, size = rng.randint(420, 1200), rng.randint(320, 800), rng.randint(12, 20)
    dark = rng.random() < 0.6
    ground, ink = (rng.choice(DARK), "#dddddd") if dark else ("#ffffff", "#222222")
    image = Image.new("RGB", (width, height), ground)
    draw, font = ImageDraw.Draw(image), shop.font(size, want="mono")
    bar = size * 2
    draw.rectangle((0, 0, width, bar), fill=shop.colour(light=(0.3, 0.85), vivid=(0, 0.4)))
    draw.text((bar * 2, size // 2), words.title(3), font=font, fill="#111111")
    for i in range(3):
        draw.ellipse(
            (10 + i * size * 1.2, size / 2, 10 + i * size * 1.2 + size, size * 1.5), fill=("#f55", "#fc4", "#3c5")[i]
        )
    found = art.open_artwork(shop, "icon", size * 3) if rng.random() < 0.5 else None
    if found:
        image.paste(found[1], (width - size * 4, bar + 8), found[1])
    for i, line in enumerate(code(shop)[0].splitlines() or words.prose(9).split(". ")):
        colour = shop.hexa(light=(0.6, 0.85)) if dark and rng.random() < 0.4 else ink
        draw.text((12, bar + 10 + i * size * 1.35), line, font=font, fill=colour)
    return image


_FLAT = {"pillow-window": (0.7, window)}

TABLES: dict[str, Table] = {
    "screenshot": {
        split: {**_FLAT, **{f"chromium-{name}": (1.0, page_of(name, one)) for name, one in templates.items()}}
        for split, templates in TEMPLATES.items()
    }
}
