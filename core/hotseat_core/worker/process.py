"""A child process that speaks lines: spawn, write, read, end. It knows nothing of what the lines mean."""

import asyncio
import contextlib
import logging
import signal
from collections import deque
from collections.abc import Awaitable, Callable
from typing import cast

from hotseat_core.worker.command import Command
from hotseat_core.worker.frames import LineFramer, LineTooLongError
from hotseat_core.worker.inside import Inside
from hotseat_core.worker.opened import opened

logger = logging.getLogger(__name__)

STDERR_RING_BYTES = 64 * 1024

_EOF_GRACE_S = 2.0  # an idle CLI is gone 30 ms after the end of its input
_TERM_GRACE_S = 1.0  # it reaps its shells on SIGTERM, which takes 160 ms
_KILL_GRACE_S = 3.0  # a watcher gives what the command leaves behind 2 s
_OUTERMOST_GRACE_S = 2.0

_DRAIN_S = 0.5  # a grandchild may hold the output pipe open: the end of the process counts, not of the pipe

OnLines = Callable[[list[bytes]], None]
OnExit = Callable[[], None]


class _Protocol(asyncio.SubprocessProtocol):
    """Feeds the owner from the pipes, on the loop's own callbacks: a task a line would cost more than the line."""

    def __init__(self, on_lines: OnLines, on_exit: OnExit) -> None:
        self.exited = asyncio.Event()  # the process is gone and its output is read
        self.fault = ""
        self._on_lines = on_lines
        self._on_exit = on_exit
        self._framer = LineFramer()
        self._stderr: deque[bytes] = deque()
        self._stderr_size = 0  # bytes in _stderr; at most STDERR_RING_BYTES once trimmed
        self.on_fault: Callable[[], None] = lambda: None

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        if fd == 2:
            self._keep_stderr(data)
        elif not self.fault:
            self._read(data)

    def process_exited(self) -> None:
        asyncio.get_running_loop().call_later(_DRAIN_S, self._finish)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 -- asyncio's signature
        self._finish()

    @property
    def stderr_tail(self) -> str:
        return b"".join(self._stderr).decode("utf-8", "replace")

    def _finish(self) -> None:
        if not self.exited.is_set():
            self.exited.set()
            self._on_exit()

    def _read(self, data: bytes) -> None:
        try:
            lines = self._framer.feed(data)
        except LineTooLongError as exc:
            self.fault = str(exc)
            self.on_fault()
            return
        if lines:
            self._on_lines(lines)

    def _keep_stderr(self, data: bytes) -> None:
        self._stderr.append(data)
        self._stderr_size += len(data)
        while self._stderr_size > STDERR_RING_BYTES and len(self._stderr) > 1:
            self._stderr_size -= len(self._stderr.popleft())


class LineProcess:
    """A running command, inside whatever contains it. Whoever starts it ends it with aclose."""

    def __init__(self, transport: asyncio.SubprocessTransport, protocol: _Protocol, depth: int) -> None:
        self._transport = transport  # of the outermost process; the others end with it
        self._protocol = protocol
        self._depth = depth
        self._inside = Inside(depth)
        self._closing = asyncio.Lock()
        protocol.on_fault = self.kill

    @classmethod
    async def start(cls, command: Command, on_lines: OnLines, on_exit: OnExit) -> "LineProcess":
        """Spawn command; on_lines gets every batch of whole output lines, on_exit ends them.

        Raises OSError where it can't be spawned.
        """
        with opened(command) as ready:
            return await cls._start(ready, on_lines, on_exit)

    @classmethod
    async def _start(cls, command: Command, on_lines: OnLines, on_exit: OnExit) -> "LineProcess":
        loop = asyncio.get_running_loop()
        transport, protocol = await loop.subprocess_exec(
            lambda: _Protocol(on_lines, on_exit),
            *command.argv,
            env=dict(command.env),
            cwd=str(command.cwd),
            start_new_session=True,  # the terminal's Ctrl-C is for the server, not for its workers
            pass_fds=command.fds,
        )
        return cls(transport, protocol, command.depth)

    def look_inside(self) -> None:
        """Find the command's own process, which is sure to be there once it has spoken."""
        if self._inside.command_pid is None and not self.exited.is_set():
            self._inside.close()
            self._inside = Inside.below(self.root_pid, self._depth)

    @property
    def pid(self) -> int:
        """The command's own process id; before that is found, and without a containment, the outermost one."""
        return self._inside.command_pid or self.root_pid

    @property
    def root_pid(self) -> int:
        """The process id of the outermost process, which all others are below of."""
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
        """Send data, buffered without bound: what a turn says has its own."""
        pipe = cast("asyncio.WriteTransport | None", self._transport.get_pipe_transport(0))
        if pipe is not None and not pipe.is_closing():
            pipe.write(data)

    async def aclose(self, *, gently: bool) -> None:
        """Return when the processes are gone. gently: let the command end by itself at the end of its input, first."""
        async with self._closing:
            self.look_inside()
            await self._end(gently=gently)
            self._inside.close()

    async def _end(self, *, gently: bool) -> None:
        steps: list[tuple[Callable[[], None], float]] = [
            (self._terminate, _TERM_GRACE_S),
            (self.kill, _KILL_GRACE_S),
            (self._kill_outermost, _OUTERMOST_GRACE_S),
        ]
        if gently:
            steps.insert(0, (self._close_input, _EOF_GRACE_S))
        for step, grace_s in steps:
            if self.exited.is_set():
                break
            step()
            await _within(grace_s, self.exited.wait())
        # The outermost is the last to go, or the first: then the system ends the others for it.
        if not (self.exited.is_set() and await _within(_OUTERMOST_GRACE_S, self._inside.gone())):
            logger.error("a process outlives SIGKILL", extra={"pid": self.pid})
        self._transport.close()

    def _close_input(self) -> None:
        pipe = self._transport.get_pipe_transport(0)
        if pipe is not None:
            pipe.close()

    def _terminate(self) -> None:
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the command at once."""
        self._signal(signal.SIGKILL)

    def _kill_outermost(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._transport.send_signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        """Signal the command, which its containment then follows."""
        if not self._inside.signal(number):
            with contextlib.suppress(ProcessLookupError):
                self._transport.send_signal(number)


async def _within(seconds: float, waiting: Awaitable[object]) -> bool:
    """Wait no longer than that; tell whether it came."""
    try:
        async with asyncio.timeout(seconds):
            await waiting
    except TimeoutError:
        return False
    return True
