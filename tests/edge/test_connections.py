"""How much of the server one client, or all of them, may take."""

import asyncio
import json
import socket
from contextlib import AsyncExitStack

import httpx
import msgspec
import pytest
from hotseat_edge.app import serve
from hotseat_edge.connection import Bounds, Crowd
from hotseat_edge.metrics import Metrics
from hotseat_edge.settings import Settings

from tests.edge.conftest import HELLO, Edge
from tests.fakes.core import FakeCore, serving

LIVE = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"
BODY = json.dumps(HELLO).encode()
POST = b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


class Peer:
    """A connection that a test writes to by the byte."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self) -> tuple[int, str]:
        """The status and code (empty: no error) of one answer."""
        async with asyncio.timeout(20):
            head = await self.reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
            body = json.loads(await self.reader.readexactly(length))
        return int(head.split(b" ")[1]), body.get("error", {}).get("code", "")

    async def ended(self) -> bytes:
        """What comes until the server ends the connection."""
        async with asyncio.timeout(20):
            try:
                return await self.reader.read()
            except ConnectionResetError:
                return b""


async def connect(edge: Edge, peers: AsyncExitStack) -> Peer:
    reader, writer = await asyncio.open_connection("127.0.0.1", edge.port)
    peers.callback(writer.close)
    return Peer(reader, writer)


async def cuts(edge: Edge, reason: str) -> str:
    told = (await edge.http.get("/metrics")).text
    return next(line for line in told.splitlines() if f'cut_total{{reason="{reason}"}}' in line).rpartition(" ")[2]


class TestWithLittlePatience:
    """Clients that are slow."""

    @pytest.fixture
    def settings(self) -> Settings:
        return Settings(port=0, header_timeout_s=0.3, body_timeout_s=0.3, stall_s=0.4)

    async def test_a_head_that_comes_byte_by_byte_is_given_up_on(self, edge: Edge) -> None:
        async with AsyncExitStack() as peers:
            slow = [await connect(edge, peers) for _ in range(20)]
            trickling = [asyncio.create_task(trickle(peer, LIVE[:-4])) for peer in slow]
            quick = await connect(edge, peers)
            for _ in range(10):  # nobody else waits for them
                await quick.send(LIVE)
                assert await quick.answer() == (200, "")
            assert [await peer.answer() for peer in slow] == [(408, "request_timeout")] * 20
            assert [await peer.ended() for peer in slow] == [b""] * 20
            for task in trickling:
                task.cancel()
            await asyncio.gather(*trickling, return_exceptions=True)
        assert await cuts(edge, "slow_head") == "20.0"

    async def test_a_head_in_two_pieces_is_as_good_as_one(self, edge: Edge) -> None:
        async with AsyncExitStack() as peers:
            peer = await connect(edge, peers)
            for _ in range(3):
                await peer.send(LIVE[:20])
                await asyncio.sleep(0.02)
                await peer.send(LIVE[20:])
                assert await peer.answer() == (200, "")
            await asyncio.sleep(0.4)  # between requests a client may wait for longer than over one
            await peer.send(LIVE)
            assert await peer.answer() == (200, "")

    async def test_a_second_head_that_does_not_come_is_given_up_on_too(self, edge: Edge) -> None:
        async with AsyncExitStack() as peers:
            peer = await connect(edge, peers)
            await peer.send(LIVE)
            assert await peer.answer() == (200, "")
            await peer.send(LIVE[:10])
            assert await peer.answer() == (408, "request_timeout")

    async def test_a_body_that_trickles_is_given_up_on(self, edge: Edge) -> None:
        async with AsyncExitStack() as peers:
            peer = await connect(edge, peers)
            await peer.send(POST + b"Content-Length: 100000\r\n\r\n")
            trickling = asyncio.create_task(trickle(peer, b" " * 400))
            assert await peer.answer() == (408, "request_timeout")
            trickling.cancel()
            await asyncio.gather(trickling, return_exceptions=True)

    async def test_a_large_body_that_comes_steadily_may_take_its_time(self, edge: Edge) -> None:
        async with AsyncExitStack() as peers:
            peer = await connect(edge, peers)
            await peer.send(POST + b"Content-Length: %d\r\n\r\n" % (len(BODY) + 60_000))
            for _ in range(6):
                await asyncio.sleep(0.1)  # 0.6 s in all, which is more than the body's own time
                await peer.send(b" " * 10_000)
            await peer.send(BODY)
            assert await peer.answer() == (200, "")

    async def test_an_answer_that_nobody_reads_is_cut_off(self, edge: Edge) -> None:
        with socket.socket() as stuck:
            stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            stuck.connect(("127.0.0.1", edge.port))
            stuck.setblocking(False)
            loop = asyncio.get_running_loop()
            body = json.dumps(HELLO | {"messages": [{"role": "user", "content": "x" * 12_000_000}]}).encode()
            await loop.sock_sendall(stuck, POST + b"Content-Length: %d\r\n\r\n" % len(body) + body)
            async with asyncio.timeout(20):
                while await cuts(edge, "unread") != "1.0":  # noqa: ASYNC110 - nobody announces it
                    await asyncio.sleep(0.05)


async def trickle(peer: Peer, data: bytes) -> None:
    for byte in data:
        await peer.send(bytes([byte]))
        await asyncio.sleep(0.03)


class TestWithLittleRoom:
    """Clients that are many."""

    @pytest.fixture
    def settings(self) -> Settings:
        return Settings(port=0, max_connections=5)

    async def test_one_too_many_is_told_so_and_the_others_are_served(self, edge: Edge) -> None:
        async with AsyncExitStack() as peers:
            served = [await connect(edge, peers) for _ in range(5)]
            for peer in served:
                await peer.send(LIVE)
                assert await peer.answer() == (200, "")
            for said in (LIVE, b"", POST + b"Content-Length: 2\r\n\r\n{}"):
                refused = await connect(edge, peers)
                await refused.send(said)
                assert await refused.answer() == (503, "too_many_connections")
                assert await refused.ended() == b""
            await served[0].send(LIVE)
            assert await served[0].answer() == (200, "")
            served[0].writer.close()
            await served[0].writer.wait_closed()
            async with asyncio.timeout(10):
                while True:  # the server hears of it a moment later
                    late = await connect(edge, peers)
                    await late.send(LIVE)
                    if await late.answer() == (200, ""):
                        break

    async def test_idle_clients_do_not_keep_the_server_from_ending(self) -> None:
        core = FakeCore()
        async with serving(core) as target, AsyncExitStack() as peers:
            settings = msgspec.structs.replace(Settings(port=0, max_connections=2), core_target=target)
            async with asyncio.timeout(10), serve(settings) as url, httpx.AsyncClient(trust_env=False) as http:
                edge = Edge(url, core, http)
                for _ in range(4):
                    await connect(edge, peers)


def test_an_address_has_its_share_and_loopback_has_all() -> None:
    bounds = Bounds(connections=6, connections_per_address=2, header_timeout_s=1, stall_s=1)
    crowd = Crowd(bounds, Metrics())
    assert [crowd.admit("10.0.0.1") for _ in range(3)] == [True, True, False]
    assert [crowd.admit(address) for address in ("10.0.0.2", "127.0.0.1", "127.0.0.1", "127.0.0.1")] == [True] * 4
    assert crowd.admit("127.0.0.1") is False
    crowd.part_with("10.0.0.1")
    assert crowd.admit("10.0.0.1") is True
    for address in ("10.0.0.1", "10.0.0.1", "10.0.0.2", "127.0.0.1", "127.0.0.1", "127.0.0.1"):
        crowd.part_with(address)
    assert (crowd._all, dict(crowd._of)) == (0, {})
