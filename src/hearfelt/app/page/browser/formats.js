// The timeline JSON as the text formats of hearfelt timeline, for one recording with its channels mixed.

const round = (value, digits) => value.toFixed(digits);

export const FORMATS = {
  json: { type: "application/json", render: (timeline) => `[\n${JSON.stringify(timeline)}\n]\n` },
  jsonl: { type: "application/x-ndjson", render: (timeline) => `${JSON.stringify(timeline)}\n` },
  csv: { type: "text/csv", render: csv },
  srt: { type: "application/x-subrip", render: srt },
  vtt: { type: "text/vtt", render: vtt },
  textgrid: { type: "text/plain", render: textGrid },
  rttm: { type: "text/plain", render: rttm },
  audacity: { type: "text/plain", render: audacity },
};

function csv({ path, labels, segments }) {
  const head = ["path", "start", "end", "channel", "speaker", "emotion", "confidence"];
  const rows = segments.map(({ start, end, emotion, confidence, probabilities }) =>
    [path, start, end, "", "", emotion, confidence, ...labels.map((label) => probabilities[label])].map(cell),
  );
  return [[...head, ...labels.map((label) => `p_${label}`)], ...rows].map((row) => `${row.join(",")}\n`).join("");
}

function cell(value) {
  const said = value === null || value === undefined ? "" : String(value);
  return /[",\r\n]/.test(said) ? `"${said.replaceAll('"', '""')}"` : said;
}

function srt({ segments }) {
  return milliseconds(segments)
    .map(([start, end, one], k) => `${k + 1}\n${clock(start, ",")} --> ${clock(end, ",")}\n${saysEmotion(one)}\n\n`)
    .join("");
}

function vtt({ segments }) {
  const cues = milliseconds(segments).map(([start, end, one]) => {
    const name = one.emotion.replace(/[^\p{L}\p{N}_-]/gu, "_");
    const said = saysEmotion(one).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
    return `${clock(start, ".")} --> ${clock(end, ".")}\n<c.${name}>${said}</c>\n\n`;
  });
  return `WEBVTT\n\n${cues.join("")}`;
}

/** Times for formats that count milliseconds: rounded, one at least. */
function milliseconds(segments) {
  return segments.map((one) => {
    const start = Math.round(one.start * 1000);
    return [start, Math.max(start + 1, Math.round(one.end * 1000)), one];
  });
}

function clock(time, mark) {
  const two = (value) => String(Math.floor(value)).padStart(2, "0");
  const clockTime = `${two(time / 3600000)}:${two((time / 60000) % 60)}:${two((time / 1000) % 60)}`;
  return `${clockTime}${mark}${String(time % 1000).padStart(3, "0")}`;
}

function saysEmotion({ emotion, confidence }) {
  return emotion.replaceAll("_", " ") + (confidence === null ? "" : ` ${Math.round(confidence * 100)}%`);
}

function audacity({ segments }) {
  return segments.map((one) => `${round(one.start, 6)}\t${round(one.end, 6)}\t${saysEmotion(one)}\n`).join("");
}

function rttm({ path, segments }) {
  const name = path.replace(/\.[^.]*$/, "").split(/\s+/).filter(Boolean).join("_") || "recording";
  return segments
    .map(({ start, end, emotion, confidence }) => {
      const sure = confidence === null ? "<NA>" : round(confidence, 6);
      return `SPEAKER ${name} 1 ${round(start, 6)} ${round(end - start, 6)} <NA> <NA> ${emotion} ${sure} <NA>\n`;
    })
    .join("");
}

function textGrid({ duration, segments }) {
  const rows = [
    ["emotion", intervals(segments, duration, ({ emotion }) => emotion)],
    ["emotion confidence", intervals(segments, duration, (one) => (one.confidence === null ? "-" : round(one.confidence, 3)))],
  ];
  const lines = [
    'File type = "ooTextFile"',
    'Object class = "TextGrid"',
    "",
    "xmin = 0",
    `xmax = ${plain(duration)}`,
    "tiers? <exists>",
    `size = ${rows.length}`,
    "item []:",
  ];
  rows.forEach(([name, found], number) => {
    lines.push(`    item [${number + 1}]:`, '        class = "IntervalTier"', `        name = ${quoted(name)}`);
    lines.push("        xmin = 0", `        xmax = ${plain(duration)}`, `        intervals: size = ${found.length}`);
    found.forEach(([start, end, said], place) => {
      lines.push(`        intervals [${place + 1}]:`, `            xmin = ${plain(start)}`);
      lines.push(`            xmax = ${plain(end)}`, `            text = ${quoted(said)}`);
    });
  });
  return `${lines.join("\n")}\n`;
}

/** Gaps are intervals without text. */
function intervals(segments, duration, says) {
  const found = [];
  let at = 0;
  for (const one of segments) {
    if (one.start > at) found.push([at, one.start, ""]);
    found.push([one.start, one.end, says(one)]);
    at = one.end;
  }
  if (at < duration || !found.length) found.push([at, duration, ""]);
  return found;
}

function plain(seconds) {
  return round(seconds, 6).replace(/\.?0+$/, "");
}

function quoted(said) {
  return `"${said.replaceAll('"', '""')}"`;
}
