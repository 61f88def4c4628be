"""Requests that are made again: one turn, and its answer each time."""

import asyncio
import json

import httpx
import openai
import pytest

from tests.e2e.house import House, new_id, tag, user
from tests.e2e.wire import calling
from tests.fakes.proxy import proxying

pytestmark = pytest.mark.asyncio(loop_scope="session")

SLOW = "[[tokens 40]] [[delay 20]]"
SLOW_WORDS = " ".join(f"w{number}" for number in range(40))
ENDLESS = "[[tokens 5000]] [[delay 10]]"


async def ask(
    house: House, text: str, headers: dict[str, str], *, model: str = "claude", stream: bool = False
) -> httpx.Response:
    body = {"model": model, "stream": stream, "messages": [user(text)]}
    return await house.http.post("/v1/chat/completions", json=body, headers=headers, timeout=30)


def answer(response: httpx.Response) -> str:
    """What the client gets to read, streamed or not."""
    assert response.status_code == 200, response.text
    if response.headers["content-type"].startswith("application/json"):
        return str(response.json()["choices"][0]["message"]["content"])
    lines = [line.removeprefix("data: ") for line in response.text.splitlines() if line.startswith("data: {")]
    chunks = [json.loads(line) for line in lines]
    return "".join(choice["delta"].get("content", "") for chunk in chunks for choice in chunk["choices"])


def times_asked(house: House, text: str) -> int:
    return len(house.asked(text))


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("named", [False, True])
async def test_a_finished_answer_is_given_again_under_its_key(house: House, stream: bool, named: bool) -> None:
    text, key = f"[[say once]] {tag()}", new_id()
    model = f"claude:{new_id()}" if named else "claude"
    first = await ask(house, text, {"Idempotency-Key": key}, model=model, stream=stream)
    again = await ask(house, text, {"Idempotency-Key": key}, model=model, stream=stream)
    assert (answer(first), answer(again), times_asked(house, text)) == ("once", "once", 1)
    assert ("idempotent-replayed" in first.headers, again.headers["idempotent-replayed"]) == (False, "true")
    assert first.headers["x-conversation-id"] == again.headers["x-conversation-id"]
    if not stream:
        assert first.json()["id"] == again.json()["id"]


async def test_a_running_turn_is_joined_from_its_beginning(house: House) -> None:
    text, key = f"{SLOW} {tag()}", new_id()
    first = asyncio.create_task(ask(house, text, {"Idempotency-Key": key}, stream=True))
    await house.until_asked(text, deltas=5)
    joined = [ask(house, text, {"Idempotency-Key": key}, stream=True) for _ in range(2)]
    responses = [await first, *await asyncio.gather(*joined)]
    assert [answer(response) for response in responses] == [SLOW_WORDS] * 3
    assert times_asked(house, text) == 1


async def test_requests_under_one_key_at_once_are_one(house: House) -> None:
    text, key = f"[[say one]] {tag()}", new_id()
    responses = await asyncio.gather(*(ask(house, text, {"Idempotency-Key": key}) for _ in range(6)))
    assert {answer(response) for response in responses} == {"one"}
    assert len({response.headers["x-conversation-id"] for response in responses}) == 1
    assert times_asked(house, text) == 1


async def test_a_joined_turn_outlives_who_asked_first(house: House) -> None:
    text, headers = f"{SLOW} {tag()}", {"Idempotency-Key": new_id()}
    body = {"model": "claude", "stream": True, "messages": [user(text)]}
    async with calling(house.edge.address, body, **headers) as first:
        await first.until_received('" w3"')
        async with calling(house.edge.address, body, **headers) as joined:
            await joined.until_received('" w3"')
            first.close()
            await joined.until_received("[DONE]")
    assert [joined.received.decode().count(f'" w{number}"') for number in range(1, 40)] == [1] * 39
    assert times_asked(house, text) == 1


async def test_a_key_that_is_used_for_another_request_is_422(house: House) -> None:
    key = new_id()
    await ask(house, f"[[say one]] {tag()}", {"Idempotency-Key": key})
    response = await ask(house, f"[[say two]] {tag()}", {"Idempotency-Key": key})
    assert (response.status_code, response.json()["error"]["code"]) == (422, "idempotency_key_reused")


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "ä"])
async def test_what_is_no_key_is_400(house: House, key: str) -> None:
    body = json.dumps({"model": "claude", "messages": [user("x")]})
    headers = {b"Idempotency-Key": key.encode(), b"Content-Type": b"application/json"}
    response = await house.http.post("/v1/chat/completions", content=body, headers=headers)
    assert (response.status_code, response.json()["error"]["param"]) == (400, "Idempotency-Key")


@pytest.mark.parametrize(("model", "is_made_anew"), [("claude", True), ("claude-code", False)])
async def test_an_attempt_that_failed_is_made_anew_where_it_can_have_left_no_traces(
    house: House, model: str, is_made_anew: bool
) -> None:
    text, headers = f"[[error 400]] {tag()}", {"Idempotency-Key": new_id()}
    first = await ask(house, text, headers, model=model)
    times = times_asked(house, text)
    again = await ask(house, text, headers, model=model)
    assert (first.status_code, again.status_code) == (400, 400)
    assert (times_asked(house, text) > times) is is_made_anew
    assert ("idempotent-replayed" in again.headers) is not is_made_anew


async def test_the_retry_of_a_stock_sdk_gets_the_answer_that_was_lost(house: House) -> None:
    text = f"[[say once]] {tag()}"
    lost = await ask(house, text, {"x-stainless-retry-count": "0"})
    retried = await ask(house, text, {"x-stainless-retry-count": "1"})
    assert (answer(retried), times_asked(house, text)) == ("once", 1)
    assert retried.headers["x-conversation-id"] == lost.headers["x-conversation-id"]
    # The same question, asked by somebody who does not retry, is a question of its own.
    assert answer(await ask(house, text, {"x-stainless-retry-count": "0"})) == "once"
    assert times_asked(house, text) == 2


async def test_the_retry_of_a_stock_sdk_runs_what_had_no_answer(house: House) -> None:
    text = f"[[error 529 x99]] {tag()}"
    assert (await ask(house, text, {"x-stainless-retry-count": "0"})).status_code == 503
    before = times_asked(house, text)
    assert (await ask(house, text, {"x-stainless-retry-count": "1"})).status_code == 503
    assert times_asked(house, text) > before


async def test_the_stock_sdk_gets_its_answer_over_a_connection_that_broke(house: House) -> None:
    text = f"[[ttft 1500]] [[say once]] {tag()}"
    headers = {"X-Hotseat-On-Disconnect": "finish"}
    async with proxying(house.edge.address.removeprefix("http://")) as proxy:
        sdk = openai.AsyncOpenAI(base_url=f"http://{proxy.address}/v1", api_key="unused", max_retries=2)
        create = sdk.chat.completions.create
        asking = asyncio.create_task(create(model="claude", messages=[user(text)], extra_headers=headers))
        await house.until_asked(text)
        proxy.cut()
        assert (await asking).choices[0].message.content == "once"
        await sdk.close()
    assert times_asked(house, text) == 1


async def test_a_turn_may_be_told_to_finish_without_its_client(house: House) -> None:
    text, conversation, key = f"{SLOW} {tag()}", new_id(), new_id()
    body = {"model": f"claude:{conversation}", "stream": True, "messages": [user(text)]}
    headers = {"X-Hotseat-On-Disconnect": "finish", "Idempotency-Key": key}
    async with calling(house.edge.address, body, **headers) as caller:
        await caller.until_received('" w3"')
    await house.until_idle(conversation)
    assert not house.asked(text)[-1].client_gone
    data = json.dumps(body).encode()
    headers["Content-Type"] = "application/json"
    later = await house.http.post("/v1/chat/completions", content=data, headers=headers)
    assert (answer(later), times_asked(house, text)) == (SLOW_WORDS, 1)


async def test_a_policy_that_is_none_is_400(house: House) -> None:
    response = await ask(house, "x", {"X-Hotseat-On-Disconnect": "perhaps"})
    assert (response.status_code, response.json()["error"]["param"]) == (400, "X-Hotseat-On-Disconnect")
