// Icons, drawn on 24 by 24.

import { html } from "../vendor/htm-preact.js";

const PATHS = {
  plus: "M12 5v14M5 12h14",
  close: "M6 6l12 12M18 6L6 18",
  menu: "M4 7h16M4 12h16M4 17h16",
  sliders: "M4 8h9M17 8h3M4 16h3M11 16h9M15 5.500v5M9 13.500v5",
  search: "M11 18a7 7 0 1 1 0-14 7 7 0 0 1 0 14zM16.200 16.200L20 20",
  send: "M12 19V5M6 11l6-6 6 6",
  stop: "M7.500 7.500h9v9h-9z",
  clip: "M20 11.500l-8.300 8.300a5 5 0 0 1-7.100-7.100l8.600-8.600a3.400 3.400 0 0 1 4.800 4.800l-8.600 8.600a1.700 1.700 0 0 1-2.400-2.400l7.700-7.700",
  edit: "M4 20l1-4L16 5l3 3L8 19zM14 7l3 3",
  again: "M20 12a8 8 0 1 1-2.300-5.700M20 4v4.500h-4.500",
  copy: "M9 9h10v10H9zM5 15V5h10",
  check: "M5 12.500l4.500 4.500L19 7.500",
  trash: "M5 7h14M10 7V4.500h4V7M7 7l1 12.500h8L17 7",
  code: "M9 7l-5 5 5 5M15 7l5 5-5 5",
  left: "M14 6l-6 6 6 6",
  right: "M10 6l6 6-6 6",
  key: "M14.500 14.500a5 5 0 1 0-4.300-2.400L4 18.500V21h3v-2h2v-2h1.500l1.300-2.300c.8.500 1.700.8 2.700-.2zM16 8.500h.01",
  chart: "M4 20V4M4 20h16M8 16v-4M12 16V8M16 16v-6",
  sun: "M12 16.500a4.500 4.500 0 1 0 0-9 4.500 4.500 0 0 0 0 9zM12 2.500v2M12 19.500v2M2.500 12h2M19.500 12h2M5.300 5.300l1.400 1.400M17.300 17.300l1.400 1.400M5.300 18.700l1.400-1.400M17.300 6.700l1.400-1.400",
  moon: "M20 14.500A8.500 8.500 0 0 1 9.500 4a8.500 8.500 0 1 0 10.500 10.500z",
  half: "M12 20.500a8.500 8.500 0 1 0 0-17 8.500 8.500 0 0 0 0 17zM12 3.500v17M12 7l5.500 1.500M12 12h8.500M12 16.500h6",
  tool: "M14.500 6.500a4 4 0 0 0-5.200 5L4 16.800 7.200 20l5.300-5.300a4 4 0 0 0 5-5.200L15 12l-3-3z",
  mind: "M9.500 19h5M10 16.500c0-2-3.500-3.300-3.500-7a5.500 5.500 0 0 1 11 0c0 3.700-3.500 5-3.500 7z",
  chat: "M4 5h16v11H10l-4.500 4v-4H4z",
  ask: "M9 9a3 3 0 1 1 4.500 2.600c-1 .6-1.500 1.200-1.500 2.400M12 17.500h.01M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18z",
  seat: "M8 4v9h9M8 13v7M17 13v7",
};

/** An icon that says nothing to a screen reader: what it stands for is said beside it. */
export const icon = (name) =>
  html`<svg class="glyph" viewBox="0 0 24 24" width="20" height="20" aria-hidden="true" focusable="false"><path d=${PATHS[name]} /></svg>`;

export const Brand = () => html`<span class="brand"><img src="/web/icon.svg" alt="" width="28" height="28" />Hotseat</span>`;
