// The table of segments: the same as the ribbon, in words, and a button to hear each.

import { nameOf, tagOf } from "./emotions.js";
import { sureness } from "./summary.js";
import { clock, share, text } from "./texts.js";

const FIRST = 100; // rows; the others on demand

/**
 * @param {{body: HTMLElement, more: HTMLButtonElement}} places
 * @param {Array} segments
 * @param {((segment: object) => void)|null} onHear null where nothing can be heard.
 */
export function showMoments({ body, more }, segments, onHear) {
  body.replaceChildren(...segments.slice(0, FIRST).map((segment) => row(segment, onHear)));
  more.hidden = segments.length <= FIRST;
  more.textContent = text("table.more", { count: segments.length });
  more.onclick = () => {
    body.append(...segments.slice(FIRST).map((segment) => row(segment, onHear)));
    more.hidden = true;
    body.rows[FIRST].querySelector("button")?.focus();
  };
}

function row(segment, onHear) {
  const start = clock(segment.start, 1);
  const end = clock(segment.end, 1);
  const line = document.createElement("tr");
  const cells = Array.from({ length: 5 }, () => line.insertCell());
  if (onHear) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "icon hear";
    button.textContent = "▶";
    button.setAttribute("aria-label", text("table.hear.label", { start, end, emotion: nameOf(segment.emotion) }));
    button.addEventListener("click", () => onHear(segment));
    cells[0].append(button);
  }
  cells[1].textContent = start;
  cells[2].textContent = end;
  cells[1].className = cells[2].className = "number";
  cells[3].append(tagOf(segment.emotion));
  if (segment.confidence !== null) {
    const word = document.createElement("span");
    word.textContent = text(`sure.${sureness(segment.confidence)}`);
    const figure = document.createElement("span");
    figure.className = "number quiet";
    figure.textContent = share(segment.confidence);
    cells[4].append(word, " ", figure);
    cells[4].className = "sure";
  }
  return line;
}
