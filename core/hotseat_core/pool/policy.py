"""What the pool does next: pure, so that every situation can be written down in a table."""

from hotseat_core.pool.ledger import Ledger
from hotseat_core.pool.serving import Serving
from hotseat_core.pool.spares import spare_need
from hotseat_core.pool.view import Action, EndReason, PoolView, Revoke, StartReason, Wake, WorkerState, WorkerView
from hotseat_core.pool.worker_port import WorkerSpec
from hotseat_core.pool.worth import Wanted, least_missed_first

# Measured on synthetic traces (bench/pool_policy): a follow-up that comes later gains less from its hot worker than new
# and evicted conversations do from a spare; programs that call again come sooner.
SPARE_AFTER_S = 10.0
SURPLUS_SPARE_S = 30.0  # a spare too many often serves the retry of the turn that gave up on it


def plan(view: PoolView, now: float) -> list[Action]:
    """Everything to do now; after it is done there is nothing left to do until something happens or Wake is due."""
    ledger = Ledger(view, now)
    serving = Serving(ledger)
    ledger.shrink(serving.wanted)
    serving.serve()
    if view.draining:
        _empty(ledger)
    else:
        is_short_of_memory = ledger.relieve_memory()
        _end_idle(ledger)
        _keep_spares(ledger, serving.recent, may_start=not is_short_of_memory)
    if ledger.wake_at:
        ledger.actions.append(Wake(min(ledger.wake_at)))
    return ledger.actions


def _empty(ledger: Ledger) -> None:
    """For a drain: end everything that has nothing to do; when its grace is over, ask for the rest."""
    for worker in list(ledger.free_workers.values()):
        ledger.end(worker, EndReason.DRAIN)
    drain_at = ledger.view.drain_at
    if drain_at is None or not ledger.is_over(drain_at):
        return
    for worker in ledger.view.workers:
        if worker.state is WorkerState.RUNNING and not worker.revoked:
            ledger.actions.append(Revoke(worker.seat))


def _end_idle(ledger: Ledger) -> None:
    timeout_s = ledger.view.settings.idle_timeout_s
    if timeout_s == 0:
        return
    for worker in list(ledger.free_workers.values()):
        if worker.state is WorkerState.IDLE and ledger.is_over(worker.since + timeout_s):
            ledger.end(worker, EndReason.IDLE)


def _keep_spares(ledger: Ledger, recent: tuple[WorkerSpec, ...], *, may_start: bool) -> None:
    """End the spares that are too many; start what is missing, where there is room or making room costs little."""
    coming = [spec for spec, count in ledger.starting.items() for _ in range(count)]
    ready = [worker for worker in ledger.free_workers.values() if worker.state is WorkerState.WARM]
    need = spare_need([*coming, *(worker.spec for worker in ready)], recent, ledger.view.settings.warm_workers)
    for index in need.surplus:
        if index >= len(coming) and ledger.is_over(ready[index - len(coming)].since + SURPLUS_SPARE_S):
            ledger.end(ready[index - len(coming)], EndReason.SURPLUS_SPARE)
    for spec in need.missing if may_start else ():
        backoff = ledger.view.backoffs.get(spec)
        if backoff is None or ledger.is_over(backoff.spare_at):
            _refill(ledger, spec)


def _refill(ledger: Ledger, spec: WorkerSpec) -> None:
    if not ledger.room.has_memory_for_spare:
        return
    if not ledger.room.has_seat_for_spare:
        given_up = _given_up_for_spare(ledger)
        if given_up is None:
            return
        ledger.end(given_up, EndReason.SPARE_ROOM)
    ledger.start(spec, StartReason.SPARE)


def _given_up_for_spare(ledger: Ledger) -> WorkerView | None:
    """A likely one-shot at once, else what would be missed least of what has not been used just now.

    Of the worker that was used last the client may be about to go on: a one-shot goes after a while, another never.
    """
    idle = [worker for worker in ledger.free_workers.values() if worker.state is WorkerState.IDLE]
    older, last = idle[:-1], idle[-1:]
    one_shot = next((worker for worker in older if worker.transient), None)
    if one_shot is not None:
        return one_shot
    may_go = [*older, *(worker for worker in last if worker.transient)]
    rested = [worker for worker in may_go if ledger.is_over(worker.since + SPARE_AFTER_S)]
    return next(iter(least_missed_first(rested, Wanted(), ledger.now)), None)
