package hotseat;

import hotseat.v1.PermissionAllow;
import hotseat.v1.PermissionDecision;
import hotseat.v1.PermissionDeny;
import hotseat.v1.PermissionRequest;

/** What a permission request is answered with. */
public final class Decision {
  private final PermissionDecision decision;

  private Decision(PermissionDecision decision) {
    this.decision = decision;
  }

  /** Decides on permission requests. What it throws refuses, and is thrown by who reads the turn. */
  @FunctionalInterface
  public interface Maker {
    Decision decide(PermissionRequest request) throws Exception;
  }

  /** Go ahead. */
  public static Decision allow() {
    return allow(PermissionAllow.getDefaultInstance());
  }

  /** Go ahead, with another input or with rules to remember. */
  public static Decision allow(PermissionAllow allow) {
    return new Decision(PermissionDecision.newBuilder().setAllow(allow).build());
  }

  /** Do not; the model reads the message. */
  public static Decision deny(String message) {
    return deny(PermissionDeny.newBuilder().setMessage(message).build());
  }

  /** Do not. */
  public static Decision deny(PermissionDeny deny) {
    return new Decision(PermissionDecision.newBuilder().setDeny(deny).build());
  }

  PermissionDecision on(String permissionId) {
    return decision.toBuilder().setPermissionId(permissionId).build();
  }
}
