"""Keeps a server's log in files of bounded size, for `hotseat logs`."""

import itertools
import logging
import os
import sys
from pathlib import Path

from hotseat_serving import logs
from hotseat_serving.configuration.telling_rows import NO_LOG

SUFFIX = ".jsonl"
MOST_BYTES = 10 * 2**20  # of one file; a full one is moved aside
OLD_FILES = 4  # that are kept of those


class CannotKeepLogError(Exception):
    """The log can't be kept there; the message says why and what to do."""


def keep(directory: str, server: str) -> None:
    """Also write what this process logs there, as lines of JSON; nothing where no directory is named."""
    if directory in ("", NO_LOG):
        return
    path = Path(directory).expanduser().absolute()
    try:
        _make(path)
        handler = _KeptLog(path / f"{server}{SUFFIX}")
    except OSError as error:
        raise CannotKeepLogError(
            f"the log can't be kept in {path}: {error.strerror}; set HOTSEAT_LOG_DIR to another place, or to {NO_LOG}"
        ) from error
    handler.setFormatter(logs.json_lines())
    logging.getLogger().addHandler(handler)


def _make(directory: Path) -> None:
    # Each for the user alone: mkdir's own way of making parents is not so strict.
    for path in (*reversed(directory.parents), directory):
        if not path.exists():
            path.mkdir(mode=0o700, exist_ok=True)


class _KeptLog(logging.Handler):
    """Files that the user alone can read; where writing fails, that is said once, and tried again with each record.

    A line costs one call of the system: logging.handlers makes each line twice, and asks for the file's size.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self._has_complained = False
        self._fd = self._open()

    def _open(self) -> int:
        fd = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._size = os.fstat(fd).st_size
        return fd

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record."""
        try:
            line = f"{self.format(record)}\n".encode(errors="backslashreplace")
            if self._size and self._size + len(line) > MOST_BYTES:
                self._move_aside()
            self._size += os.write(self._fd, line)
        except Exception:  # noqa: BLE001 - as every handler: who logs must not fail for it
            self.handleError(record)

    def _move_aside(self) -> None:
        names = [self._path, *(self._path.with_name(f"{self._path.name}.{count}") for count in range(1, OLD_FILES + 1))]
        for newer, older in reversed([*itertools.pairwise(names)]):
            if newer.exists():
                newer.replace(older)
        full, self._fd = self._fd, self._open()
        os.close(full)

    def close(self) -> None:
        """Close the file."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
        super().close()

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802 - named by the base class
        """Say on standard error, once, that the files miss something: the log itself goes on there."""
        if not self._has_complained:
            self._has_complained = True
            sys.stderr.write(f"hotseat: the log in {self._path} misses lines: {sys.exc_info()[1]}\n")
