package hotseat;

import io.grpc.Status.Code;

/** Why something failed: the values of {@code ErrorReason}, with the gRPC code that carries each. */
public enum Reason {
  INVALID_MESSAGE(Code.INVALID_ARGUMENT),
  PROTOCOL_ORDER(Code.FAILED_PRECONDITION),
  CONVERSATION_NOT_FOUND(Code.NOT_FOUND),
  CONVERSATION_OWNED(Code.ABORTED),
  TURN_RUNNING(Code.FAILED_PRECONDITION),
  SETTINGS_MISMATCH(Code.FAILED_PRECONDITION),
  REPLAY_LOST(Code.OUT_OF_RANGE),
  POOL_FULL(Code.RESOURCE_EXHAUSTED),
  SLOW_READER(Code.RESOURCE_EXHAUSTED),
  POOL_DRAINING(Code.UNAVAILABLE),
  WORKER_START(Code.UNAVAILABLE),
  WORKER_LOST(Code.UNAVAILABLE),
  PROVIDER(Code.UNAVAILABLE),
  PROVIDER_LIMIT(Code.RESOURCE_EXHAUSTED),
  TURN_LIMIT(Code.FAILED_PRECONDITION),
  NOTHING_PENDING(Code.NOT_FOUND),
  HISTORY_MISMATCH(Code.FAILED_PRECONDITION),
  QUEUE_TIMEOUT(Code.RESOURCE_EXHAUSTED),
  PROVIDER_AUTH(Code.FAILED_PRECONDITION),
  PROVIDER_REJECTED(Code.INVALID_ARGUMENT),
  STALLED(Code.DEADLINE_EXCEEDED),
  ATTEMPT_ABANDONED(Code.UNAVAILABLE),
  INTERNAL(Code.INTERNAL),
  CONVERSATION_EXISTS(Code.ALREADY_EXISTS),
  STORAGE_FAILED(Code.UNAVAILABLE),
  REQUEST_REUSED(Code.FAILED_PRECONDITION),
  OUTPUT_INVALID(Code.UNAVAILABLE),
  UNAUTHENTICATED(Code.UNAUTHENTICATED),
  PERMISSION_DENIED(Code.PERMISSION_DENIED),
  RATE_LIMITED(Code.RESOURCE_EXHAUSTED),
  BUDGET_SPENT(Code.RESOURCE_EXHAUSTED),
  KEY_NOT_FOUND(Code.NOT_FOUND);

  private final Code code;

  Reason(Code code) {
    this.code = code;
  }

  /** The gRPC code that carries it. */
  public Code code() {
    return code;
  }

  /** The reason of this name; null where it is a newer server's. */
  static Reason named(String name) {
    for (Reason reason : values()) {
      if (reason.name().equals(name)) {
        return reason;
      }
    }
    return null;
  }
}
