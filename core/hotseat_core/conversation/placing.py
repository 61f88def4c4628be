"""Tells those who wait for an answer where its input stands in the pool's queue."""

import asyncio
from collections.abc import Callable, Iterable

from hotseat_core.conversation.terms import Attachment, Queued
from hotseat_core.pool.clock import Clock, Timer
from hotseat_core.pool.stats import Place

INTERVAL_S = 1.0


class Placing:
    """The place of one input: told at once, then at most once in INTERVAL_S, always as it is then.

    In a long queue everybody moves up with each turn that ends: told each time, it would cost the square of its length.
    """

    def __init__(
        self, request_id: str, streams: Callable[[str], Iterable[Attachment]], clock: Clock | None = None
    ) -> None:
        self._request_id = request_id
        self._streams = streams  # that wait for the answer to a request
        self._place: Place | None = None  # that was not told yet
        self._told: Queued | None = None
        self._clock = clock or asyncio.get_running_loop()
        self._timer: Timer | None = None  # set for INTERVAL_S after each telling

    def take(self, place: Place) -> None:
        """It stands there now."""
        self._place = place
        if self._timer is None:
            self._tell()

    def join(self, stream: Attachment) -> None:
        """Another stream waits for the answer, and is to know what the others do."""
        if self._told is not None:
            stream.take_back(self._told)
            stream.send(self._told)

    def end(self) -> None:
        """It does not wait any more: whoever has not been told need not be."""
        self._take_back()
        self._place = self._told = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tell(self) -> None:
        if self._place is None:
            return
        self._take_back()
        self._told = Queued(self._request_id, self._place)
        self._place = None
        for stream in self._streams(self._request_id):
            stream.send(self._told)
        self._timer = self._clock.call_at(self._clock.time() + INTERVAL_S, self._tell_again)

    def _tell_again(self) -> None:
        self._timer = None
        self._tell()

    def _take_back(self) -> None:
        if self._told is not None:
            for stream in self._streams(self._request_id):
                stream.take_back(self._told)
