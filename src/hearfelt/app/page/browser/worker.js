// Everything that takes time, away from the page: one model, any number of recordings and streams.
//
// In:  {load: {base, config}} | {id, call: "recognize"|"timeline", path, channels, sampleRate, windows} | {cancel: id}
//      {stream, open: {sampleRate}} | {stream, samples} | {stream, end: true} | {stream, close: true}
// Out: {loading: share} | {loaded: true} | {id, progress: share} | {id, result} | {id, fault}
//      {stream, events: [...]} | {stream, ended: true} | {stream, fault}        fault: {key, values, kind}

import { recognition, segment } from "./answers.js";
import { Fault } from "./fault.js";
import { Model } from "./model.js";
import { resample, Resampler } from "./resample.js";
import { timeline } from "./timeline.js";
import { Cutter, windows } from "./windows.js";

let model; // promise
const cancelled = new Set();
const running = new Set();
const streams = new Map();

self.onmessage = ({ data }) => {
  if (data.load) load(data.load);
  else if (data.call) job(data);
  else if (data.cancel && running.has(data.cancel)) cancelled.add(data.cancel);
  else if (data.stream) live(data);
};

function load({ base, config }) {
  model = Model.load(base, config, (share) => self.postMessage({ loading: share }));
  model.then(
    () => self.postMessage({ loaded: true }),
    (error) => self.postMessage({ loaded: false, fault: faultOf(error) }),
  );
}

async function job({ id, call, path, channels, sampleRate, windows: withWindows }) {
  running.add(id);
  try {
    const one = await model;
    const samples = resample(mixed(channels), sampleRate, one.specification.sample_rate);
    const hear = async (part, share) => {
      await breath();
      if (cancelled.has(id)) throw new Fault("browser.cancelled");
      self.postMessage({ id, progress: share });
      return one.hear(part);
    };
    const work = call === "timeline" ? timeline : recognize;
    self.postMessage({ id, result: await work(one.specification, path, samples, hear, withWindows) });
  } catch (error) {
    self.postMessage({ id, fault: faultOf(error) });
  } finally {
    running.delete(id);
    cancelled.delete(id);
  }
}

async function recognize(specification, path, samples, hear) {
  const { window, hop } = await model;
  const spans = windows(samples.length, window, hop);
  const heard = [];
  for (const [k, [start, end]] of spans.entries()) {
    heard.push({ start, end, values: await hear(samples.subarray(start, end), k / spans.length) });
  }
  return recognition(specification, path, heard);
}

/** Messages of one stream are worked through in their order. */
function live({ stream: id, open, samples, end, close }) {
  if (open) streams.set(id, { turn: Promise.resolve(), sampleRate: open.sampleRate });
  const stream = streams.get(id);
  if (!stream) return;
  if (close) {
    streams.delete(id);
    return;
  }
  stream.turn = stream.turn.then(async () => {
    if (!streams.has(id)) return;
    try {
      const one = await model;
      const rate = one.specification.sample_rate;
      stream.cutter ??= new Cutter(one.window, one.hop);
      stream.resampler ??= stream.sampleRate === rate ? null : new Resampler(stream.sampleRate, rate);
      const sound = samples ?? new Float32Array(0);
      const { cutter, resampler } = stream;
      const cut = cutter.push(resampler ? (end ? resampler.finish() : resampler.push(sound)) : sound);
      if (end) cut.push(...cutter.finish());
      for (const [start, part] of cut) {
        await breath();
        const values = await one.hear(part);
        if (!streams.has(id)) return;
        const events = [segment(one.specification, start, start + part.length, values)];
        self.postMessage({ stream: id, events });
      }
      if (end) {
        streams.delete(id);
        self.postMessage({ stream: id, ended: true });
      }
    } catch (error) {
      streams.delete(id);
      self.postMessage({ stream: id, fault: faultOf(error) });
    }
  });
}

function mixed(channels) {
  if (channels.length === 1) return channels[0];
  const mono = new Float32Array(channels[0].length);
  for (let k = 0; k < mono.length; k++) {
    let sum = 0;
    for (const channel of channels) sum += channel[k];
    mono[k] = sum / channels.length;
  }
  return mono;
}

/** Let messages in: another may be there to cancel, or sound to be heard. */
function breath() {
  return new Promise((resolve) => {
    setTimeout(resolve, 0);
  });
}

function faultOf(error) {
  if (error instanceof Fault) return { key: error.key, values: error.values, kind: error.kind };
  return { key: "browser.run_failed", values: { reason: String(error?.message ?? error) }, kind: "broken" };
}
