"""What operators do to the pool."""

import asyncio

import pytest
from hotseat_core.errors import ConversationBusy, InvalidMessage, PoolDraining
from hotseat_core.pool.floor import SPARE_PAUSE_S
from hotseat_core.pool.stats import PoolState
from hotseat_core.pool.view import EndReason, WorkerState
from hotseat_core.pool.worker_port import WorkerSpec

from tests.core.pool.conftest import OpenPool, shows
from tests.fakes.clock import ManualClock, settled
from tests.fakes.worker import FakeMachine

AGENT, BARE = WorkerSpec("claude-code"), WorkerSpec("claude")


async def test_evict_returns_when_the_worker_is_gone(open_pool: OpenPool, machine: FakeMachine) -> None:
    machine.ends_at_once = False
    async with open_pool() as pool:
        (await pool.acquire("a", AGENT)).release(keep=True)
        evicting = asyncio.create_task(pool.evict("a"))
        twice = asyncio.create_task(pool.evict("a"))
        await settled()
        assert not evicting.done()
        machine.alive[0].may_end.set()
        assert await evicting == await twice == "worker-1"
        assert await pool.evict("a") is None
        assert pool.stats().ends[EndReason.ADMIN] == 1


async def test_evict_refuses_while_a_turn_runs(open_pool: OpenPool) -> None:
    async with open_pool() as pool:
        async with await pool.acquire("a", AGENT):
            with pytest.raises(ConversationBusy):
                await pool.evict("a")
        assert shows(pool, "1 idle")


async def test_a_forced_eviction_asks_the_holder_and_ends_the_worker(open_pool: OpenPool) -> None:
    async with open_pool() as pool:
        lease = await pool.acquire("a", AGENT)
        evicting = asyncio.create_task(pool.evict("a", force=True))
        await asyncio.wait_for(lease.revoked.wait(), 1)
        lease.release(keep=True)
        assert await evicting == "worker-1"
        assert shows(pool, "")


async def test_after_a_forced_eviction_the_next_turn_gets_another_worker(open_pool: OpenPool) -> None:
    async with open_pool() as pool:
        lease = await pool.acquire("a", AGENT)
        next_turn = asyncio.create_task(pool.acquire("a", AGENT))
        evicting = asyncio.create_task(pool.evict("a", force=True))
        await settled()
        lease.release(keep=True)
        assert await evicting == lease.worker.id
        again = await next_turn
        assert again.worker is not lease.worker
        again.release(keep=True)


async def test_a_forced_eviction_does_not_depend_on_the_holder(open_pool: OpenPool) -> None:
    async with open_pool(revoke_timeout_s=0.01) as pool:
        lease = await pool.acquire("a", AGENT)
        assert await pool.evict("a", force=True) == "worker-1"
        assert shows(pool, "")
        lease.release(keep=True)


async def test_a_cancelled_eviction_goes_on(open_pool: OpenPool, machine: FakeMachine) -> None:
    machine.ends_at_once = False
    async with open_pool() as pool:
        (await pool.acquire("a", AGENT)).release(keep=True)
        evicting = asyncio.create_task(pool.evict("a"))
        await settled()
        evicting.cancel()
        await settled()
        assert shows(pool, "1 stopping")
        machine.alive[0].may_end.set()
        await settled()
        assert shows(pool, "")


async def test_a_drain_lets_accepted_turns_end(open_pool: OpenPool) -> None:
    async with open_pool(max_workers=1, warm_workers=1) as pool:
        running = await pool.acquire("a", AGENT)
        accepted = asyncio.create_task(pool.acquire("b", AGENT))
        await settled()
        pool.drain(None)
        with pytest.raises(PoolDraining):
            await pool.acquire("c", AGENT)
        draining = pool.state
        assert draining is PoolState.DRAINING
        running.release(keep=True)
        (await accepted).release(keep=True)
        assert pool.state is PoolState.DRAINED
        await settled()
        assert shows(pool, "")
        pool.resume()
        await settled()
        assert (pool.state, repr(pool)[:33]) == (PoolState.ACTIVE, "<Pool [Workers: 0 running, 0 idle")
        (await pool.acquire("c", AGENT)).release(keep=True)


async def test_after_its_grace_a_drain_revokes_leases_and_refuses_who_waits(
    open_pool: OpenPool, clock: ManualClock
) -> None:
    async with open_pool(max_workers=1) as pool:
        running = await pool.acquire("a", AGENT)
        waiting = asyncio.create_task(pool.acquire("b", AGENT))
        await settled()
        pool.drain(10)
        clock.advance(9)
        assert not running.revoked.is_set()
        clock.advance(1)
        assert running.revoked.is_set()
        assert pool.draining_now.is_set()
        with pytest.raises(PoolDraining):
            await waiting
        running.release(keep=True)
        assert pool.state is PoolState.DRAINED


async def test_a_smaller_pool_ends_idle_workers_now_and_running_ones_later(open_pool: OpenPool) -> None:
    async with open_pool(max_workers=3) as pool:
        leases = [await pool.acquire(c, AGENT) for c in "abc"]
        leases[0].release(keep=True)
        pool.resize(max_workers=1)
        await settled()
        assert shows(pool, "2 running")
        leases[1].release(keep=True)
        await settled()
        assert shows(pool, "1 running")
        leases[2].release(keep=True)
        await settled()
        assert shows(pool, "1 idle")


async def test_a_larger_pool_serves_who_waits(open_pool: OpenPool) -> None:
    async with open_pool(max_workers=1) as pool:
        first = await pool.acquire("a", AGENT)
        second = asyncio.create_task(pool.acquire("b", AGENT))
        await settled()
        pool.resize(max_workers=2)
        (await second).release(keep=True)
        first.release(keep=True)


async def test_spares_follow_what_is_asked_for(open_pool: OpenPool, clock: ManualClock) -> None:
    async with open_pool(max_workers=4, warm_workers=1) as pool:
        (await pool.acquire("a", AGENT)).release(keep=True)
        await settled()
        for _ in range(9):  # nobody asks for the agent any more
            (await pool.acquire("b", BARE, fresh=True)).release(keep=True)
            await settled()
        clock.advance(SPARE_PAUSE_S)
        await settled()
        spares = [row.spec for row in pool.workers() if row.state is WorkerState.WARM]
        assert BARE in spares


@pytest.mark.parametrize(
    "bounds", [{"max_workers": 0}, {"warm_workers": -1}, {"max_queue": -1}, {"idle_timeout_s": -1.0}]
)
async def test_impossible_bounds_are_refused(open_pool: OpenPool, bounds: dict[str, int]) -> None:
    async with open_pool() as pool:
        with pytest.raises(InvalidMessage):
            pool.resize(**bounds)
