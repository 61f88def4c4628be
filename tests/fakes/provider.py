"""A provider on a socket that answers byte for byte what a test says, and keeps what it was sent."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class Got:
    """One request, as it came."""

    head: bytes
    body: bytes
    connection: int  # from 1, in the order of their arrival

    @property
    def line(self) -> str:
        return self.head.split(b"\r\n", 1)[0].decode()

    @property
    def headers(self) -> list[tuple[str, str]]:
        lines = self.head.decode("latin-1").split("\r\n")[1:]
        pairs = (line.partition(":") for line in lines if line)
        return [(name.lower(), value.strip()) for name, _, value in pairs]

    def all(self, name: str) -> list[str]:
        return [value for found, value in self.headers if found == name]


Answer = Callable[["Line", Got], Awaitable[None]]


@dataclass
class Line:
    """The provider's end of a connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    hung_up: asyncio.Event = field(default_factory=asyncio.Event)

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    def reset(self) -> None:
        self.writer.transport.abort()


def whole(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    """An answer with its length."""
    lines = [f"HTTP/1.1 {status}", "content-type: application/json", *headers, f"content-length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


def chunked(*pieces: bytes, content_type: str = "text/event-stream") -> bytes:
    """An answer in chunks."""
    head = f"HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\ntransfer-encoding: chunked\r\n\r\n".encode()
    return head + b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


async def fine(line: Line, _got: Got) -> None:
    """Answer an empty object."""
    await line.send(whole(b"{}"))


class FakeProvider:
    """Answers each request by `answer`, which a test replaces."""

    def __init__(self) -> None:
        self.answer: Answer = fine
        self.got: list[Got] = []
        self.lines: list[Line] = []
        self.port = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        here = asyncio.current_task()
        assert here is not None
        self._tasks.add(here)
        line = Line(reader, writer)
        self.lines.append(line)
        number = len(self.lines)
        try:
            while True:
                got = await _read(reader, number)
                self.got.append(got)
                await self.answer(line, got)
        except (asyncio.IncompleteReadError, ConnectionError):
            line.hung_up.set()
        except asyncio.CancelledError:
            return
        finally:
            self._tasks.discard(here)
            writer.transport.abort()

    async def end(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _read(reader: asyncio.StreamReader, number: int) -> Got:
    head = await reader.readuntil(b"\r\n\r\n")
    got = Got(head, b"", number)
    size = int((got.all("content-length") or ["0"])[0])
    got.body = await reader.readexactly(size)
    return got


@asynccontextmanager
async def providing(tls: ssl.SSLContext | None = None) -> AsyncIterator[FakeProvider]:
    """A provider that listens on a port of 127.0.0.1."""
    provider = FakeProvider()
    server = await asyncio.start_server(provider.serve, "127.0.0.1", 0, ssl=tls, limit=1 << 22)
    provider.port = server.sockets[0].getsockname()[1]
    try:
        yield provider
    finally:
        server.close()
        await provider.end()
