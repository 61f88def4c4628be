"""The processes that a core has started, as /proc shows them: seen from outside, whatever the core believes."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_MARK = "HOTSEAT_WORKER_ID="


@dataclass(frozen=True)
class Found:
    """A living process that carries a worker's mark."""

    pid: int
    parent: int
    worker_id: str
    command: str


def of_house(data_dir: Path) -> list[Found]:
    """Every living process of the workers of the core with this data directory, their children's children too."""
    return [found for entry in Path("/proc").iterdir() if entry.name.isdigit() and (found := _look(entry, data_dir))]


def of_worker(data_dir: Path, worker_id: str) -> list[Found]:
    """The living processes of one worker."""
    return [found for found in of_house(data_dir) if found.worker_id == worker_id]


def alive(pid: int) -> bool:
    """The process exists and is no zombie."""
    try:
        return _state(Path(f"/proc/{pid}")) != "Z"
    except OSError:
        return False


def _look(entry: Path, data_dir: Path) -> Found | None:
    try:
        environ = (entry / "environ").read_bytes().decode(errors="replace").split("\0")
        mark = next((name for name in environ if name.startswith(_MARK)), None)
        # The worker's directories are the core's: they tell this house from every other one on the machine.
        if mark is None or not any(str(data_dir) in name for name in environ):
            return None
        command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        return Found(int(entry.name), _parent(entry), mark.removeprefix(_MARK), command)
    except OSError:  # it ended while we looked, or is not ours to look at
        return None


def _stat(entry: Path) -> list[str]:
    return (entry / "stat").read_text().rpartition(")")[2].split()


def _state(entry: Path) -> str:
    return _stat(entry)[0]


def _parent(entry: Path) -> int:
    return int(_stat(entry)[1])


async def until(holds: Callable[[], bool], seconds: float, what: str) -> float:
    """Wait for something that nobody announces; return how long it took, or fail saying what did not happen."""
    started = time.monotonic()
    while not holds():
        if time.monotonic() - started > seconds:
            raise AssertionError(f"not within {seconds:g} s: {what}")
        await asyncio.sleep(0.01)
    return time.monotonic() - started
