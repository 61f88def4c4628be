"""The egress proxy of one worker: it connects its tools with the hosts that they may reach."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Awaitable, Callable

from hotseat_core.egress import asking
from hotseat_core.egress.asking import RefusedError, Wanted, read_head
from hotseat_core.egress.rules import Allowed

logger = logging.getLogger(__name__)

_MOST_CONNECTIONS = 128  # of one worker; a package manager has some 50
_HEAD_TIMEOUT_S = 10.0
_RESOLVE_TIMEOUT_S = 10.0
_CONNECT_TIMEOUT_S = 5.0  # for each address
_MOST_ADDRESSES = 4
_PIECE_BYTES = 64 * 1024
_CLOSE_TIMEOUT_S = 2.0
_MOST_NOTED = 100  # refused hosts of one worker that are logged, each once

Resolve = Callable[[str, int], Awaitable[list[str]]]
_Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Relay:
    """Serves the connections of one worker. Whoever makes it ends it with close, or aclose."""

    def __init__(self, worker_id: str, allowed: Allowed, resolve_host: Resolve) -> None:
        self._worker_id = worker_id
        self._allowed = allowed
        self._resolve = resolve_host
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._noted: set[str] = set()

    async def serve(self, listener: socket.socket) -> None:
        """Take connections from this socket, which is the relay's from now on."""
        self._server = await asyncio.start_server(self._take, sock=listener, limit=asking.MOST_HEAD_BYTES)

    def close(self) -> None:
        """Take no more, and cut what is under way."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for task in self._tasks:
            task.cancel()

    async def aclose(self) -> None:
        """Return when all of it has ended."""
        self.close()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_CLOSE_TIMEOUT_S)

    def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # It came in as the relay was closed; or there are so many that nobody is even told so any more.
        if self._server is None or len(self._tasks) >= 2 * _MOST_CONNECTIONS:
            writer.transport.abort()
            return
        task = asyncio.get_running_loop().create_task(self._attend((reader, writer)), name="egress")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _attend(self, client: _Stream) -> None:
        try:
            await self._pass_on(client)
        except RefusedError as refused:
            self._note(refused)
            await _tell(client, refused.answer)
        except (OSError, EOFError, TimeoutError):
            return  # one of the two is gone, or never said what it wants
        finally:
            client[1].transport.abort()

    async def _pass_on(self, client: _Stream) -> None:
        if len(self._tasks) > _MOST_CONNECTIONS:
            raise RefusedError(f"a worker may have {_MOST_CONNECTIONS} connections to other hosts at once", 503)
        async with asyncio.timeout(_HEAD_TIMEOUT_S):
            try:
                head = await client[0].readuntil(asking.END_OF_HEAD)
            except asyncio.LimitOverrunError:
                raise RefusedError(f"the request's head has more than {asking.MOST_HEAD_BYTES} bytes", 400) from None
        wanted = read_head(head, self._allowed)
        host = await self._connect(wanted)
        try:
            if wanted.first:
                host[1].write(wanted.first)
            else:
                client[1].write(asking.OPEN)
            await _join(client, host)
        finally:
            host[1].transport.abort()

    async def _connect(self, wanted: Wanted) -> _Stream:
        """Connect to an address that was looked at: the name is not asked for again, and may by then lead elsewhere."""
        why = ""
        for address in await self._addresses(wanted):
            try:
                async with asyncio.timeout(_CONNECT_TIMEOUT_S):
                    return await asyncio.open_connection(address, wanted.port)
            except TimeoutError:
                why = "it does not answer"
            except OSError as exc:
                why = exc.strerror or str(exc)
        raise RefusedError(f"{wanted.host}:{wanted.port} could not be reached: {why}", 502)

    async def _addresses(self, wanted: Wanted) -> list[str]:
        about = f"{wanted.host}:{wanted.port}"
        try:
            async with asyncio.timeout(_RESOLVE_TIMEOUT_S):
                found = await self._resolve(wanted.host, wanted.port)
        except (OSError, UnicodeError, TimeoutError):
            raise RefusedError(f"the name {wanted.host} leads to no address", 502) from None
        admitted = [address for address in found if self._allowed.admits(address)]
        if not admitted:
            told = f"{wanted.host} leads to {', '.join(found[:3])}, which is no address of the internet"
            raise RefusedError(f"{told}; HOTSEAT_EGRESS_NETWORKS lists the others that are let through", about=about)
        return admitted[:_MOST_ADDRESSES]

    def _note(self, refused: RefusedError) -> None:
        """Log it once: whatever runs in the worker can ask as often as it likes."""
        if refused.about and refused.about not in self._noted and len(self._noted) < _MOST_NOTED:
            self._noted.add(refused.about)
            extra = {"worker": self._worker_id, "host": refused.about[:260], "because": refused.message}
            logger.warning("an agent was kept from a host", extra=extra)


async def _tell(client: _Stream, answer: bytes) -> None:
    with contextlib.suppress(OSError, TimeoutError):  # it has hung up, or reads nothing
        async with asyncio.timeout(_CLOSE_TIMEOUT_S):
            client[1].write(answer)
            await client[1].drain()
            client[1].write_eof()
            # What it still sends is read: a connection that is closed over it loses the answer on its way.
            while await client[0].read(_PIECE_BYTES):
                pass


async def _join(one: _Stream, other: _Stream) -> None:
    """Pass on what each says to the other, until both have said all or one is gone."""
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_copy(one[0], other[1]))
            tasks.create_task(_copy(other[0], one[1]))
    except* OSError:  # with the one that is gone, the other one's connection ends, too
        pass


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(_PIECE_BYTES):
        writer.write(piece)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()
