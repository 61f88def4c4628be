package hotseat;

import hotseat.v1.ConverseRequest;
import hotseat.v1.ConverseResponse;
import hotseat.v1.Leave;
import hotseat.v1.OpenConversation;
import hotseat.v1.Ready;
import io.grpc.Status;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * One Converse stream, message by message, which outlives its connection where it may: the stream goes on with the event
 * after the last one that was read, and inputs that were not answered are said again, which the server knows by their
 * request_id. One thread reads at a time, any may write.
 */
final class Line {
  private static final long FAREWELL_MS = 250;
  private static final long FIRST_PAUSE_MS = 50;
  private static final long LONGEST_PAUSE_MS = 500;
  // What gRPC says of a broken connection, by who noticed it first. Our servers' own statuses have a reason.
  private static final Set<Status.Code> BROKEN =
      EnumSet.of(Status.Code.UNAVAILABLE, Status.Code.CANCELLED, Status.Code.INTERNAL, Status.Code.UNKNOWN);

  private final Supplier<ConverseCall> newCall;
  private final Duration patience;
  private final CountDownLatch closed = new CountDownLatch(1);
  private final Object lock = new Object(); // guards what follows
  private final Place place = new Place();
  private OpenConversation opening = OpenConversation.getDefaultInstance();
  private Ready ready = Ready.getDefaultInstance();
  private ConverseCall call; // null until the first one is made

  Line(Supplier<ConverseCall> newCall, Duration patience) {
    this.newCall = newCall;
    this.patience = patience;
  }

  /** Open the conversation and learn its state. */
  void open(OpenConversation said) {
    opening = said;
    Duration wanted = Duration.ofSeconds(said.getDetachTimeout().getSeconds(), said.getDetachTimeout().getNanos());
    if (said.hasDetachTimeout() && wanted.compareTo(patience) < 0) {
      var longer = com.google.protobuf.Duration.newBuilder();
      opening = said.toBuilder()
          .setDetachTimeout(longer.setSeconds(patience.getSeconds()).setNanos(patience.getNano()))
          .build();
    }
    if (opening.hasFirstInput()) {
      place.keep(ConverseRequest.newBuilder().setUserInput(opening.getFirstInput()).build());
    }
    try {
      begin(opening);
    } catch (HotseatException failure) {
      if (!mayResume(failure)) {
        throw failure;
      }
      resume(Duration.ZERO); // once: a server that is away is no broken connection
    }
  }

  /** The next message; null: the server has ended the stream. */
  ConverseResponse read() {
    while (true) {
      try {
        ConverseResponse message = current().receive();
        if (message == null || note(message)) {
          return message;
        }
      } catch (HotseatException failure) {
        if (isClosed()) {
          throw new HotseatException(Status.Code.CANCELLED, "this talk is closed; open another", failure);
        }
        if (!mayResume(failure)) {
          throw failure;
        }
        resume(patience);
      }
    }
  }

  /** Send a message. What a broken connection swallows of inputs and decisions is said again on the next one. */
  void write(ConverseRequest request) {
    if (isClosed()) {
      throw new HotseatException(Status.Code.CANCELLED, "this talk is closed; open another", null);
    }
    boolean kept;
    ConverseCall now;
    synchronized (lock) {
      kept = place.keep(request);
      now = call;
    }
    try {
      if (!kept && now.isOver()) {
        throw new HotseatException(Status.Code.UNAVAILABLE, "the connection is broken; say it again", null);
      }
      now.send(request);
    } catch (HotseatException failure) {
      // Who reads makes the connection again, and says this again.
      if (!kept || !mayResume(failure)) {
        throw failure;
      }
    }
  }

  /** Half-close: the server ends the stream after the running turns. */
  void doneWriting() {
    current().halfClose();
  }

  /** End the stream: in peace where nothing is left to read, else the server hears that nobody will come back. */
  void close(boolean mayRead) {
    if (isClosed()) {
      return;
    }
    closed.countDown();
    ConverseCall now = current();
    if (now == null) {
      return;
    }
    try {
      if (!mayRead || now.isOver()) {
        return;
      }
      if (isAnswered()) {
        now.halfClose();
      } else if (!patience.isZero()) {
        now.send(ConverseRequest.newBuilder().setLeave(Leave.getDefaultInstance()).build());
      } else {
        return;
      }
      now.drain(FAREWELL_MS);
    } catch (HotseatException ended) {
      return; // every answer was read, or nobody waits for one: how it ends changes nothing for the caller
    } finally {
      now.cancel();
    }
  }

  boolean isClosed() {
    return closed.getCount() == 0;
  }

  Ready ready() {
    synchronized (lock) {
      return ready;
    }
  }

  boolean isTorn(String requestId) {
    synchronized (lock) {
      return place.isTorn(requestId);
    }
  }

  private boolean isAnswered() {
    synchronized (lock) {
      return place.isAnswered();
    }
  }

  private boolean note(ConverseResponse message) {
    synchronized (lock) {
      return place.note(message);
    }
  }

  private ConverseCall current() {
    synchronized (lock) {
      return call;
    }
  }

  /** Make a call, open the conversation on it, and say there what is not answered. */
  private void begin(OpenConversation said) {
    ConverseCall made = newCall.get();
    boolean begun = false;
    try {
      made.open(said);
      ConverseResponse answer = made.receive();
      if (answer == null || !answer.hasReady()) {
        throw new HotseatException(Status.Code.INTERNAL, "the server did not answer open with ready", null);
      }
      made.sendAll(() -> switchTo(made, answer.getReady(), said));
      begun = true;
    } finally {
      if (!begun || isClosed()) {
        made.cancel();
      }
    }
  }

  /** Have everybody write to this call; what they said to the one before in vain. */
  private List<ConverseRequest> switchTo(ConverseCall made, Ready answer, OpenConversation said) {
    synchronized (lock) {
      call = made;
      ready = answer;
      return place.again(said.getFirstInput().getRequestId());
    }
  }

  /** Whether it was the connection that failed, not the server that refused. */
  private boolean mayResume(HotseatException failure) {
    boolean isBroken = BROKEN.contains(failure.code()) && failure.reason().isEmpty();
    return isBroken && !patience.isZero() && !isClosed() && !Thread.currentThread().isInterrupted();
  }

  /** Go on with a new call, or throw where that can't be had in time. */
  private void resume(Duration patience) {
    long deadline = System.nanoTime() + patience.toNanos();
    for (long pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      ConverseCall broken = current();
      if (broken != null) {
        broken.cancel();
      }
      OpenConversation again;
      synchronized (lock) {
        again = place.reopening(opening, ready);
      }
      try {
        begin(again);
        return;
      } catch (HotseatException failure) {
        if (isLost(failure) && forgetPlace()) {
          continue;
        }
        long pauseNs = TimeUnit.MILLISECONDS.toNanos(pauseMs);
        if (!mayResume(failure) || System.nanoTime() + pauseNs > deadline || pausedUntilClosed(pauseMs)) {
          throw failure;
        }
      }
    }
  }

  private static boolean isLost(HotseatException failure) {
    return failure.is(Reason.REPLAY_LOST) || failure.is(Reason.CONVERSATION_NOT_FOUND);
  }

  private boolean forgetPlace() {
    synchronized (lock) {
      return place.forget();
    }
  }

  /** Wait for so long; whether the talk was closed, or the thread interrupted, meanwhile. */
  private boolean pausedUntilClosed(long pauseMs) {
    try {
      return closed.await(pauseMs, TimeUnit.MILLISECONDS);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      return true;
    }
  }
}
