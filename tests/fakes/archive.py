"""What a small core keeps of its conversations, to be taken out and brought back."""
# ruff: noqa: N802  # the generated base class names the methods

from collections.abc import AsyncIterator
from typing import Any

from hotseat import pb

from tests.fakes.calls import Calls, abort, failure


class FakeArchive(Calls):
    """Sends the pieces that a test put there, and keeps those that it gets."""

    def __init__(self) -> None:
        super().__init__()
        self.conversations: dict[str, pb.Conversation] = {}
        self.archive: dict[str, list[bytes]] = {}
        self.breaks_off = False  # an export fails after its first piece

    async def ExportConversation(
        self, request: pb.ExportConversationRequest, context: Any
    ) -> AsyncIterator[pb.ExportConversationResponse]:
        await self.unary(context, "ExportConversation")
        if request.conversation_id not in self.archive:
            await abort(context, failure("CONVERSATION_NOT_FOUND", f"no conversation {request.conversation_id}"))
        for piece in self.archive[request.conversation_id]:
            yield pb.ExportConversationResponse(data=piece)
            if self.breaks_off:
                await abort(context, failure("STORAGE_FAILED", "the disk is gone"))

    async def ImportConversation(
        self, requests: AsyncIterator[pb.ImportConversationRequest], context: Any
    ) -> pb.ImportConversationResponse:
        await self.unary(context, "ImportConversation")
        messages = [request async for request in requests]
        new_id = messages[0].conversation_id or "as-it-was"
        if new_id in self.conversations:
            await abort(context, failure("CONVERSATION_EXISTS", f"{new_id} exists"))
        self.archive[new_id] = [b"".join(message.data for message in messages)]
        made = pb.Conversation(conversation_id=new_id, state=pb.Conversation.STATE_COLD)
        self.conversations[new_id] = made
        return pb.ImportConversationResponse(conversation=made)
