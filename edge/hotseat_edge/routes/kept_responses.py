"""GET, DELETE /v1/responses/{id}, POST .../cancel, GET .../input_items: responses that are kept."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from aiohttp import web
from hotseat import Client, HotseatError, pb

from hotseat_edge.core_client import as_problems, problem
from hotseat_edge.kept_turns import KeptTurns
from hotseat_edge.middleware import ANSWERED
from hotseat_edge.openai.errors import ApiError, invalid
from hotseat_edge.responses import notes, told
from hotseat_edge.responses.ids import request_of
from hotseat_edge.responses.stream import ResponseWriter
from hotseat_edge.routes.body import flag
from hotseat_edge.routes.pages import ItemPage
from hotseat_edge.settings import Settings
from hotseat_edge.sse import EventStream

_NOT_KEPT = "The events of this response are not kept any more; fetch it without starting_after, or without stream."


class KeptResponses:
    """Tells responses again, stops them and forgets them."""

    def __init__(self, client: Client, settings: Settings) -> None:
        self._client = client
        self._turns = KeptTurns(client)
        self._settings = settings

    async def show(self, http: web.Request) -> web.StreamResponse:
        """One response as it stands, or the events that make it: ?stream=true."""
        found, kept = await self._find(http)
        if flag(http, "stream"):
            return await self._replay(http, found, kept)
        return web.json_response(told.body(kept, found.turn))

    async def delete(self, http: web.Request) -> web.Response:
        """Forget a response; one that runs is stopped first."""
        found, _ = await self._find(http)
        if not found.turn.HasField("completed"):
            await self._turns.stop(found)
        with as_problems():
            await self._client.update_turn_note(found.turn.request_id, None)
        return web.json_response({"id": http.match_info["id"], "object": "response", "deleted": True})

    async def cancel(self, http: web.Request) -> web.Response:
        """Stop a response that was made in the background; one that has ended stays as it is."""
        found, kept = await self._find(http)
        if not kept.background:
            message = "Only responses created with background=true can be cancelled."
            raise ApiError(message, code="not_cancellable", param="response_id")
        if not found.turn.HasField("completed"):
            await self._turns.stop(found)
            found, kept = await self._find(http)
        return web.json_response(told.body(kept, found.turn))

    async def input_items(self, http: web.Request) -> web.Response:
        """What the request had as input, the latest item first, unless ?order=asc."""
        page = ItemPage.of(http)
        found, kept = await self._find(http)
        messages = await self._turns.said(found, kept.said_count)
        if not messages:  # it runs, or has failed: only its question is known
            messages = [_question(found.turn)]
        return web.json_response(page.cut(told.said_items(kept.system, messages, found.turn.request_id)))

    async def _find(self, http: web.Request) -> tuple[pb.GetTurnResponse, notes.Kept]:
        name = http.match_info["id"]
        request_id = request_of(name)
        found = await self._turns.find(request_id, notes.LABEL) if request_id is not None else None
        kept = notes.read(found.turn) if found is not None else None
        if found is None or kept is None:
            message = f"Response with id '{name[:100]}' not found."
            raise ApiError(message, status=404, code="response_not_found", param="response_id")
        return found, kept

    # ---- events

    async def _replay(self, http: web.Request, found: pb.GetTurnResponse, kept: notes.Kept) -> web.StreamResponse:
        after = _starting_after(http)
        has_begun = found.turn.turn or found.turn.HasField("completed")
        if after >= 0 and has_begun and not found.start_sequence:
            raise ApiError(_NOT_KEPT, code="events_not_kept", param="starting_after")
        writer = ResponseWriter(told.frame(kept, found.turn), found.turn.request_id, summary=kept.summary, after=after)
        settings = self._settings
        stream = EventStream(http, keep_alive_s=settings.keep_alive_s, stall_s=settings.stall_s)
        async with stream, aclosing(self._events(found)) as events:
            try:
                async for event in events:
                    if data := _written(writer, event):
                        await stream.send(data)
            except ApiError as error:
                if not stream.started:
                    raise
                await stream.send(writer.break_off(error))
            if not stream.started:  # the client has all of it
                await stream.send(b": that was all\n\n")
            await stream.finish()
            http[ANSWERED] = stream.response.status
        return stream.response

    async def _events(self, found: pb.GetTurnResponse) -> AsyncGenerator[pb.ConverseResponse, None]:
        found = await self._turns.watchable(found)
        if found.start_sequence:
            async with aclosing(self._turns.watch(found)) as events:
                async for event in events:
                    yield event
            return
        for event in told.replay(found.turn):
            yield event


def _written(writer: ResponseWriter, event: pb.ConverseResponse) -> bytes:
    if event.HasField("turn_started"):
        return writer.begin()
    if event.turn_completed.outcome == pb.TurnCompleted.OUTCOME_FAILED:
        return writer.fail(problem(HotseatError.from_error(event.turn_completed.error)))
    return writer.write(event)


def _starting_after(http: web.Request) -> int:
    given = http.query.get("starting_after")
    if given is None:
        return -1
    if not (given.isascii() and given.isdigit() and len(given) < 10):
        raise invalid("starting_after", "starting_after must be the sequence_number of an event")
    return int(given)


def _question(turn: pb.Turn) -> pb.ConversationMessage:
    blocks: list[Any] = [pb.HistoryBlock(tool_result=result) for result in turn.tool_results]
    for block in turn.input:
        match block.WhichOneof("block"):
            case "image":
                blocks.append(pb.HistoryBlock(image=block.image))
            case "file":
                blocks.append(pb.HistoryBlock(file=block.file))
            case _:
                blocks.append(pb.HistoryBlock(text=block.text))
    return pb.ConversationMessage(role=pb.HistoryMessage.ROLE_USER, content=blocks)
