"""PoolService: the control plane."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from math import isfinite
from typing import Any, TypeAlias

import grpc
from google.protobuf.duration_pb2 import Duration
from hotseat.v1 import pool_service_pb2 as service
from hotseat.v1 import pool_service_pb2_grpc

from hotseat_core.convert import duration, timestamp
from hotseat_core.paging import page
from hotseat_core.parse import conversation_id
from hotseat_core.parse_content import refuse
from hotseat_core.pool.memory import tree_memory_bytes
from hotseat_core.pool.memory_watch import MeasureMemory
from hotseat_core.pool.pool import Pool
from hotseat_core.pool.settings import PoolSettings
from hotseat_core.pool.stats import PoolState, PoolStats, WaiterRow, WorkerRow
from hotseat_core.pool.view import Refusal, Source, WorkerState

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"

DEFAULT_WATCH_INTERVAL_S = 1.0
SHORTEST_WATCH_INTERVAL_S = 0.02  # an eager watcher must not keep the core busy

_STATES = {
    PoolState.ACTIVE: service.Pool.STATE_ACTIVE,
    PoolState.DRAINING: service.Pool.STATE_DRAINING,
    PoolState.DRAINED: service.Pool.STATE_DRAINED,
}
_WORKER_STATES = {
    WorkerState.STARTING: service.Worker.STATE_STARTING,
    WorkerState.WARM: service.Worker.STATE_WARM,
    WorkerState.IDLE: service.Worker.STATE_IDLE,
    WorkerState.RUNNING: service.Worker.STATE_RUNNING,
    WorkerState.STOPPING: service.Worker.STATE_STOPPING,
}


class PoolServicer(pool_service_pb2_grpc.PoolServiceServicer):
    """Shows the pool to operators, and lets them steer it."""

    def __init__(
        self,
        pool: Pool,
        cli_version: str = "",
        measure_memory: MeasureMemory = tree_memory_bytes,
        *,
        check_conversation: Callable[[str], Awaitable[object]],
        containment: str = "",
        on_taking_turns: Callable[[bool], Awaitable[None]] | None = None,
    ) -> None:
        self._pool = pool
        self._containment = containment
        self._check_conversation = check_conversation  # raises ConversationNotFound: a pool knows workers alone
        self._on_taking_turns = on_taking_turns
        self._steering = asyncio.Lock()  # what is announced is what the pool does
        self._cli_version = cli_version
        self._measure_memory = measure_memory
        self._dismissed = asyncio.Event()

    def dismiss_all(self) -> None:
        """End every WatchPool: the server is about to stop."""
        self._dismissed.set()

    async def GetPool(  # noqa: N802
        self,
        request: service.GetPoolRequest,  # noqa: ARG002
        context: Context,  # noqa: ARG002
    ) -> service.GetPoolResponse:
        """Read the pool's state, size and counters."""
        return service.GetPoolResponse(pool=self._show(self._pool.stats()))

    async def ListWorkers(  # noqa: N802
        self,
        request: service.ListWorkersRequest,
        context: Context,  # noqa: ARG002
    ) -> service.ListWorkersResponse:
        """List workers, the longest idle first."""
        rows = sorted(self._pool.workers(), key=_longest_idle_first)
        chosen, next_token = page(rows, request.page_size, request.page_token, key=lambda row: row.id)
        return service.ListWorkersResponse(workers=await self._workers(chosen), next_page_token=next_token)

    async def ListQueuedTurns(  # noqa: N802
        self,
        request: service.ListQueuedTurnsRequest,
        context: Context,  # noqa: ARG002
    ) -> service.ListQueuedTurnsResponse:
        """List the turns that wait, next first."""
        rows = self._pool.queue()
        chosen, next_token = page(rows, request.page_size, request.page_token, key=lambda row: str(row.order))
        return service.ListQueuedTurnsResponse(
            queued_turns=[_queued_turn(row) for row in chosen], next_page_token=next_token
        )

    async def EvictConversation(  # noqa: N802
        self,
        request: service.EvictConversationRequest,
        context: Context,  # noqa: ARG002
    ) -> service.EvictConversationResponse:
        """Take a conversation off its worker."""
        conversation = conversation_id(request.conversation_id)
        await self._check_conversation(conversation)
        return service.EvictConversationResponse(worker_id=await self._pool.evict(conversation, force=request.force))

    async def DrainPool(  # noqa: N802
        self,
        request: service.DrainPoolRequest,
        context: Context,  # noqa: ARG002
    ) -> service.DrainPoolResponse:
        """Stop taking new turns."""
        has_grace = request.HasField("grace_duration")
        grace_s = _seconds("grace_duration", request.grace_duration) if has_grace else None
        async with self._steering:
            await self._announce(False)  # first: who asks before sending goes elsewhere, and nobody is refused
            self._pool.drain(grace_s)
        return service.DrainPoolResponse(pool=self._show(self._pool.stats()))

    async def ResumePool(  # noqa: N802
        self,
        request: service.ResumePoolRequest,  # noqa: ARG002
        context: Context,  # noqa: ARG002
    ) -> service.ResumePoolResponse:
        """Take turns again."""
        async with self._steering:
            self._pool.resume()
            await self._announce(True)
        return service.ResumePoolResponse(pool=self._show(self._pool.stats()))

    async def _announce(self, takes_turns: bool) -> None:
        if self._on_taking_turns is not None:
            await self._on_taking_turns(takes_turns)

    async def ResizePool(  # noqa: N802
        self,
        request: service.ResizePoolRequest,
        context: Context,  # noqa: ARG002
    ) -> service.ResizePoolResponse:
        """Change the pool's bounds."""
        if request.HasField("max_workers") and request.max_workers == 0:
            refuse("max_workers", "must be at least 1; to stop taking turns, drain the pool")
        given = {
            name: getattr(request, name)
            for name in ("max_workers", "warm_workers", "max_queue")
            if request.HasField(name)
        }
        if request.HasField("idle_timeout"):
            given["idle_timeout_s"] = _seconds("idle_timeout", request.idle_timeout)
        self._pool.resize(**given)
        return service.ResizePoolResponse(pool=self._show(self._pool.stats()))

    async def WatchPool(  # noqa: N802
        self, request: service.WatchPoolRequest, context: Context
    ) -> None:
        """Send the pool and its workers, then what changes, until cancelled or dismissed."""
        asked_s = _seconds("min_interval", request.min_interval)
        interval_s = max(asked_s or DEFAULT_WATCH_INTERVAL_S, SHORTEST_WATCH_INTERVAL_S)
        async with asyncio.TaskGroup() as tasks:
            sending = tasks.create_task(self._send_changes(context, interval_s), name="pool watch")
            dismissed = tasks.create_task(self._dismissed.wait(), name="pool watch dismissal")
            await asyncio.wait({sending, dismissed}, return_when=asyncio.FIRST_COMPLETED)
            sending.cancel()
            dismissed.cancel()

    async def _send_changes(self, context: Context, interval_s: float) -> None:
        sent: dict[str, WorkerRow] = {}
        sent_pool: service.Pool | None = None
        while True:
            revision, stats = self._pool.revision, self._pool.stats()
            rows = {row.id: row for row in self._pool.workers()}
            pool = self._show(stats)
            changed = await self._workers(row for row in rows.values() if sent.get(row.id) != row)
            gone = [_stopped(row, self._cli_version) for row in sent.values() if row.id not in rows]
            if pool != sent_pool or changed or gone:
                update = service.WatchPoolResponse(pool=pool if pool != sent_pool else None, workers=[*changed, *gone])
                try:
                    await context.write(update)
                except grpc.aio.InternalError:  # the client is gone
                    return
            sent, sent_pool = rows, pool
            await asyncio.sleep(interval_s)
            if not stats.queued_turns:  # while turns wait, the age of the oldest changes all the time
                await self._pool.wait_for_change(revision)

    def _show(self, stats: PoolStats) -> service.Pool:
        retry_time = stats.start_retry_time
        return service.Pool(
            state=_STATES[stats.state],
            size=_size(stats.settings),
            stats=_stats(stats),
            start_time=timestamp(stats.start_time),
            containment=self._containment,
            start_retry_time=None if retry_time is None else timestamp(retry_time),
        )

    async def _workers(self, rows: Iterable[WorkerRow]) -> list[service.Worker]:
        listed = list(rows)
        pids = [row.root_pid for row in listed if row.root_pid is not None]
        sizes = await asyncio.to_thread(self._measure_memory, pids) if pids else {}
        return [_worker(row, sizes.get(row.root_pid or 0, 0), self._cli_version) for row in listed]


def _longest_idle_first(row: WorkerRow) -> tuple[bool, float, str]:
    is_idle = row.state is WorkerState.IDLE and row.last_turn_time is not None
    return (not is_idle, row.last_turn_time if is_idle and row.last_turn_time else row.start_time, row.id)


def _size(settings: PoolSettings) -> service.PoolSize:
    return service.PoolSize(
        max_workers=settings.max_workers,
        warm_workers=settings.warm_workers,
        max_queue=settings.max_queue,
        idle_timeout=duration(settings.idle_timeout_s),
    )


def _stats(stats: PoolStats) -> service.PoolStats:
    return service.PoolStats(
        starting_workers=stats.workers[WorkerState.STARTING],
        warm_workers=stats.workers[WorkerState.WARM],
        idle_workers=stats.workers[WorkerState.IDLE],
        running_workers=stats.workers[WorkerState.RUNNING],
        stopping_workers=stats.workers[WorkerState.STOPPING],
        queued_turns=stats.queued_turns,
        oldest_queue_duration=duration(stats.oldest_queue_duration_s),
        hot_turn_count=stats.turns[Source.HOT],
        warm_turn_count=stats.turns[Source.WARM],
        cold_turn_count=stats.turns[Source.COLD],
        queue_duration=duration(stats.queue_duration_s),
        cancelled_turn_count=stats.cancelled_turns,
        refused_turn_count=stats.refusals[Refusal.FULL],
        worker_start_count=stats.worker_starts,
        worker_start_failure_count=stats.worker_start_failures,
        worker_lost_count=stats.workers_lost,
        lru_eviction_count=stats.evictions_for_room,
        idle_eviction_count=stats.evictions_idle,
    )


def _worker(row: WorkerRow, memory_bytes: int, cli_version: str) -> service.Worker:
    return service.Worker(
        worker_id=row.id,
        state=_WORKER_STATES[row.state],
        conversation_id=row.conversation or "",
        pid=row.pid or 0,
        start_time=timestamp(row.start_time),
        last_turn_time=None if row.last_turn_time is None else timestamp(row.last_turn_time),
        turn_count=row.turn_count,
        memory_bytes=memory_bytes,
        cli_version=cli_version,
        profile=row.spec.profile,
        turn_start_time=None if row.turn_start_time is None else timestamp(row.turn_start_time),
    )


def _queued_turn(row: WaiterRow) -> service.QueuedTurn:
    return service.QueuedTurn(
        position=row.position,
        conversation_id=row.conversation,
        profile=row.spec.profile,
        queue_time=timestamp(row.since),
        expire_time=timestamp(row.deadline) if isfinite(row.deadline) else None,
    )


def _stopped(row: WorkerRow, cli_version: str) -> service.Worker:
    worker = _worker(row, 0, cli_version)
    worker.state = service.Worker.STATE_STOPPED
    return worker


def _seconds(field: str, message: Duration) -> float:
    seconds = message.seconds + message.nanos / 1e9
    if seconds < 0:
        refuse(field, "is negative")
    return seconds
