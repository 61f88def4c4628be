"""Connections to the provider: made, kept for the next request, and ended."""

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import Coroutine
from typing import Any, cast

from hotseat_core.upstream.provider import Provider, Way
from hotseat_core.upstream.provider_side import ProviderSide

logger = logging.getLogger(__name__)

CONNECT_TIMEOUT_S = 15.0
_KEPT_S = 240.0  # idle: providers keep theirs longer
_MOST_KEPT = 64
_KEEPALIVE = ((socket.TCP_KEEPIDLE, 30), (socket.TCP_KEEPINTVL, 10), (socket.TCP_KEEPCNT, 3))
_LONGEST_TUNNEL_HEAD = 16 * 1024


class UnreachableError(Exception):
    """The provider can't be reached; the message says why."""


class Connections:
    """Those to one provider. Whoever makes it ends it with aclose."""

    def __init__(self, provider: Provider, way: Way, tls: ssl.SSLContext | None) -> None:
        self.provider = provider
        self.way = way
        self._tls = tls
        self._idle: list[tuple[ProviderSide, asyncio.TimerHandle]] = []  # the latest used last
        self._all: set[ProviderSide] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def take(self) -> ProviderSide | None:
        """Return a connection that waits for use; None: there is none."""
        while self._idle:
            connection, timer = self._idle.pop()
            timer.cancel()
            if connection.is_reusable:
                return connection
            self._all.discard(connection)
        return None

    async def connect(self) -> ProviderSide:
        """Make a connection. Raises UnreachableError."""
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                connection = await self._connect()
        except TimeoutError:
            raise UnreachableError(f"{self.way.host} did not answer within {CONNECT_TIMEOUT_S:.0f} s") from None
        except (OSError, ValueError) as exc:  # a host name that is none is a ValueError
            raise UnreachableError(f"{self.way.host}: {_reason(exc)}") from exc
        self._all.add(connection)
        return connection

    def give_back(self, connection: ProviderSide) -> None:
        """Keep a connection whose answer was read, if it can be used again."""
        if not connection.is_reusable or len(self._idle) >= _MOST_KEPT:
            self.end(connection)
            return
        connection.transport.resume_reading()
        timer = asyncio.get_running_loop().call_later(_KEPT_S, self._expire, connection)
        self._idle.append((connection, timer))

    def end(self, connection: ProviderSide) -> None:
        """End a connection at once."""
        self._all.discard(connection)
        connection.abort()

    def run(self, connecting: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run what makes a connection; it is cancelled where it is still about it at the end."""
        task = asyncio.get_running_loop().create_task(connecting, name="connect to the provider")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def aclose(self) -> None:
        """End them all."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for _, timer in self._idle:
            timer.cancel()
        self._idle.clear()
        for connection in self._all:
            connection.abort()
        self._all.clear()

    def _expire(self, connection: ProviderSide) -> None:
        self._idle = [kept for kept in self._idle if kept[0] is not connection]
        self.end(connection)

    async def _connect(self) -> ProviderSide:
        loop = asyncio.get_running_loop()
        way, tls = self.way, self._tls
        name = self.provider.host if tls is not None else None
        if not way.is_tunnelled:
            transport, connection = await loop.create_connection(
                ProviderSide, way.host, way.port, ssl=tls, server_hostname=name
            )
            _keep_alive(transport)
            return connection
        tunnel, opening = await loop.create_connection(_Tunnel, way.host, way.port)
        try:
            _keep_alive(tunnel)
            await opening.open(f"{self.provider.host}:{self.provider.port}", way.proxy_authorization)
            connection = ProviderSide()
            inner = await loop.start_tls(tunnel, connection, cast("ssl.SSLContext", tls), server_hostname=name)
            connection.connection_made(cast("asyncio.Transport", inner))
        except BaseException:
            tunnel.abort()
            raise
        return connection


class _Tunnel(asyncio.Protocol):
    """The first words with an HTTP proxy, before it passes everything on."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport
        self._head = b""
        self._answered: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def open(self, authority: str, authorization: bytes) -> None:
        """Return when the way is open. Raises OSError."""
        lines = [f"CONNECT {authority} HTTP/1.1".encode(), f"host: {authority}".encode()]
        if authorization:
            lines.append(b"proxy-authorization: " + authorization)
        self._transport.write(b"\r\n".join([*lines, b"", b""]))
        first_line = (await self._answered).partition(b"\r\n")[0].decode("latin-1")
        version, _, status = first_line.partition(" ")
        if not version.startswith("HTTP/1.") or not status.startswith("2"):
            raise OSError(f"the HTTP proxy answered {status[:80] or 'nothing'}")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._head += data
        if self._answered.done():
            return
        if b"\r\n\r\n" in self._head:
            self._answered.set_result(self._head)
        elif len(self._head) > _LONGEST_TUNNEL_HEAD:
            self._answered.set_exception(OSError("the HTTP proxy's answer is no HTTP"))

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._answered.done():
            self._answered.set_exception(exc or ConnectionResetError("the HTTP proxy hung up"))


def _keep_alive(transport: asyncio.BaseTransport) -> None:
    """Notice a provider that is gone without a word, and send small requests at once."""
    found = transport.get_extra_info("socket")
    if found is None:
        return
    with contextlib.suppress(OSError):  # an improvement, and not every system has all of them
        found.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in _KEEPALIVE:
            found.setsockopt(socket.IPPROTO_TCP, option, value)


def _reason(exc: OSError | ValueError) -> str:
    if isinstance(exc, ssl.SSLCertVerificationError):
        return f"its certificate can't be trusted: {exc.verify_message}"
    return getattr(exc, "strerror", None) or str(exc) or type(exc).__name__
