// A conversation as a tree of messages: an edit and a regenerated answer stand beside what they replace. Pure.

/** A tree without messages. */
export function newThread() {
  return { root: node("root", null, null), count: 0 };
}

function node(role, content, parent) {
  return { key: "", role, content, parent, children: [], picked: 0, revision: 0, meta: {} };
}

/** Add a message after this one and show it; returns it. */
export function add(thread, parent, role, content, fields = {}) {
  const made = Object.assign(node(role, content, parent), { key: `m${++thread.count}` }, fields);
  parent.picked = parent.children.push(made) - 1;
  touchChildren(parent);
  return made;
}

/** The messages that are shown, the first one first. */
export function path(thread) {
  const shown = [];
  for (let at = thread.root.children[thread.root.picked]; at; at = at.children[at.picked]) shown.push(at);
  return shown;
}

/** The messages up to this one. */
export function until(node) {
  const found = [];
  for (let at = node; at.parent; at = at.parent) found.unshift(at);
  return found;
}

export const last = (thread) => path(thread).at(-1) ?? thread.root;

/** Show another version of a message. */
export function pick(node, index) {
  if (index < 0 || index >= node.parent.children.length) return;
  node.parent.picked = index;
  touchChildren(node.parent);
}

function touchChildren(parent) {
  for (const child of parent.children) child.revision += 1; // each shows how many there are
}

/** A message of a thread, as GET /conversations/{id} and requests have it. */
export const fromServer = ({ role, content, tool_calls: toolCalls, tool_call_id: toolCallId, outcome }) => ({ role, content, toolCalls, toolCallId, meta: { outcome } });

/** What a request says of these messages; what came to nothing is left out, and so is the question that led there. */
export function asMessages(nodes) {
  const failed = (node) => node?.meta.problem && !hasSubstance(node);
  const ledToNothing = (node, next) => node.role === "user" && failed(next);
  return nodes.filter((node, index) => hasSubstance(node) && !ledToNothing(node, nodes[index + 1])).map((node) => {
    const message = { role: node.role, content: node.content };
    if (node.toolCalls) message.tool_calls = node.toolCalls;
    if (node.toolCallId) message.tool_call_id = node.toolCallId;
    return message;
  });
}

const hasSubstance = (node) => Boolean(node.content?.length || node.toolCalls || node.role === "tool");

/** The words of a message. */
export function textOf(content) {
  if (typeof content === "string") return content;
  return (content ?? []).filter((part) => part.type === "text").map((part) => part.text).join("\n\n");
}

/** Its pictures and files. */
export const attachmentsOf = (content) =>
  typeof content === "string" ? [] : (content ?? []).filter((part) => part.type !== "text");

/** A message's content out of words and attachments. */
export function contentOf(text, attachments) {
  if (!attachments.length) return text;
  return [...attachments, ...(text ? [{ type: "text", text }] : [])];
}

/** A short name for a conversation, from what was said first. */
export function titleOf(content) {
  const line = textOf(content).replace(/\s+/g, " ").trim();
  if (!line) return attachmentsOf(content).length ? "Picture" : "";
  return line.length > 80 ? `${line.slice(0, 79)}…` : line;
}
