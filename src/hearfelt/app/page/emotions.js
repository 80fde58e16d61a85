// Colour, pattern and name of each emotion; colours are those of hearfelt.emotions.COLORS, patterns those of its pictures.

import { hasText, text } from "./texts.js";

export const COLORS = {
  neutral: "#999999",
  calm: "#56B4E9",
  happy: "#E69F00",
  sad: "#0072B2",
  angry: "#D55E00",
  fearful: "#882255",
  disgust: "#117733",
  surprised: "#CC79A7",
  boredom: "#6B5B3E",
  no_speech: "#E5E5E5",
  unsure: "#C4C4C4",
};
const OTHER = "#8a8f98";
const TILE = 8; // pixels
const INK = { light: "rgba(255,255,255,.55)", dark: "rgba(0,0,0,.4)" };

export function colourOf(label) {
  return COLORS[label] ?? OTHER;
}

export function nameOf(label) {
  return hasText(`emotion.${label}`) ? text(`emotion.${label}`) : label.replaceAll("_", " ");
}

// What is drawn into a tile of each pattern, the second sign beside the colour.
const PATTERNS = {
  calm: (c) => [dot(c, 2, 2, 1), dot(c, 6, 6, 1)],
  happy: (c) => slash(c),
  sad: (c) => backslash(c),
  angry: (c) => [slash(c), backslash(c)],
  fearful: (c) => [line(c, 2, 0, 2, 8), line(c, 6, 0, 6, 8)],
  disgust: (c) => [line(c, 0, 2, 8, 2), line(c, 0, 6, 8, 6)],
  surprised: (c) => ring(c, 4, 4, 2.4),
  boredom: (c) => [line(c, 4, 0, 4, 8), line(c, 0, 4, 8, 4)],
  unsure: (c) => dot(c, 4, 4, 0.8),
};
const tiles = new Map();

/** A canvas that repeats without a seam. */
function tile(label) {
  if (tiles.has(label)) return tiles.get(label);
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = TILE * 2; // drawn twice as fine
  const context = canvas.getContext("2d");
  context.scale(2, 2);
  const fill = colourOf(label);
  context.fillStyle = fill;
  context.fillRect(0, 0, TILE, TILE);
  const bright = [1, 3, 5].reduce((sum, at, i) => sum + parseInt(fill.slice(at, at + 2), 16) * [0.299, 0.587, 0.114][i], 0);
  context.strokeStyle = context.fillStyle = bright > 140 ? INK.dark : INK.light;
  context.lineWidth = 1;
  PATTERNS[label]?.(context);
  tiles.set(label, canvas);
  return canvas;
}

/** A fill for canvases. */
export function patternOf(label, context) {
  const pattern = context.createPattern(tile(label), "repeat");
  pattern.setTransform(new DOMMatrix().scale(window.devicePixelRatio / 2));
  return pattern;
}

/** Give an element colour and pattern of an emotion. */
export function paint(element, label) {
  element.style.backgroundColor = colourOf(label);
  element.style.backgroundImage = `url(${tile(label).toDataURL()})`;
  element.style.backgroundSize = `${TILE}px`;
  return element;
}

/** A small square and the name. */
export function tagOf(label) {
  const tag = document.createElement("span");
  tag.className = "tag";
  const swatch = paint(document.createElement("span"), label);
  swatch.className = "swatch";
  tag.append(swatch, nameOf(label));
  return tag;
}

function line(context, x1, y1, x2, y2) {
  context.beginPath();
  context.moveTo(x1, y1);
  context.lineTo(x2, y2);
  context.stroke();
}

function slash(context) {
  line(context, -2, 10, 10, -2);
  line(context, -2, 2, 2, -2);
  line(context, 6, 10, 10, 6);
}

function backslash(context) {
  line(context, -2, -2, 10, 10);
  line(context, 6, -2, 10, 2);
  line(context, -2, 6, 2, 10);
}

function dot(context, x, y, radius) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fill();
}

function ring(context, x, y, radius) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.stroke();
}
