// Carries the interop scenarios out: node run.js SCENARIOS. tests/interop/README.md has their format.
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { fromJson, type JsonValue } from "@bufbuild/protobuf";
import {
  Client,
  type ConverseOptions,
  type Decision,
  HotseatError,
  pb,
  type Talk,
  type TlsOptions,
  type Tools,
  userInput,
} from "hotseat-client";
import { check, checkError, type Expectation, Failed, must, Seen, type WantedError } from "./expectations.js";

interface Step {
  do: string;
  say?: string;
  opening?: JsonValue;
  options?: JsonValue;
  when?: { deltas: number; do: string }[];
  maxQueue?: number;
  expect?: Expectation;
  error?: WantedError;
}

interface Scenario {
  name: string;
  opening?: JsonValue;
  first?: string;
  resumeMs?: number;
  tools?: Record<string, { answer?: string; fails?: string }>;
  permission?: string;
  steps: Step[];
}

const target = process.env["HOTSEAT_CORE_TARGET"] ?? "";
const apiKey = process.env["HOTSEAT_API_KEY"];

/** How the core is talked to. `uncertified`: without a certificate of one's own; `misled`: trusting another CA. */
function tls(how = ""): TlsOptions | undefined {
  const file = (name: string) => readFileSync(process.env[name] ?? "");
  if (process.env["HOTSEAT_CORE_CA"] === undefined) return undefined;
  const ca = file(how === "misled" ? "HOTSEAT_INTEROP_OTHER_CA" : "HOTSEAT_CORE_CA");
  if (how === "uncertified") return { ca };
  return { ca, cert: file("HOTSEAT_CORE_CLIENT_CERT"), key: file("HOTSEAT_CORE_CLIENT_KEY") };
}

/** Have every connection broken. */
function cut(): Promise<void> {
  const [host, port] = (process.env["HOTSEAT_INTEROP_CUT"] ?? "").split(":");
  return new Promise((resolve, reject) => {
    const control = connect(Number(port), host);
    control.on("error", reject).on("close", () => resolve()).resume();
  });
}

class Run {
  private seen = new Seen();
  private readonly first;

  constructor(
    private readonly client: Client,
    private readonly scenario: Scenario,
  ) {
    this.first = scenario.first === undefined ? undefined : userInput(scenario.first);
  }

  async run(): Promise<void> {
    const { opening, steps } = this.scenario;
    const talk = opening === undefined ? undefined : await this.open(opening);
    try {
      for (const step of steps) await this.guarded(talk, step);
    } finally {
      await talk?.close();
    }
  }

  private open(opening: JsonValue): Promise<Talk> {
    const { resumeMs = 0, permission } = this.scenario;
    const options: ConverseOptions = {
      resumeMs,
      tools: this.tools(),
      ...(this.first && { first: this.first }),
      ...(permission !== undefined && { onPermission: (request) => this.decide(permission, request) }),
    };
    return this.client.converse(fromJson(pb.OpenConversationSchema, opening), options);
  }

  /** Carry the step out, and see that it fails where it must. */
  private async guarded(talk: Talk | undefined, step: Step): Promise<void> {
    this.seen = new Seen();
    try {
      await this.step(talk, step);
    } catch (error) {
      if (error instanceof Failed || step.error === undefined) throw error;
      checkError(error, step.error);
      return;
    }
    if (step.error !== undefined) throw new Failed(`${step.do} did not fail`);
  }

  private async step(talk: Talk | undefined, step: Step): Promise<void> {
    if (step.do === "open") {
      await (await this.client.converse(fromJson(pb.OpenConversationSchema, step.opening ?? {}))).close();
    } else if (step.do === "get-missing") {
      await this.client.conversations.getConversation({ conversationId: "there-is-none" });
    } else if (step.do === "stranger") {
      const stranger = new Client(target);
      await stranger.pool.listWorkers({}).finally(() => stranger.close());
    } else if (step.do === "uncertified" || step.do === "misled") {
      const stranger = new Client(target, { apiKey, tls: tls(step.do) });
      await stranger.pool.listWorkers({}).finally(() => stranger.close());
    } else if (step.do === "cut") {
      await cut();
    } else if (talk === undefined) {
      throw new Failed(`a step that needs a conversation: ${step.do}`);
    } else {
      await this.talking(talk, step);
    }
  }

  private async talking(talk: Talk, step: Step): Promise<void> {
    const { say = "", expect = {}, when = [] } = step;
    const options = step.options === undefined ? {} : { options: fromJson(pb.TurnOptionsSchema, step.options) };
    const conversationId = talk.conversationId;
    switch (step.do) {
      case "ask":
        await this.read(talk, talk.ask(say, options), when);
        return check(this.seen, expect);
      case "first":
        await this.read(talk, talk.turn(this.first?.requestId ?? ""), []);
        return check(this.seen, expect);
      case "replay":
        await this.replay(conversationId, expect.turns ?? 0);
        return check(this.seen, expect);
      case "get": {
        const { conversation } = await this.client.conversations.getConversation({ conversationId });
        return must(conversation?.turnCount, expect.turns, "turns");
      }
      case "watch":
        return this.watch(talk, conversationId, say, expect);
      default:
        return this.steer(conversationId, step);
    }
  }

  private async read(talk: Talk, turn: AsyncIterable<pb.ConverseResponse>, when: NonNullable<Step["when"]>): Promise<void> {
    for await (const event of turn) {
      this.seen.add(event);
      if (event.event.case !== "textDelta") continue;
      for (const doing of when.filter(({ deltas }) => deltas === this.seen.deltas)) {
        if (doing.do === "interrupt") talk.interrupt();
        else await cut();
      }
    }
  }

  private async replay(conversationId: string, turns: number): Promise<void> {
    const disposition = pb.OpenConversation_Disposition.OBSERVE;
    const talk = await this.client.converse({ conversationId, disposition, startSequence: 1n }, { resumeMs: 20_000 });
    for await (const event of talk.events()) {
      this.seen.add(event);
      if (event.event.case === "turnCompleted" && --turns === 0) break;
    }
    await talk.close();
  }

  private async watch(talk: Talk, conversationId: string, say: string, expect: Expectation): Promise<void> {
    const stopping = new AbortController();
    const request = { minInterval: { nanos: 50_000_000 } };
    const watching = this.client.pool.watchPool(request, { signal: stopping.signal })[Symbol.asyncIterator]();
    const first = await watching.next();
    must(first.value?.pool?.size?.maxWorkers, expect.maxWorkers, "maxWorkers");
    await this.read(talk, talk.ask(say), []);
    for (let next; !(next = await watching.next()).done; ) {
      if (next.value.workers.some((worker) => worker.conversationId === conversationId)) break;
    }
    stopping.abort();
    const { workers } = await this.client.pool.listWorkers({});
    must(workers.some((worker) => worker.conversationId === conversationId), true, "the worker is listed");
  }

  private async steer(conversationId: string, step: Step): Promise<void> {
    const { pool, conversations } = this.client;
    switch (step.do) {
      case "evict":
        return must((await pool.evictConversation({ conversationId })).workerId !== "", true, "a worker held it");
      case "drain": {
        const state = (await pool.drainPool({})).pool?.state;
        return must(state === pb.Pool_State.DRAINING || state === pb.Pool_State.DRAINED, true, "it drains");
      }
      case "resume":
        return must((await pool.resumePool({})).pool?.state, pb.Pool_State.ACTIVE, "state");
      case "resize": {
        const { maxQueue = 0 } = step;
        return must((await pool.resizePool({ maxQueue })).pool?.size?.maxQueue, maxQueue, "maxQueue");
      }
      case "delete":
        await conversations.deleteConversation({ conversationId });
        try {
          await conversations.getConversation({ conversationId });
        } catch (error) {
          return checkError(error, { reason: "CONVERSATION_NOT_FOUND" });
        }
        throw new Failed("it is still there");
      default:
        throw new Failed(`an unknown step: ${step.do}`);
    }
  }

  private tools(): Tools {
    const made = Object.entries(this.scenario.tools ?? {}).map(([name, { answer = "", fails }]) => {
      const run = (input: unknown): string => {
        this.seen.calls.push({ name, input });
        if (fails !== undefined) throw new Error(fails);
        return answer;
      };
      return [name, { description: `The tool ${name}.`, inputSchema: { type: "object" }, run }] as const;
    });
    return Object.fromEntries(made);
  }

  private async decide(how: string, { toolName }: pb.PermissionRequest): Promise<Decision> {
    this.seen.asked.push(toolName);
    if (how === "fail") throw new Error("the callback broke");
    if (how === "nothing") return undefined as unknown as Decision; // as callers in JavaScript may
    if (how === "cut-then-allow") await cut();
    return how === "deny" ? { deny: { message: "no" } } : { allow: {} };
  }
}

const client = new Client(target, { apiKey, tls: tls() });
for (const scenario of JSON.parse(readFileSync(process.argv[2] ?? "", "utf8")) as Scenario[]) {
  let error: string | null = null;
  try {
    await new Run(client, scenario).run();
  } catch (thrown) {
    error = thrown instanceof HotseatError || !(thrown instanceof Error) ? String(thrown) : (thrown.stack ?? thrown.message);
  }
  console.log(JSON.stringify({ name: scenario.name, error }));
}
client.close();
