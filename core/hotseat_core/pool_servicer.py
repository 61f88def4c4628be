"""PoolService: the control plane."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeAlias

import grpc
from hotseat.v1 import pool_service_pb2 as service
from hotseat.v1 import pool_service_pb2_grpc

from hotseat_core.access.caller import caller
from hotseat_core.paging import page
from hotseat_core.parse import conversation_id
from hotseat_core.parse_content import refuse, seconds_in
from hotseat_core.pool.memory import tree_memory_bytes
from hotseat_core.pool.memory_watch import MeasureMemory
from hotseat_core.pool.pool import Pool
from hotseat_core.pool.stats import PoolStats, WorkerRow
from hotseat_core.pool.view import WorkerState
from hotseat_core.pool_messages import pool_message, queued_turn_message, worker_message
from hotseat_core.pool_visibility import visible, without_numbers
from hotseat_core.pool_watch import PoolWatch
from hotseat_core.worker.containment import Containment

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"

DEFAULT_WATCH_INTERVAL_S = 1.0
SHORTEST_WATCH_INTERVAL_S = 0.02  # an eager watcher must not keep the core busy


class PoolServicer(pool_service_pb2_grpc.PoolServiceServicer):
    """Shows the pool to operators, and lets them steer it."""

    def __init__(
        self,
        pool: Pool,
        cli_version: str = "",
        measure_memory: MeasureMemory = tree_memory_bytes,
        *,
        check_conversation: Callable[[str], Awaitable[object]],
        containment: Containment,
        key_mode: str,
        on_taking_turns: Callable[[bool], Awaitable[None]] | None = None,
    ) -> None:
        self._pool = pool
        self._containment = containment
        self._key_mode = key_mode
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
        """Read the pool's state, size and counters; a stranger is told whether it serves, and no more."""
        shown = self._show(self._pool.stats())
        return service.GetPoolResponse(pool=without_numbers(shown) if caller().is_stranger else shown)

    async def ListWorkers(  # noqa: N802
        self,
        request: service.ListWorkersRequest,
        context: Context,  # noqa: ARG002
    ) -> service.ListWorkersResponse:
        """List workers, the longest idle first."""
        rows = sorted(visible(self._pool.workers()), key=_longest_idle_first)
        chosen, next_token = page(rows, request.page_size, request.page_token, key=lambda row: row.id)
        sizes = await self._measure(chosen)
        workers = [worker_message(row, sizes.get(row.id, 0), self._cli_version) for row in chosen]
        return service.ListWorkersResponse(workers=workers, next_page_token=next_token)

    async def ListQueuedTurns(  # noqa: N802
        self,
        request: service.ListQueuedTurnsRequest,
        context: Context,  # noqa: ARG002
    ) -> service.ListQueuedTurnsResponse:
        """List the turns that wait, next first."""
        rows = visible(self._pool.queue())
        chosen, next_token = page(rows, request.page_size, request.page_token, key=lambda row: str(row.order))
        return service.ListQueuedTurnsResponse(
            queued_turns=[queued_turn_message(row) for row in chosen], next_page_token=next_token
        )

    async def EvictConversation(  # noqa: N802
        self,
        request: service.EvictConversationRequest,
        context: Context,  # noqa: ARG002
    ) -> service.EvictConversationResponse:
        """Take a conversation off its worker."""
        conversation = conversation_id(request.conversation_id)
        await self._check_conversation(conversation)
        worker_id = await self._pool.evict(conversation, force=request.force, tenant=caller().tenant)
        return service.EvictConversationResponse(worker_id=worker_id)

    async def DrainPool(  # noqa: N802
        self,
        request: service.DrainPoolRequest,
        context: Context,  # noqa: ARG002
    ) -> service.DrainPoolResponse:
        """Stop taking new turns."""
        has_grace = request.HasField("grace_duration")
        grace_s = seconds_in("grace_duration", request.grace_duration) if has_grace else None
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
            for name in ("max_workers", "warm_workers", "max_queue", "memory_limit_bytes")
            if request.HasField(name)
        }
        if request.HasField("idle_timeout"):
            given["idle_timeout_s"] = seconds_in("idle_timeout", request.idle_timeout)
        self._pool.resize(**given)
        return service.ResizePoolResponse(pool=self._show(self._pool.stats()))

    async def WatchPool(  # noqa: N802
        self, request: service.WatchPoolRequest, context: Context
    ) -> None:
        """Send the pool and its workers, then what changes, until cancelled or dismissed."""
        asked_s = seconds_in("min_interval", request.min_interval)
        interval_s = max(asked_s or DEFAULT_WATCH_INTERVAL_S, SHORTEST_WATCH_INTERVAL_S)
        watch = PoolWatch(self._pool, self._show, self._measure, self._cli_version, interval_s)
        async with asyncio.TaskGroup() as tasks:
            sending = tasks.create_task(watch.send_to(context), name="pool watch")
            dismissed = tasks.create_task(self._dismissed.wait(), name="pool watch dismissal")
            await asyncio.wait({sending, dismissed}, return_when=asyncio.FIRST_COMPLETED)
            sending.cancel()
            dismissed.cancel()

    def _show(self, stats: PoolStats) -> service.Pool:
        return pool_message(stats, self._containment, self._key_mode)

    async def _measure(self, rows: Iterable[WorkerRow]) -> dict[str, int]:
        """Return the bytes of memory that these workers use, by their ids."""
        pids = {row.root_pid: row.id for row in rows if row.root_pid is not None}
        sizes = await asyncio.to_thread(self._measure_memory, list(pids)) if pids else {}
        return {pids[pid]: size for pid, size in sizes.items()}


def _longest_idle_first(row: WorkerRow) -> tuple[bool, float, str]:
    is_idle = row.state is WorkerState.IDLE and row.last_turn_time is not None
    return (not is_idle, row.last_turn_time if is_idle and row.last_turn_time else row.start_time, row.id)
