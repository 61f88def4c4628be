"""Turns between tenants: numbers, order, places in the queue."""

from collections.abc import Mapping

import pytest
from hotseat_core.pool.fairness import MOST_AHEAD, fair_order, moved_up, numbered, share_of_queue
from hotseat_core.pool.view import WaiterView
from hotseat_core.pool.worker_port import WorkerSpec

SPEC = WorkerSpec("a")


def turn(order: int, tenant: str, weight: float = 1.0) -> WaiterView:
    return WaiterView(order, f"c{order}", SPEC, tenant=tenant, weight=weight)


def lined_up(*tenants: str, weights: Mapping[str, float] | None = None) -> list[WaiterView]:
    waiting: list[WaiterView] = []
    last: dict[str, float] = {}
    for order, tenant in enumerate(tenants, 1):
        waiter = numbered(turn(order, tenant, (weights or {}).get(tenant, 1.0)), waiting, last)
        last[tenant] = waiter.number
        waiting.append(waiter)
    return waiting


def tenants_in_order(waiting: list[WaiterView]) -> str:
    return "".join(waiter.tenant for waiter in fair_order(waiting))


def test_one_tenant_is_served_in_the_order_of_arrival() -> None:
    assert [waiter.order for waiter in fair_order(lined_up(*"aaaa"))] == [1, 2, 3, 4]


def test_tenants_take_turns_however_many_of_one_came_first() -> None:
    assert tenants_in_order(lined_up(*"aaaabb")) == "ababaa"


def test_a_tenant_of_weight_two_gets_two_turns_for_one() -> None:
    assert tenants_in_order(lined_up(*"aaabbbbbb", weights={"a": 1, "b": 2})) == "babbabbab"


def test_a_small_weight_waits_longer_and_is_served() -> None:
    assert tenants_in_order(lined_up(*"ba" + "a" * 11, weights={"b": 0.1})).index("b") == 9


def test_who_did_not_ask_for_long_has_saved_nothing_up() -> None:
    waiting = lined_up(*"aaaaaa")[4:]  # four have been served
    late = numbered(turn(9, "b"), waiting, {"a": 6.0})
    assert tenants_in_order([*waiting, late]) == "aba"


def test_turns_that_passed_the_queue_count_and_are_forgiven_beyond_a_bound() -> None:
    waiting = lined_up("b")
    passed = numbered(turn(2, "a"), waiting, {"a": 3.0})
    assert passed.number == 4.0
    often = numbered(turn(2, "a"), waiting, {"a": 300.0})
    assert often.number == MOST_AHEAD + 1


def test_where_nobody_waits_nobody_is_owed_anything() -> None:
    assert numbered(turn(9, "a"), [], {"a": 300.0}).number == 1.0


def test_who_leaves_without_a_turn_costs_its_tenant_nothing() -> None:
    first, second, third, other = lined_up(*"aaab")
    left = [moved_up(waiter, first) for waiter in (second, third, other)]
    assert [waiter.number for waiter in left] == [1.0, 2.0, 1.0]


@pytest.mark.parametrize(
    ("max_queue", "waiting", "asking", "share"),
    [
        (128, "aaaa", "a", 128),
        (128, "aaaa", "b", 64),
        (128, "aabb", "c", 43),
        (1, "a", "b", 1),
        (0, "a", "b", 0),
    ],
)
def test_the_queue_is_shared_among_those_who_wait(max_queue: int, waiting: str, asking: str, share: int) -> None:
    assert share_of_queue(max_queue, turn(99, asking), lined_up(*waiting)) == share


def test_the_queue_is_shared_by_weight() -> None:
    assert share_of_queue(100, turn(9, "b", weight=3.0), lined_up("a")) == 75
