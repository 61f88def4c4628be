"""The processes inside a containment, from the outermost to the command's own."""

import asyncio
import contextlib
import os
import signal
from pathlib import Path
from typing import Self


class Inside:
    """Processes by handles that can't come to mean other ones. Whoever has it closes it."""

    def __init__(self, depth: int) -> None:
        self._depth = depth
        self._pids: list[int] = []
        self._handles: list[int] = []

    @classmethod
    def below(cls, pid: int, depth: int) -> Self:
        """Return the line of processes below this one, the eldest at each level, as far as it is there by now."""
        found = cls(depth)
        with contextlib.suppress(OSError, IndexError):  # it has ended, or has started none yet
            for _ in range(depth):
                # The system lists children by age, and those that were adopted last.
                pid = int(Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()[0])
                found._handles.append(os.pidfd_open(pid))
                found._pids.append(pid)
        return found

    @property
    def command_pid(self) -> int | None:
        """The command's own process; None: it was not there yet."""
        return self._pids[-1] if len(self._pids) == self._depth > 0 else None

    def signal(self, number: signal.Signals) -> bool:
        """Signal the command; False: it was not there yet."""
        if self.command_pid is None or not self._handles:
            return False
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._handles[-1], number)
        return True

    async def gone(self) -> None:
        """Return when all of them have ended; one caller at a time."""
        loop = asyncio.get_running_loop()
        for handle in self._handles:
            ended = asyncio.Event()
            loop.add_reader(handle, ended.set)
            try:
                await ended.wait()
            finally:
                loop.remove_reader(handle)

    def close(self) -> None:
        """Let the handles go."""
        while self._handles:
            os.close(self._handles.pop())
