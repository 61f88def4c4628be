import { Code, HotseatError, pb } from "hotseat-client";

export interface WantedError {
  message?: string;
  broken?: boolean;
  code?: string;
  reason?: string;
  retry?: boolean;
  metadata?: Record<string, string>;
}

export interface Expectation {
  outcome?: string;
  kinds?: string[];
  text?: string;
  contains?: string[];
  streamed?: boolean;
  calls?: { name: string; input: unknown }[];
  asked?: string[];
  toolErrors?: boolean[];
  toolOutputs?: string[];
  error?: WantedError;
  turns?: number;
  maxWorkers?: number;
}

/** An expectation that was not met. */
export class Failed extends Error {}

/** What one step has come across. */
export class Seen {
  events: pb.ConverseResponse[] = [];
  calls: { name: string; input: unknown }[] = [];
  asked: string[] = [];
  deltas = 0;

  add(event: pb.ConverseResponse): void {
    this.events.push(event);
    if (event.event.case === "textDelta") this.deltas += 1;
  }
}

export function must(found: unknown, wanted: unknown, what: string): void {
  if (JSON.stringify(found) !== JSON.stringify(wanted)) {
    throw new Failed(`${what}: wanted ${JSON.stringify(wanted)}, got ${JSON.stringify(found)}`);
  }
}

/** Throw where what was read is not what is expected. */
export function check(seen: Seen, expect: Expectation): void {
  const sequences = seen.events.map(({ sequence }) => sequence).filter((sequence) => sequence !== 0n);
  const dense = sequences.every((sequence, place) => sequence === (sequences[0] ?? 0n) + BigInt(place));
  must(dense, true, `dense sequences: ${sequences.join(" ")}`);
  const last = seen.events.map(({ event }) => event).findLast(({ case: kind }) => kind === "turnCompleted");
  if (last?.case !== "turnCompleted") throw new Failed("no turn has ended");
  const { outcome, text, error } = last.value;
  const tools = seen.events.flatMap(({ event }) => (event.case === "toolCompleted" ? [event.value] : []));
  const found: Omit<Record<keyof Expectation, () => unknown>, "contains" | "error" | "turns" | "maxWorkers"> = {
    outcome: () => pb.TurnCompleted_Outcome[outcome],
    kinds: () => kinds(seen.events),
    text: () => text,
    streamed: () => seen.deltas > 0 && streamed(seen.events) === text,
    calls: () => seen.calls,
    asked: () => seen.asked,
    toolErrors: () => tools.map(({ isError }) => isError),
    toolOutputs: () => tools.map(({ content }) => content.map(({ block }) => block.value).join("").trim()),
  };
  for (const [name, value] of Object.entries(found)) {
    const wanted = expect[name as keyof Expectation];
    if (wanted !== undefined) must(value(), wanted, name);
  }
  for (const part of expect.contains ?? []) must(text.includes(part), true, `"${part}" is in "${text}"`);
  if (expect.error === undefined) return;
  if (error === undefined) throw new Failed("the turn did not fail");
  checkError(HotseatError.fromEvent(error), expect.error);
}

/** Throw where the error is not what is wanted. */
export function checkError(error: unknown, wanted: WantedError): void {
  if (wanted.message !== undefined) {
    must(error instanceof Error && error.message, wanted.message, "message");
    return;
  }
  if (!(error instanceof HotseatError)) throw new Failed(`not a HotseatError: ${String(error)}`);
  if (wanted.broken) {
    must(error.reason, "", `reason of ${error.message}`);
    return;
  }
  const code = Code[error.code].replace(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase();
  if (wanted.code !== undefined) must(code, wanted.code, "code");
  if (wanted.reason !== undefined) must(error.reason, wanted.reason, "reason");
  if (wanted.retry !== undefined) must(error.retryDelayMs !== undefined, wanted.retry, "retry");
  for (const [key, value] of Object.entries(wanted.metadata ?? {})) must(error.metadata[key], value, `metadata ${key}`);
}

function kinds(events: readonly pb.ConverseResponse[]): string[] {
  const all = events.flatMap(({ event }) => event.case ?? []).map((kind) => kind.replace(/[A-Z]/g, (c) => `_${c}`).toLowerCase());
  return all
    .filter((kind) => !["usage", "heartbeat", "notice", "input_queued"].includes(kind))
    .filter((kind, place, kept) => kind !== kept[place - 1]);
}

function streamed(events: readonly pb.ConverseResponse[]): string {
  return events.map(({ event }) => (event.case === "textDelta" ? event.value.text : "")).join("");
}
