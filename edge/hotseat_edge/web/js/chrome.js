// What both pages have: the theme, the key, dialogs, a line that screen readers say, and how the server is.

import { html, useCallback, useEffect, useLayoutEffect, useReducer, useRef, useState } from "../vendor/htm-preact.js";
import { credentials, json } from "./api.js";
import { copy, lasting } from "./kept.js";
import { icon } from "./icons.js";

const theme = lasting("theme");
const THEMES = { auto: "light dark", light: "light", dark: "dark" };
const HEALTH_MS = 15_000;

export function applyTheme() {
  document.documentElement.style.colorScheme = THEMES[theme.get() ?? "auto"];
}

export function ThemeButton() {
  const [name, setName] = useState(theme.get() ?? "auto");
  const turn = () => {
    const names = Object.keys(THEMES);
    const next = names[(names.indexOf(name) + 1) % names.length];
    theme.set(next);
    applyTheme();
    setName(next);
  };
  return html`<button type="button" class="quiet icon" onClick=${turn} aria-label=${`Colours: ${name}`} title=${`Colours: ${name}`}>
    ${icon({ auto: "half", light: "sun", dark: "moon" }[name])}
  </button>`;
}

/** Renders again when something that has `onChange` changes; at most once a frame. */
export function useChanges(source) {
  const [, again] = useReducer((count) => count + 1, 0);
  useEffect(() => {
    let frame = 0;
    const stop = source.onChange(() => {
      frame ||= requestAnimationFrame(() => {
        frame = 0;
        again();
      });
    });
    again(); // what changed before we listened
    return () => {
      cancelAnimationFrame(frame);
      stop();
    };
  }, [source]);
}

/** A modal dialog, open while it is rendered; Escape and a click beside it close it, unless it is firm: then a button does. */
export function Dialog({ label, onClose, children, kind = "", isFirm = false }) {
  const dialog = useRef(null);
  useLayoutEffect(() => {
    dialog.current.showModal();
  }, []);
  const onClick = (event) => !isFirm && event.target === dialog.current && onClose();
  const onCancel = (event) => isFirm && event.preventDefault();
  return html`<dialog ref=${dialog} class=${kind} aria-label=${label} onClose=${onClose} onCancel=${onCancel} onClick=${onClick}>
    <div class="dialog">
      <header><h2>${label}</h2><button type="button" class="quiet icon" aria-label="Close" onClick=${onClose}>${icon("close")}</button></header>
      ${children}
    </div>
  </dialog>`;
}

export function CopyButton({ text, label = "Copy", hidden = false }) {
  const [done, setDone] = useState(false);
  const onClick = async () => {
    setDone(await copy(text()));
    setTimeout(() => setDone(false), 1500);
  };
  const name = done ? "Copied" : label;
  return html`<button type="button" class="quiet small" onClick=${onClick} aria-label=${hidden ? name : null} title=${name}>
    ${icon(done ? "check" : "copy")}${!hidden && html`<span>${name}</span>`}
  </button>`;
}

/** What /health says, asked again every now and then; null: not known yet. */
export function useHealth() {
  const [health, setHealth] = useState(null);
  const ask = useCallback(async () => {
    try {
      const response = await fetch("/health", { cache: "no-store", headers: credentials() });
      setHealth(await response.json());
    } catch {
      setHealth({ status: "unreachable", problems: ["server_unreachable"] });
    }
  }, []);
  useEffect(() => {
    ask();
    const timer = setInterval(() => !document.hidden && ask(), HEALTH_MS);
    return () => clearInterval(timer);
  }, []);
  return health;
}

const PROBLEMS = {
  server_unreachable: "The server cannot be reached.",
  core_unreachable: "The edge serves, but its core does not answer.",
  draining: "The pool is draining: it takes no new turns.",
  drained: "The pool is drained: it takes no new turns.",
  workers_do_not_start: "Processes do not start; the core's log says why.",
  queue_full: "Every process is busy and the queue is full.",
};

export function Notices({ health }) {
  if (!health) return null;
  return html`<div class="notices">
    ${health.demo && html`<p class="notice demo"><strong>Demo model.</strong> No credential is set, so a scripted model answers, not Claude. All else is real: processes, pool, API.</p>`}
    ${(health.problems ?? []).map((problem) => html`<p class="notice trouble" role="status">${PROBLEMS[problem] ?? problem}</p>`)}
  </div>`;
}

/** Why something failed, and what to do next. */
export function Trouble({ problem, children }) {
  return html`<div class="trouble card" role="alert">
    <p><strong>${problem.message}</strong></p>
    ${problem.next && html`<p>${problem.next}</p>`}
    ${problem.retryAfter > 0 && html`<p>The server asks to wait for ${problem.retryAfter} s.</p>`}
    ${problem.requestId && html`<p class="faint">Request ${problem.requestId}</p>`}
    <div class="row">${children}</div>
  </div>`;
}

export const fetchModels = () => json("GET", "/v1/models");
