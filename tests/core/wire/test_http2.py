"""HTTP/2 as an enemy speaks it: the server ends the connection, and serves the others."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import psutil
import pytest
from hotseat import pb

from tests.core.service.conftest import House, Line, OpenHouse, is_misheard, open_house
from tests.fakes.http2 import (
    ACK,
    CONTINUATION,
    END_HEADERS,
    END_STREAM,
    GOAWAY,
    HEADERS,
    PING,
    PREFACE,
    RST_STREAM,
    SETTINGS,
    call_headers,
    connected,
    frame,
)

__all__ = ["open_house"]

CONVERSE = "/hotseat.v1.ConversationService/Converse"
GET_POOL = "/hotseat.v1.PoolService/GetPool"


def unary(channel: grpc.aio.Channel, method: str = GET_POOL) -> Any:
    """A method that is sent, and sends, bytes."""
    return channel.unary_unary(method)


async def serves(house: House) -> None:
    """Fail unless a new client is served, soon."""
    own = [("grpc.use_local_subchannel_pool", 1)]  # else it would share the connection of the test's other channel
    async with asyncio.timeout(10), grpc.aio.insecure_channel(house.core.target, options=own) as channel:
        assert await unary(channel)(b"")


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "core.sock")


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n",
        PREFACE,
        b"\x16\x03\x01\x02\x00\x01\x00",
        os.urandom(64),
        PREFACE + frame(SETTINGS, b"\x00" * 5),
        PREFACE + frame(SETTINGS) + frame(HEADERS, b"\xff" * 64, flags=END_HEADERS | END_STREAM, stream=1),
        PREFACE + frame(SETTINGS) + b"\xff\xff\xff" + bytes([0, 0, 0, 0, 0, 1]) + b"x" * 100,
    ],
    ids=[
        "nothing",
        "HTTP/1.1",
        "half a preface",
        "a preface alone",
        "TLS",
        "noise",
        "bad settings",
        "bad HPACK",
        "a frame of 16 MiB",
    ],
)
async def test_what_is_no_http2_is_hung_up_on(open_house: OpenHouse, path: str, said: bytes) -> None:
    async with open_house(handshake_timeout_ms=500) as house, connected(path, greets=False) as peer:
        await peer.send(said)
        async with asyncio.timeout(10):
            while await peer.read() is not None:
                pass
        await serves(house)


async def test_a_flood_of_pings_ends_its_connection(open_house: OpenHouse, path: str) -> None:
    async with open_house() as house, connected(path) as peer:
        flooding = asyncio.create_task(flood(peer.send, frame(PING, b"12345678"), 2000))
        async with asyncio.timeout(10):
            while await peer.read() is not None:  # the rest of the flood may destroy the GOAWAY, not the end
                pass
        assert await flooding
        await serves(house)


async def flood(send: object, data: bytes, count: int) -> bool:
    assert callable(send)
    for _ in range(count):
        if not await send(data):
            break
    return True


@pytest.mark.parametrize(
    "data",
    [frame(SETTINGS, b"\x00\x03\x00\x00\x00\x64"), frame(SETTINGS, flags=ACK), frame(0x55, b"x" * 100)],
    ids=["settings", "acknowledgements", "unknown frames"],
)
async def test_a_flood_of_frames_that_mean_nothing_holds_nobody_up(
    open_house: OpenHouse, path: str, data: bytes
) -> None:
    async with open_house() as house, connected(path) as peer:
        reading = asyncio.create_task(peer.until(GOAWAY))
        flooding = asyncio.create_task(flood(peer.send, data * 100, 100))
        await serves(house)
        assert await flooding
        await serves(house)
        reading.cancel()
        await asyncio.wait([reading], timeout=5)


async def test_rapid_resets_cost_little_and_leave_nothing(open_house: OpenHouse, path: str) -> None:
    async with open_house() as house, connected(path) as peer:
        reading = asyncio.create_task(peer.until(GOAWAY))
        size = psutil.Process().memory_info().rss
        began = time.process_time()
        headers = call_headers(CONVERSE)
        for number in range(1, 4001, 2):
            opened = frame(HEADERS, headers, flags=END_HEADERS, stream=number)
            if not await peer.send(opened + frame(RST_STREAM, b"\x00\x00\x00\x08", stream=number)):
                break
        await serves(house)
        assert time.process_time() - began < 20
        assert psutil.Process().memory_info().rss - size < 100 * 2**20
        reading.cancel()
        await asyncio.wait([reading], timeout=5)
        assert (await (await opened_again(house)).ask("[[say hi]]")).text


async def opened_again(house: House) -> Line:
    """A stream, once the calls that were reset are over: until then there may be too many for one more."""
    async with asyncio.timeout(20):
        while True:
            try:
                return await house.open()
            except grpc.aio.AioRpcError as refused:
                if not (is_misheard(refused) or refused.code() is grpc.StatusCode.RESOURCE_EXHAUSTED):
                    raise
                await asyncio.sleep(0.05)


async def test_headers_without_end_end_their_connection(open_house: OpenHouse, path: str) -> None:
    async with open_house() as house, connected(path) as peer:
        reading = asyncio.create_task(peer.until(RST_STREAM, 1))
        await peer.send(frame(HEADERS, call_headers(GET_POOL), stream=1))
        size = psutil.Process().memory_info().rss
        for _ in range(2000):  # 32 MB, none of which ends the headers
            piece = frame(CONTINUATION, b"\x00\x01a\x7f\x81\x7f" + b"x" * 16_256, stream=1)
            if not await peer.send(piece):
                break
        assert psutil.Process().memory_info().rss - size < 100 * 2**20
        await serves(house)
        reading.cancel()
        await asyncio.wait([reading], timeout=5)


async def test_one_connection_has_so_many_streams_and_no_more(open_house: OpenHouse) -> None:
    async with open_house(max_streams=5) as house:
        lines = [await house.open(f"c{number}") for number in range(5)]
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await unary(house.channel)(b"", timeout=0.3)  # it waits its turn, in the client
        assert caught.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
        await serves(house)  # another connection has streams of its own
        lines[0].call.cancel()
        async with asyncio.timeout(10):
            assert await unary(house.channel)(b"", wait_for_ready=True)


async def test_all_connections_have_so_many_calls_and_no_more(open_house: OpenHouse) -> None:
    async with open_house(max_calls=5) as house:
        for number in range(5):
            await house.open(f"c{number}")
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await unary(house.channel)(b"")
        assert caught.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
        assert "oncurrent" in (caught.value.details() or "")


@pytest.mark.parametrize(("size", "taken"), [(9_000, True), (20_000, False)])
async def test_metadata_have_a_bound(open_house: OpenHouse, size: int, taken: bool) -> None:
    async with open_house() as house:
        call = unary(house.channel)(b"", metadata=[("x-large", "x" * size)])
        if taken:
            assert await call
            return
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call
        assert caught.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_a_message_over_its_bound_is_refused_unread(open_house: OpenHouse) -> None:
    async with open_house() as house:
        unbounded = [("grpc.max_send_message_length", -1)]
        async with grpc.aio.insecure_channel(house.core.target, options=unbounded) as channel:
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await unary(channel)(b"\x0a" + b"x" * (64 * 2**20))
        assert caught.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
        assert "arger than max" in (caught.value.details() or "")


async def requests() -> AsyncIterator[pb.ImportConversationRequest]:
    """An import that never comes to its end."""
    yield pb.ImportConversationRequest()
    await asyncio.Event().wait()


@pytest.mark.parametrize("timeout", [0.0, 0.001, -1.0])
async def test_a_deadline_that_has_passed_touches_nothing(open_house: OpenHouse, timeout: float) -> None:
    async with open_house() as house:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await house.stub.ImportConversation(requests(), timeout=timeout)
        assert caught.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
        assert (await (await house.open()).ask("[[say hi]]")).text


@pytest.mark.parametrize("method", ["/hotseat.v1.ConversationService/Nope", "/nope.Nope/Nope", "/", "//", "/a"])
async def test_a_method_that_is_not_there_is_unimplemented(open_house: OpenHouse, method: str) -> None:
    async with open_house() as house:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await unary(house.channel, method)(b"")
        assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED


async def test_an_old_connection_takes_no_new_calls_and_ends_its_streams_in_their_own_time(
    open_house: OpenHouse, path: str
) -> None:
    async with open_house(connection_age_ms=200, connection_grace_ms=60_000) as house:
        line = await house.open()
        async with connected(path) as peer, asyncio.timeout(10):
            assert await peer.until(GOAWAY) is not None  # by now the line's connection is old, too
        for number in range(3):
            assert (await line.ask(f"[[say {number}]]")).text
            await serves(house)


async def test_an_idle_connection_is_ended(open_house: OpenHouse, path: str) -> None:
    async with open_house(connection_idle_ms=200) as house:
        async with connected(path) as peer, asyncio.timeout(10):
            assert await peer.until(GOAWAY) is not None
        line = await house.open()
        await serves(house)
        assert (await line.ask("[[say hi]]")).text
