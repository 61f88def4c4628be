package hotseat;

import hotseat.v1.ConverseResponse;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.function.Supplier;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/** Events as they come, to be gone through once; leaving the loop early leaves the rest to the next reader. */
public final class Events implements Iterable<ConverseResponse>, Iterator<ConverseResponse> {
  private final Supplier<ConverseResponse> source; // null: there are no more
  private ConverseResponse next;
  private boolean ended;

  Events(Supplier<ConverseResponse> source) {
    this.source = source;
  }

  @Override
  public Iterator<ConverseResponse> iterator() {
    return this;
  }

  @Override
  public boolean hasNext() {
    if (next == null && !ended) {
      next = source.get();
      ended = next == null;
    }
    return next != null;
  }

  @Override
  public ConverseResponse next() {
    if (!hasNext()) {
      throw new NoSuchElementException("there are no more events");
    }
    ConverseResponse event = next;
    next = null;
    return event;
  }

  /** The same as a stream. */
  public Stream<ConverseResponse> stream() {
    return StreamSupport.stream(spliterator(), false);
  }
}
