// Dark and light: what the system says, until the person says otherwise.

import { text } from "./texts.js";

const KEY = "hearfelt-theme";
const system = matchMedia("(prefers-color-scheme: dark)");
const probe = document.createElement("span");

function remembered() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null; // storage is switched off
  }
}

export function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : system.matches;
}

/** The colour that a custom property of style.css has now, for canvases. */
export function colour(name) {
  probe.style.color = `var(--${name})`;
  return getComputedStyle(probe).color;
}

/** @param {HTMLButtonElement} button @param {() => void} onChange after every change of colours. */
export function followTheme(button, onChange) {
  probe.hidden = true;
  document.body.append(probe);
  const chosen = remembered();
  if (chosen === "dark" || chosen === "light") document.documentElement.dataset.theme = chosen;
  const show = () => {
    const label = text(isDark() ? "theme.light" : "theme.dark");
    button.setAttribute("aria-label", label);
    button.title = label;
    onChange();
  };
  button.addEventListener("click", () => {
    document.documentElement.dataset.theme = isDark() ? "light" : "dark";
    try {
      localStorage.setItem(KEY, document.documentElement.dataset.theme);
    } catch {
      // it holds until the page is closed
    }
    show();
  });
  system.addEventListener("change", show);
  show();
}
