"""Measures what the workers use, again and again, where there is a limit to it."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping

from hotseat_core.pool.clock import Clock
from hotseat_core.pool.floor import Floor

logger = logging.getLogger(__name__)

MeasureMemory = Callable[[Iterable[int]], Mapping[int, int]]

INTERVAL_S = 2.0
# Reading one process takes the kernel some milliseconds: many of them are measured less often.
MOST_OF_THE_TIME = 0.02


class MemoryWatch:
    """Tells the floor the size of every worker."""

    def __init__(self, floor: Floor, clock: Clock, measure: MeasureMemory) -> None:
        self._floor = floor
        self._clock = clock
        self._measure = measure
        self._running: asyncio.Task[None] | None = None

    def go_on(self, yes: bool) -> None:
        """Measure from now on, or no more."""
        if yes and self._running is None:
            self._running = asyncio.create_task(self._run(), name="memory of the pool")
        elif not yes and self._running is not None:
            self._running.cancel()
            self._running = None

    async def aclose(self) -> None:
        """Measure no more."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait([self._running], timeout=1)

    async def _run(self) -> None:
        while True:
            begin = self._clock.time()
            try:
                await self._measure_once()
            except Exception:
                logger.exception("the workers' memory could not be measured; until it can, the latest sizes count")
            await self._sleep(max(INTERVAL_S, (self._clock.time() - begin) / MOST_OF_THE_TIME))

    async def _measure_once(self) -> None:
        seats = self._floor.seats.values()
        pids = {seat.worker.pid: seat.view.seat for seat in seats if seat.worker is not None}
        if not pids:
            return
        sizes = await asyncio.to_thread(self._measure, list(pids))
        self._floor.note_memory({pids[pid]: size for pid, size in sizes.items()})

    async def _sleep(self, duration_s: float) -> None:
        over = asyncio.Event()
        timer = self._clock.call_at(self._clock.time() + duration_s, over.set)
        try:
            await over.wait()
        finally:
            timer.cancel()
