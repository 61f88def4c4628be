"""What a house uses of the processor while nobody asks, minute by minute, and which of its processes."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass

import psutil

MINUTE_S = 60.0
_SERVERS = ("hotseat_core", "hotseat_edge", "hotseat_demo")
_LEAST = 0.00005  # shares below do not count


@dataclass(frozen=True, slots=True)
class Used:
    """Processor time of one process, since it began."""

    group: str  # what it is
    seconds: float


@dataclass(frozen=True, slots=True)
class Minute:
    """Shares of one core."""

    share: float  # of all
    by_group: dict[str, float]


def between(before: Mapping[int, Used], after: Mapping[int, Used], elapsed_s: float) -> Minute:
    """What was used between two looks. Who started meanwhile is told apart: the pool had something to do."""
    spent: dict[str, float] = {}
    for pid, used in after.items():
        group = used.group if pid in before else f"{used.group}, started meanwhile"
        earlier = before[pid].seconds if pid in before else 0.0
        spent[group] = spent.get(group, 0.0) + (used.seconds - earlier) / elapsed_s
    told = {group: round(share, 5) for group, share in spent.items() if share > _LEAST}
    by_group = dict(sorted(told.items(), key=lambda item: item[1], reverse=True))
    return Minute(round(sum(spent.values()), 5), by_group)


async def minutes(count: int) -> list[Minute]:
    """Look on for so many minutes."""
    found = []
    before, begun = _look(), time.perf_counter()
    for _ in range(count):
        await asyncio.sleep(MINUTE_S)
        after, now = _look(), time.perf_counter()
        found.append(between(before, after, now - begun))
        before, begun = after, now
    return found


def _look() -> dict[int, Used]:
    """All processes below this one, by id."""
    found = {}
    for process in psutil.Process().children(recursive=True):
        try:
            times, group = process.cpu_times(), _group(process)
        except psutil.NoSuchProcess:  # ended since it was listed
            continue
        found[process.pid] = Used(group, times.user + times.system)
    return found


def _group(process: psutil.Process) -> str:
    words = process.cmdline()
    return next((server for server in _SERVERS if server in words), process.name())


def line(number: int, minute: Minute) -> str:
    """A minute for people."""
    parts = ", ".join(f"{group} {share:.2%}" for group, share in minute.by_group.items())
    return f"idle, minute {number}: {minute.share:.2%} of a core ({parts})"
