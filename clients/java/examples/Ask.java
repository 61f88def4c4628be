import hotseat.Client;
import hotseat.HotseatException;
import hotseat.Talk;
import hotseat.TalkOptions;
import hotseat.v1.ConversationSettings;
import hotseat.v1.ConverseResponse;
import hotseat.v1.OpenConversation;
import java.time.Duration;

/** Prints the answer to its arguments, as it is written. */
public final class Ask {
  public static void main(String[] arguments) {
    String target = System.getenv().getOrDefault("HOTSEAT_CORE_TARGET", "127.0.0.1:50051");
    String question = arguments.length == 0 ? "What is a river?" : String.join(" ", arguments);
    var settings = ConversationSettings.newBuilder().setProfile("claude");
    var opening = OpenConversation.newBuilder().setSettings(settings).build();
    var options = new TalkOptions().resume(Duration.ofSeconds(10));
    String key = System.getenv().getOrDefault("HOTSEAT_API_KEY", "");
    try (Client client = Client.builder(target).apiKey(key).build();
        Talk talk = client.converse(opening, options)) {
      for (ConverseResponse event : talk.ask(question)) {
        System.out.print(event.getTextDelta().getText());
        if (event.getTurnCompleted().hasError()) {
          throw HotseatException.of(event.getTurnCompleted().getError());
        }
      }
      System.out.println();
    }
  }
}
