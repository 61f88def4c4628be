"""The demo model over real sockets: what clients get, what the log keeps, how faults look from outside."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from hotseat_demo.queued import BadReply
from hotseat_demo.reply import Cut, Hang, Reply, Text, Usage
from hotseat_demo.server import DemoModel, NotLoopback

from tests.demo.asking import WEATHER, body, user


class Client:
    """A small client of the demo model."""

    def __init__(self, demo: DemoModel, session: aiohttp.ClientSession) -> None:
        self.demo, self.session = demo, session

    async def ask(self, text: str, **fields: Any) -> dict[str, Any]:
        async with self.session.post("/v1/messages", json=body(text, **fields)) as response:
            return {"status": response.status, "headers": response.headers, **await response.json()}

    async def stream(self, text: str, **fields: Any) -> AsyncIterator[dict[str, Any]]:
        async with self.session.post("/v1/messages?beta=true", json=body(text, stream=True, **fields)) as response:
            assert response.content_type == "text/event-stream"
            async for line in response.content:
                if line.startswith(b"data: "):
                    yield json.loads(line[6:])

    async def texts(self, text: str, **fields: Any) -> list[str]:
        events = [event async for event in self.stream(text, **fields)]
        return [e["delta"]["text"] for e in events if e["type"] == "content_block_delta"]


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with DemoModel() as demo, aiohttp.ClientSession(demo.url) as session:
        yield Client(demo, session)


async def test_a_message_is_answered_whole(client: Client) -> None:
    answer = await client.ask("hello")
    assert answer["content"] == [{"type": "text", "text": 'You said: "hello"'}]
    assert (answer["status"], answer["stop_reason"], answer["role"]) == (200, "end_turn", "assistant")
    assert answer["headers"]["request-id"].startswith("req_")
    assert answer["usage"]["output_tokens"] == 3
    assert answer["usage"]["input_tokens"] > 0


async def test_a_stream_is_one_event_for_each_token(client: Client) -> None:
    assert await client.texts("[[tokens 200]]") == ["w0", *(f" w{n}" for n in range(1, 200))]
    (recorded,) = client.demo.main_requests
    assert (recorded.deltas, recorded.stop_reason, recorded.status) == (200, "end_turn", 200)


async def test_a_stream_tells_its_usage_at_both_ends(client: Client) -> None:
    events = [event async for event in client.stream("[[usage in=11 out=22 cr=33 cw=44]] [[say x]]")]
    first, last = events[0]["message"]["usage"], events[-2]["usage"]
    assert (first["input_tokens"], first["output_tokens"]) == (11, 1)
    assert (last["output_tokens"], last["cache_read_input_tokens"], last["cache_creation_input_tokens"]) == (22, 33, 44)


async def test_limits_of_the_request_are_honoured(client: Client) -> None:
    assert await client.texts("[[tokens 9]]", max_tokens=2) == ["w0", " w1"]
    answer = await client.ask("[[tokens 9]]", stop_sequences=["w2"])
    assert (answer["stop_reason"], answer["stop_sequence"]) == ("stop_sequence", "w2")


async def test_ids_never_repeat(client: Client) -> None:
    answers = [await client.ask("weather in Rome?", tools=[WEATHER]) for _ in range(3)]
    ids = [answer["id"] for answer in answers] + [answer["content"][0]["id"] for answer in answers]
    assert len(set(ids)) == 6
    assert all(answer["content"][0]["id"].startswith("toolu_") for answer in answers)


async def test_tokens_are_counted(client: Client) -> None:
    async def count(text: str) -> int:
        async with client.session.post("/v1/messages/count_tokens", json=body(text)) as response:
            return int((await response.json())["input_tokens"])

    assert 0 < await count("short") < await count("much longer " * 20)
    assert client.demo.main_requests == []


async def test_models_and_the_front_page_say_what_this_is(client: Client) -> None:
    async with client.session.get("/v1/models") as response:
        assert all(model["type"] == "model" for model in (await response.json())["data"])
    async with client.session.get("/v1/models/claude-x") as response:
        assert (await response.json())["id"] == "claude-x"
    async with client.session.get("/") as response:
        assert (await response.json())["real"] is False


@pytest.mark.parametrize(
    ("sent", "complaint"),
    [
        ("not json", "not a JSON object"),
        ("[]", "not a JSON object"),
        ("{}", "messages"),
        ('{"messages": []}', "messages"),
        ('{"messages": [{"role": "user", "content": "x"}]}', "model: Field required"),
        ('{"messages": [{"role": "user", "content": "x"}], "model": "m"}', "max_tokens: Field required"),
    ],
)
async def test_a_request_that_is_none_is_refused(client: Client, sent: str, complaint: str) -> None:
    async with client.session.post("/v1/messages", data=sent) as response:
        answer = await response.json()
    assert response.status == 400
    assert answer["type"] == "error"
    assert answer["error"]["type"] == "invalid_request_error"
    assert complaint in answer["error"]["message"]


async def test_an_unknown_path_is_not_found_and_recorded(client: Client) -> None:
    async with client.session.get("/v1/other?x=1") as response:
        assert (response.status, (await response.json())["error"]["type"]) == (404, "not_found_error")
    assert [recorded.path for recorded in client.demo.requests] == ["/v1/other?x=1"]


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    ("status", "error_type"),
    [
        (429, "rate_limit_error"),
        (529, "overloaded_error"),
        (401, "authentication_error"),
        (400, "invalid_request_error"),
        (500, "api_error"),
    ],
)
async def test_an_http_error_has_the_form_of_the_api(
    client: Client, status: int, error_type: str, stream: bool
) -> None:
    answer = await client.ask(f"[[error {status} ra=3]]", stream=stream)
    assert (answer["status"], answer["error"]["type"], answer["headers"]["retry-after"]) == (status, error_type, "3")
    assert answer["request_id"] == answer["headers"]["request-id"]
    assert client.demo.requests[0].fault == "error"


async def test_a_counted_fault_spares_later_requests_until_the_reset(client: Client) -> None:
    statuses = [(await client.ask("[[error 529 x2]] hi"))["status"] for _ in range(3)]
    client.demo.reset()
    assert [*statuses, (await client.ask("[[error 529 x2]] hi"))["status"]] == [529, 529, 200, 529]


async def test_a_stream_can_end_in_an_error_event(client: Client) -> None:
    events = [event async for event in client.stream("[[sse-error api_error after=2]] [[tokens 5]]")]
    assert [e["type"] for e in events[3:]] == ["content_block_delta", "content_block_delta", "error"]
    assert events[-1]["error"]["type"] == "api_error"
    assert (await client.ask("[[sse-error]] x"))["status"] == 529


async def test_an_error_event_comes_even_after_the_last_delta(client: Client) -> None:
    events = [event async for event in client.stream("[[sse-error after=99]] [[tokens 1]]")]
    assert [event["type"] for event in events[-2:]] == ["content_block_stop", "error"]


async def test_a_cut_drops_the_connection_after_so_many_deltas(client: Client) -> None:
    got: list[str] = []
    keep = got.append  # what came before the cut

    async def read() -> None:
        async for event in client.stream("[[cut after=2]] [[tokens 5]]"):
            keep(event["type"])

    with pytest.raises(aiohttp.ClientPayloadError):
        await read()
    assert got.count("content_block_delta") == 2
    assert client.demo.requests[0].fault == "cut"
    assert client.demo.requests[0].client_gone is False


@pytest.mark.parametrize("stream", [True, False])
async def test_a_cut_before_the_first_byte_is_no_response(client: Client, stream: bool) -> None:
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await client.ask("[[cut]]", stream=stream)


async def test_a_stalled_stream_goes_on_after_its_time(client: Client) -> None:
    started = time.monotonic()
    assert len(await client.texts("[[hang after=1 secs=0.2]] [[tokens 3]]")) == 3
    assert time.monotonic() - started >= 0.2


async def test_pauses_are_kept(client: Client) -> None:
    started = time.monotonic()
    await client.texts("[[ttft 100]] [[delay 50]] [[tokens 3]]")
    assert time.monotonic() - started >= 0.2
    recorded = client.demo.requests[0]
    assert recorded.first_byte_at is not None
    assert recorded.first_byte_at - recorded.at >= 0.1


@pytest.mark.parametrize("text", ["[[hang]]", "[[hang after=2]] [[tokens 5]]", "[[delay 50]] [[tokens 1000]]"])
async def test_a_client_that_hangs_up_is_seen(client: Client, text: str) -> None:
    async def read() -> None:
        async for _ in client.stream(text):
            pass

    asking = asyncio.create_task(read())
    recorded = await client.demo.wait_for_request(1)
    if text != "[[hang]]":
        await client.demo.wait_until(lambda: recorded.deltas == 2)
    assert recorded.client_gone is False
    asking.cancel()
    await client.demo.wait_until(lambda: recorded.client_gone, timeout=2)
    assert recorded.client_gone_at is not None
    assert recorded.client_gone_at >= recorded.at
    assert recorded.stop_reason is None


async def test_a_client_that_reads_to_the_end_is_not_gone(client: Client) -> None:
    await client.texts("hello")
    await client.demo.wait_until(lambda: client.demo.requests[0].ended_at is not None)
    assert client.demo.requests[0].client_gone is False


async def test_queued_replies_are_given_in_order_and_before_any_rule(client: Client) -> None:
    client.demo.queue(
        "one", {"text": "two"}, Reply(blocks=(Text("three"),), usage=Usage(output_tokens=9)), {"status": 429}
    )
    answers = [await client.ask("[[say four]]") for _ in range(5)]
    assert [answer.get("content", [{}])[0].get("text") for answer in answers] == ["one", "two", "three", None, "four"]
    assert answers[2]["usage"]["output_tokens"] == 9
    assert answers[3]["status"] == 429


async def test_side_calls_take_no_queued_reply(client: Client) -> None:
    client.demo.queue("for the conversation")
    title = await client.ask("<session>a b</session>", system="You are naming a coding session")
    assert title["content"][0]["text"] == "a b"
    assert client.demo.queued == 1


async def test_queued_faults_are_acted_out(client: Client) -> None:
    client.demo.queue(
        Reply(blocks=(Text("a b c"),), faults=(Cut(1),)), {"text": "x", "faults": [{"type": "hang", "seconds": 0}]}
    )
    with pytest.raises(aiohttp.ClientPayloadError):
        await client.texts("hi")
    assert await client.texts("hi") == ["x"]


@pytest.mark.parametrize(
    "bad", [{"txt": "x"}, {"blocks": [{"type": "new"}]}, {"status": "x"}, {"text": 5}, {"blocks": 1, "text": ""}]
)
async def test_a_bad_reply_is_refused_when_it_is_queued(client: Client, bad: dict[str, Any]) -> None:
    with pytest.raises(BadReply, match="not a reply"):
        client.demo.queue(bad)
    async with client.session.post("/__queue", json=bad) as response:
        assert response.status == 400
        assert "not a reply" in (await response.json())["error"]
    assert client.demo.queued == 0


async def test_the_log_is_read_cleared_and_fed_over_http(client: Client) -> None:
    async with client.session.post("/__queue", json=["one", {"text": "two", "delay_ms": 1}]) as response:
        assert await response.json() == {"queued": 2}
    assert await client.texts("x", metadata={"brand": "new"}) == ["one"]
    async with client.session.get("/__requests") as response:
        (recorded,) = (await response.json())["requests"]
    assert recorded["body"] == body("x", stream=True, metadata={"brand": "new"})
    assert (recorded["path"], recorded["method"], recorded["main"]) == ("/v1/messages?beta=true", "POST", True)
    async with client.session.post("/__reset") as response:
        assert response.status == 200
    assert (client.demo.requests, client.demo.queued, client.demo.main_count) == ([], 0, 0)


async def test_the_log_can_be_waited_for_over_http(client: Client) -> None:
    async with client.session.get("/__requests?at_least=1&timeout=0.05") as response:
        assert response.status == 504
    async with client.session.get("/__requests?at_least=one") as response:
        assert response.status == 400

    async def later() -> list[str]:
        return await client.texts("hi")

    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(_requests(client, "?at_least=1&main=1"))
        tasks.create_task(later())
    assert [request["main_number"] for request in waiting.result()] == [1]


async def _requests(client: Client, query: str) -> list[dict[str, Any]]:
    async with client.session.get(f"/__requests{query}") as response:
        found: list[dict[str, Any]] = (await response.json())["requests"]
        return found


async def test_a_credential_is_never_kept(client: Client) -> None:
    headers = {"x-api-key": "sk-very-secret", "authorization": "Bearer also-secret"}
    async with client.session.post("/v1/messages", json=body("hi"), headers=headers) as response:
        assert response.status == 200
    assert client.demo.requests[0].credential is not None
    async with client.session.get("/__requests") as response:
        log = await response.text()
    assert "secret" not in log
    assert client.demo.requests[0].credential.sha256 in log


async def test_waiting_for_a_request_ends_in_time(client: Client) -> None:
    with pytest.raises(TimeoutError):
        await client.demo.wait_for_request(1, timeout=0.05)


async def test_closing_does_not_wait_for_a_hanging_answer() -> None:
    async with aiohttp.ClientSession() as session:
        async with DemoModel() as demo:
            demo.queue(Reply(faults=(Hang(),)))
            asking = asyncio.create_task(session.post(f"{demo.url}/v1/messages", json=body("x", stream=True)))
            await demo.wait_for_request(1)
            started = time.monotonic()
        assert time.monotonic() - started < 2
        with pytest.raises(aiohttp.ClientError):
            await asking


async def test_strings_and_blocks_of_content_are_the_same(client: Client) -> None:
    async with client.session.post("/v1/messages", json=body({"role": "user", "content": "hey"})) as response:
        as_string = await response.json()
    async with client.session.post("/v1/messages", json=body(user("hey"))) as response:
        assert (await response.json())["content"] == as_string["content"]


async def test_localhost_is_one_address() -> None:
    async with DemoModel(host="localhost") as demo:
        assert demo.url.startswith("http://127.0.0.1:")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com", ""])
def test_only_loopback_is_served(host: str) -> None:
    with pytest.raises(NotLoopback, match="loopback only"):
        DemoModel(host=host)
