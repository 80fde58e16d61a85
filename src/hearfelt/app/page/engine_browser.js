// The engine that computes in the browser: nothing leaves the machine. README.md beside this file states the interface.

import { decode } from "./browser/decode.js";
import { FORMATS } from "./browser/formats.js";
import { EngineError } from "./errors.js";
import { text } from "./texts.js";

const MAX_SECONDS = 3600; // a decoded recording is held as a whole
const MAX_BYTES = 500e6;
const CONTROL_MS = 5000; // how long to wait for the service worker, without which all works but for being offline

/** @returns {Promise<object>} an engine; the model is loaded in the background. */
export async function createEngine() {
  if (typeof WebAssembly !== "object" || typeof OfflineAudioContext !== "function") {
    throw new EngineError(text("browser.too_old"));
  }
  const base = new URL(".", document.baseURI).href;
  await serveOffline(base);
  let config;
  try {
    const response = await fetch(new URL("browser.json", base));
    if (!response.ok) throw new Error(`status ${response.status}`);
    config = await response.json();
  } catch (error) {
    throw new EngineError(text("browser.not_loaded", { file: "browser.json", reason: error.message }), { kind: "gone" });
  }
  return new BrowserEngine(base, config);
}

/** Keep the page's files in the browser, so that it opens without a network next time. */
async function serveOffline(base) {
  const { serviceWorker } = navigator;
  if (!serviceWorker) return; // plain http to another machine, or switched off
  try {
    const controlled = new Promise((resolve) => {
      if (serviceWorker.controller) resolve();
      serviceWorker.addEventListener("controllerchange", () => resolve(), { once: true });
    });
    await serviceWorker.register(new URL("service_worker.js", base));
    await Promise.race([controlled, new Promise((resolve) => setTimeout(resolve, CONTROL_MS))]);
  } catch {
    // a browser that refuses it; the page works all the same
  }
}

/** On a first visit over a slow line the model may come before the service worker: let it have that too. */
async function keepLarge(base) {
  const { serviceWorker } = navigator;
  if (!serviceWorker) return;
  await serviceWorker.ready;
  for (const name of ["runtime/ort.wasm", "model/model.onnx"]) {
    if (await caches.match(new URL(name, base))) continue;
    await (await fetch(new URL(name, base))).arrayBuffer(); // from the browser's own cache where it kept it
  }
}

class BrowserEngine {
  kind = "browser";
  formats = Object.keys(FORMATS);
  maxSeconds = MAX_SECONDS;
  maxBytes = MAX_BYTES;
  #jobs = new Map(); // id -> {resolve, reject, onProgress}
  #streams = new Map(); // id -> {onEvent, onError, ended}
  #share = 0; // of the model that is loaded
  #fault = null;
  #last = 0;

  constructor(base, config) {
    this.base = base;
    this.config = config;
    this.worker = new Worker(new URL("./browser/worker.js", import.meta.url), { type: "module" });
    this.worker.onmessage = ({ data }) => this.#receive(data);
    this.worker.onerror = (event) => {
      event.preventDefault();
      this.#failAll(new EngineError(text("browser.crashed", { reason: event.message || "worker.js" })));
    };
    this.worker.postMessage({ load: { base, config } });
  }

  /** Nothing asks for a token here. */
  setToken() {}

  async models() {
    return this.config.models;
  }

  async samples() {
    return this.config.samples.map((name) => ({ name, url: new URL(`samples/${encodeURIComponent(name)}`, this.base).href }));
  }

  async recognize(file, options = {}) {
    return this.#ask("recognize", file, options);
  }

  async timeline(file, options = {}) {
    return this.#ask("timeline", file, options);
  }

  async download(file, format, { signal, timeline } = {}) {
    const { type, render } = FORMATS[format];
    return new Blob([render(timeline ?? (await this.timeline(file, { signal })))], { type });
  }

  async #ask(call, file, { signal, onProgress, windows }) {
    signal?.throwIfAborted();
    if (this.#fault) throw this.#fault;
    if (file.size > MAX_BYTES) throw new EngineError(text("browser.too_large", { most: MAX_BYTES / 1e6 }), { kind: "input" });
    const { channels, sampleRate } = await decode(file).catch((error) => {
      throw errorOf(error);
    });
    const seconds = channels[0].length / sampleRate;
    if (seconds > MAX_SECONDS) {
      const values = { minutes: Math.ceil(seconds / 60), most: MAX_SECONDS / 60 };
      throw new EngineError(text("browser.too_long", values), { kind: "input" });
    }
    signal?.throwIfAborted();
    const id = ++this.#last;
    return new Promise((resolve, reject) => {
      const stop = () => {
        this.worker.postMessage({ cancel: id });
        this.#jobs.delete(id);
        reject(signal.reason);
      };
      signal?.addEventListener("abort", stop, { once: true });
      const over = (settle) => (value) => {
        signal?.removeEventListener("abort", stop);
        settle(value);
      };
      this.#jobs.set(id, { resolve: over(resolve), reject: over(reject), onProgress });
      if (this.#share < 1) onProgress?.(this.#share || null, "loading");
      const path = file.name || "recording.wav";
      this.worker.postMessage({ id, call, path, channels, sampleRate, windows }, channels.map(({ buffer }) => buffer));
    });
  }

  /** The microphone: samples in, events out, while it speaks. */
  stream({ sampleRate, onEvent, onError }) {
    const id = ++this.#last;
    const { worker } = this;
    const rate = Math.round(sampleRate);
    const ended = new Promise((resolve) => {
      this.#streams.set(id, { onEvent, onError, ended: resolve });
    });
    if (this.#fault) queueMicrotask(() => this.#endStream(id, this.#fault));
    worker.postMessage({ stream: id, open: { sampleRate: rate } });
    return {
      feed: (samples) => {
        const copy = samples.slice();
        worker.postMessage({ stream: id, samples: copy }, [copy.buffer]);
      },
      end: () => {
        worker.postMessage({ stream: id, end: true });
        return ended;
      },
      close: () => {
        worker.postMessage({ stream: id, close: true });
        this.#endStream(id);
      },
    };
  }

  #receive(data) {
    if ("loading" in data) {
      this.#share = data.loading;
      for (const { onProgress } of this.#jobs.values()) onProgress?.(data.loading, "loading");
    } else if ("loaded" in data) {
      this.#share = 1;
      if (data.fault) this.#failAll(errorOf(data.fault));
      else keepLarge(this.base).catch(() => {}); // no room, or no network any more: next time
    } else if (data.stream) {
      const stream = this.#streams.get(data.stream);
      data.events?.forEach((event) => stream?.onEvent(event));
      if (data.fault) this.#endStream(data.stream, errorOf(data.fault));
      else if (data.ended) this.#endStream(data.stream);
    } else {
      const job = this.#jobs.get(data.id);
      if (!job) return; // it was cancelled
      if ("progress" in data) {
        job.onProgress?.(data.progress, "computing");
        return;
      }
      this.#jobs.delete(data.id);
      if (data.fault) job.reject(errorOf(data.fault));
      else job.resolve(data.result);
    }
  }

  #endStream(id, error) {
    const stream = this.#streams.get(id);
    this.#streams.delete(id);
    if (error) stream?.onError(error);
    stream?.ended();
  }

  #failAll(error) {
    this.#fault = error;
    for (const { reject } of this.#jobs.values()) reject(error);
    this.#jobs.clear();
    for (const id of [...this.#streams.keys()]) this.#endStream(id, error);
  }
}

function errorOf(fault) {
  return fault.key ? new EngineError(text(fault.key, fault.values), { kind: fault.kind }) : fault;
}
