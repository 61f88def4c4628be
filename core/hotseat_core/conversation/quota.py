"""How much of the disk a conversation's workspace may take."""

import asyncio
import os
import stat
import time
from collections.abc import Callable
from pathlib import Path

_INTERVAL_S = 2.0
_SHARE = 20  # a directory that takes long to go through is looked at as much more rarely


class Quota:
    """Watches one workspace while turns run in it."""

    def __init__(self, limit_bytes: int, measure: Callable[[Path], int] | None = None) -> None:
        self._limit = limit_bytes  # 0: none
        self._measure = measure or size_of
        self._known: int | None = None  # what it took when it was last looked at

    async def exceeded(self, directory: Path) -> int:
        """Return what it takes, once that is beyond the limit; without a limit, never.

        What is there already may stay: a turn that makes room must be able to run.
        """
        if not self._limit:
            await asyncio.Event().wait()
        allowed = max(self._limit, self._known or 0)
        while True:
            await asyncio.sleep(_INTERVAL_S)
            began = time.monotonic()
            self._known = await asyncio.to_thread(self._measure, directory)
            if self._known > allowed:
                return self._known
            await asyncio.sleep(_SHARE * (time.monotonic() - began))


def size_of(directory: Path) -> int:
    """Return the bytes of disk that all files in it take; what goes meanwhile, or can't be read, counts as nothing."""
    found = 0
    waiting = [str(directory)]
    seen: set[tuple[int, int]] = set()  # a file of several names takes its room once
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    status = entry.stat(follow_symlinks=False)
                    if stat.S_ISDIR(status.st_mode):
                        waiting.append(entry.path)
                    elif status.st_nlink > 1:
                        if (status.st_dev, status.st_ino) in seen:
                            continue
                        seen.add((status.st_dev, status.st_ino))
                    found += status.st_blocks * 512
        except OSError:
            continue
    return found
