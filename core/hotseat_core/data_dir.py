"""The core's directory: one core at a time."""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self


class DataDirError(Exception):
    """The directory can't be used; the message says why and what to do."""


class DataDirInUseError(DataDirError):
    """Another core has the directory."""


class DataDir:
    """Holds the directory's lock for as long as it is open; the system lets it go when the process ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd = -1

    def __enter__(self) -> Self:
        try:
            self._path.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._fd = os.open(self._path / "core.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as exc:
            raise DataDirError(f"the data can't be kept there: {exc}; set HOTSEAT_DATA_DIR") from exc
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._fd)
            raise DataDirInUseError(
                f"another hotseat core uses {self._path}; stop it, or set HOTSEAT_DATA_DIR to another directory"
            ) from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._fd)
