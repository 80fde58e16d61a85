// A ribbon of emotions: coloured, patterned and named pieces on a line of time.

import { nameOf, paint } from "./emotions.js";

const NAMED_PIXELS = 8; // that a letter of a name takes

/**
 * @param {HTMLElement} element that is filled.
 * @param {Array<{start: number, end: number, emotion: string}>} segments
 * @param {number} from seconds at its left end.
 * @param {number} to seconds at its right end.
 * @param {(segment: object) => void} [onPick] where pieces can be clicked.
 */
export function drawRibbon(element, segments, from, to, onPick) {
  const width = element.clientWidth;
  const pieces = segments.map((segment) => {
    const left = Math.max(0, (segment.start - from) / (to - from));
    const right = Math.min(1, (segment.end - from) / (to - from));
    const piece = paint(document.createElement("div"), segment.emotion);
    piece.className = "piece";
    piece.style.left = `${100 * left}%`;
    piece.style.width = `${100 * Math.max(0, right - left)}%`;
    const name = nameOf(segment.emotion);
    piece.title = name;
    if ((right - left) * width > NAMED_PIXELS * name.length + 16) {
      const label = document.createElement("span");
      label.textContent = name;
      piece.append(label);
    }
    if (onPick) piece.addEventListener("click", () => onPick(segment));
    return piece;
  });
  element.replaceChildren(...pieces);
}

/** Windows overlap: each stays until the next begins. */
export function withoutOverlap(events) {
  return events.map((event, index) => ({ ...event, end: Math.min(event.end, events[index + 1]?.start ?? Infinity) }));
}
