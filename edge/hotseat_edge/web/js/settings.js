// What a request says beside the words: instructions, effort, temperature; and the request itself, for programs.

import { html, useMemo, useState } from "../vendor/htm-preact.js";
import { apiKey } from "./api.js";
import { CopyButton, Dialog } from "./chrome.js";
import { SchemaEditor, ToolsEditor } from "./editors.js";
import { icon } from "./icons.js";
import { newUuid } from "./kept.js";
import { EFFORTS, bodyFor, snippets } from "./request.js";
import { add, last, newThread, path } from "./thread.js";

export function ModelChoice({ models, conversation }) {
  const chosen = conversation.settings.model;
  const known = models.some(({ id }) => id === chosen) || !chosen ? models : [{ id: chosen }, ...models];
  return html`<select class="model" aria-label="Model" value=${chosen} onChange=${(event) => conversation.set("model", event.target.value)}>
    ${known.map(({ id }) => html`<option key=${id} value=${id}>${id}</option>`)}
  </select>`;
}

export function Settings({ conversation, onClose }) {
  const { settings } = conversation;
  const bind = (name) => ({ value: settings[name], onInput: (event) => conversation.set(name, event.target.value) });
  return html`<aside class="settings" aria-label="Settings">
    <header><h2>Settings</h2><button type="button" class="quiet icon" aria-label="Close settings" onClick=${onClose}>${icon("close")}</button></header>
    <label>System prompt<textarea rows="7" ...${bind("system")} placeholder="Who the model is, and how it should answer"></textarea></label>
    <label>Effort<select ...${bind("effort")}>
      <option value="">the model's own</option>
      ${EFFORTS.map((effort) => html`<option value=${effort}>${effort}</option>`)}
    </select></label>
    <label>Temperature<span class="row">
      <input type="range" min="0" max="1" step="0.05" value=${settings.temperature === "" ? 1 : settings.temperature} aria-label="Temperature" aria-valuetext=${settings.temperature === "" ? "the model's own" : settings.temperature} onInput=${(event) => conversation.set("temperature", event.target.value)} />
      <output>${settings.temperature === "" ? "own" : Number(settings.temperature).toFixed(2)}</output>
      <button type="button" class="quiet small" disabled=${settings.temperature === ""} onClick=${() => conversation.set("temperature", "")} aria-label="Leave the temperature to the model">${icon("close")}</button>
    </span></label>
    <label>Longest answer, in tokens<input type="number" min="1" step="1" inputmode="numeric" ...${bind("maxTokens")} placeholder="no limit" /></label>
    <label>An agent's questions about tools<select ...${bind("permissions")}>
      <option value="ask">ask me</option>
      <option value="accept-edits">allow edits of files, refuse the rest</option>
      <option value="deny">refuse</option>
      <option value="">as the server says</option>
    </select></label>
    <${ToolsEditor} value=${settings.tools} onChange=${(value) => conversation.set("tools", value)} />
    <${SchemaEditor} value=${settings.schema} onChange=${(value) => conversation.set("schema", value)} />
    <p class="faint">They count from the next message on. Conversation <code>${conversation.id}</code></p>
  </aside>`;
}

/** The body of the latest request; before the first one, of one that could be made. */
function bodyToShow(conversation) {
  if (conversation.lastAsked) return conversation.lastAsked;
  const example = newThread();
  let at = example.root;
  for (const { role, content } of path(conversation.thread)) at = add(example, at, role, content);
  return bodyFor(add(example, last(example), "user", "Say hello."), conversation.settings, null);
}

const KINDS = { curl: "curl", python: "Python", typescript: "TypeScript", grpc: "gRPC" };

export function Snippets({ conversation, onClose }) {
  const [kind, setKind] = useState("curl");
  const requestId = useMemo(newUuid, []);
  const options = { origin: location.origin, conversation: conversation.id, withKey: Boolean(apiKey.get()), requestId };
  const text = snippets(bodyToShow(conversation), options)[kind];
  const names = Object.keys(KINDS);
  const onKeyDown = (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = names[(names.indexOf(kind) + step + names.length) % names.length];
    setKind(next);
    event.currentTarget.querySelector(`#tab-${next}`).focus();
  };
  return html`<${Dialog} label="The request, for programs" kind="wide" onClose=${onClose}>
    <div class="row tabs" role="tablist" aria-label="Language" onKeyDown=${onKeyDown}>
      ${names.map((name) => html`<button type="button" role="tab" id=${`tab-${name}`} aria-controls="snippet" aria-selected=${name === kind ? "true" : "false"} tabindex=${name === kind ? 0 : -1} onClick=${() => setKind(name)}>${KINDS[name]}</button>`)}
      <${CopyButton} text=${() => text} />
    </div>
    <pre id="snippet" role="tabpanel" aria-labelledby=${`tab-${kind}`} tabindex="0">${text}</pre>
  <//>`;
}
