"""The pool as the contract's messages."""

from math import isfinite

from hotseat.v1 import pool_service_pb2 as service

from hotseat_core.access.key import name_of
from hotseat_core.convert import duration, timestamp
from hotseat_core.pool.settings import PoolSettings
from hotseat_core.pool.stats import PoolState, PoolStats, WaiterRow, WorkerRow
from hotseat_core.pool.view import Refusal, Source, WorkerState
from hotseat_core.pool.waits import WaitOutcome
from hotseat_core.worker.containment import Containment

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


def pool_message(stats: PoolStats, containment: Containment, key_mode: str) -> service.Pool:
    """Return the pool at one moment."""
    retry_time = stats.start_retry_time
    return service.Pool(
        state=_STATES[stats.state],
        size=_size(stats.settings),
        stats=_stats(stats),
        start_time=timestamp(stats.start_time),
        containment=containment.name,
        sandbox=_sandbox(containment),
        key_mode=key_mode,
        start_retry_time=None if retry_time is None else timestamp(retry_time),
    )


def _sandbox(containment: Containment) -> service.Sandbox:
    if containment.sandbox is None:
        return service.Sandbox(disabled_reason=containment.why_no_sandbox)
    return service.Sandbox(enabled=True, network=containment.sandbox.network)


def _size(settings: PoolSettings) -> service.PoolSize:
    return service.PoolSize(
        max_workers=settings.max_workers,
        warm_workers=settings.warm_workers,
        max_queue=settings.max_queue,
        idle_timeout=duration(settings.idle_timeout_s),
        memory_limit_bytes=settings.memory_limit_bytes,
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
        queue_duration=duration(stats.waits[WaitOutcome.SERVED].sum_s),
        cancelled_turn_count=stats.cancelled_turns,
        refused_turn_count=stats.refusals[Refusal.FULL],
        worker_start_count=sum(stats.worker_starts.values()),
        worker_start_failure_count=stats.worker_start_failures,
        worker_lost_count=stats.workers_lost,
        lru_eviction_count=stats.evictions_for_room,
        idle_eviction_count=stats.evictions_idle,
        memory_bytes=stats.memory_bytes,
    )


def worker_message(row: WorkerRow, memory_bytes: int, cli_version: str) -> service.Worker:
    """Return one process; memory_bytes: of its whole tree."""
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
        tenant=name_of(row.tenant) if row.conversation else "",
    )


def queued_turn_message(row: WaiterRow) -> service.QueuedTurn:
    """Return one turn that waits."""
    return service.QueuedTurn(
        position=row.position,
        conversation_id=row.conversation,
        profile=row.spec.profile,
        queue_time=timestamp(row.since),
        expire_time=timestamp(row.deadline) if isfinite(row.deadline) else None,
        tenant=name_of(row.tenant),
    )


def stopped_message(row: WorkerRow, cli_version: str) -> service.Worker:
    """Return a process that is gone."""
    worker = worker_message(row, 0, cli_version)
    worker.state = service.Worker.STATE_STOPPED
    return worker
