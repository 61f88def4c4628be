package hotseat;

import io.grpc.Context;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.AbstractBlockingStub;
import java.time.Duration;
import java.util.Iterator;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/** Makes calls on a stub: each under a deadline, its failures typed. */
final class Calls<S extends AbstractBlockingStub<S>> {
  private final S stub;
  private final Duration timeout;

  Calls(S stub, Duration timeout) {
    this.stub = stub;
    this.timeout = timeout;
  }

  <T> T call(Function<S, T> call) {
    try {
      return call.apply(stub.withDeadlineAfter(timeout.toMillis(), TimeUnit.MILLISECONDS));
    } catch (StatusRuntimeException failure) {
      throw HotseatException.of(failure);
    }
  }

  /** A stream of answers, which has no deadline and is stopped by closing it. */
  <T> Watch<T> watch(Function<S, Iterator<T>> call) {
    Context.CancellableContext context = Context.current().withCancellation();
    try {
      return new Watch<>(context.call(() -> call.apply(stub)), context);
    } catch (StatusRuntimeException failure) {
      context.close();
      throw HotseatException.of(failure);
    } catch (Exception impossible) { // Context.call takes any Callable; ours throws nothing else
      context.close();
      throw new IllegalStateException(impossible);
    }
  }
}
