"""The demo model over real sockets: what clients get, what the log keeps, how faults look from outside."""

import asyncio
import time
from typing import Any

import aiohttp
import pytest
from hotseat_demo.queued import BadReply
from hotseat_demo.reply import Hang, Reply, Text, Usage
from hotseat_demo.server import DemoModel, NotLoopback

from tests.demo.asking import WEATHER, body, user
from tests.demo.client import Client


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
