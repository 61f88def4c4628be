// A question of the running turn: whether the agent may use a tool. Asked, answered, and kept as a line of what was said.

import { html, useEffect, useState } from "../vendor/htm-preact.js";
import { conversationPath, json } from "./api.js";
import { Trouble } from "./chrome.js";
import { icon } from "./icons.js";

const OPEN = "open";

/** Take in what a chunk tells of questions. */
export function noteQuestion(meta, chunk) {
  const { permission_request: asked, permission_closed: closed } = chunk;
  if (asked) (meta.questions ??= []).push({ ...asked, state: OPEN });
  const found = closed && meta.questions?.find(({ id }) => id === closed.id);
  if (found?.state === OPEN) found.state = "closed";
}

/** No question of this answer waits any more. */
export function closeQuestions(meta) {
  for (const question of meta.questions ?? []) if (question.state === OPEN) question.state = "closed";
}

export const isAsking = (meta) => (meta.questions ?? []).some(({ state }) => state === OPEN);

/** Answer it; throws a Problem where the server did not take the answer. */
export async function decide(conversationId, question, decision) {
  const path = `${conversationPath(conversationId)}/permissions/${encodeURIComponent(question.id)}`;
  try {
    await json("POST", path, { body: JSON.stringify(decision) });
    question.state = decision.decision === "allow" ? "allowed" : "refused";
  } catch (error) {
    if (error.code !== "nothing_pending") throw error;
    question.state = "closed"; // somebody else was first, or it was too late
  }
}

export const Questions = ({ questions, actions }) =>
  html`${questions.map((question) =>
    question.state === OPEN
      ? html`<${Asked} key=${question.id} question=${question} actions=${actions} />`
      : html`<p key=${question.id} class="answered faint">${icon(question.state === "allowed" ? "check" : "close")}${WORDS[question.state](question.tool)}</p>`,
  )}`;

const WORDS = {
  allowed: (tool) => `You allowed ${tool}.`,
  refused: (tool) => `You refused ${tool}.`,
  closed: (tool) => `The question about ${tool} was answered elsewhere, or not in time.`,
};

function Asked({ question, actions }) {
  const [remembers, setRemembers] = useState(false);
  const [reason, setReason] = useState("");
  const [problem, setProblem] = useState(null);
  const [isSending, setSending] = useState(false);
  const rules = question.suggested_rules;
  const send = async (decision) => {
    setSending(true);
    setProblem(null);
    try {
      await actions.decide(question, decision);
    } catch (error) {
      setProblem(error);
      setSending(false);
    }
  };
  const allow = () => send(remembers ? { decision: "allow", remember_rules: rules } : { decision: "allow" });
  const refuse = (interrupt) => send({ decision: "deny", message: reason.trim(), interrupt });
  return html`<section class="question card" aria-label=${`Permission: ${question.tool}`}>
    <header>${icon("ask")}<h3>May it use ${question.tool}?</h3><${Left} until=${question.expires_at} /></header>
    ${question.description && html`<p>${question.description}</p>`}
    <pre tabindex="0" role="region" aria-label=${`What ${question.tool} gets`}>${spelled(question.input)}</pre>
    ${rules.length > 0 && html`<label class="check"><input type="checkbox" checked=${remembers} onChange=${(event) => setRemembers(event.target.checked)} /><span>Allow it from now on in this conversation: ${rules.map((rule) => html`<code>${rule}</code> `)}</span></label>`}
    <label class="reason"><span class="visually-hidden">Words for the model, beside a refusal</span><input type="text" maxlength="2000" placeholder="Why not, or what instead (for the model)" value=${reason} onInput=${(event) => setReason(event.target.value)} /></label>
    ${problem && html`<${Trouble} problem=${problem} />`}
    <div class="row">
      <button type="button" class="primary" disabled=${isSending} onClick=${allow}>Allow</button>
      <button type="button" disabled=${isSending} onClick=${() => refuse(false)}>Refuse</button>
      <button type="button" class="quiet" disabled=${isSending} onClick=${() => refuse(true)}>Refuse and stop</button>
    </div>
  </section>`;
}

/** A tool's input as people read it: a command as it would be typed, all else as JSON. */
function spelled(input) {
  const { command, description: _shown, ...rest } = input;
  return typeof command === "string" && !Object.keys(rest).length ? command : JSON.stringify(input, null, 2);
}

/** How long is left to answer, as it passes. */
function Left({ until }) {
  const [now, setNow] = useState(() => Date.now() / 1000);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now() / 1000), 1000);
    return () => clearInterval(timer);
  }, []);
  if (!until) return null;
  const left = Math.max(0, Math.round(until - now));
  const words = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
  return html`<span class="left faint" title="Without an answer it counts as refused">${words}</span>`;
}
