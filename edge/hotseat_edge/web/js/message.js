// One message of a thread: its text, what was done for it, what it took, and what can be done with it.

import { Component, html, useLayoutEffect, useRef, useState } from "../vendor/htm-preact.js";
import { CopyButton, Trouble } from "./chrome.js";
import { needsKey } from "./api.js";
import { dollars } from "./figures.js";
import { icon } from "./icons.js";
import { Rendering } from "./markdown.js";
import { Questions, isAsking } from "./permissions.js";
import { attachmentsOf, contentOf, textOf } from "./thread.js";
import { ToolCalls, ToolResult } from "./toolcalls.js";

/** Renders again only where the message has changed: a long thread stays cheap while an answer comes. */
class Message extends Component {
  shouldComponentUpdate(next) {
    return next.node !== this.props.node || next.revision !== this.props.revision || next.isBusy !== this.props.isBusy;
  }

  render({ node, isBusy, actions }) {
    const shown = { user: UserMessage, assistant: Answer, tool: ToolResult }[node.role] ?? Answer;
    return html`<${shown} node=${node} isBusy=${isBusy} actions=${actions} />`;
  }
}

const STRETCH = 40; // messages

/** A part of a thread, looked at again only where one of its messages has changed. */
class Stretch extends Component {
  shouldComponentUpdate({ nodes, isBusy }) {
    const hasChanged = (node, at) => node !== this.props.nodes[at] || node.revision !== this.shown[at];
    return isBusy !== this.props.isBusy || nodes.length !== this.shown.length || nodes.some(hasChanged);
  }

  render({ nodes, isBusy, actions }) {
    this.shown = nodes.map(({ revision }) => revision);
    return html`<div class="stretch">${nodes.map((node) => html`<${Message} key=${node.key} node=${node} revision=${node.revision} isBusy=${isBusy} actions=${actions} />`)}</div>`;
  }
}

/** All messages that are shown, in parts: a frame of an answer that comes costs as much in a long thread as in a short one. */
export function Messages({ nodes, isBusy, actions }) {
  const parts = Array.from({ length: Math.ceil(nodes.length / STRETCH) }, (_, at) => nodes.slice(at * STRETCH, (at + 1) * STRETCH));
  return parts.map((part, at) => html`<${Stretch} key=${at} nodes=${part} isBusy=${isBusy} actions=${actions} />`);
}

function Prose({ text }) {
  const element = useRef(null);
  const rendering = useRef(null);
  useLayoutEffect(() => {
    rendering.current ??= new Rendering(element.current);
    rendering.current.show(text);
  }, [text]);
  return html`<div class="prose" ref=${element}></div>`;
}

// ---- the user's

function UserMessage({ node, isBusy, actions }) {
  const [draft, setDraft] = useState(null);
  if (draft !== null) return html`<${Editing} node=${node} draft=${draft} setDraft=${setDraft} actions=${actions} />`;
  const text = textOf(node.content);
  return html`<article class="message user" aria-label="You">
    <div class="bubble"><${Attachments} content=${node.content} />${text && html`<p class="said">${text}</p>`}</div>
    <div class="tools">
      <${Versions} node=${node} isBusy=${isBusy} actions=${actions} />
      <${CopyButton} text=${() => text} label="Copy message" hidden />
      <button type="button" class="quiet small" disabled=${isBusy} onClick=${() => setDraft(text)} aria-label="Edit message" title="Edit: goes on from here in a branch">${icon("edit")}</button>
    </div>
  </article>`;
}

function Editing({ node, draft, setDraft, actions }) {
  const area = useRef(null);
  useLayoutEffect(() => area.current.focus(), []);
  const save = (event) => {
    event.preventDefault();
    const content = contentOf(draft.trim(), attachmentsOf(node.content));
    if (!content.length) return;
    setDraft(null);
    actions.edit(node, content);
  };
  const onKeyDown = (event) => {
    if (event.key === "Escape") setDraft(null);
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) save(event);
  };
  return html`<article class="message user editing" aria-label="You">
    <form onSubmit=${save}>
      <textarea ref=${area} aria-label="Edit your message" rows=${Math.min(12, draft.split("\n").length + 1)} value=${draft} onInput=${(event) => setDraft(event.target.value)} onKeyDown=${onKeyDown} />
      <div class="row end">
        <button type="button" onClick=${() => setDraft(null)}>Cancel</button>
        <button type="submit" class="primary">Send as a branch</button>
      </div>
    </form>
  </article>`;
}

export function Attachments({ content, onRemove }) {
  const found = attachmentsOf(content);
  if (!found.length) return null;
  return html`<ul class="attachments" aria-label="Attachments">${found.map((part, index) => {
    const url = part.image_url?.url ?? "";
    const name = part.file?.filename ?? (part.type === "image_url" ? `Picture ${index + 1}` : part.type);
    return html`<li>
      ${url.startsWith("data:image/") ? html`<img src=${url} alt=${name} />` : html`<span class="file">${icon("clip")}${name}</span>`}
      ${onRemove && html`<button type="button" class="remove" aria-label=${`Remove ${name}`} onClick=${() => onRemove(index)}>${icon("close")}</button>`}
    </li>`;
  })}</ul>`;
}

function Versions({ node, isBusy, actions }) {
  const { children } = node.parent;
  if (children.length < 2) return null;
  const index = children.indexOf(node);
  return html`<span class="versions" role="group" aria-label="Versions">
    <button type="button" class="quiet small" aria-label="Earlier version" disabled=${isBusy || index === 0} onClick=${() => actions.pick(node, index - 1)}>${icon("left")}</button>
    <span>${index + 1} / ${children.length}</span>
    <button type="button" class="quiet small" aria-label="Later version" disabled=${isBusy || index === children.length - 1} onClick=${() => actions.pick(node, index + 1)}>${icon("right")}</button>
  </span>`;
}

// ---- the model's

function Answer({ node, isBusy, actions }) {
  const { meta } = node;
  const text = textOf(node.content);
  const steps = meta.steps ?? [];
  return html`<article class="message assistant" aria-label="Answer" aria-busy=${meta.isRunning ? "true" : "false"}>
    ${steps.length > 0 && html`<${Steps} steps=${steps} isRunning=${meta.isRunning && !text && !isAsking(meta)} />`}
    ${text && html`<${Prose} text=${meta.isJson ? asCode(text) : text} />`}
    ${node.toolCalls && html`<${ToolCalls} node=${node} actions=${actions} />`}
    ${meta.questions && html`<${Questions} questions=${meta.questions} actions=${{ decide: (question, decision) => actions.decide(node, question, decision) }} />`}
    ${meta.refusal && html`<p class="faint">${meta.refusal}</p>`}
    ${meta.isRunning && !text && !steps.length && !node.toolCalls && html`<p class="waiting"><span class="dots" aria-hidden="true"><i></i><i></i><i></i></span><span class="visually-hidden">Waiting for the answer</span></p>`}
    <${End} node=${node} actions=${actions} />
    ${!meta.isRunning && html`<div class="tools">
      <${Versions} node=${node} isBusy=${isBusy} actions=${actions} />
      <${CopyButton} text=${() => text} label="Copy answer" hidden />
      ${node.parent.role !== "root" && html`<button type="button" class="quiet small" disabled=${isBusy} onClick=${() => actions.regenerate(node)} aria-label="Regenerate" title="Regenerate: another answer">${icon("again")}</button>`}
      <${Figures} meta=${meta} />
    </div>`}
  </article>`;
}

/** An answer in JSON, as markdown that shows it laid out. */
function asCode(text) {
  try {
    return `\`\`\`json\n${JSON.stringify(JSON.parse(text), null, 2)}\n\`\`\``;
  } catch {
    return `\`\`\`json\n${text}\n\`\`\``; // it still grows
  }
}

const ENDS = {
  length: "Cut off at the longest answer that was allowed.",
  content_filter: "The model refused to go on.",
  truncated: "Cut off at the longest answer that was allowed.",
  refused: "The model refused to go on.",
  interrupted: "Stopped before its end.",
};

function End({ node, actions }) {
  const { meta } = node;
  if (meta.problem) {
    return html`<${Trouble} problem=${meta.problem}>
      ${needsKey(meta.problem) && html`<button type="button" class="primary" onClick=${actions.askForKey}>Enter a key</button>`}
      <button type="button" onClick=${() => actions.regenerate(node)}>Try again</button>
    <//>`;
  }
  const words = meta.isStopped ? ENDS.interrupted : ENDS[meta.finish] ?? ENDS[meta.outcome];
  return words ? html`<p class="ended faint">${words}</p>` : null;
}

function Steps({ steps, isRunning }) {
  const tools = steps.filter((step) => step.kind === "tool");
  const words = tools.length ? `${tools.length} tool ${tools.length === 1 ? "use" : "uses"}` : "Thinking";
  return html`<details class="steps" open=${isRunning}>
    <summary>${icon(tools.length ? "tool" : "mind")}<span>${isRunning ? `${words}…` : words}</span></summary>
    <ol>${steps.map((step) =>
      step.kind === "tool"
        ? html`<li class=${step.failed ? "tool failed" : "tool"}>${icon("tool")}<strong>${step.name}</strong>${step.detail && html`<code>${step.detail}</code>`}${step.failed && html`<em>failed</em>`}</li>`
        : html`<li class="thought">${step.text}</li>`,
    )}</ol>
  </details>`;
}

// ---- what it took

const seconds = (ms) => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`);
const SOURCES = {
  hot: "hot: the process that holds the conversation",
  warm: "warm: a spare process",
  cold: "cold: a process had to be started",
};

function Figures({ meta }) {
  const { usage, timing = {} } = meta;
  const detail = Object.entries(timing).map(([name, ms]) => `${name} ${seconds(ms)}`).join(", ");
  const facts = [
    meta.firstMs !== undefined && { name: "first token", value: seconds(meta.firstMs), title: detail && `Time to first token: ${detail}` },
    meta.totalMs !== undefined && { name: "total", value: seconds(meta.totalMs) },
    usage && { name: "tokens", value: `${usage.prompt_tokens} → ${usage.completion_tokens}`, title: usageTitle(usage) },
    usage?.cost > 0 && { name: "cost", value: dollars(usage.cost), title: "The CLI's estimate in US dollars" },
    meta.worker && { name: "process", value: meta.worker, title: SOURCES[meta.worker], kind: meta.worker },
  ].filter(Boolean);
  if (!facts.length) return null;
  return html`<dl class="figures">${facts.map(
    (fact) => html`<div title=${fact.title}><dt>${fact.name}</dt><dd class=${fact.kind ? `badge ${fact.kind}` : ""}>${fact.value}</dd></div>`,
  )}</dl>`;
}

const usageTitle = (usage) =>
  `${usage.prompt_tokens} in, of them ${usage.prompt_tokens_details.cached_tokens} from the cache; ${usage.completion_tokens} out, of them ${usage.completion_tokens_details.reasoning_tokens} thinking`;
