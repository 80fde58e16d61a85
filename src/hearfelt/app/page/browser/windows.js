// Cut recordings into windows, as hearfelt.audio.windows does: no sample is left out.

/** A recording up to this many windows long is taken in one piece. */
export const ONE_PIECE = 1.25;

/** First samples of the windows over a recording that is at least a window long. */
export function windowStarts(samples, window, hop) {
  if (samples <= window) return [0];
  const starts = [];
  for (let start = 0; start <= samples - window; start += hop) starts.push(start);
  if (starts.at(-1) + window < samples) starts.push(samples - window);
  return starts;
}

/** Windows of a recording as [start, end]. */
export function windows(samples, window, hop) {
  if (samples <= ONE_PIECE * window) return [[0, samples]];
  return windowStarts(samples, window, hop).map((start) => [start, start + window]);
}

/** The same windows of sound that comes in blocks of any sizes; about two windows are held. */
export class Cutter {
  #held = new Float32Array(0);
  #waiting = []; // after what is held; joined when a window is full
  #first = 0; // sample number of held[0]
  #start = 0; // of the next full window
  #samples = 0;

  constructor(window, hop) {
    this.window = window;
    this.hop = hop;
  }

  /** Take a block, which must not be changed afterwards; returns [start, samples] of the windows that it completes. */
  push(block) {
    this.#waiting.push(block);
    this.#samples += block.length;
    const { window } = this;
    const found = [];
    if (this.#samples <= ONE_PIECE * window || this.#start + window > this.#samples) return found;
    this.#join();
    while (this.#start + window <= this.#samples) {
      const offset = this.#start - this.#first;
      found.push([this.#start, this.#held.slice(offset, offset + window)]);
      this.#start += this.hop;
    }
    // The last window's worth stays: the tail window is made of it.
    const keepFrom = Math.max(this.#first, Math.min(this.#start, this.#samples - window));
    this.#held = this.#held.slice(keepFrom - this.#first);
    this.#first = keepFrom;
    return found;
  }

  /** What is left at the end: all of a short recording, else the window that ends with it. */
  finish() {
    this.#join();
    const { window } = this;
    if (this.#samples <= ONE_PIECE * window) return this.#samples ? [[0, this.#held]] : [];
    if (this.#start - this.hop + window >= this.#samples) return [];
    return [[this.#samples - window, this.#held.slice(this.#held.length - window)]];
  }

  #join() {
    const blocks = [this.#held, ...this.#waiting];
    const joined = new Float32Array(blocks.reduce((sum, block) => sum + block.length, 0));
    let at = 0;
    for (const block of blocks) {
      joined.set(block, at);
      at += block.length;
    }
    this.#held = joined;
    this.#waiting = [];
  }
}
