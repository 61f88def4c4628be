"""What the pool counts, and how it shows itself."""

import enum
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from hotseat_core.pool.fairness import fair_order
from hotseat_core.pool.settings import PoolSettings
from hotseat_core.pool.view import EndReason, PoolView, Refusal, Source, StartReason, WorkerState
from hotseat_core.pool.waits import WaitOutcome, Waits, WaitTimes
from hotseat_core.pool.worker_port import WorkerSpec


class PoolState(enum.Enum):
    """What the pool does with new turns."""

    ACTIVE = "active"
    DRAINING = "draining"  # refuses them, and waits for those accepted
    DRAINED = "drained"  # refuses them; none runs, none waits


# Reasons that count as "a conversation was evicted to make room".
EVICTIONS_FOR_ROOM = frozenset(
    {EndReason.LRU, EndReason.TRANSIENT, EndReason.SPARE_ROOM, EndReason.RESIZE, EndReason.MEMORY}
)


@dataclass(frozen=True, slots=True)
class Place:
    """A turn's place in the queue."""

    position: int  # from 1: who has it is served next
    wait_s: float  # probably, from now


@dataclass(slots=True)
class Counts:
    """What there was since the start."""

    turns: Counter[Source] = field(default_factory=Counter)  # handed to their caller
    refusals: Counter[Refusal] = field(default_factory=Counter)
    ends: Counter[EndReason] = field(default_factory=Counter)
    evictions: Counter[EndReason] = field(default_factory=Counter)  # the ends of those that held a conversation
    waits: Waits = field(default_factory=Waits)
    cancelled: int = 0
    starts: Counter[StartReason] = field(default_factory=Counter)
    start_failures: int = 0
    lost: int = 0
    turn_duration_s: float = 5.0  # moving average of how long a worker is leased

    def note_turn_duration(self, duration_s: float) -> None:
        """Let the latest turn count for a fifth."""
        self.turn_duration_s += (duration_s - self.turn_duration_s) / 5

    def wait_s(self, position: int, workers: int) -> float:
        """How long whoever has this place in the queue will probably wait: at this rate."""
        return self.turn_duration_s * position / workers

    def retry_delay_s(self, waiting: int, workers: int) -> float:
        """When somebody who is refused now would probably be served: at this rate, at least 1 s and at most 60."""
        return min(max(self.wait_s(waiting + 1, workers), 1.0), 60.0)


@dataclass(frozen=True, slots=True)
class PoolStats:
    """The pool at one moment: bounds, gauges, counters since the start."""

    state: PoolState
    settings: PoolSettings
    start_time: float  # unix seconds
    workers: dict[WorkerState, int]
    queued_turns: int
    oldest_queue_duration_s: float
    turns: dict[Source, int]
    refusals: dict[Refusal, int]
    ends: dict[EndReason, int]
    evictions: dict[EndReason, int]  # the ends of those that held a conversation
    waits: Mapping[WaitOutcome, WaitTimes]
    cancelled_turns: int
    worker_starts: dict[StartReason, int]
    worker_start_failures: int
    workers_lost: int
    evictions_for_room: int
    evictions_idle: int
    start_retry_time: float | None  # unix seconds; no worker of some spec is started before that. None: all are
    memory_bytes: int  # of all workers, as last measured; 0 where there is no limit to it


@dataclass(frozen=True, slots=True)
class WorkerRow:
    """One process, for those who look at the pool; equal as long as nothing about it changed."""

    id: str  # "starting-<n>" until its own is known
    state: WorkerState
    spec: WorkerSpec
    conversation: str | None
    tenant: str  # of that conversation
    pid: int | None
    root_pid: int | None  # of the tree that its memory is measured of
    start_time: float  # unix seconds
    last_turn_time: float | None  # unix seconds
    turn_count: int
    turn_start_time: float | None = None  # unix seconds; None: no turn has it


@dataclass(frozen=True, slots=True)
class WaiterRow:
    """One turn that waits, for those who look at the queue."""

    order: int  # of arrival; not reused
    position: int  # from 1: who has it is served next
    conversation: str
    tenant: str  # of that conversation
    spec: WorkerSpec
    since: float  # unix seconds
    deadline: float  # unix seconds


def queue(view: PoolView, now: float, wall_now: float) -> list[WaiterRow]:
    """Return the turns that wait at this moment, next first."""
    ahead = wall_now - now
    return [
        WaiterRow(
            order=waiter.order,
            position=position,
            conversation=waiter.conversation,
            tenant=waiter.tenant,
            spec=waiter.spec,
            since=waiter.since + ahead,
            deadline=waiter.deadline + ahead,
        )
        for position, waiter in enumerate(fair_order(view.waiters), 1)
    ]


def snapshot(
    view: PoolView, counts: Counts, state: PoolState, start_time: float, *, now: float, wall: float
) -> PoolStats:
    """The numbers of this moment. now: on the clock of the view; wall: unix seconds."""
    retry_at = max((backoff.open_until for backoff in view.backoffs.values()), default=now)
    workers = Counter(worker.state for worker in view.workers)
    return PoolStats(
        state=state,
        settings=view.settings,
        start_time=start_time,
        workers={kind: workers[kind] for kind in WorkerState},
        queued_turns=len(view.waiters),
        oldest_queue_duration_s=now - view.waiters[0].since if view.waiters else 0.0,
        turns={source: counts.turns[source] for source in Source},
        refusals={refusal: counts.refusals[refusal] for refusal in Refusal},
        ends={reason: counts.ends[reason] for reason in EndReason},
        evictions={reason: counts.evictions[reason] for reason in EndReason},
        waits=counts.waits.told(),
        cancelled_turns=counts.cancelled,
        worker_starts={reason: counts.starts[reason] for reason in StartReason},
        worker_start_failures=counts.start_failures,
        workers_lost=counts.lost,
        evictions_for_room=sum(counts.evictions[reason] for reason in EVICTIONS_FOR_ROOM),
        evictions_idle=counts.evictions[EndReason.IDLE],
        start_retry_time=wall + retry_at - now if retry_at > now else None,
        memory_bytes=sum(worker.memory_bytes for worker in view.workers) if view.settings.memory_limit_bytes else 0,
    )


def describe(view: PoolView) -> str:
    """One line for logs and asserts."""
    workers = Counter(worker.state for worker in view.workers)
    order = (WorkerState.RUNNING, WorkerState.IDLE, WorkerState.WARM, WorkerState.STARTING, WorkerState.STOPPING)
    counts = ", ".join(f"{workers[kind]} {kind.value}" for kind in order)
    return f"<Pool [Workers: {counts} | Waiters: {len(view.waiters)}]>"
