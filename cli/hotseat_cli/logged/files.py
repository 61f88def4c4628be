"""The files of a kept log: their ends, and what is written to them from now on."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from hotseat_serving.kept_log import OLD_FILES, SUFFIX

from hotseat_cli.logged.lines import Line, parse


def servers(directory: Path) -> list[str]:
    """Those that have kept a log there."""
    return sorted(path.name.removesuffix(SUFFIX) for path in directory.glob(f"*{SUFFIX}"))


def ends(
    path: Path, server: str, count: int, wanted: Callable[[Line], bool], most_bytes: int | None = None
) -> list[Line]:
    """The last wanted lines, going back through the older files as far as that takes; most_bytes: of the newest."""
    found = _last(path, server, count, wanted, most_bytes)
    for number in range(1, OLD_FILES + 1):
        if len(found) >= count:
            break
        older = path.with_name(f"{path.name}.{number}")
        found = [*_last(older, server, count - len(found), wanted), *found]
    return found


def _last(
    file: Path, server: str, count: int, wanted: Callable[[Line], bool], most_bytes: int | None = None
) -> list[Line]:
    try:
        texts = file.read_bytes()[:most_bytes].splitlines()
    except FileNotFoundError:  # it was moved on meanwhile, or there never was one
        return []
    found: list[Line] = []
    for text in reversed(texts):
        if len(found) == count:
            break
        if text.strip() and wanted(line := parse(text.decode(errors="replace"), server)):
            found.append(line)
    return found[::-1]


class Follower:
    """Reads what is written to one log from now on, also once a full file was moved aside; `seen` bytes were before."""

    def __init__(self, path: Path, server: str) -> None:
        self.path = path
        self.server = server
        self._rest = b""  # of a line that is not whole yet
        self._file: BinaryIO | None = None
        self._open()
        self.seen = self._file.seek(0, os.SEEK_END) if self._file else 0

    def new_lines(self) -> Iterator[Line]:
        """What has come since the last time."""
        if self._file is None:
            self._open()
        while self._file is not None:
            yield from self._read(self._file)
            if not self._is_left_behind(self._file):
                return
            yield from self._read(self._file)  # what came just before it was moved
            self.close()
            self._open()

    def close(self) -> None:
        """Read no more."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _open(self) -> None:
        try:
            self._file = self.path.open("rb")
        except FileNotFoundError:  # between two files, or the server has not begun
            self._file = None

    def _read(self, file: BinaryIO) -> Iterator[Line]:
        *whole, self._rest = (self._rest + file.read()).split(b"\n")
        yield from (parse(text.decode(errors="replace"), self.server) for text in whole if text.strip())

    def _is_left_behind(self, file: BinaryIO) -> bool:
        try:
            now = self.path.stat()
        except FileNotFoundError:
            return False
        return (now.st_dev, now.st_ino) != (os.fstat(file.fileno()).st_dev, os.fstat(file.fileno()).st_ino)
