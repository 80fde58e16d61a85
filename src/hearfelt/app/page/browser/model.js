// One model in WebAssembly: probabilities of windows.

import { Fault } from "./fault.js";
import { hasSpeech } from "./voice_activity.js";

const LEAST = 1e-30;

export class Model {
  #turn = Promise.resolve(); // one run at a time

  /**
   * @param {object} specification model.json of the bundle.
   * @param {object} ort onnxruntime-web.
   * @param {object} session of it.
   */
  constructor(specification, ort, session) {
    this.specification = specification;
    this.ort = ort;
    this.session = session;
    const rate = specification.sample_rate;
    this.window = Math.max(1, Math.round(specification.window_seconds * rate));
    this.hop = Math.min(this.window, Math.max(1, Math.round(specification.hop_seconds * rate)));
    this.shortest = Math.round(specification.min_seconds * rate);
  }

  /**
   * @param {string} base address of the folder that index.html is in.
   * @param {{model: string, runtime: string}} config browser.json
   * @param {(share: number) => void} onProgress
   */
  static async load(base, config, onProgress) {
    const loaded = {};
    const count = (name, [done, total]) => {
      loaded[name] = { done, total };
      const sum = (key) => Object.values(loaded).reduce((all, one) => all + one[key], 0);
      if (Object.keys(loaded).length === 2) onProgress(Math.min(1, sum("done") / sum("total")));
    };
    const sizes = config.bytes;
    const [specification, wasm, graph] = await Promise.all([
      fetchBytes(new URL("model/model.json", base)).then((bytes) => JSON.parse(new TextDecoder().decode(bytes))),
      fetchBytes(new URL("runtime/ort.wasm", base), (done) => count("wasm", [done, sizes.runtime])),
      fetchBytes(new URL("model/model.onnx", base), (done) => count("graph", [done, sizes.model])),
    ]);
    await check(graph, specification.provenance.model_sha256, "model.onnx");
    let ort, session;
    try {
      ort = await import(new URL("runtime/ort.js", base));
      ort.env.logLevel = "error";
      ort.env.wasm.numThreads = 1; // more need headers that plain servers do not send
      ort.env.wasm.wasmBinary = wasm;
      session = await ort.InferenceSession.create(graph, { executionProviders: ["wasm"], logSeverityLevel: 3 });
    } catch (error) {
      throw new Fault("browser.no_runtime", { reason: oneLine(error) });
    }
    return new Model(specification, ort, session);
  }

  /** Probabilities of a window; null where no speech is in it. */
  async hear(samples) {
    if (!hasSpeech(samples, this.specification.sample_rate)) return null;
    const padded = new Float32Array(Math.max(samples.length, this.shortest));
    padded.set(samples);
    const before = this.#turn;
    const run = before.then(() => this.#run(padded));
    this.#turn = run.catch(() => {});
    return run;
  }

  async #run(samples) {
    const { Tensor } = this.ort;
    const waveform = new Tensor("float32", samples, [1, samples.length]);
    const lengths = new Tensor("int64", BigInt64Array.of(BigInt(samples.length)), [1]);
    let found;
    try {
      found = await this.session.run({ waveform, lengths }, ["probabilities"]);
    } catch (error) {
      throw new Fault("browser.run_failed", { reason: oneLine(error) });
    }
    const { data } = found.probabilities;
    if (data.length !== this.specification.labels.length || !data.every(Number.isFinite)) {
      throw new Fault("browser.run_failed", { reason: `${data.length} values, or some that are no numbers` });
    }
    const kept = Float64Array.from(data, (value) => Math.max(value, LEAST));
    const sum = kept.reduce((a, b) => a + b, 0);
    return kept.map((value) => value / sum);
  }
}

async function fetchBytes(url, onBytes) {
  let response;
  try {
    response = await fetch(url);
    if (!response.ok) throw new Error(`status ${response.status}`);
    const parts = [];
    let done = 0;
    const reader = response.body.getReader();
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      parts.push(read.value);
      done += read.value.length;
      onBytes?.(done);
    }
    const whole = new Uint8Array(done);
    let at = 0;
    for (const part of parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  } catch (error) {
    throw new Fault("browser.not_loaded", { file: url.pathname.split("/").at(-1), reason: oneLine(error) }, "gone");
  }
}

/** Refuse a file that is not the one it should be; browsers compute hashes on https and on this machine only. */
async function check(bytes, expected, file) {
  if (!expected || !globalThis.crypto?.subtle) return;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const found = Array.from(digest, (value) => value.toString(16).padStart(2, "0")).join("");
  if (found !== expected) throw new Fault("browser.damaged", { file });
}

function oneLine(error) {
  return String(error?.message ?? error).split("\n")[0].slice(0, 300);
}
