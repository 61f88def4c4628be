"""Runs several servers as one: none is left behind, however it ends."""

import asyncio
import os
import signal
from collections.abc import Callable, Collection
from types import TracebackType
from typing import Any, Self

from hotseat_serving.hangup import Hangup

from hotseat_cli.child import Child, ServerSpec


class ServerFailed(Exception):
    """A server did not start, or ended by itself."""

    def __init__(self, message: str, exit_code: int = 1) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class Supervisor:
    """Starts servers one after another; leaving it ends them in reverse order.

    The first SIGTERM or SIGINT, or the end of the terminal, cancels the task that entered; `stopped_by` then says which
    it was. A second one, while the servers end, tells them to end at once; a third kills them. A SIGHUP that somebody
    sends calls on_hangup.
    """

    def __init__(self, report: Callable[[str], None], on_hangup: Callable[[], None] | None = None) -> None:
        self._report = report
        self._on_hangup = on_hangup
        self._hangup = Hangup()
        self._children: list[Child] = []
        self._hurry = asyncio.Event()
        self._stopping = False
        self.stopped_by: signal.Signals | None = None

    @property
    def hurried(self) -> bool:
        """A second signal came."""
        return self._hurry.is_set()

    @property
    def stop_s(self) -> float:
        """How long ending all servers may take."""
        return sum(child.stop_s for child in self._children)

    async def __aenter__(self) -> Self:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine always runs in a task
        # The servers watch the reading end: it is at its end when this process is gone, however it went.
        self._parent_fd, self._alive_fd = os.pipe()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._on_signal, number, task)
        loop.add_signal_handler(signal.SIGHUP, self._hang_up, task)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping = True
        for child in reversed(self._children):
            if not child.exited.done():
                self._report(f"ending the {child.name}")
            await child.end(self._hurry)
        os.close(self._parent_fd)
        os.close(self._alive_fd)

    def _hang_up(self, task: asyncio.Task[object]) -> None:
        if not self._hangup.means_end():
            if self._on_hangup is not None and not self._stopping:
                self._on_hangup()
        elif self.stopped_by is None:  # kernel and shell may both say it: that is no second signal
            self._on_signal(signal.SIGHUP, task)

    def pass_on(self, number: signal.Signals, names: Collection[str]) -> list[str]:
        """Send this signal to those of the named servers that listen; their names."""
        listening = [child for child in self._children if child.announced.done() and not child.exited.done()]
        told = [child for child in listening if child.name in names]
        for child in told:
            child.send(number)
        return [child.name for child in told]

    def _on_signal(self, number: signal.Signals, task: asyncio.Task[object]) -> None:
        if self._hurry.is_set():
            for child in self._children:
                child.kill()
            return
        if self.stopped_by is not None:
            self._hurry.set()
            return
        self.stopped_by = number
        if self._stopping:  # a server had failed: the others are being ended already
            self._hurry.set()
        else:
            task.cancel()

    async def start(self, spec: ServerSpec) -> str:
        """The address that the server listens on; ServerFailed if it, or one before it, ends instead."""
        self._report(f"starting the {spec.name}")
        child = await Child.start(spec, self._parent_fd)
        self._children.append(child)
        await self._wait({child.announced}, spec.start_s)
        if child.announced.done():
            return child.announced.result()
        self._raise_if_ended()
        raise ServerFailed(f"the {spec.name} did not listen within {spec.start_s:.0f} s; its log above says why")

    async def until_one_ends(self) -> None:
        """Waits while all servers run; ServerFailed when one does not any more."""
        await self._wait(set(), None)
        self._raise_if_ended()

    async def _wait(self, others: set[asyncio.Future[str]], timeout_s: float | None) -> None:
        waits: set[asyncio.Future[Any]] = {*others, *(child.exited for child in self._children)}
        await asyncio.wait(waits, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)

    def _raise_if_ended(self) -> None:
        for child in self._children:
            if child.exited.done():
                raise ServerFailed(f"the {child.name} {_how(child)}; its log above says why", _exit_code(child))


def _how(child: Child) -> str:
    code = child.exited.result()
    listening = child.announced.done() and not child.announced.cancelled()
    verb = "ended" if listening else "did not start"
    if code < 0:
        return f"{verb}: killed by {signal.Signals(-code).name}"
    return f"{verb}: exit code {code}"


def _exit_code(child: Child) -> int:
    # 2 is every server's word for a wrong setting; it stays 2 for whoever called us.
    return 2 if child.exited.result() == 2 and not child.announced.done() else 1
