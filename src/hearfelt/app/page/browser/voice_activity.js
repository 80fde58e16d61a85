// Is there any speech in a clip? hearfelt.audio.voice_activity says what is measured and why; the same numbers stand here.

import { Fourier } from "./fft.js";

const MIN_SPEECH_SECONDS = 0.1;
const SILENCE_PEAK = 1e-6;
const LEAST_VARIATION = 2.0;
const FEW_FRAMES = 3.0;
const FRAME_SECONDS = 0.032;
const BANDS = 12;
const MIN_HZ = 120;
const MAX_HZ = 7000;
const FLOOR = 1e-5;
const OVERLAP = 1.3;
const NEPERS_TO_DB = 10 / Math.LN10;

/** Whether mono samples may hold speech; in doubt yes. */
export function hasSpeech(samples, sampleRate) {
  if (samples.length < MIN_SPEECH_SECONDS * sampleRate) return false;
  let sum = 0;
  for (const value of samples) sum += value;
  const mean = Math.fround(sum / samples.length);
  const signal = new Float32Array(samples.length);
  let peak = 0;
  for (let k = 0; k < samples.length; k++) {
    signal[k] = samples[k] - mean;
    peak = Math.max(peak, Math.abs(signal[k]));
  }
  if (!(peak >= SILENCE_PEAK)) return false;
  for (let k = 0; k < signal.length; k++) signal[k] /= peak;
  const frames = samples.length / ((FRAME_SECONDS / 2) * sampleRate);
  return variation(signal, sampleRate) > LEAST_VARIATION + FEW_FRAMES / frames;
}

/** How much the spectrum changes, in units of what stationary noise does by chance. */
export function variation(samples, sampleRate) {
  const { size, window, edges, expected, fourier } = analysis(sampleRate);
  const hop = Math.floor(size / 2);
  const count = Math.max(1, Math.floor((samples.length - size) / hop) + 1);
  const bands = edges.length; // the last holds what is above, and only counts as what may leak
  const energies = new Float64Array(count * bands);
  const frame = new Float64Array(size);
  const power = new Float64Array(Math.floor(size / 2) + 1);
  let total = 0;
  for (let number = 0; number < count; number++) {
    const start = number * hop;
    for (let k = 0; k < size; k++) frame[k] = start + k < samples.length ? samples[start + k] * window[k] : 0;
    fourier.power(frame, power);
    for (let band = 0; band < bands; band++) {
      const end = band + 1 < bands ? edges[band + 1] : power.length;
      let energy = 0;
      for (let bin = edges[band]; bin < end; bin++) energy += power[bin];
      energies[number * bands + band] = energy;
      total += energy;
    }
  }
  const floor = (FLOOR * total) / count;
  if (floor === 0) return 0;
  let found = 0;
  for (let band = 0; band < bands - 1; band++) {
    let mean = 0;
    let square = 0;
    for (let number = 0; number < count; number++) {
      mean += NEPERS_TO_DB * Math.log(energies[number * bands + band] + floor);
    }
    mean /= count;
    for (let number = 0; number < count; number++) {
      square += (NEPERS_TO_DB * Math.log(energies[number * bands + band] + floor) - mean) ** 2;
    }
    found += square / count / expected[band];
  }
  return found / (bands - 1);
}

const made = new Map();

function analysis(sampleRate) {
  if (!made.has(sampleRate)) {
    const size = Math.round(FRAME_SECONDS * sampleRate);
    const window = Float32Array.from({ length: size }, (_, k) => 0.5 - 0.5 * Math.cos((2 * Math.PI * k) / size));
    const top = Math.min(MAX_HZ, 0.45 * sampleRate);
    const edges = spaced(Math.min(MIN_HZ, top / 4), top, BANDS + 1).map((hertz) =>
      Math.max(1, roundEven((hertz * size) / sampleRate)),
    );
    const unique = [...new Set(edges)].sort((a, b) => a - b); // low rates have fewer bins than bands
    const expected = unique.slice(1).map((edge, band) => {
      const half = Math.max(1, (edge - unique[band]) / OVERLAP);
      // Energy of n degrees of freedom: the variance of its logarithm is trigamma(n / 2).
      return NEPERS_TO_DB ** 2 * (1 / half + 1 / (2 * half ** 2) + 1 / (6 * half ** 3));
    });
    made.set(sampleRate, { size, window, edges: unique, expected, fourier: new Fourier(size) });
  }
  return made.get(sampleRate);
}

/** `count` numbers from `first` to `last` in equal ratios. */
export function spaced(first, last, count) {
  return Array.from({ length: count }, (_, k) => first * (last / first) ** (k / (count - 1)));
}

/** As numpy rounds: halves to the even neighbour. */
export function roundEven(value) {
  const rounded = Math.round(value);
  return Math.abs(value % 1) === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}
