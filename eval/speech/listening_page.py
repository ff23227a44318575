"""The page of a listening test: one file, no foreign hosts, one clip at a time, by keyboard and by ear."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence

# ITU-T P.800, absolute category rating, listening quality: the words and their values.
ACR_WORDS = ((5, "Excellent"), (4, "Good"), (3, "Fair"), (2, "Poor"), (1, "Bad"))
RATINGS_FORMAT = "lookaloud ratings 1"

_STYLE = """
:root { color-scheme: light dark; }
body { font: 1.125rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.3rem; }
fieldset { border: 1px solid; border-radius: .5rem; margin: 1rem 0; padding: .5rem 1rem; }
fieldset label { display: block; padding: .4rem 0; }
input[type=radio] { width: 1.3rem; height: 1.3rem; vertical-align: middle; margin-right: .6rem; }
input[type=text], button { font: inherit; padding: .5rem 1rem; min-height: 2.75rem; box-sizing: border-box; }
button { margin: .25rem .5rem .25rem 0; }
audio { width: 100%; }
:focus-visible { outline: 3px solid; outline-offset: 2px; }
[hidden] { display: none; }
"""

_SCRIPT = """
"use strict";
const test = JSON.parse(document.getElementById("data").textContent);
const get = (id) => document.getElementById(id);
const storageKey = "lookaloud-listening-" + test.test;
let state = { listener: "", seed: Math.floor(Math.random() * 4294967296), position: 0, ratings: {} };
let order = [];

function say(text) { get("status").textContent = text; }

function load() {
  try {
    const kept = JSON.parse(localStorage.getItem(storageKey));
    if (kept && typeof kept.ratings === "object") state = kept;
  } catch (error) { /* a browser that keeps nothing: save() says so */ }
}

function save() {
  try {
    localStorage.setItem(storageKey, JSON.stringify(state));
    return true;
  } catch (error) {
    return false;
  }
}

// mulberry32 and Fisher-Yates: each listener has an order of their own, the same after a break.
function shuffled(seed) {
  const next = () => {
    seed = (seed + 0x6d2b79f5) >>> 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const indices = test.clips.map((_, index) => index);
  for (let i = indices.length - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1));
    [indices[i], indices[j]] = [indices[j], indices[i]];
  }
  return indices;
}

function unrated() {
  return order.map((index, position) => [test.clips[index].file, position + 1])
    .filter(([file]) => !(file in state.ratings)).map(([, number]) => number);
}

function show(position, focus) {
  state.position = position;
  const clip = test.clips[order[position]];
  get("where").textContent = "Clip " + (position + 1) + " of " + order.length;
  get("player").src = "clips/" + clip.file;
  get("player").setAttribute("aria-label", "Clip " + (position + 1));
  get("words").hidden = clip.text === null;
  get("words").textContent = clip.text === null ? "" : "The text: " + clip.text;
  for (const radio of document.querySelectorAll("input[name=rating]")) {
    radio.checked = state.ratings[clip.file] === Number(radio.value);
  }
  get("previous").disabled = position === 0;
  get("next").disabled = position === order.length - 1;
  tell();
  if (focus) get("where").focus();
}

function tell() {
  const left = unrated();
  get("left").textContent = left.length === 0
    ? "All " + order.length + " clips are rated. Save your ratings and send the file back."
    : order.length - left.length + " of " + order.length + " clips are rated. "
      + (left.length <= 10 ? "Not rated yet: clip " + left.join(", ") + "." : "");
  get("unrated").hidden = left.length === 0;
}

function begin(event) {
  event.preventDefault();
  const name = get("listener").value.trim();
  if (!name) {
    say("Please give a name or a code first.");
    get("listener").focus();
    return;
  }
  state.listener = name;
  get("start").hidden = true;
  get("rate").hidden = false;
  show(Math.min(Math.max(0, state.position | 0), order.length - 1), true);
  say(save() ? "" : "This browser keeps nothing between visits: rate all clips in one go, then save.");
}

function rate(event) {
  const clip = test.clips[order[state.position]];
  state.ratings[clip.file] = Number(event.target.value);
  const kept = save();
  tell();
  const warning = kept ? "" : " Not kept by this browser.";
  say("Clip " + (state.position + 1) + ": " + event.target.dataset.word + "." + warning);
}

function move(step) {
  get("player").pause();
  show(state.position + step, true);
  save();
  say("");
}

function download() {
  const left = unrated();
  const facts = { format: test.ratingsFormat, test: test.test, listener: state.listener, ratings: state.ratings };
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([JSON.stringify(facts, null, 1)], { type: "application/json" }));
  link.download = "ratings-" + state.listener.replace(/[^A-Za-z0-9_-]+/g, "-") + ".json";
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  say("Saved as " + link.download + (left.length ? ", with " + left.length + " clips not rated." : "."));
}

load();
order = shuffled(state.seed);
get("listener").value = state.listener;
get("form").addEventListener("submit", begin);
for (const radio of document.querySelectorAll("input[name=rating]")) radio.addEventListener("change", rate);
get("player").addEventListener("error", () => say("This clip cannot be played: is the folder clips beside the page?"));
get("previous").addEventListener("click", () => move(-1));
get("next").addEventListener("click", () => move(1));
get("unrated").addEventListener("click", () => move(unrated()[0] - 1 - state.position));
get("download").addEventListener("click", download);
"""

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main>
<h1>{title}</h1>
<noscript><p>This page needs JavaScript to keep your ratings. Please turn it on for this page.</p></noscript>
<section id="start" aria-labelledby="start-heading">
<h2 id="start-heading">Before you begin</h2>
<p>You will hear {n_clips} short clips of speech. Use headphones in a quiet room and do not change the loudness after
the first clip. Hear each clip to its end, as often as you like, and then say how good it sounds as a whole. There is
no right answer.</p>
<p>Everything stays in your browser. You can close the page and go on later in the same browser. At the end, save your
ratings and send the file to the person who asked you.</p>
<form id="form">
<p><label for="listener">Your name, or a code that you were given</label><br>
<input type="text" id="listener" autocomplete="off" required></p>
<button type="submit">Begin</button>
</form>
</section>
<section id="rate" aria-labelledby="where" hidden>
<h2 id="where" tabindex="-1">Clip</h2>
<audio id="player" controls preload="auto"></audio>
<p id="words"></p>
<fieldset>
<legend>How good does the speech sound?</legend>
{choices}
</fieldset>
<button type="button" id="previous">Previous clip</button>
<button type="button" id="next">Next clip</button>
<button type="button" id="unrated">Next clip without a rating</button>
<p id="left"></p>
<button type="button" id="download">Save my ratings</button>
</section>
<p id="status" role="status" aria-live="polite"></p>
</main>
<script type="application/json" id="data">{data}</script>
<script>{script}</script>
</body>
</html>
"""


def render_page(test: str, title: str, clips: Sequence[Mapping[str, str | None]]) -> str:
    """Return the page as HTML.

    Args:
        test: what ratings and key must agree in.
        title: of the page.
        clips: for each clip, "file", its name in the folder clips, and "text", what is said or None.
    """
    choices = "\n".join(
        f'<label><input type="radio" name="rating" value="{value}" data-word="{word}">{word}</label>'
        for value, word in ACR_WORDS
    )
    facts = {"test": test, "ratingsFormat": RATINGS_FORMAT, "clips": list(clips)}
    data = json.dumps(facts, ensure_ascii=False).replace("<", "\\u003c")  # a text may hold "</script>"
    return _PAGE.format(
        title=html.escape(title),
        style=_STYLE,
        n_clips=len(clips),
        choices=choices,
        data=data,
        script=_SCRIPT,
    )
