package hotseat;

import hotseat.v1.ContentBlock;
import hotseat.v1.ToolResult;
import hotseat.v1.UserInput;
import java.util.List;
import java.util.UUID;

/** Makes inputs; a request id is made for each. */
public final class Inputs {
  private Inputs() {}

  /** An input that says this. */
  public static UserInput text(String text) {
    return UserInput.newBuilder().setRequestId(newRequestId()).addAllContent(blocks(text)).build();
  }

  /** An input that brings what came of the tools that the turn before called. */
  public static UserInput results(List<ToolResult> results) {
    return UserInput.newBuilder().setRequestId(newRequestId()).addAllToolResults(results).build();
  }

  /** A UUID: an input with one that the server has seen is not run again. */
  public static String newRequestId() {
    return UUID.randomUUID().toString();
  }

  static List<ContentBlock> blocks(String text) {
    return text.isEmpty() ? List.of() : List.of(ContentBlock.newBuilder().setText(text).build());
  }

  /** The input with a request id. */
  static UserInput identified(UserInput input) {
    return input.getRequestId().isEmpty() ? input.toBuilder().setRequestId(newRequestId()).build() : input;
  }
}
