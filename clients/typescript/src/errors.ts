import { Code, ConnectError } from "@connectrpc/connect";
import { durationMs } from "@bufbuild/protobuf/wkt";
import { type Error as EventError, ErrorReason } from "./hotseat/v1/error_pb.js";
import { CODES, type Reason } from "./reasons.js";
import { readDetails } from "./rpc-status.js";

interface Fields {
  readonly reason?: string | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  readonly retryDelayMs?: number | undefined;
  readonly cause?: unknown;
}

/** A call, an input or a turn failed. It is the only error that the client throws by itself. */
export class HotseatError extends Error {
  override readonly name = "HotseatError";
  /** The gRPC status code. */
  readonly code: Code;
  /** Which of the reasons it was; "" where the server gave none: it could not be reached, say. */
  readonly reason: Reason | "" | (string & {});
  /** The dynamic parts of the message. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Set where trying again can help: wait at least this long. */
  readonly retryDelayMs: number | undefined;

  constructor(message: string, code: Code, fields: Fields = {}) {
    super(message, { cause: fields.cause });
    this.code = code;
    this.reason = fields.reason ?? "";
    this.metadata = fields.metadata ?? {};
    this.retryDelayMs = fields.retryDelayMs;
  }

  /** The failure that ended a call. */
  static from(error: unknown): HotseatError {
    if (error instanceof HotseatError) return error;
    const failed = ConnectError.from(error);
    const code = isOfConnection(failed) ? Code.Unavailable : failed.code;
    return new HotseatError(failed.rawMessage || Code[code], code, {
      ...readDetails(failed.details),
      cause: error,
    });
  }

  /** The failure inside an event: a rejected input, a failed turn. */
  static fromEvent(error: EventError): HotseatError {
    // A number without a name comes from a newer server: its message and metadata still count.
    const reason = ErrorReason[error.reason] ?? "";
    return new HotseatError(error.message, reason in CODES ? CODES[reason as Reason] : Code.Unknown, {
      reason: reason in CODES ? reason : "",
      metadata: error.metadata,
      retryDelayMs: error.retryDelay && durationMs(error.retryDelay),
    });
  }

  /** What the client itself found wrong. */
  static because(reason: Reason, message: string): HotseatError {
    return new HotseatError(message, CODES[reason], { reason });
  }
}

/**
 * Whether no server has said this, but the connection, which broke or could not be made: such an error has the code that
 * it has in gRPC everywhere. Node's own errors have a code that is a word; an abort by the caller has none of those.
 */
function isOfConnection({ cause, rawMessage, code }: ConnectError): boolean {
  if (code === Code.Canceled) return rawMessage.startsWith("http/2 stream closed");
  if (code !== Code.Internal && code !== Code.Aborted) return false;
  return cause instanceof Error && "code" in cause && typeof cause.code === "string";
}
