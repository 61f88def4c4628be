"""Calls on h2: against gRPC's server, and against one that says what the test wants."""

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import grpc
import pytest
from hotseat import Client, HotseatError, pb
from hotseat_edge.http2 import heads
from hotseat_edge.http2.call import Call
from hotseat_edge.http2.channel import CONVERSE, REFUSED_S, Address, Channel, address_of
from hotseat_edge.http2.connection import Connection
from hotseat_edge.http2.framing import WINDOW_BYTES

from tests.core.conftest import until
from tests.fakes import http2
from tests.fakes.core import FakeCore, FakeTurn, failure, serving
from tests.fakes.http2 import DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PING, RST_STREAM, SETTINGS, WINDOW_UPDATE

OPEN = pb.ConverseRequest(open=pb.OpenConversation(conversation_id="c"))
HEAD = http2.block({":status": "200", "content-type": "application/grpc"})
HUGE = http2.block({"x-much": "x" * 10_000})
END_HEAD = http2.frame(http2.CONTINUATION, flags=END_HEADERS, stream=1)
GREETING = http2.frame(SETTINGS)
REFUSED = bytes([0, 0, 0, 7])
Peer = http2.Peer


def opening(text: str) -> pb.ConverseRequest:
    said = pb.UserInput(request_id="r", content=[pb.ContentBlock(text=text)])
    return pb.ConverseRequest(open=pb.OpenConversation(conversation_id="c", first_input=said))


def message(text: str) -> bytes:
    data = pb.ConverseResponse(text_delta=pb.TextDelta(text=text)).SerializeToString()
    return b"\0" + len(data).to_bytes(4, "big") + data


def channel_to(target: str, refused_s: float = REFUSED_S) -> Channel:
    address = address_of(target)
    assert address is not None
    return Channel(address, refused_s=refused_s)


async def texts(call: Call) -> list[str]:
    """What the rest of the call says."""
    said = []
    while (event := await call.read()) is not None:
        if event.HasField("text_delta"):
            said.append(event.text_delta.text)
    return said


async def failure_of(call: Call) -> HotseatError:
    with pytest.raises(HotseatError) as caught:
        await texts(call)
    return caught.value


class TestAgainstGrpc:
    async def test_a_client_talks_by_it_as_by_grpc(self) -> None:
        async with (
            serving(FakeCore()) as target,
            channel_to(target) as channel,
            Client(target, open_call=channel.open, opens_ahead=True) as client,
        ):
            for name in "abc":
                async with client.converse(pb.OpenConversation(conversation_id=name)) as talk:
                    assert talk.ready.server_version == "9.9"
                    assert [event.turn_completed.text async for event in talk.ask("hi")][-1] == "You said: hi"

    async def test_a_call_that_is_parted_from_in_peace_ends_well(self) -> None:
        core = FakeCore()
        async with serving(core) as target, channel_to(target) as channel:
            call = channel.open(())
            await call.write(opening("hi"))
            await call.done_writing()
            assert await texts(call) == ["You", " said:", " hi"]
            assert await call.read() is None
            await core.finished.wait()
            with pytest.raises(HotseatError):
                await call.write(OPEN)

    async def test_a_call_that_is_cancelled_is_cancelled_at_the_core(self) -> None:
        core = FakeCore()
        async with serving(core) as target, channel_to(target) as channel:
            call = channel.open(())
            await call.write(OPEN)
            assert (await call.read()) is not None
            call.cancel()
            assert call.done()
            assert (await failure_of(call)).code == grpc.StatusCode.CANCELLED
            async with asyncio.timeout(10):
                await core.cancelled.wait()

    async def test_a_refusal_has_its_reason(self) -> None:
        core = FakeCore()
        core.refuse_open = failure("POOL_FULL", "no seat is frée", retry_s=2.5, limit="4")
        async with serving(core) as target, channel_to(target) as channel:
            call = channel.open(())
            await call.write(OPEN)
            found = await failure_of(call)
        assert (found.code, found.reason, found.message) == (
            grpc.StatusCode.RESOURCE_EXHAUSTED,
            "POOL_FULL",
            "no seat is frée",
        )
        assert (found.retry_delay, found.metadata) == (2.5, {"limit": "4"})

    @pytest.mark.parametrize("size", [0, 16_000, 70_000, 3_000_000])
    async def test_messages_of_any_size_go_both_ways_whole(self, size: int) -> None:
        async with serving(FakeCore()) as target, channel_to(target) as channel:
            call = channel.open(())
            await call.write(opening("x" * size))
            await call.done_writing()
            assert "".join(await texts(call)) == f"You said: {'x' * size}"

    async def test_a_long_history_goes_up_whole(self) -> None:
        core = FakeCore(lambda turn: turn.completed())
        server = grpc.aio.server(options=[("grpc.max_receive_message_length", -1)])
        async with served(server, core) as target, channel_to(target) as channel:
            call = channel.open(())
            await call.write(opening("x" * 16 * 2**20))
            await call.done_writing()
            assert await texts(call) == []
        assert [len(turn.content[0].text) for turn in core.inputs] == [16 * 2**20]

    async def test_a_core_is_not_heard_further_than_a_window_ahead_of_who_reads(self) -> None:
        written = 0

        async def flood(turn: FakeTurn) -> None:
            nonlocal written
            for _ in range(1000):
                await turn.send(text_delta=pb.TextDelta(text="x" * 10_000))
                written += 1
            await turn.completed()

        async with serving(FakeCore(flood)) as target, channel_to(target) as channel:
            call = channel.open(())
            await call.write(opening("hi"))
            before = -1
            while before != written:  # until it is stuck
                before = written
                await asyncio.sleep(0.3)
            assert call.buffered_bytes <= WINDOW_BYTES
            assert written < 1000
            other = channel.open(())
            await other.write(OPEN)
            assert (await other.read()) is not None  # who reads slowly stands in nobody's way
            other.cancel()
            await call.done_writing()
            assert sum(len(text) for text in await texts(call)) == 10_000_000

    async def test_who_is_cancelled_while_reading_takes_nothing_along(self) -> None:
        go_on = asyncio.Event()

        async def slow(turn: FakeTurn) -> None:
            await turn.text("one")
            await go_on.wait()
            await turn.text("two")
            await turn.completed()

        async with serving(FakeCore(slow)) as target, channel_to(target) as channel:
            call = channel.open(())
            await call.write(opening("hi"))
            assert (await call.read()) is not None  # ready
            assert (await call.read() or pb.ConverseResponse()).text_delta.text == "one"
            for _ in range(3):
                reading = asyncio.create_task(call.read())
                await until(lambda: call.is_reading)
                reading.cancel()
                await asyncio.wait([reading])
                assert not call.is_reading
            go_on.set()
            assert (await call.read() or pb.ConverseResponse()).text_delta.text == "two"

    async def test_a_core_that_is_gone_is_found_when_it_is_back(self, tmp_path: Path) -> None:
        target = f"unix:{tmp_path}/core.sock"
        async with channel_to(target) as channel:
            for _ in range(2):
                async with serving(FakeCore(), target):
                    call = channel.open(())
                    await call.write(OPEN)
                    assert (await call.read()) is not None
                assert (await failure_of(call)).code in {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED}
                absent = channel.open(())
                with pytest.raises(HotseatError) as caught:
                    await absent.write(OPEN)
                assert caught.value.code == grpc.StatusCode.UNAVAILABLE

    async def test_calls_of_a_connection_that_grows_old_go_on_and_new_ones_have_another(self) -> None:
        server = grpc.aio.server(options=[("grpc.max_connection_age_ms", 200)])
        async with served(server, FakeCore()) as target, channel_to(target) as channel:
            old = channel.open(())
            await old.write(OPEN)
            assert (await old.read()) is not None
            await until(lambda: not channel.is_connected)
            new = channel.open(())
            await new.write(OPEN)
            assert (await new.read()) is not None
            said = pb.UserInput(request_id="r", content=[pb.ContentBlock(text="still there")])
            await old.write(pb.ConverseRequest(user_input=said))
            await old.done_writing()
            assert "".join(await texts(old)) == "You said: still there"


async def test_a_name_that_no_host_can_have_is_said_and_waited_for_by_nobody() -> None:
    async with Channel(Address(host="core..example", port=1)) as channel, asyncio.timeout(10):
        found = await failure_of(channel.open(()))
    assert (found.code, "can't be reached" in found.message) == (grpc.StatusCode.UNAVAILABLE, True)


@asynccontextmanager
async def served(server: grpc.aio.Server, core: FakeCore) -> AsyncIterator[str]:
    from hotseat.v1.conversation_service_pb2_grpc import add_ConversationServiceServicer_to_server

    add_ConversationServiceServicer_to_server(core, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        await server.stop(None)


@asynccontextmanager
async def scripted(
    script: Callable[[Peer], Awaitable[None]], *, connect_timeout_s: float = 10, refused_s: float = 10
) -> AsyncIterator[Channel]:
    """A channel to a server that does this with each connection, and keeps it open until the test ends."""
    ended, serving = asyncio.Event(), list[asyncio.Task[None] | None]()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.append(asyncio.current_task())
        try:
            assert await reader.readexactly(len(http2.PREFACE)) == http2.PREFACE
            await script(Peer(reader, writer))
            await ended.wait()
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    address = Address(host="127.0.0.1", port=server.sockets[0].getsockname()[1])
    async with server:
        try:
            async with Channel(address, connect_timeout_s=connect_timeout_s, refused_s=refused_s) as channel:
                yield channel
        finally:
            ended.set()
            await asyncio.wait([task for task in serving if task is not None], timeout=10)


async def heard(peer: Peer, kind: int) -> tuple[int, bytes]:
    """The stream and the payload of the next frame of this kind."""
    while (found := await peer.read()) is not None:
        if found[0] == kind:
            return found[1:]
    raise AssertionError("the connection has ended")


def answering(*answer: bytes, then_close: bool = False) -> Callable[[Peer], Awaitable[None]]:
    """A script that greets, waits for a call, and says this."""

    async def script(peer: Peer) -> None:
        await peer.send(GREETING)
        await heard(peer, HEADERS)
        await peer.send(b"".join(answer))
        if then_close:
            peer.writer.close()

    return script


def begun(*rest: bytes) -> tuple[bytes, ...]:
    return (http2.frame(HEADERS, HEAD, flags=END_HEADERS, stream=1), *rest)


def trailers(stream: int = 1, /, **fields: str) -> bytes:
    block = http2.block({name.replace("_", "-"): value for name, value in fields.items()})
    return http2.frame(HEADERS, block, flags=END_HEADERS | END_STREAM, stream=stream)


def _answer(stream: int) -> bytes:
    head = http2.frame(HEADERS, HEAD, flags=END_HEADERS, stream=stream)
    return head + http2.frame(DATA, message("here"), stream=stream) + trailers(stream, grpc_status="0")


class TestAgainstAnything:
    async def test_a_message_may_come_in_many_frames_and_many_messages_in_one(self) -> None:
        whole = message("one") + message("two") + message("x" * 30_000) + message("three")
        pieces = [http2.frame(DATA, whole[at : at + 7_001], stream=1) for at in range(0, len(whole), 7_001)]
        padded = http2.frame(DATA, b"\x03" + message("four") + bytes(3), flags=8, stream=1)
        async with scripted(answering(*begun(*pieces, padded, trailers(grpc_status="0")))) as channel:
            assert await texts(channel.open(())) == ["one", "two", "x" * 30_000, "three", "four"]

    @pytest.mark.parametrize(
        ("answer", "code", "words"),
        [
            (begun(trailers(grpc_status="8", grpc_message="full")), grpc.StatusCode.RESOURCE_EXHAUSTED, "full"),
            ((trailers(**{":status": "503"}),), grpc.StatusCode.UNAVAILABLE, "HTTP status 503"),
            (
                (http2.frame(HEADERS, http2.block({":status": "502"}), flags=END_HEADERS, stream=1),),
                grpc.StatusCode.UNAVAILABLE,
                "HTTP status 502",
            ),
            (begun(http2.frame(DATA, flags=END_STREAM, stream=1)), grpc.StatusCode.UNKNOWN, "nothing"),
            (begun(http2.frame(RST_STREAM, bytes([0, 0, 0, 8]), stream=1)), grpc.StatusCode.CANCELLED, "error 8"),
            (begun(http2.frame(RST_STREAM, REFUSED, stream=1)), grpc.StatusCode.UNAVAILABLE, "error 7"),
            (begun(http2.frame(DATA, b"\x01\0\0\0\x01a", stream=1)), grpc.StatusCode.INTERNAL, "compressed"),
            (begun(http2.frame(DATA, b"\0\xff\0\0\0", stream=1)), grpc.StatusCode.INTERNAL, "too large"),
            (begun(http2.frame(DATA, b"\0\0\0\0\x01\xff", stream=1)), grpc.StatusCode.INTERNAL, "no message"),
            (begun(http2.frame(GOAWAY, bytes(8))), grpc.StatusCode.UNAVAILABLE, "ended the connection"),
            (begun(http2.frame(PING, bytes(7))), grpc.StatusCode.UNAVAILABLE, "no HTTP/2"),
            (begun(http2.frame(DATA, bytes(20_000), stream=1)), grpc.StatusCode.UNAVAILABLE, "no HTTP/2"),
            (begun(http2.frame(http2.CONTINUATION, HEAD, stream=1)), grpc.StatusCode.UNAVAILABLE, "no HTTP/2"),
            (begun(http2.frame(5, bytes(8), stream=1)), grpc.StatusCode.UNAVAILABLE, "no HTTP/2"),
            ((http2.frame(HEADERS, b"\xff", flags=END_HEADERS, stream=1),), grpc.StatusCode.UNAVAILABLE, "no HTTP/2"),
            (
                (
                    http2.frame(HEADERS, HEAD, stream=1),
                    *(http2.frame(http2.CONTINUATION, HUGE, stream=1),) * 9,
                    END_HEAD,
                ),
                grpc.StatusCode.UNAVAILABLE,
                "Oversized",
            ),
            ((http2.frame(HEADERS, HEAD, stream=1), GREETING), grpc.StatusCode.UNAVAILABLE, "no HTTP/2"),
        ],
    )
    async def test_a_call_fails_with_what_went_wrong(
        self, answer: tuple[bytes, ...], code: grpc.StatusCode, words: str
    ) -> None:
        async with scripted(answering(*answer)) as channel:
            found = await failure_of(channel.open(()))
        assert found.code == code
        assert words in found.message

    async def test_what_came_before_the_connection_broke_is_read_first(self) -> None:
        answer = begun(http2.frame(DATA, message("one"), stream=1), http2.frame(DATA, message("two")[:-1], stream=1))
        async with scripted(answering(*answer, then_close=True)) as channel:
            call = channel.open(())
            assert (await call.read() or pb.ConverseResponse()).text_delta.text == "one"
            assert (await failure_of(call)).code == grpc.StatusCode.UNAVAILABLE

    async def test_a_head_may_come_in_pieces_and_unknown_frames_in_between_calls(self) -> None:
        answer = (
            http2.frame(HEADERS, HEAD[:5], stream=1),
            http2.frame(http2.CONTINUATION, HEAD[5:], flags=END_HEADERS, stream=1),
            http2.frame(0xFA, b"whatever", stream=1),
            trailers(grpc_status="0"),
        )
        async with scripted(answering(*answer)) as channel:
            assert await texts(channel.open(())) == []

    async def test_who_finds_no_room_waits_for_it(self) -> None:
        most, calls = 4, 20

        async def few(peer: Peer) -> None:
            await peer.send(http2.frame(SETTINGS, b"\x00\x03" + most.to_bytes(4, "big")))
            running = [(await heard(peer, HEADERS))[0] for _ in range(most)]
            for _ in range(calls - most):
                await peer.send(http2.frame(PING, b"any more"))
                while (found := await peer.read()) is not None and found[0] != PING:
                    assert found[0] != HEADERS, "a call has begun for which there is no room"
                await peer.send(_answer(running.pop(0)))
                running.append((await heard(peer, HEADERS))[0])
            await peer.send(b"".join(map(_answer, running)))

        async with scripted(few) as channel:
            opened = [channel.open(()) for _ in range(calls)]
            assert await asyncio.gather(*map(texts, opened)) == [["here"]] * calls

    @pytest.mark.parametrize("is_leaving", [False, True])
    async def test_a_call_that_the_core_has_not_looked_at_is_begun_again_in_silence(self, is_leaving: bool) -> None:
        came: list[bytes] = []

        async def refusing(peer: Peer) -> None:
            await peer.send(GREETING)
            stream = (await heard(peer, HEADERS))[0]
            data = (await heard(peer, DATA))[1]
            data += (await heard(peer, DATA))[1]  # the end of what is said
            came.append(data)
            if len(came) == 2:
                await peer.send(_answer(stream))
            elif is_leaving:
                await peer.send(http2.frame(GOAWAY, bytes(8)))
            else:
                await peer.send(http2.frame(RST_STREAM, REFUSED, stream=stream))
                await refusing(peer)

        said = opening("hello")
        async with scripted(refusing) as channel:
            call = channel.open(())
            await call.write(said)
            await call.done_writing()
            assert await texts(call) == ["here"]
        assert came == [b"\0" + said.ByteSize().to_bytes(4, "big") + said.SerializeToString()] * 2

    async def test_a_call_that_is_refused_for_too_long_fails_as_one_of_a_core_that_is_away(self) -> None:
        refused: list[int] = []

        async def refusing(peer: Peer) -> None:
            await peer.send(GREETING)
            while (found := await peer.read()) is not None:
                if found[0] == HEADERS:
                    refused.append(found[1])
                    await peer.send(http2.frame(RST_STREAM, REFUSED, stream=found[1]))

        async with scripted(refusing, refused_s=0.1) as channel:
            found = await failure_of(channel.open(()))
        assert (found.code, found.reason) == (grpc.StatusCode.UNAVAILABLE, "")
        assert "refused" in found.message
        assert len(refused) > 1

    async def test_a_core_that_counts_calls_which_are_over_here_refuses_nobody_for_good(self) -> None:
        server = grpc.aio.server(options=[("grpc.max_concurrent_streams", 2)])
        async with served(server, FakeCore(FakeTurn.completed)) as target, channel_to(target, 60) as channel:

            async def talk(number: int) -> None:
                call = channel.open(())
                await call.write(opening("hi"))
                if number % 3:
                    await call.done_writing()
                    assert await texts(call) == []
                else:
                    assert (await call.read()) is not None
                    call.cancel()

            await asyncio.gather(*map(talk, range(300)))

    async def test_who_writes_a_call_that_is_refused_meanwhile_writes_it_whole_to_the_next(self) -> None:
        came = bytearray()

        async def narrow(peer: Peer) -> None:
            await peer.send(http2.frame(SETTINGS, b"\x00\x04\x00\x00\x00\x0a"))  # ten bytes a call
            await heard(peer, DATA)
            await peer.send(http2.frame(SETTINGS, b"\x00\x04\x00\x00\xff\xff"))
            await peer.send(http2.frame(RST_STREAM, REFUSED, stream=1))
            while len(came) < len(data):
                stream, piece = await heard(peer, DATA)
                if stream == 3:
                    came.extend(piece)
            await peer.send(_answer(3))

        said = opening("hello")
        data = b"\0" + said.ByteSize().to_bytes(4, "big") + said.SerializeToString()
        async with scripted(narrow) as channel:
            call = channel.open(())
            await call.write(said)
            assert await texts(call) == ["here"]
        assert bytes(came) == data

    async def test_calls_that_are_cancelled_while_they_wait_for_room_are_not_kept(self) -> None:
        async def full(peer: Peer) -> None:
            await peer.send(http2.frame(SETTINGS, b"\x00\x03" + bytes(4)))
            full_since.set()

        full_since = asyncio.Event()
        async with scripted(full) as channel:
            call = channel.open(())
            kept = weakref.ref(call)
            await full_since.wait()
            call.cancel()
            del call
            gc.collect()
            assert kept() is None

    async def test_calls_go_on_where_the_core_says_that_it_takes_no_new_ones(self) -> None:
        async def leaving(peer: Peer) -> None:
            await peer.send(GREETING)
            await heard(peer, HEADERS)
            last = (2**31 - 1).to_bytes(4, "big") + bytes(4)
            pings = [http2.frame(PING, name) for name in (b"before..", b"after...")]
            await peer.send(b"".join((*begun(), pings[0], http2.frame(GOAWAY, last), pings[1])))
            assert [(await heard(peer, PING))[1] for _ in pings] == [b"before..", b"after..."]
            await peer.send(http2.frame(DATA, message("still there"), stream=1) + trailers(grpc_status="0"))
            assert await peer.read() is not None  # the call's end, as it was not said before
            while await peer.read() is not None:
                continue
            left.set()

        left = asyncio.Event()
        async with scripted(leaving) as channel:
            call = channel.open(())
            assert await texts(call) == ["still there"]
            async with asyncio.timeout(10):
                await left.wait()
            assert not channel.is_connected

    async def test_a_core_that_ends_a_call_in_two_ways_at_once_has_ended_it_well(self) -> None:
        async def ending(peer: Peer) -> None:
            await peer.send(GREETING)
            for stream in (1, 3):
                assert (await heard(peer, HEADERS))[0] == stream
                head = http2.frame(HEADERS, HEAD, flags=END_HEADERS, stream=stream)
                tail = trailers(stream, grpc_status="0") + http2.frame(RST_STREAM, bytes(4), stream=stream)
                await peer.send(head + http2.frame(DATA, message("so"), stream=stream) + tail)

        async with scripted(ending) as channel:
            for _ in range(2):
                assert await texts(channel.open(())) == ["so"]

    async def test_what_still_comes_for_a_call_that_was_cancelled_troubles_no_other(self) -> None:
        async def late(peer: Peer) -> None:
            await peer.send(GREETING)
            await heard(peer, HEADERS)
            await peer.send(b"".join(begun(http2.frame(DATA, message("one"), stream=1))))
            assert (await heard(peer, RST_STREAM)) == (1, bytes([0, 0, 0, 8]))
            await heard(peer, HEADERS)
            old = http2.frame(DATA, message("two"), stream=1) + trailers(grpc_status="0")
            head = http2.frame(HEADERS, HEAD, flags=END_HEADERS, stream=3)
            await peer.send(old + head + old + trailers(3, grpc_status="0"))

        async with scripted(late) as channel:
            dropped = channel.open(())
            assert (await dropped.read()) is not None
            dropped.cancel()
            assert await texts(channel.open(())) == []

    async def test_nothing_is_sent_beyond_the_windows(self) -> None:
        sizes: list[int] = []
        may_go_on = asyncio.Event()

        async def narrow(peer: Peer) -> None:
            await peer.send(http2.frame(SETTINGS, b"\x00\x04\x00\x00\x00\x64"))  # a hundred bytes a call
            while sum(sizes) < 100:
                sizes.append(len((await heard(peer, DATA))[1]))
            await may_go_on.wait()
            await peer.send(http2.frame(WINDOW_UPDATE, (50).to_bytes(4, "big"), stream=1))
            sizes.append(len((await heard(peer, DATA))[1]))
            await peer.send(http2.frame(SETTINGS, b"\x00\x04\x00\x00\xff\xff"))
            while sum(sizes) < 1000:
                sizes.append(len((await heard(peer, DATA))[1]))
            await peer.send(b"".join(begun(trailers(grpc_status="0"))))

        async with scripted(narrow) as channel:
            call = channel.open(())
            writing = asyncio.create_task(call.write(opening("x" * 1000)))
            await until(lambda: sum(sizes) == 100)
            assert not writing.done()
            may_go_on.set()
            await writing
            assert await texts(call) == []
        assert sizes[:2] == [100, 50]

    async def test_a_write_that_nobody_waits_for_any_more_goes_out_whole_and_before_the_next(self) -> None:
        may_go_on, came = asyncio.Event(), bytearray()

        async def narrow(peer: Peer) -> None:
            await peer.send(http2.frame(SETTINGS, b"\x00\x04\x00\x00\x00\x0a"))
            came.extend((await heard(peer, DATA))[1])
            await may_go_on.wait()
            await peer.send(http2.frame(WINDOW_UPDATE, (10_000).to_bytes(4, "big"), stream=1))
            while len(came) < 2 * len(data):
                came.extend((await heard(peer, DATA))[1])
            await peer.send(b"".join(begun(trailers(grpc_status="0"))))

        said = opening("hello")
        data = b"\0" + said.ByteSize().to_bytes(4, "big") + said.SerializeToString()
        async with scripted(narrow) as channel:
            call = channel.open(())
            writing = asyncio.create_task(call.write(said))
            await until(lambda: len(came) == 10)
            writing.cancel()
            await asyncio.wait([writing])
            may_go_on.set()
            await call.write(said)
            assert await texts(call) == []
        assert bytes(came) == 2 * data

    async def test_a_server_that_never_greets_is_given_up(self) -> None:
        async def silent(peer: Peer) -> None:
            await heard(peer, SETTINGS)

        async with scripted(silent, connect_timeout_s=0.05) as channel:
            calls = [channel.open(()), channel.open(())]
            for call in calls:
                found = await failure_of(call)
                assert found.code == grpc.StatusCode.UNAVAILABLE
                assert "no greeting" in found.message

    async def test_a_call_that_was_dropped_before_there_was_a_connection_is_never_begun(self) -> None:
        streams: list[int] = []

        async def late(peer: Peer) -> None:
            await go_on.wait()
            await peer.send(GREETING)
            streams.append((await heard(peer, HEADERS))[0])
            await peer.send(b"".join(begun(trailers(grpc_status="0"))))

        go_on = asyncio.Event()
        async with scripted(late) as channel:
            dropped, kept = channel.open((("x-which", "dropped"),)), channel.open((("x-which", "kept"),))
            dropped.cancel()
            go_on.set()
            assert await texts(kept) == []
        assert streams == [1]

    async def test_pings_are_answered(self) -> None:
        answered = asyncio.Event()

        async def pinging(peer: Peer) -> None:
            await peer.send(GREETING + http2.frame(PING, b"12345678"))
            assert (await heard(peer, PING))[1] == b"12345678"
            answered.set()

        async with scripted(pinging) as channel:
            channel.open(())
            async with asyncio.timeout(10):
                await answered.wait()

    async def test_a_channel_that_is_closed_fails_what_runs_and_what_is_new(self) -> None:
        async with scripted(answering(*begun())) as channel:
            call = channel.open(())
            await call.write(OPEN)
        assert (await failure_of(call)).code == grpc.StatusCode.UNAVAILABLE
        assert (await failure_of(channel.open(()))).code == grpc.StatusCode.UNAVAILABLE


async def test_a_core_that_has_gone_silent_is_asked_and_given_up() -> None:
    pinged, over = asyncio.Event(), asyncio.Event()

    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(len(http2.PREFACE))
        peer = Peer(reader, writer)
        await peer.send(GREETING)
        await heard(peer, PING)
        pinged.set()
        while await peer.read() is not None:
            continue
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
        over.set()

    server = await asyncio.start_server(mute, "127.0.0.1", 0)
    async with server:
        loop = asyncio.get_running_loop()
        connection = Connection(lambda: None, lambda _: None, keepalive_s=0.02, keepalive_timeout_s=1)
        await loop.create_connection(lambda: connection, *server.sockets[0].getsockname()[:2])
        await connection.greeted
        call = Call(heads.request(CONVERSE, "localhost", ()))
        connection.begin(call)
        found = await failure_of(call)
        assert pinged.is_set()
        assert (found.code, found.message) == (
            grpc.StatusCode.UNAVAILABLE,
            "the core has not answered for too long",
        )
        assert not connection.is_alive
        await over.wait()
