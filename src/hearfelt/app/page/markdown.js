// The part of Markdown that model cards use, as elements: text is never read as HTML.

const INLINE = /`([^`]+)`|\*\*([^*]+)\*\*|\[([^\]]+)\]\((https?:[^)\s]+)\)/g;

/** @param {string} source @param {number} level of its first heading. @returns {DocumentFragment} */
export function markdown(source, level = 3) {
  const root = document.createDocumentFragment();
  for (const block of source.replace(/\r/g, "").split(/\n{2,}/)) {
    const lines = block.split("\n").filter((line) => line.trim());
    if (!lines.length) continue;
    const heading = /^(#+)\s+(.*)/.exec(lines[0]);
    if (heading) {
      root.append(element(`h${Math.min(6, level - 1 + heading[1].length)}`, heading[2]));
      lines.shift();
      if (!lines.length) continue;
    }
    if (lines[0].startsWith("|")) root.append(table(lines));
    else if (/^\s*[-*] /.test(lines[0])) root.append(list(lines));
    else if (/^ {4}/.test(lines[0])) root.append(code(lines));
    else root.append(element("p", lines.join(" ")));
  }
  return root;
}

function element(name, words) {
  const made = document.createElement(name);
  let last = 0;
  for (const found of words.matchAll(INLINE)) {
    made.append(words.slice(last, found.index));
    last = found.index + found[0].length;
    const inner = document.createElement(found[1] ? "code" : found[2] ? "strong" : "a");
    inner.textContent = found[1] ?? found[2] ?? found[3];
    if (found[4]) {
      inner.href = found[4];
      inner.rel = "noreferrer";
    }
    made.append(inner);
  }
  made.append(words.slice(last));
  return made;
}

function list(lines) {
  const items = [];
  for (const line of lines) {
    const item = /^\s*[-*] (.*)/.exec(line);
    if (item) items.push(item[1]);
    else items[items.length - 1] += ` ${line.trim()}`;
  }
  const made = document.createElement("ul");
  made.append(...items.map((item) => element("li", item)));
  return made;
}

function code(lines) {
  const made = document.createElement("pre");
  made.tabIndex = 0; // it scrolls where it is wider than the screen
  made.textContent = lines.map((line) => line.slice(4)).join("\n");
  return made;
}

function table(lines) {
  const rows = lines.map((line) => line.replace(/^\||\|\s*$/g, "").split("|").map((cell) => cell.trim()));
  const made = document.createElement("table");
  rows
    .filter((_, index) => index !== 1) // the line of dashes
    .forEach((cells, index) => {
      const line = made.insertRow();
      line.append(...cells.map((cell) => element(index ? "td" : "th", cell)));
    });
  const around = document.createElement("div");
  around.className = "scroll";
  around.tabIndex = 0;
  around.append(made);
  return around;
}
