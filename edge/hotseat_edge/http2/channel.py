"""Where calls to the core begin: one connection at a time, made when it is wanted."""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Self
from urllib.parse import unquote

import msgspec
from hotseat import HotseatError

from hotseat_edge.http2 import heads
from hotseat_edge.http2.call import Call
from hotseat_edge.http2.connection import Connection

CONVERSE = "/hotseat.v1.ConversationService/Converse"
CONNECT_TIMEOUT_S = 5.0  # also for a core that is too busy to greet
REFUSED_S = 5.0  # how long a call is begun again and again that the core would not look at
_REST_S = 0.01  # after such a refusal
_CLOSE_S = 1.0
_STOPPED = heads.lost("this edge stops")

Metadata = tuple[tuple[str, str], ...]


class Address(msgspec.Struct, frozen=True):
    """Where the core listens: a host and a port, or a socket."""

    host: str = ""
    port: int = 0
    socket: str = ""

    @property
    def authority(self) -> str:
        """What the core is called in requests."""
        if self.socket:
            return "localhost"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def address_of(target: str) -> Address | None:
    """The address that a gRPC target names; None: it is more than one address, which is gRPC's to resolve."""
    if target.startswith("unix:"):
        path = target.removeprefix("unix:")
        return Address(socket=unquote(path.removeprefix("//") if path.startswith("///") else path))
    name = target.removeprefix("dns:///")
    host, colon, port = name.rpartition(":")
    is_plain = host.startswith("[") == host.endswith("]") and (host.startswith("[") or ":" not in host)
    if not (colon and host.strip("[]") and is_plain and "/" not in host and "," not in name):
        return None
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        return None
    return Address(host=host.strip("[]"), port=int(port))


class Channel:
    """Begins calls; fails those that wait where the core can't be reached. Use it as a context manager."""

    def __init__(
        self, address: Address, *, connect_timeout_s: float = CONNECT_TIMEOUT_S, refused_s: float = REFUSED_S
    ) -> None:
        self._address = address
        self._connect_timeout_s = connect_timeout_s
        self._refused_s = refused_s
        self._connections: set[Connection] = set()  # those that are left still carry their calls to the end
        self._waiting: deque[Call] = deque()  # for a connection, or for room on it; none of them is over
        self._connecting: asyncio.Task[None] | None = None
        self._resting: asyncio.TimerHandle | None = None  # nothing begins meanwhile
        self._is_closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._is_closed = True
        for connection in [*self._connections]:
            connection.close()
        if self._resting is not None:
            self._resting.cancel()
        self._fail(_STOPPED)
        if self._connecting is not None:
            self._connecting.cancel()
            await asyncio.wait([self._connecting], timeout=_CLOSE_S)

    @property
    def is_connected(self) -> bool:
        """The next call need not wait for a connection."""
        return any(connection.is_usable for connection in self._connections)

    def open(self, metadata: Metadata) -> Call:
        """Begin a Converse call, which fails later where it can't be had."""
        call = Call(heads.request(CONVERSE, self._address.authority, metadata))
        if self._is_closed:
            call.end(_STOPPED)
        else:
            call.add_done_callback(self._forget)
            self._waiting.append(call)
            self._serve()
        return call

    def _forget(self, call: Call) -> None:
        with suppress(ValueError):  # it waits no more
            self._waiting.remove(call)

    def _begin_again(self, call: Call) -> None:
        """In a moment: a core that refuses is full, also of calls that are over here and not yet there, or leaves."""
        loop = asyncio.get_running_loop()
        call.refused_at = call.refused_at or loop.time()
        if loop.time() - call.refused_at >= self._refused_s:
            call.end(heads.lost(f"the core has refused the call for {self._refused_s:.0f} s"))
            return
        self._waiting.appendleft(call)
        if self._resting is None:
            self._resting = loop.call_later(_REST_S, self._go_on)

    def _go_on(self) -> None:
        self._resting = None
        self._serve()

    def _serve(self) -> None:
        """Begin what can begin, and see to a connection where there is none."""
        if self._resting is not None:
            return
        self._connections = {connection for connection in self._connections if connection.is_alive}
        usable = next((connection for connection in self._connections if connection.is_usable), None)
        while usable is not None and usable.has_room and self._waiting:
            usable.begin(self._waiting.popleft())
        if usable is None and self._waiting and self._connecting is None and not self._is_closed:
            self._connecting = asyncio.create_task(self._connect(), name="connect to the core")

    async def _connect(self) -> None:
        connection = Connection(self._serve, self._begin_again)
        try:
            async with asyncio.timeout(self._connect_timeout_s):
                await self._reach(lambda: connection)
                await connection.greeted
        except (OSError, TimeoutError, HotseatError, UnicodeError) as error:  # the last: of a name that is none
            connection.close()
            why = str(error) or f"no greeting within {self._connect_timeout_s:.0f} s"
            self._connecting = None
            self._fail(heads.lost(f"the core at {self._address.authority} can't be reached: {why}"))
        except BaseException:
            connection.close()
            raise
        else:
            self._connecting = None
            self._connections.add(connection)
            self._serve()

    async def _reach(self, protocol: Callable[[], Connection]) -> None:
        loop = asyncio.get_running_loop()
        if self._address.socket:
            await loop.create_unix_connection(protocol, self._address.socket)
        else:
            await loop.create_connection(protocol, self._address.host, self._address.port)

    def _fail(self, failure: HotseatError) -> None:
        waiting, self._waiting = self._waiting, deque()
        for call in waiting:
            call.end(failure)
