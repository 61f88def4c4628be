"""What was said: read in pages, taken out whole, and brought back."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterable
from contextlib import suppress

import grpc.aio

from hotseat import pb
from hotseat.errors import HotseatError
from hotseat.unary import call
from hotseat.v1.conversation_service_pb2_grpc import ConversationServiceStub

_PIECE_BYTES = 256 * 1024


class ArchiveCalls:
    """What ConversationService offers to readers and keepers. Every method raises HotseatError."""

    _conversations: ConversationServiceStub
    _call_timeout_s: float

    async def list_messages(
        self,
        conversation_id: str,
        *,
        page_size: int = 0,
        page_token: str = "",
        latest_first: bool = False,
        request_id: str = "",
    ) -> pb.ListMessagesResponse:
        """One page of what was said, as the conversation's clients saw it; request_id: only up to that turn's end."""
        request = pb.ListMessagesRequest(
            conversation_id=conversation_id,
            page_size=page_size,
            page_token=page_token,
            latest_first=latest_first,
            request_id=request_id,
        )
        response: pb.ListMessagesResponse = await call(self._conversations.ListMessages, request, self._call_timeout_s)
        return response

    async def list_workspaces(self, *, page_size: int = 0, page_token: str = "") -> pb.ListWorkspacesResponse:
        """One page of the workspaces that conversations have named, with who works there and what they take."""
        request = pb.ListWorkspacesRequest(page_size=page_size, page_token=page_token)
        response: pb.ListWorkspacesResponse = await call(
            self._conversations.ListWorkspaces, request, self._call_timeout_s
        )
        return response

    async def delete_workspace(self, workspace: str) -> pb.DeleteWorkspaceResponse:
        """Remove a named workspace, by its id or name, with all its files, unless a conversation works in it."""
        request = pb.DeleteWorkspaceRequest(workspace=workspace)
        response: pb.DeleteWorkspaceResponse = await call(
            self._conversations.DeleteWorkspace, request, self._call_timeout_s
        )
        return response

    async def export_conversation(self, conversation_id: str) -> AsyncGenerator[bytes, None]:
        """Yield all that is kept of a conversation, as pieces of JSON lines that end anywhere: write them to a file."""
        request = pb.ExportConversationRequest(conversation_id=conversation_id)
        exporting = self._conversations.ExportConversation(request)
        try:
            async for response in exporting:
                yield response.data
        except grpc.aio.AioRpcError as error:
            raise HotseatError.from_rpc(error) from error
        finally:
            exporting.cancel()

    async def import_conversation(
        self, exported: bytes | Iterable[bytes] | AsyncIterable[bytes], *, conversation_id: str = ""
    ) -> pb.Conversation:
        """Enter a conversation that was exported, whole or not at all; by default under the id that it had.

        `exported` may be the bytes, or pieces of them: a file opened as binary, for example.
        """
        importing = self._conversations.ImportConversation()
        try:
            # A server that refuses ends the call while we write: its status, which is asked for below, says why.
            with suppress(asyncio.InvalidStateError, grpc.aio.AioRpcError):
                await importing.write(pb.ImportConversationRequest(conversation_id=conversation_id))
                async for piece in _pieces(exported):
                    await importing.write(pb.ImportConversationRequest(data=piece))
                await importing.done_writing()
            response: pb.ImportConversationResponse = await importing
        except grpc.aio.AioRpcError as error:
            raise HotseatError.from_rpc(error) from error
        finally:
            importing.cancel()
        return response.conversation


async def _pieces(exported: bytes | Iterable[bytes] | AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    if isinstance(exported, bytes | bytearray):
        exported = [exported]
    if isinstance(exported, AsyncIterable):
        async for whole in exported:
            for piece in _cut(whole):
                yield piece
    else:
        for whole in exported:
            for piece in _cut(whole):
                yield piece


def _cut(whole: bytes) -> Iterable[bytes]:
    return (whole[start : start + _PIECE_BYTES] for start in range(0, len(whole), _PIECE_BYTES))
