"""A pool made of values: what may happen to it, and what it is afterwards, under the policy in use.

The model carries the policy's actions out as the floor does. Time stands still but for a few events that stand for all
of it: patience ends, a deadline comes, the longest idle worker times out, spares get old, a breaker closes again.
Numbers are kept small, so the states are finitely many.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from hotseat_core.pool.backoff import Backoff
from hotseat_core.pool.fairness import moved_up, numbered
from hotseat_core.pool.policy import SPARE_AFTER_S, SURPLUS_SPARE_S
from hotseat_core.pool.serving import PASSING_S, claimant
from hotseat_core.pool.settings import PoolSettings
from hotseat_core.pool.spares import remember
from hotseat_core.pool.view import (
    Action,
    Assign,
    End,
    PoolView,
    Queued,
    Refuse,
    Revoke,
    Source,
    Start,
    WaiterView,
    WorkerView,
)
from hotseat_core.pool.view import WorkerState as State
from hotseat_core.pool.worker_port import WorkerSpec
from msgspec.structs import replace

RESTING = frozenset({State.WARM, State.IDLE})
NOW = 0.0
RESTED_S = -SPARE_AFTER_S
OLD_S = -1000.0  # long before now: whatever is that old has timed out
HELD_BACK = Backoff((NOW,), spare_at=1.0, open_until=NOW)  # after one failure: no spares for a while
BROKEN = Backoff((NOW, NOW), spare_at=1.0, open_until=1.0)  # after two: no starts at all


@dataclass(frozen=True)
class World:
    """What may happen in one exploration, besides turns that come, give up and end, and starts that succeed."""

    settings: PoolSettings
    asks: tuple[WaiterView, ...]  # the kinds of turn that may come
    most_waiters: int
    failures: bool = False  # starts fail, workers die
    time: bool = False  # patience and timeouts end
    sizes: tuple[int, ...] = ()  # an operator resizes the pool to these
    drain: bool = False  # an operator drains and resumes it
    memory: tuple[int, ...] = ()  # the sizes that workers may be measured to have


Happening = tuple[str, PoolView]


def happenings(view: PoolView, world: World) -> Iterator[Happening]:
    """What the world may do to the pool next; the first one is what happens if everything goes well."""
    for worker in view.workers:
        yield from _of_worker(view, worker, world)
    for key in sorted(view.held):
        yield "let go", replace(view, held=view.held - {key})
    if len(view.waiters) < world.most_waiters and not view.draining:
        order = max((waiter.order for waiter in view.waiters), default=0) + 1
        for ask in world.asks:
            yield "ask", with_waiter(view, replace(ask, order=order))
    for waiter in view.waiters:
        yield "cancel", without_waiter(view, waiter)
    if world.time:
        yield from _of_time(view)
    yield from _of_operators(view, world)


def _of_worker(view: PoolView, worker: WorkerView, world: World) -> Iterator[Happening]:
    match worker.state:
        case State.STARTING:
            yield "ready", with_worker(view, worker, replace(worker, state=State.WARM, since=NOW))
            if world.failures:
                yield "start failed", _failed(view, worker)
                yield "start died, and is made again", _died(view, worker)
        case State.RUNNING:
            kept = with_worker(view, worker, replace(worker, state=State.IDLE, since=NOW, revoked=False))
            yield "turn ended", replace(kept, backoffs=_without(view.backoffs, worker.spec))
            yield "turn spoilt it", with_worker(view, worker, replace(worker, state=State.STOPPING))
            if world.failures and worker.key is not None:
                lost = with_worker(view, worker, replace(worker, state=State.STOPPING))
                yield "died running", replace(lost, held=view.held | {worker.key})
        case State.STOPPING:
            yield "gone", with_worker(view, worker, None)
        case State.WARM | State.IDLE if world.failures:
            lost = with_worker(view, worker, replace(worker, state=State.STOPPING))
            yield "died", _backed_off(lost, worker.spec) if worker.state is State.WARM else lost
    for size in world.memory:
        if worker.state in RESTING | {State.RUNNING} and worker.memory_bytes != size:
            yield "measured", with_worker(view, worker, replace(worker, memory_bytes=size))


def _of_time(view: PoolView) -> Iterator[Happening]:
    if any(waiter.since == NOW for waiter in view.waiters):
        yield "patience ends", replace(view, waiters=tuple(replace(w, since=-PASSING_S) for w in view.waiters))
    for waiter in view.waiters:
        late = replace(waiter, deadline=NOW)
        yield "deadline", replace(view, waiters=tuple(late if w is waiter else w for w in view.waiters))
    resting = [worker for worker in view.workers if worker.state in RESTING and worker.since > OLD_S]
    fresh = [worker for worker in resting if worker.state is State.IDLE and worker.since > RESTED_S]
    if fresh:
        oldest = min(fresh, key=lambda w: w.since)
        yield "idle for a while", with_worker(view, oldest, replace(oldest, since=RESTED_S))
    for state in RESTING:
        longest = min((w for w in resting if w.state is state), key=lambda w: w.since, default=None)
        if longest is not None:
            yield f"{state.value} for long", with_worker(view, longest, replace(longest, since=OLD_S - 1))
    for spec in view.backoffs:
        yield "breaker closes", replace(view, backoffs=_without(view.backoffs, spec))


def _of_operators(view: PoolView, world: World) -> Iterator[Happening]:
    for size in world.sizes:
        if size != view.settings.max_workers:
            yield "resize", replace(view, settings=replace(view.settings, max_workers=size))
    if world.drain:
        if not view.draining:
            yield "drain", replace(view, draining=True)
        else:
            yield "resume", replace(view, draining=False, drain_at=None)
            if view.drain_at is None:
                yield "grace is over", replace(view, drain_at=NOW)


def with_worker(view: PoolView, worker: WorkerView, after: WorkerView | None) -> PoolView:
    """The pool where this has become of a worker; None: it is gone."""
    others = tuple(other for other in view.workers if other is not worker)
    return replace(view, workers=others if after is None else (*others, after))


def with_waiter(view: PoolView, waiter: WaiterView) -> PoolView:
    """The pool where one more turn waits."""
    last = view.last_numbers if view.waiters else {}
    new = numbered(waiter, view.waiters, last)
    return replace(view, waiters=(*view.waiters, new), last_numbers={**last, new.tenant: new.number})


def without_waiter(view: PoolView, gone: WaiterView) -> PoolView:
    """The pool where a turn waits no longer, and got nothing."""
    left = tuple(moved_up(waiter, gone) for waiter in view.waiters if waiter.order != gone.order)
    back = {gone.tenant: 1 / gone.weight}
    last = {tenant: number - back.get(tenant, 0.0) for tenant, number in view.last_numbers.items()}
    return replace(view, waiters=left, last_numbers=last)


def _without(backoffs: Mapping[WorkerSpec, Backoff], spec: WorkerSpec) -> dict[WorkerSpec, Backoff]:
    return {known: backoff for known, backoff in backoffs.items() if known != spec}


def _failed(view: PoolView, worker: WorkerView) -> PoolView:
    order = claimant(view, worker.spec)
    told = view
    for waiter in view.waiters:
        if waiter.order == order:
            told = without_waiter(view, waiter)
    return _backed_off(with_worker(told, worker, replace(worker, state=State.STOPPING)), worker.spec)


def _died(view: PoolView, worker: WorkerView) -> PoolView:
    return _backed_off(with_worker(view, worker, replace(worker, state=State.STOPPING)), worker.spec)


def _backed_off(view: PoolView, spec: WorkerSpec) -> PoolView:
    return replace(view, backoffs={**view.backoffs, spec: BROKEN if spec in view.backoffs else HELD_BACK})


def carried_out(view: PoolView, actions: list[Action]) -> PoolView:
    """The pool once these actions are carried out, each of which must be possible."""
    for action in actions:
        if isinstance(action, Refuse):
            view = without_waiter(view, next(waiter for waiter in view.waiters if waiter.order == action.waiter))
    workers = {worker.seat: worker for worker in view.workers}
    waiters = {waiter.order: waiter for waiter in view.waiters}
    recent = view.recent
    for action in actions:
        match action:
            case Assign():
                waiter, worker = waiters.pop(action.waiter), workers[action.seat]
                workers[action.seat] = _given(worker, waiter)
                assert worker.state is (State.IDLE if action.source is Source.HOT else State.WARM)
                assert not (action.source is Source.HOT and waiter.fresh)
                recent = recent if action.source is Source.HOT else remember(recent, waiter.spec)
            case Start():
                seat = max(workers, default=0) + 1
                workers[seat] = WorkerView(seat, action.spec, State.STARTING)
            case End():
                assert workers[action.seat].state in RESTING, "a worker was ended that is at work"
                workers[action.seat] = replace(workers[action.seat], state=State.STOPPING)
            case Revoke():
                assert workers[action.seat].state is State.RUNNING
                workers[action.seat] = replace(workers[action.seat], revoked=True)
            case Queued():
                waiters[action.waiter] = replace(waiters[action.waiter], position=action.position)
    accepted = tuple(replace(waiter, accepted=True) for waiter in waiters.values())
    return replace(view, workers=tuple(workers.values()), waiters=accepted, recent=recent)


def _given(worker: WorkerView, waiter: WaiterView) -> WorkerView:
    assert worker.spec == waiter.spec, "a worker of another kind was given"
    assert worker.key in {None, waiter.key}, "a worker was given that holds another conversation"
    return replace(
        worker,
        state=State.RUNNING,
        tenant=waiter.tenant,
        conversation=waiter.conversation,
        transient=waiter.transient,
    )


def canonical(view: PoolView) -> PoolView:
    """The same state with the smallest numbers and without what no longer matters, so that it is met again."""
    resting = sorted({worker.since for worker in view.workers if worker.state in RESTING})
    ranks = {since: _age(since) - rank / 100 for rank, since in enumerate(reversed(resting), 1)}
    workers = [
        replace(worker, since=ranks[worker.since] if worker.state in RESTING else NOW) for worker in view.workers
    ]
    slowest = min((waiter.number - 1 / waiter.weight for waiter in view.waiters), default=0.0)
    last = {tenant: last - slowest for tenant, last in view.last_numbers.items() if last > slowest and view.waiters}
    workers.sort(key=lambda w: (w.state.value, w.since, w.spec.profile, w.key or ("", ""), w.memory_bytes))
    return replace(
        view,
        workers=tuple(replace(worker, seat=number) for number, worker in enumerate(workers, 1)),
        waiters=tuple(
            replace(waiter, order=number, number=waiter.number - slowest)
            for number, waiter in enumerate(view.waiters, 1)
        ),
        last_numbers=last,
        recent=tuple(dict.fromkeys(view.recent)),
    )


def _age(since: float) -> float:
    """Only what the policy distinguishes: just now, a while ago, long ago."""
    return next((age for age in (OLD_S, RESTED_S) if since <= age), NOW)


def fingerprint(view: PoolView) -> tuple[object, ...]:
    """What tells two canonical states apart."""
    return (
        view.settings.max_workers,
        tuple((w.state, w.spec.profile, w.key, w.since, w.transient, w.revoked, w.memory_bytes) for w in view.workers),
        tuple((w.key, w.spec.profile, w.since, w.fresh, w.transient, w.position, w.number) for w in view.waiters),
        tuple(spec.profile for spec in view.recent),
        tuple((spec.profile, backoff.open_until) for spec, backoff in sorted(view.backoffs.items(), key=str)),
        tuple(sorted(view.last_numbers.items())),
        view.held,
        view.draining,
        view.drain_at,
    )


assert -OLD_S > SURPLUS_SPARE_S
