"""The proxy on real sockets: what passes, what does not, and what each side notices of the other's end."""

import asyncio
from pathlib import Path

import pytest
from hotseat_core.upstream import door as door_module
from hotseat_core.upstream.credential import Credential

from tests.core.upstream.conftest import KEY, OpenScene, Scene
from tests.fakes.provider import Got, Line, chunked, whole

START = (
    b'event: message_start\ndata: {"type":"message_start","message":{"model":"m","usage":'
    b'{"input_tokens":7,"cache_read_input_tokens":3,"output_tokens":1}}}\n\n'
)
PIECE = b'event: content_block_delta\ndata: {"type":"content_block_delta"}\n\n'
END = b'event: message_delta\ndata: {"type":"message_delta","usage":{"output_tokens":42}}\n\n'
STREAM_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


def piece(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


async def test_the_provider_sees_the_key_in_the_token_s_place(scene: Scene) -> None:
    client = await scene.client()
    client.ask(b'{"a":1}', "anthropic-beta: x", "connection: keep-alive, x-own", "x-own: 1", "accept-encoding: br")
    assert (await client.answer())[0] == 200
    (got,) = scene.provider.got
    assert got.line == "POST /v1/messages HTTP/1.1"
    assert got.body == b'{"a":1}'
    assert sorted(got.headers) == [
        ("accept-encoding", "identity"),
        ("anthropic-beta", "x"),
        ("connection", "keep-alive"),
        ("content-length", "7"),
        ("host", f"127.0.0.1:{scene.provider.port}"),
        ("x-api-key", KEY),
    ]
    assert scene.token.encode() not in got.head


@pytest.mark.parametrize(
    ("variable", "shown"),
    [("ANTHROPIC_AUTH_TOKEN", "Bearer sk-ant-canary"), ("CLAUDE_CODE_OAUTH_TOKEN", "Bearer sk-ant-canary")],
)
async def test_tokens_are_shown_as_bearers(open_scene: OpenScene, variable: str, shown: str) -> None:
    async with open_scene(credential=Credential(variable, KEY)) as scene:
        client = await scene.client()
        assert list(scene.door.upstream.credential) == [variable]
        lines = ["POST /v1/messages HTTP/1.1", f"authorization: Bearer {client.token}", "content-length: 0", "", ""]
        client.writer.write("\r\n".join(lines).encode())
        assert (await client.answer())[0] == 200
        assert scene.provider.got[0].all("authorization") == [shown]
        assert scene.provider.got[0].all("x-api-key") == []


async def test_a_changed_key_file_counts_from_the_next_request_on(open_scene: OpenScene, tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("first\n")
    async with open_scene(credential=Credential.from_file("ANTHROPIC_API_KEY", file)) as scene:
        client = await scene.client()
        for content, expected in [(None, "first"), ("second\n", "second"), ("", "second"), ("third", "third")]:
            if content is not None:
                file.write_text(content)
            client.ask()
            assert (await client.answer())[0] == 200
            assert scene.provider.got[-1].all("x-api-key") == [expected]


@pytest.mark.parametrize("token", ["", "wrong", KEY])
async def test_who_does_not_show_the_token_is_refused(scene: Scene, token: str) -> None:
    client = await scene.client()
    client.ask(token=token)
    status, _, body = await client.answer()
    assert status == 401
    assert b'"type":"authentication_error"' in body
    assert await client.ended() == b""
    assert scene.provider.got == []


async def test_another_worker_s_token_is_refused(scene: Scene) -> None:
    other = await scene.proxy.open("w2")
    client = await scene.client()
    client.ask(token=(await scene.client(other)).token)
    assert (await client.answer())[0] == 401
    other.close()


async def test_a_worker_that_has_ended_gets_nowhere(scene: Scene) -> None:
    started = asyncio.Event()

    async def hang(line: Line, _got: Got) -> None:
        started.set()
        await line.hung_up.wait()

    scene.provider.answer = hang
    running = await scene.client()
    running.ask()
    await started.wait()
    socket = Path(scene.door.upstream.socket)
    scene.door.close()
    assert await running.ended() == b""
    assert not socket.exists()
    with pytest.raises(OSError, match="No such file"):
        await scene.client()


@pytest.mark.parametrize(
    "line",
    [
        "GET /v1/files HTTP/1.1",
        "POST /v1/messages/batches HTTP/1.1",
        "GET /v1/organizations/me HTTP/1.1",
        "DELETE /v1/messages HTTP/1.1",
        "POST /v1/messages/../files HTTP/1.1",
        "POST /v1/messages%2f..%2ffiles HTTP/1.1",
        "GET /v1/models/../files HTTP/1.1",
        "GET /v1/models/..%2ffiles HTTP/1.1",
        "POST //v1/messages HTTP/1.1",
        "POST http://example.invalid/v1/messages HTTP/1.1",
        "HEAD / HTTP/1.1",
        "OPTIONS * HTTP/1.1",
        "CONNECT example.invalid:443 HTTP/1.1",
    ],
)
async def test_what_a_worker_has_no_business_with_is_not_passed_on(scene: Scene, line: str) -> None:
    client = await scene.client()
    client.ask(b"", line=line)
    assert (await client.head())[0] in {400, 403}
    assert scene.provider.got == []


@pytest.mark.parametrize(
    "raw",
    [
        b"nonsense\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"POST /v1/messages HTTP/1.1\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /v1/messages HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
        b"POST /v1/messages HTTP/1.1\r\nx: a\x00b\r\n\r\n",
        b"POST /v1/messages HTTP/1.1\r\n" + b"x: " + b"a" * 70_000,
    ],
)
async def test_what_is_no_http_is_refused_and_ends(scene: Scene, raw: bytes) -> None:
    client = await scene.client()
    client.writer.write(raw)
    said = await client.ended()
    assert said.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 401 "))
    assert scene.provider.got == []


async def test_nobody_smuggles_a_second_request_along(scene: Scene) -> None:
    client = await scene.client()
    client.ask(b"{}")
    client.ask(b"{}")
    await client.ended()
    assert len(scene.provider.got) <= 1


async def test_a_chunked_request_reaches_the_provider_with_its_length(scene: Scene) -> None:
    client = await scene.client()
    head = f"POST /v1/messages HTTP/1.1\r\nx-api-key: {client.token}\r\ntransfer-encoding: chunked\r\n\r\n"
    client.writer.write(head.encode() + piece(b"ab") + piece(b"cde") + b"0\r\n\r\n")
    assert (await client.answer())[0] == 200
    assert scene.provider.got[0].body == b"abcde"
    assert scene.provider.got[0].all("content-length") == ["5"]
    assert scene.provider.got[0].all("transfer-encoding") == []


async def test_whoever_waits_for_leave_to_send_gets_it(scene: Scene) -> None:
    client = await scene.client()
    head = (
        f"POST /v1/messages HTTP/1.1\r\nx-api-key: {client.token}\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n"
    )
    client.writer.write(head.encode())
    assert (await client.head())[0] == 100
    client.writer.write(b"{}")
    assert (await client.answer())[0] == 200


async def test_pieces_arrive_as_they_are_sent(scene: Scene) -> None:
    go_on = asyncio.Event()

    async def slowly(line: Line, _got: Got) -> None:
        await line.send(STREAM_HEAD)
        for data in (START, PIECE, END):
            await go_on.wait()
            go_on.clear()
            await line.send(piece(data))
        await line.send(b"0\r\n\r\n")

    scene.provider.answer = slowly
    client = await scene.client()
    client.ask()
    status, headers = await client.head()  # before any of the body was sent
    assert (status, headers["content-type"]) == (200, "text/event-stream")
    for data in (START, PIECE, END):
        go_on.set()
        assert await client.chunk() == data
    assert await client.chunk() == b""


async def test_what_a_call_has_used_is_told_at_its_end(scene: Scene) -> None:
    async def stream(line: Line, _got: Got) -> None:
        await line.send(chunked(START, PIECE, END))

    scene.provider.answer = stream
    client = await scene.client()
    client.ask()
    assert (await client.answer())[2] == START + PIECE + END
    (call,) = scene.calls
    assert (call.worker_id, call.status) == ("w1", 200)
    assert 0 < call.first_byte_s < 30
    tokens = call.tokens
    assert (tokens.model, tokens.input_tokens, tokens.cache_read_tokens, tokens.output_tokens) == ("m", 7, 3, 42)
    assert tokens.is_final


async def test_what_a_cut_call_has_used_is_told_as_far_as_it_went(scene: Scene) -> None:
    async def stream(line: Line, _got: Got) -> None:
        await line.send(STREAM_HEAD + piece(START) + piece(PIECE * 5))
        await line.reader.read()
        line.hung_up.set()

    scene.provider.answer = stream
    client = await scene.client()
    client.ask()
    await client.head()
    received = b""
    while PIECE * 5 not in received:
        received += await client.chunk()
    client.hang_up()
    await scene.provider.lines[0].hung_up.wait()  # the provider notices, and stops
    (call,) = scene.calls
    tokens = call.tokens
    assert (tokens.input_tokens, tokens.output_tokens, tokens.is_final) == (7, 5, False)


@pytest.mark.parametrize("begun", [b"", b"HTTP/1.1 200 OK\r\ncontent-le", STREAM_HEAD, STREAM_HEAD + piece(START)])
async def test_an_answer_that_breaks_off_breaks_off_for_the_worker(scene: Scene, begun: bytes) -> None:
    async def breaking(line: Line, _got: Got) -> None:
        await line.send(begun)
        await asyncio.sleep(0)
        line.reset()

    scene.provider.answer = breaking
    client = await scene.client()
    client.ask()
    said = await client.ended()
    assert not said.endswith(b"0\r\n\r\n")


async def test_an_answer_without_a_length_ends_with_its_connection(scene: Scene) -> None:
    async def until_close(line: Line, _got: Got) -> None:
        await line.send(b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\nall of it")
        line.writer.close()

    scene.provider.answer = until_close
    client = await scene.client()
    client.ask()
    assert (await client.answer())[2] == b"all of it"


async def test_a_worker_can_not_take_all_of_the_core_s_connections(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door_module, "_MOST_CONNECTIONS", 1)
    first = await scene.client()
    first.ask()
    assert (await first.answer())[0] == 200
    second = await scene.client()
    for _ in range(3):
        assert await (await scene.client()).ended() == b""
    second.ask()
    assert (await second.answer())[0] == 403


async def test_connections_to_the_provider_are_used_again_by_whoever_comes(scene: Scene) -> None:
    other = await scene.proxy.open("w2")
    for door in (scene.door, scene.door, other):
        client = await scene.client(door)
        for _ in range(2):
            client.ask()
            assert (await client.answer())[0] == 200
    assert [got.connection for got in scene.provider.got] == [1] * 6
    other.close()


async def test_a_connection_that_the_provider_closes_is_not_used_again(scene: Scene) -> None:
    async def last(line: Line, _got: Got) -> None:
        await line.send(whole(b"{}", "200 OK", "connection: close"))

    scene.provider.answer = last
    client = await scene.client()
    for _ in range(3):
        client.ask()
        assert (await client.answer())[0] == 200
    assert [got.connection for got in scene.provider.got] == [1, 2, 3]


async def test_many_streams_at_once_are_not_mixed_up(scene: Scene) -> None:
    async def echo(line: Line, got: Got) -> None:
        await line.send(STREAM_HEAD)
        for _ in range(50):
            await line.send(piece(got.body))
            await asyncio.sleep(0)
        await line.send(b"0\r\n\r\n")

    scene.provider.answer = echo

    async def one(number: int) -> None:
        client = await scene.client()
        for turn in range(3):
            body = f"<{number}.{turn}>".encode()
            client.ask(body)
            assert (await client.answer())[2] == body * 50

    await asyncio.gather(*(one(number) for number in range(30)))


async def test_a_large_body_passes_both_ways(scene: Scene) -> None:
    async def echo(line: Line, got: Got) -> None:
        await line.send(whole(got.body))

    scene.provider.answer = echo
    client = await scene.client()
    body = bytes(range(256)) * 4096 * 20
    client.ask(body)
    assert (await client.answer())[2] == body


async def test_a_worker_that_reads_slowly_holds_its_provider_up_and_nobody_else(scene: Scene) -> None:
    sent = 0

    async def flood(line: Line, got: Got) -> None:
        nonlocal sent
        if got.body == b"quick":
            await line.send(whole(b"{}"))
            return
        await line.send(STREAM_HEAD)
        for _ in range(1000):
            await line.send(piece(b"x" * 100_000))
            sent += 1
        await line.send(b"0\r\n\r\n")

    scene.provider.answer = flood
    slow = await scene.client()
    slow.ask(b"slow")
    await slow.head()
    slow.writer.transport.pause_reading()  # type: ignore[attr-defined] # the stub says WriteTransport
    quick = await scene.client()
    before = -1
    while sent != before:  # until nothing moves any more
        before = sent
        for _ in range(20):
            quick.ask(b"quick")
            assert (await quick.answer())[0] == 200
    assert sent < 500
    slow.writer.transport.resume_reading()  # type: ignore[attr-defined]
    total = 0
    while data := await slow.chunk():
        total += len(data)
    assert total == 100_000_000


async def test_a_provider_that_can_not_be_reached_is_an_error_that_the_cli_tries_again(
    open_scene: OpenScene, unused_tcp_port: int
) -> None:
    async with open_scene(environment={"http_proxy": f"http://127.0.0.1:{unused_tcp_port}"}) as scene:
        client = await scene.client()
        client.ask()
        status, _, body = await client.answer()
        assert status == 502
        assert b'"type":"api_error"' in body
        assert scene.door.account.refused is not None
        assert scene.door.account.refused.status == 0
        client.ask()  # the connection goes on
        assert (await client.answer())[0] == 502


async def test_the_base_url_s_path_stays(open_scene: OpenScene) -> None:
    async with open_scene(path="/gateway/a") as scene:
        assert scene.door.upstream.base_url == f"http://127.0.0.1:{scene.provider.port}/gateway/a"
        client = await scene.client()
        client.ask(line="POST /gateway/a/v1/messages?beta=true HTTP/1.1")
        assert (await client.answer())[0] == 200
        assert scene.provider.got[0].line == "POST /gateway/a/v1/messages?beta=true HTTP/1.1"
        client.ask(line="POST /v1/messages HTTP/1.1")
        assert (await client.answer())[0] == 403


async def test_an_http_proxy_is_asked_for_the_whole_url(open_scene: OpenScene) -> None:
    async with open_scene() as there:
        address = f"http://user:pa%20ss@127.0.0.1:{there.provider.port}"
        async with open_scene(environment={"http_proxy": address}) as scene:
            client = await scene.client()
            client.ask()
            assert (await client.answer())[0] == 200
            assert scene.provider.got == []
            (got,) = there.provider.got
            assert got.line == f"POST http://127.0.0.1:{scene.provider.port}/v1/messages HTTP/1.1"
            assert got.all("proxy-authorization") == ["Basic dXNlcjpwYSBzcw=="]


async def test_more_of_a_head_before_the_answer_is_not_the_answer(scene: Scene) -> None:
    async def early(line: Line, _got: Got) -> None:
        await line.send(b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" + whole(b'{"a":1}'))

    scene.provider.answer = early
    client = await scene.client()
    client.ask()
    status, headers, body = await client.answer()
    assert (status, body) == (200, b'{"a":1}')
    assert "link" not in headers


async def test_a_connection_that_the_provider_closes_as_it_is_used_again_is_replaced(scene: Scene) -> None:
    async def once(line: Line, got: Got) -> None:
        if got.connection == 1 and len(scene.provider.got) == 2:
            line.reset()
            return
        await line.send(whole(b"{}"))

    scene.provider.answer = once
    client = await scene.client()
    for _ in range(2):
        client.ask(b"again")
        assert (await client.answer())[0] == 200
    assert [(got.connection, got.body) for got in scene.provider.got] == [(1, b"again"), (1, b"again"), (2, b"again")]


async def test_a_provider_that_closes_every_connection_is_not_asked_for_ever(scene: Scene) -> None:
    client = await scene.client()
    client.ask()
    assert (await client.answer())[0] == 200

    async def never(line: Line, _got: Got) -> None:
        line.reset()

    scene.provider.answer = never
    client.ask()
    assert await client.ended() == b""
    assert len(scene.provider.got) == 3


async def test_a_host_name_that_is_none_is_an_error_and_no_silence(open_scene: OpenScene) -> None:
    async with open_scene(environment={"http_proxy": f"http://{'x' * 70}.example:1"}) as scene:
        client = await scene.client()
        client.ask()
        assert (await client.answer())[0] == 502


async def test_a_worker_can_not_flood_the_log(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(5):
        client = await scene.client()
        client.ask(token="wrong")
        assert (await client.answer())[0] == 401
        client = await scene.client()
        client.ask(line="GET /v1/files HTTP/1.1")
        assert (await client.answer())[0] == 403
    assert len([record for record in caplog.records if "was refused" in record.message]) == 2
    assert scene.token not in caplog.text
