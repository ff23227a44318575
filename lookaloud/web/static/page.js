// The page's script: describes pictures without loading the page again, and keeps the visit's list in memory.
// Without it the form still posts. The words come from the server's catalogue, the descriptions from its API.
import { zip } from "./zip.js";

const AT_ONCE = 4; // pictures of a folder on their way together: the server captions what comes together in one go
const TELL_EVERY_MS = 5000; // how often the progress of a folder is announced
const words = JSON.parse(byId("words").textContent);
const entries = []; // the visit: { name, stem, file, text, pieces, sure, alternatives, found, problems, sound, soundUrl }
let single = new AbortController();
let current = null; // the picture that "Look closer" is about
let playing = null; // the list's button that stops what is heard

function byId(id) {
  return document.getElementById(id);
}

function say(name, values = {}) {
  return words[name].replace(/\{(\w+)\}/g, (whole, key) => values[key] ?? whole);
}

// ---------------------------------------------------------------- asking the server

async function ask(path, options) {
  for (let turn = 1; ; turn++) {
    let answer;
    try {
      answer = await fetch(path, { method: "POST", ...options });
    } catch (error) {
      throw error.name === "AbortError" ? error : new Error(say("unreachable"));
    }
    if (answer.ok) return answer;
    const wait = Number(answer.headers.get("Retry-After"));
    if (answer.status === 503 && wait > 0 && turn < 4) {
      await pause(Math.min(wait, 10) * 1000, options.signal);
      continue;
    }
    const body = await answer.json().catch(() => ({}));
    throw new Error(body.error?.message ?? say("strange_answer", { status: answer.status }));
  }
}

function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    const stop = () => { clearTimeout(timer); reject(signal.reason); };
    signal.addEventListener("abort", stop, { once: true });
  });
}

async function describe(file, part, signal) {
  const limit = Number(byId("form").dataset.maxBytes);
  if (file.size > limit) {
    const megabytes = Math.ceil(file.size / 1e6);
    throw new Error(say("too_large", { name: file.name, megabytes, limit: Math.floor(limit / 1e6) }));
  }
  const body = new FormData();
  body.set("image", file, file.name);
  body.set("detail", document.querySelector("[name=detail]:checked").value);
  body.set("part", part);
  const answer = await ask("v1/describe", { body, signal, headers: { Accept: "application/json" } });
  const told = await answer.json();
  const shown = part === "whole" ? file.name : say("part", { name: file.name, part: say(`part_${part}`) });
  const stem = file.name.replace(/\.\w{1,5}$/, "") + (part === "whole" ? "" : `-${part}`);
  return {
    name: shown, stem, file, text: told.text, pieces: told.pieces ?? [], found: told.text_found, sound: null, soundUrl: null,
    sure: say(told.is_photo ? `sure_${told.certainty}` : "sure_none"),
    alternatives: told.alternatives, problems: told.problems,
  };
}

async function speak(entry, signal) {
  const wish = {
    model: "lookaloud", voice: byId("voice").value, speed: Number(byId("rate").value), response_format: "mp3",
  };
  const headers = { "Content-Type": "application/json" };
  const sounds = [];
  try {
    for (const input of pieces(entry.text, Number(byId("form").dataset.maxLetters))) {
      const answer = await ask("v1/speech", { body: JSON.stringify({ ...wish, input }), headers, signal });
      sounds.push(await answer.blob());
    }
  } catch (error) {
    throw error.name === "AbortError" ? error : new Error(say("no_sound", { reason: error.message }));
  }
  entry.sound = new Blob(sounds, { type: "audio/mpeg" }); // MP3 files one after the other are one MP3 file
  entry.soundUrl = URL.createObjectURL(entry.sound);
}

// A text in as few pieces as the server speaks at once, parted after a sentence, or else between words.
function pieces(text, most) {
  const ends = [`[^]{0,${most - 1}}[.!?](?=\\s|$)`, `[^]{1,${most}}(?=\\s|$)`, `[^]{1,${most}}`];
  return text.length <= most ? [text] : text.match(new RegExp(ends.join("|"), "gu"));
}

// ---------------------------------------------------------------- one picture

async function describeOne(file, part = byId("part").value) {
  single.abort(); // a newer wish replaces the one before, which then costs no more
  const { signal } = single = new AbortController();
  fault("picture", "");
  tell(say("working", { name: file.name }));
  byId("result").setAttribute("aria-busy", "true");
  try {
    const entry = await describe(file, part, signal);
    current = file;
    show(entry);
    list(entry);
    byId("result-text").scrollIntoView({ block: "nearest" }); // seen, and the focus stays where it is
    tell(spoken(say("done", { name: entry.name, sure: entry.sure }), entry), { shown: false }); // it can be seen below
    await heard(entry, signal);
  } catch (error) {
    if (error.name === "AbortError") return;
    tell("");
    fault("picture", error.message);
  } finally {
    if (!signal.aborted) byId("result").removeAttribute("aria-busy");
  }
}

async function heard(entry, signal) {
  if (!byId("voice").value) return; // no voice speaks the page's language
  try {
    await speak(entry, signal);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    byId("sound-error").textContent = error.message;
    return;
  }
  entry.showSound();
  byId("result-heard").hidden = false;
  byId("result-sound").src = entry.soundUrl;
  save(byId("result-save-sound"), entry.soundUrl, `${entry.stem}.mp3`);
  if (!byId("speak").checked) return;
  try {
    await byId("result-sound").play();
  } catch (error) { // the next picture's sound took its place, or the browser wants a press of its own
    if (error.name === "NotAllowedError") byId("sound-error").textContent = say("no_play");
  }
}

function show(entry) {
  byId("result").hidden = byId("result-parts").hidden = false;
  byId("result-heard").hidden = byId("result-save-sound").hidden = true;
  byId("result-sound").removeAttribute("src");
  byId("result-sound").load(); // only now is the sound before gone
  byId("sound-error").textContent = "";
  byId("result-name").textContent = entry.name;
  byId("result-text").replaceChildren(...spoken("{text}", entry));
  byId("result-sure").textContent = entry.sure;
  picture(byId("result-picture"), entry.file);
  save(byId("result-save-text"), textUrl(entry), `${entry.stem}.txt`);
  items(byId("result-alternatives"), entry.alternatives);
  items(byId("result-found"), entry.found);
  items(byId("result-problems"), entry.problems);
}

function tell(message, { shown = true } = {}) {
  byId("status").classList.toggle("only-heard", !shown);
  byId("status").replaceChildren(...[message].flat());
}

function fault(field, message) {
  byId(`${field}-error`).textContent = message;
  for (const input of document.querySelectorAll(`[aria-describedby~=${field}-error]`)) {
    if (message) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
  }
}

function picture(image, file) {
  if (image.src) URL.revokeObjectURL(image.src);
  image.hidden = false;
  image.onerror = () => { image.hidden = true; }; // a kind that Lookaloud reads and the browser does not
  image.src = URL.createObjectURL(file);
}

function save(holder, url, name) {
  const link = holder.matches("a") ? holder : holder.querySelector("a");
  holder.hidden = false;
  link.href = url;
  link.download = name;
}

// A template of words with an entry's text in it; pieces in another language than the page's are marked, so that they are
// spoken as such.
function spoken(template, entry) {
  const marked = (entry.pieces.length ? entry.pieces : [["en", entry.text]]).map(([tag, text]) => {
    const span = document.createElement("span");
    span.lang = tag;
    span.textContent = text;
    return tag === document.documentElement.lang ? text : span;
  });
  const [before, after] = template.split("{text}");
  return [before, ...marked, after].filter((each) => each);
}

function textUrl(entry) {
  return URL.createObjectURL(new Blob([`${entry.text}\n`], { type: "text/plain;charset=utf-8" }));
}

function items(holder, texts) {
  holder.hidden = texts.length === 0;
  holder.querySelector("ul").replaceChildren(...texts.map((text) => {
    const item = document.createElement("li");
    item.textContent = text;
    return item;
  }));
}

// ---------------------------------------------------------------- the visit's list

function list(entry) {
  entries.push(entry);
  byId("history").hidden = false;
  const row = byId("entry").content.cloneNode(true).firstElementChild;
  const [button, sound, text] = row.querySelectorAll(".play, .save-sound, .save-text");
  row.querySelector("h3").textContent = entry.name;
  row.querySelector("p").replaceChildren(...spoken("{text}", entry));
  picture(row.querySelector("img"), entry.file);
  for (const named of [button, sound, text]) { // the same words in every row: to a screen reader, say which
    named.setAttribute("aria-label", `${named.textContent}: ${entry.name}`);
  }
  save(text, textUrl(entry), `${entry.stem}.txt`);
  button.hidden = sound.hidden = true;
  entry.showSound = () => {
    button.hidden = false;
    save(sound, entry.soundUrl, `${entry.stem}.mp3`);
  };
  button.addEventListener("click", () => playOrStop(button, entry));
  byId("entries").prepend(row);
}

function playOrStop(button, entry) {
  const player = byId("player");
  const stopping = button === playing;
  if (playing) mark(playing, "play");
  playing = null;
  player.pause();
  if (stopping) return;
  playing = button;
  mark(button, "stop", entry);
  player.src = entry.soundUrl;
  player.play().catch(() => {}); // stopped before it began
}

function mark(button, word) {
  const name = button.getAttribute("aria-label").replace(/^[^:]*/, say(word));
  button.textContent = say(word);
  button.setAttribute("aria-label", name);
}

async function saveAll() {
  const files = [];
  const taken = new Set();
  for (const entry of entries) {
    const stem = free(entry.stem, taken);
    files.push([`${stem}.txt`, new Blob([`${entry.text}\n`])]);
    if (entry.sound) files.push([`${stem}.mp3`, entry.sound]);
  }
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await zip(files));
  link.download = say("zip_name");
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  byId("history-status").textContent = say("zipped", { total: entries.length });
}

function free(stem, taken) {
  const plain = stem.replace(/[\\/:*?"<>|\u0000-\u001f]/g, "_").replace(/^\.+/, "") || "picture";
  let name = plain;
  for (let number = 2; taken.has(name.toLowerCase()); number++) name = `${plain}-${number}`;
  taken.add(name.toLowerCase());
  return name;
}

// ---------------------------------------------------------------- a folder

let folder = null; // the running one's AbortController

function chosenFiles() {
  const all = [...byId("folder-input").files, ...byId("files-input").files];
  const pictures = all.filter((file) => file.type.startsWith("image/") || /\.(hei[cf]|avif|jp2|tiff?)$/i.test(file.name));
  pictures.sort((a, b) => (a.webkitRelativePath || a.name).localeCompare(b.webkitRelativePath || b.name));
  return { pictures, others: all.length - pictures.length };
}

async function describeAll(files) {
  if (folder) return; // one at a time
  fault("folder", files.length ? "" : say("no_folder"));
  if (!files.length) return;
  const { signal } = folder = new AbortController();
  const total = files.length;
  let [done, described, told] = [0, 0, Date.now()];
  byId("stop").hidden = byId("folder-state").hidden = false;
  items(byId("failures"), []);
  const waiting = [];
  const queue = files.values();
  progress(0, total);
  byId("folder-status").textContent = say("progress", { done: 0, total });
  while (done < total && !signal.aborted) {
    while (waiting.length < AT_ONCE && waiting.length + done < total) {
      waiting.push(oneOfMany(queue.next().value, signal));
    }
    const { entry, failure } = await waiting.shift(); // in the folder's order, whichever is ready first
    if (signal.aborted && !entry) break;
    done++;
    if (failure) mention(failure);
    if (entry) {
      list(entry);
      if (entry.soundUrl) entry.showSound();
      described++;
    }
    progress(done, total);
    if (Date.now() - told > TELL_EVERY_MS) {
      told = Date.now();
      byId("folder-status").textContent = say("progress", { done, total });
    }
  }
  if (document.activeElement === byId("stop")) byId("folder-start").focus(); // before it goes, so focus is not lost
  byId("stop").hidden = true;
  folder = null;
  byId("folder-status").textContent = say(done < total ? "stopped" : "finished", {
    described, failed: done - described, left: total - done,
  });
}

async function oneOfMany(file, signal) {
  let entry = null;
  try {
    entry = await describe(file, "whole", signal);
    if (byId("voice").value) await speak(entry, signal);
    return { entry };
  } catch (error) {
    return { entry, failure: error.name === "AbortError" ? null : { name: file.name, reason: error.message } };
  }
}

function mention({ name, reason }) {
  const item = document.createElement("li");
  item.textContent = reason.includes(name) ? reason : `${name}: ${reason}`;
  byId("failures").querySelector("ul").append(item);
  byId("failures").hidden = false;
}

function progress(done, total) {
  byId("folder-progress").max = total;
  byId("folder-progress").value = done;
  byId("folder-count").textContent = say("progress", { done, total });
}

// ---------------------------------------------------------------- what the person does

function taken(files) {
  if (files.length === 1) describeOne(files[0]);
  if (files.length > 1) describeAll(files);
}

async function paste() {
  try {
    for (const item of await navigator.clipboard.read()) {
      const type = item.types.find((name) => name.startsWith("image/"));
      if (type) return describeOne(pasted(await item.getType(type)));
    }
  } catch { /* not allowed, or no such thing in this browser: the same to whoever pastes */ }
  fault("picture", say("no_clipboard"));
}

function pasted(blob) {
  return new File([blob], `${say("pasted")}.${blob.type.split("/")[1]}`, { type: blob.type });
}

function remember() {
  const fields = [...document.querySelectorAll("#form select:not(#part), #form [name=detail], #speak")];
  const read = () => { try { return JSON.parse(sessionStorage.getItem("wishes")) ?? {}; } catch { return {}; } };
  const wishes = read();
  for (const field of fields) {
    if (!(field.id in wishes)) continue;
    if (field.matches("select")) {
      if ([...field.options].some((option) => option.value === wishes[field.id])) field.value = wishes[field.id];
    } else field.checked = wishes[field.id];
  }
  byId("form").addEventListener("change", () => {
    const now = fields.map((field) => [field.id, field.matches("select") ? field.value : field.checked]);
    try { sessionStorage.setItem("wishes", JSON.stringify(Object.fromEntries(now))); } catch { /* kept by no one */ }
  });
}

function start() {
  for (const id of ["picture-ways", "speak-choice", "folder"]) byId(id).hidden = false;
  byId("folder-input").webkitdirectory = true; // not in the page itself: every browser knows it, HTML's standard does not
  remember();
  byId("form").addEventListener("submit", (event) => {
    event.preventDefault();
    const file = byId("picture").files[0] ?? byId("photograph").files[0];
    if (file) describeOne(file);
    else {
      fault("picture", say("no_picture"));
      byId("picture").focus();
    }
  });
  const inputs = [byId("picture"), byId("photograph")];
  for (const input of inputs) {
    input.addEventListener("change", () => { // the last one chosen counts
      for (const other of inputs) if (other !== input && input.files.length) other.value = "";
      fault("picture", "");
    });
  }
  for (const button of byId("result-parts").querySelectorAll("button")) {
    button.addEventListener("click", () => describeOne(current, button.dataset.part));
  }
  byId("paste").addEventListener("click", paste);
  document.addEventListener("paste", (event) => taken([...event.clipboardData.files].map(pasted)));
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    byId("drop").classList.add("dragging");
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) byId("drop").classList.remove("dragging");
  });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    byId("drop").classList.remove("dragging");
    taken([...event.dataTransfer.files]);
  });
  byId("folder-form").addEventListener("submit", (event) => {
    event.preventDefault();
    describeAll(chosenFiles().pictures);
  });
  byId("folder-form").addEventListener("change", () => {
    const { pictures, others } = chosenFiles();
    fault("folder", "");
    byId("folder-status").textContent = say("counted", { total: pictures.length, others });
  });
  byId("stop").addEventListener("click", () => folder.abort());
  byId("zip").addEventListener("click", saveAll);
  byId("player").addEventListener("ended", () => {
    if (playing) mark(playing, "play");
    playing = null;
  });
}

start();
