"""A worker in the hands of one turn."""

import asyncio
import logging
from collections.abc import Callable
from types import TracebackType
from typing import Self

from hotseat_core.pool.seat import Hold
from hotseat_core.pool.view import Source
from hotseat_core.pool.worker_port import PoolWorker

logger = logging.getLogger(__name__)


class Lease:
    """A worker that is yours until you release it, exactly once.

    As a context manager it releases by itself: kept hot after a clean end, ended after an exception. One that is
    dropped without either is taken back with an error in the log, and its worker is ended.
    """

    def __init__(self, hold: Hold, queue_duration_s: float, give_back: Callable[[Hold, bool], None]) -> None:
        self.worker: PoolWorker = hold.worker
        self.conversation = hold.conversation
        self.source: Source = hold.source
        self.queue_duration_s = queue_duration_s
        self._hold = hold
        self._give_back = give_back
        self._loop = asyncio.get_running_loop()

    @property
    def revoked(self) -> asyncio.Event:
        """Set when the pool wants the worker back: interrupt the turn and release; the worker is ended anyway then."""
        return self._hold.revoked

    @property
    def is_released(self) -> bool:
        """Whether the worker is no longer yours."""
        return self._hold.released.is_set()

    def release(self, keep: bool) -> None:
        """Give the worker back: kept hot for the conversation, or ended."""
        if self.is_released:
            raise RuntimeError(f"the lease on worker {self.worker.id} has been released before")
        self._give_back(self._hold, keep)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self.is_released:
            self.release(keep=kind is None)

    def __del__(self) -> None:
        # Runs in whichever thread collects the garbage, so the pool is told through its loop.
        if not self.is_released and not self._loop.is_closed():
            logger.error("a lease was dropped without release", extra={"worker": self.worker.id})
            self._loop.call_soon_threadsafe(self._give_back, self._hold, False)
