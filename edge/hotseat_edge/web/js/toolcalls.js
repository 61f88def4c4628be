// Calls of the tools that were defined in the page: shown as cards, and their results typed by the reader.

import { html, useState } from "../vendor/htm-preact.js";
import { icon } from "./icons.js";
import { last, textOf } from "./thread.js";

/** Take in the pieces of calls that a chunk has. */
export function noteCalls(answer, pieces) {
  answer.toolCalls ??= [];
  for (const piece of pieces) {
    const call = (answer.toolCalls[piece.index] ??= { id: "", type: "function", function: { name: "", arguments: "" } });
    if (piece.id) call.id = piece.id;
    if (piece.function?.name) call.function.name = piece.function.name;
    call.function.arguments += piece.function?.arguments ?? "";
  }
}

/** Whether the thread ends with calls that have no results yet. */
export function wantsResults(thread) {
  const node = last(thread);
  return Boolean(node.toolCalls?.length) && !node.meta.isRunning;
}

function spelled(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text; // it still grows
  }
}

const Call = ({ call }) => html`<div class="call"><p>${icon("tool")}<strong>${call.function.name}</strong></p>
  <pre tabindex="0" role="region" aria-label=${`What ${call.function.name} gets`}>${spelled(call.function.arguments)}</pre></div>`;

export function ToolCalls({ node, actions }) {
  const calls = node.toolCalls.filter(Boolean);
  const isOpen = !node.meta.isRunning && !node.children.length && !node.meta.problem;
  if (isOpen) return html`<${Results} node=${node} calls=${calls} actions=${actions} />`;
  return html`<section class="calls card" aria-label="Tool calls">${calls.map((call) => html`<${Call} key=${call.id} call=${call} />`)}</section>`;
}

function Results({ node, calls, actions }) {
  const [texts, setTexts] = useState(() => calls.map(() => ""));
  const send = (event) => {
    event.preventDefault();
    actions.giveResults(node, texts);
  };
  const type = (at, text) => setTexts(texts.map((before, index) => (index === at ? text : before)));
  return html`<form class="calls card" aria-label="Tool calls" onSubmit=${send}>
    ${calls.map(
      (call, index) => html`<${Call} key=${call.id} call=${call} />
        <label>Result of ${call.function.name}<textarea rows="2" value=${texts[index]} placeholder="What your program would answer" onInput=${(event) => type(index, event.target.value)}></textarea></label>`,
    )}
    <div class="row end"><button type="submit" class="primary">${calls.length > 1 ? "Send results" : "Send result"}</button></div>
  </form>`;
}

export const ToolResult = ({ node }) =>
  html`<article class="message assistant" aria-label="Tool result"><details class="steps"><summary>${icon("tool")}<span>Tool result</span></summary><pre tabindex="0">${textOf(node.content)}</pre></details></article>`;
