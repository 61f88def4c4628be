"""However things turn out, a tenant that waits is served after a bounded number of turns of others.

The same exploration as that of the states, with one number more for each tenant: how many turns others were given while
one of its own could have used a worker and had waited long enough not to be passed.
"""

import os
from collections import deque
from typing import NamedTuple

import pytest
from hotseat_core.pool.fairness import MOST_AHEAD
from hotseat_core.pool.policy import plan
from hotseat_core.pool.serving import PASSING_S
from hotseat_core.pool.settings import PoolSettings
from hotseat_core.pool.view import Assign, PoolView, Refuse, WaiterView
from hotseat_core.pool.view import WorkerState as State
from hotseat_core.pool.worker_port import WorkerSpec

from tests.core.pool.model import NOW, World, canonical, carried_out, fingerprint, happenings

A = WorkerSpec("a")


class Step(NamedTuple):
    """A state, and by tenant how many turns others have had meanwhile."""

    view: PoolView
    passed: tuple[tuple[str, int], ...]


def turn(conversation: str, tenant: str) -> WaiterView:
    return WaiterView(0, conversation, A, tenant=tenant)


def size(workers: int) -> PoolSettings:
    return PoolSettings(A, max_workers=workers, warm_workers=0, max_queue=9, idle_timeout_s=0, max_starting=2)


def after(step: Step, happened: PoolView) -> Step:
    """What the plan makes of it."""
    passed, view = dict(step.passed), happened
    while True:
        actions = plan(view, NOW)
        given = {action.waiter for action in actions if isinstance(action, Assign)}
        later = carried_out(view, actions)
        for tenant in {waiter.tenant for waiter in view.waiters}:
            own = {waiter.order for waiter in view.waiters if waiter.tenant == tenant}
            if own & given or not _is_left_waiting(later, tenant):
                passed.pop(tenant, None)
            elif _is_left_waiting(view, tenant):
                passed[tenant] = passed.get(tenant, 0) + len(given)
        view = later
        if not any(isinstance(action, Refuse) for action in actions):
            waiting = {waiter.tenant for waiter in view.waiters}
            return Step(canonical(view), tuple(sorted(item for item in passed.items() if item[0] in waiting)))


def _is_left_waiting(view: PoolView, tenant: str) -> bool:
    """Whether one of its turns could use a worker at once, has waited long, and nothing can be on its way to it."""
    if any(worker.state in {State.STARTING, State.STOPPING} for worker in view.workers):
        return False
    running = {worker.key for worker in view.workers if worker.state is State.RUNNING}
    return any(w.tenant == tenant and w.key not in running and w.since <= -PASSING_S for w in view.waiters)


X, Y, OTHER = turn("x", "flood"), turn("y", "flood"), turn("z", "other")


WORLDS = {
    "long queue": World(size(1), (X, OTHER), 3, time=True),
    "one seat": World(size(1), (X, Y, OTHER), 2, time=True),
}
if os.environ.get("HOTSEAT_MODEL") == "larger":
    WORLDS["larger: two seats"] = World(size(2), (X, Y, OTHER), 2, time=True)
    WORLDS["larger: long queue"] = World(size(1), (X, Y, OTHER), 3, time=True)


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("world", WORLDS.values(), ids=WORLDS.keys())
def test_a_tenant_that_waits_is_served_before_others_have_had_many_turns(world: World) -> None:
    first = Step(PoolView(world.settings, recent=(A,)), ())
    seen = {(fingerprint(first.view), first.passed)}
    front, most = deque([first]), 0
    while front:
        step = front.popleft()
        for _, happened in happenings(step.view, world):
            reached = after(step, happened)
            key = fingerprint(reached.view), reached.passed
            if key in seen:
                continue
            most = max(most, *(count for _, count in reached.passed), 0)
            # The lead that it may have had, and the turns that it had waiting then, itself included.
            assert most <= MOST_AHEAD + world.most_waiters, f"{reached.passed} in {reached.view}"
            seen.add(key)
            front.append(reached)
    assert len(seen) > 1000
    assert most > 0
