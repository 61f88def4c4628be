// The server's public API, as the pages use it: JSON, streams of events, and errors that say what to do next.

import { lasting, ofTab } from "./kept.js";

const key = ofTab("key");
const half = lasting("session"); // of a session; the other half is in a cookie that no script can read
const listeners = new Set();
const PAGE = 200; // messages at once

export const apiKey = {
  get: () => key.get() ?? "",
  set(value) {
    key.set(value || null);
    for (const listener of listeners) listener();
  },
  /** Calls back when the key changes; returns what ends that. */
  onChange(listener) {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
};

export const isSignedIn = () => half.get() !== null;

/** Have a session from now on: by the code of a login link, or, without one, as the key that is set. Returns who that is. */
export async function signIn(code = "") {
  const told = await json("POST", "/login", { body: JSON.stringify({ code }) });
  half.set(told.csrf);
  key.set(null);
  return told;
}

export async function signOut() {
  await call("DELETE", "/session").catch(() => {}); // where it cannot be ended, it is forgotten
  half.set(null);
  apiKey.set("");
}

/** What a request shows of who makes it. */
export function credentials(method = "GET") {
  const shown = {};
  if (apiKey.get()) shown.Authorization = `Bearer ${apiKey.get()}`;
  if (half.get() || method !== "GET") shown["X-Hotseat-CSRF"] = half.get() ?? "1";
  return shown;
}

/** A failed request, in words for people. */
export class Problem extends Error {
  constructor(message, { status = 0, code = "", next = "", retryAfter = 0, requestId = "" } = {}) {
    super(message);
    Object.assign(this, { status, code, next, retryAfter, requestId });
  }
}

const NEXT = {
  queue_full: "Every process is busy. Try again in a moment, or make the pool larger on the dashboard.",
  pool_exhausted: "Every process is busy. Try again in a moment, or make the pool larger on the dashboard.",
  draining: "The pool takes no new turns. Somebody can resume it on the dashboard.",
  core_unavailable: "The core does not answer. If it is being restarted, try again in a moment.",
  conversation_busy: "Wait until the running turn ends, or stop it.",
  conversation_owned: "Another client holds this conversation. Start a new one, or wait until that client leaves.",
  conversation_not_found: "It may have been deleted, or have expired. Start a new one.",
  context_length_exceeded: "The conversation is too long for the model. Start a new one, or edit an earlier message.",
  model_not_found: "Choose another model.",
  rate_limit_exceeded: "The model's provider asks for a pause. Try again in a moment.",
  upstream_auth_error: "The server's own credential was refused: its operator must renew it.",
  worker_start_failed: "Processes do not start: the core's log says why.",
  worker_lost: "The process ended in the middle of the turn. Try again.",
  request_too_large: "Send less at once: fewer or smaller pictures.",
  settings_mismatch: "This conversation was begun with another profile. Choose that one again, or start a new one.",
};

export function problemOf(status, body, headers = new Headers()) {
  const error = body?.error ?? {};
  const code = error.code ?? "";
  let next = NEXT[code] ?? "";
  if (status === 401 && code !== "upstream_auth_error") next = "Enter an API key of this server.";
  else if (status === 403 && !next) next = "This key may not do that. Use one with the scope that is needed.";
  return new Problem(error.message || `The server answered ${status}.`, {
    status,
    code,
    next,
    retryAfter: Number(headers.get("retry-after")) || 0,
    requestId: headers.get("x-request-id") ?? "",
  });
}

export const needsKey = (error) => error instanceof Problem && error.status === 401 && error.code !== "upstream_auth_error";

/** The response to a request, if it went well; else a Problem is thrown. */
export async function call(method, path, { body, headers = {}, signal } = {}) {
  const sent = { ...credentials(method), ...headers };
  if (body !== undefined) sent["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(path, { method, headers: sent, body, signal, cache: "no-store" });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Problem("The server cannot be reached.", { next: "Is it running? Try again when it is.", code: "unreachable" });
  }
  if (response.ok) return response;
  throw problemOf(response.status, await response.json().catch(() => null), response.headers);
}

export const json = async (method, path, options = {}) => (await call(method, path, options)).json();

/** The data of each server-sent event of a response. */
export async function* events(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const parts = (rest + value).split("\n\n");
      rest = parts.pop();
      for (const part of parts) {
        if (part.startsWith("data: ")) yield part.slice(6);
      }
    }
  } finally {
    reader.cancel().catch(() => {}); // it may have ended by itself
  }
}

export const conversationPath = (id) => `/conversations/${encodeURIComponent(id)}`;

/** A conversation with all that was said in it. */
export async function readConversation(id, signal) {
  const messages = [];
  for (let after = ""; ; ) {
    const query = `limit=${PAGE}${after && `&after=${encodeURIComponent(after)}`}`;
    const found = await json("GET", `${conversationPath(id)}?${query}`, { signal });
    messages.push(...found.messages.data);
    after = found.messages.next_after;
    if (!after) return { found, messages };
  }
}
