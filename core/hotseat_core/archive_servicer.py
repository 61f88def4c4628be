"""What ConversationService offers to readers and keepers: messages in pages, export and import."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any, TypeAlias

import grpc
from hotseat.v1 import conversation_service_pb2 as service
from hotseat.v1 import conversation_service_pb2_grpc

from hotseat_core import convert, convert_content, parse
from hotseat_core.access.caller import caller
from hotseat_core.conversation.archive import Archive
from hotseat_core.conversation.loader import Loaded, Loader
from hotseat_core.conversation.registry import Registry
from hotseat_core.conversation.tenants import Tenants
from hotseat_core.errors import InvalidMessage
from hotseat_core.paging import page_size

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"

_PIECE_BYTES = 256 * 1024


class ArchiveServicer(conversation_service_pb2_grpc.ConversationServiceServicer):
    """Serves what the journal holds, of conversations in use and of others."""

    def __init__(self, tenants: Tenants, parser: parse.Parser, max_import_bytes: int) -> None:
        self._tenants = tenants
        self._parser = parser
        self._max_import_bytes = max_import_bytes

    @property
    def _registry(self) -> Registry:
        """The conversations of whoever makes the present call; there is no other way to any."""
        return self._tenants.of(caller().tenant)

    @property
    def _archive(self) -> Archive:
        return self._registry.archive

    async def ListMessages(  # noqa: N802
        self,
        request: service.ListMessagesRequest,
        context: Context,  # noqa: ARG002
    ) -> service.ListMessagesResponse:
        """List what was said, page by page."""
        found, next_token = await self._archive.messages(
            parse.required_id(request.conversation_id),
            limit=page_size(request.page_size),
            page_token=request.page_token,
            latest_first=request.latest_first,
            request_id=parse.request_id(request.request_id) if request.request_id else "",
        )
        return service.ListMessagesResponse(
            messages=[convert_content.message(said) for said in found], next_page_token=next_token
        )

    async def ExportConversation(  # noqa: N802
        self, request: service.ExportConversationRequest, context: Context
    ) -> None:
        """Send all that is kept of a conversation."""
        lines = await self._archive.export(parse.required_id(request.conversation_id), convert.settings_json)
        for piece in _pieces(lines):
            try:
                await context.write(service.ExportConversationResponse(data=piece))
            except grpc.aio.InternalError:  # the client is gone
                return

    async def ImportConversation(  # noqa: N802
        self,
        request_iterator: AsyncIterator[service.ImportConversationRequest],
        context: Context,  # noqa: ARG002
    ) -> service.ImportConversationResponse:
        """Enter a conversation that was exported."""
        wanted, loaded = await self._load(request_iterator)
        conversation_id = wanted or loaded.header.conversation_id
        parse.conversation_id(conversation_id, "conversation_id" if wanted else "line 1")
        summary = await self._archive.restore(loaded, conversation_id)
        return service.ImportConversationResponse(conversation=convert.conversation(summary))

    async def _load(self, requests: AsyncIterator[service.ImportConversationRequest]) -> tuple[str, Loaded]:
        loader = Loader(self._registry.tenant, self._parser.settings_json, self._max_import_bytes)
        wanted, is_first = "", True
        async for request in requests:
            if is_first:
                wanted, is_first = request.conversation_id, False
            elif request.conversation_id:
                problem = "conversation_id stands in a later message than the first"
                raise InvalidMessage(problem, metadata={"field": "conversation_id"})
            # In a thread: the events of turns must not wait until a large piece has been read.
            await asyncio.to_thread(loader.feed, request.data)
        return wanted, await asyncio.to_thread(loader.finish)


def _pieces(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the text in pieces that are neither tiny nor too large for a message."""
    waiting = bytearray()
    for line in lines:
        waiting += line
        while len(waiting) >= _PIECE_BYTES:
            yield bytes(waiting[:_PIECE_BYTES])
            del waiting[:_PIECE_BYTES]
    if waiting:
        yield bytes(waiting)
