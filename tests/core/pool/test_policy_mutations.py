"""The exploration finds what is wrong with a policy that is wrong: each of these breaks it in one place."""

from collections.abc import Callable, Iterable

import pytest
from hotseat_core.pool import policy, serving
from hotseat_core.pool.ledger import Ledger
from hotseat_core.pool.room import Room
from hotseat_core.pool.serving import Serving
from hotseat_core.pool.view import Source, WaiterView

from tests.core.pool import test_policy_fairness_model as fairness
from tests.core.pool import test_policy_model as states
from tests.core.pool.model import World

SMALL = World(states.size(2), (states.X, states.Y, states.OTHERS), 2, drain=True)
SHORT_OF_MEMORY = World(states.size(2, memory=3), (states.X, states.ONCE), 2, memory=(1, 3))


def any_spare(self: Serving, waiter: WaiterView) -> bool:
    worker = self.ledger.spare(waiter.spec)
    if worker is not None:
        self.ledger.assign(waiter, worker, Source.WARM)
    return worker is not None


def by_arrival(waiters: Iterable[WaiterView]) -> list[WaiterView]:
    return sorted(waiters, key=lambda waiter: waiter.order)


def no(*_: object, **__: object) -> bool:
    return False


def nothing(*_: object, **__: object) -> None:
    return None


def yes(*_: object, **__: object) -> bool:
    return True


@pytest.mark.parametrize(
    ("mutation", "world", "said"),
    [
        ((Room, "take", yes), SMALL, "started above the bound"),  # before the one that ends is gone
        ((Serving, "_assign_spare", any_spare), SMALL, "two workers for one conversation"),
        ((Serving, "_set_aside", no), SMALL, r"nobody serves|room"),  # nobody's worker is ever started
        ((policy, "_empty", no), SMALL, r"rest|draining"),
        ((Serving, "_own_idle", nothing), SMALL, "the plan had another idea"),  # its own worker would be ended for it
        ((Ledger, "relieve_memory", no), SHORT_OF_MEMORY, "above the limit"),
    ],
    ids=["too many processes", "two of one conversation", "forgotten", "no end", "own worker lost", "too much memory"],
)
def test_a_broken_policy_is_found_out(
    monkeypatch: pytest.MonkeyPatch, mutation: tuple[object, str, Callable[..., object]], world: World, said: str
) -> None:
    monkeypatch.setattr(*mutation)
    with pytest.raises(AssertionError, match=said):
        states.ends_well(states.explore(world))


def test_a_policy_that_is_unfair_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "fair_order", by_arrival)
    monkeypatch.setattr(serving, "PASSING_S", 1000.0)  # hot turns pass for ever
    with pytest.raises(AssertionError, match=r"flood|other"):
        fairness.test_a_tenant_that_waits_is_served_before_others_have_had_many_turns(fairness.WORLDS["one seat"])
