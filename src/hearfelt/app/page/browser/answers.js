// Answers as the prediction JSON has them (docs/contracts.md).

import { roundEven } from "./voice_activity.js";

const DIGITS = 1e6; // float32 has no more

export function rounded(value) {
  return roundEven(value * DIGITS) / DIGITS;
}

/** label -> probability */
export function named(labels, values) {
  return Object.fromEntries(labels.map((label, k) => [label, rounded(values[k])]));
}

/** Mean of the rows, weighted, and made to sum to 1. */
export function combine(rows, weights) {
  const mean = new Float64Array(rows[0].length);
  rows.forEach((row, k) => row.forEach((value, label) => (mean[label] += weights[k] * value)));
  const sum = mean.reduce((a, b) => a + b, 0);
  return mean.map((value) => value / sum);
}

/** Emotion, confidence and probabilities of an answer; null stands for no speech. */
export function decide(labels, values) {
  if (values === null) return { emotion: "no_speech", confidence: null, probabilities: {} };
  const best = values.indexOf(Math.max(...values));
  return { emotion: labels[best], confidence: rounded(values[best]), probabilities: named(labels, values) };
}

/** A window's answer; `start` and `end` in samples. */
export function segment(model, start, end, values) {
  const rate = model.sample_rate;
  return { start: rounded(start / rate), end: rounded(end / rate), ...decide(model.labels, values) };
}

/** The answer for a recording from those of its windows: [{start, end, values}]. */
export function recognition(model, path, windows) {
  const spoken = windows.filter(({ values }) => values !== null);
  const whole = spoken.length
    ? combine(spoken.map(({ values }) => values), spoken.map(({ start, end }) => end - start))
    : null;
  return {
    path,
    duration: rounded((windows.at(-1)?.end ?? 0) / model.sample_rate),
    ...decide(model.labels, whole),
    segments: windows.map(({ start, end, values }) => segment(model, start, end, values)),
  };
}
