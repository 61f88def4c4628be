"""The pool's timer, and what is planned after a turn has got its worker already."""

from hotseat_core.pool.alarm import Alarm
from hotseat_core.pool.floor import AFTERWARDS_S

from tests.core.pool.conftest import AGENT, OpenPool, shows
from tests.fakes.clock import ManualClock, settled
from tests.fakes.worker import FakeMachine


def test_it_rings_once_at_the_time_that_was_set_last(clock: ManualClock) -> None:
    rung: list[float] = []
    alarm = Alarm(clock, lambda: rung.append(clock.now - 1000))
    alarm.set(1005.0)
    alarm.set(1003.0)
    clock.advance(10)
    assert rung == [3.0]
    alarm.set(1020.0)
    alarm.set(None)
    clock.advance(20)
    assert rung == [3.0]


def test_it_may_be_set_sooner_and_not_later(clock: ManualClock) -> None:
    rung: list[float] = []
    alarm = Alarm(clock, lambda: rung.append(clock.now - 1000))
    alarm.set_by(1005.0)
    alarm.set_by(1003.0)
    alarm.set_by(1004.0)
    clock.advance(10)
    assert rung == [3.0]
    alarm.set_by(1011.0)  # what has rung does not count
    clock.advance(10)
    assert rung == [3.0, 11.0]


async def test_what_is_planned_beside_a_hot_turn_comes_a_moment_after_it(
    open_pool: OpenPool, machine: FakeMachine, clock: ManualClock
) -> None:
    async with open_pool(idle_timeout_s=60.0) as pool:
        for conversation in ("a", "b"):
            (await pool.acquire(conversation, AGENT)).release(keep=True)
            clock.now += 59.0
        clock.now += 10.0  # and nothing was called: "a" has idled for too long
        lease = await pool.acquire("b", AGENT)
        assert lease.source.value == "hot"
        assert shows(pool, "1 running, 1 idle")
        clock.advance(AFTERWARDS_S)
        await settled()
        assert shows(pool, "1 running")
        lease.release(keep=True)


async def test_a_stream_of_hot_turns_does_not_keep_the_pool_from_planning(
    open_pool: OpenPool, clock: ManualClock
) -> None:
    async with open_pool(max_workers=3, idle_timeout_s=60.0) as pool:
        for conversation in ("idle", "b", "c"):
            (await pool.acquire(conversation, AGENT)).release(keep=True)
        clock.now += 70.0  # and nothing was called
        running = [await pool.acquire("b", AGENT)]
        clock.advance(AFTERWARDS_S / 2)
        running.append(await pool.acquire("c", AGENT))
        clock.advance(AFTERWARDS_S / 2)
        await settled()
        assert shows(pool, "2 running")
        for lease in running:
            lease.release(keep=True)


async def test_watchers_hear_of_a_hot_turn_at_once(open_pool: OpenPool) -> None:
    async with open_pool() as pool:
        (await pool.acquire("a", AGENT)).release(keep=True)
        before = pool.revision
        lease = await pool.acquire("a", AGENT)
        assert pool.revision > before
        assert pool.spec_of("a") == AGENT
        assert pool.spec_of("b") is None
        lease.release(keep=True)
