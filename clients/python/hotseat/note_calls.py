"""What clients keep with turns and conversations."""

from collections.abc import Iterable, Mapping

from hotseat import pb
from hotseat.unary import call
from hotseat.v1.conversation_service_pb2_grpc import ConversationServiceStub


class NoteCalls:
    """What ConversationService offers to clients that keep something. Every method raises HotseatError."""

    _conversations: ConversationServiceStub
    _call_timeout_s: float

    async def list_noted_turns(
        self,
        label: str,
        *,
        model: str = "",
        metadata: Mapping[str, str] | None = None,
        page_size: int = 0,
        page_token: str = "",
        latest_first: bool = False,
    ) -> pb.ListNotedTurnsResponse:
        """One page of the turns, of all conversations, with a note of this label; page_token: a turn's request_id."""
        request = pb.ListNotedTurnsRequest(
            label=label,
            model=model,
            metadata=metadata,
            page_size=page_size,
            page_token=page_token,
            latest_first=latest_first,
        )
        response: pb.ListNotedTurnsResponse = await call(
            self._conversations.ListNotedTurns, request, self._call_timeout_s
        )
        return response

    async def update_turn_note(self, request_id: str, note: pb.TurnNote | None) -> None:
        """Change the note of the turn that this input began, or remove it: None."""
        request = pb.UpdateTurnNoteRequest(request_id=request_id, note=note)
        await call(self._conversations.UpdateTurnNote, request, self._call_timeout_s)

    async def update_conversation(
        self,
        conversation_id: str,
        *,
        metadata: Mapping[str, str] | None = None,
        messages: Iterable[pb.HistoryMessage] = (),
    ) -> pb.Conversation:
        """Change what is kept with a conversation, unless None, and add messages to what was said in it."""
        request = pb.UpdateConversationRequest(
            conversation_id=conversation_id, metadata=metadata, set_metadata=metadata is not None, messages=messages
        )
        response: pb.UpdateConversationResponse = await call(
            self._conversations.UpdateConversation, request, self._call_timeout_s
        )
        return response.conversation
