package hotseat;

import hotseat.v1.ConversationSettings;
import hotseat.v1.OpenConversation;
import hotseat.v1.ToolCall;
import hotseat.v1.ToolDefinition;
import hotseat.v1.ToolResult;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.stream.Collectors;

/** The tools of one talk, by name. */
final class Toolbox {
  private final Map<String, Tool> tools = new LinkedHashMap<>();
  private final Executor executor;

  Toolbox(Collection<Tool> tools, Executor executor) {
    tools.forEach(tool -> this.tools.put(tool.name(), tool));
    this.executor = executor;
  }

  /** The opening, in which every tool is defined. */
  OpenConversation define(OpenConversation opening) {
    Set<String> known =
        opening.getSettings().getToolsList().stream().map(ToolDefinition::getName).collect(Collectors.toSet());
    List<ToolDefinition> missing = tools.values().stream()
        .filter(tool -> !known.contains(tool.name()))
        .map(Tool::definition)
        .toList();
    if (missing.isEmpty()) {
      return opening;
    }
    ConversationSettings settings = opening.getSettings().toBuilder().addAllTools(missing).build();
    return opening.toBuilder().setSettings(settings).build();
  }

  /** Whether there are calls, and each is one of these tools'. */
  boolean canRun(List<ToolCall> calls) {
    return !calls.isEmpty() && calls.stream().allMatch(call -> tools.containsKey(call.getName()));
  }

  /** Run the calls at the same time. */
  List<ToolResult> results(List<ToolCall> calls) {
    List<CompletableFuture<ToolResult>> running = calls.stream()
        .map(call -> CompletableFuture.supplyAsync(() -> result(tools.get(call.getName()), call), executor))
        .toList();
    return running.stream().map(CompletableFuture::join).toList();
  }

  private static ToolResult result(Tool tool, ToolCall call) {
    ToolResult.Builder result = ToolResult.newBuilder().setToolCallId(call.getToolCallId());
    String input = call.getInputJson().isEmpty() ? "{}" : call.getInputJson();
    try {
      return result.addAllContent(tool.action().run(input)).build();
    } catch (Exception failure) { // whatever a tool throws is the model's to know
      String message = failure.getMessage() == null ? failure.getClass().getSimpleName() : failure.getMessage();
      return result.addAllContent(Inputs.blocks(message)).setIsError(true).build();
    }
  }
}
