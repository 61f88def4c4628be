package hotseat;

import hotseat.v1.UserInput;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** How a conversation is carried; every method returns this. */
public final class TalkOptions {
  UserInput first;
  Duration patience = Duration.ZERO;
  Decision.Maker onPermission;
  final List<Tool> tools = new ArrayList<>();

  /** Say this together with the opening, which saves a round trip; read it with {@link Talk#turn}. */
  public TalkOptions first(UserInput input) {
    first = Inputs.identified(input);
    return this;
  }

  /**
   * Make a broken connection again for that long; nothing is lost or told twice then. A detach_timeout that is set is made
   * as long at least, and counts for lost connections alone.
   */
  public TalkOptions resume(Duration patience) {
    this.patience = patience;
    return this;
  }

  /** Offer a tool to the model that this program runs. */
  public TalkOptions tool(Tool tool) {
    tools.add(tool);
    return this;
  }

  /** Decide on permission requests, in threads beside the reading. */
  public TalkOptions onPermission(Decision.Maker maker) {
    onPermission = maker;
    return this;
  }
}
