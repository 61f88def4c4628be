import { setTimeout as sleep } from "node:timers/promises";
import { Code } from "@connectrpc/connect";
import { clone, create, type MessageInitShape } from "@bufbuild/protobuf";
import { durationFromMs, durationMs } from "@bufbuild/protobuf/wkt";
import type { Call, Said } from "./call.js";
import { HotseatError } from "./errors.js";
import {
  type OpenConversation,
  OpenConversationSchema,
  type PermissionDecision,
  PermissionDecisionSchema,
  type UserInput,
  UserInput_Delivery,
  UserInputSchema,
} from "./hotseat/v1/client_message_pb.js";
import type { ConverseResponse } from "./hotseat/v1/conversation_service_pb.js";
import { type Ready, ReadySchema } from "./hotseat/v1/server_event_pb.js";

const FAREWELL_MS = 250;
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 500;
// What is said of a broken connection, by who noticed it first. Our servers' own statuses have a reason.
const BROKEN: ReadonlySet<Code> = new Set([
  Code.Unavailable,
  Code.Canceled,
  Code.Internal,
  Code.Unknown,
  Code.Aborted,
]);
const LOST: ReadonlySet<string> = new Set(["REPLAY_LOST", "CONVERSATION_NOT_FOUND"]);

/**
 * One Converse stream, message by message, which outlives its connection where it may.
 *
 * With resumeMs, a broken connection is made again for that long: the stream goes on with the event after the last one
 * that was read, and inputs that were not answered are said again, which the server knows by their request_id.
 */
export class Line {
  /** The conversation's state when the stream was opened, the latest time. */
  ready: Ready = create(ReadySchema);
  /** Request ids of inputs some of whose events are lost. */
  readonly torn = new Set<string>();
  private call: Call;
  private opening: OpenConversation = create(OpenConversationSchema);
  isClosed = false;
  private readonly unanswered = new Map<string, UserInput>(); // by request id, in order
  private readonly decided = new Map<string, PermissionDecision>(); // of the running turn, by permission id
  private readonly resaid = new Set<string>(); // decisions said twice: the server may refuse the second one
  private last = 0n; // the sequence read last; 0: none, or none that is still kept

  constructor(
    private readonly newCall: () => Call,
    private readonly resumeMs: number,
  ) {
    this.call = newCall();
  }

  /** Open the conversation and learn its state. */
  async open(opening: MessageInitShape<typeof OpenConversationSchema>): Promise<void> {
    this.opening = clone(OpenConversationSchema, create(OpenConversationSchema, opening));
    const patience = this.opening.detachTimeout;
    if (patience !== undefined && durationMs(patience) < this.resumeMs) {
      this.opening.detachTimeout = durationFromMs(this.resumeMs);
    }
    const first = this.opening.firstInput;
    if (first !== undefined) this.unanswered.set(first.requestId, first);
    try {
      await this.begin(this.opening);
    } catch (error) {
      if (!this.mayResume(error)) throw error;
      await this.resume(0); // once: a server that is away is no broken connection
    }
  }

  /** The next message; undefined: the server has ended the stream. */
  async read(): Promise<ConverseResponse | undefined> {
    for (;;) {
      try {
        const message = await this.call.receive();
        if (message === undefined || this.note(message)) return message;
      } catch (error) {
        if (!this.mayResume(error)) throw error;
        await this.resume(this.resumeMs);
      }
    }
  }

  /** Send a message. What a broken connection swallows of inputs and decisions is said again on the next one. */
  write(message: Said): void {
    if (this.isClosed) throw closed();
    if (!this.keep(message) && this.call.isOver) {
      throw new HotseatError("the connection is broken; say it again once it is back", Code.Unavailable);
    }
    this.call.send(message);
  }

  /** Half-close: the server ends the stream after the running turns. */
  doneWriting(): void {
    this.call.halfClose();
  }

  /** End the stream: in peace where nothing is left to read, else the server hears that nobody will come back. */
  async close(): Promise<void> {
    if (this.isClosed) return;
    this.isClosed = true;
    const call = this.call;
    try {
      if (call.isOver || call.isBeingRead) return;
      if (this.unanswered.size === 0) call.halfClose();
      else if (this.resumeMs > 0) call.send({ case: "leave", value: {} });
      else return;
      await Promise.race([drained(call), sleep(FAREWELL_MS, undefined, { ref: false })]);
    } finally {
      call.cancel();
    }
  }

  /** End the stream at once. */
  cancel(): void {
    this.isClosed = true;
    this.call.cancel();
  }

  private async begin(opening: OpenConversation): Promise<void> {
    this.call.send({ case: "open", value: opening });
    const answer = await this.call.receive();
    if (answer?.event.case !== "ready") {
      throw new HotseatError("the server did not answer open with ready", Code.Internal);
    }
    this.ready = answer.event.value;
  }

  /** Remember what must not get lost; whether this is such. */
  private keep(message: Said): boolean {
    if (message.case === "userInput") {
      const said = create(UserInputSchema, message.value);
      if (said.delivery === UserInput_Delivery.STEER) return false;
      this.unanswered.set(said.requestId, said);
      return true;
    }
    if (message.case !== "permissionDecision") return false;
    const decision = create(PermissionDecisionSchema, message.value);
    this.decided.set(decision.permissionId, decision);
    return true;
  }

  /** Take notice of a message; whether it is of interest to who reads. */
  private note({ sequence, event }: ConverseResponse): boolean {
    if (sequence !== 0n) this.last = sequence;
    switch (event.case) {
      case "turnCompleted":
        this.unanswered.delete(event.value.requestId);
        this.decided.clear();
        this.resaid.clear();
        return true;
      case "requestsCancelled":
        for (const id of event.value.permissionIds) this.decided.delete(id);
        return true;
      case "inputRejected":
        this.unanswered.delete(event.value.id);
        return !this.resaid.has(event.value.id);
      default:
        return true;
    }
  }

  /** Whether it was the connection that failed, not the server that refused. */
  private mayResume(error: unknown): boolean {
    const isBroken = error instanceof HotseatError && BROKEN.has(error.code) && error.reason === "";
    return this.resumeMs > 0 && !this.isClosed && isBroken;
  }

  /** Go on with a new call; throws where that can't be had in time. */
  private async resume(patienceMs: number): Promise<void> {
    const deadline = performance.now() + patienceMs;
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
      this.call.cancel();
      this.call = this.newCall();
      try {
        return await this.beginAgain();
      } catch (error) {
        if (error instanceof HotseatError && LOST.has(error.reason) && this.last !== 0n) {
          this.forgetPlace();
          continue;
        }
        if (!this.mayResume(error) || performance.now() + pause > deadline) throw error;
      }
      await sleep(pause);
      if (this.isClosed) throw closed(); // while it waited: no other call may begin that nobody would end
    }
  }

  private async beginAgain(): Promise<void> {
    const [first, ...others] = this.unanswered.values();
    await this.begin(this.reopening(first));
    for (const said of others) this.call.send({ case: "userInput", value: said });
    for (const [id, decision] of this.decided) {
      this.resaid.add(id);
      this.call.send({ case: "permissionDecision", value: decision });
    }
  }

  private reopening(first: UserInput | undefined): OpenConversation {
    const opening: OpenConversation = { ...this.opening }; // shallow: histories may be long
    delete opening.firstInput;
    if (opening.afterRequestId !== "" && this.last !== 0n) {
      // The stream has gone on from there: what matters from now on is where it stands.
      Object.assign(opening, { afterRequestId: "", afterLabel: "", history: [] });
    }
    if (opening.afterRequestId === "") opening.conversationId ||= this.ready.conversation?.conversationId ?? "";
    opening.findRequest = opening.conversationId === "" && first !== undefined;
    if (first !== undefined) opening.firstInput = first;
    if (this.last !== 0n) {
      opening.startSequence = this.last + 1n;
      opening.logId = this.ready.logId;
    } else if (first === undefined && this.torn.size === 0 && opening.conversationId !== "") {
      // Nothing was read yet: from where it was to begin.
      opening.startSequence ||= this.ready.nextSequence;
      opening.logId = this.ready.logId;
    }
    return opening;
  }

  /** The log is gone: what was not answered is told by its end alone, lest something be told twice. */
  private forgetPlace(): void {
    this.last = 0n;
    for (const requestId of this.unanswered.keys()) this.torn.add(requestId);
  }
}

function closed(): HotseatError {
  return new HotseatError("this talk is closed; open another", Code.FailedPrecondition);
}

async function drained(call: Call): Promise<void> {
  try {
    while ((await call.receive()) !== undefined);
  } catch {
    return; // every answer was read, or nobody waits for one: how the stream ends changes nothing for the caller
  }
}
