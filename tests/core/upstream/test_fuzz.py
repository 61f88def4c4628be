"""No bytes from a worker, and none from a provider, are too much for the proxy."""

import asyncio
from typing import Any, cast

from hotseat_core.upstream.account import Account
from hotseat_core.upstream.connections import Connections
from hotseat_core.upstream.errand import Errand, Request
from hotseat_core.upstream.heads import Headers, is_allowed, request_head, shows_token
from hotseat_core.upstream.provider import parse_provider, way_to
from hotseat_core.upstream.provider_side import ProviderSide
from hotseat_core.upstream.refusals import refusal
from hotseat_core.upstream.worker_side import WorkerSide
from hypothesis import given, settings
from hypothesis import strategies as st

GOOD = b"POST /v1/messages?beta=true HTTP/1.1\r\nhost: x\r\nx-api-key: token\r\ncontent-length: 5\r\n\r\nhello"
ANSWER = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
)
PROVIDER = parse_provider("http://127.0.0.1:9")


class Wire(asyncio.Transport):
    """A transport that keeps what it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = b""
        self.is_closed = False

    def write(self, data: Any) -> None:
        self.sent += data

    def close(self) -> None:
        self.is_closed = True

    def abort(self) -> None:
        self.is_closed = True

    def is_closing(self) -> bool:
        return self.is_closed

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def resume_reading(self) -> None:
        pass


class FakeErrand:
    def __init__(self, passed: list[Request], request: Request) -> None:
        passed.append(request)

    def start(self) -> None:
        pass

    def abandon(self) -> None:
        pass


class Desk:
    """A door without a provider."""

    is_open = True
    is_crowded = False

    def __init__(self) -> None:
        self.passed: list[Request] = []

    def refuse(self, method: bytes, target: bytes, headers: Headers) -> bytes:
        if not shows_token(headers, b"token"):
            return refusal(401, "no")
        return b"" if is_allowed(method, target, "") else refusal(403, "no")

    def request(self, method: bytes, target: bytes, headers: Headers, body: bytes) -> Request:
        head = request_head(method, target, headers, authority="p", credential=[b"x-api-key: KEY"], size=len(body))
        return Request(target, head, body)

    def errand(self, side: WorkerSide, request: Request) -> Errand:
        return cast("Errand", FakeErrand(self.passed, request))


@st.composite
def mutated(draw: st.DrawFn, good: bytes) -> list[bytes]:
    """A good message with a few bytes changed, in pieces."""
    data = bytearray(good)
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(data)))
        data[at : at + draw(st.integers(0, 3))] = draw(
            st.sampled_from([b"", b"\r\n", b"\x00", b"\xff", b":", b" ", b"chunked", b"content-length: 99\r\n", b"\r"])
        )
    cuts = sorted(draw(st.lists(st.integers(0, len(data)), max_size=5)))
    return [bytes(data[a:b]) for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]


def feed(pieces: list[bytes]) -> tuple[Desk, Wire]:
    desk, wire = Desk(), Wire()
    side = WorkerSide(desk, lambda _side: None)
    side.connection_made(wire)
    for piece in pieces:
        if not wire.is_closed and piece:
            side.data_received(piece)
    side.connection_lost(None)
    return desk, wire


@settings(max_examples=400, deadline=None)
@given(st.one_of(mutated(GOOD), mutated(GOOD * 2), st.lists(st.binary())))
def test_what_a_worker_sends_is_passed_on_in_one_head_of_ours_or_not_at_all(pieces: list[bytes]) -> None:
    desk, wire = feed(pieces)
    assert len(desk.passed) <= 1
    for request in desk.passed:
        assert request.head.count(b"\r\n\r\n") == 1
        assert request.head.endswith(b"\r\n\r\n")
        lines = request.head.lower().split(b"\r\n")
        assert [line for line in lines if line.startswith(b"content-length:")] == [
            b"content-length: %d" % len(request.body)
        ]
        assert [line for line in lines if line.startswith(b"x-api-key:")] == [b"x-api-key: key"]
        assert not any(line.startswith((b"transfer-encoding:", b"authorization:")) for line in lines)
    assert wire.sent == b"" or wire.sent.startswith(b"HTTP/1.1 ")


def test_the_unchanged_request_is_passed_on() -> None:
    desk, wire = feed([GOOD])
    assert [request.body for request in desk.passed] == [b"hello"]
    assert not wire.is_closed


class Asking:
    def __init__(self) -> None:
        self.sent = b""
        self.ends = 0

    def write(self, data: bytes) -> None:
        self.sent += data

    def finished(self) -> None:
        self.ends += 1

    def cut(self) -> None:
        self.ends += 1


@settings(max_examples=200, deadline=None)
@given(st.one_of(mutated(ANSWER), mutated(ANSWER * 2), st.lists(st.binary())))
def test_what_a_provider_sends_ends_in_one_answer_or_one_cut(pieces: list[bytes]) -> None:
    async def run() -> None:
        connections = Connections(PROVIDER, way_to(PROVIDER, {}), None)
        asking, wire, connection = Asking(), Wire(), ProviderSide()
        connection.connection_made(wire)
        connections.give_back(connection)
        errand = Errand(connections, Account("w"), asking, Request(b"/v1/messages", b"", b""))
        errand.start()
        errand._may_miss = False
        for piece in pieces:
            if not wire.is_closed and piece:
                connection.data_received(piece)
        connection.connection_lost(None)
        assert asking.ends == 1
        await connections.aclose()

    asyncio.run(run())
