"""Every state that a small pool can get into under its policy, and what must hold in each.

The model carries the policy's actions out as the pool does, and lets anything happen that can: turns come, give up,
end well or badly; workers get ready, fail to start, die, are gone. Time stands still, orders are kept small, so the
states are finitely many.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from hotseat_core.pool.backoff import Backoff
from hotseat_core.pool.policy import plan
from hotseat_core.pool.settings import PoolSettings
from hotseat_core.pool.spares import remember
from hotseat_core.pool.view import Assign, End, PoolView, Queued, Refuse, Source, Start, WaiterView, Wake, WorkerView
from hotseat_core.pool.view import WorkerState as State
from hotseat_core.pool.worker_port import WorkerSpec

A, B = WorkerSpec("a"), WorkerSpec("b")
RESTING = {State.WARM, State.IDLE}


@dataclass(frozen=True)
class World:
    """What may happen in one exploration."""

    settings: PoolSettings
    asks: tuple[WaiterView, ...]  # the kinds of turn that may come
    most_waiters: int


def carried_out(view: PoolView) -> PoolView:
    """The pool after its plan; the plan must leave nothing to do, and break no rule on the way."""
    settled = _carry_out(view)
    again = [action for action in plan(settled, 0) if not isinstance(action, Wake)]
    assert again == [], f"{again} left to do in {settled}"
    _check(settled)
    return settled


def _carry_out(view: PoolView) -> PoolView:
    workers = {worker.seat: worker for worker in view.workers}
    waiters = {waiter.order: waiter for waiter in view.waiters}
    recent = view.recent
    for action in plan(view, 0):
        match action:
            case Assign():
                waiter, worker = waiters.pop(action.waiter), workers[action.seat]
                assert worker.state is (State.IDLE if action.source is Source.HOT else State.WARM)
                assert worker.spec == waiter.spec
                assert worker.conversation in {None, waiter.conversation}
                assert not (action.source is Source.HOT and waiter.fresh)
                if action.source is not Source.HOT:
                    recent = remember(recent, waiter.spec)
                workers[action.seat] = replace(
                    worker, state=State.RUNNING, conversation=waiter.conversation, transient=waiter.transient
                )
            case Start():
                seat = max(workers, default=0) + 1
                workers[seat] = WorkerView(seat, action.spec, State.STARTING)
                assert len(workers) <= max(view.settings.max_workers, len(view.workers)), "started above the bound"
            case End():
                assert workers[action.seat].state in RESTING
                workers[action.seat] = replace(workers[action.seat], state=State.STOPPING)
            case Refuse():
                del waiters[action.waiter]
            case Queued():
                waiters[action.waiter] = replace(waiters[action.waiter], position=action.position)
    accepted = tuple(replace(waiter, accepted=True) for waiter in waiters.values())
    return replace(view, workers=tuple(workers.values()), waiters=accepted, recent=recent)


def _check(view: PoolView) -> None:
    held = [worker.conversation for worker in view.workers if worker.conversation is not None]
    assert len(held) == len(set(held)), "two workers for one conversation"
    assert len(view.workers) <= view.settings.max_workers
    assert sum(worker.state is State.STARTING for worker in view.workers) <= view.settings.max_starting
    under_way = [worker for worker in view.workers if worker.state not in RESTING]
    assert under_way or not view.waiters, f"nobody serves {view.waiters}"


def canonical(view: PoolView) -> PoolView:
    """The same state with the smallest numbers and without what no longer matters, so that it is met again."""
    resting = {worker.since for worker in view.workers if worker.state in RESTING}
    ranks = {since: float(rank - len(resting)) for rank, since in enumerate(sorted(resting))}
    workers = [
        replace(worker, since=ranks.get(worker.since, 0.0) if worker.state in RESTING else 0.0)
        for worker in view.workers
    ]
    workers.sort(key=lambda worker: (worker.state.value, worker.since, worker.spec.profile, worker.conversation or ""))
    return replace(
        view,
        workers=tuple(replace(worker, seat=number) for number, worker in enumerate(workers, 1)),
        waiters=tuple(replace(waiter, order=number) for number, waiter in enumerate(view.waiters, 1)),
        recent=tuple(dict.fromkeys(view.recent)),
    )


def events(view: PoolView, world: World) -> Iterator[PoolView]:
    """What the world may do to the pool next."""
    if len(view.waiters) < world.most_waiters and not view.draining:
        for ask in world.asks:
            yield replace(view, waiters=(*view.waiters, replace(ask, order=len(view.waiters) + 1)))
    for waiter in view.waiters:
        yield replace(view, waiters=tuple(other for other in view.waiters if other != waiter))
    for worker in view.workers:
        yield from (_with(view, worker, after) for after in _next(worker))
    if not view.draining:
        yield replace(view, draining=True)


def _next(worker: WorkerView) -> Iterator[WorkerView | None]:
    """What may become of a worker by itself; None: it is gone."""
    match worker.state:
        case State.STARTING:
            yield replace(worker, state=State.WARM, since=0)
            yield None
        case State.RUNNING:
            yield replace(worker, state=State.IDLE, since=0)
            yield replace(worker, state=State.STOPPING)
        case State.WARM | State.IDLE:
            yield replace(worker, state=State.STOPPING)
        case State.STOPPING:
            yield None


def _with(view: PoolView, worker: WorkerView, after: WorkerView | None) -> PoolView:
    others = tuple(other for other in view.workers if other != worker)
    return replace(view, workers=others if after is None else (*others, after))


def reachable(world: World) -> set[PoolView]:
    """Every state, from an empty pool on."""
    first = canonical(carried_out(PoolView(world.settings, recent=(A,), backoffs=_NoBackoffs())))
    seen, front = {first}, deque([first])
    while front:
        for happened in events(front.popleft(), world):
            state = canonical(carried_out(happened))
            if state not in seen:
                seen.add(state)
                front.append(state)
    return seen


class _NoBackoffs(dict[WorkerSpec, Backoff]):
    """Hashable, so that views are."""

    def __hash__(self) -> int:  # type: ignore[override]
        return 0


def come_to_rest(view: PoolView) -> PoolView:
    """The pool after everything under way has ended well and nobody came: one after the other."""
    for _ in range(200):
        moving = [worker for worker in view.workers if worker.state not in RESTING]
        if not moving:
            return view
        view = carried_out(_with(view, moving[0], next(_next(moving[0]))))
    raise AssertionError(f"never at rest: {view}")


def turn(conversation: str, spec: WorkerSpec = A, *, fresh: bool = False, transient: bool = False) -> WaiterView:
    return WaiterView(0, conversation, spec, fresh=fresh, transient=transient)


def size(workers: int, *, warm: int, queue: int = 9, starting: int = 2) -> PoolSettings:
    return PoolSettings(
        A, max_workers=workers, warm_workers=warm, max_queue=queue, idle_timeout_s=0, max_starting=starting
    )


WORLDS = {
    "one seat": World(size(1, warm=1), (turn("x"), turn("y", transient=True), turn("x", fresh=True)), 3),
    "two seats, two specs": World(size(2, warm=1), (turn("x"), turn("y", B)), 2),
    "two seats, one start at a time, a short queue": World(
        size(2, warm=1, queue=1, starting=1), (turn("x"), turn("y", transient=True), turn("z")), 2
    ),
    "three seats": World(size(3, warm=1), (turn("x"), turn("y", transient=True)), 2),
}


@pytest.mark.parametrize("world", WORLDS.values(), ids=WORLDS.keys())
def test_in_every_state_the_bounds_hold_every_turn_is_served_and_every_worker_ends(world: World) -> None:
    states = reachable(world)
    assert len(states) > 100
    for state in states:
        assert come_to_rest(state).waiters == ()
        if not state.draining:
            assert come_to_rest(carried_out(replace(state, draining=True))).workers == ()
