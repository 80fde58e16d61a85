// The answer as a file, in every format that the engine gives.

import { text } from "./texts.js";

const SUFFIXES = { textgrid: "TextGrid", audacity: "txt" };

/**
 * @param {{list: HTMLElement, status: HTMLElement, error: HTMLElement}} places
 * @param {object} engine
 * @param {File} file that was heard.
 * @param {object} timeline its answer.
 * @param {boolean} own whether it was recorded here, so that it can be saved as well.
 */
export function showDownloads({ list, status, error }, engine, file, timeline, own) {
  const stem = file.name.replace(/\.[^.]*$/, "") || "recording";
  status.textContent = "";
  error.hidden = true;
  const item = (format, make) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button";
    button.dataset.format = format;
    const name = document.createElement("span");
    name.textContent = text(`download.${format}`);
    const hint = document.createElement("span");
    hint.className = "hint";
    hint.textContent = text(`download.${format}.hint`);
    button.append(name, " ", hint);
    button.addEventListener("click", async () => {
      error.hidden = true;
      status.textContent = text("busy.download");
      button.setAttribute("aria-busy", "true");
      try {
        const target = `${stem}.${SUFFIXES[format] ?? (format === "recording" ? "wav" : format)}`;
        save(await make(), target);
        status.textContent = text("download.saved", { file: target });
      } catch (failure) {
        status.textContent = "";
        error.textContent = failure.message;
        error.hidden = false;
      } finally {
        button.removeAttribute("aria-busy");
      }
    });
    const entry = document.createElement("li");
    entry.append(button);
    return entry;
  };
  list.replaceChildren(
    ...engine.formats.map((format) => item(format, () => engine.download(file, format, { timeline }))),
    ...(own ? [item("recording", async () => file)] : []),
  );
}

function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // after the browser has taken it
}
