"""Whatever a worker has started ends with it: its processes carry its mark in their environment."""

import contextlib
import logging
import os
import shutil
import signal
from collections.abc import Mapping
from pathlib import Path

import psutil

logger = logging.getLogger(__name__)

MARK = "HOTSEAT_WORKER_ID"


def mark(worker_id: str) -> dict[str, str]:
    """Return the variables that tell the worker's processes from all others."""
    return {MARK: worker_id}


def dying_with_parent(argv: tuple[str, ...], env: Mapping[str, str]) -> tuple[str, ...]:
    """Return argv so that the process gets SIGTERM when the core dies, where the system has setpriv."""
    setpriv = shutil.which("setpriv", path=env.get("PATH"))
    return (setpriv, "--pdeathsig", "TERM", "--", *argv) if setpriv else argv


def survivors(worker_id: str) -> list[psutil.Process]:
    """Return the living processes that carry the worker's mark: those that left its group or its parent, too."""
    wanted = f"{MARK}={worker_id}".encode()
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(OSError):  # gone, or not ours
            if wanted in Path(f"/proc/{process.pid}/environ").read_bytes().split(b"\0"):
                found.append(process)
    return found


def kill_survivors(worker_id: str) -> int:
    """Kill what is left of a worker's tree; return how many processes that were."""
    left = [process for process in survivors(worker_id) if process.pid != os.getpid()]
    for process in left:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGKILL)
    if left:
        logger.warning("killed what a worker left behind", extra={"worker": worker_id, "processes": len(left)})
    return len(left)
