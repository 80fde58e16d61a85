// The engine that asks the server which the page came from. README.md beside this file states the interface.

import { EngineError } from "./errors.js";
import { asWav } from "./recording.js";
import { text } from "./texts.js";

const MOST_CONVERTED = 100e6; // bytes
const FORMATS = ["json", "jsonl", "csv", "srt", "vtt", "textgrid", "eaf", "rttm", "audacity", "html", "png"];

/** @returns {Promise<object>} an engine. */
export async function createEngine() {
  return new ServerEngine(new URL("v1/", document.baseURI));
}

class ServerEngine {
  kind = "server";
  formats = FORMATS;
  maxSeconds = null;
  maxBytes = null;
  #token = "";
  #converted = new WeakMap(); // file -> what is sent instead

  constructor(base) {
    this.base = base;
  }

  setToken(token) {
    this.#token = token.trim();
  }

  async models() {
    const { models } = await (await this.#ask("models")).json();
    return models.map((model) => ({ ...model.specification, ...model }));
  }

  async samples() {
    try {
      const names = await (await this.#ask("../samples")).json();
      return names.map((name) => ({ name, url: new URL(`../samples/${encodeURIComponent(name)}`, this.base).href }));
    } catch {
      return []; // a server without samples
    }
  }

  async recognize(file, options = {}) {
    return (await this.#send("recognize", file, options)).json();
  }

  async timeline(file, options = {}) {
    const path = `timeline?format=json&windows=${Boolean(options.windows)}`;
    const [timeline] = await (await this.#send(path, file, options)).json();
    return timeline;
  }

  async download(file, format, { signal } = {}) {
    const sound = format === "html" ? "&audio=embed" : "";
    return (await this.#send(`timeline?format=${encodeURIComponent(format)}${sound}`, file, { signal })).blob();
  }

  async #send(path, file, { signal, onProgress } = {}) {
    onProgress?.(null, "computing");
    const sent = this.#converted.get(file) ?? file;
    try {
      return await this.#post(path, sent, signal);
    } catch (error) {
      if (![415, 422].includes(error.status) || sent !== file || file.size > MOST_CONVERTED) throw error;
      const wav = await asWav(file).catch(() => null); // M4A of telephones, which servers cannot decode, browsers can
      if (wav === null) throw error;
      this.#converted.set(file, wav);
      return this.#post(path, wav, signal);
    }
  }

  async #post(path, file, signal) {
    const body = new FormData();
    body.append("file", file, file.name || "recording.wav");
    return this.#ask(path, { method: "POST", body, signal });
  }

  async #ask(path, request = {}) {
    const headers = this.#token ? { Authorization: `Bearer ${this.#token}` } : {};
    let response;
    try {
      response = await fetch(new URL(path, this.base), { ...request, headers, cache: "no-store" });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new EngineError(text("error.gone"), { kind: "gone" });
    }
    if (!response.ok) throw await refusal(response);
    return response;
  }

  /** The microphone: a WebSocket that takes samples and gives events. */
  stream({ sampleRate, onEvent, onError }) {
    const address = new URL("stream", this.base);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(address);
    socket.binaryType = "arraybuffer";
    const waiting = [];
    let over = false;
    let finished;
    const ended = new Promise((resolve) => {
      finished = resolve;
    });
    const finish = () => {
      over = true;
      finished();
      socket.close();
    };
    const fail = (message, more) => {
      if (over) return;
      finish();
      onError(new EngineError(message, more));
    };
    const send = (data) => {
      if (over) return;
      if (socket.readyState === WebSocket.OPEN) socket.send(data);
      else waiting.push(data);
    };
    socket.onopen = () => {
      const begin = { sample_rate: sampleRate, format: "f32le" };
      if (this.#token) begin.token = this.#token; // browsers cannot set headers here
      socket.send(JSON.stringify(begin));
      for (const data of waiting.splice(0)) socket.send(data);
    };
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(data);
      if (message.error) fail(message.error, { kind: message.status === 401 ? "token" : "input" });
      else if ("emotion" in message) onEvent(message);
      else if (message.type === "end") finish();
    };
    socket.onclose = ({ code, reason, wasClean }) => {
      if (wasClean && (code === 1000 || code === 1005)) finish();
      else if (code === 1008) fail(reason || text("error.token"), { kind: "token" });
      else if (code === 1013) fail(reason || text("error.busy"), { kind: "busy" });
      else fail(reason || text("error.gone"), { kind: "gone" });
    };
    return {
      feed: (samples) => send(samples.slice().buffer),
      end: () => {
        send(JSON.stringify({ end: true }));
        return ended;
      },
      close: finish,
    };
  }
}

/** What a refusal of the server means: its own sentence where it gives one. */
async function refusal(response) {
  let said = "";
  try {
    said = (await response.json()).error ?? "";
  } catch {
    // an answer of a proxy between; its page is for nobody
  }
  const { status } = response;
  const refused = (kind, otherwise, more) => Object.assign(new EngineError(said || otherwise, { kind, ...more }), { status });
  if (status === 401 || status === 403) return refused("token", text("error.token"));
  if (status === 429 || status === 503) {
    return refused("busy", text("error.busy"), { retryAfter: Number(response.headers.get("Retry-After")) || null });
  }
  if ([400, 413, 415, 422].includes(status)) return refused("input", text("error.input"));
  return refused("broken", text("error.broken", { status }));
}
