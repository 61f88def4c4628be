"""Chat requests that do not end well: statuses, events, and who is told what."""

import asyncio
import json

import httpx
import msgspec
import pytest
from hotseat import pb
from hotseat_edge.app import serve
from hotseat_edge.settings import Settings

from tests.edge.conftest import HELLO, Edge, events, post
from tests.fakes.core import FakeCore, FakeTurn, abort, echo, failure, serving


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (
            failure("PROVIDER_LIMIT", "slow down", retry_s=6.2, httpStatus="429"),
            (429, "rate_limit_exceeded", {"retry-after": "7", "retry-after-ms": "6200", "x-should-retry": "false"}),
        ),
        (failure("PROVIDER", "busy", httpStatus="529"), (503, "overloaded", {"x-should-retry": "false"})),
        (failure("PROVIDER", "broken", httpStatus="500"), (502, "upstream_error", {})),
        (failure("PROVIDER_AUTH", "no", httpStatus="401"), (401, "upstream_auth_error", {"x-should-retry": "false"})),
        (failure("PROVIDER_REJECTED", "prompt is too long", httpStatus="400"), (400, "context_length_exceeded", {})),
        (failure("STALLED", "nothing came"), (504, "upstream_timeout", {})),
    ],
)
async def test_a_failure_before_the_first_byte_has_its_own_status(
    edge: Edge, stream: bool, error: pb.Error, expected: tuple[int, str, dict[str, str]]
) -> None:
    async def fail(turn: FakeTurn) -> None:
        await turn.started()
        await turn.failed(error)

    edge.core.script = fail
    response = await post(edge, HELLO | {"stream": stream})

    status, code, headers = expected
    assert response.status_code == status
    assert response.headers["content-type"].startswith("application/json")
    assert response.json()["error"]["code"] == code
    assert set(response.json()["error"]) == {"message", "type", "param", "code"}
    assert {name: response.headers.get(name) for name in headers} == headers
    assert "x-conversation-id" in response.headers


async def test_a_full_queue_may_be_tried_again(edge: Edge) -> None:
    async def full(turn: FakeTurn) -> None:
        await turn.failed(failure("POOL_FULL", "full"))

    edge.core.script = full
    response = await post(edge, HELLO)

    assert (response.status_code, response.headers["x-should-retry"]) == (429, "true")
    assert response.headers["retry-after"] == "1"


async def test_the_bare_model_has_no_side_effects_so_its_failures_are_left_to_the_client(edge: Edge) -> None:
    async def fail(turn: FakeTurn) -> None:
        await turn.started()
        await turn.failed(failure("PROVIDER", "broken", httpStatus="500"))

    edge.core.script = fail
    response = await post(edge, HELLO | {"model": "claude"})

    assert response.status_code == 502
    assert "x-should-retry" not in response.headers


async def test_a_refused_opening_has_its_own_status(edge: Edge) -> None:
    edge.core.refuse_open = failure("POOL_DRAINING", "draining", retry_s=3)
    response = await post(edge, HELLO | {"stream": True})

    assert (response.status_code, response.json()["error"]["code"]) == (503, "draining")
    assert (response.headers["retry-after"], response.headers["x-should-retry"]) == ("3", "true")


async def test_a_failure_after_the_first_byte_is_an_event_and_ends_the_stream(edge: Edge) -> None:
    async def break_off(turn: FakeTurn) -> None:
        await turn.started()
        await turn.text("half an ")
        await turn.failed(failure("ATTEMPT_ABANDONED", "broke off"))

    edge.core.script = break_off
    response = await post(edge, HELLO | {"stream": True})

    assert response.status_code == 200
    *_, text, error = events(response)
    assert text["choices"][0]["delta"] == {"content": "half an "}
    assert error["error"]["code"] == "upstream_broke_off"


async def test_a_core_that_dies_in_mid_answer_is_an_event_too(edge: Edge) -> None:
    async def die(turn: FakeTurn) -> None:
        await turn.started()
        await turn.text("half")
        await abort(turn.context, failure("WORKER_LOST", "the CLI died"))

    edge.core.script = die
    response = await post(edge, HELLO | {"stream": True})

    assert events(response)[-1]["error"]["code"] == "worker_lost"


@pytest.mark.parametrize("stream", [True, False])
async def test_a_client_that_hangs_up_leaves_for_good_within_300_ms(edge: Edge, stream: bool) -> None:
    started = asyncio.Event()

    async def hang(turn: FakeTurn) -> None:
        await turn.started()
        await turn.text("endless")
        started.set()
        await asyncio.Event().wait()

    edge.core.script = hang
    asking = asyncio.create_task(post(edge, HELLO | {"stream": stream}))
    await started.wait()
    asking.cancel()
    async with asyncio.timeout(0.3):
        await edge.core.left.wait()
    with pytest.raises(asyncio.CancelledError):
        await asking


async def test_an_answer_that_ended_leaves_no_cancelled_call(edge: Edge) -> None:
    for stream in (True, False):
        edge.core.finished.clear()
        await post(edge, HELLO | {"stream": stream})
        async with asyncio.timeout(1):
            await edge.core.finished.wait()

    assert not edge.core.cancelled.is_set()


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/responses"])
async def test_what_waits_in_vain_before_a_comment_is_due_keeps_its_status(edge: Edge, path: str) -> None:
    async def refused(turn: FakeTurn) -> None:
        await turn.queued(2, wait_s=7)
        await turn.queued(1, wait_s=3)
        await turn.failed(failure("QUEUE_TIMEOUT", "no worker was free", retry_s=3))

    edge.core.script = refused
    asked = HELLO if path.endswith("completions") else {"model": "claude", "input": "hello"}
    response = await edge.http.post(path, json=asked | {"stream": True})

    assert (response.status_code, response.headers["retry-after"]) == (429, "3")


async def test_a_whole_answer_that_had_to_wait_is_like_any_other(edge: Edge) -> None:
    async def queued(turn: FakeTurn) -> None:
        await turn.queued(1, wait_s=3)
        await echo(turn)

    edge.core.script = queued
    response = await post(edge, HELLO)

    assert response.json()["choices"][0]["message"]["content"] == "You said: hello world"


class TestWithAShortPatience:
    """Silence and unread streams, with times that a test can wait for."""

    @pytest.fixture
    def settings(self) -> Settings:
        return Settings(port=0, keep_alive_s=0.05, stall_s=0.3)

    async def test_silence_is_filled_with_comments_before_and_between_events(self, edge: Edge) -> None:
        go_on = asyncio.Event()

        async def slow(turn: FakeTurn) -> None:
            await turn.started()
            await go_on.wait()
            await turn.text("at last")
            await turn.completed()

        edge.core.script = slow
        async with edge.http.stream("POST", "/v1/chat/completions", json=HELLO | {"stream": True}) as response:
            lines = response.aiter_lines()
            assert [await anext(lines) for _ in range(4)] == [": keep-alive", "", ": keep-alive", ""]
            go_on.set()
            rest = [line async for line in lines]

        assert any('"at last"' in line for line in rest)
        assert rest[-2:] == ["data: [DONE]", ""]

    async def test_the_comments_of_a_request_that_waits_tell_its_place(self, edge: Edge) -> None:
        seen: asyncio.Queue[str] = asyncio.Queue()

        async def until(line: str) -> None:
            while await seen.get() != line:
                pass

        async def queued(turn: FakeTurn) -> None:
            await turn.queued(3, wait_s=12.5)
            await until(": queued position=3 wait_s=12")
            await turn.queued(1, wait_s=4)
            await until(": queued position=1 wait_s=4")
            await turn.started()
            await until(": keep-alive")
            await turn.text("at last")
            await turn.completed()

        edge.core.script = queued
        async with edge.http.stream("POST", "/v1/chat/completions", json=HELLO | {"stream": True}) as response:
            async for line in response.aiter_lines():
                seen.put_nowait(line)

        rest = [seen.get_nowait() for _ in range(seen.qsize())]
        assert rest[-2:] == ["data: [DONE]", ""]

    async def test_a_failure_after_the_first_comment_is_an_event(self, edge: Edge) -> None:
        async def slow(turn: FakeTurn) -> None:
            await asyncio.sleep(0.15)
            await turn.failed(failure("POOL_FULL", "full"))

        edge.core.script = slow
        response = await post(edge, HELLO | {"stream": True})

        assert response.status_code == 200
        assert [event["error"]["code"] for event in events(response)] == ["queue_full"]

    async def test_a_client_that_reads_nothing_is_cut_off_and_its_turn_ends(self, edge: Edge) -> None:
        async def flood(turn: FakeTurn) -> None:
            await turn.started()
            while True:
                await turn.text("x" * 100_000)

        edge.core.script = flood
        body = json.dumps(HELLO | {"stream": True}).encode()
        _, writer = await asyncio.open_connection("127.0.0.1", edge.port, limit=1024)
        head = "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        async with asyncio.timeout(5):
            await edge.core.left.wait()
        writer.close()


async def test_a_core_that_is_away_is_503_within_a_second() -> None:
    unused = "127.0.0.1:1"
    async with serve(Settings(port=0, core_target=unused)) as url, httpx.AsyncClient(trust_env=False) as http:
        async with asyncio.timeout(1.0):
            response = await http.post(f"{url}/v1/chat/completions", json=HELLO)

    assert (response.status_code, response.json()["error"]["code"]) == (503, "core_unavailable")
    assert response.headers["x-should-retry"] == "true"


async def test_a_core_that_accepts_and_says_nothing_is_503_in_the_end() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.read(65536):
                pass
        finally:
            writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    settings = Settings(port=0, core_target=f"127.0.0.1:{port}")
    async with server, serve(settings) as url, httpx.AsyncClient(trust_env=False) as http:
        response = await http.post(f"{url}/v1/chat/completions", json=HELLO, timeout=20)

    assert (response.status_code, response.json()["error"]["code"]) == (503, "core_unavailable")


async def test_a_running_answer_ends_before_the_server_does(settings: Settings) -> None:
    started, go_on = asyncio.Event(), asyncio.Event()

    async def slow(turn: FakeTurn) -> None:
        await turn.started()
        await turn.text("half ")
        started.set()
        await go_on.wait()
        await turn.text("whole")
        await turn.completed()

    async with serving(FakeCore(slow)) as target, httpx.AsyncClient(trust_env=False) as http:
        async with serve(msgspec.structs.replace(settings, core_target=target)) as url:
            asking = asyncio.create_task(http.post(f"{url}/v1/chat/completions", json=HELLO))
            await started.wait()
            asyncio.get_running_loop().call_later(0.1, go_on.set)
        answer = await asking

    assert answer.json()["choices"][0]["message"]["content"] == "half whole"
