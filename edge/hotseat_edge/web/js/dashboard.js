// The dashboard: what the pool does, as it does it; and the means to steer it.

import { html, render, useEffect, useMemo, useReducer, useState } from "../vendor/htm-preact.js";
import { apiKey, call, conversationPath, needsKey } from "./api.js";
import { Busy, Times, median } from "./charts.js";
import { Dialog, Notices, ThemeButton, Trouble, applyTheme, useChanges, useHealth } from "./chrome.js";
import { dollars, tokens } from "./figures.js";
import { Brand, icon } from "./icons.js";
import { Keys } from "./keys.js";
import { KeyDialog, followLoginLink } from "./login.js";
import { PoolView } from "./watch.js";

const seconds = (from, now) => (from ? Math.max(0, now - Date.parse(from) / 1000) : null);

function lasted(s) {
  if (s === null) return "–";
  if (s < 60) return `${Math.floor(s)}s`;
  if (s < 3600) return `${Math.floor(s / 60)}m${String(Math.floor(s % 60)).padStart(2, "0")}s`;
  return `${Math.floor(s / 3600)}h${String(Math.floor((s % 3600) / 60)).padStart(2, "0")}m`;
}

const size = (bytes) => (bytes ? `${Math.round(bytes / 2 ** 20)} MiB` : "–");

const steer = (verb, body) =>
  call("POST", `/admin/pool/${verb}`, { body: body === undefined ? undefined : JSON.stringify(body) });

function App({ loginProblem }) {
  const view = useMemo(() => new PoolView(), []);
  const health = useHealth();
  const [panel, setPanel] = useState(null);
  const [, tick] = useReducer((count) => count + 1, 0);
  useChanges(view);
  useEffect(() => {
    let watching = new AbortController();
    const begin = () => {
      watching.abort();
      watching = new AbortController();
      view.forget();
      view.watch(watching.signal);
    };
    begin();
    const forget = apiKey.onChange(begin);
    const timer = setInterval(() => !document.hidden && tick(), 1000);
    return () => {
      watching.abort();
      forget();
      clearInterval(timer);
    };
  }, []);
  const now = Date.now() / 1000;
  const { pool, problem } = view;
  return html`<header class="top">
      <${Brand} />
      <nav aria-label="Pages"><a href="/" aria-label="Playground">${icon("chat")}<span>Playground</span></a><a href="/dashboard" aria-label="Dashboard" aria-current="page">${icon("chart")}<span>Dashboard</span></a></nav>
      <button type="button" class="quiet icon" aria-label="API key" title="API key" onClick=${() => setPanel({ kind: "key" })}>${icon("key")}</button>
      <${ThemeButton} />
    </header>
    <main>
      <${Notices} health=${health} />
      <div class="page">
        <h1 class="visually-hidden">Dashboard</h1>
        ${loginProblem && html`<${Trouble} problem=${loginProblem} />`}
        ${problem && html`<${Trouble} problem=${problem}>${(needsKey(problem) || problem.status === 403) && html`<button type="button" class="primary" onClick=${() => setPanel({ kind: "key" })}>Enter a key</button>`}<//>`}
        ${!pool && !problem && html`<p class="faint" role="status">Asking the pool…</p>`}
        ${pool && html`<${Summary} view=${view} open=${setPanel} now=${now} />
          <div class="charts">
            <section class="card" aria-label="First token"><h2>Time to first token <small>through this edge</small></h2><${Times} name="Time to first token" points=${view.firstTokens.map(([at, seconds, how]) => [at, how, seconds])} now=${now} />
              <p class="legend"><i class="hot"></i>hot <i class="warm"></i>warm <i class="cold"></i>cold</p></section>
            <section class="card" aria-label="Queue wait"><h2>Wait for a process <small>through this edge</small></h2><${Times} name="Wait for a process" points=${view.firstTokens.map(([at, , how, queued]) => [at, how, queued])} now=${now} />
              <p class="legend"><i class="hot"></i>hot <i class="warm"></i>warm <i class="cold"></i>cold, its start included</p></section>
            <section class="card" aria-label="Load"><h2>Turns</h2><${Busy} points=${view.busy} now=${now} size=${pool.size.max_workers} />
              <p class="legend"><i class="hot"></i>running <i class="queued"></i>waiting</p></section>
          </div>
          <${Workers} workers=${[...view.workers.values()]} now=${now} open=${setPanel} />
          <${Queue} turns=${view.queue} now=${now} />
          <${Models} models=${view.models} />
          <${Keys} />`}
      </div>
    </main>
    ${panel?.kind === "key" && html`<${KeyDialog} isNeeded=${needsKey(problem)} onClose=${() => setPanel(null)} />`}
    ${panel?.kind === "ask" && html`<${Confirmation} ...${panel} onClose=${() => setPanel(null)} />`}
    ${panel?.kind === "resize" && html`<${Resizing} pool=${pool} onClose=${() => setPanel(null)} />`}`;
}

const DRAIN = {
  kind: "ask",
  label: "Drain the pool?",
  words: "New turns are refused from now on; those that run or wait come to their end. Resume brings it back.",
  verb: "Drain",
  act: () => steer("drain", {}),
};

function Summary({ view, open, now }) {
  const { pool } = view;
  const { stats } = pool;
  const turns = stats.hot_turn_count + stats.warm_turn_count + stats.cold_turn_count;
  const tokens = view.firstTokens.filter(([at]) => at > now - 300).map(([, s]) => s);
  const tiles = [
    ["Running", `${stats.running_workers} / ${pool.size.max_workers}`, "turns, of as many processes at most"],
    ["Waiting", stats.queued_turns, stats.queued_turns ? `the oldest for ${lasted(stats.oldest_queue_seconds)}` : "nobody waits"],
    ["Idle", stats.idle_workers, "processes that hold a conversation"],
    ["Warm", stats.warm_workers, `spare processes, ${pool.size.warm_workers} wanted`],
    ["Turns", `${view.turnsPerMinute} / min`, `${turns} since the start`],
    ["Hot", turns ? `${Math.round((100 * stats.hot_turn_count) / turns)} %` : "–", "of turns found their process"],
    ["First token", tokens.length ? `${Math.round(median(tokens) * 1000)} ms` : "–", "median of five minutes"],
    ["Lost", stats.worker_lost_count + stats.worker_start_failure_count, "processes that ended, or did not start"],
  ];
  return html`<div class="summary">
      <p><span class=${`badge ${pool.state}`}>${pool.state}</span> <span class=${pool.sandbox.enabled ? "badge ok" : "badge bad"}>${pool.sandbox.enabled ? "sandboxed" : "no sandbox"}</span> <span class="faint">up ${lasted(seconds(pool.start_time, now))}</span></p>
      <div class="row">
        ${pool.state === "active"
          ? html`<button type="button" onClick=${() => open(DRAIN)}>Drain</button>`
          : html`<button type="button" class="primary" onClick=${() => open({ kind: "ask", label: "Resume the pool?", words: "It takes new turns again.", verb: "Resume", act: () => steer("resume") })}>Resume</button>`}
        <button type="button" onClick=${() => open({ kind: "resize" })}>Resize</button>
      </div>
    </div>
    <dl class="tiles">${tiles.map(([name, value, words]) => html`<div class="card"><dt>${name}</dt><dd>${value}</dd><dd class="faint">${words}</dd></div>`)}</dl>`;
}

const ORDER = ["running", "starting", "idle", "warm", "stopping"];

function Workers({ workers, now, open }) {
  const sorted = workers.sort((one, other) => ORDER.indexOf(one.state) - ORDER.indexOf(other.state) || one.worker_id.localeCompare(other.worker_id));
  const evict = (worker) =>
    open({
      kind: "ask",
      label: "Evict this conversation?",
      words: `${worker.conversation_id} leaves its process; its next turn starts from the journal.${worker.state === "running" ? " Its running turn is stopped." : ""}`,
      verb: "Evict",
      act: () => call("DELETE", `${conversationPath(worker.conversation_id)}?force=true`),
    });
  return html`<section class="card" aria-labelledby="workers"><h2 id="workers">Processes</h2>
    <div class="scroll" tabindex="0" role="region" aria-labelledby="workers"><table>
      <thead><tr><th>State</th><th>Process</th><th>PID</th><th>Profile</th><th>Conversation</th><th class="number">Turn</th><th class="number">Age</th><th class="number">Memory</th><th class="number">Turns</th><th><span class="visually-hidden">Actions</span></th></tr></thead>
      <tbody>${sorted.map((worker) => html`<tr key=${worker.worker_id}>
        <td><span class=${`badge ${worker.state}`}>${worker.state}</span></td>
        <td><code>${worker.worker_id.slice(0, 12)}</code></td><td>${worker.pid || "–"}</td><td>${worker.profile}</td>
        <td class="conversation">${worker.conversation_id ? html`<a href=${`/#/c/${worker.conversation_id}`}>${worker.conversation_id}</a>` : "–"}</td>
        <td class="number">${lasted(seconds(worker.turn_start_time, now))}</td><td class="number">${lasted(seconds(worker.start_time, now))}</td>
        <td class="number">${size(worker.memory_bytes)}</td><td class="number">${worker.turn_count}</td>
        <td>${worker.conversation_id && html`<button type="button" class="quiet small" aria-label=${`Evict ${worker.conversation_id}`} onClick=${() => evict(worker)}>Evict</button>`}</td>
      </tr>`)}${!sorted.length && html`<tr><td colspan="10" class="faint">No process is up.</td></tr>`}</tbody>
    </table></div></section>`;
}

function Queue({ turns, now }) {
  if (!turns.length) return null;
  return html`<section class="card" aria-labelledby="queue"><h2 id="queue">Queue</h2>
    <div class="scroll" tabindex="0" role="region" aria-labelledby="queue"><table>
      <thead><tr><th class="number">Place</th><th>Conversation</th><th>Profile</th><th class="number">Waits for</th></tr></thead>
      <tbody>${turns.map((turn) => html`<tr key=${turn.position}><td class="number">${turn.position}</td><td class="conversation">${turn.conversation_id}</td><td>${turn.profile}</td><td class="number">${lasted(seconds(turn.queue_time, now))}</td></tr>`)}</tbody>
    </table></div></section>`;
}

function Models({ models }) {
  if (!models.length) return null;
  return html`<section class="card" aria-labelledby="models"><h2 id="models">Models <small>through this edge, since its start</small></h2>
    <div class="scroll" tabindex="0" role="region" aria-labelledby="models"><table>
      <thead><tr><th>Model</th><th class="number">Turns</th><th class="number">Tokens in</th><th class="number">Tokens out</th><th class="number">Cost</th></tr></thead>
      <tbody>${models.map((one) => html`<tr key=${one.model}><td class="conversation">${one.model}</td><td class="number">${one.turn_count}</td><td class="number">${tokens(one.input_tokens)}</td><td class="number">${tokens(one.output_tokens)}</td><td class="number">${dollars(one.cost_usd)}</td></tr>`)}</tbody>
    </table></div></section>`;
}

/** Do it, and close; or say why it could not be done. */
function useDoing(onClose) {
  const [problem, setProblem] = useState(null);
  const run = async (act) => {
    try {
      await act();
      onClose();
    } catch (error) {
      setProblem(error);
    }
  };
  return [problem, run];
}

function Confirmation({ label, words, verb, act, onClose }) {
  const [problem, run] = useDoing(onClose);
  return html`<${Dialog} label=${label} onClose=${onClose}><p>${words}</p>${problem && html`<${Trouble} problem=${problem} />`}
    <footer><button type="button" onClick=${onClose}>Cancel</button><button type="button" class="primary" onClick=${() => run(act)}>${verb}</button></footer><//>`;
}

function Resizing({ pool, onClose }) {
  const [problem, run] = useDoing(onClose);
  const [most, setMost] = useState(String(pool.size.max_workers));
  const [warm, setWarm] = useState(String(pool.size.warm_workers));
  const save = (event) => {
    event.preventDefault();
    run(() => steer("resize", { max_workers: Number(most), warm_workers: Number(warm) }));
  };
  return html`<${Dialog} label="Resize the pool" onClose=${onClose}><form onSubmit=${save}>
    <label>Processes at most<input type="number" min="1" max="10000" required value=${most} onInput=${(event) => setMost(event.target.value)} /></label>
    <label>Spare processes kept warm<input type="number" min="0" max=${most} required value=${warm} onInput=${(event) => setWarm(event.target.value)} /></label>
    <p class="faint">It holds until the core restarts. A process takes 160 to 250 MiB; one that runs a turn is never ended for this.</p>
    ${problem && html`<${Trouble} problem=${problem} />`}
    <footer><button type="button" onClick=${onClose}>Cancel</button><button type="submit" class="primary">Resize</button></footer>
  </form><//>`;
}

applyTheme();
render(html`<${App} loginProblem=${await followLoginLink()} />`, document.querySelector("#app"));
