"""A TCP proxy that breaks connections when it is told to."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Proxy:
    """Passes bytes on, both ways, to a target written as gRPC does ("127.0.0.1:1", "unix:/x")."""

    def __init__(self, target: str) -> None:
        self.target = target
        self.address = ""
        self.is_shut = False  # new connections are refused, after they were accepted
        self._connections: set[asyncio.Task[None]] = set()

    def cut(self) -> None:
        """Break every connection, as a lost network does once the kernel gives up on it."""
        for connection in self._connections:
            connection.cancel()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        here = asyncio.current_task()
        assert here is not None
        self._connections.add(here)
        try:
            if not self.is_shut:
                await self._carry(reader, writer)
        except (asyncio.CancelledError, ConnectionError):
            return
        finally:
            self._connections.discard(here)
            writer.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.target.startswith("unix:"):
            back, forth = await asyncio.open_unix_connection(self.target.removeprefix("unix:"))
        else:
            back, forth = await asyncio.open_connection(*self.target.rsplit(":", 1))
        copying = [asyncio.create_task(_copy(reader, forth)), asyncio.create_task(_copy(back, writer))]
        try:
            await asyncio.wait(copying, return_when=asyncio.FIRST_COMPLETED)
        finally:
            forth.transport.abort()
            for task in copying:
                task.cancel()
            await asyncio.gather(*copying, return_exceptions=True)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()


@asynccontextmanager
async def proxying(target: str) -> AsyncIterator[Proxy]:
    """A proxy that listens on a port of 127.0.0.1."""
    proxy = Proxy(target)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()[:2]
    proxy.address = f"{host}:{port}"
    try:
        yield proxy
    finally:
        server.close()
        proxy.cut()
        await server.wait_closed()
