"""What the file system tells of writes to a database: that is had for some microseconds, and without a thread."""

import os
import time
from collections.abc import Callable
from pathlib import Path

_GRAIN_S = 2.0  # file systems tell times in steps of up to this: two writes within one may look like one
_LONGEST_S = 5.0  # nobody's times are believed for longer

_Trace = tuple[int, int, int] | None  # None: there is no such file, or it may not be looked at


class Traces:
    """Tells whether somebody may have written into a database with a write-ahead log since it was read."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self._paths = (path, path.with_name(f"{path.name}-wal"))
        self._clock = clock
        self._found: list[_Trace] = []
        self._read: list[_Trace] = []  # empty: has to be read in any case
        self._look_time = self._read_time = 0.0

    def are_new(self) -> bool:
        """Look, and say whether the database has to be read. To be followed by `were_read` once it was."""
        self._look_time = self._clock()
        self._found = [_trace(path) for path in self._paths]
        age_s = self._look_time - self._read_time
        return self._found != self._read or not 0 <= age_s < _LONGEST_S

    def were_read(self) -> None:
        """Take it that the database was read after the latest look."""
        latest = max(found[0] / 1e9 if found else self._look_time for found in self._found)
        self._read = self._found if latest < self._look_time - _GRAIN_S else []
        self._read_time = self._look_time


def _trace(path: Path) -> _Trace:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
