// Where is speech in a long recording? hearfelt.audio.speech_segments says how; the same numbers stand here.

import { Fourier } from "./fft.js";
import { roundEven, spaced } from "./voice_activity.js";

export const SETTINGS = { on: 0.5, off: 0.3, min_speech_seconds: 0.2, min_gap_seconds: 0.4, pad_seconds: 0.1 };

const HOP_SECONDS = 0.016;
const BANDS = 16;
const MIN_HZ = 100;
const MAX_HZ = 3800;
const MIN_PITCH_HZ = 70;
const MAX_PITCH_HZ = 400;
const FINE_HZ = 2500;
const POWER_FLOOR = 1e-9;
const NEPERS_TO_DB = 10 / Math.LN10;
const FLOOR_FRAMES = 190;
const SHORT = 3;
const MEDIUM = 9;
const LONG = 25;
const WEIGHTS = [-0.6, -1.13, 1.01, 1.43, 1.05, 2.4, -0.53, 2.04, -0.42, -0.4, -5.09, 4.63];
const BIAS = -1.3;

/** Stretches of speech in mono samples as [start, end] in samples, in time order and apart. */
export function speechSegments(samples, sampleRate, settings = SETTINGS) {
  const hop = hopOf(sampleRate);
  const least = settings.min_speech_seconds * sampleRate;
  const pad = roundEven(settings.pad_seconds * sampleRate);
  const gap = Math.max(settings.min_gap_seconds * sampleRate, 2 * pad + 1);
  const middle = Math.floor(hop / 2); // of a frame of two hops: its decision's place
  const stretches = [];
  for (const [first, last] of runs(speechScores(samples, sampleRate), settings.on, settings.off)) {
    const [start, end] = [first * hop + middle, last * hop + middle];
    const before = stretches.at(-1);
    if (before && start - before.end < gap) {
      before.end = end;
      before.speech += end - start;
    } else {
      stretches.push({ start, end, speech: end - start });
    }
  }
  return stretches
    .filter(({ speech }) => speech >= least)
    .map(({ start, end }) => [Math.max(0, start - pad), Math.min(samples.length, end + pad)]);
}

/** Frames [first, after the last] from `on` to where the score falls below `off`. */
function runs(scores, on, off) {
  const found = [];
  let begin = -1;
  scores.forEach((score, frame) => {
    if (begin < 0 && score >= on) begin = frame;
    else if (begin >= 0 && score < off) {
      found.push([begin, frame]);
      begin = -1;
    }
  });
  if (begin >= 0) found.push([begin, scores.length]);
  return found;
}

/** Probability of speech in every frame. */
export function speechScores(samples, sampleRate) {
  const columns = features(measure(samples, sampleRate));
  return Float64Array.from(columns[0], (_, frame) => {
    let sum = BIAS;
    for (let k = 0; k < WEIGHTS.length; k++) sum += WEIGHTS[k] * columns[k][frame];
    return 1 / (1 + Math.exp(-clip(sum, -30, 30)));
  });
}

function hopOf(sampleRate) {
  return Math.max(1, roundEven(HOP_SECONDS * sampleRate));
}

function clip(value, low, high) {
  return Math.min(high, Math.max(low, value));
}

/** Band levels in dB (one array a band), periodicity, pitch in octaves, likeness to the frame four before. */
function measure(samples, sampleRate) {
  const hop = hopOf(sampleRate);
  const size = 2 * hop;
  const { window, windowPower, edges, lags, fine, own, fourier } = analysis(hop, sampleRate);
  const full = Math.max(0, Math.floor((samples.length - size) / hop) + 1);
  const rest = samples.length - full * hop;
  const count = full + (rest > hop || full === 0 ? 1 : 0); // the last frame has silence behind it
  const bands = edges.length - 1;
  const levels = Array.from({ length: bands }, () => new Float64Array(count));
  const [periodicity, octaves, likeness] = [0, 1, 2].map(() => new Float64Array(count));
  const frame = new Float64Array(size);
  const power = new Float64Array(size + 1);
  const correlation = new Float64Array(lags[1]);
  const shapes = Array.from({ length: 5 }, () => new Float64Array(fine[1] - fine[0]));
  for (let number = 0; number < count; number++) {
    let mean = 0;
    for (let k = 0; k < size; k++) mean += samples[number * hop + k] ?? 0;
    mean /= size;
    for (let k = 0; k < size; k++) frame[k] = ((samples[number * hop + k] ?? 0) - mean) * window[k];
    fourier.power(frame, power);
    for (let band = 0; band < bands; band++) {
      let energy = 0;
      for (let bin = edges[band]; bin < edges[band + 1]; bin++) energy += power[2 * bin];
      const share = energy / (edges[band + 1] - edges[band]);
      levels[band][number] = NEPERS_TO_DB * Math.log(share / windowPower + POWER_FLOOR);
    }
    const shape = shapes[number % 5];
    let shapeMean = 0;
    for (let k = 0; k < shape.length; k++) {
      shape[k] = Math.log(power[2 * (fine[0] + k)] + POWER_FLOOR);
      shapeMean += shape[k];
    }
    shapeMean /= shape.length;
    for (let k = 0; k < shape.length; k++) shape[k] -= shapeMean;
    likeness[number] = alike(shape, shapes[number < 4 ? 0 : (number + 1) % 5]);
    power.fill(0, edges[bands] * 2);
    fourier.fromEven(power, correlation);
    let best = lags[0];
    for (let lag = lags[0]; lag < lags[1]; lag++) {
      if (correlation[lag] / own[lag] > correlation[best] / own[best]) best = lag;
    }
    periodicity[number] = clip(correlation[best] / own[best] / (correlation[0] / own[0] + 1e-6), 0, 1);
    octaves[number] = Math.log2(sampleRate / best);
  }
  return { levels, periodicity, octaves, likeness };
}

function alike(a, b) {
  let [product, first, second] = [0, 0, 0];
  for (let k = 0; k < a.length; k++) {
    product += a[k] * b[k];
    first += a[k] * a[k];
    second += b[k] * b[k];
  }
  return product / Math.sqrt(first * second + 1e-6);
}

function analysis(hop, sampleRate) {
  const size = 2 * hop;
  const window = Float64Array.from({ length: size }, (_, k) => 0.5 - 0.5 * Math.cos((2 * Math.PI * k) / size));
  const top = Math.min(MAX_HZ, 0.45 * sampleRate);
  let edges = spaced(Math.min(MIN_HZ, top / 4), top, BANDS + 1).map((hertz) =>
    Math.max(1, roundEven((hertz * size) / sampleRate)),
  );
  edges = edges.map((edge, k) => Math.max(edge, edges[0] + k)); // one bin a band at least
  if (hop > 2 * BANDS) edges = edges.map((edge, k) => Math.min(edge, hop - BANDS + k));
  else edges = [...new Set(edges.map((edge) => Math.min(edge, hop)))].sort((a, b) => a - b);
  const shortest = Math.max(1, Math.trunc(sampleRate / MAX_PITCH_HZ));
  const longest = Math.max(shortest + 1, Math.min(size - 2, Math.trunc(sampleRate / MIN_PITCH_HZ)));
  const fine = [
    Math.max(1, roundEven((100 * size) / sampleRate)),
    Math.max(4, roundEven((Math.min(FINE_HZ, top) * size) / sampleRate)),
  ];
  const fourier = new Fourier(2 * size); // padded: the correlation is not circular
  const own = fourier.fromEven(fourier.power(window, new Float64Array(size + 1)), new Float64Array(longest));
  const unit = own.map((value) => value / own[0]);
  const windowPower = window.reduce((sum, value) => sum + value * value, 0);
  return { window, windowPower, edges, lags: [shortest, longest], fine, own: unit, fourier };
}

/** The twelve columns that the weights are for. */
function features({ levels, periodicity, octaves, likeness }) {
  const count = periodicity.length;
  const above = new Float64Array(count);
  const [variance, wide, total] = [0, 1, 2].map(() => new Float64Array(count));
  for (const level of levels) {
    const floors = extreme(meanAround(level, 2), FLOOR_FRAMES, (a, b) => a <= b);
    const [medium, long] = [varianceAround(level, MEDIUM), varianceAround(level, LONG)];
    for (let k = 0; k < count; k++) {
      above[k] += clip(level[k] - floors[k] - 2, 0, 40) / levels.length;
      variance[k] += medium[k] / levels.length;
      wide[k] += long[k] / levels.length;
      total[k] += Math.exp(level[k] / NEPERS_TO_DB) / levels.length;
    }
  }
  for (let k = 0; k < count; k++) total[k] = NEPERS_TO_DB * Math.log(total[k]);
  const smooth = meanAround(total, SHORT);
  const loudest = extreme(smooth, FLOOR_FRAMES, (a, b) => a >= b);
  const quietest = extreme(smooth, FLOOR_FRAMES, (a, b) => a <= b);
  const glide = octaves.map((value, k) => Math.abs(value - octaves[Math.max(0, k - 1)]));
  const steady = glide.map((value, k) => (value < 0.01 && periodicity[k] > 0.6 ? 1 : 0));
  const moves = glide.map((value, k) => (value >= 0.01 && value < 0.08 && periodicity[k] > 0.6 ? 1 : 0));
  return [
    above.map((value) => value / 10),
    meanAround(above, SHORT).map((value) => value / 10),
    meanAround(above, MEDIUM).map((value) => value / 10),
    total.map((value, k) => clip(value - loudest[k], -60, 0) / 20),
    smooth.map((value, k) => clip(value - quietest[k], 0, 60) / 20),
    variance.map((value) => Math.log(value + 1) / 2 - 1.5),
    wide.map((value) => Math.log(value + 1) / 2 - 1.5),
    meanAround(periodicity, SHORT).map((value) => value * 2 - 1),
    meanAround(likeness, MEDIUM).map((value) => value * 2 - 1),
    meanAround(likeness, LONG).map((value) => value * 2 - 1),
    meanAround(steady, LONG).map((value) => value * 2),
    meanAround(moves, LONG).map((value) => value * 4),
  ];
}

/** Mean over `reach` frames either side, of those that there are. */
function meanAround(values, reach) {
  const sums = new Float64Array(values.length + 1);
  for (let k = 0; k < values.length; k++) sums[k + 1] = sums[k] + values[k];
  return Float64Array.from(values, (_, k) => {
    const [low, high] = [Math.max(k - reach, 0), Math.min(k + reach + 1, values.length)];
    return (sums[high] - sums[low]) / (high - low);
  });
}

function varianceAround(values, reach) {
  const means = meanAround(values, reach);
  const squares = meanAround(values.map((value) => value * value), reach);
  return squares.map((square, k) => Math.max(square - means[k] * means[k], 0));
}

/** Least or largest over `reach` frames either side: a queue of candidates, each better than those behind it. */
function extreme(values, reach, better) {
  const queue = new Int32Array(values.length);
  let [head, tail, next] = [0, 0, 0];
  return Float64Array.from(values, (_, k) => {
    for (; next < values.length && next <= k + reach; next++) {
      while (tail > head && better(values[next], values[queue[tail - 1]])) tail--;
      queue[tail++] = next;
    }
    while (queue[head] < k - reach) head++;
    return values[queue[head]];
  });
}
