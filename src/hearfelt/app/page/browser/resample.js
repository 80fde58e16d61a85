// Change the rate of sound: a windowed sinc for each phase, kept to the band that soxr's HQ keeps.
//
// Our own, because browsers resample with filters of different lengths: the same recording would get other
// probabilities in each of them. Pass band to 91.3 % of the lower Nyquist frequency, stop band (-100 dB) from there on.

const PASS = 0.913;
const STOP_DB = 100;
const KAISER = 0.1102 * (STOP_DB - 8.7);
const BLOCK = 1 << 18;

export class Resampler {
  #rows = new Map(); // phase -> coefficients
  #held = new Float32Array(0);
  #first = 0; // sample number of held[0]; negative: silence before the beginning
  #samples = 0;
  #made = 0;

  constructor(sourceRate, targetRate) {
    const divisor = greatestDivisor(sourceRate, targetRate);
    this.up = targetRate / divisor;
    this.down = sourceRate / divisor;
    const band = Math.min(1, targetRate / sourceRate);
    this.cutoff = (band * (1 + PASS)) / 2; // of the source's Nyquist frequency
    this.half = Math.ceil((STOP_DB - 7.95) / (2.285 * Math.PI * (1 - PASS) * band) / 2);
    this.#held = new Float32Array(this.half);
    this.#first = -this.half;
  }

  /** The samples that are certain with this block. */
  push(block) {
    this.#append(block);
    this.#samples += block.length;
    // Output m looks at inputs up to floor(m * down / up) + half.
    const certain = Math.floor(((this.#samples - this.half) * this.up - 1) / this.down) + 1;
    return this.#make(Math.max(this.#made, certain));
  }

  /** The rest, with silence behind the end. */
  finish() {
    const total = Math.round((this.#samples * this.up) / this.down);
    this.#append(new Float32Array(this.half + Math.ceil(this.down / this.up) + 1));
    return this.#make(Math.max(this.#made, total));
  }

  #append(block) {
    const joined = new Float32Array(this.#held.length + block.length);
    joined.set(this.#held);
    joined.set(block, this.#held.length);
    this.#held = joined;
  }

  #make(end) {
    const { up, down, half } = this;
    const out = new Float32Array(end - this.#made);
    for (let k = 0; k < out.length; k++) {
      const place = (this.#made + k) * down;
      const centre = Math.floor(place / up);
      const row = this.#row(place - centre * up);
      const start = centre - half + 1 - this.#first;
      let sum = 0;
      for (let j = 0; j < row.length; j++) sum += row[j] * this.#held[start + j];
      out[k] = sum;
    }
    this.#made = end;
    const keepFrom = Math.max(this.#first, Math.floor((end * down) / up) - half + 1);
    this.#held = this.#held.slice(keepFrom - this.#first);
    this.#first = keepFrom;
    return out;
  }

  #row(phase) {
    let row = this.#rows.get(phase);
    if (row === undefined) {
      const { half, cutoff } = this;
      row = new Float64Array(2 * half);
      let sum = 0;
      for (let j = 0; j < row.length; j++) {
        const distance = phase / this.up - (j - half + 1);
        const angle = Math.PI * cutoff * distance;
        const share = distance / half;
        const sinc = Math.abs(angle) < 1e-9 ? 1 : Math.sin(angle) / angle;
        row[j] = Math.abs(share) <= 1 ? sinc * bessel(KAISER * Math.sqrt(1 - share * share)) : 0;
        sum += row[j];
      }
      for (let j = 0; j < row.length; j++) row[j] /= sum; // every phase lets a constant through as it is
      this.#rows.set(phase, row);
    }
    return row;
  }
}

/** A whole recording at another rate. */
export function resample(samples, sourceRate, targetRate) {
  if (sourceRate === targetRate) return samples;
  const resampler = new Resampler(sourceRate, targetRate);
  const parts = [];
  for (let start = 0; start < samples.length; start += BLOCK) {
    parts.push(resampler.push(samples.subarray(start, start + BLOCK)));
  }
  parts.push(resampler.finish());
  const whole = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function greatestDivisor(a, b) {
  return b === 0 ? a : greatestDivisor(b, a % b);
}

/** Modified Bessel function of the first kind and order 0. */
function bessel(x) {
  let sum = 1;
  let term = 1;
  for (let k = 1; term > 1e-12 * sum; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}
