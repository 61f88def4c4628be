"""What WatchPool sends: the pool and its workers, then what changes."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from typing import Any, TypeAlias

import grpc
from hotseat.v1 import pool_service_pb2 as service

from hotseat_core.pool.pool import Pool
from hotseat_core.pool.stats import PoolStats, WorkerRow
from hotseat_core.pool_messages import stopped_message, worker_message
from hotseat_core.pool_visibility import visible

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"
Measure = Callable[[Iterable[WorkerRow]], Awaitable[dict[str, int]]]

MEASURED_EVERY_S = 5.0
# Reading a process's memory takes the kernel some milliseconds: a watcher must not keep the machine busy.
_MOST_OF_THE_TIME = 0.02


class PoolWatch:
    """One watcher, and what it has been sent."""

    def __init__(
        self,
        pool: Pool,
        show: Callable[[PoolStats], service.Pool],
        measure: Measure,
        cli_version: str,
        interval_s: float,
    ) -> None:
        self._pool = pool
        self._show = show
        self._measure = measure
        self._cli_version = cli_version
        self._interval_s = interval_s
        self._sent_pool: service.Pool | None = None
        self._sent: dict[str, WorkerRow] = {}
        self._sizes: dict[str, int] = {}  # as they were sent
        self._measure_at = 0.0

    async def send_to(self, context: Context) -> None:
        """Send until cancelled, or until the client is gone."""
        while True:
            revision, stats = self._pool.revision, self._pool.stats()
            update = await self._update(stats)
            if update is not None:
                try:
                    await context.write(update)
                except grpc.aio.InternalError:  # the client is gone
                    return
            await asyncio.sleep(self._interval_s)
            if not stats.queued_turns:  # while turns wait, the age of the oldest changes all the time
                await self._wait_for_change(revision)

    async def _wait_for_change(self, revision: int) -> None:
        try:
            async with asyncio.timeout_at(self._measure_at):
                await self._pool.wait_for_change(revision)
        except TimeoutError:  # nothing has happened, but that memory may have grown
            return

    async def _update(self, stats: PoolStats) -> service.WatchPoolResponse | None:
        pool, rows = self._show(stats), {row.id: row for row in visible(self._pool.workers())}
        changed = {name for name, row in rows.items() if self._sent.get(name) != row}
        sizes = await self._measured(rows, changed)
        changed |= {name for name, size in sizes.items() if abs(size - self._sizes.get(name, 0)) * 10 > size}
        told = [worker_message(rows[name], sizes.get(name, 0), self._cli_version) for name in rows if name in changed]
        gone = [stopped_message(row, self._cli_version) for name, row in self._sent.items() if name not in rows]
        news = pool if pool != self._sent_pool else None
        self._sent, self._sent_pool = rows, pool
        self._sizes = {name: (sizes if name in changed else self._sizes).get(name, 0) for name in rows}
        return service.WatchPoolResponse(pool=news, workers=[*told, *gone]) if news or told or gone else None

    async def _measured(self, rows: Mapping[str, WorkerRow], changed: Collection[str]) -> dict[str, int]:
        """Measure what is sent anyway, and all of them from time to time."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        is_due = begun >= self._measure_at
        sizes = await self._measure(row for name, row in rows.items() if is_due or name in changed)
        if is_due:
            self._measure_at = loop.time() + max(MEASURED_EVERY_S, (loop.time() - begun) / _MOST_OF_THE_TIME)
        return sizes
