// The request as gRPC has it: the first message of Converse, in protobuf's JSON. Pure.

import { textOf } from "./thread.js";

const EFFORTS = { none: "LOW", minimal: "LOW", low: "LOW", medium: "MEDIUM", high: "HIGH", xhigh: "MAX" };

/** `open` of ConverseRequest for the body of a chat request. */
export function openingFor(body, { conversation, requestId }) {
  const [profile, model] = body.model.split(/\/(.*)/);
  const system = body.messages.filter(({ role }) => role === "system").map(({ content }) => textOf(content)).join("\n\n");
  const said = body.messages.filter(({ role }) => role !== "system");
  const { history, input } = parted(said);
  const settings = { profile };
  if (model) settings.model = model;
  if (system || history.length) settings.systemPrompt = { text: system };
  if (body.tools) settings.tools = body.tools.map(tool);
  else if (history.length) settings.clearTools = true;
  const opening = { conversationId: conversation, settings };
  if (history.length) opening.history = history;
  opening.firstInput = { requestId, ...input };
  const options = optionsFor(body);
  if (Object.keys(options).length) opening.firstInput.options = options;
  return { open: opening };
}

/** What was said before, and what is said now: a user's message, or the results of the calls before it. */
function parted(said) {
  const at = said.findLastIndex(({ role }) => role === "assistant") + 1;
  const now = said.slice(at);
  const results = now.filter(({ role }) => role === "tool").map(({ tool_call_id: id, content }) => ({ toolCallId: id, content: [{ text: textOf(content) }] }));
  const words = now.filter(({ role }) => role === "user");
  const earlier = [...said.slice(0, at), ...words.slice(0, -1)];
  const input = {};
  if (words.length) input.content = blocks(words.at(-1).content);
  if (results.length) input.toolResults = results;
  return { history: earlier.map(historyMessage), input };
}

function historyMessage({ role, content, tool_calls: calls = [], tool_call_id: id }) {
  if (role === "tool") return { role: "ROLE_USER", content: [{ toolResult: { toolCallId: id, content: [{ text: textOf(content) }] } }] };
  const used = calls.map((call) => ({ toolUse: { toolUseId: call.id, name: call.function.name, inputJson: call.function.arguments } }));
  return { role: role === "user" ? "ROLE_USER" : "ROLE_ASSISTANT", content: [...blocks(content), ...used] };
}

function blocks(content) {
  if (typeof content === "string") return content ? [{ text: content }] : [];
  return (content ?? []).map((part) => {
    if (part.type === "image_url") return { image: blob(part.image_url.url) };
    if (part.type === "file") return { file: { ...blob(part.file.file_data ?? ""), filename: part.file.filename } };
    return { text: part.text ?? "" };
  });
}

function blob(url) {
  const data = /^data:([^;,]+);base64,(.*)$/s.exec(url);
  return data ? { mediaType: data[1], data: data[2] } : { url };
}

const tool = ({ function: { name, description, parameters } }) => ({
  name,
  ...(description ? { description } : {}),
  ...(parameters ? { inputSchemaJson: JSON.stringify(parameters) } : {}),
});

function optionsFor(body) {
  const options = {};
  if (body.reasoning_effort) options.effort = `EFFORT_${EFFORTS[body.reasoning_effort]}`;
  if (body.temperature !== undefined) options.temperature = body.temperature;
  if (body.max_completion_tokens !== undefined) options.maxOutputTokens = body.max_completion_tokens;
  if (body.response_format) options.outputSchemaJson = JSON.stringify(body.response_format.json_schema.schema);
  return options;
}
