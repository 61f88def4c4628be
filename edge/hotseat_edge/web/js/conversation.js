// One conversation in the page: its thread, its settings, and the answer that is coming.

import { receive } from "./answering.js";
import { asKept, graft, restored } from "./branches.js";
import { Problem, conversationPath, json, readConversation } from "./api.js";
import { lasting, newId, ofTab } from "./kept.js";
import { closeQuestions, decide } from "./permissions.js";
import { DEFAULTS, OWN, bodyFor } from "./request.js";
import { add, asMessages, fromServer, last, newThread, path, pick, titleOf, until } from "./thread.js";
import { keepVersions, readVersions } from "./versions.js";

const POLL_MS = 1000;
const STOP_MS = 4000;
const AGAIN_MS = 100;
const RETRY_MS = 500;
const ATTEMPTS = 5;
const BROKEN = new Set(["unreachable", "broke_off"]);
const chosen = lasting("settings");
const titles = lasting("titles");
const pending = ofTab("pending"); // by conversation: the request whose answer has not come to its end

const later = (milliseconds) => new Promise((resume) => setTimeout(resume, milliseconds));
export const profileOf = (model) => model.split("/")[0];

/** What the conversations that this browser knows are called. */
export const knownTitles = () => titles.get() ?? {};

export function nameConversation(id, title) {
  const all = Object.entries({ ...knownTitles(), [id]: title });
  titles.set(Object.fromEntries(all.slice(-2000)));
}

function setPending(id, asked) {
  const all = { ...pending.get(), [id]: asked };
  pending.set(Object.fromEntries(Object.entries(all).filter(([, value]) => value)));
}

let made = 0;

export class Conversation {
  constructor(id = newId()) {
    this.id = id;
    this.number = ++made; // of this page's: the id may change
    this.thread = newThread();
    this.settings = { ...DEFAULTS, ...chosen.get(), ...OWN };
    this.problem = null; // why it could not be read
    this.running = null; // {answer, abort, stopped} of the answer that is coming
    this.isLoading = false;
    this.exists = false; // the server knows it
    this.lastAsked = null; // the body of the latest request
    this.held = null; // {node, system, tools}: up to where the server's own version is what is shown
    this.profile = "";
    this.listeners = new Set();
  }

  /** Calls back after each change; returns what ends that. */
  onChange(listener) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  changed() {
    for (const listener of this.listeners) listener();
  }

  get title() {
    return knownTitles()[this.id] ?? titleOf(path(this.thread)[0]?.content ?? "");
  }

  set(name, value) {
    this.settings = { ...this.settings, [name]: value };
    chosen.set(Object.fromEntries(Object.entries(this.settings).filter(([key]) => !(key in OWN))));
    this.changed();
  }

  // ---- reading

  /** Read it from the server; an answer that was coming when the page was left comes again. */
  async load(signal) {
    const left = pending.get()?.[this.id];
    if (left) {
      await this.goOn(left);
      return;
    }
    this.isLoading = true;
    this.problem = null;
    this.changed();
    try {
      await this.read(signal);
    } catch (error) {
      if (signal?.aborted) return;
      this.problem = error;
    } finally {
      this.isLoading = false;
      this.changed();
    }
  }

  async read(signal) {
    const { found, messages } = await readConversation(this.id, signal);
    const kept = await readVersions(this.id);
    if (this.running || signal?.aborted) return;
    this.restore(kept);
    const held = graft(this.thread, messages.map(fromServer));
    this.exists = true;
    this.profile = found.profile;
    const model = found.model ? `${found.profile}/${found.model}` : found.profile;
    this.settings = { ...this.settings, model, system: found.system_prompt ?? "" };
    this.hold(held);
    if (messages.length && !knownTitles()[this.id]) nameConversation(this.id, titleOf(messages[0].content));
    this.isBusyElsewhere = found.state === "running" || found.state === "requires_action";
    if (this.isBusyElsewhere) this.readLater(signal);
  }

  /** Somebody else's turn runs, or ours whose request could not be kept: its end is shown when it comes. */
  readLater(signal) {
    setTimeout(() => {
      if (!signal?.aborted && !this.running) this.load(signal);
    }, POLL_MS);
  }

  async goOn(left) {
    this.isLoading = true;
    this.restore(await readVersions(this.id));
    this.isLoading = false;
    this.settings = { ...this.settings, ...left.settings };
    this.profile = profileOf(left.settings.model);
    const question = graft(this.thread, left.messages.map(fromServer));
    this.exists = true;
    const answer = add(this.thread, question, "assistant", "");
    answer.meta.isJson = left.isJson;
    await this.answer(answer, left);
  }

  /** Have the versions that this browser has kept, beside what the server tells. */
  restore(kept) {
    this.thread = kept ? restored(kept.thread) : newThread();
    if (kept) this.settings = { ...this.settings, tools: kept.tools, schema: kept.schema };
  }

  keep() {
    const { tools, schema } = this.settings;
    return keepVersions(this.id, { thread: asKept(this.thread), tools, schema });
  }

  /** The server's own version is what is shown, up to this message. */
  hold(node) {
    this.held = { node, system: this.settings.system, tools: this.settings.tools };
  }

  /** Show another version of a message than the server holds. */
  pick(node, index) {
    pick(node, index);
    this.held = null;
    this.keep();
    this.changed();
  }

  // ---- asking

  /** Say something after what is shown. */
  send(content) {
    const question = add(this.thread, last(this.thread), "user", content);
    if (!this.title || path(this.thread).length === 1) nameConversation(this.id, titleOf(content));
    return this.ask(question);
  }

  /** Another version of what was said, and what the model says to that. */
  edit(node, content) {
    const question = add(this.thread, node.parent, "user", content);
    const asking = this.ask(question);
    if (question.parent === this.thread.root) nameConversation(this.id, titleOf(content));
    return asking;
  }

  /** What came of the calls that this answer ended with, and what the model says to that. */
  giveResults(answer, texts) {
    let at = answer;
    for (const [index, call] of answer.toolCalls.entries()) at = add(this.thread, at, "tool", texts[index], { toolCallId: call.id });
    answer.revision += 1;
    return this.ask(at);
  }

  /** Another answer to the same question. */
  regenerate(answer) {
    return this.ask(answer.parent);
  }

  ask(question) {
    const isOtherProfile = this.profile && this.profile !== profileOf(this.settings.model);
    if (isOtherProfile || (this.exists && question.parent === this.thread.root)) this.beginAnother();
    const body = bodyFor(question, this.settings, this.held);
    const answer = add(this.thread, question, "assistant", "");
    const isJson = (answer.meta.isJson = Boolean(body.response_format));
    const { settings } = this;
    const asked = { conversation: this.id, key: newId(), body: JSON.stringify(body), isJson, permissions: settings.permissions };
    setPending(this.id, { ...asked, settings, messages: asMessages(until(question)) });
    this.lastAsked = body;
    this.profile = profileOf(this.settings.model);
    return this.answer(answer, asked);
  }

  /**
   * Go on under another id: a conversation stays with its profile, and a message without anything before it would go
   * on with what the server holds. The conversation that this one was stays as it is.
   */
  beginAnother() {
    const { title } = this;
    this.id = newId();
    this.held = null;
    this.exists = false;
    if (title) nameConversation(this.id, title);
  }

  async answer(answer, asked) {
    const running = { answer, abort: new AbortController(), stopped: false };
    this.running = running;
    this.lastAsked ??= JSON.parse(asked.body);
    answer.meta.isRunning = true;
    this.keep();
    const changed = () => {
      answer.revision += 1;
      this.changed();
    };
    changed();
    try {
      await this.receive(running, asked, changed);
      this.hold(answer);
      this.exists = true;
    } catch (error) {
      this.held = null; // the server may have more, or less, than is shown
      closeQuestions(answer.meta);
      answer.meta.comesAgain = Boolean(pending.get()?.[this.id]);
      this.noteEnd(running, error);
    }
    answer.meta.isRunning = false;
    this.running = null;
    this.keep();
    changed();
  }

  /** Receive it, over another connection where one breaks: the server tells a running turn from its beginning. */
  async receive(running, asked, changed) {
    const { answer, abort } = running;
    for (let attempt = 1; ; attempt += 1) {
      try {
        await receive(answer, asked, abort.signal, changed);
        break;
      } catch (error) {
        const isBroken = !(error instanceof Problem) || BROKEN.has(error.code);
        if (!isBroken) setPending(this.id, null);
        if (!isBroken || running.stopped || attempt >= ATTEMPTS) throw error;
      }
      await later(attempt * RETRY_MS);
      answer.content = "";
      answer.toolCalls = undefined;
      answer.meta = { isRunning: true, isJson: answer.meta.isJson };
      changed();
    }
    setPending(this.id, null);
  }

  noteEnd({ answer, stopped }, error) {
    if (stopped) {
      answer.meta.isStopped = true;
      setPending(this.id, null);
    } else {
      const next = "The answer goes on at the server: reload the page to see it.";
      answer.meta.problem = error instanceof Problem ? error : new Problem("The connection to the server broke.", { next });
    }
  }

  /** Answer a question of the answer that is coming. */
  async decide(answer, question, decision) {
    await decide(this.id, question, decision);
    answer.revision += 1;
    this.changed();
  }

  /** Stop the answer that is coming; what has come stays. */
  async stop() {
    const { running } = this;
    if (!running || running.stopped) return;
    running.stopped = true;
    this.changed();
    const giveUpAt = performance.now() + STOP_MS;
    const goesOn = () => this.running === running && performance.now() < giveUpAt;
    while (goesOn()) {
      const stopping = json("POST", `${conversationPath(this.id)}/interrupt`);
      const told = await stopping.catch((error) => error); // it may not exist yet: it is asked again
      if (told.interrupted) break;
      await later(AGAIN_MS);
    }
    while (goesOn()) await later(AGAIN_MS);
    running.abort.abort();
  }
}
