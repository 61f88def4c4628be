"""Every way to be cut off: the pool is as if the turn had never asked, and no task is left."""

import asyncio

from hotseat_core.pool.view import Source, StartReason
from hotseat_core.pool.worker_port import WorkerSpec

from tests.core.pool.conftest import OpenPool
from tests.fakes.clock import settled
from tests.fakes.worker import FakeMachine

AGENT = WorkerSpec("claude-code")


async def cut_off(task: asyncio.Task[object]) -> None:
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    await settled()


async def test_while_it_waits_in_the_queue(open_pool: OpenPool) -> None:
    async with open_pool(max_workers=1) as pool:
        held = await pool.acquire("a", AGENT)
        waiting = asyncio.create_task(pool.acquire("b", AGENT))
        behind = asyncio.create_task(pool.acquire("c", AGENT))
        await settled()
        await cut_off(waiting)
        assert repr(pool) == "<Pool [Workers: 1 running, 0 idle, 0 warm, 0 starting, 0 stopping | Waiters: 1]>"
        assert pool.stats().cancelled_turns == 1
        held.release(keep=True)
        (await behind).release(keep=True)


async def test_while_its_worker_starts_which_goes_to_the_next(open_pool: OpenPool, machine: FakeMachine) -> None:
    machine.starts_at_once = False
    async with open_pool(max_workers=1) as pool:
        first = asyncio.create_task(pool.acquire("a", AGENT))
        next_one = asyncio.create_task(pool.acquire("b", AGENT))
        await settled()
        await cut_off(first)
        assert repr(pool) == "<Pool [Workers: 0 running, 0 idle, 0 warm, 1 starting, 0 stopping | Waiters: 1]>"
        machine.get_ready()
        (await next_one).release(keep=True)
        assert machine.start_count == 1


async def test_while_its_worker_starts_which_becomes_a_spare(open_pool: OpenPool, machine: FakeMachine) -> None:
    machine.starts_at_once = False
    async with open_pool(warm_workers=0) as pool:
        turn = asyncio.create_task(pool.acquire("a", AGENT))
        await settled()
        await cut_off(turn)
        machine.get_ready()
        await settled()
        assert repr(pool) == "<Pool [Workers: 0 running, 0 idle, 1 warm, 0 starting, 0 stopping | Waiters: 0]>"
        lease = await pool.acquire("a", AGENT)
        assert lease.source is Source.WARM
        lease.release(keep=True)


async def test_while_the_worker_that_it_evicted_ends(open_pool: OpenPool, machine: FakeMachine) -> None:
    machine.ends_at_once = False
    async with open_pool(max_workers=1) as pool:
        (await pool.acquire("a", AGENT)).release(keep=True)
        turn = asyncio.create_task(pool.acquire("b", AGENT))
        await settled()
        await cut_off(turn)
        assert repr(pool) == "<Pool [Workers: 0 running, 0 idle, 0 warm, 0 starting, 1 stopping | Waiters: 0]>"
        machine.alive[0].may_end.set()
        await settled()
        assert repr(pool) == "<Pool [Workers: 0 running, 0 idle, 0 warm, 0 starting, 0 stopping | Waiters: 0]>"


async def test_when_it_has_been_given_a_new_worker_but_does_not_know_yet(
    open_pool: OpenPool, machine: FakeMachine
) -> None:
    machine.starts_at_once = False
    async with open_pool() as pool:
        turn = asyncio.create_task(pool.acquire("a", AGENT))
        await settled()
        machine.get_ready()
        while "1 running" not in repr(pool):  # noqa: ASYNC110 -- one step of the loop at a time
            await asyncio.sleep(0)
        assert not turn.done()
        await cut_off(turn)
        assert repr(pool) == "<Pool [Workers: 0 running, 0 idle, 1 warm, 0 starting, 0 stopping | Waiters: 0]>"
        assert sum(pool.stats().turns.values()) == 0


async def test_when_it_has_been_given_its_hot_worker_but_does_not_know_yet(open_pool: OpenPool) -> None:
    async with open_pool() as pool:
        first = await pool.acquire("a", AGENT)
        second = asyncio.create_task(pool.acquire("a", AGENT))
        await settled()
        first.release(keep=True)
        assert not second.done()
        await cut_off(second)
        assert repr(pool) == "<Pool [Workers: 0 running, 1 idle, 0 warm, 0 starting, 0 stopping | Waiters: 0]>"
        assert pool.workers()[0].turn_count == 1


async def test_when_it_has_been_given_a_worker_that_was_lost_since(open_pool: OpenPool, machine: FakeMachine) -> None:
    async with open_pool() as pool:
        first = await pool.acquire("a", AGENT)
        second = asyncio.create_task(pool.acquire("a", AGENT))
        await settled()
        first.release(keep=True)
        machine.alive[0].die()
        await cut_off(second)
        assert repr(pool) == "<Pool [Workers: 0 running, 0 idle, 0 warm, 0 starting, 0 stopping | Waiters: 0]>"


async def test_at_the_moment_in_which_a_worker_gets_free_for_it(open_pool: OpenPool) -> None:
    async with open_pool(max_workers=1) as pool:
        held = await pool.acquire("a", AGENT)
        waiting = asyncio.create_task(pool.acquire("b", AGENT))
        await settled()
        waiting.cancel()  # its task has not run yet, so the pool still has it in its queue
        held.release(keep=True)
        await asyncio.wait([waiting])
        assert waiting.cancelled()
        assert repr(pool) == "<Pool [Workers: 0 running, 1 idle, 0 warm, 0 starting, 0 stopping | Waiters: 0]>"
        assert pool.worker_of("a") is not None, "nobody was evicted for a turn that has gone"


async def test_at_the_moment_in_which_it_is_refused(open_pool: OpenPool) -> None:
    async with open_pool(max_workers=1) as pool:
        held = await pool.acquire("a", AGENT)
        waiting = asyncio.create_task(pool.acquire("b", AGENT))
        await settled()
        pool.drain(0)
        waiting.cancel()
        await asyncio.wait([waiting])
        held.release(keep=True)
        assert repr(pool).endswith("Waiters: 0]>")


async def test_the_pool_while_a_worker_starts(open_pool: OpenPool, machine: FakeMachine) -> None:
    machine.starts_at_once = False
    async with open_pool(warm_workers=2) as pool:
        assert repr(pool) == "<Pool [Workers: 0 running, 0 idle, 0 warm, 2 starting, 0 stopping | Waiters: 0]>"
    assert machine.start_count == 2


async def test_the_pool_before_a_start_has_made_its_first_step(open_pool: OpenPool, machine: FakeMachine) -> None:
    async with open_pool() as pool:
        turn = asyncio.create_task(pool.acquire("a", AGENT))
        closing = asyncio.create_task(pool.aclose())  # runs before the task that the turn's start is
        await asyncio.wait([turn, closing])
        assert turn.exception() is not None
        assert pool.stats().worker_starts == {StartReason.TURN: 1, StartReason.SPARE: 0}
        assert machine.start_count == 0


async def test_the_closing_of_the_pool(open_pool: OpenPool, machine: FakeMachine) -> None:
    machine.ends_at_once = False
    async with open_pool(warm_workers=2) as pool:
        closing = asyncio.create_task(pool.aclose())
        await settled()
        assert repr(pool) == "<Pool [Workers: 0 running, 0 idle, 0 warm, 0 starting, 2 stopping | Waiters: 0]>"
        await cut_off(closing)
        assert repr(pool) == "<Pool [Workers: 0 running, 0 idle, 0 warm, 0 starting, 0 stopping | Waiters: 0]>"
        for worker in list(machine.alive):
            worker.die()
