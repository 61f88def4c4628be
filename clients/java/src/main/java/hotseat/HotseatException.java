package hotseat;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import hotseat.v1.Error;
import io.grpc.Status;
import io.grpc.protobuf.StatusProto;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/** A call, an input or a turn failed. It is the only exception that the client throws by itself. */
public final class HotseatException extends RuntimeException {
  private static final long serialVersionUID = 1L;
  private static final String PREFIX = "ERROR_REASON_";

  private final Status.Code code;
  private final String reason;
  private final Map<String, String> metadata;
  private final Duration retryDelay;

  private HotseatException(
      Status.Code code, String reason, String message, Map<String, String> metadata, Duration retryDelay, Throwable cause) {
    super(message, cause);
    this.code = code;
    this.reason = reason;
    this.metadata = Map.copyOf(metadata);
    this.retryDelay = retryDelay;
  }

  HotseatException(Status.Code code, String message, Throwable cause) {
    this(code, "", message, Map.of(), null, cause);
  }

  HotseatException(Reason reason, String message) {
    this(reason.code(), reason.name(), message, Map.of(), null, null);
  }

  /** The failure that ended a call. */
  public static HotseatException of(Throwable failure) {
    if (failure instanceof HotseatException already) {
      return already;
    }
    Status status = Status.fromThrowable(failure);
    String message = status.getDescription() == null ? status.getCode().name() : status.getDescription();
    String reason = "";
    Map<String, String> metadata = Map.of();
    Duration delay = null;
    com.google.rpc.Status details = StatusProto.fromThrowable(failure);
    if (details != null) {
      for (Any detail : details.getDetailsList()) {
        try {
          if (detail.is(ErrorInfo.class)) {
            ErrorInfo info = detail.unpack(ErrorInfo.class);
            reason = info.getReason();
            metadata = info.getMetadataMap();
          } else if (detail.is(RetryInfo.class)) {
            delay = duration(detail.unpack(RetryInfo.class).getRetryDelay());
          }
        } catch (InvalidProtocolBufferException unreadable) {
          continue; // written by a server that is not ours: its code and text still count
        }
      }
    }
    return new HotseatException(status.getCode(), reason, message, metadata, delay, failure);
  }

  /** The failure inside an event: of a failed turn, say. */
  public static HotseatException of(Error error) {
    // A number without a name comes from a newer server: its message and metadata still count.
    String name = error.getReason().name();
    Reason known = Reason.named(name.startsWith(PREFIX) ? name.substring(PREFIX.length()) : name);
    Duration delay = error.hasRetryDelay() ? duration(error.getRetryDelay()) : null;
    Status.Code code = known == null ? Status.Code.UNKNOWN : known.code();
    String reason = known == null ? "" : known.name();
    return new HotseatException(code, reason, error.getMessage(), error.getMetadataMap(), delay, null);
  }

  /** gRPC's status code. */
  public Status.Code code() {
    return code;
  }

  /** The name of a {@link Reason}; empty where the server gave none: it could not be reached, say. */
  public String reason() {
    return reason;
  }

  /** Whether it is this reason. */
  public boolean is(Reason wanted) {
    return wanted.name().equals(reason);
  }

  /** The dynamic parts of the message. */
  public Map<String, String> metadata() {
    return metadata;
  }

  /** How long to wait at least before trying again; empty: trying again can't help. */
  public Optional<Duration> retryDelay() {
    return Optional.ofNullable(retryDelay);
  }

  private static Duration duration(com.google.protobuf.Duration duration) {
    return Duration.ofSeconds(duration.getSeconds(), duration.getNanos());
  }
}
