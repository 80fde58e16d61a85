// From the windows of a recording to its emotions over time, as hearfelt.recognition.timeline makes them.

import { combine, named, rounded } from "./answers.js";
import { SETTINGS as SPEECH, speechSegments } from "./speech_segments.js";
import { windows } from "./windows.js";

const STAY_SECONDS = 2.0;
const MARGIN = 0.15;
const LEAST = 1e-9;

/** Windows of the stretches: what goes through the model, and the part of the time that each answers for. */
export function stretchWindows(stretches, window, hop) {
  return stretches.flatMap(([start, end], stretch) => {
    const spans = windows(end - start, window, hop);
    const middles = spans.map(([from, to]) => Math.floor((from + to) / 2));
    const between = middles.slice(1).map((middle, k) => Math.floor((middles[k] + middle) / 2));
    const borders = [0, ...between, end - start];
    return spans.map(([from, to], k) => ({
      stretch,
      start: start + from,
      end: start + to,
      begins: start + borders[k],
      ends: start + borders[k + 1],
    }));
  });
}

/**
 * @param {object} model the specification.
 * @param {Float32Array} samples mono, at the model's rate.
 * @param {(samples: Float32Array, share: number) => Promise<Float64Array|null>} hear probabilities of a window, null without
 *   speech; `share` of the work that is done before it.
 * @param {boolean} [withWindows] add `windows`: what the model heard, each between the middles of its neighbours.
 * @returns {Promise<object>} an object of the timeline JSON.
 */
export async function timeline(model, path, samples, hear, withWindows = false) {
  const rate = model.sample_rate;
  const stretches = speechSegments(samples, rate);
  const todo = stretchWindows(stretches, Math.round(model.window_seconds * rate), Math.round(model.hop_seconds * rate));
  const heard = [];
  for (const [k, item] of todo.entries()) {
    const values = await hear(samples.subarray(item.start, item.end), k / todo.length);
    if (values !== null) heard.push({ ...item, values }); // what holds no speech after all is a gap
  }
  const times = heard.map(({ begins, ends }) => (begins + ends) / 2 / rate);
  const chosen = viterbi(heard.map(({ values }) => values), times, STAY_SECONDS);
  const runs = [];
  heard.forEach((item, k) => {
    const before = runs.at(-1);
    const last = before?.items.at(-1);
    if (last && last.stretch === item.stretch && last.ends === item.begins && before.label === chosen[k]) {
      before.items.push(item);
    } else {
      runs.push({ label: chosen[k], items: [item] });
    }
  });
  const answer = (begins, ends, label, values) => ({
    start: rounded(begins / rate),
    end: rounded(ends / rate),
    channel: null,
    speaker: null,
    emotion: model.labels[label],
    confidence: rounded(values[label]),
    probabilities: named(model.labels, values),
  });
  return {
    path,
    duration: rounded(samples.length / rate),
    sample_rate: rate,
    channels: 1,
    labels: [...model.labels],
    settings: {
      model: model.name,
      window_seconds: model.window_seconds,
      hop_seconds: model.hop_seconds,
      unsure_below: 0,
      channels: "mix",
      smoothing: "viterbi",
      stay_seconds: STAY_SECONDS,
      margin: MARGIN,
      speech: { ...SPEECH },
    },
    segments: runs.map(({ label, items }) => {
      const mean = combine(items.map(({ values }) => values), items.map(({ begins, ends }) => ends - begins));
      return answer(items[0].begins, items.at(-1).ends, label, mean);
    }),
    ...(withWindows && { windows: heard.map(({ begins, ends, values }, k) => answer(begins, ends, chosen[k], values)) }),
  };
}

/** The most probable path of a chain that stays in a label for `staySeconds` on average. */
export function viterbi(rows, times, staySeconds) {
  if (!rows.length) return [];
  const count = rows[0].length;
  const evidence = rows.map((row) => Array.from(row, (value) => Math.log(Math.max(value, LEAST))));
  let best = evidence[0];
  const back = [];
  for (let k = 1; k < rows.length; k++) {
    const kept = Math.exp(-(times[k] - times[k - 1]) / staySeconds);
    const change = Math.log(Math.max((1 - kept) / count, LEAST));
    const stay = Math.log((1 - kept) / count + kept);
    const source = best.indexOf(Math.max(...best));
    const moving = best[source] + change;
    back.push(best.map((value, label) => (value + stay >= moving ? label : source)));
    best = best.map((value, label) => Math.max(value + stay, moving) + evidence[k][label]);
  }
  const path = [best.indexOf(Math.max(...best))];
  for (let k = back.length - 1; k >= 0; k--) path.unshift(back[k][path[0]]);
  return path;
}
