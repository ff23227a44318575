"""Charts: matplotlib's for training; Vega-Lite, pygal, gnuplot and hand-made SVG for the check."""

import io
import itertools
import math
import shutil
import subprocess
from typing import Any

import numpy as np
from PIL import Image

from .workshop import Table, Workshop, flatten, render_svg

STYLES = (
    "default",
    "ggplot",
    "bmh",
    "fivethirtyeight",
    "seaborn-v0_8-whitegrid",
    "seaborn-v0_8-darkgrid",
    "dark_background",
    "grayscale",
    "Solarize_Light2",
    "classic",
    "seaborn-v0_8-pastel",
    "tableau-colorblind10",
)
MATPLOTLIB_FORMS = (
    "bar",
    "barh",
    "line",
    "scatter",
    "pie",
    "hist",
    "area",
    "box",
    "heat",
    "contour",
    "polar",
    "violin",
    "stem",
    "step",
    "quiver",
    "surface",
    "grid",
    "candles",
    "hexbin",
    "donut",
)
PYGAL_FORMS = (
    "Bar",
    "HorizontalBar",
    "StackedBar",
    "Line",
    "StackedLine",
    "Pie",
    "Radar",
    "Box",
    "Dot",
    "Funnel",
    "SolidGauge",
    "Gauge",
    "Treemap",
    "XY",
    "Histogram",
    "Pyramid",
)
VEGA_THEMES = ("default", "dark", "latimes", "vox", "urbaninstitute", "powerbi", "googlecharts", "excel", "quartz")
VEGA_MARKS = ("bar", "line", "area", "point", "rect", "arc", "boxplot", "tick", "trail", "circle")


def matplotlib_chart(shop: Workshop) -> Image.Image:
    """One of matplotlib's charts, in one of its styles, with this split's fonts."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import font_manager, pyplot

    path = shop.font_file(want=shop.rng.choice(["plain", "plain", "any"]))
    font_manager.fontManager.addfont(str(path))
    family = font_manager.FontProperties(fname=str(path)).get_name()
    width, height = shop.size(240, 1300)
    dpi = shop.rng.uniform(60, 150)
    with pyplot.style.context(shop.rng.choice(STYLES)), pyplot.rc_context({"font.family": [family, "DejaVu Sans"]}):
        form = shop.rng.choice(MATPLOTLIB_FORMS)
        figure = pyplot.figure(figsize=(width / dpi, height / dpi), dpi=dpi)
        shape = shop.rng.choice([(1, 1), (1, 1), (1, 1), (1, 2), (2, 1), (2, 2)]) if width > 600 else (1, 1)
        for i in range(shape[0] * shape[1]):
            special = {"polar": "polar", "surface": "3d"}.get(form)
            axes = figure.add_subplot(*shape, i + 1, projection=special)
            _matplotlib_form(shop, axes, form)
            _matplotlib_labels(shop, axes, form)
        if shop.rng.random() < 0.5:
            figure.tight_layout()
        memory = io.BytesIO()
        figure.savefig(memory, transparent=shop.rng.random() < 0.05)
        pyplot.close(figure)
    return flatten(Image.open(memory), (255, 255, 255))


def _matplotlib_labels(shop: Workshop, axes: Any, form: str) -> None:
    words = shop.words()
    if shop.rng.random() < 0.7:
        axes.set_title(words.title(shop.rng.randint(2, 6)))
    if shop.rng.random() < 0.6 and form not in {"pie", "donut"}:
        axes.set_xlabel(words.title(2))
        axes.set_ylabel(words.title(2))
    if shop.rng.random() < 0.4 and axes.get_legend_handles_labels()[0]:
        axes.legend()
    if shop.rng.random() < 0.3 and form not in {"surface"}:
        axes.grid(True)


def _matplotlib_form(shop: Workshop, axes: Any, form: str) -> None:  # a table of one-liners reads best in one place
    rng, noise, words = shop.rng, shop.noise, shop.words()
    n = rng.randint(3, 9)
    names, values = [words.word() for _ in range(n)], noise.random(n) * 10 ** rng.randint(0, 4) + 0.1
    x = np.linspace(0, rng.uniform(1, 20), rng.randint(10, 200))
    lines = [np.cumsum(noise.normal(0.1, 1, len(x))) for _ in range(rng.randint(1, 6))]
    colour, maps = shop.hexa(), rng.choice(["viridis", "plasma", "Blues", "coolwarm", "gray", "jet", "YlOrRd"])
    cloud = noise.normal(0, 1, (2, rng.randint(20, 400)))
    plane = noise.normal(0, 1, (rng.randint(4, 14), rng.randint(4, 14)))
    across, up = np.meshgrid(np.linspace(-3, 3, 24), np.linspace(-3, 3, 24))
    hill = np.sin(across * rng.uniform(0.5, 2)) * np.cos(up * rng.uniform(0.5, 2))
    match form:
        case "bar":
            for i in range(rng.randint(1, 3)):
                axes.bar(np.arange(n) + i * 0.27, values * noise.random(n), 0.27 if i else 0.5, label=names[i])
            axes.set_xticks(np.arange(n), names, rotation=rng.choice([0, 45, 90]))
        case "barh":
            axes.barh(names, values, color=colour, hatch=rng.choice([None, None, "//", "xx"]))
        case "line" | "step":
            for i, line in enumerate(lines):
                axes.plot(
                    x,
                    line,
                    label=names[i % n],
                    marker=rng.choice([None, None, "o", "s", "^"]),
                    drawstyle="steps" if form == "step" else None,
                    ls=rng.choice(["-", "-", "--", ":"]),
                )
        case "scatter":
            axes.scatter(*cloud, c=noise.random(cloud.shape[1]), s=rng.choice([5, 20, 80]), alpha=0.7, cmap=maps)
        case "pie" | "donut":
            hole = {"width": 0.4} if form == "donut" else None
            axes.pie(values, labels=names, autopct=rng.choice([None, "%1.1f%%"]), wedgeprops=hole)
        case "hist":
            axes.hist(list(cloud), bins=rng.randint(5, 40), histtype=rng.choice(["bar", "barstacked", "step"]))
        case "area":
            axes.stackplot(x, *(np.abs(line) for line in lines), labels=(names * 3)[: len(lines)])
        case "box":
            axes.boxplot([noise.normal(i, 1 + i / 3, 60) for i in range(n)], patch_artist=rng.random() < 0.5)
        case "violin":
            axes.violinplot([noise.normal(i, 1 + i / 3, 60) for i in range(n)])
        case "heat":
            axes.figure.colorbar(axes.imshow(plane, cmap=maps, aspect="auto"))
        case "contour":
            (axes.contourf if rng.random() < 0.5 else axes.contour)(
                across, up, hill, levels=rng.randint(5, 20), cmap=maps
            )
        case "polar":
            axes.fill(np.linspace(0, 6.28, n), values, alpha=0.4)
            axes.plot(np.linspace(0, 6.28, n), values)
        case "stem":
            axes.stem(np.arange(n * 2), noise.random(n * 2))
        case "quiver":
            axes.quiver(across[::3, ::3], up[::3, ::3], -up[::3, ::3], across[::3, ::3], color=colour)
        case "surface":
            axes.plot_surface(across, up, hill, cmap=maps)
        case "hexbin":
            axes.hexbin(*noise.normal(0, 1, (2, 900)), gridsize=20, cmap=maps)
        case "grid":
            axes.axis("off")
            cells = [[f"{v:.2f}" for v in row] for row in plane[:6, :5]]
            axes.table(cells, colLabels=(names * 2)[: len(cells[0])], loc="center").scale(1, 1.6)
        case _:
            price = 50 + np.cumsum(noise.normal(0, 1, 40))
            for i, (start, end) in enumerate(itertools.pairwise(price)):
                up_day = "g" if end > start else "r"
                axes.vlines(i, min(start, end) - noise.random(), max(start, end) + noise.random(), up_day, lw=1)
                axes.bar(i, end - start, 0.6, bottom=start, color=up_day)


def seaborn_chart(shop: Workshop) -> Image.Image:
    """A statistical chart of seaborn's: matplotlib below, with other defaults."""
    import matplotlib

    matplotlib.use("Agg")
    import pandas
    import seaborn
    from matplotlib import pyplot

    rng, noise, words = shop.rng, shop.noise, shop.words()
    seaborn.set_theme(style=rng.choice(["white", "dark", "ticks", "whitegrid"]), palette=rng.choice(["deep", "husl"]))
    width, height = shop.size(300, 1200)
    pyplot.figure(figsize=(width / 100, height / 100), dpi=100)
    count = rng.randint(30, 300)
    columns = {name: noise.normal(i, 1 + i, count) for i, name in enumerate(("a", "b", "c"))}
    table = pandas.DataFrame(
        {**columns, "group": [words.word() for _ in range(4)] * (count // 4) + ["other"] * (count % 4)}
    )
    draw = rng.choice(
        [
            lambda: seaborn.heatmap(table[["a", "b", "c"]].corr(), annot=True, cmap="vlag"),
            lambda: seaborn.kdeplot(table, x="a", y="b", hue="group", fill=True),
            lambda: seaborn.swarmplot(table, x="group", y="a", hue="group", size=3),
            lambda: seaborn.regplot(table, x="a", y="c"),
            lambda: seaborn.histplot(table, x="b", hue="group", kde=True),
        ]
    )
    draw().set_title(words.title())
    memory = io.BytesIO()
    pyplot.savefig(memory)
    pyplot.close("all")
    pyplot.rcdefaults()
    return Image.open(memory).convert("RGB")


def vega_chart(shop: Workshop) -> Image.Image:
    """A Vega-Lite chart in one of its themes."""
    import vl_convert

    rng, words = shop.rng, shop.words()
    width, height = shop.size(160, 800)
    series, names = (
        [words.word() for _ in range(rng.randint(1, 5))],
        [words.title(2) for _ in range(rng.randint(4, 14))],
    )
    rows = [{"x": name, "n": i, "y": rng.uniform(0, 100), "s": one} for i, name in enumerate(names) for one in series]
    mark = rng.choice(VEGA_MARKS)
    along = {
        "field": "n" if mark in {"line", "area", "trail", "point", "circle"} else "x",
        "title": words.title(2),
        "type": "quantitative" if mark in {"line", "area", "trail", "point", "circle"} else "nominal",
    }
    value: dict[str, Any] = {"field": "y", "type": "quantitative", "title": words.title(2)}
    encoding: dict[str, Any] = {"x": along, "y": value, "color": {"field": "s", "type": "nominal"}}
    if mark == "arc":
        encoding = {"theta": {**value, "stack": True}, "color": {"field": "x", "type": "nominal"}}
    elif mark == "rect":
        encoding = {"x": along, "y": {"field": "s", "type": "nominal"}, "color": value}
    elif mark == "bar" and rng.random() < 0.5:
        encoding["x"], encoding["y"] = value, along
    spec = {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "title": words.title(),
        "width": width,
        "height": height,
        "data": {"values": rows},
        "encoding": encoding,
        "mark": {"type": mark, **({"innerRadius": rng.choice([0, 60])} if mark == "arc" else {})},
    }
    png = vl_convert.vegalite_to_png(spec, theme=rng.choice(VEGA_THEMES), scale=rng.uniform(0.8, 1.3))
    return flatten(Image.open(io.BytesIO(png)), (255, 255, 255))


def pygal_chart(shop: Workshop) -> Image.Image:
    """A chart of pygal's in one of its styles."""
    import pygal
    from pygal import style

    rng, words = shop.rng, shop.words()
    look = rng.choice(
        [
            style.DefaultStyle,
            style.DarkStyle,
            style.NeonStyle,
            style.LightStyle,
            style.CleanStyle,
            style.SolidColorStyle,
            style.TurquoiseStyle,
            style.LightGreenStyle,
            style.BlueStyle,
        ]
    )
    form, (width, height) = rng.choice(PYGAL_FORMS), shop.size(360, 1200)
    # Fixed ids: pygal would put a random one into every file.
    chart = getattr(pygal, form)(
        style=look,
        width=width,
        height=height,
        title=words.title(),
        no_prefix=True,
        legend_at_bottom=rng.random() < 0.4,
        fill=rng.random() < 0.3,
    )
    n = rng.randint(3, 9)
    chart.x_labels = [words.word() for _ in range(n)]
    for _ in range(rng.randint(1, 6)):
        values: list[Any] = [rng.uniform(1, 100) for _ in range(n)]
        if form == "XY":
            values = [(i, v) for i, v in enumerate(values)]
        elif form == "Histogram":
            values = [(v, i, i + 1) for i, v in enumerate(values)]
        chart.add(words.word(), values[:1] if form in {"Pie", "Gauge", "SolidGauge"} else values)
    return flatten(render_svg(shop, chart.render(is_unicode=True), width=width), (255, 255, 255))


def gnuplot(shop: Workshop) -> Image.Image:
    """A curve, surface, impulse or histogram plot by gnuplot; an `infographic` where it is not installed."""
    if shutil.which("gnuplot") is None:
        return infographic(shop)
    rng, words = shop.rng, shop.words()
    width, height = shop.size(320, 1200)
    curves = ["sin(x)*exp(-x/9)", "besj0(x)", "x**2-3*x", "cos(3*x)/x", "abs(x)", "floor(x)", "norm(x)", "rand(0)*x"]
    styles = ["lines", "points", "linespoints", "impulses", "steps", "boxes", "filledcurves y1=0"]
    if rng.random() < 0.3:
        mood = rng.choice(["set pm3d", "set hidden3d", "set pm3d map"])
        plot = f"{mood}; set isosamples {rng.randint(12, 40)}; splot sin(x)*cos(y*{rng.uniform(0.2, 1.5):.2f})"
    else:
        parts = [f"{curve} with {rng.choice(styles)}" for curve in rng.sample(curves, rng.randint(1, 4))]
        plot = (
            f"set samples {rng.randint(15, 300)}; plot [{rng.randint(-12, 0)}:{rng.randint(3, 20)}] {', '.join(parts)}"
        )
    extras = rng.choice(["set grid", "set key left", "unset border", "set polar", "set logscale y", ""])
    head = f"set terminal svg size {width},{height}; set title '{words.title()}'; set xlabel '{words.word()}'"
    script = f"{head}; {extras}; {plot}"
    done = subprocess.run(["gnuplot"], input=script.encode(), capture_output=True, timeout=60)
    if done.returncode or b"</svg>" not in done.stdout:
        raise ValueError(f"gnuplot drew nothing: {done.stderr.decode(errors='replace')[-200:]}")
    return flatten(render_svg(shop, done.stdout.decode()), (255, 255, 255))


def infographic(shop: Workshop) -> Image.Image:
    """A hand-made SVG chart without axes: rings, bars with figures, pictograms, a gauge, a bump or radar chart."""
    rng, words = shop.rng, shop.words()
    width, height = 800, rng.randint(450, 1100)
    dark = rng.random() < 0.4
    ground = shop.hexa(light=(0.05, 0.2)) if dark else shop.hexa(light=(0.93, 1.0))
    ink, hues = "#f0f0f0" if dark else "#222", [shop.hexa(light=(0.35, 0.65), vivid=(0.4, 0.9)) for _ in range(8)]
    parts = [
        f'<rect width="100%" height="100%" fill="{ground}"/>',
        f'<text x="40" y="60" font-size="34" font-weight="bold" fill="{ink}">{words.title(4)}</text>',
    ]
    form, n = rng.randrange(4), rng.randint(3, 8)
    for i in range(n):
        share, hue = rng.uniform(0.1, 0.95), hues[i % 8]
        y = 110 + i * (height - 130) / n
        label = f'font-size="18" fill="{ink}"'
        if form == 0:
            parts.append(
                f'<rect x="40" y="{y + 26}" width="{share * 640:.0f}" height="{(height - 130) / n - 40:.0f}" '
                f'rx="8" fill="{hue}"/><text x="40" y="{y + 18}" {label}>{words.word()}</text>'
                f'<text x="{50 + share * 640:.0f}" y="{y + 44}" {label}>{share:.0%}</text>'
            )
        elif form == 1:
            r, whole = 60 + i * min(26, (height - 300) / (2 * n)), 2 * math.pi
            around = (60 + i * min(26, (height - 300) / (2 * n))) * whole
            parts.append(
                f'<circle cx="300" cy="{height / 2 + 40}" r="{r}" fill="none" stroke="{hue}" stroke-width="14" '
                f'stroke-dasharray="{around * share} {around}"/><rect x="600" y="{y}" width="18" height="18" '
                f'fill="{hue}"/><text x="628" y="{y + 15}" {label}>{words.word()}</text>'
            )
        elif form == 2:
            dots = "".join(
                f'<circle cx="{230 + k * 52}" cy="{y + 25}" r="18" fill="{hue if k < share * 10 else "#8884"}"/>'
                for k in range(10)
            )
            parts.append(f'{dots}<text x="40" y="{y + 30}" {label}>{words.word()}</text>')
        else:
            points = " ".join(f"{60 + k * 115},{110 + rng.random() * (height - 150):.0f}" for k in range(7))
            parts.append(
                f'<polyline points="{points}" fill="none" stroke="{hue}" stroke-width="6" stroke-linejoin="round"/>'
            )
            parts += [
                f'<circle cx="{p.split(",")[0]}" cy="{p.split(",")[1]}" r="10" fill="{hue}"/>' for p in points.split()
            ]
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">{"".join(parts)}</svg>'
    return render_svg(shop, svg, width=rng.randint(300, 1300)).convert("RGB")


TABLES: dict[str, Table] = {
    "chart": {
        "train": {"matplotlib": (5, matplotlib_chart), "seaborn": (1, seaborn_chart)},
        "check": {
            "vega-lite": (4, vega_chart),
            "pygal": (4, pygal_chart),
            "infographic": (3, infographic),
            "gnuplot": (2, gnuplot),
        },
    },
}
