"""Diagrams: graphs, flow charts, circuits, UML, plans, maps, geometry and sheet music."""

import io
import itertools
import math
import shutil
import subprocess
from pathlib import Path

from PIL import Image, ImageDraw

from .workshop import Drawn, Page, Table, Workshop, flatten, holds_raster, render_svg

ENGINES = ("dot", "dot", "dot", "neato", "fdp", "circo", "twopi")
SHAPES = (
    "box",
    "ellipse",
    "box",
    "diamond",
    "circle",
    "record",
    "cylinder",
    "note",
    "folder",
    "component",
    "house",
    "hexagon",
    "parallelogram",
    "plaintext",
    "box3d",
    "tab",
    "doublecircle",
)


def graphviz(shop: Workshop) -> Image.Image:
    """A graph laid out by Graphviz; drawn as `flow_chart` where Graphviz is not installed."""
    rng, words = shop.rng, shop.words()
    engine, n = rng.choice(ENGINES), rng.randint(3, 26)
    if shutil.which(engine) is None:
        return flow_chart(shop)
    shapes, directed = rng.sample(SHAPES, rng.randint(1, 4)), rng.random() < 0.75
    dark, fill = rng.random() < 0.15, rng.random() < 0.6
    ink = "white" if dark else "black"
    lines = [
        f'bgcolor="{"#202028" if dark else "white"}"; rankdir={rng.choice(["TB", "LR"])}; overlap=false; '
        f'splines={rng.choice(["true", "ortho", "polyline", "line"])}; fontname="DejaVu Sans"; '
        f'node [fontname="DejaVu Sans", color={ink}, fontcolor={ink}, style="{rng.choice(["", "rounded"])}'
        f'{",filled" if fill else ""}"]; edge [color={ink}, fontcolor={ink}, fontsize=10]'
    ]
    for i in range(n):
        label = words.title(rng.randint(1, 3)).replace('"', "")
        tone = shop.hexa(light=(0.2, 0.4) if dark else (0.7, 0.95))
        shape = rng.choice(shapes)
        label = f"{{{label}|{words.word()}: int|{words.word()}()}}" if shape == "record" else label
        lines.append(f'n{i} [label="{label}", shape={shape}, fillcolor="{tone}"]')
    arrow = "->" if directed else "--"
    for i in range(1, n):
        lines.append(f"n{rng.randrange(i)} {arrow} n{i}" + (f' [label="{words.word()}"]' if rng.random() < 0.2 else ""))
    for _ in range(rng.randint(0, n // 2)):
        lines.append(f"n{rng.randrange(n)} {arrow} n{rng.randrange(n)}")
    source = f"{'digraph' if directed else 'graph'} g {{ {chr(10).join(lines)} }}"
    done = subprocess.run(
        [engine, "-Tpng", f"-Gdpi={rng.randint(50, 110)}"], input=source.encode(), capture_output=True, timeout=60
    )
    return _from_png(done.stdout) if done.returncode == 0 else flow_chart(shop)


def _from_png(data: bytes) -> Image.Image:
    return flatten(Image.open(io.BytesIO(data)), (255, 255, 255))


def flow_chart(shop: Workshop) -> Image.Image:
    """Boxes, diamonds and arrows on a grid, drawn with Pillow."""
    rng, words, (ground, ink) = shop.rng, shop.words(), shop.paper()
    n_x, n_y, cell = rng.randint(1, 5), rng.randint(2, 6), rng.randint(110, 200)
    image = Image.new("RGB", (n_x * cell + 60, n_y * cell + 60), ground)
    draw, font = ImageDraw.Draw(image), shop.font(cell // 9, want="plain")
    weight, tone = rng.randint(1, 4), shop.colour(light=(0.2, 0.4) if sum(ground) < 300 else (0.7, 0.95))
    places = [(x, y) for y in range(n_y) for x in range(n_x) if rng.random() < 0.8]
    centres = [(30 + (x + 0.5) * cell, 30 + (y + 0.5) * cell) for x, y in places]
    for a, b in itertools.pairwise(centres):
        draw.line((*a, a[0], b[1], *b), fill=ink, width=weight)
        draw.regular_polygon((b[0], b[1] - cell * 0.3, 7), 3, rotation=180, fill=ink)
    for x, y in centres:
        w, h = cell * 0.38, cell * 0.24
        match rng.randrange(4):
            case 0:
                draw.polygon([(x - w, y), (x, y - h), (x + w, y), (x, y + h)], fill=tone, outline=ink)
            case 1:
                draw.ellipse((x - w, y - h, x + w, y + h), fill=tone, outline=ink, width=weight)
            case _:
                draw.rounded_rectangle((x - w, y - h, x + w, y + h), rng.choice([0, 12]), tone, ink, weight)
        text = words.word()[:12]
        draw.text((x - font.getlength(text) / 2, y - font.size / 2), text, font=font, fill=ink)
    return image


def geometry(shop: Workshop) -> Image.Image:
    """A school geometry figure: triangles, circles, angles, axes and letters."""
    rng, (ground, ink) = shop.rng, shop.paper()
    width, height = shop.size(240, 1100)
    image = Image.new("RGB", (width, height), ground)
    draw, font = ImageDraw.Draw(image), shop.font(max(14, width // 28))
    weight = rng.randint(1, 4)
    if rng.random() < 0.5:
        for i in range(0, width, 25):
            draw.line((i, 0, i, height), fill=shop.colour(light=(0.8, 0.9)))
        for i in range(0, height, 25):
            draw.line((0, i, width, i), fill=shop.colour(light=(0.8, 0.9)))
    if rng.random() < 0.5:
        draw.line((0, height / 2, width, height / 2), fill=ink, width=weight)
        draw.line((width / 2, 0, width / 2, height), fill=ink, width=weight)
    for _ in range(rng.randint(1, 4)):
        points = [(rng.uniform(0.1, 0.9) * width, rng.uniform(0.1, 0.9) * height) for _ in range(rng.randint(2, 5))]
        x, y = points[0]
        r = rng.uniform(0.05, 0.35) * min(width, height)
        if rng.random() < 0.4:
            draw.ellipse((x - r, y - r, x + r, y + r), outline=shop.colour(light=(0, 0.5)), width=weight)
            draw.arc((x - r / 3, y - r / 3, x + r / 3, y + r / 3), 0, 70, fill=ink, width=weight)
        draw.line([*points, points[0]], fill=ink, width=weight)
        for px, py in points:
            draw.text((px + 5, py - 20), rng.choice("ABCDEFGPQRxyαβ"), font=font, fill=ink)
    return image


def mind_map(shop: Workshop) -> Image.Image:
    """A centre, branches and leaves, as curves in SVG; or overlapping rings of a Venn diagram."""
    rng, words = shop.rng, shop.words()
    width, height = rng.randint(600, 1100), rng.randint(450, 900)
    hues = [shop.hexa(light=(0.4, 0.7), vivid=(0.4, 0.9)) for _ in range(8)]
    parts = [f'<rect width="100%" height="100%" fill="{rng.choice(["white", shop.hexa(light=(0.9, 0.98))])}"/>']
    cx, cy, n = width / 2, height / 2, rng.randint(3, 8)
    venn = rng.random() < 0.3
    for i in range(n):
        angle = i * 2 * math.pi / n
        x, y = cx + math.cos(angle) * width * 0.3, cy + math.sin(angle) * height * 0.33
        label = f'<text x="{x}" y="{y + 6}" text-anchor="middle" font-size="17">{words.word()}</text>'
        if venn:
            x, y = (x + cx) / 2, (y + cy) / 2
            parts.append(f'<circle cx="{x}" cy="{y}" r="{height * 0.22}" fill="{hues[i]}" opacity="0.45"/>{label}')
            continue
        parts.append(f'<path d="M{cx} {cy} Q{x} {cy} {x} {y}" stroke="{hues[i]}" stroke-width="6" fill="none"/>')
        for k in range(rng.randint(0, 3)):
            lx, ly = x + math.cos(angle) * 110, y + (k - 1) * 34
            parts.append(
                f'<path d="M{x} {y} L{lx} {ly}" stroke="{hues[i]}" stroke-width="2"/><text x="{lx}" y="{ly}" '
                f'font-size="13" text-anchor="middle">{words.word()}</text>'
            )
        parts.append(f'<rect x="{x - 62}" y="{y - 20}" width="124" height="40" rx="20" fill="{hues[i]}"/>{label}')
    if not venn:
        parts.append(
            f'<ellipse cx="{cx}" cy="{cy}" rx="100" ry="42" fill="{hues[7]}"/><text x="{cx}" y="{cy + 7}" '
            f'text-anchor="middle" font-size="22" fill="white">{words.word()}</text>'
        )
    return _svg(shop, width, height, parts)


def _svg(shop: Workshop, width: float, height: float, parts: list[str]) -> Image.Image:
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">{"".join(parts)}</svg>'
    return render_svg(shop, svg, width=shop.rng.randint(300, 1300)).convert("RGB")


def map_or(shop: Workshop) -> Drawn:
    """A political map of the artwork, recoloured when it is an SVG; a city plan where there is none."""
    found = shop.artwork("map")
    if found is None:
        return city_plan(shop)
    _, path = found
    if path.suffix == ".png":
        image = flatten(Image.open(path), (255, 255, 255))
        side = min(1400, max(image.size))
        image.thumbnail((side, side))
        return image if min(image.size) >= 160 else city_plan(shop)
    svg = path.read_text(encoding="utf-8-sig")
    if holds_raster(svg):
        return city_plan(shop)
    hues = [shop.hexa(light=(0.4, 0.9)) for _ in range(shop.rng.randint(1, 6))]
    pieces = svg.split("<path")
    sea = shop.hexa(light=(0.8, 1))
    coloured = [f' fill="{shop.rng.choice(hues)}" stroke="white" stroke-width="0.8"' + piece for piece in pieces[1:]]
    image = render_svg(shop, "<path".join([pieces[0], *coloured]), width=shop.rng.randint(400, 1400))
    return flatten(image, tuple(int(sea[i : i + 2], 16) for i in (1, 3, 5)))  # type: ignore[arg-type]


def city_plan(shop: Workshop) -> Image.Image:
    """A street map of no real place: blocks, roads of several classes, water, parks and names."""
    rng, words = shop.rng, shop.words()
    width, height = rng.randint(500, 1200), rng.randint(400, 1000)
    dark = rng.random() < 0.25
    ground, road, green, blue = (
        ("#242f3e", "#38414e", "#263c3f", "#17263c")
        if dark
        else (shop.hexa(light=(0.9, 0.96)), "#ffffff", "#c8e6b8", "#a8d4f0")
    )
    parts = [f'<rect width="100%" height="100%" fill="{ground}"/>']
    for tone in (green, green, blue):
        x, y, r = rng.uniform(0, width), rng.uniform(0, height), rng.uniform(60, 220)
        points = " ".join(
            f"{x + r * rng.uniform(0.6, 1.2) * math.cos(a / 2)},{y + r * rng.uniform(0.6, 1.2) * math.sin(a / 2)}"
            for a in range(12)
        )
        parts.append(f'<polygon points="{points}" fill="{tone}"/>')
    tilt = rng.uniform(-30, 30)
    for i in range(-12, 40):
        wide, at = rng.choice([4, 4, 6, 12]), i * rng.uniform(38, 56)
        tone = "#f9d58b" if wide == 12 and not dark else road
        parts.append(
            f'<g transform="rotate({tilt})" stroke="{tone}" stroke-width="{wide}"><path d="M{at} -900 V2200"/>'
            f'<path d="M-900 {at} H2200"/></g>'
        )
    for _ in range(rng.randint(5, 22)):
        x, y = rng.uniform(0, width), rng.uniform(0, height)
        parts.append(
            f'<text x="{x}" y="{y}" font-size="{rng.randint(10, 22)}" fill="{"#9ab" if dark else "#555"}" '
            f'transform="rotate({rng.choice([0, tilt])} {x} {y})">{words.street_name()}</text>'
        )
    for _ in range(rng.randint(0, 5)):
        x, y = rng.uniform(40, width - 40), rng.uniform(60, height - 40)
        parts.append(
            f'<path d="M{x} {y} l-12 -26 a13 13 0 1 1 24 0 z" fill="#e53935"/><circle cx="{x}" cy="{y - 30}" '
            'r="5" fill="white"/>'
        )
    return _svg(shop, width, height, parts)


def circuit(shop: Workshop) -> Image.Image:
    """An electrical circuit or a logic diagram by Schemdraw."""
    import schemdraw
    from schemdraw import elements, logic

    rng = shop.rng
    schemdraw.use("svg")
    parts = [
        elements.Resistor,
        elements.Capacitor,
        elements.Inductor2,
        elements.Diode,
        elements.LED,
        elements.Switch,
        elements.SourceV,
        elements.Battery,
        elements.Lamp,
        elements.Fuse,
    ]
    gates = [logic.And, logic.Or, logic.Nand, logic.Nor, logic.Xor, logic.Not]
    dark, logical = rng.random() < 0.15, rng.random() < 0.3
    with schemdraw.Drawing(show=False) as drawing:
        drawing.config(
            unit=rng.uniform(2, 3.5),
            lw=rng.choice([1, 2, 3]),
            bgcolor="#101010" if dark else "white",
            color="lime" if dark else "black",
        )
        for i in range(rng.randint(4, 14)):
            name = f"{rng.choice('RCLDQ')}{i}"
            turn = rng.choice(["right", "down", "right", "up", "left"])
            drawing.push() if rng.random() < 0.3 else None
            part = rng.choice(gates if logical else parts)()
            drawing.add(getattr(part, turn)() if not logical else part.at((3.2 * (i % 4), -2 * (i // 4))))
            if not logical and rng.random() < 0.7:
                part.label(f"{name} {rng.randint(1, 999)}")
            if not logical and rng.random() < 0.3:
                drawing.add(rng.choice([elements.Dot, elements.Ground])())
    svg = drawing.get_imagedata("svg").decode()
    image = render_svg(shop, svg, width=rng.randint(260, 1100))
    return flatten(image, (16, 16, 16) if dark else (255, 255, 255))


MERMAID_FORMS = ("flowchart", "sequence", "class", "state", "er", "gantt", "mindmap", "pie", "git", "journey")


def mermaid(shop: Workshop) -> Drawn:
    """One of Mermaid's diagrams, drawn by the browser; a plan drawn as `uml` without Mermaid."""
    script = shop.web("mermaid.min.js")
    if script is None:
        return uml(shop)
    rng, words = shop.rng, shop.words()
    theme = rng.choice(["default", "forest", "dark", "neutral", "base"])
    source = _mermaid_source(shop, rng.choice(MERMAID_FORMS))
    style = f"margin:{rng.randint(5, 40)}px;background:{'#333' if theme == 'dark' else 'white'}"
    head = f"<h2 style='font-family:sans-serif'>{words.title()}</h2>" if rng.random() < 0.3 else ""
    look = rng.choice(["classic", "handDrawn"])
    html = (
        f"<!doctype html><body style='{style}'>{head}<pre class=mermaid>{source}</pre>"
        f"<script src='{_file_url(shop, 'mermaid.min.js')}'></script>"
        f"<script>mermaid.initialize({{startOnLoad:true,theme:'{theme}',look:'{look}',handDrawnSeed:7}})</script>"
    )
    return Page(html, rng.randint(420, 1200), rng.randint(360, 900), trim=rng.random() < 0.8)


def _file_url(shop: Workshop, name: str) -> str:
    return (Path(str(shop.art)) / shop.split / "web" / name).resolve().as_uri()


def _mermaid_source(shop: Workshop, form: str) -> str:
    rng, words = shop.rng, shop.words()
    n = rng.randint(4, 9)
    names = [words.word().capitalize() + str(i) for i in range(n)]
    links = [(rng.choice(names), rng.choice(names)) for _ in range(n + 2)]
    match form:
        case "flowchart":
            box = ["[{}]", "({})", "{{{}}}", "(({}))", "[[{}]]"]
            lines = [f"{a}{rng.choice(box).format(a)} --> {b}" for a, b in itertools.pairwise(names)]
            return f"flowchart {rng.choice(['TD', 'LR'])}\n" + "\n".join(lines)
        case "sequence":
            return "sequenceDiagram\n" + "\n".join(f"{a}->>{b}: {words.title(3)}" for a, b in links)
        case "class":
            lines = [f"class {a} {{\n+{words.word()} int\n+{words.word()}()\n}}" for a in names[:5]]
            return "classDiagram\n" + "\n".join(lines) + f"\n{names[0]} <|-- {names[1]}\n{names[0]} <|-- {names[2]}"
        case "state":
            return f"stateDiagram-v2\n[*] --> {names[0]}\n" + "\n".join(f"{a} --> {b}" for a, b in links)
        case "er":
            return "erDiagram\n" + "\n".join(f"{a} ||--o{{ {b} : {words.word()}" for a, b in links if a != b)
        case "gantt":
            tasks = [
                f"{name} :{rng.randint(1, 9)}d" if i else f"{name} :2026-01-01, 4d" for i, name in enumerate(names)
            ]
            return f"gantt\ntitle {words.title()}\ndateFormat YYYY-MM-DD\nsection A\n" + "\n".join(tasks)
        case "mindmap":
            return f"mindmap\n  root(({names[0]}))\n" + "\n".join(
                "    " + " " * 2 * (i % 2) + name for i, name in enumerate(names)
            )
        case "pie":
            return "pie\n" + "\n".join(f'"{name}" : {rng.randint(1, 99)}' for name in names)
        case "git":
            # Named commits, for Mermaid would name them at random.
            steps = ["@", "branch dev", "@", "@", "checkout main", "@", "merge dev", "@", "@"]
            for i, step in enumerate(steps):
                steps[i] = f'commit id: "{words.word()}-{i}"' if step == "@" else step
            return "gitGraph\n" + "\n".join(steps)
        case _:
            return f"journey\ntitle {words.title()}\nsection A\n" + "\n".join(
                f"{a}: {rng.randint(1, 5)}: Me" for a in names
            )


def sheet_music(shop: Workshop) -> Drawn:
    """A page of notes set by abcjs in the browser; a geometric plan without it."""
    if shop.web("abcjs-basic-min.js") is None:
        return uml(shop)
    rng, words = shop.rng, shop.words()
    bars = []
    for i in range(rng.randint(8, 40)):
        notes = [rng.choice("CDEFGABcdefgab") + rng.choice(["", "", "2", "/2"]) for _ in range(rng.randint(3, 6))]
        bars.append((rng.choice(['"Am"', '"C"', '"G7"', ""]) + " ".join(notes)) + (" |\\n" if i % 4 == 3 else " |"))
    metre, key = rng.choice(["4/4", "3/4", "6/8"]), rng.choice("CGDAF")
    tune = f"X:1\\nT:{words.title(3)}\\nC:{words.last_name()}\\nM:{metre}\\nL:1/4\\nK:{key}\\n"
    html = (
        f"<!doctype html><body style='margin:0;background:white'><div id=p></div>"
        f"<script src='{_file_url(shop, 'abcjs-basic-min.js')}'></script><script>ABCJS.renderAbc('p',"
        f"{chr(34)}{tune.replace(chr(34), '')}{''.join(bars).replace(chr(34), chr(92) + chr(34))}{chr(34)},"
        f"{{staffwidth:{rng.randint(500, 760)}}})</script>"
    )
    return Page(html, rng.randint(620, 860), rng.randint(400, 1100), trim=rng.random() < 0.6)


def uml(shop: Workshop) -> Image.Image:
    """A hand-made SVG plan: class boxes, an organisation chart, a time line, a network, or a floor plan."""
    rng, words = shop.rng, shop.words()
    width, height = rng.randint(600, 1100), rng.randint(400, 900)
    hue, line = shop.hexa(light=(0.75, 0.95)), shop.hexa(light=(0.1, 0.4))
    parts = [f'<rect width="100%" height="100%" fill="{rng.choice(["white", "#fffdf5", "#eef3f8"])}"/>']
    pen = f'stroke="{line}" stroke-width="{rng.randint(1, 4)}" fill="{hue}"'
    form, n = rng.randrange(4), rng.randint(3, 6)
    for i in range(n):
        x, y = (i % 3 + 0.5) * width / 3 - 90, 50 + (i // 3) * height / 2
        text = f'font-size="15" fill="{line}"'
        if form == 0:
            rows = "".join(
                f'<text x="{x + 10}" y="{y + 52 + 22 * k}" {text}>+ {words.word()}: {words.word()}</text>'
                for k in range(4)
            )
            parts.append(
                f'<path d="M{x + 90} {y + 70} L{width / 2} {height - 60}" stroke="{line}"/><rect x="{x}" y="{y}" '
                f'width="190" height="130" {pen}/><path d="M{x} {y + 32} h190" {pen}/><text x="{x + 95}" '
                f'y="{y + 22}" text-anchor="middle" {text}>{words.word().title()}</text>{rows}'
            )
        elif form == 1:
            bx = (i + 0.5) * width / n
            parts.append(
                f'<path d="M{width / 2} 110 V{height / 2 - 40} H{bx} V{height / 2}" fill="none" stroke="{line}" '
                f'stroke-width="2"/><rect x="{bx - 60}" y="{height / 2}" width="120" height="52" rx="6" {pen}/>'
                f'<text x="{bx}" y="{height / 2 + 30}" text-anchor="middle" {text}>{words.last_name()}</text>'
                f'<rect x="{width / 2 - 90}" y="60" width="180" height="56" {pen}/>'
            )
        elif form == 2:
            bx = 60 + i * (width - 120) / n
            up = height / 2 + (-120 if i % 2 else 120)
            parts.append(
                f'<path d="M30 {height / 2} H{width - 30}" stroke="{line}" stroke-width="6"/><path d="M{bx} '
                f'{height / 2} V{up}" stroke="{line}"/><circle cx="{bx}" cy="{height / 2}" r="14" {pen}/><text '
                f'x="{bx - 30}" y="{up}" {text}>{rng.randint(1500, 2026)} {words.word()}</text>'
            )
        else:
            w, h = rng.uniform(120, width / 2), rng.uniform(100, height / 2)
            x, y = rng.uniform(20, width - w - 20), rng.uniform(20, height - h - 20)
            parts.append(
                f'<rect x="{x}" y="{y}" width="{w}" height="{h}" fill="none" stroke="{line}" stroke-width="7"/>'
                f'<path d="M{x + 30} {y} h40 M{x + 30} {y} v-40 a40 40 0 0 1 40 40" fill="none" stroke="{line}"/>'
                f'<text x="{x + 12}" y="{y + h / 2}" {text}>{words.word()} {w * h / 2500:.1f} m²</text>'
            )
    return _svg(shop, width, height, parts)


TABLES: dict[str, Table] = {
    "diagram": {
        "train": {
            "graphviz": (5, graphviz),
            "pillow-flow": (2, flow_chart),
            "geometry": (2, geometry),
            "mind-map": (2, mind_map),
            "map": (2, map_or),
        },
        "check": {
            "mermaid": (4, mermaid),
            "circuit": (3, circuit),
            "sheet-music": (1.5, sheet_music),
            "svg-plan": (3, uml),
            "city-plan": (2, city_plan),
            "map": (1.5, map_or),
        },
    },
}
