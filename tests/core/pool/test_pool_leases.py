"""Leases end exactly once, and the pool ends well."""

import asyncio
import gc
import logging

import pytest
from hotseat_core.errors import PoolDraining
from hotseat_core.pool.pool import Pool
from hotseat_core.pool.settings import PoolSettings
from hotseat_core.pool.stats import PoolState
from hotseat_core.pool.view import Source, WorkerState
from hotseat_core.pool.worker_port import WorkerSpec

from tests.core.pool.conftest import OpenPool, shows
from tests.fakes.clock import settled
from tests.fakes.worker import FakeMachine

AGENT = WorkerSpec("claude-code")


async def test_releasing_twice_is_a_bug(open_pool: OpenPool) -> None:
    async with open_pool() as pool:
        lease = await pool.acquire("a", AGENT)
        lease.release(keep=True)
        with pytest.raises(RuntimeError, match="released before"):
            lease.release(keep=True)
        assert shows(pool, "1 idle")


async def test_a_turn_that_raises_does_not_keep_its_worker(open_pool: OpenPool) -> None:
    async with open_pool() as pool:
        with pytest.raises(ValueError, match="oops"):
            async with await pool.acquire("a", AGENT):
                raise ValueError("oops")
        await settled()
        assert shows(pool, "")


async def test_a_dropped_lease_is_taken_back(open_pool: OpenPool, caplog: pytest.LogCaptureFixture) -> None:
    async with open_pool() as pool:
        lease = await pool.acquire("a", AGENT)
        assert not lease.is_released
        del lease
        gc.collect()
        await settled()
        assert shows(pool, "")
        assert "dropped without release" in caplog.text


async def test_closing_refuses_who_waits_and_ends_what_runs(machine: FakeMachine) -> None:
    pool = Pool(PoolSettings(AGENT, max_workers=1, warm_workers=0), machine.start)
    lease = await pool.acquire("a", AGENT)
    waiting = asyncio.create_task(pool.acquire("b", AGENT))
    await settled()
    await pool.aclose()
    with pytest.raises(PoolDraining):
        await waiting
    with pytest.raises(PoolDraining):
        await pool.acquire("c", AGENT)
    assert lease.revoked.is_set()
    assert machine.process_count == 0
    lease.release(keep=True)
    assert pool.state is PoolState.DRAINED
    await pool.aclose()


async def test_closing_is_bounded_when_a_worker_does_not_end(
    machine: FakeMachine, caplog: pytest.LogCaptureFixture
) -> None:
    machine.ends_at_once = False
    pool = Pool(PoolSettings(AGENT, warm_workers=2, close_timeout_s=0.01), machine.start)
    async with asyncio.timeout(5), pool:
        await settled()
    assert "workers did not end with the pool" in caplog.text
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_change_is_noticed(open_pool: OpenPool) -> None:
    async with open_pool() as pool:
        change = asyncio.create_task(pool.wait_for_change())
        await settled()
        assert not change.done()
        lease = await pool.acquire("a", AGENT)
        await change
        lease.release(keep=True)


async def test_starting_and_ending_workers_are_listed(open_pool: OpenPool, machine: FakeMachine) -> None:
    machine.starts_at_once = machine.ends_at_once = False
    async with open_pool(warm_workers=1) as pool:
        assert [(row.id, row.state, row.pid) for row in pool.workers()] == [("starting-1", WorkerState.STARTING, None)]
        machine.get_ready()
        await settled()
        lease = await pool.acquire("a", AGENT)
        row = pool.workers()[0]
        assert (row.id, row.state, row.pid) == ("worker-1", WorkerState.RUNNING, 10_001)
        lease.release(keep=False)
        assert pool.workers()[0].state is WorkerState.STOPPING
        assert pool.workers()[0].turn_count == 1


async def test_what_the_pool_logs_names_no_conversation(open_pool: OpenPool, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        async with open_pool() as pool:
            (await pool.acquire("secret-name", AGENT)).release(keep=False)
    assert not [record for record in caplog.records if "secret-name" in str(record.__dict__)]


async def test_an_idle_worker_is_handed_over_to_another_conversation(open_pool: OpenPool, machine: FakeMachine) -> None:
    async with open_pool() as pool:
        lease = await pool.acquire("a", AGENT)
        worker = lease.worker
        assert not pool.hand_over("a", "b")  # a turn runs on it
        lease.release(keep=True)
        assert pool.hand_over("a", "b")
        assert pool.worker_of("a") is None
        lease = await pool.acquire("b", AGENT)
        assert (lease.worker, lease.source) == (worker, Source.HOT)
        lease.release(keep=True)
        assert machine.start_count == 1


async def test_nothing_is_handed_over_to_who_has_a_worker_or_from_who_has_none(open_pool: OpenPool) -> None:
    async with open_pool() as pool:
        for conversation in ("a", "b"):
            (await pool.acquire(conversation, AGENT)).release(keep=True)
        assert not pool.hand_over("a", "b")
        assert not pool.hand_over("c", "d")
        assert shows(pool, "2 idle")
