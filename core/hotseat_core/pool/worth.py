"""Which worker would be missed least: pure.

One-shots go first and spares that nobody waits for next. Of those that hold a conversation, the one goes whose idle
time is longest for what it would cost to come back: among equals the least recently used, otherwise sooner what is
cheap to restore. What somebody in the queue waits for goes last.
"""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from hotseat_core.pool.view import EndReason, Key, WorkerState, WorkerView
from hotseat_core.pool.worker_port import WorkerSpec

# Measured with the CLI, in milliseconds: binding a spare, telling it one message, and resuming however long a history.
BIND_MS, MESSAGE_MS, RESUME_MS = 130, 10, 400


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the queue waits for."""

    conversations: AbstractSet[Key] = frozenset()  # with an idle worker of their own
    specs: AbstractSet[WorkerSpec] = frozenset()


def cost_of_return_ms(message_count: int) -> int:
    """What a conversation of this length costs on a worker that does not hold it."""
    return min(BIND_MS + MESSAGE_MS * message_count, RESUME_MS)


def least_missed_first(workers: Iterable[WorkerView], wanted: Wanted, now: float) -> list[WorkerView]:
    """The workers in the order in which they may be ended; the longest unused must come first among the given."""
    return sorted(workers, key=lambda worker: _worth(worker, wanted, now))


def why_evicted(worker: WorkerView) -> EndReason:
    """How the end of a worker is counted that makes room for a turn."""
    if worker.state is WorkerState.WARM:
        return EndReason.OTHER_SPARE
    return EndReason.TRANSIENT if worker.transient else EndReason.LRU


def _worth(worker: WorkerView, wanted: Wanted, now: float) -> tuple[int, float]:
    if worker.state is WorkerState.WARM:
        return (3 if worker.spec in wanted.specs else 1), 0.0
    if worker.key in wanted.conversations:
        return 4, 0.0
    if worker.transient:
        return 0, 0.0
    return 2, -(now - worker.since) / cost_of_return_ms(worker.message_count)
