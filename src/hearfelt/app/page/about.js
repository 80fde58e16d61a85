// What the model is, how good, and what it is unfit for.

import { nameOf } from "./emotions.js";
import { markdown } from "./markdown.js";
import { share, text } from "./texts.js";

/** @param {Object<string, HTMLElement>} places warnings, facts, details, card */
export function showAbout({ warnings, facts, details, card }, model, kind) {
  warnings.replaceChildren(...(model.warnings ?? []).map((sentence) => filled("li", sentence)));
  const told = [filled("p", text("about.labels", { labels: model.labels.map(nameOf).join(", ") }))];
  const uar = model.metrics?.all?.uar;
  if (uar !== undefined) {
    const corpora = Object.keys(model.metrics).filter((name) => name !== "all").length;
    const values = { corpora, labels: model.labels.length, share: share(uar), chance: share(1 / model.labels.length) };
    told.push(filled("p", text("about.uar", values)));
  }
  if (model.licence) {
    const paragraph = filled("p", ` ${model.licence}`);
    paragraph.prepend(filled("strong", `${text("about.licence")}.`));
    told.push(paragraph);
  }
  if (kind === "server") {
    const link = filled("a", text("about.api.link"));
    link.href = "docs";
    const paragraph = filled("p", `${text("about.api")} `);
    paragraph.append(link);
    told.push(paragraph);
  }
  facts.replaceChildren(...told);
  details.hidden = !model.card;
  if (model.card) card.replaceChildren(markdown(model.card));
}

function filled(name, words) {
  const made = document.createElement(name);
  made.textContent = words;
  return made;
}
