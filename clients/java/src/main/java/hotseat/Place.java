package hotseat;

import hotseat.v1.ConverseRequest;
import hotseat.v1.ConverseResponse;
import hotseat.v1.OpenConversation;
import hotseat.v1.PermissionDecision;
import hotseat.v1.Ready;
import hotseat.v1.UserInput;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What a stream needs to go on elsewhere: what was read last, and what was not answered. Not thread-safe. */
final class Place {
  private final Map<String, UserInput> unanswered = new LinkedHashMap<>(); // by request id, in order
  private final Map<String, PermissionDecision> decided = new LinkedHashMap<>(); // of the running turn
  private final Set<String> resaid = new HashSet<>(); // decisions said twice: the server may refuse the second one
  private final Set<String> torn = new HashSet<>(); // request ids of inputs some of whose events are lost
  private long last; // the sequence read last; 0: none, or none that is still kept

  boolean isAnswered() {
    return unanswered.isEmpty();
  }

  boolean isTorn(String requestId) {
    return torn.contains(requestId);
  }

  /** Remember what must not get lost; whether this is such. */
  boolean keep(ConverseRequest request) {
    if (request.hasUserInput() && request.getUserInput().getDelivery() != UserInput.Delivery.DELIVERY_STEER) {
      unanswered.put(request.getUserInput().getRequestId(), request.getUserInput());
      return true;
    }
    if (request.hasPermissionDecision()) {
      decided.put(request.getPermissionDecision().getPermissionId(), request.getPermissionDecision());
      return true;
    }
    return false;
  }

  /** Take notice of a message; whether it is of interest to who reads. */
  boolean note(ConverseResponse message) {
    if (message.getSequence() != 0) {
      last = message.getSequence();
    }
    if (message.hasTurnCompleted()) {
      unanswered.remove(message.getTurnCompleted().getRequestId());
      decided.clear();
      resaid.clear();
    } else if (message.hasInputRejected()) {
      unanswered.remove(message.getInputRejected().getId());
      return !resaid.contains(message.getInputRejected().getId());
    }
    return true;
  }

  /** What to open the next call with. */
  OpenConversation reopening(OpenConversation opening, Ready ready) {
    OpenConversation.Builder next = opening.toBuilder().clearFirstInput();
    unanswered.values().stream().findFirst().ifPresent(next::setFirstInput);
    if (last != 0 && !next.getAfterRequestId().isEmpty()) {
      // The stream has gone on from there: what matters from now on is where it stands.
      next.clearAfterRequestId().clearAfterLabel().clearHistory();
    }
    if (next.getConversationId().isEmpty() && next.getAfterRequestId().isEmpty()) {
      next.setConversationId(ready.getConversation().getConversationId());
    }
    next.setFindRequest(next.getConversationId().isEmpty() && next.hasFirstInput());
    if (last != 0) {
      next.setStartSequence(last + 1).setLogId(ready.getLogId());
    } else if (!next.hasFirstInput() && torn.isEmpty() && !next.getConversationId().isEmpty()) {
      // Nothing was read yet: from where it was to begin.
      if (next.getStartSequence() == 0) {
        next.setStartSequence(ready.getNextSequence());
      }
      next.setLogId(ready.getLogId());
    }
    return next.build();
  }

  /** What to say on a call that was opened with this first input. */
  List<ConverseRequest> again(String first) {
    List<ConverseRequest> again = new ArrayList<>();
    for (UserInput input : unanswered.values()) {
      if (!input.getRequestId().equals(first)) {
        again.add(ConverseRequest.newBuilder().setUserInput(input).build());
      }
    }
    for (PermissionDecision decision : decided.values()) {
      resaid.add(decision.getPermissionId());
      again.add(ConverseRequest.newBuilder().setPermissionDecision(decision).build());
    }
    return again;
  }

  /**
   * The log is gone: what was not answered is told by its end alone, lest something be told twice. Whether there was a
   * place.
   */
  boolean forget() {
    boolean had = last != 0;
    last = 0;
    torn.addAll(unanswered.keySet());
    return had;
  }
}
