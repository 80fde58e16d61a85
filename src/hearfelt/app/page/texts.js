// All words of the page come from texts.<language>.json, the language that <html lang> names. To translate the page, copy texts.en.json.

const LANGUAGE = document.documentElement.lang || "en";
const response = await fetch(new URL(`texts.${LANGUAGE}.json`, import.meta.url));
const TEXTS = await response.json();

/**
 * A sentence by its key; {places} in it are filled in. A number called `count` chooses between `key.one` and `key`.
 * @param {string} key
 * @param {Object<string, string|number>} [values]
 */
export function text(key, values = {}) {
  const found = (values.count === 1 && TEXTS[`${key}.one`]) || TEXTS[key];
  if (found === undefined) return key; // a missing translation shows where it is missing
  return found.replace(/\{(\w+)\}/g, (place, name) => (name in values ? String(values[name]) : place));
}

/** Whether there are words for a key. */
export function hasText(key) {
  return key in TEXTS;
}

/** Fill the elements that name a text: data-text for their content, data-text-<attribute> for an attribute. */
export function fillIn(root = document) {
  for (const element of root.querySelectorAll("*")) {
    for (const [name, key] of Object.entries(element.dataset)) {
      if (name === "text") element.textContent = text(key);
      else if (name.startsWith("text")) {
        const attribute = name.slice(4).replace(/[A-Z]/g, (letter, place) => (place ? "-" : "") + letter.toLowerCase());
        element.setAttribute(attribute, text(key));
      }
    }
  }
  document.title = text("title");
}

const number = new Intl.NumberFormat(LANGUAGE, { maximumFractionDigits: 1 });
const percent = new Intl.NumberFormat(LANGUAGE, { style: "percent", maximumFractionDigits: 0 });

/** 0.814 -> "81%" */
export function share(value) {
  return percent.format(value);
}

/** Seconds for reading: "2.4 seconds", "3 min 20 s". */
export function duration(seconds) {
  if (seconds < 60) return text("seconds", { count: Number(seconds.toFixed(1)), number: number.format(seconds) });
  const whole = Math.round(seconds);
  const parts = { hours: Math.floor(whole / 3600), minutes: Math.floor((whole % 3600) / 60), seconds: whole % 60 };
  return text(parts.hours ? "hours" : "minutes", parts);
}

/** Seconds as a place in a recording: "0:02.4", "1:03:20". */
export function clock(seconds, digits = 0) {
  const unit = 10 ** digits;
  const whole = Math.round(Math.max(0, seconds) * unit);
  const total = Math.floor(whole / unit);
  const rest = digits ? `.${String(whole % unit).padStart(digits, "0")}` : "";
  const two = (value) => String(value).padStart(2, "0");
  const hours = Math.floor(total / 3600);
  const minutes = Math.floor((total % 3600) / 60);
  return (hours ? `${hours}:${two(minutes)}` : String(minutes)) + `:${two(total % 60)}${rest}`;
}
