// The pool as the server tells of it: everything first, then what changes; over another connection where one breaks.

import { Problem, call, events, problemOf } from "./api.js";

const RETRY_MS = 2000;
const KEPT_S = 300;
const GONE = "stopped";

/** What the dashboard shows; calls back on each change. */
export class PoolView {
  constructor() {
    this.listeners = new Set();
    this.problem = null;
    this.forget();
  }

  forget() {
    this.pool = null;
    this.workers = new Map();
    this.queue = [];
    this.models = []; // what each has used
    this.firstTokens = []; // [when, seconds, how, seconds in the queue]
    this.busy = []; // [when, running, queued]
    this.turns = []; // [when, how many there were since the start]
  }

  onChange(listener) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  changed() {
    for (const listener of this.listeners) listener();
  }

  /** Watch until the signal says to stop. */
  async watch(signal) {
    while (!signal.aborted) {
      try {
        const response = await call("GET", "/admin/pool/events", { signal });
        this.workers = new Map();
        for await (const data of events(response)) this.take(JSON.parse(data));
        throw new Problem("The core has gone away.", { next: "What is shown is what it last said; it is tried again." });
      } catch (error) {
        if (signal.aborted) return;
        this.problem = error instanceof Problem ? error : new Problem("The connection to the server broke.", { next: "It is tried again." });
        this.changed();
        if (error.status === 401 || error.status === 403) return; // another key is needed first
      }
      await new Promise((resume) => setTimeout(resume, RETRY_MS));
    }
  }

  take(update) {
    if (update.error) throw problemOf(0, update);
    this.problem = null;
    const now = Date.now() / 1000;
    for (const worker of update.workers) {
      if (worker.state === GONE) this.workers.delete(worker.worker_id);
      else this.workers.set(worker.worker_id, worker);
    }
    if (update.pool) this.takePool(update, now);
    this.firstTokens = recent([...this.firstTokens, ...update.first_tokens], now);
    this.changed();
  }

  takePool({ pool, queued_turns: queue, models }, now) {
    this.pool = pool;
    this.queue = queue;
    this.models = models;
    const { stats } = pool;
    this.busy = recent([...this.busy, [now, stats.running_workers, stats.queued_turns]], now);
    this.turns = recent([...this.turns, [now, stats.hot_turn_count + stats.warm_turn_count + stats.cold_turn_count]], now);
  }

  /** Turns begun in the last minute, as far as this page has seen it. */
  get turnsPerMinute() {
    const from = Date.now() / 1000 - 60;
    const before = this.turns.findLast(([at]) => at <= from) ?? this.turns[0];
    return before ? this.turns.at(-1)[1] - before[1] : 0;
  }
}

const recent = (points, now) => points.filter(([at], index) => at > now - KEPT_S || index === points.length - 1);
export { KEPT_S };
