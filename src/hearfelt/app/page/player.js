// The recording to see and hear: wavesurfer.js above the ribbon, a slider for the keyboard and for screen readers.

import { nameOf } from "./emotions.js";
import { drawRibbon } from "./ribbon.js";
import { clock, text } from "./texts.js";
import { colour } from "./theme.js";
import WaveSurfer from "./vendor/wavesurfer.esm.js";

const STEP = 1; // seconds, of an arrow key
const LEAP = 10; // seconds, of page up and page down

/** @param {Object<string, HTMLElement>} places wave, ribbon, play, time, length, note */
export function createPlayer({ wave, ribbon, play, time, length, note }) {
  let surfer = null;
  let source = null;
  let segments = [];
  let duration = 0;
  let now = 0;

  const colours = () => ({ waveColor: colour("wave"), progressColor: colour("accent"), cursorColor: colour("ink") });

  function clear() {
    surfer?.destroy();
    surfer = null;
    if (source) URL.revokeObjectURL(source);
    source = null;
  }

  /** Show a recording; peaks are null where this browser cannot decode it. */
  function show(file, drawn, timeline) {
    clear();
    segments = timeline.segments;
    duration = timeline.duration;
    length.textContent = clock(duration, duration < 60 ? 1 : 0);
    wave.setAttribute("aria-valuemax", String(Math.round(duration)));
    wave.hidden = play.hidden = drawn === null;
    note.textContent = text(drawn ? "player.hint" : "player.silent");
    drawRibbon(ribbon, segments, 0, duration, drawn ? hear : undefined);
    tell(0);
    if (!drawn) return;
    source = URL.createObjectURL(file);
    surfer = WaveSurfer.create({
      container: wave,
      height: 96,
      url: source,
      peaks: [drawn.peaks],
      duration: drawn.duration,
      normalize: true,
      cursorWidth: 2,
      dragToSeek: true,
      ...colours(),
    });
    const media = surfer.getMediaElement();
    surfer.on("timeupdate", (seconds) => media.seeking || tell(seconds)); // on its way it tells where it was
    surfer.on("play", () => playing(true));
    surfer.on("pause", () => playing(false));
    surfer.on("finish", () => playing(false));
    surfer.on("error", () => {
      note.textContent = text("player.silent");
      play.hidden = true;
    });
    playing(false);
  }

  function playing(is) {
    play.classList.toggle("playing", is);
    play.setAttribute("aria-label", text(is ? "player.pause" : "player.play"));
  }

  function tell(seconds) {
    now = seconds;
    time.textContent = clock(seconds, duration < 60 ? 1 : 0);
    wave.setAttribute("aria-valuenow", String(Math.round(seconds)));
    const here = segments.find((segment) => segment.start <= seconds && seconds < segment.end);
    const values = { now: clock(seconds), duration: clock(duration) };
    const emotion = here ? nameOf(here.emotion) : text("player.quiet");
    wave.setAttribute("aria-valuetext", text("player.at.emotion", { ...values, emotion }));
  }

  /** Play a segment, and no further. */
  function hear({ start, end }) {
    surfer?.play(start, end).catch(() => {});
  }

  function seek(seconds) {
    if (!surfer) return;
    const to = Math.min(duration, Math.max(0, seconds));
    surfer.setTime(to); // which forgets a second seek while the first is on its way
    surfer.getMediaElement().currentTime = to;
    tell(to); // the sound says so later, and the next key counts from here
  }

  play.addEventListener("click", () => surfer?.playPause().catch(() => {}));
  wave.addEventListener("keydown", (event) => {
    const to = {
      ArrowRight: now + STEP,
      ArrowUp: now + STEP,
      ArrowLeft: now - STEP,
      ArrowDown: now - STEP,
      PageUp: now + LEAP,
      PageDown: now - LEAP,
      Home: 0,
      End: duration,
    }[event.key];
    if (to !== undefined) seek(to);
    else if (event.key === " " || event.key === "Enter") surfer?.playPause().catch(() => {});
    else return;
    event.preventDefault();
  });
  new ResizeObserver(() => duration && drawRibbon(ribbon, segments, 0, duration, surfer ? hear : undefined)).observe(ribbon);

  return {
    show,
    hear,
    seek,
    pause: () => surfer?.pause(),
    canHear: () => surfer !== null,
    recolour: () => surfer?.setOptions(colours()),
  };
}
