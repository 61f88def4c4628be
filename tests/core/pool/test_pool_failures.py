"""Workers that do not start, do not last, do not end."""

import asyncio

import pytest
from hotseat_core.errors import WorkerDiedAtStart, WorkerStartError
from hotseat_core.pool.worker_port import WorkerSpec

from tests.core.pool.conftest import OpenPool, shows
from tests.fakes.clock import ManualClock, settled
from tests.fakes.worker import FakeMachine

AGENT = WorkerSpec("claude-code")


async def test_a_failed_start_is_told_to_the_first_who_waits_for_it(open_pool: OpenPool, machine: FakeMachine) -> None:
    machine.starts_at_once = False
    async with open_pool(max_starting=1) as pool:
        turns = [asyncio.create_task(pool.acquire(c, AGENT)) for c in "ab"]
        await settled()
        machine.fail(WorkerStartError("no such file"))
        with pytest.raises(WorkerStartError, match="no such file"):
            await turns[0]
        await settled()
        assert shows(pool, "1 starting", waiters=1)
        machine.get_ready()
        (await turns[1]).release(keep=True)


async def test_a_start_that_was_killed_is_made_again_once_for_who_waits(
    open_pool: OpenPool, machine: FakeMachine
) -> None:
    machine.starts_at_once = False
    async with open_pool() as pool:
        lucky = asyncio.create_task(pool.acquire("a", AGENT))
        await settled()
        machine.fail(WorkerDiedAtStart("killed"))
        await settled()
        assert shows(pool, "1 starting", waiters=1)
        machine.get_ready()
        (await lucky).release(keep=False)
        await settled()
        unlucky = asyncio.create_task(pool.acquire("b", AGENT))
        await settled()
        for _ in range(2):
            machine.fail(WorkerDiedAtStart("killed again"))
            await settled()
        with pytest.raises(WorkerDiedAtStart, match="killed again"):
            await unlucky


async def test_an_unforeseen_failure_of_a_start_is_logged_and_told(
    open_pool: OpenPool, machine: FakeMachine, caplog: pytest.LogCaptureFixture
) -> None:
    machine.starts_at_once = False
    async with open_pool() as pool:
        turn = asyncio.create_task(pool.acquire("a", AGENT))
        await settled()
        machine.fail(PermissionError("not executable"))
        with pytest.raises(WorkerStartError, match="not executable"):
            await turn
        assert "unforeseen" in caplog.text
        assert pool.stats().worker_start_failures == 1


async def test_spares_that_do_not_start_are_tried_less_and_less_often(
    open_pool: OpenPool, machine: FakeMachine, clock: ManualClock
) -> None:
    machine.starts_at_once = False
    async with open_pool(warm_workers=1) as pool:
        tried_at: list[float] = []
        begin = clock.now
        while clock.now < begin + 45:
            await settled()
            if machine.starts:
                tried_at.append(clock.now - begin)
                machine.fail(WorkerStartError("broken"))
                await settled()
            clock.advance(0.5)
        assert tried_at == [0, 0.5, 1.5, 3.5, 7.5, 37.5]
        with pytest.raises(WorkerStartError, match="again and again") as refused:
            await pool.acquire("a", AGENT)
        assert refused.value.retry_delay_s == pytest.approx(22.5, abs=0.5)
        assert shows(pool, "")


async def test_spares_that_start_and_die_are_tried_less_and_less_often(
    open_pool: OpenPool, machine: FakeMachine, clock: ManualClock
) -> None:
    async with open_pool(warm_workers=1):
        for _ in range(60):
            for worker in list(machine.alive):
                worker.die()
            await settled()
            clock.advance(0.5)
        assert machine.start_count == 5


async def test_a_turn_that_ends_well_makes_earlier_failures_forgotten(
    open_pool: OpenPool, machine: FakeMachine, clock: ManualClock
) -> None:
    machine.starts_at_once = False
    async with open_pool() as pool:
        for failures in (4, 4):
            for _ in range(failures):
                turn = asyncio.create_task(pool.acquire("a", AGENT, fresh=True))
                await settled()
                machine.fail(WorkerStartError("flaky"))
                with pytest.raises(WorkerStartError, match="flaky"):
                    await turn
            turn = asyncio.create_task(pool.acquire("a", AGENT))
            await settled()
            machine.get_ready()
            (await turn).release(keep=True)
            await pool.evict("a")


async def test_an_idle_worker_that_ends_by_itself_leaves_its_seat(open_pool: OpenPool, machine: FakeMachine) -> None:
    async with open_pool() as pool:
        (await pool.acquire("a", AGENT)).release(keep=True)
        await settled()
        machine.alive[0].die()
        await settled()
        assert shows(pool, "")
        assert pool.stats().workers_lost == 1


async def test_a_leased_worker_that_ends_by_itself_leaves_its_seat_before_its_lease(
    open_pool: OpenPool, machine: FakeMachine
) -> None:
    async with open_pool(max_workers=1) as pool:
        lease = await pool.acquire("a", AGENT)
        await settled()
        machine.alive[0].die()
        await settled()
        assert shows(pool, "")
        same = asyncio.create_task(pool.acquire("a", AGENT))
        await settled()
        assert shows(pool, "", waiters=1), "the first turn of the conversation is not over"
        other = await pool.acquire("b", AGENT)
        other.release(keep=False)
        lease.release(keep=True)
        (await same).release(keep=True)
        assert pool.stats().workers_lost == 1


async def test_a_worker_that_does_not_end_keeps_its_seat_until_it_does(
    open_pool: OpenPool, machine: FakeMachine, caplog: pytest.LogCaptureFixture
) -> None:
    machine.ends_at_once = False
    async with open_pool(close_timeout_s=0.001) as pool:
        (await pool.acquire("a", AGENT)).release(keep=False)
        worker = machine.alive[0]
        while worker.close_calls < 3:  # noqa: ASYNC110 -- nobody is told of a call
            await asyncio.sleep(0)
        assert shows(pool, "1 stopping")
        assert "a worker does not end" in caplog.text
        worker.may_end.set()
        await pool.evict("a")
        assert shows(pool, "")
