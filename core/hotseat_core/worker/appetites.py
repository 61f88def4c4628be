"""Looks after what workers take of the machine, and ends those that take too much."""

import asyncio
import contextlib
import logging
import os
import resource
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol, Self

from hotseat_core.events import Outcome
from hotseat_core.worker.appetite import Appetite, beyond
from hotseat_core.worker.descent import descent, read
from hotseat_core.worker.translate import Ending

logger = logging.getLogger(__name__)

INTERVAL_S = 1.0
# Where workers have very many processes, or the system can't tell whose children they are, it is done less often.
_MOST_OF_THE_TIME = 0.01
_LONGEST_S = 5.0
_PAGE = os.sysconf("SC_PAGE_SIZE")
_CLOSE_TIMEOUT_S = 5.0
_TASKS_FOR_EACH_PROCESS = 16  # the system counts threads

Measure = Callable[[Iterable[int], Appetite], Mapping[int, Appetite]]


class Eater(Protocol):
    """A worker, as far as it matters here."""

    @property
    def id(self) -> str:
        """Its name."""

    @property
    def root_pid(self) -> int:
        """The root of its tree."""

    @property
    def ended(self) -> asyncio.Event:
        """Set when it is gone."""

    def cut(self, ending: Ending, *, kill: bool = False) -> None:
        """End its turn so, and with kill itself."""


def measure(roots: Iterable[int], limit: Appetite) -> Mapping[int, Appetite]:
    """Return what these processes take with all below them. Blocks on /proc.

    Memory that several share counts in parts, which takes the system long to tell: so it is asked only where the plain
    sizes are beyond the limit.
    """
    family = descent()
    found = {}
    for root in roots:
        pids = family(root)
        size = sum(map(_resident, pids)) if limit.memory_bytes else 0
        if size > limit.memory_bytes > 0:
            size = sum(map(_share, pids))
        found[root] = Appetite(size, len(pids))
    return found


def restrain(pid: int, limit: Appetite) -> None:
    """Let the system itself bound the threads that a process starts from now on, which counts those of its user.

    For one that has a namespace of users to itself: elsewhere other programs' would be counted, too. Raises OSError.
    """
    if not limit.processes:
        return
    most = limit.processes * _TASKS_FOR_EACH_PROCESS
    with contextlib.suppress(ProcessLookupError):  # whoever waits for it will notice
        _, hard = resource.prlimit(pid, resource.RLIMIT_NPROC)
        bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.prlimit(pid, resource.RLIMIT_NPROC, (bound, bound))


class Appetites:
    """Watches the workers that it is told of, until they are gone. A context: leaving it ends the watch."""

    def __init__(self, limit: Appetite, measure_all: Measure = measure, interval_s: float = INTERVAL_S) -> None:
        self.limit = limit
        self._measure = measure_all
        self._interval_s = interval_s
        self._eaters: set[Eater] = set()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        if self.limit.is_limited:
            self._task = asyncio.create_task(self._run(), name="appetites")
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task], timeout=_CLOSE_TIMEOUT_S)

    def add(self, eater: Eater) -> None:
        """Look after one more, where there is a limit."""
        if self._task is not None:
            self._eaters.add(eater)

    async def _run(self) -> None:
        while True:
            began = time.monotonic()
            try:
                await self._look()
            except Exception:
                # Whatever it was: without this watch nothing would keep to the limits any more.
                logger.exception("what workers take of the machine could not be measured")
            await asyncio.sleep(min(max(self._interval_s, (time.monotonic() - began) / _MOST_OF_THE_TIME), _LONGEST_S))

    async def _look(self) -> None:
        self._eaters = {eater for eater in self._eaters if not eater.ended.is_set()}
        by_root = {eater.root_pid: eater for eater in self._eaters}
        if not by_root:
            return
        for root, taken in (await asyncio.to_thread(self._measure, list(by_root), self.limit)).items():
            eater, failure = by_root[root], beyond(self.limit, taken)
            if failure is not None and not eater.ended.is_set():
                fields = {"worker": eater.id, "memory_bytes": taken.memory_bytes, "processes": taken.processes}
                logger.warning("a worker took more of the machine than it may, and is ended", extra=fields)
                eater.cut(Ending(Outcome.FAILED, failure), kill=True)


def _resident(pid: int) -> int:
    try:
        return int(read(f"/proc/{pid}/statm").split()[1]) * _PAGE
    except (OSError, IndexError):
        return 0


def _share(pid: int) -> int:
    try:
        told = read(f"/proc/{pid}/smaps_rollup")
    except OSError:  # gone, or not ours to read
        return _resident(pid)
    line = next((line for line in told.splitlines() if line.startswith(b"Pss:")), b"Pss: 0 kB")
    return int(line.split()[1]) * 1024
