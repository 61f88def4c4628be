package hotseat;

import hotseat.v1.Conversation;
import hotseat.v1.ConversationServiceGrpc;
import hotseat.v1.ConversationServiceGrpc.ConversationServiceBlockingStub;
import hotseat.v1.DeleteConversationRequest;
import hotseat.v1.ExportConversationRequest;
import hotseat.v1.ExportConversationResponse;
import hotseat.v1.ForkConversationRequest;
import hotseat.v1.GetConversationRequest;
import hotseat.v1.GetTurnRequest;
import hotseat.v1.GetTurnResponse;
import hotseat.v1.ListConversationsRequest;
import hotseat.v1.ListConversationsResponse;
import hotseat.v1.ListMessagesRequest;
import hotseat.v1.ListMessagesResponse;
import hotseat.v1.ListProfilesRequest;
import hotseat.v1.ListTurnsRequest;
import hotseat.v1.ListTurnsResponse;
import hotseat.v1.Profile;
import io.grpc.Channel;
import java.time.Duration;
import java.util.List;

/** The calls of ConversationService that are no conversation. Whatever fails throws {@link HotseatException}. */
public final class Conversations {
  private final Calls<ConversationServiceBlockingStub> calls;

  Conversations(Channel channel, Duration timeout) {
    calls = new Calls<>(ConversationServiceGrpc.newBlockingStub(channel), timeout);
  }

  /** One conversation. */
  public Conversation get(String conversationId) {
    var request = GetConversationRequest.newBuilder().setConversationId(conversationId).build();
    return calls.call(stub -> stub.getConversation(request)).getConversation();
  }

  /** One page of conversations, the latest used first. */
  public ListConversationsResponse list(ListConversationsRequest request) {
    return calls.call(stub -> stub.listConversations(request));
  }

  /** Delete a conversation with its transcript and its files; the worker that held it, empty if it was cold. */
  public String delete(String conversationId) {
    return delete(DeleteConversationRequest.newBuilder().setConversationId(conversationId).build());
  }

  /** Delete a conversation, with the request's conditions. */
  public String delete(DeleteConversationRequest request) {
    return calls.call(stub -> stub.deleteConversation(request)).getWorkerId();
  }

  /** A new conversation that begins as this one did, up to a turn. */
  public Conversation fork(ForkConversationRequest request) {
    return calls.call(stub -> stub.forkConversation(request)).getConversation();
  }

  /** One turn, by its number, by the input that began it, or by that input's fingerprint. */
  public GetTurnResponse turn(GetTurnRequest request) {
    return calls.call(stub -> stub.getTurn(request));
  }

  /** One page of a conversation's turns, the first one first. */
  public ListTurnsResponse turns(ListTurnsRequest request) {
    return calls.call(stub -> stub.listTurns(request));
  }

  /** One page of what was said. */
  public ListMessagesResponse messages(ListMessagesRequest request) {
    return calls.call(stub -> stub.listMessages(request));
  }

  /** All that is kept of a conversation, as lines of JSON in pieces that end anywhere. */
  public Watch<ExportConversationResponse> export(String conversationId) {
    var request = ExportConversationRequest.newBuilder().setConversationId(conversationId).build();
    return calls.watch(stub -> stub.exportConversation(request));
  }

  /** The kinds of workers on offer, the default one first. */
  public List<Profile> profiles() {
    return calls.call(stub -> stub.listProfiles(ListProfilesRequest.getDefaultInstance())).getProfilesList();
  }
}
