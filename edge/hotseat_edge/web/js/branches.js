// A thread with all its versions, as it is kept; and what the server holds, found again among them. Pure.

import { add, attachmentsOf, newThread, textOf } from "./thread.js";

/** The thread as plain values; an answer that comes again after a reload is left out. */
export const asKept = (thread) => keptBelow(thread.root);

function keptBelow(parent) {
  const ended = parent.children.filter(({ meta }) => !meta.isRunning && !meta.comesAgain);
  return {
    picked: Math.max(0, ended.indexOf(parent.children[parent.picked])),
    children: ended.map((node) => {
      const { role, content, toolCalls, toolCallId, meta } = node;
      return { role, content, toolCalls, toolCallId, meta: plainMeta(meta), ...keptBelow(node) };
    }),
  };
}

function plainMeta({ problem, ...meta }) {
  if (!problem) return meta;
  const { message, next, code, status } = problem;
  return { ...meta, problem: { message, next, code, status } };
}

/** The thread that was kept so. */
export function restored(kept) {
  const thread = newThread();
  grow(thread, thread.root, kept);
  return thread;
}

function grow(thread, parent, { picked, children }) {
  for (const { role, content, toolCalls, toolCallId, meta, ...below } of children) {
    grow(thread, add(thread, parent, role, content, { toolCalls, toolCallId, meta }), below);
  }
  parent.picked = Math.min(picked, Math.max(0, children.length - 1));
}

/**
 * Show what the server holds: its messages are found among the versions, and what is not there is added. Returns the
 * node of the last of them. What came to nothing at the server may stand behind it.
 */
export function graft(thread, messages) {
  let at = thread.root;
  for (const message of messages) {
    const found = at.children.findLastIndex((child) => isSame(child, message));
    if (found >= 0) {
      at.picked = found;
      at = at.children[found];
      at.content = message.content;
      at.toolCalls = message.toolCalls;
    } else {
      at = add(thread, at, message.role, message.content, { toolCalls: message.toolCalls, toolCallId: message.toolCallId, meta: message.meta });
    }
  }
  return at;
}

function isSame(node, message) {
  if (node.role !== message.role || node.toolCallId !== message.toolCallId) return false;
  if (callIds(node) !== callIds(message) || attachmentsOf(node.content).length !== attachmentsOf(message.content).length) return false;
  const [mine, theirs] = [textOf(node.content).trim(), textOf(message.content).trim()];
  // An answer that was stopped may have come here up to another word than the server wrote down.
  return mine === theirs || (node.role === "assistant" && message.meta?.outcome === "interrupted" && mine !== "" && (theirs.startsWith(mine) || mine.startsWith(theirs)));
}

const callIds = ({ toolCalls }) => (toolCalls ?? []).map(({ id }) => id).join(" ");
