// The conversations that the server has: found, opened, deleted.

import { html, useEffect, useMemo, useReducer, useRef, useState } from "../vendor/htm-preact.js";
import { apiKey, conversationPath, isSignedIn, json, needsKey } from "./api.js";
import { Dialog, Trouble } from "./chrome.js";
import { knownTitles, nameConversation } from "./conversation.js";
import { Brand, icon } from "./icons.js";
import { titleOf } from "./thread.js";
import { forgetVersions } from "./versions.js";

const PAGE = 50;
const ALL = 1000;
const AT_ONCE = 3;
const DAY_S = 86_400;

/** The list as it grows: `more` reads the next page, `refresh` the first one again. */
export class Shelf {
  constructor() {
    this.listed = [];
    this.next = null;
    this.problem = null;
    this.listeners = new Set();
    this.isNaming = false;
  }

  onChange(listener) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  changed() {
    for (const listener of this.listeners) listener();
  }

  async refresh(limit = Math.min(ALL, Math.max(PAGE, this.listed.length))) {
    await this.read(`limit=${limit}`, (data) => data);
  }

  async more() {
    if (this.next) await this.read(`limit=${PAGE}&after=${encodeURIComponent(this.next)}`, (data) => [...this.listed, ...data]);
  }

  async read(query, joined) {
    try {
      const page = await json("GET", `/conversations?${query}`);
      const seen = new Set();
      this.listed = joined(page.data).filter(({ id }) => !seen.has(id) && seen.add(id));
      this.next = page.next_after;
      this.problem = null;
    } catch (error) {
      this.problem = error;
    }
    this.changed();
    this.nameThem();
  }

  /** Conversations of other clients have no title here: the first words said make one. */
  async nameThem() {
    if (this.isNaming) return;
    this.isNaming = true;
    const nameless = this.listed.filter(({ id, turn_count: turns }) => turns && !knownTitles()[id]).slice(0, PAGE);
    const nameOne = async () => {
      for (let one = nameless.shift(); one; one = nameless.shift()) {
        const found = await json("GET", `${conversationPath(one.id)}?limit=1`).catch(() => null); // it may be gone by now
        nameConversation(one.id, titleOf(found?.messages.data[0]?.content ?? "") || one.id);
        this.changed();
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, nameOne));
    this.isNaming = false;
  }

  async remove(id) {
    await json("DELETE", `${conversationPath(id)}?purge=true&force=true`);
    await forgetVersions(id);
    this.listed = this.listed.filter((one) => one.id !== id);
    this.changed();
  }
}

const nameOf = (one) => knownTitles()[one.id] ?? one.id;

function grouped(listed) {
  const midnight = new Date().setHours(0, 0, 0, 0) / 1000;
  const groups = new Map();
  for (const one of listed) {
    const name = one.updated_at >= midnight ? "Today" : one.updated_at >= midnight - DAY_S ? "Yesterday" : one.updated_at >= midnight - 7 * DAY_S ? "This week" : "Earlier";
    groups.set(name, [...(groups.get(name) ?? []), one]);
  }
  return [...groups];
}

export function Sidebar({ shelf, current, isOpen, onClose, onOpen, onNew, onDeleted, onKey }) {
  const [, again] = useReducer((count) => count + 1, 0);
  const [query, setQuery] = useState("");
  const [deleting, setDeleting] = useState(null);
  const panel = useRef(null);
  useEffect(() => shelf.onChange(again), [shelf]);
  useEffect(() => {
    if (query && shelf.next) shelf.refresh(ALL); // a search is among all that there are
  }, [Boolean(query)]);
  const words = query.toLowerCase().trim();
  const found = useMemo(
    () => shelf.listed.filter((one) => !words || nameOf(one).toLowerCase().includes(words) || one.id.toLowerCase().includes(words)),
    [shelf.listed, words, knownTitles()],
  );
  return html`<nav ref=${panel} class=${isOpen ? "sidebar open" : "sidebar"} aria-label="Conversations">
      <header>
        <${Brand} />
        <button type="button" class="quiet icon narrow" aria-label="Close conversations" onClick=${onClose}>${icon("close")}</button>
      </header>
      <button type="button" class="new" onClick=${onNew}>${icon("plus")}New conversation</button>
      <label class="search">${icon("search")}<input type="search" aria-label="Search conversations" placeholder="Search" value=${query} onInput=${(event) => setQuery(event.target.value)} /></label>
      <div class="list">
        ${shelf.problem && !needsKey(shelf.problem) && html`<${Trouble} problem=${shelf.problem}><button type="button" onClick=${() => shelf.refresh()}>Try again</button><//>`}
        ${!shelf.problem && !found.length && html`<p class="faint none">${words ? "Nothing found." : "No conversations yet."}</p>`}
        ${grouped(found).map(([name, ones]) => html`<h2 key=${name}>${name}</h2><ul key=${`${name} list`}>${ones.map(
          (one) => html`<${Entry} key=${one.id} one=${one} isCurrent=${one.id === current} onOpen=${onOpen} onDelete=${setDeleting} />`,
        )}</ul>`)}
        ${!words && shelf.next && html`<button type="button" class="quiet more" onClick=${() => shelf.more()}>Show more</button>`}
      </div>
      <footer>
        <a href="/dashboard">${icon("chart")}Dashboard</a>
        <button type="button" class="quiet" onClick=${onKey}>${icon("key")}${isSignedIn() ? "Signed in" : apiKey.get() ? "API key set" : "API key"}</button>
      </footer>
      ${deleting && html`<${Deleting} shelf=${shelf} one=${deleting} onClose=${() => setDeleting(null)} onDeleted=${onDeleted} />`}
    </nav>`;
}

function Entry({ one, isCurrent, onOpen, onDelete }) {
  const name = nameOf(one);
  const open = (event) => {
    event.preventDefault();
    onOpen(one.id);
  };
  return html`<li class=${isCurrent ? "current" : ""}>
    <a href=${`#/c/${one.id}`} aria-current=${isCurrent ? "page" : null} title=${`${name} (${one.state}, ${one.turn_count} turns)`} onClick=${open}>
      <span class=${`dot ${one.state}`} aria-hidden="true"></span><span class="name">${name}</span>
    </a>
    <button type="button" class="quiet small" aria-label=${`Delete ${name}`} onClick=${() => onDelete(one)}>${icon("trash")}</button>
  </li>`;
}

function Deleting({ shelf, one, onClose, onDeleted }) {
  const [problem, setProblem] = useState(null);
  const remove = async () => {
    try {
      await shelf.remove(one.id);
      onDeleted(one.id);
      onClose();
    } catch (error) {
      setProblem(error);
    }
  };
  return html`<${Dialog} label="Delete this conversation?" onClose=${onClose}>
    <p><strong>${nameOf(one)}</strong> goes for good, with all that was said in it and its files.${one.state === "running" ? " Its running turn is stopped." : ""}</p>
    ${problem && html`<${Trouble} problem=${problem} />`}
    <footer><button type="button" onClick=${onClose}>Keep it</button><button type="button" class="danger" onClick=${remove}>Delete</button></footer>
  <//>`;
}
