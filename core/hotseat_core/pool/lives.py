"""The lives of workers: each is a task, from the order to start one until nothing of it is left."""

import asyncio
import logging
from functools import partial
from typing import Protocol

from hotseat_core.errors import WorkerStartError
from hotseat_core.pool.clock import Clock
from hotseat_core.pool.seat import Seat, close_worker, wait_until_over
from hotseat_core.pool.worker_port import PoolWorker, StartWorker

logger = logging.getLogger(__name__)


class Witness(Protocol):
    """Who hears what becomes of a worker. Each of these is called at most once for a seat, in this order."""

    def note_failure(self, seat: Seat, error: WorkerStartError) -> None:
        """It did not start."""

    def note_ready(self, seat: Seat, worker: PoolWorker) -> None:
        """It is up and parked."""

    def note_over(self, seat: Seat, worker: PoolWorker) -> None:
        """It is being ended, or has ended by itself."""

    def note_gone(self, seat: Seat) -> None:
        """Nothing of it is left: its seat is free."""


class Lives:
    """One task for every worker; all are over after close()."""

    def __init__(self, start: StartWorker, witness: Witness, close_timeout_s: float, clock: Clock) -> None:
        self._start_worker = start
        self._witness = witness
        self._clock = clock
        self._close_timeout_s = close_timeout_s
        self._tasks: dict[int, asyncio.Task[None]] = {}  # by seat

    def begin(self, seat: Seat, at: float) -> None:
        """Start a worker on this seat, at this time of the clock or as soon as there is a hurry."""
        task = asyncio.get_running_loop().create_task(self._live(seat, at), name=f"life of seat {seat.view.seat}")
        self._tasks[seat.view.seat] = task
        task.add_done_callback(partial(self._note_end, seat))

    def cut_start(self, seat: Seat) -> None:
        """Give up a start that is still under way; nothing of it stays."""
        self._tasks[seat.view.seat].cancel()

    async def close(self) -> None:
        """Return when every life is over; those that go on after close_timeout_s are cut short."""
        try:
            if self._tasks:
                await asyncio.wait(self._tasks.values(), timeout=self._close_timeout_s)
        finally:
            left = list(self._tasks.values())
            if left:
                logger.error("workers did not end with the pool", extra={"count": len(left)})
                for life in left:
                    life.cancel()
                await asyncio.wait(left, timeout=1)

    async def _live(self, seat: Seat, at: float) -> None:
        await self._wait(seat, at)
        worker = await self._spawn(seat)
        if worker is None:
            return
        try:
            self._witness.note_ready(seat, worker)
            await wait_until_over(seat, worker)
            self._witness.note_over(seat, worker)
        finally:
            await close_worker(worker, self._close_timeout_s)

    async def _wait(self, seat: Seat, at: float) -> None:
        if at <= self._clock.time():
            return
        timer = self._clock.call_at(at, seat.hurry.set)
        try:
            await seat.hurry.wait()
        finally:
            timer.cancel()

    async def _spawn(self, seat: Seat) -> PoolWorker | None:
        try:
            return await self._start_worker(seat.view.spec)
        except WorkerStartError as error:
            self._witness.note_failure(seat, error)
        except Exception as error:
            logger.exception("starting a worker failed in an unforeseen way")
            self._witness.note_failure(seat, WorkerStartError(f"the worker could not be started: {error!r}"))
        return None

    def _note_end(self, seat: Seat, life: asyncio.Task[None]) -> None:
        """Called after every life, even one that was cancelled before its first step."""
        del self._tasks[seat.view.seat]
        if not life.cancelled() and (error := life.exception()) is not None:
            logger.error("a worker's life broke off", extra={"worker": seat.name}, exc_info=error)
        self._witness.note_gone(seat)
