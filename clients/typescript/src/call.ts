import type { Client as ServiceClient } from "@connectrpc/connect";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import {
  type ConversationService,
  type ConverseRequest,
  ConverseRequestSchema,
  type ConverseResponse,
} from "./hotseat/v1/conversation_service_pb.js";
import { HotseatError } from "./errors.js";

export type Said = NonNullable<MessageInitShape<typeof ConverseRequestSchema>["message"]>;

/** One Converse call: messages out at any time, messages in one after another. */
export class Call {
  private readonly aborting = new AbortController();
  private readonly outbox = new Outbox();
  private readonly incoming: AsyncIterator<ConverseResponse>;
  /** The call has ended, one way or the other. */
  isOver = false;
  /** Somebody waits for the next message. */
  isBeingRead = false;

  constructor(service: ServiceClient<typeof ConversationService>) {
    this.incoming = service.converse(this.outbox, { signal: this.aborting.signal })[Symbol.asyncIterator]();
  }

  /** Hand a message to the transport. What is said to a call that has ended is heard by the next one, if any. */
  send(message: Said): void {
    this.outbox.push(create(ConverseRequestSchema, { message }));
  }

  /** No more input comes. */
  halfClose(): void {
    this.outbox.end();
  }

  /** The next message; undefined: the server has ended the call. One reader at a time. */
  async receive(): Promise<ConverseResponse | undefined> {
    this.isBeingRead = true;
    try {
      const next = await this.incoming.next();
      if (next.done) this.isOver = true;
      return next.done ? undefined : next.value;
    } catch (error) {
      this.isOver = true;
      throw HotseatError.from(error);
    } finally {
      this.isBeingRead = false;
    }
  }

  cancel(): void {
    this.isOver = true;
    this.outbox.end();
    this.aborting.abort();
  }
}

/** What is to be sent, as the transport takes it. */
class Outbox implements AsyncIterable<ConverseRequest> {
  private readonly waiting: ConverseRequest[] = [];
  private ended = false;
  private wake: () => void = () => undefined;

  push(message: ConverseRequest): void {
    this.waiting.push(message);
    this.wake();
  }

  end(): void {
    this.ended = true;
    this.wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<ConverseRequest> {
    for (;;) {
      const next = this.waiting.shift();
      if (next !== undefined) yield next;
      else if (this.ended) return;
      else await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }
}
