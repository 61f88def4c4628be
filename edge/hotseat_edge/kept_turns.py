"""Turns that the core keeps, found again by their requests: read, watched, stopped."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import grpc
from hotseat import Client, HotseatError, pb

from hotseat_edge.core_client import problem
from hotseat_edge.openai.errors import SERVER_ERROR, ApiError

_STOP_S = 10.0
_MOST_MESSAGES = 1000


class KeptTurns:
    """Finds turns by their requests. Every failure is raised as an ApiError."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def find(self, request_id: str, label: str) -> pb.GetTurnResponse | None:
        """The turn with its answer, if it has a note with this label."""
        try:
            found = await self._client.find_turn(request_id=request_id, include_output=True)
        except HotseatError as error:
            if error.code == grpc.StatusCode.NOT_FOUND:
                return None
            raise problem(error) from error
        return found if found.turn.note.label == label else None

    async def said(self, found: pb.GetTurnResponse, count: int) -> list[pb.ConversationMessage]:
        """What was said to the model last when the turn began, so many messages at most, in order."""
        messages: list[pb.ConversationMessage] = []
        token = ""
        request_id = found.turn.request_id
        while len(messages) <= count:  # the answer comes first
            try:
                page = await self._client.list_messages(
                    found.conversation_id,
                    page_size=min(count + 1 - len(messages), _MOST_MESSAGES),
                    page_token=token,
                    latest_first=True,
                    request_id=request_id,
                )
            except HotseatError as error:
                raise problem(error) from error
            messages += page.messages
            token = page.next_page_token
            if not token:
                break
        if messages and messages[0].role == pb.HistoryMessage.ROLE_ASSISTANT:
            messages = messages[1:]
        return messages[count - 1 :: -1] if len(messages) >= count else messages[::-1]

    async def stop(self, found: pb.GetTurnResponse) -> None:
        """Interrupt the turn, and return once it has ended; one that has ended is left alone."""
        request_id = found.turn.request_id
        opening = pb.OpenConversation(
            conversation_id=found.conversation_id, disposition=pb.OpenConversation.DISPOSITION_OPEN
        )
        try:
            async with asyncio.timeout(_STOP_S), self._client.converse(opening) as talk:
                now = await self._client.find_turn(request_id=request_id)
                if now.turn.HasField("completed"):
                    return
                await talk.interrupt(request_id=request_id)
                async with aclosing(talk.events()) as events:
                    async for event in events:
                        if event.turn_completed.request_id == request_id:
                            return
        except TimeoutError:
            message = "The response did not stop in time; ask again."
            raise ApiError(message, status=504, kind=SERVER_ERROR, code="core_timeout") from None
        except HotseatError as error:
            raise problem(error) from error

    async def watchable(self, found: pb.GetTurnResponse) -> pb.GetTurnResponse:
        """The turn once its events can be watched from its beginning; where that is lost, once it has ended."""
        while not (found.start_sequence or found.turn.HasField("completed")):
            found = await self._later(found)
        return found

    async def watch(self, found: pb.GetTurnResponse) -> AsyncGenerator[pb.ConverseResponse, None]:
        """Yield the events of a turn that is watchable, from its beginning, turn_completed last."""
        try:
            async with self._client.converse(_observing(found)) as talk, aclosing(talk.events()) as events:
                async for event in events:
                    if event.turn == found.turn.turn:
                        yield event
                        if event.HasField("turn_completed"):
                            return
        except HotseatError as error:
            raise problem(error) from error

    async def _later(self, found: pb.GetTurnResponse) -> pb.GetTurnResponse:
        """The turn, with its answer, once it has begun; if it has, once it has ended."""
        request_id = found.turn.request_id
        try:
            async with self._client.converse(_observing(found)) as talk, aclosing(talk.events()) as events:
                now = await self._client.find_turn(request_id=request_id, include_output=True)
                if now.start_sequence or now.turn.HasField("completed"):
                    return now
                async for event in events:
                    if request_id in (event.turn_started.request_id, event.turn_completed.request_id):
                        break
                    if event.input_rejected.id == request_id:
                        raise HotseatError.from_error(event.input_rejected.error)
                return await self._client.find_turn(request_id=request_id, include_output=True)
        except HotseatError as error:
            raise problem(error) from error


def _observing(found: pb.GetTurnResponse) -> pb.OpenConversation:
    return pb.OpenConversation(
        conversation_id=found.conversation_id,
        disposition=pb.OpenConversation.DISPOSITION_OBSERVE,
        start_sequence=found.start_sequence,
        log_id=found.log_id,
    )
