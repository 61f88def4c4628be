// The playground: conversations on the left, one of them in the middle, its settings on the right.

import { html, render, useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "../vendor/htm-preact.js";
import { apiKey, needsKey } from "./api.js";
import { Notices, ThemeButton, Trouble, applyTheme, fetchModels, useChanges, useHealth } from "./chrome.js";
import { Composer } from "./composer.js";
import { Conversation } from "./conversation.js";
import { problemIn } from "./definitions.js";
import { icon } from "./icons.js";
import { copy } from "./kept.js";
import { KeyDialog, followLoginLink } from "./login.js";
import { Messages } from "./message.js";
import { isAsking } from "./permissions.js";
import { ModelChoice, Settings, Snippets } from "./settings.js";
import { Shelf, Sidebar } from "./sidebar.js";
import { path } from "./thread.js";
import { wantsResults } from "./toolcalls.js";

const NEAR_END = 120; // pixels: who reads here wants to see what comes
const IDEAS = [
  "What can you do here?",
  "Explain what a process pool is good for.",
  "Write a Python function that finds primes, and say how it works.",
];

const idInAddress = () => /^#\/c\/([A-Za-z0-9][A-Za-z0-9._~-]{0,127})$/.exec(location.hash)?.[1] ?? "";

/** The conversations that this page has open, so that an answer goes on while another one is read. */
const open = new Map();

function conversationOf(id) {
  if (!id) return new Conversation();
  const found = open.get(id) ?? new Conversation(id);
  open.set(id, found);
  return found;
}

function useConversation(shelf) {
  const [conversation, setConversation] = useState(() => conversationOf(idInAddress()));
  const show = useCallback((id) => {
    const address = id ? `#/c/${id}` : "#/";
    if (location.hash !== address) history.pushState(null, "", address);
    setConversation(conversationOf(id));
  }, []);
  useEffect(() => {
    const onAddress = () => setConversation((now) => (now.id === idInAddress() ? now : conversationOf(idInAddress())));
    addEventListener("popstate", onAddress);
    addEventListener("hashchange", onAddress);
    return () => {
      removeEventListener("popstate", onAddress);
      removeEventListener("hashchange", onAddress);
    };
  }, []);
  useEffect(() => {
    const leaving = new AbortController();
    if (idInAddress() === conversation.id && !conversation.running) conversation.load(leaving.signal).then(() => shelf.refresh());
    return () => leaving.abort();
  }, [conversation]);
  return [conversation, show];
}

function App({ loginProblem }) {
  const shelf = useMemo(() => new Shelf(), []);
  const [conversation, show] = useConversation(shelf);
  useChanges(conversation);
  const [models, setModels] = useState([]);
  const [problem, setProblem] = useState(loginProblem);
  const [panel, setPanel] = useState(""); // sidebar (where it is narrow), settings, snippets or key
  const health = useHealth();

  const begin = useCallback(async () => {
    shelf.refresh();
    try {
      setModels((await fetchModels()).data);
      setProblem(null);
    } catch (error) {
      setProblem(error);
      if (needsKey(error)) setPanel("key");
    }
  }, []);
  useEffect(() => {
    if (!loginProblem) begin();
    return apiKey.onChange(begin);
  }, []);
  useEffect(() => {
    if (models.length && !models.some(({ id }) => id === conversation.settings.model) && !conversation.exists) conversation.set("model", models[0].id);
  }, [models, conversation]);
  useEffect(() => {
    document.title = conversation.title ? `${conversation.title} · Hotseat` : "Hotseat";
  });

  const asked = async (asking) => {
    for (const [id, one] of open) if (one === conversation) open.delete(id); // it may go on under another id
    open.set(conversation.id, conversation);
    if (idInAddress() !== conversation.id) history.pushState(null, "", `#/c/${conversation.id}`);
    await asking;
    await shelf.refresh();
  };
  const actions = {
    send: (content) => asked(conversation.send(content)),
    edit: (node, content) => asked(conversation.edit(node, content)),
    giveResults: (node, texts) => asked(conversation.giveResults(node, texts)),
    regenerate: (node) => asked(conversation.regenerate(node)),
    pick: (node, index) => conversation.pick(node, index),
    decide: (node, question, decision) => conversation.decide(node, question, decision),
    stop: () => conversation.stop(),
    askForKey: () => setPanel("key"),
  };
  const isBusy = conversation.running !== null;
  const hindrance = problemIn(conversation.settings) || (wantsResults(conversation.thread) ? "First give the results of the tool calls." : "");
  const canSend = Boolean(conversation.settings.model) && !conversation.isLoading && !hindrance;
  useEffect(() => {
    const onKey = (event) => {
      if (event.key === "Escape" && isBusy && !document.querySelector("dialog[open]")) conversation.stop();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [conversation, isBusy]);

  const openOne = (id) => {
    setPanel("");
    show(id);
  };
  return html`<a class="skip" href="#composer" onClick=${skip}>Go to the message field</a>
    <div class=${panel === "settings" ? "layout with-settings" : "layout"}>
      <${Sidebar} shelf=${shelf} current=${conversation.id} isOpen=${panel === "sidebar"} onClose=${() => setPanel("")} onOpen=${openOne} onNew=${() => openOne("")} onDeleted=${(id) => (open.delete(id), id === conversation.id && openOne(""))} onKey=${() => setPanel("key")} />
      ${panel === "sidebar" && html`<div class="veil" onClick=${() => setPanel("")}></div>`}
      <main>
        <header class="top">
          <button type="button" class="quiet icon narrow" aria-label="Conversations" aria-expanded=${panel === "sidebar" ? "true" : "false"} onClick=${() => setPanel("sidebar")}>${icon("menu")}</button>
          <${ModelChoice} models=${models} conversation=${conversation} />
          <h1 class="title">${conversation.title || "New conversation"}</h1>
          <button type="button" class="quiet icon" aria-label="The request, for programs" title="The request, for programs" onClick=${() => setPanel("snippets")}>${icon("code")}</button>
          <button type="button" class="quiet icon" aria-label="Settings" title="Settings" aria-expanded=${panel === "settings" ? "true" : "false"} onClick=${() => setPanel(panel === "settings" ? "" : "settings")}>${icon("sliders")}</button>
          <${ThemeButton} />
        </header>
        <${Notices} health=${health} />
        ${problem && html`<div class="page-trouble"><${Trouble} problem=${problem}><button type="button" onClick=${needsKey(problem) ? actions.askForKey : begin}>${needsKey(problem) ? "Enter a key" : "Try again"}</button><//></div>`}
        <${Thread} conversation=${conversation} actions=${actions} isBusy=${isBusy} />
        <${Composer} conversation=${conversation} isBusy=${isBusy} isStopping=${Boolean(conversation.running?.stopped)} canSend=${canSend} hindrance=${hindrance} actions=${actions} />
      </main>
      ${panel === "settings" && html`<${Settings} conversation=${conversation} onClose=${() => setPanel("")} />`}
    </div>
    ${panel === "key" && html`<${KeyDialog} isNeeded=${needsKey(problem)} onClose=${() => setPanel("")} />`}
    ${panel === "snippets" && html`<${Snippets} conversation=${conversation} onClose=${() => setPanel("")} />`}
    <p class="visually-hidden" role="status">${status(conversation)}</p>`;
}

function skip(event) {
  event.preventDefault();
  document.querySelector("#composer").focus();
}

function status(conversation) {
  if (conversation.running && isAsking(conversation.running.answer.meta)) return "A tool needs your permission";
  if (conversation.running) return conversation.running.stopped ? "Stopping" : "The model answers";
  return path(conversation.thread).at(-1)?.role === "assistant" ? "The answer is complete" : "";
}

function Thread({ conversation, actions, isBusy }) {
  const frame = useRef(null);
  const follows = useRef(true);
  const top = useRef(0);
  const shown = path(conversation.thread);
  const onScroll = ({ target }) => {
    // Only who scrolls up wants to stay there: what comes into sight may turn out longer than it was thought.
    if (target.scrollHeight - target.scrollTop - target.clientHeight < NEAR_END) follows.current = true;
    else if (target.scrollTop < top.current) follows.current = false;
    top.current = target.scrollTop;
  };
  useLayoutEffect(() => {
    follows.current = true;
    frame.current.scrollTop = frame.current.scrollHeight;
  }, [conversation, shown.length]);
  useEffect(() => {
    // What is out of sight has no size of its own until it is looked at, and pictures come late.
    const watching = new ResizeObserver(() => {
      if (follows.current) frame.current.scrollTop = frame.current.scrollHeight;
    });
    watching.observe(frame.current.firstElementChild);
    return () => watching.disconnect();
  }, []);
  const onClick = async ({ target }) => {
    const button = target.closest("button.copy");
    if (!button) return;
    const done = await copy(button.closest("figure").querySelector("code").textContent.replace(/\n$/, ""));
    button.textContent = done ? "Copied" : "Not copied";
    setTimeout(() => {
      button.textContent = "Copy";
    }, 1500);
  };
  return html`<section ref=${frame} class="thread" aria-label="Conversation" tabindex="0" onScroll=${onScroll} onClick=${onClick}>
    <div class="column">
      ${conversation.isLoading && html`<p class="faint" role="status">Reading the conversation…</p>`}
      ${conversation.problem && html`<${Trouble} problem=${conversation.problem}>
        ${needsKey(conversation.problem) && html`<button type="button" class="primary" onClick=${actions.askForKey}>Enter a key</button>`}
        <button type="button" onClick=${() => conversation.load()}>Try again</button>
      <//>`}
      ${!shown.length && !conversation.isLoading && !conversation.problem && html`<${Welcome} actions=${actions} canSend=${Boolean(conversation.settings.model)} />`}
      <${Messages} key=${conversation.number} nodes=${shown} isBusy=${isBusy} actions=${actions} />
      ${conversation.isBusyElsewhere && html`<p class="faint" role="status">A turn runs in this conversation; its answer is shown when it has ended.</p>`}
    </div>
  </section>`;
}

const Welcome = ({ actions, canSend }) => html`<div class="welcome">
  <img src="/web/icon.svg" alt="" width="56" height="56" />
  <p class="lead">What shall we talk about?</p>
  <p class="faint">Each conversation has a <code>claude</code> process of its own, kept hot between turns.</p>
  <div class="ideas">${IDEAS.map((idea) => html`<button type="button" disabled=${!canSend} onClick=${() => actions.send(idea)}>${idea}</button>`)}</div>
</div>`;

applyTheme();
render(html`<${App} loginProblem=${await followLoginLink()} />`, document.querySelector("#app"));
