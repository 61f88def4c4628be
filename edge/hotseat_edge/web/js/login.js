// Who this browser is to the server: a key of this tab, or a session that a key or a login link began.

import { html, useEffect, useState } from "../vendor/htm-preact.js";
import { apiKey, isSignedIn, json, needsKey, signIn, signOut } from "./api.js";
import { Dialog, Trouble } from "./chrome.js";
import { lasting } from "./kept.js";
import { forgetAll } from "./versions.js";

const LINK = /^#\/login\/([A-Za-z0-9_-]+)$/;
const owner = lasting("owner"); // whose the things are that this browser keeps

const nameOf = ({ tenant, key_name: name }) => `${tenant} ${name}`;

/** This browser is somebody's now; what another one has left here is forgotten. */
async function begin(told) {
  const before = owner.get();
  owner.set(nameOf(told));
  if (before !== null && before !== nameOf(told)) await forgetAll();
}

/** Use this key from now on, in this tab; or let it begin a session, that all tabs have. Throws a Problem. */
export async function takeKey(secret, { stays }) {
  apiKey.set(secret);
  await begin(stays ? await signIn() : await json("GET", "/session"));
}

/** Be nobody again. */
async function leave() {
  if (isSignedIn()) await signOut();
  else apiKey.set("");
  owner.set(null);
  await forgetAll();
}

/** Sign in where the address is a login link; returns why that failed, or null. */
export async function followLoginLink() {
  const found = LINK.exec(location.hash);
  if (!found) return null;
  history.replaceState(null, "", location.pathname); // it is spent now, and shall not stand in the history
  try {
    await begin(await signIn(found[1]));
    return null;
  } catch (error) {
    return error;
  }
}

export function KeyDialog({ onClose, isNeeded }) {
  const signedIn = isSignedIn() && !isNeeded;
  return html`<${Dialog} label=${signedIn ? "Signed in" : "API key"} onClose=${onClose}>${signedIn ? html`<${Standing} onClose=${onClose} />` : html`<${KeyForm} onClose=${onClose} isNeeded=${isNeeded} />`}<//>`;
}

function KeyForm({ onClose, isNeeded }) {
  const [value, setValue] = useState(apiKey.get());
  const [stays, setStays] = useState(false);
  const [problem, setProblem] = useState(null);
  const save = async (event) => {
    event.preventDefault();
    try {
      await (value.trim() ? takeKey(value.trim(), { stays }) : leave());
      onClose();
    } catch (error) {
      setProblem(error);
    }
  };
  return html`<form onSubmit=${save}>
    <p>${isNeeded ? "This server asks for an API key." : "The key that requests of this page carry."} It is kept in this tab until you close it.</p>
    <label>Key<input type="password" autocomplete="off" spellcheck="false" value=${value} onInput=${(event) => setValue(event.target.value)} placeholder="hs_…" /></label>
    <label class="check"><input type="checkbox" checked=${stays} onChange=${(event) => setStays(event.target.checked)} /><span>Sign this browser in for twelve hours instead: it then keeps a session, and not the key.</span></label>
    ${isNeeded && html`<p class="faint">Whoever runs the server can also make a link that signs you in: <code>hotseat keys login-link</code></p>`}
    ${problem && html`<${Trouble} problem=${problem} />`}
    <footer>
      ${apiKey.get() && html`<button type="button" onClick=${() => leave().then(onClose)}>Forget it</button>`}
      <button type="submit" class="primary">Use this key</button>
    </footer>
  </form>`;
}

function Standing({ onClose }) {
  const [told, setTold] = useState(null);
  const [problem, setProblem] = useState(null);
  useEffect(() => {
    json("GET", "/session").then(setTold, setProblem);
  }, []);
  return html`<div>
    ${told && html`<dl class="facts"><div><dt>Key</dt><dd>${told.key_name}</dd></div><div><dt>Tenant</dt><dd>${told.tenant}</dd></div><div><dt>May</dt><dd>${told.scopes.join(", ")}</dd></div></dl>`}
    ${problem && html`<${Trouble} problem=${problem}>${needsKey(problem) && html`<span>The session has ended.</span>`}<//>`}
    <footer><button type="button" class="primary" onClick=${() => leave().then(onClose)}>Sign out</button></footer>
  </div>`;
}
