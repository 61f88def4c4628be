"""What the policy is measured against: least recently used, a time-out, first come first served, no spares."""

from hotseat_core.pool.view import (
    Action,
    Assign,
    End,
    EndReason,
    PoolView,
    Source,
    Start,
    Wake,
    WorkerState,
)


def plan(view: PoolView, now: float) -> list[Action]:
    """What to do now."""
    actions: list[Action] = []
    held = {worker.key: worker for worker in view.workers if worker.key is not None}
    idle = sorted((w for w in view.workers if w.state is WorkerState.IDLE), key=lambda worker: worker.since)
    warm = [worker for worker in view.workers if worker.state is WorkerState.WARM]
    coming = sum(worker.state in {WorkerState.STARTING, WorkerState.STOPPING} for worker in view.workers)
    free = view.settings.max_workers - len(view.workers)
    for waiter in view.waiters:
        own = held.get(waiter.key)
        if own is not None and own in idle:
            idle.remove(own)
            actions.append(Assign(waiter.order, own.seat, Source.HOT))
        elif own is not None and own.state is WorkerState.RUNNING:
            continue
        elif warm and own is None:
            actions.append(Assign(waiter.order, warm.pop().seat, Source.COLD))
        elif coming > 0:
            coming -= 1
        elif free > 0:
            free -= 1
            actions.append(Start(waiter.spec))
        elif idle:
            actions.append(End(idle.pop(0).seat, EndReason.LRU))
    return actions + _time_out(view, now, {worker.seat for worker in idle})


def _time_out(view: PoolView, now: float, free: set[int]) -> list[Action]:
    timeout_s = view.settings.idle_timeout_s
    idle = [worker for worker in view.workers if worker.seat in free]
    late: list[Action] = [End(worker.seat, EndReason.IDLE) for worker in idle if now >= worker.since + timeout_s]
    due = [worker.since + timeout_s for worker in idle if now < worker.since + timeout_s]
    return [*late, Wake(min(due))] if due else late
