"""A pool on a machine without processes and with a clock that stands still."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import msgspec
import pytest
from hotseat_core.pool.memory import tree_memory_bytes
from hotseat_core.pool.memory_watch import MeasureMemory
from hotseat_core.pool.pool import Pool
from hotseat_core.pool.settings import PoolSettings
from hotseat_core.pool.worker_port import WorkerSpec

from tests.fakes.clock import ManualClock, settled
from tests.fakes.worker import FakeMachine

AGENT = WorkerSpec("claude-code")

OpenPool = Callable[..., AbstractAsyncContextManager[Pool]]


def shows(pool: Pool, workers: str, waiters: int = 0) -> bool:
    """Whether the pool has these workers, those named alone, and that many waiters."""
    counts = dict.fromkeys(("running", "idle", "warm", "starting", "stopping"), "0")
    for part in workers.split(", ") if workers else []:
        number, kind = part.split()
        counts[kind] = number
    text = ", ".join(f"{number} {kind}" for kind, number in counts.items())
    assert repr(pool) == f"<Pool [Workers: {text} | Waiters: {waiters}]>"
    return True


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def machine() -> FakeMachine:
    return FakeMachine()


@pytest.fixture
def open_pool(machine: FakeMachine, clock: ManualClock) -> OpenPool:
    """Opens a pool (by default: 2 workers, no spares) and checks that nothing is left of it afterwards."""

    @asynccontextmanager
    async def opened(measure_memory: MeasureMemory = tree_memory_bytes, **bounds: Any) -> AsyncIterator[Pool]:
        before = asyncio.all_tasks()
        settings = msgspec.structs.replace(PoolSettings(AGENT, max_workers=2, warm_workers=0, max_starting=2), **bounds)
        async with Pool(settings, machine.start, clock=clock, wall=clock.time, measure_memory=measure_memory) as pool:
            await settled()
            yield pool
            for worker in machine.alive:
                worker.may_end.set()
        assert repr(pool) == ("<Pool [Workers: 0 running, 0 idle, 0 warm, 0 starting, 0 stopping | Waiters: 0]>")
        assert machine.process_count == 0
        assert asyncio.all_tasks() - {asyncio.current_task()} <= before
        assert clock.pending == []

    return opened
