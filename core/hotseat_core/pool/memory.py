"""How much memory processes use, with everything they have started."""

from collections.abc import Iterable

import psutil


def tree_memory_bytes(pids: Iterable[int]) -> dict[int, int]:
    """What each process takes with its descendants, in bytes; a process that is gone is left out. Blocks on /proc.

    Pages that several processes share count in parts (PSS): the CLI's binary is a third of what each would show
    otherwise. Where the kernel does not tell that, the resident size is taken.
    """
    children: dict[int, list[psutil.Process]] = {}
    for process in psutil.process_iter(["ppid"]):
        children.setdefault(process.info["ppid"], []).append(process)
    sizes: dict[int, int] = {}
    for pid in pids:
        try:
            sizes[pid] = _size(psutil.Process(pid)) + _below(pid, children)
        except psutil.NoSuchProcess:
            continue
    return sizes


def _below(pid: int, children: dict[int, list[psutil.Process]]) -> int:
    """The descendants' share, as far as they still exist."""
    total, front = 0, list(children.get(pid, ()))
    while front:
        process = front.pop()
        try:
            total += _size(process)
        except psutil.NoSuchProcess:
            continue
        front.extend(children.get(process.pid, ()))
    return total


def _size(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except (psutil.AccessDenied, AttributeError):
        return int(process.memory_info().rss)
