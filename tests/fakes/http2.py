"""HTTP/2 frames by hand, for what no well-behaved client would send."""

import asyncio
import struct
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 0, 1, 3, 4, 6, 7, 8, 9
END_STREAM, END_HEADERS, ACK = 1, 4, 1


def frame(kind: int, payload: bytes = b"", *, flags: int = 0, stream: int = 0) -> bytes:
    """One frame."""
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def block(headers: Mapping[str, str]) -> bytes:
    """Headers as HPACK has them without any table: each name and value in full."""
    return b"".join(b"\x00" + _text(name) + _text(value) for name, value in headers.items())


def call_headers(method: str, **more: str) -> bytes:
    """The headers of a gRPC call."""
    pseudo = {":method": "POST", ":scheme": "http", ":path": method, ":authority": "localhost"}
    return block(pseudo | {"te": "trailers", "content-type": "application/grpc"} | more)


def _text(text: str) -> bytes:
    raw = text.encode()
    if len(raw) < 127:
        return bytes([len(raw)]) + raw
    rest, length = len(raw) - 127, b"\x7f"
    while rest >= 128:
        length += bytes([rest % 128 + 128])
        rest //= 128
    return length + bytes([rest]) + raw


class Peer:
    """A connection, frame by frame."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def send(self, data: bytes) -> bool:
        """Whether the server still listened."""
        try:
            self.writer.write(data)
            await self.writer.drain()
        except ConnectionError:
            return False
        return True

    async def read(self) -> tuple[int, int, bytes] | None:
        """The next frame's kind, stream and payload; None: the connection has ended."""
        try:
            head = await self.reader.readexactly(9)
            payload = await self.reader.readexactly(int.from_bytes(head[:3], "big"))
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
        return head[3], int.from_bytes(head[5:9], "big"), payload

    async def until(self, kind: int, stream: int | None = None) -> bytes | None:
        """The payload of the first such frame; None: the connection ended without one."""
        while (found := await self.read()) is not None:
            if found[0] == kind and stream in (None, found[1]):
                return found[2]
        return None


@asynccontextmanager
async def connected(path: str, *, greets: bool = True) -> AsyncIterator[Peer]:
    """A connection to a server on a unix socket, that has begun HTTP/2 unless told otherwise."""
    reader, writer = await asyncio.open_unix_connection(path)
    peer = Peer(reader, writer)
    try:
        if greets:
            await peer.send(PREFACE + frame(SETTINGS))
        yield peer
    finally:
        writer.transport.abort()
