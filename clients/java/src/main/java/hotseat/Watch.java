package hotseat;

import io.grpc.Context;
import io.grpc.StatusRuntimeException;
import java.util.Iterator;

/** What a server sends, as it comes; close it to stop before the server does. */
public final class Watch<T> implements Iterable<T>, Iterator<T>, AutoCloseable {
  private final Iterator<T> answers;
  private final Context.CancellableContext context;

  Watch(Iterator<T> answers, Context.CancellableContext context) {
    this.answers = answers;
    this.context = context;
  }

  @Override
  public Iterator<T> iterator() {
    return this;
  }

  @Override
  public boolean hasNext() {
    try {
      return answers.hasNext();
    } catch (StatusRuntimeException failure) {
      throw HotseatException.of(failure);
    }
  }

  @Override
  public T next() {
    try {
      return answers.next();
    } catch (StatusRuntimeException failure) {
      throw HotseatException.of(failure);
    }
  }

  @Override
  public void close() {
    context.close();
  }
}
