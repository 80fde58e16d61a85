// Recordings as numbers: decoded for the waveform, and written as WAV.

const DRAWN_RATE = 8000; // hertz, enough to draw
const BUCKETS = 2000; // a minimum and a maximum each
const MOST_BYTES = 150e6; // more would be decoded into gigabytes

/**
 * What a waveform is drawn from, or null where this browser cannot decode the recording.
 * @param {Blob} file
 * @returns {Promise<{peaks: Float32Array, duration: number}|null>}
 */
export async function peaksOf(file) {
  if (file.size > MOST_BYTES) return null;
  let buffer;
  try {
    buffer = await decode(file, DRAWN_RATE);
  } catch {
    return null;
  }
  const channels = Array.from({ length: buffer.numberOfChannels }, (_, index) => buffer.getChannelData(index));
  const step = Math.max(1, buffer.length / BUCKETS);
  const count = Math.ceil(buffer.length / step);
  const peaks = new Float32Array(count);
  for (let bucket = 0; bucket < count; bucket += 1) {
    const end = Math.min(buffer.length, Math.ceil((bucket + 1) * step));
    let most = 0;
    for (const channel of channels) {
      for (let at = Math.floor(bucket * step); at < end; at += 1) most = Math.max(most, Math.abs(channel[at]));
    }
    peaks[bucket] = most;
  }
  return { peaks, duration: buffer.duration };
}

/** The recording as mono WAV at 16 kHz, for engines that cannot decode what this browser can; throws where it cannot. */
export async function asWav(file) {
  const buffer = await decode(file, 16000);
  const mono = new Float32Array(buffer.length);
  for (let index = 0; index < buffer.numberOfChannels; index += 1) {
    const channel = buffer.getChannelData(index);
    for (let at = 0; at < mono.length; at += 1) mono[at] += channel[at] / buffer.numberOfChannels;
  }
  return new File([wav([toInt16(mono)], 16000)], file.name || "recording.wav", { type: "audio/wav" });
}

async function decode(file, rate) {
  return new OfflineAudioContext(1, 1, rate).decodeAudioData(await file.arrayBuffer());
}

/** Samples of -1 to 1 as 16-bit numbers. */
export function toInt16(samples) {
  return Int16Array.from(samples, (value) => Math.max(-32768, Math.min(32767, Math.round(value * 32768))));
}

/**
 * @param {Int16Array[]} chunks mono
 * @param {number} rate hertz
 * @returns {Blob} WAV
 */
export function wav(chunks, rate) {
  const bytes = chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
  const header = new DataView(new ArrayBuffer(44));
  const letters = (at, word) => [...word].forEach((letter, index) => header.setUint8(at + index, letter.charCodeAt(0)));
  letters(0, "RIFF");
  header.setUint32(4, 36 + bytes, true);
  letters(8, "WAVEfmt ");
  header.setUint32(16, 16, true);
  header.setUint16(20, 1, true); // PCM
  header.setUint16(22, 1, true); // mono
  header.setUint32(24, rate, true);
  header.setUint32(28, rate * 2, true);
  header.setUint16(32, 2, true);
  header.setUint16(34, 16, true);
  letters(36, "data");
  header.setUint32(40, bytes, true);
  return new Blob([header, ...chunks], { type: "audio/wav" });
}
