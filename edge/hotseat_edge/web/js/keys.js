// The keys that open this server: listed with what they were used for today, made, revoked.

import { html, useEffect, useState } from "../vendor/htm-preact.js";
import { apiKey, json } from "./api.js";
import { CopyButton, Dialog, Trouble } from "./chrome.js";
import { dollars, tokens } from "./figures.js";
import { takeKey } from "./login.js";

const AGAIN_MS = 10_000;
const DAY_S = 86_400;
const UNITS = [
  ["requests_per_minute", (count) => `${count} requests/min`],
  ["concurrent_turns", (count) => `${count} at once`],
  ["concurrent_calls", (count) => `${count} ${count === 1 ? "call" : "calls"} to the model at once`],
  ["tokens_per_day", (count) => `${tokens(count)} tokens/day`],
  ["usd_per_day", (cost) => `$${cost}/day`],
];

const limitsOf = ({ limits }) => UNITS.filter(([name]) => limits[name]).map(([name, spell]) => spell(limits[name])).join(", ") || "none";

function stateOf(key) {
  if (key.revoke_time) return "revoked";
  return key.expire_time && Date.parse(key.expire_time) <= Date.now() ? "expired" : "valid";
}

const usedOf = ({ use_today: use }) => (use.request_count ? `${use.request_count} ${use.request_count === 1 ? "turn" : "turns"}, ${tokens(use.token_count)} tokens, ${dollars(use.cost_usd)}` : "–");

/** The list, read again every now and then. */
function useKeys() {
  const [keys, setKeys] = useState(null);
  const [problem, setProblem] = useState(null);
  const read = async () => {
    try {
      setKeys((await json("GET", "/admin/keys")).keys);
      setProblem(null);
    } catch (error) {
      setProblem(error);
    }
  };
  useEffect(() => {
    read();
    const timer = setInterval(() => !document.hidden && read(), AGAIN_MS);
    const forget = apiKey.onChange(read);
    return () => {
      clearInterval(timer);
      forget();
    };
  }, []);
  return { keys, problem, read };
}

export function Keys() {
  const { keys, problem, read } = useKeys();
  const [panel, setPanel] = useState(null);
  const [showsAll, setShowsAll] = useState(false);
  const valid = (keys ?? []).filter((key) => stateOf(key) === "valid");
  const shown = showsAll ? keys : valid;
  const close = () => {
    setPanel(null);
    read();
  };
  return html`<section class="card" aria-labelledby="keys">
    <header class="heading"><h2 id="keys">Keys</h2>
      ${keys?.length > valid.length && html`<button type="button" class="quiet small" aria-pressed=${showsAll ? "true" : "false"} onClick=${() => setShowsAll(!showsAll)}>${showsAll ? "Valid ones alone" : "Revoked and expired ones, too"}</button>`}
      <button type="button" disabled=${!keys} onClick=${() => setPanel({ kind: "make" })}>Make a key</button></header>
    ${problem && html`<${Trouble} problem=${problem} />`}
    ${keys && !keys.length && html`<p class="faint">No key was made yet.</p>`}
    ${shown?.length > 0 && html`<div class="scroll" tabindex="0" role="region" aria-labelledby="keys"><table>
      <thead><tr><th>Name</th><th>Key</th><th>Tenant</th><th>May</th><th>Limits</th><th>Today</th><th>State</th><th><span class="visually-hidden">Actions</span></th></tr></thead>
      <tbody>${shown.map((key) => html`<tr key=${key.key_id}>
        <td class="conversation">${key.name}</td><td><code>${key.hint}…</code></td><td>${key.tenant}</td><td>${key.scopes.join(", ")}</td>
        <td>${limitsOf(key)}</td><td>${usedOf(key)}</td><td><span class=${`badge ${stateOf(key) === "valid" ? "ok" : "bad"}`}>${stateOf(key)}</span></td>
        <td>${stateOf(key) === "valid" && html`<button type="button" class="quiet small" aria-label=${`Revoke ${key.name}`} onClick=${() => setPanel({ kind: "revoke", key })}>Revoke</button>`}</td>
      </tr>`)}</tbody></table></div>`}
    ${panel?.kind === "make" && html`<${Making} isFirst=${!keys.length} onClose=${close} />`}
    ${panel?.kind === "revoke" && html`<${Revoking} wanted=${panel.key} onClose=${close} />`}
  </section>`;
}

function Revoking({ wanted, onClose }) {
  const [problem, setProblem] = useState(null);
  const revoke = async () => {
    try {
      await json("DELETE", `/admin/keys/${encodeURIComponent(wanted.key_id)}`);
      onClose();
    } catch (error) {
      setProblem(error);
    }
  };
  return html`<${Dialog} label="Revoke this key?" onClose=${onClose}>
    <p><strong>${wanted.name}</strong> opens nothing any more, at once and for good; streams under it end.</p>
    ${problem && html`<${Trouble} problem=${problem} />`}
    <footer><button type="button" onClick=${onClose}>Keep it</button><button type="button" class="danger" onClick=${revoke}>Revoke</button></footer>
  <//>`;
}

const EMPTY = { name: "", tenant: "", requests_per_minute: "", concurrent_turns: "", concurrent_calls: "", tokens_per_day: "", usd_per_day: "", days: "" };

function Making({ isFirst, onClose }) {
  const [given, setGiven] = useState(EMPTY);
  const [isAdmin, setAdmin] = useState(isFirst);
  const [problem, setProblem] = useState(null);
  const [made, setMade] = useState(null);
  const bind = (name) => ({ value: given[name], onInput: (event) => setGiven({ ...given, [name]: event.target.value }) });
  const make = async (event) => {
    event.preventDefault();
    const limits = Object.fromEntries(UNITS.map(([name]) => [name, Number(given[name])]));
    const wanted = { name: given.name.trim(), tenant: given.tenant.trim(), limits, scopes: isAdmin ? ["converse", "admin"] : ["converse"] };
    if (given.days) wanted.expires_in_seconds = Number(given.days) * DAY_S;
    try {
      setMade(await json("POST", "/admin/keys", { body: JSON.stringify(wanted) }));
    } catch (error) {
      setProblem(error);
    }
  };
  if (made) return html`<${Made} made=${made} isFirst=${isFirst} onClose=${onClose} />`;
  return html`<${Dialog} label="Make a key" onClose=${onClose}><form onSubmit=${make}>
    ${isFirst && html`<p class="notice trouble">From the first key on, every request needs one. Make it one that may administer, and keep it.</p>`}
    <label>Name<input required maxlength="100" autocomplete="off" ...${bind("name")} placeholder="What it is for" /></label>
    <label>Tenant<input autocomplete="off" pattern="[A-Za-z0-9][A-Za-z0-9._\\-]{0,63}" ...${bind("tenant")} placeholder="default" /></label>
    <label class="check"><input type="checkbox" checked=${isAdmin} onChange=${(event) => setAdmin(event.target.checked)} /><span>It may administer: the pool, keys, and what belongs to other tenants.</span></label>
    <div class="pairs">
      <label>Requests a minute<input type="number" min="0" step="1" ...${bind("requests_per_minute")} placeholder="no limit" /></label>
      <label>Turns at once<input type="number" min="0" step="1" ...${bind("concurrent_turns")} placeholder="no limit" /></label>
      <label>Calls to the model at once<input type="number" min="0" step="1" ...${bind("concurrent_calls")} placeholder="no limit" /></label>
      <label>Tokens a day<input type="number" min="0" step="1" ...${bind("tokens_per_day")} placeholder="no limit" /></label>
      <label>US dollars a day<input type="number" min="0" step="any" ...${bind("usd_per_day")} placeholder="no limit" /></label>
      <label>Days until it expires<input type="number" min="1" max="3650" step="1" ...${bind("days")} placeholder="never" /></label>
    </div>
    ${problem && html`<${Trouble} problem=${problem} />`}
    <footer><button type="button" onClick=${onClose}>Cancel</button><button type="submit" class="primary">Make it</button></footer>
  </form><//>`;
}

function Made({ made, isFirst, onClose }) {
  const [problem, setProblem] = useState(null);
  const canUse = isFirst && made.key.scopes.includes("admin");
  const use = async () => {
    try {
      await takeKey(made.secret, { stays: true });
      onClose();
    } catch (error) {
      setProblem(error);
    }
  };
  return html`<${Dialog} label="The key" isFirm onClose=${onClose}>
    <p>This is <strong>${made.key.name}</strong>. It is shown this once: copy it now.</p>
    <div class="row secret"><code>${made.secret}</code><${CopyButton} text=${() => made.secret} /></div>
    ${problem && html`<${Trouble} problem=${problem} />`}
    <footer>${canUse && html`<button type="button" onClick=${use}>Sign this browser in with it</button>`}<button type="button" class="primary" onClick=${onClose}>I have it</button></footer>
  <//>`;
}
