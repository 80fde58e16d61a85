// The engine that asks the server which the page came from. README.md beside this file states the interface.

import { EngineError } from "./errors.js";
import { text } from "./texts.js";

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

  constructor(base) {
    this.base = base;
  }

  setToken(token) {
    this.#token = token.trim();
  }

  async models() {
    const answer = await (await this.#ask("models")).json();
    const models = Array.isArray(answer) ? answer : answer.models;
    this.maxSeconds = answer.limits?.max_seconds ?? null;
    this.maxBytes = answer.limits?.max_megabytes ? answer.limits.max_megabytes * 1e6 : null;
    return models;
  }

  /** Recordings to try; a server that has none answers 404. */
  async samples() {
    try {
      const answer = await (await this.#ask("samples")).json();
      const samples = Array.isArray(answer) ? answer : answer.samples;
      return samples.map((one) => {
        const name = typeof one === "string" ? one : one.name;
        return { name, url: new URL(one.url ?? `samples/${encodeURIComponent(name)}`, this.base).href };
      });
    } catch {
      return [];
    }
  }

  async recognize(file, options = {}) {
    return this.#answer("recognize", file, options);
  }

  async timeline(file, options = {}) {
    return this.#answer("timeline?format=json", file, options);
  }

  async download(file, format, { signal } = {}) {
    return (await this.#send(`timeline?format=${encodeURIComponent(format)}`, file, { signal })).blob();
  }

  async #answer(path, file, options) {
    let answer = await (await this.#send(path, file, options)).json();
    if (Array.isArray(answer)) answer = answer[0];
    if (answer.error) throw new EngineError(answer.error, { kind: "input" });
    return answer;
  }

  async #send(path, file, { signal, onProgress } = {}) {
    const body = new FormData();
    body.append("file", file, file.name || "recording.wav");
    onProgress?.(null, "computing");
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
      else if (message.end || message.type === "end") finish();
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
    const answer = await response.json();
    const detail = answer.error ?? answer.detail ?? answer.message;
    said = typeof detail === "string" ? detail : (detail?.message ?? "");
  } catch {
    // an answer of a proxy between; its page is for nobody
  }
  const { status } = response;
  if (status === 401 || status === 403) return new EngineError(said || text("error.token"), { kind: "token" });
  if (status === 429 || status === 503) {
    const retryAfter = Number(response.headers.get("Retry-After")) || null;
    return new EngineError(said || text("error.busy"), { kind: "busy", retryAfter });
  }
  if ([400, 413, 415, 422].includes(status)) {
    return new EngineError(said || text("error.input"), { kind: "input" });
  }
  return new EngineError(said || text("error.broken", { status }), { kind: "broken" });
}
