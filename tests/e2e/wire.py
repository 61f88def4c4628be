"""A client that hangs up: HTTP on a socket of its own, closed whenever the test says so."""

import asyncio
import json
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit


class Caller:
    """One request on one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self.received = b""

    async def until_received(self, text: str, seconds: float = 10) -> None:
        """Read on until this text has come."""
        async with asyncio.timeout(seconds):
            while text.encode() not in self.received:
                piece = await self._reader.read(65536)
                assert piece, f"ended without {text!r}: {self.received!r}"
                self.received += piece

    async def until_ended(self, seconds: float = 10) -> None:
        """Read on until the server ends the connection."""
        async with asyncio.timeout(seconds):
            while piece := await self._reader.read(65536):
                self.received += piece

    def close(self) -> None:
        """Hang up as a client that was closed."""
        self._writer.close()

    def reset(self) -> None:
        """Hang up as a client that was killed."""
        sock = self._writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()


@asynccontextmanager
async def calling(url: str, body: dict[str, Any], **headers: str) -> AsyncIterator[Caller]:
    """A chat request that was just sent."""
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    data = json.dumps(body).encode()
    lines = [
        "POST /v1/chat/completions HTTP/1.1",
        f"Host: {address.netloc}",
        "Content-Type: application/json",
        f"Content-Length: {len(data)}",
        "Connection: close",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    writer.write("\r\n".join([*lines, "", ""]).encode() + data)
    try:
        yield Caller(reader, writer)
    finally:
        writer.close()
