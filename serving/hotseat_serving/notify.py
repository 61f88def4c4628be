"""Tells a service manager such as systemd how this process does: ready, alive, stopping. As sd_notify(3) has it."""

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

logger = logging.getLogger(__name__)

# What a service manager tells the one process that is to answer; nothing that this process starts must speak for it.
VARIABLES = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")
_PATIENCE_S = 2.0  # with a manager that does not listen, once at the beginning and once at the end


@dataclass(frozen=True)
class Notifier:
    """Speaks to who started this process; where nobody listens, it says nothing."""

    address: str = ""  # of a unix socket; empty: nobody listens
    watchdog_s: float = 0.0  # this process counts as hung when it was silent for so long; 0: never

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "Notifier":
        """The one for this process, whose environment this is."""
        address = environment.get("NOTIFY_SOCKET", "")
        if not address.startswith(("/", "@")):  # nothing that we could send to
            return cls()
        limit, meant = environment.get("WATCHDOG_USEC", ""), environment.get("WATCHDOG_PID", str(os.getpid()))
        is_watched = limit.isdecimal() and meant == str(os.getpid())
        return cls(address, int(limit) / 1_000_000 if is_watched else 0.0)

    def ready(self, status: str) -> None:
        """Say that this process serves; the status is for those who look."""
        self._send(f"READY=1\nSTATUS={status}", _PATIENCE_S)

    def stopping(self, within_s: float) -> None:
        """Say that this process ends, and how long that may take."""
        self._send(f"STOPPING=1\nSTATUS=stopping\nEXTEND_TIMEOUT_USEC={int(within_s * 1_000_000)}", _PATIENCE_S)

    @contextlib.asynccontextmanager
    async def alive(self) -> AsyncIterator[None]:
        """Say again and again that the loop runs, until the block is left."""
        if not self.watchdog_s:
            yield
            return
        telling = asyncio.create_task(self._tell_again_and_again(), name="watchdog")
        try:
            yield
        finally:
            telling.cancel()
            await asyncio.wait({telling}, timeout=1)

    async def _tell_again_and_again(self) -> None:
        while True:
            self._send("WATCHDOG=1", 0)  # the next one does as well
            await asyncio.sleep(self.watchdog_s / 2)

    def _send(self, state: str, patience_s: float) -> None:
        if not self.address:
            return
        # An address with @ is an abstract one: its first byte is zero.
        address = f"\0{self.address[1:]}" if self.address.startswith("@") else self.address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as speaker:
                speaker.settimeout(patience_s)  # its queue is short, and a manager may be busy
                speaker.sendto(state.encode(), address)
        except OSError as error:
            logger.warning("the service manager can't be told", extra={"state": state, "error": str(error)})
