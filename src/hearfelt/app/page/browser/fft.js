// Fourier transforms of one size, made once and used often.

export class Fourier {
  /** @param {number} size any; powers of two are fast. */
  constructor(size) {
    this.size = size;
    this.real = new Float64Array(size);
    this.imaginary = new Float64Array(size);
    this.cosines = Float64Array.from({ length: size }, (_, k) => Math.cos((2 * Math.PI * k) / size));
    this.sines = Float64Array.from({ length: size }, (_, k) => Math.sin((2 * Math.PI * k) / size));
    this.isFast = (size & (size - 1)) === 0;
    if (this.isFast) this.reversed = bitReversal(size);
  }

  /** Power of the bins 0 to size / 2 of real samples, which are padded with zeros. */
  power(samples, into) {
    this.#transform(samples);
    for (let k = 0; k < into.length; k++) {
      into[k] = this.real[k] * this.real[k] + this.imaginary[k] * this.imaginary[k];
    }
    return into;
  }

  /** The real signal whose spectrum is real and even: values of the bins 0 to size / 2. */
  fromEven(bins, into) {
    const { size } = this;
    const whole = new Float64Array(size);
    for (let k = 0; k < bins.length; k++) {
      whole[k] = bins[k];
      if (k > 0) whole[size - k] = bins[k];
    }
    this.#transform(whole);
    for (let k = 0; k < into.length; k++) into[k] = this.real[k] / size;
    return into;
  }

  #transform(samples) {
    if (this.isFast) this.#fast(samples);
    else this.#slow(samples);
  }

  #fast(samples) {
    const { size, real, imaginary, cosines, sines, reversed } = this;
    imaginary.fill(0);
    for (let k = 0; k < size; k++) real[reversed[k]] = k < samples.length ? samples[k] : 0;
    for (let width = 2; width <= size; width *= 2) {
      const half = width / 2;
      const step = size / width;
      for (let first = 0; first < size; first += width) {
        for (let k = 0; k < half; k++) {
          const a = first + k;
          const b = a + half;
          const c = cosines[k * step];
          const s = -sines[k * step];
          const re = real[b] * c - imaginary[b] * s;
          const im = real[b] * s + imaginary[b] * c;
          real[b] = real[a] - re;
          imaginary[b] = imaginary[a] - im;
          real[a] += re;
          imaginary[a] += im;
        }
      }
    }
  }

  // Models at 16 kHz never come here; those at other rates may have frames of any size.
  #slow(samples) {
    const { size, real, imaginary, cosines, sines } = this;
    const count = Math.min(size, samples.length);
    for (let bin = 0; bin <= size / 2; bin++) {
      let re = 0;
      let im = 0;
      for (let k = 0, place = 0; k < count; k++) {
        re += samples[k] * cosines[place];
        im -= samples[k] * sines[place];
        place += bin;
        if (place >= size) place -= size;
      }
      real[bin] = re;
      imaginary[bin] = im;
      if (bin > 0) {
        real[size - bin] = re;
        imaginary[size - bin] = -im;
      }
    }
  }
}

function bitReversal(size) {
  const reversed = new Uint32Array(size);
  for (let k = 1; k < size; k++) reversed[k] = (reversed[k >> 1] >> 1) | (k & 1 ? size >> 1 : 0);
  return reversed;
}
