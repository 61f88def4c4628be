"""The processes below a process, as /proc has them."""

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

from hotseat_core.worker.appetite import tree

_PIECE = 4096
_CHILDREN = Path("/proc/thread-self/children")

Family = Callable[[int], list[int]]


def descent() -> Family:
    """What tells of a process and all below it, without those that have ended.

    Asked from above where the kernel tells a thread's children, which takes the time of the worker's processes alone;
    else the parents of all processes of the machine are read, once.
    """
    return family if _CHILDREN.exists() else _by_parents()


def family(root: int) -> list[int]:
    """Return a process and all below it. Who changes its parent meanwhile may be left out this time."""
    found = {root: None}
    waiting = [root]
    while waiting:
        below = [child for child in _children(waiting.pop()) if child not in found and parent(child)]
        found |= dict.fromkeys(below)
        waiting += below
    return list(found)


def _children(pid: int) -> list[int]:
    found: list[int] = []
    with contextlib.suppress(OSError):  # it has ended
        for thread in os.listdir(f"/proc/{pid}/task"):
            with contextlib.suppress(OSError):  # this thread has, and the others have its children
                found += map(int, read(f"/proc/{pid}/task/{thread}/children").split())
    return found


def _by_parents() -> Family:
    children: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit() and (above := parent(int(entry))):
            children.setdefault(above, []).append(int(entry))
    return lambda root: tree(root, children)


def parent(pid: int) -> int:
    """Return who is above a process; 0: nobody, or it is gone, or has ended and takes nothing."""
    try:
        fields = read(f"/proc/{pid}/stat").rpartition(b")")[2].split()
    except OSError:
        return 0
    return 0 if fields[0] == b"Z" else int(fields[1])


def read(path: str) -> bytes:
    """Return a file of the system's own. A file object would take as long again."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        told = b""
        while piece := os.read(handle, _PIECE):
            told += piece
        return told
    finally:
        os.close(handle)
