package hotseat;

import hotseat.v1.ConversationServiceGrpc.ConversationServiceStub;
import hotseat.v1.ConverseRequest;
import hotseat.v1.ConverseResponse;
import hotseat.v1.OpenConversation;
import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** One Converse call: any thread sends, one at a time receives. At most one message is read ahead. */
final class ConverseCall {
  private sealed interface Arrival permits Arrived, Ended {}

  private record Arrived(ConverseResponse message) implements Arrival {}

  private record Ended(HotseatException failure) implements Arrival {} // null: the server ended it well

  private final BlockingQueue<Arrival> arrivals = new LinkedBlockingQueue<>();
  private final Object sending = new Object();
  private volatile ClientCallStreamObserver<ConverseRequest> requests;
  private volatile boolean over;

  ConverseCall(ConversationServiceStub stub) {
    stub.converse(
        new ClientResponseObserver<ConverseRequest, ConverseResponse>() {
          @Override
          public void beforeStart(ClientCallStreamObserver<ConverseRequest> stream) {
            requests = stream;
            stream.disableAutoRequestWithInitial(1);
          }

          @Override
          public void onNext(ConverseResponse message) {
            arrivals.add(new Arrived(message));
          }

          @Override
          public void onError(Throwable failure) {
            over = true;
            arrivals.add(new Ended(HotseatException.of(failure)));
          }

          @Override
          public void onCompleted() {
            over = true;
            arrivals.add(new Ended(null));
          }
        });
  }

  /** Whether the call has ended; what arrived before can still be received. */
  boolean isOver() {
    return over;
  }

  /** The next message; null: the server has ended the call. */
  ConverseResponse receive() {
    try {
      return take(arrivals.take());
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new HotseatException(Status.Code.CANCELLED, "the thread was interrupted while it read", interrupted);
    }
  }

  /** Receive until the server ends the call, for so long at most. */
  void drain(long millis) {
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
    try {
      Arrival next;
      do {
        next = arrivals.poll(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
      } while (next instanceof Arrived && take(next) != null);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private ConverseResponse take(Arrival arrival) {
    if (arrival instanceof Arrived arrived) {
      requests.request(1);
      return arrived.message();
    }
    arrivals.add(arrival); // who asks again gets the same answer
    HotseatException failure = ((Ended) arrival).failure();
    if (failure != null) {
      throw failure;
    }
    return null;
  }

  void open(OpenConversation opening) {
    send(ConverseRequest.newBuilder().setOpen(opening).build());
  }

  void send(ConverseRequest message) {
    sendAll(() -> List.of(message));
  }

  /** Send what comes of it before everything that is sent after it. */
  void sendAll(Supplier<List<ConverseRequest>> prepare) {
    synchronized (sending) {
      for (ConverseRequest message : prepare.get()) {
        try {
          requests.onNext(message);
        } catch (IllegalStateException ended) { // cancelled or half-closed: who reads learns why
          throw new HotseatException(Status.Code.UNAVAILABLE, "the stream has ended", ended);
        }
      }
    }
  }

  void halfClose() {
    synchronized (sending) {
      if (!over) {
        requests.onCompleted();
      }
    }
  }

  void cancel() {
    over = true;
    requests.cancel("the talk is closed", null);
  }
}
