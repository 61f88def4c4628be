"""Streams that are opened ahead of need, one for each key that was used lately."""

import asyncio
import math
import time
from collections.abc import Callable

from hotseat.call import Call
from hotseat.errors import HotseatError
from hotseat.keyed import Metadata

_MOST = 16  # keys


class Ahead:
    """Keeps the streams until they are wanted."""

    def __init__(self, open_call: Callable[[Metadata], Call], *, is_wanted: bool) -> None:
        self._open_call = open_call
        self._is_wanted = is_wanted
        self._streams: dict[Metadata, Call] = {}  # the latest last; each has said nothing yet
        # By time.monotonic: when the server last sent such a stream away, which it does before it stops.
        self.dismissed_at = -math.inf
        self._learning: set[asyncio.Task[None]] = set()  # why such streams have ended
        self._is_closed = False

    def take(self, metadata: Metadata) -> Call:
        """A stream that has said nothing yet: the one opened ahead, if it still is."""
        call = self._streams.pop(metadata, None)
        if call is None or call.done():
            call = self._open_call(metadata)
        return call

    def open(self, metadata: Metadata) -> None:
        """Open one for the next conversation of this caller."""
        if not self._is_wanted or self._is_closed:
            return
        held = self._streams.get(metadata)
        if held is not None and not held.done():
            return
        made = self._streams[metadata] = self._open_call(metadata)
        made.add_done_callback(self._note_end)
        if len(self._streams) > _MOST:
            self._streams.pop(next(iter(self._streams))).cancel()

    def drop(self) -> None:
        """Let go of them all: the next conversation opens its own."""
        dropped, self._streams = self._streams, {}
        for call in dropped.values():
            call.cancel()

    def close(self) -> set[asyncio.Task[None]]:
        """Cancel them all; return what is to be waited for."""
        self._is_closed = True
        for call in self._streams.values():
            call.cancel()
        return self._learning

    def _note_end(self, call: Call) -> None:
        if self._is_closed or not any(call is held for held in self._streams.values()):
            return
        learning = asyncio.create_task(self._learn_why(call), name="end of the stream ahead")
        self._learning.add(learning)
        learning.add_done_callback(self._learning.discard)

    async def _learn_why(self, call: Call) -> None:
        try:
            await call.read()
        except HotseatError as error:
            if error.reason == "POOL_DRAINING":
                self.dismissed_at = time.monotonic()
