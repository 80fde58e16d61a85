// The microphone as blocks of mono samples, through an AudioWorklet.

import { EngineError } from "./errors.js";
import { text } from "./texts.js";

/** Sound as it is: what makes calls pleasant removes what emotions are heard by. */
const AS_IT_IS = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };

/**
 * @param {{onSamples: (samples: Float32Array) => void, onLost: () => void}} handlers
 * @returns {Promise<{sampleRate: number, close: () => void}>}
 * @throws {EngineError} a sentence for every way in which it cannot be opened.
 */
export async function openMicrophone({ onSamples, onLost }) {
  if (!navigator.mediaDevices?.getUserMedia || typeof AudioWorkletNode !== "function") {
    throw new EngineError(text("error.mic.insecure"), { kind: "input" });
  }
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ audio: AS_IT_IS });
  } catch (error) {
    throw new EngineError(text(reason(error)), { kind: "input" });
  }
  const context = new AudioContext();
  const close = () => {
    for (const track of stream.getTracks()) track.stop();
    if (context.state !== "closed") context.close();
  };
  try {
    await context.audioWorklet.addModule(new URL("microphone_worklet.js", import.meta.url));
    await context.resume();
  } catch (error) {
    close();
    throw new EngineError(text("error.unexpected", { message: error.message }));
  }
  const gatherer = new AudioWorkletNode(context, "gatherer", { numberOfOutputs: 0 });
  gatherer.port.onmessage = ({ data }) => onSamples(data);
  context.createMediaStreamSource(stream).connect(gatherer);
  stream.getAudioTracks()[0].addEventListener("ended", onLost);
  return { sampleRate: context.sampleRate, close };
}

function reason(error) {
  if (error.name === "NotAllowedError" || error.name === "SecurityError") return "error.mic.denied";
  if (error.name === "NotFoundError" || error.name === "OverconstrainedError") return "error.mic.none";
  return "error.mic.used";
}
