"""How answers of the real CLI end, by what ended them upstream: through both APIs, whole and streamed."""

import asyncio
import json
from typing import Any

import pytest

from tests.e2e.house import House, new_id, tag, user
from tests.e2e.test_responses import WEATHER as RESPONSE_TOOL
from tests.e2e.test_tools import WEATHER as CHAT_TOOL

pytestmark = pytest.mark.asyncio(loop_scope="session")

# By the directive: of a chat its finish_reason, of a response its status and why it is incomplete, and the text.
WELL = {
    "[[say All of it.]]": ("stop", "completed", None, "All of it."),
    "[[say one STOP two]]": ("stop", "completed", None, "one STOP two"),
    "[[maxtok]] [[say half]]": ("length", "incomplete", "max_output_tokens", "half"),
    "[[refuse]] [[say no]]": ("content_filter", "incomplete", "content_filter", "no"),
    "[[call get_weather {}]]": ("tool_calls", "completed", None, ""),
}
# Of a failure before the first byte: status, type, code, and whether it says when to come back.
FAILED = {
    "[[error 400]]": (400, "invalid_request_error", "upstream_rejected", False),
    "[[error 401]]": (401, "authentication_error", "upstream_auth_error", False),
    "[[error 413]]": (413, "invalid_request_error", "request_too_large", False),
    "[[error 429 ra=20]]": (429, "rate_limit_error", "rate_limit_exceeded", True),
    "[[error 529]]": (503, "overloaded_error", "overloaded", None),
}


# A conversation for each way, for all tests: what ends badly leaves its worker in order.
WAYS = [(api, stream, new_id()) for api in ("chat", "responses") for stream in (False, True)]


async def all_ways(house: House, text: str) -> list[Any]:
    """The chat whole and streamed, then the response whole and streamed, all asked at once."""
    chat = {"model": "claude", "messages": [user(text)], "tools": [CHAT_TOOL]}
    response = {"model": "claude", "input": text, "tools": [RESPONSE_TOOL]}
    asked = {"chat": ("/v1/chat/completions", chat), "responses": ("/v1/responses", response)}

    async def ask(api: str, conversation: str, *, stream: bool) -> Any:
        path, body = asked[api]
        headers = {"X-Conversation-ID": conversation}
        return await house.http.post(path, json=body | {"stream": stream}, headers=headers)

    return await asyncio.gather(*(ask(api, conversation, stream=stream) for api, stream, conversation in WAYS))


def events(stream: str) -> list[Any]:
    """The JSON objects of a stream."""
    return [json.loads(line[6:]) for line in stream.splitlines() if line.startswith("data: {")]


@pytest.mark.parametrize("directive", WELL)
async def test_every_api_tells_alike_why_an_answer_ended(house: House, directive: str) -> None:
    finish_reason, status, why, text = WELL[directive]
    whole, streamed, response, events_of = await all_ways(house, f"{directive} {tag()}")
    choice = whole.json()["choices"][0]
    assert (choice["finish_reason"], choice["message"]["content"] or "") == (finish_reason, text)
    choices = [chunk["choices"][0] for chunk in events(streamed.text)]
    assert [found["finish_reason"] for found in choices if found["finish_reason"]] == [finish_reason]
    assert "".join(found["delta"].get("content") or "" for found in choices) == text
    last = events(events_of.text)[-1]
    assert last["type"] == f"response.{status}"
    for body in (response.json(), last["response"]):
        assert (body["status"], body["incomplete_details"]) == (status, {"reason": why} if why else None)
        said = [part["text"] for item in body["output"] if item["type"] == "message" for part in item["content"]]
        assert "".join(said) == text


@pytest.mark.parametrize("directive", FAILED)
async def test_every_api_tells_a_failure_of_the_provider_alike(house: House, directive: str) -> None:
    status, kind, code, says_when = FAILED[directive]
    for answer in await all_ways(house, f"{directive} {tag()}"):
        error = answer.json()["error"]
        assert (answer.status_code, error["type"], error["code"]) == (status, kind, code)
        if says_when is not None:
            assert ("Retry-After" in answer.headers) == says_when


async def test_every_api_tells_a_failure_within_an_answer_as_its_last_event(house: House) -> None:
    text = f"[[cut after=4]] [[delay 10]] [[tokens 9]] {tag()}"
    _, chat, _, response = await all_ways(house, text)
    assert (chat.status_code, response.status_code) == (200, 200)
    assert events(chat.text)[-1]["error"]["code"] == "upstream_error"
    assert "[DONE]" not in chat.text
    last = events(response.text)[-1]
    assert (last["type"], last["response"]["error"]["code"]) == ("response.failed", "server_error")
