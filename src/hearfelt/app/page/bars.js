// Probabilities as bars with their figures, the most probable first.

import { paint, tagOf } from "./emotions.js";
import { share } from "./texts.js";

/**
 * @param {HTMLElement} element that is filled.
 * @param {Object<string, number>} probabilities
 * @param {boolean} [sorted] the most probable first; else as given, which is calmer where they change.
 */
export function drawBars(element, probabilities, sorted = true) {
  const entries = Object.entries(probabilities);
  if (sorted) entries.sort((one, other) => other[1] - one[1]);
  const list = document.createElement("ul");
  for (const [label, value] of entries) {
    const item = document.createElement("li");
    const track = document.createElement("span");
    track.className = "track";
    const bar = paint(document.createElement("span"), label);
    bar.className = "bar";
    bar.style.width = `${100 * value}%`;
    track.append(bar);
    const figure = document.createElement("span");
    figure.className = "number figure";
    figure.textContent = share(value);
    item.append(tagOf(label), track, figure);
    list.append(item);
  }
  element.replaceChildren(list);
}
