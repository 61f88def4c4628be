// The request that a question becomes, and the same request as a program would send it. Pure.

import { asMessages, until } from "./thread.js";

const EFFORTS = ["none", "minimal", "low", "medium", "high", "xhigh"];
export { EFFORTS };

export const DEFAULTS = { model: "", system: "", effort: "", temperature: "", maxTokens: "", permissions: "ask" };

/**
 * The body for the answer to this message. Where the server holds all that was said before it, the message goes
 * alone; else the whole history is sent, and the server takes it at its word.
 */
export function bodyFor(question, settings, held) {
  const alone = held !== null && question.parent === held.node && question.parent.parent !== null && settings.system === held.system;
  const said = asMessages(alone ? [question] : until(question));
  if (!alone && settings.system.trim()) said.unshift({ role: "system", content: settings.system });
  const body = { model: settings.model, messages: said, stream: true, stream_options: { include_usage: true } };
  if (settings.effort) body.reasoning_effort = settings.effort;
  if (settings.temperature !== "") body.temperature = Number(settings.temperature);
  if (settings.maxTokens !== "") body.max_completion_tokens = Number(settings.maxTokens);
  return body;
}

/** Long data URLs shortened, for reading. */
const shortened = (value) => (typeof value === "string" && value.length > 400 && value.startsWith("data:") ? `${value.slice(0, 60)}…` : value);

const pretty = (value) => JSON.stringify(value, (_, inner) => shortened(inner), 2);

const indented = (text, by) => text.replaceAll("\n", `\n${by}`);

/** The request for three kinds of programs. `origin` is where the server is. */
export function snippets(body, { origin, conversation, withKey }) {
  const key = withKey ? "$HOTSEAT_API_KEY" : "unused";
  return { curl: curl(body, origin, conversation, withKey), python: python(body, origin, conversation, key), typescript: typescript(body, origin, conversation, key) };
}

function curl(body, origin, conversation, withKey) {
  const lines = [
    `curl -N ${origin}/v1/chat/completions`,
    `-H 'Content-Type: application/json'`,
    ...(withKey ? [`-H "Authorization: Bearer $HOTSEAT_API_KEY"`] : []),
    `-H 'X-Conversation-ID: ${conversation}'`,
    `-d '${pretty(body).replaceAll("'", `'\\''`)}'`,
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
