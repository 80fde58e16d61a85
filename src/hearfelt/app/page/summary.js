// What was heard, in words.

import { nameOf } from "./emotions.js";
import { duration, share, text } from "./texts.js";

const QUITE = 0.7;
const FAIRLY = 0.45;
const ALL = 0.995; // of the speech
const MOSTLY = 0.5; // of the speech
const NAMED = 3; // emotions that are told beside the first

/** "quite sure", "fairly sure" or "not sure". */
export function sureness(confidence) {
  return confidence >= QUITE ? 3 : confidence >= FAIRLY ? 2 : 1;
}

/**
 * @param {{duration: number, segments: Array}} timeline
 * @returns {{title: string, words: string, probabilities: Object<string, number>}} the probabilities are means over the speech.
 */
export function summarize(timeline) {
  const seconds = new Map();
  const sums = {};
  let speech = 0;
  let sure = 0;
  for (const segment of timeline.segments) {
    if (segment.emotion === "no_speech") continue;
    const length = segment.end - segment.start;
    speech += length;
    sure += length * (segment.confidence ?? 0);
    for (const [label, value] of Object.entries(segment.probabilities)) sums[label] = (sums[label] ?? 0) + length * value;
    seconds.set(segment.emotion, (seconds.get(segment.emotion) ?? 0) + length);
  }
  const whole = duration(timeline.duration);
  if (speech === 0) return { title: text("result.none"), words: text("result.none.text", { duration: whole }), probabilities: {} };
  const shares = [...seconds].map(([emotion, length]) => [emotion, length / speech]).sort((one, other) => other[1] - one[1]);
  const [first, part] = shares[0];
  const emotion = nameOf(first);
  const sentences = [text("result.speech", { speech: duration(speech), duration: whole })];
  if (part >= ALL) {
    sentences.push(text("result.all", { emotion }));
  } else {
    sentences.push(text("result.share", { emotion, share: share(part) }));
    const rest = shares
      .slice(1, 1 + NAMED)
      .map(([other, value]) => text("result.next.item", { emotion: nameOf(other), share: share(value) }));
    sentences.push(text("result.next", { rest: rest.join(", ") }));
  }
  sentences.push(text(`result.sure.${sureness(sure / speech)}`, { share: share(sure / speech) }));
  const most = shares.slice(0, NAMED).map(([label]) => nameOf(label));
  const kind = part >= ALL ? "result.only" : part > MOSTLY ? "result.mostly" : "result.mixed";
  const title = text(kind, { emotion, emotions: most.join(", ") });
  const probabilities = Object.fromEntries(Object.entries(sums).map(([label, value]) => [label, value / speech]));
  return { title: title.charAt(0).toUpperCase() + title.slice(1), words: sentences.join(" "), probabilities };
}
