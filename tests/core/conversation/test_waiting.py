"""An input until its turn begins: called off at any moment, its worker is not lost."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from hotseat_core.conversation.terms import Attachment
from hotseat_core.conversation.turn import TurnInput
from hotseat_core.conversation.waiting import Waiting
from hotseat_core.pool.lease import Lease
from hotseat_core.pool.pool import Pool
from hotseat_core.pool.settings import PoolSettings
from hotseat_core.pool.worker_port import WorkerSpec
from hotseat_core.worker.rows import Row

from tests.fakes.clock import settled
from tests.fakes.worker import FakeMachine

SPEC = WorkerSpec("claude")
IDLE = "<Pool [Workers: 0 running, 1 idle, 0 warm, 0 starting, 0 stopping | Waiters: 0]>"
EMPTY = "<Pool [Workers: 0 running, 0 idle, 0 warm, 0 starting, 0 stopping | Waiters: 0]>"


@pytest.fixture
async def pool() -> AsyncIterator[Pool]:
    machine = FakeMachine()
    async with Pool(PoolSettings(SPEC, max_workers=1, warm_workers=0), machine.start) as opened:
        yield opened
    assert machine.process_count == 0


def an_input() -> Waiting:
    return Waiting(TurnInput("r", Row("user", ())), Attachment())


async def test_an_input_that_nobody_calls_off_gets_its_lease(pool: Pool) -> None:
    lease = await an_input().lease(pool.acquire("c", SPEC))
    assert lease is not None
    lease.release(keep=True)


async def test_one_that_was_called_off_before_gets_none(pool: Pool) -> None:
    waiting = an_input()
    waiting.interrupt()
    assert await waiting.lease(pool.acquire("c", SPEC)) is None
    assert repr(pool) == EMPTY


async def test_one_that_is_called_off_while_it_waits_leaves_the_queue(pool: Pool) -> None:
    held = await pool.acquire("other", SPEC)
    waiting = an_input()
    leasing = asyncio.create_task(waiting.lease(pool.acquire("c", SPEC)))
    await settled()
    assert pool.stats().queued_turns == 1
    waiting.interrupt()
    assert await leasing is None
    assert pool.stats().queued_turns == 0
    held.release(keep=True)


async def test_one_that_is_called_off_as_it_gets_its_worker_gives_it_back(pool: Pool) -> None:
    waiting = an_input()

    async def prepare() -> Lease:
        lease = await pool.acquire("c", SPEC)
        asyncio.get_running_loop().call_soon(waiting.interrupt)
        return lease

    assert await waiting.lease(prepare()) is None
    assert repr(pool) == IDLE


async def test_a_failure_to_get_a_worker_is_passed_on(pool: Pool) -> None:
    async def prepare() -> Lease:
        raise LookupError("no")

    with pytest.raises(LookupError):
        await an_input().lease(prepare())


async def test_when_the_server_ends_the_wait_ends_too(pool: Pool) -> None:
    held = await pool.acquire("other", SPEC)
    leasing = asyncio.create_task(an_input().lease(pool.acquire("c", SPEC)))
    await settled()
    leasing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leasing
    await settled()
    assert pool.stats().queued_turns == 0
    held.release(keep=True)


async def test_when_the_server_ends_as_the_worker_comes_it_is_not_lost(pool: Pool) -> None:
    waiting = an_input()

    async def prepare() -> Lease:
        lease = await pool.acquire("c", SPEC)
        asyncio.get_running_loop().call_soon(leasing.cancel)
        return lease

    leasing = asyncio.create_task(waiting.lease(prepare()))
    with pytest.raises(asyncio.CancelledError):
        await leasing
    await settled()
    assert repr(pool) == EMPTY
