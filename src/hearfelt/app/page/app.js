// The page: what is given, what is shown, what went wrong.

import { showAbout } from "./about.js";
import { drawBars } from "./bars.js";
import { createCurves } from "./curves.js";
import { showDownloads } from "./downloads.js";
import { nameOf } from "./emotions.js";
import { EngineError } from "./errors.js";
import { createLive } from "./live.js";
import { showMoments } from "./moments.js";
import { createPlayer } from "./player.js";
import { peaksOf } from "./recording.js";
import { summarize } from "./summary.js";
import { duration, fillIn, text } from "./texts.js";
import { followTheme } from "./theme.js";

const at = (id) => document.getElementById(id);
const RETRIED = new Set(["gone", "busy", "broken"]);

let engine = null;
let models = [];
let work = null; // AbortController of what is being heard
let afterToken = null;

fillIn();
const player = createPlayer({
  wave: at("wave"),
  ribbon: at("ribbon"),
  play: at("play"),
  time: at("time"),
  length: at("length"),
  note: at("player-note"),
});
const curves = createCurves({ element: at("curves"), moment: at("curves-moment"), legend: at("legend") }, player.seek);
const live = createLive({
  section: at("live"),
  title: at("live-title"),
  time: at("live-time"),
  level: at("level"),
  word: at("level-word"),
  now: at("live-now"),
  bars: at("live-bars"),
  ribbon: at("live-ribbon"),
});
followTheme(at("theme"), () => {
  player.recolour();
  curves.draw();
});

// ---- What went wrong -------------------------------------------------------------------------------------------

function showError(error, again = null) {
  const box = at("error");
  const wait = error.retryAfter && text("error.busy.after", { message: error.message, seconds: error.retryAfter });
  const known = error instanceof EngineError;
  box.textContent = known ? wait || error.message : text("error.unexpected", { message: error.message });
  if (error.kind === "token") {
    box.textContent = text(at("token-field").value ? "error.token" : "error.token.first");
    afterToken = again;
    at("token").hidden = false;
    at("token-field").focus();
  } else if (again && (!known || RETRIED.has(error.kind))) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button small";
    button.textContent = text("error.again");
    button.addEventListener("click", again);
    box.append(" ", button);
  }
  box.hidden = false;
  box.scrollIntoView({ block: "nearest" }); // on a phone it is below what was pressed
}

function clearError() {
  at("error").hidden = true;
  at("error").replaceChildren();
  at("token").hidden = true;
}

// ---- A recording ------------------------------------------------------------------------------------------------

/** @param {File} file @param {boolean} own whether it was recorded here. @param {string} note something to say about it. */
async function hear(file, own = false, note = "") {
  work?.abort();
  live.cancel();
  clearError();
  if (file.size === 0) return showError(new EngineError(text("error.empty", { name: file.name }), { kind: "input" }));
  if (engine.maxBytes && file.size > engine.maxBytes) {
    const values = { name: file.name, megabytes: Math.ceil(file.size / 1e6), most: Math.floor(engine.maxBytes / 1e6) };
    return showError(new EngineError(text("error.too_large", values), { kind: "input" }));
  }
  const control = new AbortController();
  const { signal } = control;
  work = control;
  player.pause();
  busy(file.name);
  try {
    const drawing = peaksOf(file);
    const onProgress = (share, kind) => work === control && busy(file.name, share, kind);
    const { windows, ...timeline } = await engine.timeline(file, { signal, onProgress, windows: true });
    const drawn = await drawing;
    if (work !== control) return;
    at("busy").hidden = true; // before the place to scroll to is known
    show(file, drawn, timeline, windows, own, note);
  } catch (error) {
    if (work === control && error.name !== "AbortError") showError(error, () => hear(file, own, note));
  } finally {
    if (work === control) {
      work = null;
      at("busy").hidden = true;
    }
  }
}

function busy(name, share = null, kind = "computing") {
  if (at("busy").hidden) {
    at("busy").hidden = false;
    at("busy").scrollIntoView({ block: "nearest" });
  }
  const words = text(`busy.${kind}`, { name });
  if (at("busy-text").textContent !== words) at("busy-text").textContent = words;
  if (share === null) at("busy-share").removeAttribute("value");
  else at("busy-share").value = share;
}

function show(file, drawn, timeline, windows, own, note) {
  const { title, words, probabilities } = summarize(timeline);
  at("result").hidden = false;
  at("result-title").replaceChildren(title, " ");
  const name = document.createElement("span");
  name.className = "of";
  name.textContent = text("result.of", { name: file.name });
  at("result-title").append(name);
  at("summary").textContent = words;
  at("note").textContent = note;
  at("note").hidden = !note;
  at("said").textContent = `${title}. ${words}`;
  player.show(file, drawn, timeline);
  showMoments({ body: at("moments"), more: at("all-moments") }, timeline.segments, player.canHear() ? player.hear : null);
  at("table-card").hidden = timeline.segments.length === 0;
  at("bars-card").hidden = timeline.segments.length === 0;
  drawBars(at("bars"), probabilities);
  at("curves-card").hidden = windows.length < 2;
  at("curves-note").textContent = text("curves.note", { window: duration(models[0]?.window_seconds ?? 0) });
  curves.show(windows, timeline.labels, timeline.duration);
  showDownloads(
    { list: at("downloads"), status: at("download-status"), error: at("download-error") },
    engine,
    file,
    timeline,
    own,
  );
  at("result-title").focus({ preventScroll: true });
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  at("result").scrollIntoView({ block: "start", behavior: calm ? "auto" : "smooth" });
}

// ---- Ways in ----------------------------------------------------------------------------------------------------

function take(files) {
  const [file] = files;
  if (!file) return showError(new EngineError(text("error.no_file"), { kind: "input" }));
  const note = files.length > 1 ? text("error.many", { count: files.length }) : "";
  return hear(file, false, note);
}

at("choose").addEventListener("click", () => at("file").click());
at("file").addEventListener("change", ({ target }) => {
  const files = [...target.files];
  target.value = ""; // the same file can be chosen again
  if (files.length) take(files);
});
at("cancel").addEventListener("click", () => {
  work?.abort();
  work = null;
  at("busy").hidden = true;
  at("choose").focus();
});

let inside = 0; // enter and leave come for every child
for (const kind of ["dragenter", "dragover", "dragleave", "drop"]) {
  document.addEventListener(kind, (event) => {
    event.preventDefault();
    if (kind === "dragenter") inside += 1;
    if (kind === "dragleave") inside -= 1;
    if (kind === "drop") inside = 0;
    at("drop").classList.toggle("over", inside > 0);
    if (kind === "drop" && engine) take([...event.dataTransfer.files]);
  });
}

at("speak").addEventListener("click", async () => {
  if (live.running()) return live.stop();
  work?.abort();
  clearError();
  player.pause();
  at("speak").disabled = true;
  try {
    await live.start(engine, models[0], (error, file, note) => {
      if (error) {
        at("live").hidden = true;
        return showError(error, file && (() => hear(file, true)));
      }
      return file && hear(file, true, note);
    });
  } catch (error) {
    showError(error);
  } finally {
    at("speak").disabled = false;
  }
});
at("live-stop").addEventListener("click", () => live.stop());
at("live-cancel").addEventListener("click", () => {
  live.cancel();
  at("speak").focus();
});

function showSamples(samples) {
  at("samples").hidden = samples.length === 0;
  at("samples")
    .querySelector("ul")
    .replaceChildren(
      ...samples.map(({ name, url }) => {
        const button = document.createElement("button");
        button.type = "button";
        button.className = "button small";
        const emotion = nameOf(/_([a-z]+)\.\w+$/.exec(name)?.[1] ?? name);
        button.textContent = emotion;
        button.setAttribute("aria-label", text("source.sample.name", { emotion }));
        button.addEventListener("click", async () => {
          clearError();
          try {
            const response = await fetch(url);
            if (!response.ok) throw new Error(String(response.status));
            await hear(new File([await response.blob()], name));
          } catch {
            showError(new EngineError(text("error.sample"), { kind: "gone" }), () => button.click());
          }
        });
        const item = document.createElement("li");
        item.append(button);
        return item;
      }),
    );
}

// ---- Beginning --------------------------------------------------------------------------------------------------

at("token").addEventListener("submit", (event) => {
  event.preventDefault();
  engine.setToken(at("token-field").value);
  const again = afterToken;
  clearError();
  describe().then((known) => known && again?.());
});

/** Ask what the models are; says whether there was an answer. */
async function describe() {
  try {
    models = await engine.models();
    showAbout({ warnings: at("warnings"), facts: at("facts"), details: at("card-details"), card: at("card") }, models[0], engine.kind);
    ready(true);
    return true;
  } catch (error) {
    showError(error, error.kind === "token" ? afterToken : () => clearError() ?? describe());
    return false;
  }
}

function ready(is) {
  at("choose").disabled = at("speak").disabled = !is;
}

async function begin() {
  ready(false);
  const kind = document.querySelector('meta[name="hearfelt-engine"]').content;
  try {
    engine = await (await import(`./engine_${kind}.js`)).createEngine();
  } catch (error) {
    return showError(new EngineError(text("error.engine", { message: error.message })));
  }
  at("privacy").textContent = text(`privacy.${engine.kind}`);
  const longest = engine.maxSeconds ? `, ${text("source.formats.longest", { duration: duration(engine.maxSeconds) })}` : "";
  at("formats").textContent = text("source.formats") + longest;
  await Promise.all([describe(), engine.samples().then(showSamples)]);
  document.documentElement.dataset.ready = "true";
}

begin();
