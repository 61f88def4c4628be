"""What ConversationService offers to clients that keep something with turns and conversations."""

from typing import Any, TypeAlias

import grpc
from hotseat.v1 import conversation_service_pb2 as service

from hotseat_core import convert, convert_note, parse, parse_content, parse_note
from hotseat_core.errors import ConversationNotFound
from hotseat_core.paging import page_size
from hotseat_core.workspace_servicer import WorkspaceServicer

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"


class NoteServicer(WorkspaceServicer):
    """Serves notes of turns, and what is kept with conversations."""

    async def ListNotedTurns(  # noqa: N802
        self,
        request: service.ListNotedTurnsRequest,
        context: Context,  # noqa: ARG002
    ) -> service.ListNotedTurnsResponse:
        """List turns of all conversations by their notes."""
        found, has_more = await self._registry.requests.noted(
            parse_note.label(request.label),
            model=request.model,
            metadata=parse_note.metadata(request.metadata),
            after=parse.request_id(request.page_token, "page_token") if request.page_token else "",
            latest_first=request.latest_first,
            limit=page_size(request.page_size),
        )
        next_token = found[-1].record.request_id if has_more else ""
        turns = [convert_note.found_turn(turn) for turn in found]
        return service.ListNotedTurnsResponse(turns=turns, next_page_token=next_token)

    async def UpdateTurnNote(  # noqa: N802
        self,
        request: service.UpdateTurnNoteRequest,
        context: Context,  # noqa: ARG002
    ) -> service.UpdateTurnNoteResponse:
        """Change the note of a turn, or remove it."""
        note = parse_note.note(request.note, "note") if request.HasField("note") else None
        request_id = parse.request_id(request.request_id)
        if not await self._registry.requests.change_note(request_id, note):
            raise ConversationNotFound(f"no turn of request {request_id!r} has a note")
        return service.UpdateTurnNoteResponse()

    async def UpdateConversation(  # noqa: N802
        self,
        request: service.UpdateConversationRequest,
        context: Context,  # noqa: ARG002
    ) -> service.UpdateConversationResponse:
        """Change what a client has kept with a conversation, or add to what was said in it."""
        updated = await self._registry.update(
            parse.required_id(request.conversation_id),
            metadata=parse_note.metadata(request.metadata) if request.set_metadata else None,
            messages=parse_content.added(request.messages),
        )
        return service.UpdateConversationResponse(conversation=convert.conversation(self._registry.describe(updated)))
