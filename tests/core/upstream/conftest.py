"""The proxy between a raw client, in the worker's place, and a raw provider."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from hotseat_core.upstream.account import Call
from hotseat_core.upstream.credential import Credential
from hotseat_core.upstream.door import Door
from hotseat_core.upstream.lane import USUAL, Patience
from hotseat_core.upstream.models import Models
from hotseat_core.upstream.provider import parse_provider
from hotseat_core.upstream.proxy import Proxy, proxying

from tests.fakes.provider import FakeProvider, providing

KEY = "sk-ant-canary"


class Client:
    """A worker's end of a connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, token: str) -> None:
        self.reader = reader
        self.writer = writer
        self.token = token

    def ask(
        self, body: bytes = b"{}", *headers: str, line: str = "POST /v1/messages HTTP/1.1", token: str | None = None
    ) -> None:
        shown = self.token if token is None else token
        lines = [line, "host: x", f"x-api-key: {shown}", f"content-length: {len(body)}", *headers, "", ""]
        self.writer.write("\r\n".join(lines).encode() + body)

    async def head(self) -> tuple[int, dict[str, str]]:
        """The answer's status and headers."""
        lines = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        pairs = (line.partition(": ") for line in lines[1:] if line)
        return int(lines[0].split()[1]), {name.lower(): value for name, _, value in pairs}

    async def chunk(self) -> bytes:
        """The next chunk of the body; empty: the last one."""
        size = int((await self.reader.readline()).strip(), 16)
        data = await self.reader.readexactly(size)
        assert await self.reader.readexactly(2) == b"\r\n"
        return data

    async def answer(self) -> tuple[int, dict[str, str], bytes]:
        """A whole answer."""
        status, headers = await self.head()
        if "content-length" in headers:
            return status, headers, await self.reader.readexactly(int(headers["content-length"]))
        pieces = []
        while piece := await self.chunk():
            pieces.append(piece)
        return status, headers, b"".join(pieces)

    async def ended(self) -> bytes:
        """What comes before the end of the connection."""
        try:
            return await self.reader.read()
        except ConnectionError:
            return b""

    def hang_up(self) -> None:
        self.writer.transport.abort()


@dataclass
class Scene:
    """A proxy, the provider behind it, and a worker's door."""

    provider: FakeProvider
    proxy: Proxy
    door: Door
    calls: list[Call]
    clients: list[Client]

    @property
    def token(self) -> str:
        return self.door.upstream.credential["ANTHROPIC_API_KEY"]

    async def client(self, door: Door | None = None) -> Client:
        """A new connection of a worker's."""
        door = door or self.door
        (token,) = door.upstream.credential.values()
        reader, writer = await asyncio.open_unix_connection(door.upstream.socket, limit=1 << 22)
        client = Client(reader, writer, token)
        self.clients.append(client)
        return client


OpenScene = Callable[..., AbstractAsyncContextManager[Scene]]


@pytest.fixture
def open_scene(tmp_path: Path) -> OpenScene:
    """A scene; what it has started ends with it."""

    @asynccontextmanager
    async def opened(
        *,
        path: str = "",
        credential: Credential | None = None,
        environment: dict[str, str] | None = None,
        models: Models | None = None,
        patience: Patience = USUAL,
    ) -> AsyncIterator[Scene]:
        calls: list[Call] = []
        async with providing() as provider:
            there = parse_provider(f"http://127.0.0.1:{provider.port}{path}")
            credential = credential or Credential("ANTHROPIC_API_KEY", KEY)
            async with proxying(
                there, credential, tmp_path, environment or {}, calls.append, models=models, patience=patience
            ) as proxy:
                door = await proxy.open("w1")
                scene = Scene(provider, proxy, door, calls, [])
                try:
                    async with asyncio.timeout(30):
                        yield scene
                finally:
                    for client in scene.clients:
                        client.hang_up()
                    door.close()
        assert not (tmp_path / "sockets").exists()

    return opened


@pytest.fixture
async def scene(open_scene: OpenScene) -> AsyncIterator[Scene]:
    """The usual scene."""
    async with open_scene() as opened:
        yield opened
