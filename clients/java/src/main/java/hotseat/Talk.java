package hotseat;

import hotseat.v1.ConverseRequest;
import hotseat.v1.ConverseResponse;
import hotseat.v1.GoAway;
import hotseat.v1.Interrupt;
import hotseat.v1.PermissionRequest;
import hotseat.v1.Ready;
import hotseat.v1.ToolChoice;
import hotseat.v1.TurnCompleted;
import hotseat.v1.TurnOptions;
import hotseat.v1.UserInput;
import io.grpc.Status;
import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;

/**
 * An open conversation; made by {@link Client#converse}.
 *
 * <p>Inputs, interrupts and decisions may be sent from any thread at any time; events are read by one at a time.
 */
public final class Talk implements AutoCloseable {
  private final Line line;
  private final Toolbox tools;
  private final Decision.Maker onPermission;
  private final Executor executor;
  private final AtomicBoolean reading = new AtomicBoolean();
  private final AtomicReference<Exception> failure = new AtomicReference<>(); // of onPermission

  Talk(Line line, Toolbox tools, Decision.Maker onPermission, Executor executor) {
    this.line = line;
    this.tools = tools;
    this.onPermission = onPermission;
    this.executor = executor;
  }

  /** The conversation's state when the stream was opened, the latest time. */
  public Ready ready() {
    return line.ready();
  }

  /** The conversation's id, also where the server made it. */
  public String conversationId() {
    return ready().getConversation().getConversationId();
  }

  /** Say this, and get its turn's events: see {@link #ask(UserInput)}. */
  public Events ask(String text) {
    return ask(Inputs.text(text));
  }

  /**
   * Say something, and get its turn's events, turn_completed last. Where the model calls tools that this talk runs, the turns
   * that go on with their results follow.
   *
   * <p>A turn that fails is no exception: its turn_completed says so. {@link HotseatException} is thrown where the input is
   * rejected or the stream ends. To steer a running turn use {@link #say}: it has no turn of its own.
   */
  public Events ask(UserInput input) {
    Asked asked = new Asked(Inputs.identified(input));
    say(asked.input);
    return new Events(asked::next);
  }

  /** Say something and get the whole answer's text; a turn that fails is a {@link HotseatException}. */
  public String answer(String text) {
    String answer = "";
    for (ConverseResponse event : ask(text)) {
      if (event.hasTurnCompleted()) {
        TurnCompleted done = event.getTurnCompleted();
        if (done.hasError()) {
          throw HotseatException.of(done.getError());
        }
        answer = done.getText();
      }
    }
    return answer;
  }

  /** Send an input without reading its turn; {@link #turn} with its request id reads it. */
  public void say(UserInput input) {
    send(ConverseRequest.newBuilder().setUserInput(input).build());
  }

  /**
   * The events of the turn that this input began, turn_completed last, all others skipped. Where it has to wait for a
   * process, input_queued events with its place in the queue come first. An input that was said before its time, and has
   * its answer, has that turn_completed alone.
   */
  public Events turn(String requestId) {
    Turn turn = new Turn(requestId);
    return new Events(turn::next);
  }

  /** Every event until the server ends the stream; for observers and for replay. */
  public Events events() {
    return new Events(this::read);
  }

  /** Stop the running turn; it still ends with turn_completed. */
  public void interrupt() {
    interrupt("");
  }

  /** Stop only the turn of this input, even while it still waits to begin. */
  public void interrupt(String requestId) {
    Interrupt interrupt = Interrupt.newBuilder().setRequestId(requestId).build();
    send(ConverseRequest.newBuilder().setInterrupt(interrupt).build());
  }

  /** Answer a permission request. */
  public void decide(String permissionId, Decision decision) {
    send(ConverseRequest.newBuilder().setPermissionDecision(decision.on(permissionId)).build());
  }

  /** Send any message. */
  public void send(ConverseRequest request) {
    line.write(request);
  }

  /** Say that no more input comes: the server ends the stream after the running turns. */
  public void doneWriting() {
    line.doneWriting();
  }

  /** End the stream. What becomes of a turn that still runs is detach_timeout's to say. */
  @Override
  public void close() {
    line.close(reading.compareAndSet(false, true));
  }

  private ConverseResponse read() {
    if (!reading.compareAndSet(false, true)) {
      throw new IllegalStateException("another thread reads this talk, or it is closed; read one turn at a time");
    }
    try {
      ConverseResponse message = line.read();
      throwFailure();
      if (message != null && message.hasPermissionRequest() && onPermission != null) {
        executor.execute(() -> askAbout(message.getPermissionRequest()));
      }
      return message;
    } finally {
      reading.set(false);
    }
  }

  private void askAbout(PermissionRequest request) {
    Decision decision = Decision.deny("nobody could be asked");
    try {
      decision = Objects.requireNonNull(onPermission.decide(request), "the permission callback decided nothing");
    } catch (Exception thrown) { // whoever reads the turn gets it
      failure.set(thrown);
    }
    try {
      decide(request.getPermissionId(), decision);
    } catch (HotseatException thrown) {
      if (!line.isClosed()) {
        failure.set(thrown);
      }
    }
  }

  private void throwFailure() {
    Exception thrown = failure.getAndSet(null);
    if (thrown instanceof RuntimeException unchecked) {
      throw unchecked;
    }
    if (thrown != null) {
      throw new HotseatException(Status.Code.UNKNOWN, thrown.getMessage(), thrown);
    }
  }

  /** One turn, event by event. */
  private final class Turn {
    private final String requestId;
    private int number; // 0: it has not begun
    private TurnCompleted done;

    Turn(String requestId) {
      this.requestId = requestId;
    }

    ConverseResponse next() {
      while (done == null) {
        ConverseResponse event = read();
        if (event == null) {
          throw new HotseatException(
              Status.Code.UNAVAILABLE, "the server ended the stream before the turn ended", null);
        }
        heed(event);
        if (event.hasTurnStarted() && event.getTurnStarted().getRequestId().equals(requestId)) {
          number = event.getTurn();
        }
        if (event.hasTurnCompleted() && event.getTurnCompleted().getRequestId().equals(requestId)) {
          done = event.getTurnCompleted();
          return event;
        }
        if (event.hasInputQueued() && event.getInputQueued().getRequestId().equals(requestId)) {
          return event;
        }
        if (number != 0 && event.getTurn() == number && !line.isTorn(requestId)) {
          return event;
        }
      }
      return null;
    }

    private void heed(ConverseResponse event) {
      if (event.hasInputRejected() && event.getInputRejected().getId().equals(requestId)) {
        throw HotseatException.of(event.getInputRejected().getError());
      }
      if (!event.hasGoAway()) {
        return;
      }
      GoAway.Reason reason = event.getGoAway().getReason();
      if (reason == GoAway.Reason.REASON_TAKEN_OVER) {
        throw new HotseatException(Reason.CONVERSATION_OWNED, "another client took the conversation over");
      }
      if (reason == GoAway.Reason.REASON_EVICTED) {
        throw new HotseatException(
            Reason.CONVERSATION_OWNED, "the conversation was evicted or deleted; open it again");
      }
      if (number == 0 || reason != GoAway.Reason.REASON_DRAINING) { // else the running turn ends first
        throw new HotseatException(
            Reason.POOL_DRAINING, "the server is draining; try again, or on another instance");
      }
    }
  }

  /** An input's turn, and those that go on with the results of its calls. */
  private final class Asked {
    private UserInput input;
    private Turn turn;

    Asked(UserInput input) {
      this.input = input;
      this.turn = new Turn(input.getRequestId());
    }

    ConverseResponse next() {
      ConverseResponse event = turn.next();
      if (event != null || !tools.canRun(turn.done.getToolCallsList())) {
        return event;
      }
      input = goingOn();
      turn = new Turn(input.getRequestId());
      say(input);
      return turn.next();
    }

    private UserInput goingOn() {
      UserInput.Builder next = Inputs.results(tools.results(turn.done.getToolCallsList())).toBuilder();
      if (input.hasOptions()) {
        next.setOptions(freed(input.getOptions()));
      }
      return next.build();
    }
  }

  /** A call that was forced once is not forced for ever. */
  private static TurnOptions freed(TurnOptions options) {
    ToolChoice.Mode mode = options.getToolChoice().getMode();
    boolean isForced = mode == ToolChoice.Mode.MODE_REQUIRED || mode == ToolChoice.Mode.MODE_TOOL;
    return isForced ? options.toBuilder().clearToolChoice().build() : options;
  }
}
