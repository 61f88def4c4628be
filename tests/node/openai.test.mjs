// The stock openai package drives the server named by HOTSEAT_URL.
import assert from "node:assert/strict";
import { test } from "node:test";

import OpenAI from "openai";
import { zodFunction, zodResponseFormat } from "openai/helpers/zod";
import { z } from "zod";

const client = new OpenAI({ baseURL: `${process.env.HOTSEAT_URL}/v1`, apiKey: "unused", maxRetries: 0, timeout: 30_000 });
const model = "claude";
const user = (content) => ({ role: "user", content });
const Box = z.object({ label: z.string(), width: z.number().int(), mood: z.enum(["glad", "sad"]).nullable() });

test("a whole answer", async () => {
  const answer = await client.chat.completions.create({ model, messages: [user("[[say hello]]")] });
  assert.equal(answer.choices[0].message.content, "hello");
  assert.equal(answer.choices[0].finish_reason, "stop");
  assert.ok(answer.usage.total_tokens > 0);
});

test("the streaming helper", async () => {
  const stream = client.chat.completions.stream({
    model,
    messages: [user("[[tokens 20]]")],
    stream_options: { include_usage: true },
  });
  const pieces = [];
  stream.on("content", (piece) => pieces.push(piece));
  assert.equal(await stream.finalContent(), [...Array(20).keys()].map((number) => `w${number}`).join(" "));
  assert.ok(pieces.length > 10);
  assert.equal((await stream.totalUsage()).completion_tokens, 20);
});

test("parse with zod", async () => {
  const box = { label: "blue", width: 7, mood: null };
  const answer = await client.chat.completions.parse({
    model,
    messages: [user(`[[json ${JSON.stringify(box)}]]`)],
    response_format: zodResponseFormat(Box, "box"),
  });
  assert.deepEqual(answer.choices[0].message.parsed, box);
});

test("a stream that is parsed with zod", async () => {
  const box = { label: "a label in several pieces", width: 1, mood: "sad" };
  const stream = client.chat.completions.stream({
    model,
    messages: [user(`[[json ${JSON.stringify(box)}]]`)],
    response_format: zodResponseFormat(Box, "box"),
  });
  assert.deepEqual((await stream.finalChatCompletion()).choices[0].message.parsed, box);
});

test("the tool runner's loop, with two calls at once", async () => {
  const ran = [];
  const add = zodFunction({
    name: "add",
    description: "Adds.",
    parameters: z.object({ a: z.number(), b: z.number() }),
    function: ({ a, b }) => {
      ran.push([a, b]);
      return String(a + b);
    },
  });
  const text = '[[call add {"a": 1, "b": 2}]] [[call add {"a": 3, "b": 4}]] [[then]] [[say 3 and 7]]';
  for (const stream of [false, true]) {
    const runner = client.chat.completions.runTools({ model, messages: [user(text)], tools: [add], stream });
    assert.equal(await runner.finalContent(), "3 and 7");
  }
  assert.deepEqual(ran, [[1, 2], [3, 4], [1, 2], [3, 4]]);
});

test("errors are of their classes", async () => {
  const ask = (more) => client.chat.completions.create({ model, messages: [user("hi")], ...more });
  await assert.rejects(ask({ model: "gpt-4o" }), (error) => {
    assert.ok(error instanceof OpenAI.NotFoundError);
    assert.deepEqual([error.code, error.param], ["model_not_found", "model"]);
    return true;
  });
  await assert.rejects(ask({ n: 2 }), OpenAI.BadRequestError);
  await assert.rejects(ask({ messages: [user("[[error 429 ra=7]]")] }), (error) => {
    assert.ok(error instanceof OpenAI.RateLimitError);
    assert.ok(error.requestID);
    return true;
  });
});

test("an error after the first byte is thrown", async () => {
  const stream = await client.chat.completions.create({
    model,
    messages: [user("[[sse-error after=3]] [[tokens 9]]")],
    stream: true,
  });
  let said = "";
  await assert.rejects(async () => {
    for await (const chunk of stream) said += chunk.choices[0]?.delta.content ?? "";
  }, OpenAI.APIError);
  assert.match(said, /^w0 w1/);
});

test("an aborted stream ends, and its conversation goes on", async () => {
  const conversation = `node-${process.pid}`;
  const stream = await client.chat.completions.create({
    model: `${model}:${conversation}`,
    messages: [user("[[delay 50]] [[tokens 400]]")],
    stream: true,
  });
  let count = 0;
  for await (const _ of stream) if (++count === 5) break; // which aborts the request
  assert.ok(stream.controller.signal.aborted);
  const next = await client.chat.completions.create({ model: `${model}:${conversation}`, messages: [user("[[say on]]")] });
  assert.equal(next.choices[0].message.content, "on");
});

test("thinking is told beside the answer", async () => {
  const stream = await client.chat.completions.create({
    model,
    messages: [user("[[think let me see]] [[say done]]")],
    stream: true,
  });
  const told = { content: "", reasoning_content: "" };
  for await (const chunk of stream)
    for (const name of Object.keys(told)) told[name] += chunk.choices[0]?.delta[name] ?? "";
  assert.deepEqual(told, { content: "done", reasoning_content: "let me see" });
});

test("the early form, and the list of models", async () => {
  const answer = await client.completions.create({ model, prompt: "[[say plain]]" });
  assert.equal(answer.choices[0].text, "plain");
  const listed = (await client.models.list()).data;
  assert.ok(listed.some((found) => found.id === "claude-code"));
});
