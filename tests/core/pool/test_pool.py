"""The pool serves turns, on workers that are and end when the test says so."""

import asyncio
from unittest.mock import ANY

import pytest
from hotseat_core.errors import PoolFull, QueueTimeout
from hotseat_core.pool.floor import SPARE_PAUSE_S
from hotseat_core.pool.stats import Place
from hotseat_core.pool.view import Source
from hotseat_core.pool.waits import WaitOutcome, WaitTimes
from hotseat_core.pool.worker_port import WorkerSpec

from tests.core.pool.conftest import OpenPool, shows
from tests.fakes.clock import ManualClock, settled
from tests.fakes.worker import FakeMachine

AGENT = WorkerSpec("claude-code")


async def test_a_follow_up_goes_to_its_hot_worker(open_pool: OpenPool) -> None:
    async with open_pool() as pool:
        first = await pool.acquire("a", AGENT)
        assert shows(pool, "1 running")
        first.release(keep=True)
        assert shows(pool, "1 idle")
        second = await pool.acquire("a", AGENT)
        assert (first.source, second.source) == (Source.COLD, Source.HOT)
        assert second.worker is first.worker
        second.release(keep=True)


async def test_a_worker_that_is_not_kept_ends(open_pool: OpenPool) -> None:
    async with open_pool() as pool:
        (await pool.acquire("a", AGENT)).release(keep=False)
        assert shows(pool, "1 stopping")
        await settled()
        assert shows(pool, "")


async def test_a_spare_serves_a_new_conversation_and_is_replaced_a_moment_later(
    open_pool: OpenPool, clock: ManualClock
) -> None:
    async with open_pool(warm_workers=1) as pool:
        assert shows(pool, "1 warm")
        lease = await pool.acquire("a", AGENT)
        assert lease.source is Source.WARM
        await settled()
        assert shows(pool, "1 running, 1 starting")  # which takes nothing of the machine yet
        clock.advance(SPARE_PAUSE_S)
        await settled()
        assert shows(pool, "1 running, 1 warm")
        lease.release(keep=True)


async def test_who_waits_for_the_next_spare_need_not_wait_for_that_moment(open_pool: OpenPool) -> None:
    async with open_pool(warm_workers=1) as pool:
        first = await pool.acquire("a", AGENT)
        second = await pool.acquire("b", AGENT)
        assert (first.source, second.source) == (Source.WARM, Source.COLD)
        for lease in (first, second):
            lease.release(keep=True)


async def test_a_spare_that_is_not_started_yet_ends_with_the_pool(open_pool: OpenPool, machine: FakeMachine) -> None:
    async with open_pool(warm_workers=1) as pool:
        (await pool.acquire("a", AGENT)).release(keep=True)
        await settled()
        assert shows(pool, "1 idle, 1 starting")
    assert machine.most_processes == 1


async def test_fresh_ends_the_hot_worker_before_another_serves(open_pool: OpenPool, machine: FakeMachine) -> None:
    machine.ends_at_once = False
    async with open_pool(warm_workers=1) as pool:
        first = await pool.acquire("a", AGENT)
        first.release(keep=True)
        await settled()
        again = asyncio.create_task(pool.acquire("a", AGENT, fresh=True))
        await settled()
        assert shows(pool, "1 warm, 1 stopping", waiters=1)
        machine.alive[0].may_end.set()
        lease = await again
        assert lease.worker is not first.worker
        lease.release(keep=True)


async def test_at_capacity_a_worker_is_evicted_and_gone_before_the_next_starts(
    open_pool: OpenPool, machine: FakeMachine, clock: ManualClock
) -> None:
    machine.ends_at_once = False
    async with open_pool() as pool:
        for conversation in ("a", "b"):
            (await pool.acquire(conversation, AGENT)).release(keep=True)
            clock.advance(1)
        third = asyncio.create_task(pool.acquire("c", AGENT))
        await settled()
        assert shows(pool, "1 idle, 1 stopping", waiters=1)
        assert pool.worker_of("a") is None
        assert pool.worker_of("b") == pool.workers()[1]
        machine.alive[0].may_end.set()
        (await third).release(keep=True)
        assert {row.conversation for row in pool.workers()} == {"b", "c"}
        assert pool.stats().evictions_for_room == 1
    assert machine.most_processes == 2


async def test_twenty_turns_on_four_workers_are_all_served(open_pool: OpenPool, machine: FakeMachine) -> None:
    async with open_pool(max_workers=4, warm_workers=1) as pool:

        async def one_turn(number: int) -> None:
            async with await pool.acquire(f"c{number}", AGENT):
                await settled()

        async with asyncio.TaskGroup() as turns:
            for number in range(20):
                turns.create_task(one_turn(number))
        assert shows(pool, "4 idle")
        assert sum(pool.stats().turns.values()) == 20
    assert machine.most_processes == 4


async def test_waiting_turns_are_served_in_the_order_of_their_arrival(open_pool: OpenPool) -> None:
    async with open_pool(max_workers=1) as pool:
        order: list[str] = []

        async def one_turn(conversation: str) -> None:
            async with await pool.acquire(conversation, AGENT):
                order.append(conversation)
                await settled()

        async with asyncio.TaskGroup() as turns:
            for conversation in "abcdef":
                turns.create_task(one_turn(conversation))
        assert order == list("abcdef")


async def test_the_place_in_the_queue_is_told_as_it_changes(open_pool: OpenPool) -> None:
    async with open_pool(max_workers=1) as pool:
        held = await pool.acquire("a", AGENT)
        places: list[Place] = []
        waiting = [asyncio.create_task(pool.acquire(c, AGENT)) for c in "bc"]
        last = asyncio.create_task(pool.acquire("d", AGENT, on_queued=places.append))
        await settled()
        held.release(keep=True)
        for waiter in waiting:
            await settled()
            (await waiter).release(keep=True)
        (await last).release(keep=True)
        assert places == [Place(3, 15.0), Place(2, ANY), Place(1, ANY)]  # as long as turns are taken to last at first


async def test_a_listener_that_fails_does_not_trouble_the_pool(
    open_pool: OpenPool, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(place: Place) -> None:
        raise ValueError(place)

    async with open_pool(max_workers=1) as pool:
        held = await pool.acquire("a", AGENT)
        waiting = asyncio.create_task(pool.acquire("b", AGENT, on_queued=fail))
        await settled()
        assert "a place in the queue could not be passed on" in caplog.text
        held.release(keep=True)
        (await waiting).release(keep=True)


async def test_a_full_queue_refuses_with_a_time_to_retry(open_pool: OpenPool) -> None:
    async with open_pool(max_workers=1, max_queue=0) as pool:
        held = await pool.acquire("a", AGENT)
        with pytest.raises(PoolFull) as refused:
            await pool.acquire("b", AGENT)
        assert refused.value.retry_delay_s is not None
        assert refused.value.retry_delay_s >= 1
        assert shows(pool, "1 running")
        held.release(keep=True)


async def test_a_queue_of_no_length_still_serves_who_needs_no_place_in_it(open_pool: OpenPool) -> None:
    async with open_pool(max_workers=1, max_queue=0) as pool:
        (await pool.acquire("a", AGENT)).release(keep=True)
        (await pool.acquire("b", AGENT)).release(keep=True)  # evicts a
        assert shows(pool, "1 idle")


async def test_who_waits_too_long_is_told(open_pool: OpenPool, clock: ManualClock) -> None:
    async with open_pool(max_workers=1, queue_timeout_s=3) as pool:
        held = await pool.acquire("a", AGENT)
        waiting = asyncio.create_task(pool.acquire("b", AGENT))
        await settled()
        clock.advance(2)
        assert pool.stats().oldest_queue_duration_s == 2
        clock.advance(1)
        with pytest.raises(QueueTimeout, match="within 3 s"):
            await waiting
        held.release(keep=True)


async def test_the_lease_knows_how_long_its_turn_waited(open_pool: OpenPool, clock: ManualClock) -> None:
    async with open_pool(max_workers=1) as pool:
        held = await pool.acquire("a", AGENT)
        waiting = asyncio.create_task(pool.acquire("a", AGENT))
        await settled()
        clock.advance(2.5)
        held.release(keep=True)
        lease = await waiting
        assert lease.queue_duration_s == 2.5
        assert pool.stats().waits[WaitOutcome.SERVED] == WaitTimes((1,) * 6 + (2,) * 7, 2.5)
        lease.release(keep=True)


async def test_idle_workers_end_after_the_timeout_and_spares_do_not(open_pool: OpenPool, clock: ManualClock) -> None:
    async with open_pool(warm_workers=1, idle_timeout_s=60) as pool:
        (await pool.acquire("a", AGENT)).release(keep=True)
        await settled()
        clock.advance(59)
        await settled()
        assert shows(pool, "1 idle, 1 warm")
        clock.advance(1)
        await settled()
        assert shows(pool, "1 warm")
        clock.advance(999)
        await settled()
        assert shows(pool, "1 warm")
        assert pool.stats().evictions_idle == 1
