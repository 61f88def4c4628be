package hotseat.interop;

import static hotseat.interop.Expectations.check;
import static hotseat.interop.Expectations.checkError;
import static hotseat.interop.Expectations.must;

import com.google.gson.GsonBuilder;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.util.JsonFormat;
import hotseat.Client;
import hotseat.Decision;
import hotseat.HotseatException;
import hotseat.Inputs;
import hotseat.Reason;
import hotseat.Talk;
import hotseat.TalkOptions;
import hotseat.Tool;
import hotseat.Watch;
import hotseat.interop.Expectations.Failed;
import hotseat.interop.Expectations.Seen;
import hotseat.v1.ConverseResponse;
import hotseat.v1.OpenConversation;
import hotseat.v1.PermissionRequest;
import hotseat.v1.Pool;
import hotseat.v1.ResizePoolRequest;
import hotseat.v1.TurnOptions;
import hotseat.v1.UserInput;
import hotseat.v1.WatchPoolResponse;
import hotseat.v1.Worker;
import java.io.IOException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** Carries the interop scenarios out: tests/interop/README.md has their format. */
public final class Run {
  private static final String TARGET = System.getenv("HOTSEAT_CORE_TARGET");
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private final Client client;
  private final JsonObject scenario;
  private final UserInput first;
  private Seen seen = new Seen();

  private Run(Client client, JsonObject scenario) {
    this.client = client;
    this.scenario = scenario;
    this.first = scenario.has("first") ? Inputs.text(scenario.get("first").getAsString()) : null;
  }

  public static void main(String[] arguments) throws IOException {
    String scenarios = Files.readString(Path.of(arguments[0]));
    try (Client client = Certificates.client(TARGET, "")) {
      for (JsonElement scenario : JsonParser.parseString(scenarios).getAsJsonArray()) {
        JsonObject report = new JsonObject();
        report.add("name", scenario.getAsJsonObject().get("name"));
        report.addProperty("error", failureOf(new Run(client, scenario.getAsJsonObject())));
        System.out.println(new GsonBuilder().serializeNulls().create().toJson(report));
      }
    }
  }

  private static String failureOf(Run run) {
    try {
      run.run();
      return null;
    } catch (Exception failure) { // whatever went wrong is what is reported
      return failure.toString();
    }
  }

  private void run() throws Exception {
    if (!scenario.has("opening")) {
      for (JsonElement step : scenario.getAsJsonArray("steps")) {
        guarded(null, step.getAsJsonObject());
      }
      return;
    }
    try (Talk talk = client.converse(opening(scenario), options())) {
      for (JsonElement step : scenario.getAsJsonArray("steps")) {
        guarded(talk, step.getAsJsonObject());
      }
    }
  }

  private TalkOptions options() {
    TalkOptions options = new TalkOptions();
    if (first != null) {
      options.first(first);
    }
    if (scenario.has("resumeMs")) {
      options.resume(Duration.ofMillis(scenario.get("resumeMs").getAsLong()));
    }
    if (scenario.has("permission")) {
      options.onPermission(request -> decide(scenario.get("permission").getAsString(), request));
    }
    if (scenario.has("tools")) {
      scenario.getAsJsonObject("tools").asMap().forEach((name, what) -> options.tool(tool(name, what.getAsJsonObject())));
    }
    return options;
  }

  /** Carry the step out, and see that it fails where it must. */
  private void guarded(Talk talk, JsonObject step) throws Exception {
    synchronized (this) {
      seen = new Seen();
    }
    try {
      step(talk, step);
    } catch (Failed failed) {
      throw failed;
    } catch (Exception failure) {
      if (!step.has("error")) {
        throw failure;
      }
      checkError(failure, step.getAsJsonObject("error"));
      return;
    }
    must(!step.has("error"), "it failed: " + step);
  }

  private void step(Talk talk, JsonObject step) throws Exception {
    String does = step.get("do").getAsString();
    JsonObject expect = step.has("expect") ? step.getAsJsonObject("expect") : new JsonObject();
    switch (does) {
      case "open" -> client.converse(opening(step)).close();
      case "get-missing" -> client.conversations().get("there-is-none");
      case "stranger" -> {
        try (Client stranger = new Client(TARGET)) {
          stranger.pool().workers();
        }
      }
      case "uncertified", "misled" -> {
        try (Client stranger = Certificates.client(TARGET, does)) {
          stranger.pool().workers();
        }
      }
      case "cut" -> cut();
      default -> {
        must(talk != null, "a conversation for " + does);
        talking(talk, does, step, expect);
      }
    }
  }

  private void talking(Talk talk, String does, JsonObject step, JsonObject expect) throws Exception {
    switch (does) {
      case "ask" -> {
        read(talk, talk.ask(input(step)), step);
        check(seen, expect);
      }
      case "first" -> {
        read(talk, talk.turn(first.getRequestId()), step);
        check(seen, expect);
      }
      case "replay" -> {
        replay(talk.conversationId(), expect.get("turns").getAsInt());
        check(seen, expect);
      }
      case "get" ->
          must(client.conversations().get(talk.conversationId()).getTurnCount(), expect.get("turns"), "turns");
      case "watch" -> watch(talk, step, expect);
      default -> steer(talk.conversationId(), does, step);
    }
  }

  private void read(Talk talk, Iterable<ConverseResponse> turn, JsonObject step) throws IOException {
    for (ConverseResponse event : turn) {
      synchronized (this) {
        seen.add(event);
      }
      if (!event.hasTextDelta() || !step.has("when")) {
        continue;
      }
      for (JsonElement doing : step.getAsJsonArray("when")) {
        if (doing.getAsJsonObject().get("deltas").getAsInt() != seen.deltas) {
          continue;
        }
        if (doing.getAsJsonObject().get("do").getAsString().equals("interrupt")) {
          talk.interrupt();
        } else {
          cut();
        }
      }
    }
  }

  private void replay(String conversation, int turns) {
    OpenConversation observing = OpenConversation.newBuilder()
        .setConversationId(conversation)
        .setDisposition(OpenConversation.Disposition.DISPOSITION_OBSERVE)
        .setStartSequence(1)
        .build();
    int left = turns;
    try (Talk talk = client.converse(observing, new TalkOptions().resume(PATIENCE))) {
      for (ConverseResponse event : talk.events()) {
        seen.add(event);
        if (event.hasTurnCompleted() && --left == 0) {
          return;
        }
      }
    }
  }

  private void watch(Talk talk, JsonObject step, JsonObject expect) throws IOException {
    try (Watch<WatchPoolResponse> watching = client.pool().watch(Duration.ofMillis(50))) {
      must(watching.next().getPool().getSize().getMaxWorkers(), expect.get("maxWorkers"), "max_workers");
      read(talk, talk.ask(input(step)), step);
      while (!holds(watching.next().getWorkersList(), talk.conversationId())) {
        continue;
      }
    }
    must(holds(client.pool().workers().getWorkersList(), talk.conversationId()), "the worker is listed");
  }

  private static boolean holds(List<Worker> workers, String conversation) {
    return workers.stream().anyMatch(worker -> worker.getConversationId().equals(conversation));
  }

  private void steer(String conversation, String does, JsonObject step) {
    switch (does) {
      case "evict" -> must(!client.pool().evict(conversation, false).isEmpty(), "a worker held it");
      case "drain" -> {
        Pool.State state = client.pool().drain().getState();
        must(state == Pool.State.STATE_DRAINING || state == Pool.State.STATE_DRAINED, "it drains");
      }
      case "resume" -> must(client.pool().resume().getState() == Pool.State.STATE_ACTIVE, "it is active");
      case "resize" -> {
        int most = step.get("maxQueue").getAsInt();
        Pool resized = client.pool().resize(ResizePoolRequest.newBuilder().setMaxQueue(most).build());
        must(resized.getSize().getMaxQueue() == most, "max_queue");
      }
      case "delete" -> {
        client.conversations().delete(conversation);
        try {
          client.conversations().get(conversation);
        } catch (HotseatException gone) {
          must(gone.is(Reason.CONVERSATION_NOT_FOUND), "it is not found");
          return;
        }
        throw new Failed("it is still there");
      }
      default -> throw new Failed("an unknown step: " + does);
    }
  }

  private Tool tool(String name, JsonObject what) {
    return Tool.text(name, "The tool " + name + ".", "{\"type\": \"object\"}", input -> {
      JsonObject call = new JsonObject();
      call.addProperty("name", name);
      call.add("input", JsonParser.parseString(input));
      synchronized (this) {
        seen.calls.add(call);
      }
      if (what.has("fails")) {
        throw new IllegalStateException(what.get("fails").getAsString());
      }
      return what.get("answer").getAsString();
    });
  }

  private Decision decide(String how, PermissionRequest request) throws IOException {
    synchronized (this) {
      seen.asked.add(request.getToolName());
    }
    switch (how) {
      case "fail":
        throw new IllegalStateException("the callback broke");
      case "nothing":
        return null;
      case "deny":
        return Decision.deny("no");
      case "cut-then-allow":
        cut();
        return Decision.allow();
      default:
        return Decision.allow();
    }
  }

  private static UserInput input(JsonObject step) throws InvalidProtocolBufferException {
    UserInput input = Inputs.text(step.get("say").getAsString());
    return step.has("options")
        ? input.toBuilder().setOptions(parsed(TurnOptions.newBuilder(), step.get("options")).build()).build()
        : input;
  }

  private static OpenConversation opening(JsonObject holder) throws InvalidProtocolBufferException {
    return parsed(OpenConversation.newBuilder(), holder.get("opening")).build();
  }

  private static <B extends Message.Builder> B parsed(B builder, JsonElement json)
      throws InvalidProtocolBufferException {
    JsonFormat.parser().merge(json.toString(), builder);
    return builder;
  }

  /** Have every connection broken. */
  private static void cut() throws IOException {
    String[] address = System.getenv("HOTSEAT_INTEROP_CUT").split(":");
    try (Socket control = new Socket(address[0], Integer.parseInt(address[1]))) {
      control.getInputStream().readAllBytes();
    }
  }
}
