"""How many workers a core has at a time, as /proc says."""

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil

_MARK = b"HOTSEAT_WORKER_ID="
_EVERY_S = 0.01


class Census:
    """Counts a core's workers every 10 ms, in a thread of its own."""

    def __init__(self, core_pid: int) -> None:
        self._core_pid = core_pid
        self._stop = threading.Event()
        self._counts: list[int] = []

    @property
    def most(self) -> int:
        """The most at a time."""
        return max(self._counts)

    @property
    def samples(self) -> int:
        """How often it has counted."""
        return len(self._counts)

    @contextlib.contextmanager
    def counting(self) -> Iterator["Census"]:
        """Count while inside the block."""
        thread = threading.Thread(target=self._run, name="census")
        thread.start()
        try:
            yield self
        finally:
            self._stop.set()
            thread.join()

    def _run(self) -> None:
        while not self._stop.wait(_EVERY_S):
            self._counts.append(sum(_is_worker(pid) for pid in self._children()))

    def _children(self) -> list[str]:
        with contextlib.suppress(OSError):  # a thread that ended while we looked
            threads = Path(f"/proc/{self._core_pid}/task").iterdir()
            return [pid for thread in threads for pid in (thread / "children").read_text().split()]
        return []


def _is_worker(pid: str) -> bool:
    try:
        return _MARK in Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return False


def server_pid(module: str) -> int:
    """The process of a server that this one has started. Raises LookupError."""
    for child in psutil.Process().children():
        if module in child.cmdline():
            return child.pid
    raise LookupError(f"{module} does not run")
