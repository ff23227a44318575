"""Makes a corpus of pictures that are no photographs, to train and check the captioner's gate against them.

    python benchmarks/non_photographs.py OUT [--train 1500] [--check 700] [--seed 0] [--art ART] [--kinds chart text]

Writes OUT/<split>/<kind>/<number>.png or .jpg and OUT/manifest.jsonl with one row a picture: image, kind, split and
source. The same seed, packages and artwork give the same files. What draws the two splits differs: fonts, languages,
chart libraries, page layouts and artwork, so that the check measures how a gate trained on the one knows the other.

Needs: pip install pillow numpy matplotlib seaborn pygal pygments resvg-py vl-convert-python schemdraw faker pandas
Uses, where they are on PATH: chromium (web pages, documents, Mermaid and music), dot (Graphviz), gnuplot.

ART is optional: a folder of artwork in ART/{train,check}/{icon,drawing,map,fonts,web}, the first three with a folder of
SVG or PNG files for each source. An SVG that holds a bitmap is left out: it might be a photograph. Without ART the
icons and drawings are simple shapes, and the fonts are matplotlib's. These commands fill it on Debian 12:

    apt-get download breeze-icon-theme oxygen-icon-theme tango-icon-theme papirus-icon-theme adwaita-icon-theme \\
        openclipart-svg tuxpaint-stamps-default wesnoth-1.16-data supertux-data kgeography-data \\
        fonts-{liberation,roboto-unhinted,lato,ebgaramond,hack,comic-neue,crosextra-carlito,dancingscript,breip} \\
        fonts-{wqy-microhei,firacode,lobster,open-sans,cantarell,vollkorn,texgyre,jetbrains-mono,inconsolata} \\
        fonts-{tomsontalks,isabella,ipafont-gothic,gfs-didot,courier-prime,rufscript,cabin,yanone-kaffeesatz}
    mkdir debs; for f in *.deb; do dpkg -x $f debs/${f%%_*}; done
    for p in @mdi/svg openmoji @discordapp/twemoji bootstrap-icons devicon vue-undraw @svg-maps/{world,usa,italy} \\
        bootstrap bulma mermaid abcjs; do npm pack $p; done
    for f in *.tgz; do mkdir -p npm/${f%-[0-9]*}; tar xzf $f -C npm/${f%-[0-9]*} --strip-components=1; done
    mkdir -p ART/{train,check}/{icon,drawing,map,fonts} ART/train/drawing/tuxpaint
    mkdir -p ART/check/{web,drawing/{undraw,supertux}}
    S=usr/share; tux=debs/supertux-data/$S/games/supertux2/images
    cp -r debs/breeze-icon-theme/$S/icons/breeze debs/oxygen-icon-theme/$S/icons/oxygen \\
        debs/tango-icon-theme/$S/icons/Tango npm/mdi-svg npm/openmoji/{color,black} ART/train/icon/
    cp -r debs/papirus-icon-theme/$S/icons/Papirus debs/adwaita-icon-theme/$S/icons/Adwaita \\
        npm/discordapp-twemoji npm/bootstrap-icons npm/devicon ART/check/icon/
    cp -r debs/openclipart-svg/$S/openclipart/svg ART/train/drawing/openclipart
    cp -r debs/wesnoth-1.16-data/$S/games/wesnoth/1.16/data/core/images/portraits ART/train/drawing/wesnoth
    (cd debs/tuxpaint-stamps-default/$S/tuxpaint/stamps && find . -name '*.svg' \\
        -exec cp --parents {} "$OLDPWD/ART/train/drawing/tuxpaint" \\;)
    cp -r $tux/{background,creatures,objects,tiles,worldmap} ART/check/drawing/supertux/
    for f in npm/vue-undraw/*.vue; do sed -n 's/^ *\\(<svg.*<\\/svg>\\).*/\\1/p' $f | sed 's/:height="height"//;
        s/:\\(fill\\|stroke\\|stop-color\\)="primaryColor"/\\1="#6c63ff"/g' \\
        > ART/check/drawing/undraw/$(basename $f .vue).svg; done
    cp -r debs/kgeography-data/$S/kgeography ART/train/map/ && mv ART/train/map/kgeography/flags ART/train/icon/
    cp npm/svg-maps-*/*.svg ART/check/map/
    cp npm/bootstrap/dist/css/bootstrap.min.css npm/bulma/css/bulma.min.css npm/mermaid/dist/mermaid.min.js \\
        npm/abcjs/dist/abcjs-basic-min.js ART/check/web/
    for f in liberation roboto-unhinted lato ebgaramond hack comic-neue crosextra-carlito dancingscript breip \\
        wqy-microhei firacode lobster; do cp -r debs/fonts-$f/$S ART/train/fonts/$f; done
    for f in open-sans cantarell vollkorn texgyre jetbrains-mono inconsolata tomsontalks isabella ipafont-gothic \\
        gfs-didot courier-prime rufscript cabin yanone-kaffeesatz; do cp -r debs/fonts-$f/$S ART/check/fonts/$f; done
"""

import argparse
import json
import os
import random
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from makers import art, browser, charts, diagrams, plain, screens, text
from makers.workshop import Maker, Page, Table, Workshop, pick
from PIL import Image

TABLES: dict[str, Table] = {
    **plain.TABLES,
    **text.TABLES,
    **screens.TABLES,
    **charts.TABLES,
    **diagrams.TABLES,
    **art.TABLES,
}
SHARES = {
    "blank": 0.5,
    "gradient": 0.5,
    "noise": 0.45,
    "text": 1.25,
    "screenshot": 1.5,
    "chart": 1.2,
    "diagram": 1.2,
    "icon": 1.2,
    "drawing": 1.3,
}
# Without a browser these draw what it would have drawn.
WITHOUT_BROWSER: dict[str, Maker] = {"text": text.page, "screenshot": screens.window, "diagram": diagrams.uml}
MAX_TRIES = 8


@dataclass(frozen=True)
class Job:
    """One picture to be made: the `number`-th of its kind and split."""

    split: str
    kind: str
    number: int
    seed: int

    def shop(self, art_folder: Path | None, attempt: int = 0) -> Workshop:
        """The means to draw it, seeded by what the job is: no other picture has a part in its chance."""
        rng = random.Random(f"{self.seed}/{self.split}/{self.kind}/{self.number}/{attempt}")
        return Workshop(self.split, rng, np.random.default_rng(rng.getrandbits(64)), art_folder)


def jobs(counts: dict[str, int], kinds: list[str], seed: int) -> list[Job]:
    """The pictures of each split, shared out between `kinds`."""
    made = []
    for split, count in counts.items():
        whole = sum(SHARES.values())
        for kind in kinds:
            made += [Job(split, kind, i, seed) for i in range(round(count * SHARES[kind] / whole))]
    return made


def is_empty(image: Image.Image, kind: str) -> bool:
    """Whether a picture that should show something shows next to nothing."""
    if kind in plain.TABLES:
        return False
    pixels = np.asarray(image.convert("RGB").resize((128, 128), Image.Resampling.BOX), dtype=np.float32)
    return float(pixels.std(axis=(0, 1)).max()) < 4.0


def finish(shop: Workshop, image: Image.Image) -> Image.Image:
    """The picture as it may have gone through the world: scaled, greyed, cut to few colours; 160 to 1600 pixels "
    "a side."""
    image = image.convert("RGB")
    if shop.rng.random() < 0.3:
        scale = shop.rng.uniform(0.35, 0.95)
        way = shop.rng.choice([Image.Resampling.BILINEAR, Image.Resampling.LANCZOS, Image.Resampling.BOX])
        image = image.resize((max(1, int(image.width * scale)), max(1, int(image.height * scale))), way)
    if shop.rng.random() < 0.05:
        image = image.convert("L").convert("RGB")
    elif shop.rng.random() < 0.05:
        image = image.quantize(shop.rng.choice([8, 32, 128])).convert("RGB")
    scale = min(1600 / max(image.size), max(1.0, 160 / min(image.size)))
    if scale != 1.0:
        size = (max(64, int(image.width * scale)), max(64, int(image.height * scale)))
        image = image.resize(size, Image.Resampling.BICUBIC)
    return image


def save(shop: Workshop, image: Image.Image, stem: Path) -> Path:
    """The file written, a JPEG of quality 40 to 90 nearly half the time, a PNG otherwise."""
    jpeg = shop.rng.random() < 0.45
    final = stem.with_suffix(".jpg" if jpeg else ".png")
    partial = final.with_name(final.name + ".part")
    options = {"quality": shop.rng.randint(40, 90)} if jpeg else {}
    image.save(partial, "JPEG" if jpeg else "PNG", **options)
    os.replace(partial, final)
    return final


class Run:
    """Makes the pictures of a corpus and the rows of its manifest."""

    def __init__(self, out: Path, art_folder: Path | None) -> None:
        self.out, self.art, self.browser = out, art_folder, browser.executable()
        self.rows: list[dict[str, str]] = []

    def make(self, wanted: list[Job]) -> None:
        """Draw and save every picture: what needs the browser waits and is drawn sheet by sheet."""
        waiting: list[tuple[Job, int, str, Page]] = []
        for done, job in enumerate(wanted):
            self._draw(job, 0, waiting)
            if done % 100 == 99:
                print(f"{done + 1} of {len(wanted)} drawn or waiting for the browser", flush=True)
        for attempt in range(1, 4):
            again: list[tuple[Job, int, str, Page]] = []
            for split in ("train", "check"):
                self._photograph([entry for entry in waiting if entry[0].split == split], split, again, attempt)
            waiting = again

    def _draw(self, job: Job, attempt: int, waiting: list[tuple[Job, int, str, Page]]) -> None:
        for chance in range(attempt, attempt + MAX_TRIES):
            shop = job.shop(self.art, chance)
            source, maker = pick(shop, TABLES[job.kind][job.split])
            try:
                drawn = maker(shop)
            except (ValueError, OSError, RuntimeError, ZeroDivisionError) as error:
                print(f"{job.split} {job.kind} {job.number}: {source} failed, drawn anew: {error!r:.200}")
                continue
            if isinstance(drawn, Page) and self.browser:
                waiting.append((job, chance, source, drawn))
                return
            if isinstance(drawn, Page):
                source, drawn = "pillow-fallback", WITHOUT_BROWSER[job.kind](shop)
            if isinstance(drawn, Image.Image) and self._keep(job, chance, source, drawn):
                return
        raise RuntimeError(f"{job} gave no picture in {MAX_TRIES} tries; look at the messages above")

    def _photograph(
        self,
        entries: list[tuple[Job, int, str, Page]],
        split: str,
        again: list[tuple[Job, int, str, Page]],
        attempt: int,
    ) -> None:
        fonts = self.art / split / "fonts" if self.art else None
        for n, group in enumerate(browser.sheets([entry[3] for entry in entries])):
            print(f"{split}: browser sheet {n + 1}", flush=True)
            shots = browser.photograph([entries[i][3] for i in group], fonts=fonts, browser=str(self.browser))
            for i, shot in zip(group, shots, strict=True):
                job, chance, source, _ = entries[i]
                if not self._keep(job, chance, source, shot):
                    self._draw(job, MAX_TRIES * attempt, again)

    def _keep(self, job: Job, chance: int, source: str, image: Image.Image) -> bool:
        if is_empty(image, job.kind):
            return False
        # A stream of its own: a page's picture must not depend on how much chance its drawing used.
        shop = Job(job.split, job.kind, job.number, job.seed + 1_000_003).shop(self.art, chance)
        folder = self.out / job.split / job.kind
        folder.mkdir(parents=True, exist_ok=True)
        path = save(shop, finish(shop, image), folder / f"{job.number:04d}")
        self.rows.append(
            {"image": path.relative_to(self.out).as_posix(), "kind": job.kind, "split": job.split, "source": source}
        )
        return True

    def write_manifest(self) -> None:
        """OUT/manifest.jsonl: the rows of this run, and those of an earlier run of other kinds."""
        path = self.out / "manifest.jsonl"
        made = {(row["split"], row["kind"]) for row in self.rows}
        old = [json.loads(line) for line in path.read_text().splitlines()] if path.is_file() else []
        rows = [row for row in old if (row["split"], row["kind"]) not in made] + self.rows
        rows.sort(key=lambda row: (row["split"] != "train", row["image"]))
        partial = path.with_name("manifest.jsonl.part")
        partial.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        os.replace(partial, path)


def arguments() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out", type=Path, help="folder for the corpus: give an empty one")
    parser.add_argument("--train", type=int, default=1500, help="pictures to train on (default 1500)")
    parser.add_argument("--check", type=int, default=700, help="pictures to check on (default 700)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--art", type=Path, help="folder of artwork, see the top of this file")
    parser.add_argument("--kinds", nargs="+", choices=sorted(TABLES), default=sorted(TABLES), help="make these alone")
    return parser.parse_args()


def main() -> None:
    """Make the corpus and say what it holds."""
    options, start = arguments(), time.perf_counter()
    run = Run(options.out, options.art)
    run.make(jobs({"train": options.train, "check": options.check}, options.kinds, options.seed))
    run.write_manifest()
    tally: dict[str, int] = {}
    for row in run.rows:
        key = f"{row['split']} {row['kind']}"
        tally[key] = tally.get(key, 0) + 1
    for key in sorted(tally):
        print(f"{key}: {tally[key]}")
    print(f"{len(run.rows)} pictures in {time.perf_counter() - start:.0f} seconds")


if __name__ == "__main__":
    main()
