"""What workers take of the machine: what is too much, how it is measured, and who is ended for it."""

import asyncio
import gc
import os
import resource
import signal
import subprocess
import sys
import weakref
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress

import psutil
import pytest
from hotseat_core.errors import Reason
from hotseat_core.events import Outcome
from hotseat_core.worker.appetite import Appetite, beyond, tree
from hotseat_core.worker.appetites import Appetites, measure, restrain
from hotseat_core.worker.translate import Ending

from tests.core.conftest import until

MIB = 2**20


@pytest.mark.parametrize(
    ("limit", "taken", "which"),
    [
        (Appetite(), Appetite(10**12, 10**6), ""),
        (Appetite(100 * MIB, 5), Appetite(100 * MIB, 5), ""),
        (Appetite(100 * MIB, 5), Appetite(101 * MIB, 1), "memory"),
        (Appetite(100 * MIB, 5), Appetite(1, 6), "processes"),
        (Appetite(0, 5), Appetite(10**12, 5), ""),
        (Appetite(1, 0), Appetite(0, 10**6), ""),
    ],
)
def test_what_is_beyond_a_limit_has_a_reason_that_names_it(limit: Appetite, taken: Appetite, which: str) -> None:
    failure = beyond(limit, taken)
    assert (failure.metadata["limit"] if failure is not None else "") == which
    if failure is not None:
        assert failure.reason is Reason.TURN_LIMIT
        assert "HOTSEAT_WORKER_" in failure.message


def test_a_tree_is_all_that_is_below() -> None:
    assert tree(1, {1: [2, 3], 3: [4], 9: [10]}) == [1, 2, 3, 4]
    assert tree(7, {}) == [7]


def tree_of(pid: int) -> list[int]:
    """It and its children."""
    try:
        return [pid, *(child.pid for child in psutil.Process(pid).children())]
    except psutil.NoSuchProcess:
        return []


@contextmanager
def running(program: str) -> Iterator[subprocess.Popen[bytes]]:
    """A Python process that has said that it is ready."""
    with subprocess.Popen([sys.executable, "-I", "-S", "-c", program], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            yield process
        finally:
            for pid in tree_of(process.pid):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


def test_processes_are_counted_with_all_below_them_and_their_memory_is_added_up() -> None:
    program = (
        "import os, time\n"
        "reading, writing = os.pipe()\n"
        "for _ in range(3):\n"
        "    if os.fork() == 0:\n"
        "        held = b'x' * 30_000_000\n"
        "        os.write(writing, b'.')\n"
        "        time.sleep(600)\n"
        "for _ in range(3):\n"
        "    os.read(reading, 1)\n"
        "print('ready', flush=True)\n"
        "time.sleep(600)\n"
    )
    with running(program) as process:
        found = measure([process.pid, os.getpid()], Appetite(memory_bytes=1))
        assert found[process.pid].processes == 4
        assert 90_000_000 < found[process.pid].memory_bytes < 400_000_000
        assert found[os.getpid()].processes > 4
        plain = measure([process.pid], Appetite(memory_bytes=10**15))[process.pid].memory_bytes
        assert plain >= found[process.pid].memory_bytes  # what is shared counts in full
        assert measure([process.pid], Appetite(processes=1)) == {process.pid: Appetite(0, 4)}


def test_who_is_gone_takes_nothing() -> None:
    with running("print('ready', flush=True)") as process:
        process.wait()
    assert measure([process.pid], Appetite(1, 1)) == {process.pid: Appetite(0, 1)}
    restrain(process.pid, Appetite(1, 1))


def test_threads_are_bounded_by_the_system_where_there_is_a_limit() -> None:
    with running("import time; print('ready', flush=True); time.sleep(600)") as process:
        before = resource.prlimit(process.pid, resource.RLIMIT_NPROC)
        restrain(process.pid, Appetite(memory_bytes=1))
        assert resource.prlimit(process.pid, resource.RLIMIT_NPROC) == before
        restrain(process.pid, Appetite(processes=10))
        assert resource.prlimit(process.pid, resource.RLIMIT_NPROC) == (160, 160)


class Eater:
    """A worker that notes how it ends."""

    def __init__(self, pid: int) -> None:
        self.id = f"w{pid}"
        self.root_pid = pid
        self.ended = asyncio.Event()
        self.endings: list[Ending] = []

    def cut(self, ending: Ending, *, kill: bool = False) -> None:
        self.endings.append(ending)
        if kill:
            self.ended.set()


async def test_who_takes_too_much_is_ended_once_and_the_others_are_left_alone(caplog: pytest.LogCaptureFixture) -> None:
    asked: list[list[int]] = []

    def told(roots: Iterable[int], limit: Appetite) -> Mapping[int, Appetite]:
        asked.append(sorted(roots))
        return {root: Appetite(0, root) for root in asked[-1]}

    greedy, modest, gone = Eater(9), Eater(3), Eater(99)
    gone.ended.set()
    async with Appetites(Appetite(processes=5), told, interval_s=0.01) as appetites:
        for eater in (greedy, modest, gone):
            appetites.add(eater)
        await until(lambda: len(asked) > 3)
    assert [ending.outcome for ending in greedy.endings] == [Outcome.FAILED]
    assert modest.endings == gone.endings == []
    assert asked[0] == [3, 9]
    assert asked[-1] == [3]
    assert [record.__dict__["worker"] for record in caplog.records if "more of the machine" in record.message] == ["w9"]


async def test_without_a_limit_nobody_looks() -> None:
    def never(roots: Iterable[int], limit: Appetite) -> Mapping[int, Appetite]:
        raise AssertionError((roots, limit))

    async with Appetites(Appetite(), never, interval_s=0) as appetites:
        appetites.add(Eater(1))
        await asyncio.sleep(0)


async def test_without_a_limit_workers_that_have_gone_are_not_kept() -> None:
    async with Appetites(Appetite()) as appetites:
        gone = weakref.ref(eater := Eater(1))
        appetites.add(eater)
        del eater
        gc.collect()
        assert gone() is None


@pytest.mark.parametrize("failure", [OSError("/proc is away"), ValueError("/proc says something else")])
async def test_a_measurement_that_fails_is_tried_again(caplog: pytest.LogCaptureFixture, failure: Exception) -> None:
    count = 0

    def failing(roots: Iterable[int], limit: Appetite) -> Mapping[int, Appetite]:
        nonlocal count
        count += 1
        if count == 1:
            raise failure
        return {}

    async with Appetites(Appetite(1, 1), failing, interval_s=0.01) as appetites:
        appetites.add(Eater(1))
        await until(lambda: count > 1)
    assert "could not be measured" in caplog.text
