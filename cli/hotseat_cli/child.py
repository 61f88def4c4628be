"""One server process: started, listened to, ended."""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Self

from hotseat_serving import notify

_HURRY_S = 2.0  # from "end at once" to KILL, and from KILL to its report
_LINE_LIMIT = 1 << 20


@dataclass(frozen=True, slots=True)
class ServerSpec:
    """What to run, and how long it may take to come and to go."""

    name: str
    argv: tuple[str, ...]
    environment: Mapping[str, str]
    start_s: float = 60.0
    stop_s: float = 10.0


class Child:
    """A running server; `announced` gives the address it said it listens on, `exited` its exit code."""

    def __init__(self, spec: ServerSpec, process: asyncio.subprocess.Process) -> None:
        self.name = spec.name
        self._stop_s = spec.stop_s
        self._process = process
        self.announced: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.exited = asyncio.create_task(process.wait(), name=f"exit of {spec.name}")
        self._output = asyncio.create_task(self._pass_output_on(), name=f"output of {spec.name}")

    @classmethod
    async def start(cls, spec: ServerSpec, parent_fd: int) -> Self:
        """The server, started in a session of its own: a terminal's Ctrl-C reaches only the supervisor."""
        own = {name: value for name, value in spec.environment.items() if name not in notify.VARIABLES}
        process = await asyncio.create_subprocess_exec(
            *spec.argv,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            env={**own, "HOTSEAT_PARENT_FD": str(parent_fd)},
            pass_fds=(parent_fd,),
            start_new_session=True,
            limit=_LINE_LIMIT,
        )
        return cls(spec, process)

    async def _pass_output_on(self) -> None:
        # Standard output belongs to the supervisor's own banner: the rest of what a server says there is log.
        assert self._process.stdout is not None  # noqa: S101 - asked for as a pipe, above
        prefix = f"hotseat {self.name} listening on "
        async for raw in self._process.stdout:
            line = raw.decode(errors="replace").rstrip("\n")
            if line.startswith(prefix) and not self.announced.done():
                self.announced.set_result(line.removeprefix(prefix).strip())
            else:
                print(line, file=sys.stderr, flush=True)

    async def end(self, hurry: asyncio.Event) -> None:
        """Ends it: TERM and its time to finish, then the second signal that means at once, then KILL."""
        self.send(signal.SIGTERM)
        if not await self._gone(self._stop_s, unless=hurry):
            # Not a second TERM: the kernel would merge it with one that is still pending.
            self.send(signal.SIGINT)
            if not await self._gone(_HURRY_S):
                self.kill()
                await self._gone(_HURRY_S)
        await self._close_output()

    def kill(self) -> None:
        """Ends it without asking, and everything in its session's group."""
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    @property
    def stop_s(self) -> float:
        """How long `end` may take."""
        return self._stop_s + 2 * _HURRY_S

    def send(self, number: signal.Signals) -> None:
        """Sends it a signal, if it is there."""
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.send_signal(number)

    async def _gone(self, patience_s: float, unless: asyncio.Event | None = None) -> bool:
        hurried = [asyncio.create_task(unless.wait(), name=f"hurry {self.name}")] if unless else []
        try:
            await asyncio.wait([self.exited, *hurried], timeout=patience_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in hurried:
                task.cancel()
        return self.exited.done()

    async def _close_output(self) -> None:
        # A grandchild may hold the pipe open: what is not there after a moment is not waited for.
        await asyncio.wait({self._output}, timeout=0.5)
        self._output.cancel()
        self.announced.cancel()
