"""A pool whose workers use more memory than they may."""

import asyncio
from collections.abc import Callable, Iterable

import pytest
from hotseat_core.errors import QueueTimeout
from hotseat_core.pool.memory_watch import INTERVAL_S
from hotseat_core.pool.pool import Pool
from hotseat_core.pool.stats import PoolStats
from hotseat_core.pool.view import EndReason
from hotseat_core.pool.worker_port import WorkerSpec

from tests.core.pool.conftest import OpenPool, shows
from tests.fakes.clock import ManualClock, settled
from tests.fakes.worker import FakeMachine

AGENT = WorkerSpec("claude-code")
MB = 1024 * 1024


class Scales:
    """Say what every process weighs."""

    def __init__(self) -> None:
        self.bytes_each = 100 * MB
        self.failure: Exception | None = None
        self.calls = 0

    def measure(self, pids: Iterable[int]) -> dict[int, int]:
        self.calls += 1
        if self.failure is not None:
            raise self.failure
        return dict.fromkeys(pids, self.bytes_each)


async def until(condition: Callable[[], object]) -> None:
    """Return when it is so; what is waited for happens in a thread, and nobody is told."""
    while not condition():  # noqa: ASYNC110
        await asyncio.sleep(0.001)


async def measured(pool: Pool, clock: ManualClock) -> PoolStats:
    """The pool after one more measurement."""
    await until(lambda: clock.pending)
    clock.advance(INTERVAL_S)
    await pool.wait_for_change()
    await settled()
    return pool.stats()


async def test_above_the_limit_the_longest_idle_workers_end(open_pool: OpenPool, clock: ManualClock) -> None:
    scales = Scales()
    async with open_pool(max_workers=3, memory_limit_bytes=400 * MB, measure_memory=scales.measure) as pool:
        for conversation in "abc":
            (await pool.acquire(conversation, AGENT)).release(keep=True)
            clock.advance(0.1)
        assert (await measured(pool, clock)).memory_bytes == 300 * MB
        scales.bytes_each = 150 * MB
        stats = await measured(pool, clock)
        assert stats.memory_bytes == 300 * MB
        assert stats.ends[EndReason.MEMORY] == 1
        assert stats.evictions_for_room == 1
        assert [row.conversation for row in pool.workers()] == ["b", "c"]


async def test_a_turn_waits_for_memory_as_for_a_seat_and_is_told_what_to_raise(
    open_pool: OpenPool, clock: ManualClock, machine: FakeMachine
) -> None:
    scales = Scales()
    async with open_pool(
        max_workers=3, memory_limit_bytes=150 * MB, queue_timeout_s=60, measure_memory=scales.measure
    ) as pool:
        held = await pool.acquire("a", AGENT)
        await measured(pool, clock)
        late = asyncio.create_task(pool.acquire("b", AGENT))
        await settled()
        assert shows(pool, "1 running", waiters=1)
        clock.advance(60)
        with pytest.raises(QueueTimeout, match="HOTSEAT_MEMORY_LIMIT_MB"):
            await late
        waiting = asyncio.create_task(pool.acquire("b", AGENT))
        await settled()
        held.release(keep=True)
        (await waiting).release(keep=True)
        assert shows(pool, "1 idle")
    assert machine.most_processes == 1


@pytest.mark.parametrize("failure", [PermissionError("no /proc"), ValueError("/proc says something else")])
async def test_a_measurement_that_fails_is_logged_and_tried_again(
    open_pool: OpenPool, clock: ManualClock, caplog: pytest.LogCaptureFixture, failure: Exception
) -> None:
    scales = Scales()
    scales.failure = failure
    async with open_pool(warm_workers=1, memory_limit_bytes=900 * MB, measure_memory=scales.measure) as pool:
        await until(lambda: clock.pending)
        clock.advance(INTERVAL_S)
        await until(lambda: "could not be measured" in caplog.text)
        scales.failure = None
        assert (await measured(pool, clock)).memory_bytes == 100 * MB


async def test_without_a_limit_nothing_is_measured(open_pool: OpenPool, clock: ManualClock) -> None:
    scales = Scales()
    async with open_pool(warm_workers=1, measure_memory=scales.measure):
        clock.advance(INTERVAL_S * 10)
        await settled()
        assert scales.calls == 0


async def test_a_limit_comes_and_goes_while_the_pool_serves(open_pool: OpenPool, clock: ManualClock) -> None:
    scales = Scales()
    async with open_pool(max_workers=3, measure_memory=scales.measure) as pool:
        for conversation in "ab":
            (await pool.acquire(conversation, AGENT)).release(keep=True)
            clock.advance(0.1)
        pool.resize(memory_limit_bytes=150 * MB)
        await until(lambda: len(pool.workers()) == 1)
        assert [row.conversation for row in pool.workers()] == ["b"]
        assert pool.stats().memory_bytes == 100 * MB
        pool.resize(memory_limit_bytes=0)
        calls = scales.calls
        clock.advance(INTERVAL_S * 10)
        await settled()
        assert scales.calls == calls
        assert pool.stats().memory_bytes == 0
