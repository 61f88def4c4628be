// The request that a question becomes, and the same request as a program would send it. Pure.

import { formatOf, toolsOf } from "./definitions.js";
import { openingFor } from "./grpc.js";
import { asMessages, until } from "./thread.js";

const EFFORTS = ["none", "minimal", "low", "medium", "high", "xhigh"];
export { EFFORTS };

/** What a conversation has of its own; the rest of the settings goes along to the next one. */
export const OWN = { system: "", tools: "", schema: "" };
export const DEFAULTS = { ...OWN, model: "", effort: "", temperature: "", maxTokens: "", permissions: "ask" };

/**
 * The body for the answer to this message. Where the server holds all that was said before it, the message goes
 * alone; else the whole history is sent, and the server takes it at its word.
 */
export function bodyFor(question, settings, held) {
  const isHeld = held !== null && question.parent === held.node && settings.system === held.system && settings.tools === held.tools;
  const alone = isHeld && question.role === "user" && question.parent.parent !== null;
  const said = asMessages(alone ? [question] : until(question));
  if (!alone && settings.system.trim()) said.unshift({ role: "system", content: settings.system });
  const body = { model: settings.model, messages: said, stream: true, stream_options: { include_usage: true } };
  if (settings.effort) body.reasoning_effort = settings.effort;
  if (settings.temperature !== "") body.temperature = Number(settings.temperature);
  if (settings.maxTokens !== "") body.max_completion_tokens = Number(settings.maxTokens);
  const { tools } = toolsOf(settings.tools);
  if (tools.length) body.tools = tools;
  const { format } = formatOf(settings.schema);
  if (format) body.response_format = format;
  return body;
}

/** The bytes of pictures and files shortened, for reading. */
const shortened = (name, value) =>
  typeof value === "string" && value.length > 400 && (name === "data" || value.startsWith("data:")) ? `${value.slice(0, 60)}…` : value;

const pretty = (value) => JSON.stringify(value, shortened, 2);

const indented = (text, by) => text.replaceAll("\n", `\n${by}`);

/** The request for four kinds of programs. `origin` is where the server is. */
export function snippets(body, { origin, conversation, withKey, requestId }) {
  const key = withKey ? "$HOTSEAT_API_KEY" : "unused";
  return {
    curl: curl(body, origin, conversation, withKey),
    python: python(body, origin, conversation, key),
    typescript: typescript(body, origin, conversation, key),
    grpc: grpc(openingFor(body, { conversation, requestId }), withKey),
  };
}

const quoted = (text) => `'${text.replaceAll("'", `'\\''`)}'`;

function grpc(opening, withKey) {
  const lines = [
    "grpcurl -plaintext",
    ...(withKey ? [`-H "authorization: Bearer $HOTSEAT_API_KEY"`] : []),
    `-d ${quoted(pretty(opening))}`,
    `"\${HOTSEAT_CORE:-127.0.0.1:50051}" hotseat.v1.ConversationService/Converse`,
  ];
  return lines.join(" \\\n  ");
}

function curl(body, origin, conversation, withKey) {
  const lines = [
    `curl -N ${origin}/v1/chat/completions`,
    `-H 'Content-Type: application/json'`,
    ...(withKey ? [`-H "Authorization: Bearer $HOTSEAT_API_KEY"`] : []),
    `-H 'X-Conversation-ID: ${conversation}'`,
    `-d ${quoted(pretty(body))}`,
  ];
  return lines.join(" \\\n  ");
}

const asPython = (value) =>
  pretty(value)
    .replace(/("(?:[^"\\]|\\.)*")|\b(true|false|null)\b/g, (_, text, word) => text ?? { true: "True", false: "False", null: "None" }[word]);

function python(body, origin, conversation, key) {
  const { model, messages, stream: _stream, stream_options: _options, ...rest } = body;
  const named = Object.entries(rest).map(([name, value]) => `    ${name}=${asPython(value)},\n`);
  return `${key === "unused" ? "" : "import os\n\n"}from openai import OpenAI

client = OpenAI(base_url="${origin}/v1", api_key=${key === "unused" ? '"unused"' : 'os.environ["HOTSEAT_API_KEY"]'})

stream = client.chat.completions.create(
    model=${asPython(model)},
    messages=${indented(asPython(messages), "    ")},
${named.join("")}    stream=True,
    extra_headers={"X-Conversation-ID": "${conversation}"},
)
for chunk in stream:
    if chunk.choices:
        print(chunk.choices[0].delta.content or "", end="", flush=True)
print()
`;
}

function typescript(body, origin, conversation, key) {
  const { stream_options: _options, ...rest } = body;
  return `import OpenAI from "openai";

const client = new OpenAI({ baseURL: "${origin}/v1", apiKey: ${key === "unused" ? '"unused"' : "process.env.HOTSEAT_API_KEY"} });

const stream = await client.chat.completions.create(
  ${indented(pretty(rest), "  ")},
  { headers: { "X-Conversation-ID": "${conversation}" } },
);
for await (const chunk of stream) {
  process.stdout.write(chunk.choices[0]?.delta.content ?? "");
}
`;
}
