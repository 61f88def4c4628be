// The Vercel AI SDK drives the server named by HOTSEAT_URL.
import assert from "node:assert/strict";
import { test } from "node:test";

import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateText, Output, stepCountIs, streamText, tool } from "ai";
import { z } from "zod";

const hotseat = createOpenAICompatible({
  name: "hotseat",
  baseURL: `${process.env.HOTSEAT_URL}/v1`,
  supportsStructuredOutputs: true,
  includeUsage: true,
});
const model = hotseat("claude");

test("text, whole and streamed, with its usage and what the model thought", async () => {
  const whole = await generateText({ model, prompt: "[[think hm]] [[say hello]]" });
  assert.deepEqual([whole.text, whole.reasoningText, whole.finishReason], ["hello", "hm", "stop"]);
  const stream = streamText({ model, prompt: "[[tokens 12]]" });
  let said = "";
  for await (const piece of stream.textStream) said += piece;
  assert.match(said, /^w0 w1 .* w11$/);
  assert.equal((await stream.usage).outputTokens, 12);
});

test("an object that fits a schema", async () => {
  const { output } = await generateText({
    model,
    prompt: '[[json {"label": "blue", "width": 7}]]',
    output: Output.object({ schema: z.object({ label: z.string(), width: z.number() }) }),
  });
  assert.deepEqual(output, { label: "blue", width: 7 });
});

test("a loop of tools", async () => {
  const add = tool({
    description: "Adds.",
    inputSchema: z.object({ a: z.number(), b: z.number() }),
    execute: async ({ a, b }) => a + b,
  });
  const text = '[[call add {"a": 1, "b": 2}]] [[call add {"a": 3, "b": 4}]] [[then]] [[say 3 and 7]]';
  const { text: said, steps } = await generateText({ model, prompt: text, tools: { add }, stopWhen: stepCountIs(5) });
  assert.equal(said, "3 and 7");
  assert.deepEqual(steps[0].toolResults.map(({ output }) => output), [3, 7]);
});
