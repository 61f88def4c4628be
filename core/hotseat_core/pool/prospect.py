"""What a turn without a worker of its own has to reckon with: pure."""

from dataclasses import dataclass

from hotseat_core.pool.room import Room
from hotseat_core.pool.view import PoolView, WorkerState
from hotseat_core.pool.worker_port import WorkerSpec


@dataclass(frozen=True, slots=True)
class Prospect:
    """What is there for a turn that asks now."""

    has_spare: bool  # parked and free
    has_start: bool  # of a worker that may become its own
    has_room: bool  # for one process more


def prospect(view: PoolView, spec: WorkerSpec) -> Prospect:
    """Return what there is for a turn that wants this spec, and is behind all those that wait."""
    states = [worker.state for worker in view.workers if worker.spec == spec]
    ahead = sum(waiter.spec == spec for waiter in view.waiters)
    spares, starts = states.count(WorkerState.WARM), states.count(WorkerState.STARTING)
    free = Room(view).free_now
    return Prospect(spares > ahead, spares + starts > ahead, free > len(view.waiters))
