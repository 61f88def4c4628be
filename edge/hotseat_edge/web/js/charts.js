// Small charts of the last five minutes, as SVG.

import { html } from "../vendor/htm-preact.js";
import { KEPT_S } from "./watch.js";

const WIDTH = 600;
const HEIGHT = 150;
const LEFT = 60; // room for "9999 ms"
const BOTTOM = 20;

const across = (at, now) => LEFT + (1 - (now - at) / KEPT_S) * (WIDTH - LEFT - 6);
const up = (share) => HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - 10);

function Frame({ label, top, children }) {
  return html`<svg class="chart" viewBox=${`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label=${label}>
    ${[0, 0.5, 1].map((share) => html`<line x1=${LEFT} x2=${WIDTH - 6} y1=${up(share)} y2=${up(share)} class="rule" /><text x=${LEFT - 6} y=${up(share) + 4} text-anchor="end">${top(share)}</text>`)}
    <text x=${LEFT} y=${HEIGHT - 3}>5 min ago</text><text x=${WIDTH - 6} y=${HEIGHT - 3} text-anchor="end">now</text>
    ${children}
  </svg>`;
}

const spell = (s) => (s >= 1 ? `${Number(s.toPrecision(2))} s` : `${Math.round(s * 1000)} ms`);

export function median(values) {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

/** A dot for each answer. points: [when, how its process was had, seconds]; name: what took them. */
export function Times({ name, points, now }) {
  const shown = points.filter(([at]) => at > now - KEPT_S);
  const most = Math.max(0.1, ...shown.map(([, , seconds]) => seconds)) * 1.1;
  const label = shown.length ? `${name} of ${shown.length} answers; half of them took at most ${spell(median(shown.map(([, , seconds]) => seconds)))}` : `${name}: no answer yet`;
  return html`<${Frame} label=${label} top=${(share) => spell(share * most)}>
    ${shown.map(([at, how, seconds]) => html`<circle class=${how} cx=${across(at, now)} cy=${up(seconds / most)} r="4"><title>${how}: ${spell(seconds)}</title></circle>`)}
  <//>`;
}

export function Busy({ points, now, size }) {
  const most = Math.max(size, 1, ...points.map(([, running, queued]) => Math.max(running, queued)));
  const line = (index) => {
    const steps = points.flatMap((point, at) => [
      [Math.max(point[0], now - KEPT_S), point[index]],
      [Math.max(points[at + 1]?.[0] ?? now, now - KEPT_S), point[index]],
    ]);
    return steps.map(([at, value]) => `${across(at, now)},${up(value / most)}`).join(" ");
  };
  const last = points.at(-1) ?? [0, 0, 0];
  return html`<${Frame} label=${`Running turns, now ${last[1]}, and waiting ones, now ${last[2]}, of the last five minutes`} top=${(share) => Number((share * most).toFixed(1))}>
    <polyline class="queued" points=${line(2)} /><polyline class="running" points=${line(1)} />
  <//>`;
}
