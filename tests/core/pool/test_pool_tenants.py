"""Tenants share the pool: turns by weight, and no sight of each other's workers."""

import asyncio

import pytest
from hotseat_core.errors import InvalidMessage, PoolFull
from hotseat_core.pool.pool import Pool
from hotseat_core.pool.stats import Place
from hotseat_core.pool.worker_port import WorkerSpec

from tests.core.pool.conftest import OpenPool, shows
from tests.fakes.clock import settled

AGENT = WorkerSpec("claude-code")


async def served(pool: Pool, tenants: str, *, heavy: str = "") -> str:
    """The tenants in the order in which they are served, all having come while the only worker was busy."""
    held = await pool.acquire("first", AGENT)
    order: list[str] = []

    async def one_turn(number: int, tenant: str) -> None:
        weight = 2.0 if tenant in heavy else 1.0
        async with await pool.acquire(f"c{number}", AGENT, tenant=tenant, weight=weight):
            order.append(tenant)
            await settled()

    async with asyncio.TaskGroup() as turns:
        for number, tenant in enumerate(tenants):
            turns.create_task(one_turn(number, tenant))
        await settled()
        held.release(keep=True)
    return "".join(order)


async def test_a_flood_of_one_tenant_does_not_hold_another_up(open_pool: OpenPool) -> None:
    async with open_pool(max_workers=1) as pool:
        assert await served(pool, "aaaaaabb") == "ababaaaa"


async def test_a_heavier_tenant_gets_more_turns(open_pool: OpenPool) -> None:
    async with open_pool(max_workers=1) as pool:
        assert await served(pool, "aaabbbbbb", heavy="b") == "babbabbab"


async def test_turns_that_gave_up_cost_their_tenant_nothing(open_pool: OpenPool) -> None:
    async with open_pool(max_workers=1) as pool:
        held = await pool.acquire("first", AGENT)
        gone = [asyncio.create_task(pool.acquire(f"a{n}", AGENT, tenant="a")) for n in range(5)]
        await settled()
        for turn in gone:
            turn.cancel()
        await asyncio.wait(gone)
        places: list[Place] = []
        turns = [
            asyncio.create_task(pool.acquire("b1", AGENT, tenant="b")),
            asyncio.create_task(pool.acquire("a9", AGENT, tenant="a", on_queued=places.append)),
            asyncio.create_task(pool.acquire("b2", AGENT, tenant="b")),
        ]
        await settled()
        assert [place.position for place in places] == [2]
        held.release(keep=True)
        for turn in turns:
            (await turn).release(keep=True)


async def test_a_full_queue_has_a_place_for_another_tenant(open_pool: OpenPool) -> None:
    async with open_pool(max_workers=1, max_queue=1) as pool:
        held = await pool.acquire("first", AGENT)
        one = asyncio.create_task(pool.acquire("a", AGENT, tenant="a"))
        other = asyncio.create_task(pool.acquire("b", AGENT, tenant="b"))
        await settled()
        assert shows(pool, "1 running", waiters=2)
        with pytest.raises(PoolFull):
            await pool.acquire("a2", AGENT, tenant="a")
        held.release(keep=True)
        for turn in (one, other):
            (await turn).release(keep=True)


async def test_tenants_never_share_a_conversations_worker(open_pool: OpenPool) -> None:
    async with open_pool() as pool:
        mine = await pool.acquire("same", AGENT, tenant="a")
        yours = await pool.acquire("same", AGENT, tenant="b")
        assert mine.worker is not yours.worker
        mine.release(keep=True)
        yours.release(keep=True)
        of_mine, of_yours = pool.worker_of("same", "a"), pool.worker_of("same", "b")
        assert of_mine is not None
        assert of_yours is not None
        assert (of_mine.id, of_yours.id) == (mine.worker.id, yours.worker.id)
        assert pool.worker_of("same") is None
        assert await pool.evict("same", tenant="a") == mine.worker.id
        assert pool.worker_of("same", "b") == of_yours


async def test_a_weight_that_is_none_is_refused(open_pool: OpenPool) -> None:
    async with open_pool() as pool:
        with pytest.raises(InvalidMessage, match="weight"):
            await pool.acquire("a", AGENT, weight=0)
