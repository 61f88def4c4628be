"""POST /v1/chat/completions through real sockets: what the core is asked, and what the client gets."""

import asyncio
import json
import re
from typing import Any

import httpx
import msgspec
import pytest
from hotseat import pb
from hotseat_edge.app import serve
from hotseat_edge.settings import Settings

from tests.edge.conftest import Edge
from tests.fakes.core import FakeTurn, abort, failure

HELLO = {"model": "claude-code", "messages": [{"role": "user", "content": "hello world"}]}


async def post(edge: Edge, body: dict[str, Any], **headers: str) -> httpx.Response:
    return await edge.http.post("/v1/chat/completions", json=body, headers=headers)


def events(response: httpx.Response) -> list[Any]:
    lines = [line.removeprefix("data: ") for line in response.text.split("\n\n") if line.startswith("data: ")]
    return [line if line == "[DONE]" else json.loads(line) for line in lines]


def deltas(response: httpx.Response, key: str = "content") -> list[str]:
    chunks = [event for event in events(response) if event != "[DONE]" and event.get("choices")]
    return [piece for chunk in chunks if (piece := chunk["choices"][0]["delta"].get(key))]


async def test_a_whole_answer(edge: Edge) -> None:
    response = await post(edge, HELLO)

    assert response.status_code == 200
    answer = response.json()
    assert re.fullmatch(r"chatcmpl-[0-9a-f]{32}", answer.pop("id"))
    assert answer.pop("created") > 1_700_000_000
    assert answer == {
        "object": "chat.completion",
        "model": "claude-code",
        "choices": [
            {
                "index": 0,
                "message": {
                    "role": "assistant",
                    "content": "You said: hello world",
                    "refusal": None,
                    "annotations": [],
                },
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": {
            "prompt_tokens": 15,
            "completion_tokens": 5,
            "total_tokens": 20,
            "prompt_tokens_details": {"cached_tokens": 3, "cache_write_tokens": 2, "audio_tokens": 0},
            "completion_tokens_details": {
                "reasoning_tokens": 0,
                "audio_tokens": 0,
                "accepted_prediction_tokens": 0,
                "rejected_prediction_tokens": 0,
            },
        },
    }


async def test_a_streamed_answer_has_one_chunk_for_each_delta(edge: Edge) -> None:
    response = await post(edge, HELLO | {"stream": True})

    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    *chunks, done = events(response)
    assert done == "[DONE]"
    assert len({(chunk["id"], chunk["created"], chunk["model"], chunk["object"]) for chunk in chunks}) == 1
    assert [chunk["choices"][0]["delta"] for chunk in chunks] == [
        {"role": "assistant", "content": "", "refusal": None},
        {"content": "You"},
        {"content": " said:"},
        {"content": " hello"},
        {"content": " world"},
        {},
    ]
    assert [chunk["choices"][0]["finish_reason"] for chunk in chunks] == [None] * 5 + ["stop"]
    assert not any("usage" in chunk for chunk in chunks)


async def test_usage_comes_last_where_it_is_asked_for(edge: Edge) -> None:
    response = await post(edge, HELLO | {"stream": True, "stream_options": {"include_usage": True}})

    *chunks, last, done = events(response)
    assert done == "[DONE]"
    assert all(chunk["usage"] is None for chunk in chunks)
    assert last["choices"] == []
    assert last["usage"]["total_tokens"] == 20


@pytest.mark.parametrize("stream", [True, False])
async def test_what_the_core_is_asked(edge: Edge, stream: bool) -> None:
    body = {
        "model": "claude/haiku:c-1",
        "stream": stream,
        "messages": [
            {"role": "system", "content": "be brief"},
            {"role": "user", "content": "one"},
            {"role": "assistant", "content": "two"},
            {"role": "developer", "content": [{"type": "text", "text": "and kind"}]},
            {"role": "user", "content": [{"type": "text", "text": "three"}]},
        ],
        "max_tokens": 50,
        "temperature": 0,
        "top_p": 0.5,
        "stop": "END",
        "reasoning_effort": "high",
    }
    response = await post(edge, body)

    assert response.headers["x-conversation-id"] == "c-1"
    [opening], [said] = edge.core.openings, edge.core.inputs
    assert (opening.conversation_id, opening.disposition) == ("c-1", pb.OpenConversation.DISPOSITION_OPEN_OR_CREATE)
    assert opening.settings == pb.ConversationSettings(
        profile="claude", model="haiku", system_prompt=pb.SystemPrompt(text="be brief\n\nand kind")
    )
    assert opening.HasField("detach_timeout")
    assert opening.detach_timeout.ToNanoseconds() == 0
    assert opening.history_policy == pb.HISTORY_POLICY_MATCH
    assert list(opening.history) == [
        pb.HistoryMessage(role=pb.HistoryMessage.ROLE_USER, content=[pb.HistoryBlock(text="one")]),
        pb.HistoryMessage(role=pb.HistoryMessage.ROLE_ASSISTANT, content=[pb.HistoryBlock(text="two")]),
    ]
    assert list(said.content) == [pb.ContentBlock(text="three")]
    assert said.options == pb.TurnOptions(
        temperature=0.0,
        top_p=0.5,
        max_output_tokens=50,
        stop_sequences=["END"],
        effort=pb.TurnOptions.EFFORT_HIGH,
        allow_retraction=not stream,
    )


async def test_a_request_says_nothing_that_its_client_did_not(edge: Edge) -> None:
    await post(edge, HELLO)

    [opening], [said] = edge.core.openings, edge.core.inputs
    assert opening.settings == pb.ConversationSettings(profile="claude-code")
    assert list(opening.history) == []
    assert said.options == pb.TurnOptions(allow_retraction=True)


async def test_a_conversation_is_named_by_header_or_made_and_returned(edge: Edge) -> None:
    named = await post(edge, HELLO, **{"X-Conversation-ID": "mine"})
    made = await post(edge, HELLO)

    assert named.headers["x-conversation-id"] == "mine"
    assert re.fullmatch(r"conv_[0-9a-f]{32}", made.headers["x-conversation-id"])
    assert [opening.conversation_id for opening in edge.core.openings] == ["mine", made.headers["x-conversation-id"]]


@pytest.mark.parametrize("stream", [True, False])
async def test_text_blocks_are_joined_by_a_blank_line_and_thinking_stands_apart(edge: Edge, stream: bool) -> None:
    async def several(turn: FakeTurn) -> None:
        await turn.started()
        await turn.thinking("hm", "m", block=0)
        await turn.text("a", "b", block=1)
        await turn.send(text_delta=pb.TextDelta(text="a subagent's", block=1, parent_tool_use_id="t"))
        await turn.text("c", block=3)
        await turn.completed()

    edge.core.script = several
    response = await post(edge, HELLO | {"stream": stream})

    if stream:
        assert deltas(response) == ["a", "b", "\n\nc"]
        assert deltas(response, "reasoning_content") == ["hm", "m"]
    else:
        message = response.json()["choices"][0]["message"]
        assert (message["content"], message["reasoning_content"]) == ("ab\n\nc", "hmm")


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        (pb.TurnCompleted.OUTCOME_SUCCEEDED, "stop"),
        (pb.TurnCompleted.OUTCOME_TRUNCATED, "length"),
        (pb.TurnCompleted.OUTCOME_REFUSED, "content_filter"),
        (pb.TurnCompleted.OUTCOME_INTERRUPTED, "stop"),
    ],
)
async def test_each_outcome_has_its_finish_reason(edge: Edge, outcome: Any, reason: str) -> None:
    async def end(turn: FakeTurn) -> None:
        await turn.started()
        await turn.completed(outcome)

    edge.core.script = end
    whole = await post(edge, HELLO)
    streamed = await post(edge, HELLO | {"stream": True})

    assert whole.json()["choices"][0]["finish_reason"] == reason
    role, finish, _ = events(streamed)
    assert role["choices"][0]["delta"]["role"] == "assistant"
    assert finish["choices"][0]["finish_reason"] == reason


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
async def test_a_client_that_hangs_up_cancels_the_call_within_300_ms(edge: Edge, stream: bool) -> None:
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
        await edge.core.cancelled.wait()
    with pytest.raises(asyncio.CancelledError):
        await asking


async def test_an_answer_that_ended_leaves_no_cancelled_call(edge: Edge) -> None:
    for stream in (True, False):
        edge.core.finished.clear()
        await post(edge, HELLO | {"stream": stream})
        async with asyncio.timeout(1):
            await edge.core.finished.wait()

    assert not edge.core.cancelled.is_set()


async def test_parameters_that_change_nothing_are_listed(edge: Edge) -> None:
    ignored = {"user": "u", "metadata": {"a": "b"}, "store": True, "seed": 7, "frequency_penalty": 0, "made_up": [1]}
    response = await post(edge, HELLO | ignored | {"temperature": 1.5, "service_tier": None})

    assert response.status_code == 200
    listed = response.headers["x-ignored-params"].split(", ")
    assert sorted(listed) == sorted(ignored)
    assert response.headers["x-adjusted-params"] == "temperature"
    assert edge.core.inputs[0].options.temperature == 1.0


@pytest.mark.parametrize("name", ["gpt-4o", "--resume", "$(id)", "claude-code;rm", "claude-code/--x"])
async def test_an_unknown_model_is_not_found_and_never_reaches_the_core(edge: Edge, name: str) -> None:
    response = await post(edge, HELLO | {"model": name})

    error = response.json()["error"]
    assert (response.status_code, error["code"], error["param"]) == (404, "model_not_found", "model")
    assert edge.core.openings == []


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
        head = "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        async with asyncio.timeout(5):
            await edge.core.cancelled.wait()
        writer.close()


async def test_a_core_that_is_away_is_503_within_a_second() -> None:
    unused = "127.0.0.1:1"
    async with serve(Settings(port=0, core_target=unused)) as url, httpx.AsyncClient(trust_env=False) as http:
        async with asyncio.timeout(1.0):
            response = await http.post(f"{url}/v1/chat/completions", json=HELLO)

    assert (response.status_code, response.json()["error"]["code"]) == (503, "core_unavailable")
    assert response.headers["x-should-retry"] == "true"


async def test_a_core_that_accepts_and_says_nothing_is_503_within_a_second() -> None:
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
        async with asyncio.timeout(1.0):
            response = await http.post(f"{url}/v1/chat/completions", json=HELLO)

    assert (response.status_code, response.json()["error"]["code"]) == (503, "core_unavailable")


async def test_a_running_answer_ends_before_the_server_does(settings: Settings) -> None:
    from tests.fakes.core import FakeCore, serving

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
