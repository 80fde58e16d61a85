// A recording of any format that the browser plays, as samples at its own rate.
//
// decodeAudioData resamples to its context's rate with a filter that differs between browsers. So the rate is read from the
// file's header and the context made to fit; resample.js does the rest. Where the header is none that is known here (MP4,
// WebM) the context has 48 kHz, far above what the models hear.

import { Fault } from "./fault.js";

const USUAL_RATE = 48000;
const MP3_RATES = { 3: [44100, 48000, 32000], 2: [22050, 24000, 16000], 0: [11025, 12000, 8000] };

/**
 * @param {Blob} file
 * @returns {Promise<{channels: Float32Array[], sampleRate: number}>} channels that nobody else needs.
 */
export async function decode(file) {
  if (file.size === 0) throw new Fault("browser.empty", {}, "input");
  let bytes;
  try {
    bytes = await file.arrayBuffer();
  } catch (error) {
    throw new Fault("browser.unreadable", { reason: error.message }, "input");
  }
  // Every browser offers contexts of 8 to 96 kHz; the models hear nothing beyond.
  const rate = Math.min(96000, Math.max(8000, headerRate(new DataView(bytes)) ?? USUAL_RATE));
  let buffer;
  try {
    buffer = await new OfflineAudioContext(1, 1, rate).decodeAudioData(bytes);
  } catch {
    throw new Fault("browser.undecodable", {}, "input");
  }
  if (buffer.length === 0) throw new Fault("browser.empty", {}, "input");
  const channels = Array.from({ length: buffer.numberOfChannels }, (_, k) => buffer.getChannelData(k));
  return { channels, sampleRate: buffer.sampleRate };
}

/** Sample rate that the header of a WAV, FLAC, Ogg or MP3 file states; null where there is none. */
export function headerRate(view) {
  try {
    const rate = wavRate(view) ?? flacRate(view) ?? oggRate(view) ?? mp3Rate(view);
    return rate > 0 ? rate : null;
  } catch (error) {
    if (error instanceof RangeError) return null; // it ends within its header; the decoder says what is wrong
    throw error;
  }
}

function says(view, offset, text) {
  return [...text].every((letter, k) => view.getUint8(offset + k) === letter.charCodeAt(0));
}

function wavRate(view) {
  if (!says(view, 0, "RIFF") || !says(view, 8, "WAVE")) return null;
  for (let at = 12; at + 8 <= view.byteLength; ) {
    const size = view.getUint32(at + 4, true);
    if (says(view, at, "fmt ")) return view.getUint32(at + 12, true);
    at += 8 + size + (size % 2);
  }
  return null;
}

function flacRate(view) {
  return says(view, 0, "fLaC") ? view.getUint32(18) >>> 12 : null;
}

function oggRate(view) {
  if (!says(view, 0, "OggS")) return null;
  const packet = 27 + view.getUint8(26);
  if (says(view, packet, "OpusHead")) return 48000;
  return says(view, packet, "\x01vorbis") ? view.getUint32(packet + 12, true) : null;
}

function mp3Rate(view) {
  let at = 0;
  if (says(view, 0, "ID3")) {
    for (let k = 6; k < 10; k++) at = (at << 7) | (view.getUint8(k) & 0x7f);
    at += 10;
  }
  const head = view.getUint32(at);
  if (head >>> 21 !== 0x7ff || ((head >>> 17) & 3) === 0) return null; // no frame, or one of AAC
  return MP3_RATES[(head >>> 19) & 3]?.[(head >>> 10) & 3] ?? null;
}
