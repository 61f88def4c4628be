"""What is no HTTP, byte by byte: always a JSON error, never a traceback."""

import asyncio
import json

import pytest

from tests.edge.conftest import Edge

CHAT = b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
LIVE = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n"


async def exchange(edge: Edge, sent: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", edge.port)
    writer.write(sent)
    try:
        async with asyncio.timeout(5):
            return await reader.read()
    finally:
        writer.close()


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", 400, id="TLS hello"),
        pytest.param(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, id="HTTP/2"),
        pytest.param(b"garbage\r\n\r\n", 400, id="garbage"),
        pytest.param(b"get /livez HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, id="lower-case method"),
        pytest.param(b"GET /livez HTTP/1.1\r\n\r\n", 400, id="no Host"),
        pytest.param(LIVE + b"Host: y\r\n\r\n", 400, id="two Hosts"),
        pytest.param(LIVE + b"X-A : b\r\n\r\n", 400, id="space before colon"),
        pytest.param(LIVE + b"X-A: b\r\n c\r\n\r\n", 400, id="folded header"),
        pytest.param(LIVE + b"X-A: a\0b\r\n\r\n", 400, id="NUL in a header"),
        pytest.param(LIVE.replace(b"\r", b"") + b"\n", 400, id="bare LF"),
        pytest.param(LIVE + b"X-A: " + b"a" * 9000 + b"\r\n\r\n", 431, id="long header"),
        pytest.param(LIVE + b"".join(b"X-%d: a\r\n" % n for n in range(2000)) + b"\r\n", 431, id="many headers"),
        pytest.param(CHAT + b"Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcd", 400, id="two lengths"),
        pytest.param(CHAT + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, id="CL and TE"),
        pytest.param(CHAT + b"Content-Length: 99999999999999999999999\r\n\r\n", 400, id="huge length"),
        pytest.param(CHAT + b"Transfer-Encoding: xchunked\r\n\r\n", 400, id="unknown encoding"),
        pytest.param(CHAT + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\nabc\r\n", 400, id="bad chunk"),
    ],
)
async def test_what_is_no_http_is_answered_in_json(
    edge: Edge, caplog: pytest.LogCaptureFixture, sent: bytes, status: int
) -> None:
    head, _, body = (await exchange(edge, sent)).partition(b"\r\n\r\n")

    assert head.split(b" ")[1] == str(status).encode()
    assert b"application/json" in head
    assert b"x-request-id: req_" in head
    assert set(json.loads(body)["error"]) == {"message", "type", "param", "code"}
    assert caplog.text == ""


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        pytest.param(
            CHAT + b"Content-Encoding: gzip\r\nContent-Length: 4\r\nConnection: close\r\n\r\nabcd",
            415,
            "unsupported_media_type",
            id="garbage said to be gzip",
        ),
        pytest.param(
            CHAT + b"Expect: junk\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}",
            417,
            "expectation_failed",
            id="unknown expectation",
        ),
    ],
)
async def test_what_is_http_but_cannot_be_taken_is_answered_in_json(
    edge: Edge, caplog: pytest.LogCaptureFixture, sent: bytes, status: int, code: str
) -> None:
    head, _, body = (await exchange(edge, sent)).partition(b"\r\n\r\n")

    assert head.split(b" ")[1] == str(status).encode()
    assert json.loads(body)["error"]["code"] == code
    assert "Traceback" not in caplog.text


async def test_a_request_to_upgrade_is_answered_as_if_it_had_not_asked(edge: Edge) -> None:
    sent = LIVE + b"Connection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n"
    assert (await exchange(edge, sent)).startswith(b"HTTP/1.1 200 ")


async def test_a_client_that_leaves_in_mid_body_leaves_no_trace(edge: Edge, caplog: pytest.LogCaptureFixture) -> None:
    for sent in (CHAT + b"Content-Length: 100\r\n\r\n{", CHAT + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab"):
        _, writer = await asyncio.open_connection("127.0.0.1", edge.port)
        writer.write(sent)
        await writer.drain()
        writer.close()
        await writer.wait_closed()
    assert (await edge.http.get("/livez")).status_code == 200
    assert caplog.text == ""


async def test_a_hundred_requests_in_one_write_are_answered_in_order(edge: Edge) -> None:
    sent = b"".join(LIVE + b"X-Request-ID: r%d\r\n\r\n" % number for number in range(99))
    last = LIVE + b"X-Request-ID: r99\r\nConnection: close\r\n\r\n"
    answers = await exchange(edge, sent + last)

    order = [
        line.removeprefix(b"x-request-id: ") for line in answers.split(b"\r\n") if line.startswith(b"x-request-id")
    ]
    assert order == [b"r%d" % number for number in range(100)]
