"""What a worker has left behind, found by the mark that its processes carry in their environment."""

import contextlib
import logging
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import psutil

logger = logging.getLogger(__name__)

MARK = "HOTSEAT_WORKER_ID"
_MARKED = f"{MARK}=".encode()
_GONE_S = 1.0  # a process that the kernel keeps longer waits for a device
_LOOK_S = 0.005


def mark(worker_id: str) -> dict[str, str]:
    """Return the variables that tell the worker's processes from all others."""
    return {MARK: worker_id}


def kill_survivors(worker_id: str) -> int:
    """Kill what is left of a worker's tree; return how many processes that were.

    The containment has done so already. This is for a containment that was itself killed.
    """
    wanted = f"{MARK}={worker_id}".encode()
    left = _kill(lambda environment: wanted in environment)
    if left:
        logger.warning("killed what a worker left behind", extra={"worker": worker_id, "processes": left})
    return left


def kill_predecessors(scratch_root: Path) -> int:
    """Kill what is left of workers with a directory in this one, which an earlier core started; return how many."""
    home = f"HOME={scratch_root}/".encode()

    def is_ours(environment: list[bytes]) -> bool:
        return any(pair.startswith(_MARKED) for pair in environment) and any(
            pair.startswith(home) for pair in environment
        )

    left = _kill(is_ours)
    if left:
        logger.warning("killed what an earlier core's workers left behind", extra={"processes": left})
    return left


def _kill(wanted: Callable[[list[bytes]], bool]) -> int:
    """Kill every process, but us, whose environment is wanted, and see them go; return how many."""
    killed = []
    for process in psutil.process_iter():
        with contextlib.suppress(OSError, psutil.NoSuchProcess):  # gone, or not ours
            environment = Path(f"/proc/{process.pid}/environ").read_bytes().split(b"\0")
            if process.pid != os.getpid() and wanted(environment):
                process.send_signal(signal.SIGKILL)
                killed.append(process)
    gone_by = time.monotonic() + _GONE_S
    while any(_lives(process) for process in killed) and time.monotonic() < gone_by:
        time.sleep(_LOOK_S)
    return len(killed)


def _lives(process: psutil.Process) -> bool:
    """Whether it may still run; what nobody has waited for does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
