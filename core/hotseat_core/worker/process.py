"""A child process that speaks lines: spawn, write, read, end. It knows nothing of what the lines mean."""

import asyncio
import contextlib
import logging
import signal
from collections import deque
from collections.abc import Callable
from typing import cast

from hotseat_core.worker.command import Command
from hotseat_core.worker.frames import LineFramer, LineTooLongError

logger = logging.getLogger(__name__)

STDERR_RING_BYTES = 64 * 1024

_EOF_GRACE_S = 2.0  # an idle CLI is gone 30 ms after the end of its input
_TERM_GRACE_S = 1.0  # it reaps its shells on SIGTERM, which takes 160 ms
_KILL_GRACE_S = 5.0

_DRAIN_S = 0.5  # a grandchild may hold the output pipe open: the end of the process counts, not of the pipe

OnLines = Callable[[list[bytes]], None]
OnExit = Callable[[], None]


class _Protocol(asyncio.SubprocessProtocol):
    """Feeds the owner from the pipes, on the loop's own callbacks: a task a line would cost more than the line."""

    def __init__(self, on_lines: OnLines, on_exit: OnExit) -> None:
        self.exited = asyncio.Event()  # the process is gone and its output is read
        self.writable = asyncio.Event()
        self.writable.set()
        self.fault = ""
        self._on_lines = on_lines
        self._on_exit = on_exit
        self._framer = LineFramer()
        self._stderr: deque[bytes] = deque()
        self._stderr_size = 0  # bytes in _stderr; at most STDERR_RING_BYTES once trimmed
        self._transport: asyncio.SubprocessTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.SubprocessTransport", transport)

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        if fd == 2:
            self._keep_stderr(data)
        elif not self.fault:
            self._read(data)

    def pause_writing(self) -> None:
        self.writable.clear()

    def resume_writing(self) -> None:
        self.writable.set()

    def process_exited(self) -> None:
        asyncio.get_running_loop().call_later(_DRAIN_S, self._finish)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 -- asyncio's signature
        self._finish()

    @property
    def stderr_tail(self) -> str:
        return b"".join(self._stderr).decode("utf-8", "replace")

    def _finish(self) -> None:
        self.writable.set()
        if not self.exited.is_set():
            self.exited.set()
            self._on_exit()

    def _read(self, data: bytes) -> None:
        try:
            lines = self._framer.feed(data)
        except LineTooLongError as exc:
            self.fault = str(exc)
            if self._transport is not None:
                self._transport.kill()
            return
        if lines:
            self._on_lines(lines)

    def _keep_stderr(self, data: bytes) -> None:
        self._stderr.append(data)
        self._stderr_size += len(data)
        while self._stderr_size > STDERR_RING_BYTES and len(self._stderr) > 1:
            self._stderr_size -= len(self._stderr.popleft())


class LineProcess:
    """A running child. Whoever starts it ends it with aclose."""

    def __init__(self, transport: asyncio.SubprocessTransport, protocol: _Protocol) -> None:
        self._transport = transport
        self._protocol = protocol

    @classmethod
    async def start(cls, command: Command, on_lines: OnLines, on_exit: OnExit) -> "LineProcess":
        """Spawn command; on_lines gets every batch of whole output lines, on_exit ends them.

        Raises OSError where it can't be spawned.
        """
        loop = asyncio.get_running_loop()
        transport, protocol = await loop.subprocess_exec(
            lambda: _Protocol(on_lines, on_exit),
            *command.argv,
            env=dict(command.env),
            cwd=str(command.cwd),
            start_new_session=True,  # the terminal's Ctrl-C is for the server, not for its workers
        )
        return cls(transport, protocol)

    @property
    def pid(self) -> int:
        """The operating system's process id."""
        return self._transport.get_pid()

    @property
    def returncode(self) -> int | None:
        """The exit code, or minus the signal's number; None: it runs."""
        return self._transport.get_returncode()

    @property
    def exited(self) -> asyncio.Event:
        """Set once the process is gone and its output is drained."""
        return self._protocol.exited

    @property
    def last_words(self) -> str:
        """Why the process is useless or gone, for a log: our own finding, or the end of its standard error."""
        return self._protocol.fault or self._protocol.stderr_tail[-2000:].strip()

    def write(self, data: bytes) -> None:
        """Send data, buffered without bound: await drained after large writes."""
        pipe = cast("asyncio.WriteTransport | None", self._transport.get_pipe_transport(0))
        if pipe is not None and not pipe.is_closing():
            pipe.write(data)

    async def drained(self) -> None:
        """Return when the buffer is small again, or the process gone."""
        await self._protocol.writable.wait()

    async def aclose(self, *, gently: bool) -> None:
        """Return when the process is gone. gently: let it end by itself at the end of its input, first."""
        steps: list[tuple[Callable[[], None], float]] = [
            (self._terminate, _TERM_GRACE_S),
            (self.kill, _KILL_GRACE_S),
        ]
        if gently:
            steps.insert(0, (self._close_input, _EOF_GRACE_S))
        for step, grace_s in steps:
            if self.exited.is_set():
                break
            step()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(grace_s):
                    await self.exited.wait()
        if not self.exited.is_set():
            logger.error("a process outlives SIGKILL", extra={"pid": self.pid})
        self._transport.close()

    def _close_input(self) -> None:
        pipe = self._transport.get_pipe_transport(0)
        if pipe is not None:
            pipe.close()

    def _terminate(self) -> None:
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the process at once."""
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._transport.send_signal(number)
