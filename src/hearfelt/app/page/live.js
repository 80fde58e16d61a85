// The microphone while it listens: level, current emotion, the last minute.

import { drawBars } from "./bars.js";
import { nameOf } from "./emotions.js";
import { openMicrophone } from "./microphone.js";
import { toInt16, wav } from "./recording.js";
import { drawRibbon, withoutOverlap } from "./ribbon.js";
import { sureness } from "./summary.js";
import { clock, duration, text } from "./texts.js";

const MOST_SECONDS = 15 * 60; // that are recorded; 86 MB at 48 kHz
const SHOWN_SECONDS = 60;
const DRAW_MS = 250;
const FLOOR_DB = -60; // where the meter begins
const LOW_DB = -42;
const SILENT_DB = -55;
const CLIPPED = 0.98;
const FALL = 0.85; // of the meter, a block

/** @param {Object<string, HTMLElement>} places section, title, time, level, word, now, bars, ribbon */
export function createLive({ section, title, time, level, word, now, bars, ribbon }) {
  let run = null;

  /**
   * Listen until `stop`, `cancel`, a fault, or until nothing more fits.
   * @param {object} engine
   * @param {object} model its first.
   * @param {(error: Error|null, file: File|null, said: string) => void} onOver not called by `cancel`.
   */
  async function start(engine, model, onOver) {
    const events = [];
    const chunks = [];
    let samples = 0;
    let shownLevel = 0;
    const most = Math.min(MOST_SECONDS, engine.maxSeconds ?? Infinity);
    let stream = null;
    let finished = false;
    const waiting = [];
    const microphone = await openMicrophone({
      onSamples(block) {
        if (finished) return;
        chunks.push(toInt16(block));
        samples += block.length;
        shownLevel = showLevel(block, shownLevel);
        if (stream) stream.feed(block);
        else waiting.push(block);
        if (samples / microphone.sampleRate >= most) finish(null, text("live.full", { duration: duration(most) }));
      },
      onLost: () => finish(null, text("error.mic.lost")),
    });
    const { sampleRate } = microphone;

    const draw = () => {
      const seconds = samples / sampleRate;
      time.textContent = clock(seconds);
      drawRibbon(ribbon, withoutOverlap(events), seconds - SHOWN_SECONDS, seconds);
    };
    const timer = setInterval(draw, DRAW_MS);

    const close = () => {
      finished = true;
      clearInterval(timer);
      microphone.close();
      stream?.close();
      section.hidden = true;
      run = null;
    };
    function finish(error, said = "") {
      if (finished) return;
      close();
      const stamp = new Date().toTimeString().slice(0, 5).replace(":", ".");
      const name = `${text("live.recording", { time: stamp })}.wav`;
      onOver(error, samples ? new File([wav(chunks, Math.round(sampleRate))], name, { type: "audio/wav" }) : null, said);
    }

    const nothing = Object.fromEntries(model.labels.map((label) => [label, 0]));
    drawBars(bars, nothing, false);
    now.textContent = text("live.waiting", { seconds: Math.round(model.window_seconds) });
    time.textContent = "";
    ribbon.replaceChildren();
    section.hidden = false;
    title.focus({ preventScroll: true });
    section.scrollIntoView({ block: "nearest" });

    stream = engine.stream({
      sampleRate,
      onEvent(event) {
        events.push(event);
        const recent = samples / sampleRate - SHOWN_SECONDS;
        while (events.length && events[0].end < recent) events.shift();
        const words =
          event.confidence === null
            ? text("live.quiet")
            : text("live.now", { emotion: nameOf(event.emotion), sure: text(`sure.${sureness(event.confidence)}`) });
        if (now.textContent !== words) now.textContent = words; // told once, not every few seconds
        drawBars(bars, event.confidence === null ? nothing : event.probabilities, false);
        draw();
      },
      onError: (error) => finish(error),
    });
    for (const block of waiting.splice(0)) stream.feed(block);
    run = { finish, close };
  }

  function showLevel(block, before) {
    let power = 0;
    let peak = 0;
    for (const value of block) {
      power += value * value;
      peak = Math.max(peak, Math.abs(value));
    }
    const db = 10 * Math.log10(power / block.length + 1e-12);
    const height = Math.max(0, Math.min(1, 1 - db / FLOOR_DB), before * FALL);
    level.firstElementChild.style.width = `${100 * height}%`;
    level.setAttribute("aria-valuenow", String(Math.round(100 * height)));
    const said = peak >= CLIPPED ? "high" : db < SILENT_DB ? "silent" : db < LOW_DB ? "low" : "good";
    const words = text(`live.level.${height > 0.3 && said === "silent" ? "good" : said}`); // between two words is no silence
    level.setAttribute("aria-valuetext", words);
    if (word.textContent !== words) word.textContent = words;
    return height;
  }

  return {
    start,
    stop: () => run?.finish(null),
    cancel: () => run?.close(),
    running: () => run !== null,
  };
}
