"""Every state that a small pool can get into under its policy, and what must hold in each.

Breadth-first from the empty pool, by every event that the model knows, until nothing new is found. HOTSEAT_MODEL=larger
explores larger worlds too, some millions of states.
"""

import gc
import os
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from hotseat_core.pool.policy import plan
from hotseat_core.pool.serving import is_own_idle
from hotseat_core.pool.settings import PoolSettings
from hotseat_core.pool.view import (
    Action,
    Assign,
    PoolView,
    Refusal,
    Refuse,
    Source,
    Start,
    WaiterView,
    Wake,
    WorkerView,
)
from hotseat_core.pool.view import WorkerState as State
from hotseat_core.pool.worker_port import WorkerSpec

from tests.core.pool.model import NOW, RESTING, World, canonical, carried_out, fingerprint, happenings

A, B = WorkerSpec("a"), WorkerSpec("b")
WELL = {"ready", "turn ended", "gone", "let go"}
Fingerprint = tuple[object, ...]


def turn(conversation: str, tenant: str = "", spec: WorkerSpec = A, **more: bool) -> WaiterView:
    return WaiterView(0, conversation, spec, tenant=tenant, **more)


def size(workers: int, *, warm: int = 1, queue: int = 9, starting: int = 2, memory: int = 0) -> PoolSettings:
    return PoolSettings(
        A,
        max_workers=workers,
        warm_workers=warm,
        max_queue=queue,
        idle_timeout_s=100,
        max_starting=starting,
        memory_limit_bytes=memory,
    )


X, Y, Z = turn("x"), turn("y"), turn("z")
ONCE, AGAIN, OTHER_SPEC = turn("y", transient=True), turn("x", fresh=True), turn("y", spec=B)
OTHERS = turn("x", "t")  # the same name in another tenant: another conversation

WORLDS = {
    "one seat, and whatever happens": World(size(1), (X, OTHERS), 2, failures=True, time=True, drain=True),
    "two seats and two tenants": World(size(2, warm=0), (X, OTHERS), 3, drain=True),
    "two seats, two specs, failures": World(size(2), (X, OTHER_SPEC), 1, failures=True),
    "two seats, one start at a time, a short queue": World(size(2, queue=1, starting=1), (X, ONCE, OTHERS), 2),
    "two seats and time": World(size(2), (X, AGAIN, ONCE), 2, time=True),
    "three seats, resized and drained": World(size(3), (X, ONCE), 2, sizes=(1, 3), drain=True),
    "three seats with little memory": World(size(3, memory=4), (X, ONCE), 1, memory=(1, 3)),
    "memory for one, and failures": World(size(2, memory=2), (X, OTHERS), 1, memory=(1, 3), failures=True),
}
LARGER_WORLDS = {
    "larger: one seat, and whatever happens": World(
        size(1), (X, ONCE, AGAIN, OTHERS), 3, failures=True, time=True, sizes=(1, 2), drain=True
    ),
    "larger: two seats and two tenants": World(size(2, warm=0), (X, Y, OTHERS), 3, time=True, drain=True),
    "larger: a short queue": World(size(2, queue=1, starting=1), (X, ONCE, Z, OTHERS), 3, drain=True),
    "larger: three seats and time": World(size(3), (X, ONCE, OTHERS), 2, time=True, sizes=(1, 3), drain=True),
    "larger: little memory": World(size(3, memory=4), (X, ONCE, Z), 2, memory=(1, 3), failures=True, drain=True),
}
if os.environ.get("HOTSEAT_MODEL") == "larger":
    WORLDS |= LARGER_WORLDS


@dataclass
class Explored:
    """The states of a world, each by its fingerprint, and what becomes of each if everything goes well."""

    states: dict[Fingerprint, PoolView] = field(default_factory=dict)
    well: dict[Fingerprint, Fingerprint] = field(default_factory=dict)


@contextmanager
def no_garbage() -> Iterator[None]:
    """States are kept and hold no cycles: the collector would look through all of them again and again, for nothing."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@no_garbage()
def explore(world: World) -> Explored:
    found = Explored()
    first = canonical(settled(PoolView(world.settings, recent=(A,), typical_bytes=1)))
    front = deque([first])
    found.states[fingerprint(first)] = first
    while front:
        before = front.popleft()
        known = fingerprint(before)
        for name, happened in happenings(before, world):
            after = canonical(settled(happened))
            key = fingerprint(after)
            if key not in found.states:
                check(after)
                found.states[key] = after
                front.append(after)
            if name in WELL:
                found.well.setdefault(known, key)
    return found


def is_under_way(view: PoolView) -> bool:
    """Whether something will happen although nobody does anything more."""
    return bool(view.held) or any(worker.state not in RESTING for worker in view.workers)


def settled(view: PoolView) -> PoolView:
    """The pool after its plan, which must not break a rule on the way. A refusal lets others move up: plan again."""
    actions = plan(view, NOW)
    after = carried_out(view, actions)
    check_plan(view, actions, after)
    return settled(after) if any(isinstance(action, Refuse) for action in actions) else after


def check_plan(before: PoolView, actions: list[Action], after: PoolView) -> None:
    check_passing(before, actions)
    accepted = {waiter.order for waiter in before.waiters if waiter.accepted}
    for action in actions:
        if isinstance(action, Refuse):
            assert not (action.why is Refusal.FULL and action.waiter in accepted), "thrown out of the queue"
        elif isinstance(action, Start):
            assert len(after.workers) <= after.settings.max_workers, "started above the bound"
            fits = (
                not after.settings.memory_limit_bytes or used_bytes(after.workers) <= after.settings.memory_limit_bytes
            )
            assert fits or len(after.workers) == 1, "started above the memory limit"


def check_passing(before: PoolView, actions: list[Action]) -> None:
    """Floor.serve gives a turn its own idle worker before it plans, where nobody else waits: the plan would, too."""
    if len(before.waiters) != 1:
        return
    (waiter,) = before.waiters
    for worker in before.workers:
        if is_own_idle(worker, waiter):
            given = Assign(waiter.order, worker.seat, Source.HOT)
            assert actions[0] == given, "the plan had another idea"
            rest = plan(carried_out(before, [given]), NOW)
            assert rest == actions[1:], "what is left to do is another"


def used_bytes(workers: Iterable[WorkerView]) -> int:
    return sum(worker.memory_bytes or 1 for worker in workers)


def check(view: PoolView) -> None:
    """What holds in every state. All of it is said in other words than the policy's."""
    assert [action for action in plan(view, NOW) if not isinstance(action, Wake)] == [], f"left to do in {view}"
    keys = [worker.key for worker in view.workers if worker.key is not None]
    assert len(keys) == len(set(keys)), "two workers for one conversation"
    count = Counter(worker.state for worker in view.workers)
    assert count[State.STARTING] <= view.settings.max_starting
    check_bounds(view)
    assert is_under_way(view) or not view.waiters, f"nobody serves {view.waiters}"
    check_nobody_is_forgotten(view, count)


def check_bounds(view: PoolView) -> None:
    staying = [worker for worker in view.workers if worker.state is not State.STOPPING]
    resting = [worker for worker in staying if worker.state in RESTING]
    assert len(staying) <= view.settings.max_workers or not resting, "workers rest above the bound"
    limit = view.settings.memory_limit_bytes
    assert not limit or used_bytes(staying) <= limit or not resting or view.waiters, "workers rest above the limit"
    assert not view.draining or not resting or view.waiters


def check_nobody_is_forgotten(view: PoolView, count: Counter[State]) -> None:
    """Nobody waits for whom a worker is free, and nobody waits uncovered while room could be had."""
    holders = {worker.key: worker for worker in view.workers if worker.key is not None}
    needs: Counter[WorkerSpec] = Counter()
    seen: set[object] = set()
    for waiter in view.waiters:
        if waiter.key in seen or waiter.key in view.held:
            continue
        seen.add(waiter.key)
        own = holders.get(waiter.key)
        if own is None or own.state is not State.RUNNING:
            assert own is None or own.state is State.STOPPING, "its own worker idles"
            needs[waiter.spec] += 1
    there = Counter(worker.spec for worker in view.workers if worker.state in {State.STARTING, State.WARM})
    uncovered = sum((needs - there).values())
    if view.settings.memory_limit_bytes or not uncovered:
        return
    free = max(view.settings.max_workers - len(view.workers), 0)
    assert uncovered <= free + count[State.STOPPING] or not count[State.IDLE], "room could be made"
    assert not free or count[State.STARTING] >= view.settings.max_starting, "room is there"


def ends_well(found: Explored) -> None:
    """From every state, if all goes well and nobody comes, every turn is answered; in a drain, every worker ends."""
    ends: set[Fingerprint] = set()
    for start in found.states:
        path, at = set[Fingerprint](), start
        while at not in ends and at in found.well:
            assert at not in path, f"goes round in circles: {found.states[at]}"
            path.add(at)
            at = found.well[at]
        if at not in ends:
            assert not is_under_way(found.states[at])
            assert found.states[at].waiters == ()
            assert not (found.states[at].draining and found.states[at].workers)
        ends |= path | {at}


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("world", WORLDS.values(), ids=WORLDS.keys())
def test_in_every_state_the_bounds_hold_every_turn_is_served_and_every_worker_ends(world: World) -> None:
    found = explore(world)
    assert len(found.states) > 1000
    ends_well(found)
