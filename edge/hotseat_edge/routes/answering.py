"""Answers a request with what its turn says: whole, or as it comes."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from aiohttp import web
from hotseat import pb

from hotseat_edge.metrics import Metrics
from hotseat_edge.middleware import ANSWERED, HEADERS
from hotseat_edge.openai.errors import ApiError
from hotseat_edge.settings import Settings
from hotseat_edge.sse import EventStream, place_comment
from hotseat_edge.timing import Timing

Events = AsyncGenerator[pb.ConverseResponse, None]


class Answering:
    """What all APIs do with the events of a turn; how they are put is each API's own."""

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self._settings = settings
        self._metrics = metrics

    async def whole(
        self, http: web.Request, events: Events, body: Callable[[pb.ConverseResponse], bytes | None]
    ) -> web.StreamResponse:
        """Answer with one body, which is there with the last event. Raises ApiError."""
        timing = Timing(http[HEADERS], self._metrics)
        response = web.Response(content_type="application/json")
        async with aclosing(events):
            async for event in events:
                if not timing.is_over:
                    timing.take(event)
                if (told := body(event)) is not None:
                    timing.end(event.turn_completed)
                    # Sent here: parting with the core need not delay it.
                    response.body = told
                    await response.prepare(http)
                    await response.write_eof()
                    http[ANSWERED] = response.status
        return response

    async def streamed(
        self,
        http: web.Request,
        events: Events,
        write: Callable[[pb.ConverseResponse], bytes],
        ending: Callable[[ApiError], bytes],
    ) -> web.StreamResponse:
        """Answer with server-sent events; ending puts a failure that comes after the first. Raises ApiError before."""
        settings, timing = self._settings, Timing(http[HEADERS], self._metrics)
        stream = EventStream(http, keep_alive_s=settings.keep_alive_s, stall_s=settings.stall_s)
        async with stream, aclosing(events):
            try:
                async for event in events:
                    if not timing.is_over:
                        timing.take(event)
                        place = place_comment(event)
                        await stream.say_place(place)
                        if place:
                            continue
                    if data := write(event):
                        await stream.send(data)
                    if event.HasField("turn_completed"):
                        timing.end(event.turn_completed)
                        await stream.finish()
                        http[ANSWERED] = stream.response.status
            except ApiError as error:
                if not stream.started:
                    raise
                await stream.send(ending(error))
                await stream.finish()
        return stream.response
