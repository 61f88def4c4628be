package hotseat.interop;

import com.google.gson.Gson;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.protobuf.Descriptors.FieldDescriptor;
import hotseat.HotseatException;
import hotseat.v1.ContentBlock;
import hotseat.v1.ConverseResponse;
import hotseat.v1.ToolCompleted;
import hotseat.v1.TurnCompleted;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/** What is expected of a step, checked against what was read. */
final class Expectations {
  private static final Gson GSON = new Gson();
  private static final Set<String> ASIDES = Set.of("usage", "heartbeat", "notice", "input_queued");

  private Expectations() {}

  /** An expectation that was not met. */
  static final class Failed extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Failed(String message) {
      super(message);
    }
  }

  /** What one step has come across. */
  static final class Seen {
    final List<ConverseResponse> events = new ArrayList<>();
    final JsonArray calls = new JsonArray();
    final JsonArray asked = new JsonArray();
    int deltas;

    void add(ConverseResponse event) {
      events.add(event);
      if (event.hasTextDelta()) {
        deltas++;
      }
    }
  }

  static void must(Object found, JsonElement wanted, String what) {
    JsonElement is = GSON.toJsonTree(found);
    if (!is.equals(wanted)) {
      throw new Failed(what + ": wanted " + wanted + ", got " + is);
    }
  }

  static void must(boolean holds, String what) {
    if (!holds) {
      throw new Failed("not so: " + what);
    }
  }

  /** Throw where what was read is not what is expected. */
  static void check(Seen seen, JsonObject expect) {
    List<Long> sequences = seen.events.stream().map(ConverseResponse::getSequence).filter(number -> number != 0).toList();
    for (int place = 0; place < sequences.size(); place++) {
      must(sequences.get(place) == sequences.get(0) + place, "dense sequences: " + sequences);
    }
    List<TurnCompleted> ends =
        seen.events.stream().filter(ConverseResponse::hasTurnCompleted).map(ConverseResponse::getTurnCompleted).toList();
    must(!ends.isEmpty(), "a turn has ended");
    TurnCompleted last = ends.get(ends.size() - 1);
    List<ToolCompleted> tools =
        seen.events.stream().filter(ConverseResponse::hasToolCompleted).map(ConverseResponse::getToolCompleted).toList();
    Map<String, Supplier<Object>> found = Map.of(
        "outcome", () -> last.getOutcome().name().replaceFirst("OUTCOME_", ""),
        "kinds", () -> kinds(seen.events),
        "text", last::getText,
        "streamed", () -> seen.deltas > 0 && streamed(seen.events).equals(last.getText()),
        "calls", () -> seen.calls,
        "asked", () -> seen.asked,
        "toolErrors", () -> tools.stream().map(ToolCompleted::getIsError).toList(),
        "toolOutputs", () -> tools.stream().map(Expectations::output).toList());
    found.forEach((name, value) -> {
      if (expect.has(name)) {
        must(value.get(), expect.get(name), name);
      }
    });
    if (expect.has("contains")) {
      for (JsonElement part : expect.getAsJsonArray("contains")) {
        must(last.getText().contains(part.getAsString()), part + " is in \"" + last.getText() + "\"");
      }
    }
    if (expect.has("error")) {
      must(last.hasError(), "the turn failed");
      checkError(HotseatException.of(last.getError()), expect.getAsJsonObject("error"));
    }
  }

  /** Throw where the error is not what is wanted. */
  static void checkError(Exception error, JsonObject wanted) {
    if (wanted.has("message")) {
      must(error.getMessage(), wanted.get("message"), "message");
      return;
    }
    if (!(error instanceof HotseatException is)) {
      throw new Failed("not a HotseatException: " + error);
    }
    if (wanted.has("broken")) {
      must(is.reason().isEmpty(), "no reason in " + is);
      return;
    }
    Map<String, Object> found =
        Map.of("code", is.code().name(), "reason", is.reason(), "retry", is.retryDelay().isPresent());
    found.forEach((name, value) -> {
      if (wanted.has(name)) {
        must(value, wanted.get(name), name);
      }
    });
    if (wanted.has("metadata")) {
      wanted.getAsJsonObject("metadata").asMap().forEach((key, value) ->
          must(is.metadata().get(key), value, "metadata " + key));
    }
  }

  private static List<String> kinds(List<ConverseResponse> events) {
    List<String> kinds = new ArrayList<>();
    for (ConverseResponse event : events) {
      for (FieldDescriptor field : event.getAllFields().keySet()) {
        String kind = field.getName();
        boolean isRepeated = !kinds.isEmpty() && kinds.get(kinds.size() - 1).equals(kind);
        if (field.getContainingOneof() != null && !ASIDES.contains(kind) && !isRepeated) {
          kinds.add(kind);
        }
      }
    }
    return kinds;
  }

  private static String streamed(List<ConverseResponse> events) {
    return events.stream().map(event -> event.getTextDelta().getText()).collect(Collectors.joining());
  }

  private static String output(ToolCompleted tool) {
    return tool.getContentList().stream().map(ContentBlock::getText).collect(Collectors.joining()).strip();
  }
}
