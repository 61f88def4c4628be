"""Limits: requests a minute, turns at once, tokens and dollars a day."""

from typing import Any

import pytest
from hotseat_core.access.account import FREE, Account, KeyAccount, Permit
from hotseat_core.access.caller import Caller, Limits
from hotseat_core.access.key import Use
from hotseat_core.errors import BudgetSpent, HotseatError, RateLimited
from hotseat_core.events import Usage

MIDNIGHT = 1_700_006_400.0  # UTC


class Clock:
    def __init__(self, now: float = MIDNIGHT + 3600) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def account(clock: Clock, use: Use | None = None, **limits: Any) -> KeyAccount:
    return KeyAccount(Caller(key_id="key_1", limits=Limits(**limits)), use or Use(), clock=clock)


def refusal(of: KeyAccount) -> HotseatError:
    with pytest.raises((RateLimited, BudgetSpent)) as caught:
        of.admit()
    return caught.value


def spent(of: KeyAccount, **usage: Any) -> None:
    permit: Permit = of.admit()
    permit.charge(Usage(**usage))
    permit.close()


def test_requests_come_back_one_by_one() -> None:
    clock = Clock()
    held = account(clock, requests_per_minute=3)
    for _ in range(3):
        held.admit().close()
    error = refusal(held)
    assert (error.metadata["limit"], error.retry_delay_s) == ("requests_per_minute", 20.0)
    assert (error.metadata["requestLimit"], error.metadata["requestsRemaining"]) == ("3", "0")
    clock.now += 20
    held.admit().close()
    assert refusal(held).retry_delay_s == 20.0
    clock.now += 3600
    standing = held.standing()
    assert standing is not None
    assert (standing.requests_left, standing.requests_reset_s) == (3, 0.0)


def test_a_refused_request_costs_nothing() -> None:
    clock = Clock()
    held = account(clock, requests_per_minute=1)
    held.admit().close()
    for _ in range(100):
        refusal(held)
    clock.now += 60
    held.admit().close()
    assert held.use.request_count == 2


def test_turns_at_once_are_counted_until_they_end_and_once() -> None:
    held = account(Clock(), concurrent_turns=2)
    first, _ = held.admit(), held.admit()
    assert refusal(held).metadata["limit"] == "concurrent_turns"
    first.close()
    first.close()
    assert held.running_turns == 1
    held.admit()
    assert refusal(held).retry_delay_s == 1.0


@pytest.mark.parametrize(
    ("limits", "usage", "limit"),
    [
        ({"tokens_per_day": 100}, Usage(10, 20, 30, 40), "tokens_per_day"),
        ({"usd_per_day": 0.5}, Usage(cost_usd=0.5), "usd_per_day"),
    ],
)
def test_a_budget_is_spent_until_midnight(limits: dict[str, Any], usage: Usage, limit: str) -> None:
    clock = Clock(MIDNIGHT + 86000)
    held = account(clock, **limits)
    permit = held.admit()
    permit.charge(usage)
    permit.close()
    error = refusal(held)
    assert isinstance(error, BudgetSpent)
    assert (error.metadata["limit"], error.retry_delay_s) == (limit, 400.0)
    clock.now += 400
    held.admit().close()
    assert (held.use.token_count, held.use.cost_usd, held.use.request_count) == (0, 0.0, 1)


def test_what_was_used_yesterday_does_not_count() -> None:
    clock = Clock()
    yesterday = Use(int(MIDNIGHT // 86400) - 1, 5, 5000, 9.0)
    assert account(clock, yesterday, tokens_per_day=10).admit()


def test_a_turn_that_began_yesterday_is_paid_today() -> None:
    clock = Clock(MIDNIGHT - 10)
    held = account(clock, tokens_per_day=10)
    permit = held.admit()
    clock.now += 20
    permit.charge(Usage(output_tokens=10))
    assert isinstance(refusal(held), BudgetSpent)


def test_a_clock_that_goes_back_gives_and_takes_nothing() -> None:
    clock = Clock()
    held = account(clock, requests_per_minute=2)
    held.admit().close()
    clock.now -= 30
    held.admit().close()
    assert isinstance(refusal(held), RateLimited)


def test_who_has_no_limits_has_no_standing_and_who_has_no_key_is_not_counted() -> None:
    assert account(Clock()).standing() is None
    nobody: Account = FREE
    assert nobody.standing() is None
    for _ in range(1000):
        FREE.admit().charge(Usage(output_tokens=10**9))


def test_a_limit_of_calls_is_its_lanes_and_a_changed_one_too() -> None:
    held = account(Clock(), concurrent_calls=3)
    assert held.lane.limit == 3
    held.change(Caller(key_id="key_1", limits=Limits(concurrent_calls=5)))
    assert held.lane.limit == 5
    assert FREE.admit().calls is None


@pytest.mark.parametrize(
    ("counted", "told", "late", "expected"),
    [(0, 50, 0, 50), (50, 50, 0, 50), (60, 50, 0, 60), (0, 50, 40, 50), (30, 50, 30, 60)],
)
def test_what_a_turns_requests_have_used_and_the_turn_tells_is_counted_once(
    counted: int, told: int, late: int, expected: int
) -> None:
    held = account(Clock())
    permit = held.admit()
    permit.count(counted)
    permit.charge(Usage(input_tokens=told))
    permit.close()
    permit.count(late)  # of a request that was cut with the turn, which has told of a part of it already
    assert held.use.token_count == expected
