package hotseat;

import hotseat.v1.ContentBlock;
import hotseat.v1.ToolDefinition;
import java.util.List;

/**
 * A tool that this program runs when the model calls it.
 *
 * @param name what the model calls it by
 * @param description what it does, for the model
 * @param inputSchemaJson JSON Schema of its input; empty: any object
 * @param action its outcome, from its input as JSON text
 */
public record Tool(String name, String description, String inputSchemaJson, Action action) {
  /** What a tool does. What it throws reaches the model as a failed call. */
  @FunctionalInterface
  public interface Action {
    List<ContentBlock> run(String inputJson) throws Exception;
  }

  /** What a tool does that answers in words. */
  @FunctionalInterface
  public interface TextAction {
    String run(String inputJson) throws Exception;
  }

  /** A tool that answers in words. */
  public static Tool text(String name, String description, String inputSchemaJson, TextAction action) {
    return new Tool(name, description, inputSchemaJson, input -> Inputs.blocks(action.run(input)));
  }

  ToolDefinition definition() {
    return ToolDefinition.newBuilder()
        .setName(name)
        .setDescription(description)
        .setInputSchemaJson(inputSchemaJson)
        .build();
  }
}
