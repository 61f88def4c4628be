// One answer as it comes: asks, reads the stream, and notes what it took.

import { note } from "./activity.js";
import { Problem, call, events, problemOf } from "./api.js";
import { closeQuestions, noteQuestion } from "./permissions.js";
import { noteCalls } from "./toolcalls.js";

/**
 * Ask, and put the answer into `answer` (a message of a thread) as it comes; `changed` is called after each piece.
 * Throws a Problem where it fails; what had come by then stays.
 */
export async function receive(answer, asked, signal, changed) {
  const began = performance.now();
  const meta = answer.meta;
  const response = await call("POST", "/v1/chat/completions", { body: asked.body, signal, headers: headersFor(asked) });
  heed(meta, response.headers);
  let finished = false;
  for await (const data of events(response)) {
    if (data === "[DONE]") continue; // the stream ends by itself, and its connection stays of use
    const chunk = JSON.parse(data);
    if (chunk.error) throw problemOf(0, chunk);
    noteQuestion(meta, chunk);
    finished = take(answer, chunk, () => performance.now() - began) || finished;
    changed();
  }
  meta.totalMs = performance.now() - began;
  closeQuestions(meta);
  if (!finished) throw new Problem("The answer broke off.", { next: "Try again.", code: "broke_off" });
}

function headersFor(asked) {
  return {
    ...(asked.permissions ? { "X-Hotseat-Permissions": asked.permissions } : {}),
    "X-Conversation-ID": asked.conversation,
    "Idempotency-Key": asked.key, // the same request again joins the running turn: that is how a reload goes on
    "X-Hotseat-On-Disconnect": "finish",
  };
}

function heed(meta, headers) {
  meta.worker = headers.get("x-hotseat-worker") ?? "";
  meta.replayed = headers.get("idempotent-replayed") === "true";
  meta.adjusted = headers.get("x-adjusted-params") ?? "";
  meta.timing = Object.fromEntries(
    (headers.get("server-timing") ?? "").split(", ").filter(Boolean).map((part) => {
      const [name, milliseconds] = part.split(";dur=");
      return [name, Number(milliseconds)];
    }),
  );
}

/** Take in one chunk; returns whether it says how the answer ended. */
function take(answer, chunk, elapsed) {
  const { meta } = answer;
  if (chunk.usage) meta.usage = chunk.usage;
  const choice = chunk.choices?.[0];
  if (!choice) return false;
  const { content, reasoning_content: reasoning, refusal, tool_calls: calls } = choice.delta;
  if (content || reasoning || calls) meta.firstMs ??= elapsed();
  if (reasoning) note((meta.steps ??= []), reasoning);
  if (content) answer.content += content;
  if (calls) noteCalls(answer, calls);
  if (refusal) meta.refusal = refusal;
  if (choice.finish_reason) meta.finish = choice.finish_reason;
  return Boolean(choice.finish_reason);
}
