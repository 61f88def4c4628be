import { Code } from "@connectrpc/connect";

/** The gRPC code that carries each reason, as error.proto says. */
export const CODES = {
  INVALID_MESSAGE: Code.InvalidArgument,
  PROTOCOL_ORDER: Code.FailedPrecondition,
  CONVERSATION_NOT_FOUND: Code.NotFound,
  CONVERSATION_OWNED: Code.Aborted,
  TURN_RUNNING: Code.FailedPrecondition,
  SETTINGS_MISMATCH: Code.FailedPrecondition,
  REPLAY_LOST: Code.OutOfRange,
  POOL_FULL: Code.ResourceExhausted,
  SLOW_READER: Code.ResourceExhausted,
  POOL_DRAINING: Code.Unavailable,
  WORKER_START: Code.Unavailable,
  WORKER_LOST: Code.Unavailable,
  PROVIDER: Code.Unavailable,
  PROVIDER_LIMIT: Code.ResourceExhausted,
  TURN_LIMIT: Code.FailedPrecondition,
  NOTHING_PENDING: Code.NotFound,
  HISTORY_MISMATCH: Code.FailedPrecondition,
  QUEUE_TIMEOUT: Code.ResourceExhausted,
  PROVIDER_AUTH: Code.FailedPrecondition,
  PROVIDER_REJECTED: Code.InvalidArgument,
  STALLED: Code.DeadlineExceeded,
  ATTEMPT_ABANDONED: Code.Unavailable,
  INTERNAL: Code.Internal,
  CONVERSATION_EXISTS: Code.AlreadyExists,
  STORAGE_FAILED: Code.Unavailable,
  REQUEST_REUSED: Code.FailedPrecondition,
  OUTPUT_INVALID: Code.Unavailable,
  UNAUTHENTICATED: Code.Unauthenticated,
  PERMISSION_DENIED: Code.PermissionDenied,
  RATE_LIMITED: Code.ResourceExhausted,
  BUDGET_SPENT: Code.ResourceExhausted,
  KEY_NOT_FOUND: Code.NotFound,
} as const satisfies Record<string, Code>;

/** Why something failed: the names of `ErrorReason` without their prefix. */
export type Reason = keyof typeof CODES;
