"""Runs a command on a terminal of its own, types into it and reads the screen."""

import asyncio
import fcntl
import os
import signal
import struct
import sys
import termios
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

# The session's leader takes the terminal over: only so does Ctrl-C become a signal.
_TAKE_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
)


class Screen:
    """A terminal with a program on it."""

    def __init__(self, descriptor: int, process: asyncio.subprocess.Process) -> None:
        self._descriptor = descriptor
        self._process = process
        self._changed = asyncio.Event()
        self._has_ended = asyncio.Event()
        self.text = ""

    def read(self) -> None:
        try:
            data = os.read(self._descriptor, 65536)
        except OSError:  # Linux: the program has closed its side
            data = b""
        if not data:
            asyncio.get_running_loop().remove_reader(self._descriptor)
            self._has_ended.set()
        self.text += data.decode(errors="replace").replace("\r\n", "\n")
        self._changed.set()

    def type(self, keys: str) -> None:
        os.write(self._descriptor, keys.encode())

    def resize(self, rows: int, columns: int) -> None:
        fcntl.ioctl(self._descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    @property
    def modes(self) -> list[object]:
        """How the terminal treats what is typed: its echo, its line editing."""
        return termios.tcgetattr(self._descriptor)[:4]

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    async def until_stopped(self) -> None:
        async with asyncio.timeout(10):
            while self._state() != "T":  # noqa: ASYNC110 - nobody announces it
                await asyncio.sleep(0.02)

    async def shows(self, text: str, times: int = 1) -> None:
        try:
            async with asyncio.timeout(10):
                while self.text.count(text) < times:
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise AssertionError(f"{text!r} is not on the screen: {self.text!r}") from None

    async def press_ctrl_c(self) -> None:
        """Press it as a person does: when the program waits for a key.

        Between showing what was typed and waiting for more, Python's input() overlooks it until the next one.
        """
        asleep = 0
        async with asyncio.timeout(10):
            while asleep < 3:
                asleep = asleep + 1 if self._waits() else 0
                await asyncio.sleep(0.02)
        self.type("\x03")

    def _waits(self) -> bool:
        return self._state() == "S"

    def _state(self) -> str:
        return Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()[0]

    async def exit_code(self) -> int:
        """Return it once all that the program has written is on the screen."""
        async with asyncio.timeout(10):
            await self._has_ended.wait()
            return await self._process.wait()


@asynccontextmanager
async def on_screen(*arguments: str, **environment: str) -> AsyncIterator[Screen]:
    """`hotseat ARGUMENTS` on a new terminal."""
    ours, theirs = os.openpty()
    command = (sys.executable, "-m", "hotseat_cli", *arguments)
    # A size in the environment, as test runners leave one there, would be believed before the terminal.
    inherited = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        _TAKE_TERMINAL,
        *command,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        env={**inherited, "TERM": "xterm", **environment},
    )
    os.close(theirs)
    screen = Screen(ours, process)
    asyncio.get_running_loop().add_reader(ours, screen.read)
    try:
        yield screen
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        asyncio.get_running_loop().remove_reader(ours)
        os.close(ours)
