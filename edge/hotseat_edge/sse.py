"""A response that is a stream of server-sent events."""

import asyncio
from types import TracebackType
from typing import Self

from aiohttp import web
from hotseat import pb

from hotseat_edge.openai.stream import KEEP_ALIVE

_HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-cache",
    "X-Accel-Buffering": "no",  # nginx would hold events back
}
_FAREWELL_S = 1.0


def place_comment(event: pb.ConverseResponse) -> bytes:
    """The comment that tells a place in the queue; none for other events."""
    if not event.HasField("input_queued"):
        return b""
    queued = event.input_queued
    return b": queued position=%d wait_s=%d\n\n" % (queued.position, queued.estimated_wait_duration.ToSeconds())


class _Response(web.StreamResponse):
    """Its headers go out with its first event: in a write of their own they would cost the first token 0.1 ms."""

    _send_headers_immediately = False


class EventStream:
    """Sends events, and a comment after each long silence; nothing is sent before the first of them.

    So a failure before that still can be answered with a status of its own.
    """

    def __init__(self, request: web.Request, *, keep_alive_s: float, stall_s: float) -> None:
        self.response: web.StreamResponse = _Response(headers=_HEADERS)
        self._request = request
        self._keep_alive_s = keep_alive_s
        self._stall_s = stall_s
        self._silence = KEEP_ALIVE  # what to say where nothing happens
        self._loop = asyncio.get_running_loop()
        self._last = self._loop.time()
        self._sending = asyncio.Lock()  # the headers go out once, whoever is first
        self._timer: asyncio.TimerHandle | None = None  # a task for each stream would cost more than all of its chunks
        self._keeping_alive: asyncio.Task[None] | None = None  # once there was a long silence

    @property
    def started(self) -> bool:
        """The headers were sent: an error must be an event now."""
        return self.response.prepared

    async def __aenter__(self) -> Self:
        self._timer = self._loop.call_later(self._keep_alive_s, self._listen)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._keeping_alive is not None:
            self._keeping_alive.cancel()
            await asyncio.wait([self._keeping_alive], timeout=_FAREWELL_S)
        if self._timer is not None:
            self._timer.cancel()

    async def send(self, data: bytes) -> None:
        """Send whole events; waits where the client reads slowly, and ends the connection of one that stalls."""
        try:
            async with asyncio.timeout(self._stall_s), self._sending:
                if not self.response.prepared:
                    await self.response.prepare(self._request)
                await self.response.write(data)
        except TimeoutError:
            if self._request.transport is not None:
                self._request.transport.abort()
            raise ConnectionResetError("the client left its stream unread for too long") from None
        self._last = self._loop.time()

    async def say_place(self, comment: bytes) -> None:
        """Tell a place in the queue, in the next comment where nothing was sent yet; empty: there is none any more.

        A comment that came sooner would take the headers with it, and a request that waits in vain its 429.
        """
        self._silence = comment or KEEP_ALIVE
        if comment and self.started:
            await self.send(comment)

    async def finish(self) -> None:
        """End the response."""
        await self.response.write_eof()

    def _listen(self) -> None:
        silence = self._loop.time() - self._last
        if silence < self._keep_alive_s:
            self._timer = self._loop.call_later(self._keep_alive_s - silence, self._listen)
        else:
            self._keeping_alive = self._loop.create_task(self._keep_alive(), name="sse keep-alive")

    async def _keep_alive(self) -> None:
        try:
            await self.send(self._silence)
        except ConnectionError:  # aiohttp cancels the handler: it cleans up
            return
        self._timer = self._loop.call_later(self._keep_alive_s, self._listen)
