import { randomUUID } from "node:crypto";
import { Code } from "@connectrpc/connect";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import type { Said } from "./call.js";
import { HotseatError } from "./errors.js";
import {
  type PermissionAllowSchema,
  type PermissionDenySchema,
  ToolChoice_Mode,
  type ToolResultSchema,
  type TurnOptionsSchema,
  type UserInput,
  type UserInput_Delivery,
  UserInputSchema,
} from "./hotseat/v1/client_message_pb.js";
import type { ConverseResponse } from "./hotseat/v1/conversation_service_pb.js";
import { type GoAway, GoAway_Reason, type PermissionRequest, type Ready } from "./hotseat/v1/server_event_pb.js";
import type { Line } from "./line.js";
import { blocks, canRun, type Content, results, type Tools } from "./tools.js";

/** What a permission request is answered with: exactly one of both. */
export type Decision =
  | { readonly allow: MessageInitShape<typeof PermissionAllowSchema> }
  | { readonly deny: MessageInitShape<typeof PermissionDenySchema> };

/** Decides on a permission request. What it throws refuses, and is thrown by who reads the turn. */
export type OnPermission = (request: PermissionRequest) => Decision | Promise<Decision>;

export interface AskOptions {
  /** How the model answers this input. */
  readonly options?: MessageInitShape<typeof TurnOptionsSchema>;
  /** A UUID; one is made where none is given. */
  readonly requestId?: string;
  /** What to do if a turn is running. */
  readonly delivery?: UserInput_Delivery;
  /** Tells apart what was asked: see UserInput.fingerprint. */
  readonly fingerprint?: string;
  /** What came of the tools that the last turn called. */
  readonly toolResults?: readonly MessageInitShape<typeof ToolResultSchema>[];
}

/** Something the user says; a request id is made where none is given. */
export function userInput(content: Content, asked: AskOptions = {}): UserInput {
  const { requestId = randomUUID(), options, delivery, fingerprint, toolResults = [] } = asked;
  return create(UserInputSchema, {
    requestId,
    content: blocks(content),
    toolResults: [...toolResults],
    ...(options && { options }),
    ...(delivery && { delivery }),
    ...(fingerprint && { fingerprint }),
  });
}

/** Callbacks of a talk. */
export interface Callbacks {
  readonly tools?: Tools;
  readonly onPermission?: OnPermission;
}

/**
 * An open conversation; made by `Client.converse`.
 *
 * Inputs, interrupts and decisions may be sent at any time; events are read by one reader at a time.
 */
export class Talk {
  private isReading = false;
  private failure: { readonly error: unknown } | undefined;

  constructor(
    private readonly line: Line,
    private readonly callbacks: Callbacks = {},
    private readonly onClose: () => void = () => undefined,
  ) {}

  /** The conversation's state when the stream was opened, the latest time. */
  get ready(): Ready {
    return this.line.ready;
  }

  /** The conversation's id. */
  get conversationId(): string {
    return this.ready.conversation?.conversationId ?? "";
  }

  /**
   * Say something and get its turn's events, turnCompleted last. Where the model calls tools that this talk runs, the
   * turns that go on with their results follow.
   *
   * A turn that fails is no exception: its turnCompleted says so. HotseatError is thrown where the input is rejected or
   * the stream ends. To steer a running turn use `say`: it has no turn of its own.
   */
  async *ask(content: Content = "", asked: AskOptions = {}): AsyncGenerator<ConverseResponse, void, void> {
    let input = userInput(content, asked);
    for (;;) {
      this.say(input);
      const calls = yield* this.turn(input.requestId);
      if (!canRun(this.tools, calls)) return;
      input = userInput("", { ...going(asked), toolResults: await results(this.tools, calls) });
    }
  }

  /** Say something and get the whole answer's text; throws where the turn fails. */
  async answer(content: Content, asked: AskOptions = {}): Promise<string> {
    let text = "";
    for await (const { event } of this.ask(content, asked)) {
      if (event.case !== "turnCompleted") continue;
      if (event.value.error !== undefined) throw HotseatError.fromEvent(event.value.error);
      text = event.value.text;
    }
    return text;
  }

  /** Send an input without reading its turn; `turn` with its requestId reads it. */
  say(input: UserInput): void {
    this.send({ case: "userInput", value: input });
  }

  /**
   * The events of the turn that this input began, turnCompleted last, all others skipped. Where it has to wait for a
   * process, inputQueued events with its place in the queue come first. The generator returns the calls of the turn.
   *
   * An input that was said before its time, and has its answer, yields that turnCompleted alone.
   */
  async *turn(requestId: string): AsyncGenerator<ConverseResponse, readonly ToolCallOf[], void> {
    let turn = 0;
    for (let message; (message = await this.read()) !== undefined; ) {
      const event = message.event;
      if (event.case === "turnStarted" && event.value.requestId === requestId) {
        turn = message.turn;
      } else if (event.case === "turnCompleted" && event.value.requestId === requestId) {
        yield message;
        return event.value.toolCalls;
      } else if (event.case === "inputRejected" && event.value.id === requestId && event.value.error) {
        throw HotseatError.fromEvent(event.value.error);
      } else if (event.case === "goAway") {
        heed(event.value, turn !== 0);
      } else if (event.case === "inputQueued" && event.value.requestId === requestId) {
        yield message;
      }
      if (turn !== 0 && message.turn === turn && !this.line.torn.has(requestId)) yield message;
    }
    throw new HotseatError("the server ended the stream before the turn ended", Code.Unavailable);
  }

  /** Every event until the server ends the stream; for observers and for replay. */
  async *events(): AsyncGenerator<ConverseResponse, void, void> {
    for (let message; (message = await this.read()) !== undefined; ) yield message;
  }

  /** Stop the running turn, or only the one named; it still ends with turnCompleted. */
  interrupt(which: { readonly requestId?: string; readonly turn?: number } = {}): void {
    this.send({ case: "interrupt", value: which });
  }

  /** Answer a permission request. */
  decide(permissionId: string, decision: Decision): void {
    const chosen =
      "allow" in decision
        ? ({ case: "allow", value: decision.allow } as const)
        : ({ case: "deny", value: decision.deny } as const);
    this.send({ case: "permissionDecision", value: { permissionId, decision: chosen } });
  }

  /** Send any message. */
  send(message: Said): void {
    this.line.write(message);
  }

  /** Say that no more input comes: the server ends the stream after the running turns. */
  doneWriting(): void {
    this.line.doneWriting();
  }

  /** End the stream. What becomes of a turn that still runs is detachTimeout's to say. */
  async close(): Promise<void> {
    this.onClose();
    await this.line.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  private get tools(): Tools {
    return this.callbacks.tools ?? {};
  }

  private async read(): Promise<ConverseResponse | undefined> {
    if (this.isReading) throw new Error("somebody else reads this talk; read one turn at a time");
    this.isReading = true;
    try {
      const message = await this.line.read();
      if (this.failure !== undefined) throw this.takeFailure();
      if (message?.event.case === "permissionRequest") this.askAbout(message.event.value);
      return message;
    } finally {
      this.isReading = false;
    }
  }

  private askAbout(request: PermissionRequest): void {
    const { onPermission } = this.callbacks;
    if (onPermission === undefined) return;
    // Beside the reading, which goes on: the decision may take its time.
    void decided(onPermission, request)
      .catch((error: unknown): Decision => {
        this.failure = { error };
        return { deny: { message: "nobody could be asked" } };
      })
      .then((decision) => {
        if (!this.line.isClosed) this.decide(request.permissionId, decision);
      });
  }

  private takeFailure(): unknown {
    const error = this.failure?.error;
    this.failure = undefined;
    return error;
  }
}

type ToolCallOf = Parameters<typeof canRun>[1][number];

async function decided(onPermission: OnPermission, request: PermissionRequest): Promise<Decision> {
  // Types do not reach a caller in JavaScript: a callback that returns nothing must not end its process.
  const decision: Decision | undefined = await onPermission(request);
  if (decision === undefined) throw new Error("the permission callback decided nothing");
  return decision;
}

/** What holds for the turns that go on with results: a call that was forced once is not forced for ever. */
function going({ options }: AskOptions): AskOptions {
  const mode = options?.toolChoice?.mode;
  if (options === undefined) return {};
  if (mode !== ToolChoice_Mode.REQUIRED && mode !== ToolChoice_Mode.TOOL) return { options };
  const { toolChoice: _, ...others } = options;
  return { options: others };
}

/** Throw, except where the server drains and lets the running turn end first. */
function heed(notice: GoAway, isRunning: boolean): void {
  switch (notice.reason) {
    case GoAway_Reason.TAKEN_OVER:
      throw HotseatError.because("CONVERSATION_OWNED", "another client took the conversation over");
    case GoAway_Reason.EVICTED:
      throw HotseatError.because("CONVERSATION_OWNED", "the conversation was evicted or deleted; open it again");
    default:
      if (isRunning && notice.reason === GoAway_Reason.DRAINING) return;
      throw HotseatError.because("POOL_DRAINING", "the server is draining; try again, or on another instance");
  }
}
