"""How answers end: each way in which a turn ends, through each API, whole, streamed, and streamed after some text."""

import json
from dataclasses import dataclass, field
from itertools import product
from typing import Any, Literal

import httpx
import pytest
from hotseat import pb
from hotseat_edge.routes import unserved

from tests.edge.conftest import Edge
from tests.fakes.core import FakeTurn, failure

Form = Literal["whole", "streamed", "begun"]
APIS = ("chat", "completions", "responses")
FORMS: tuple[Form, ...] = ("whole", "streamed", "begun")
_Outcome = pb.TurnCompleted


@dataclass(frozen=True)
class Well:
    """A turn that ends with an answer."""

    outcome: pb.TurnCompleted.Outcome
    finish_reason: str
    status: str  # of a response
    why: str | None = None  # it is incomplete


WELL = {
    "stop": Well(_Outcome.OUTCOME_SUCCEEDED, "stop", "completed"),
    "length": Well(_Outcome.OUTCOME_TRUNCATED, "length", "incomplete", "max_output_tokens"),
    "content_filter": Well(_Outcome.OUTCOME_REFUSED, "content_filter", "incomplete", "content_filter"),
    "tool_calls": Well(_Outcome.OUTCOME_TOOL_CALLS, "tool_calls", "completed"),
}


@dataclass(frozen=True)
class Failed:
    """A turn that ends with an error: as the core says it, as HTTP has it, and as a response that has begun has it."""

    reason: str
    status: int
    kind: str
    code: str
    response_code: str = "server_error"
    metadata: dict[str, str] = field(default_factory=dict)
    message: str = "so it was"
    retry_s: float | None = None
    retry_after: str | None = None
    should_retry: str | None = None


RATE = "rate_limit_exceeded"
FAILED = [
    Failed("PROVIDER_REJECTED", 400, "invalid_request_error", "upstream_rejected", "invalid_prompt"),
    Failed(
        *("PROVIDER_REJECTED", 400, "invalid_request_error", "context_length_exceeded", "invalid_prompt"),
        message="prompt is too long: 9 tokens",
    ),
    Failed(*("PROVIDER_REJECTED", 404, "invalid_request_error", "model_not_found"), metadata={"httpStatus": "404"}),
    Failed(*("PROVIDER_REJECTED", 413, "invalid_request_error", "request_too_large"), metadata={"httpStatus": "413"}),
    Failed("PROVIDER_AUTH", 401, "authentication_error", "upstream_auth_error", should_retry="false"),
    Failed(
        *("PROVIDER_AUTH", 403, "permission_error", "upstream_auth_error"),
        metadata={"httpStatus": "403"},
        should_retry="false",
    ),
    Failed("PROVIDER_LIMIT", 429, "rate_limit_error", RATE, RATE, retry_s=7.2, retry_after="8"),
    Failed("PROVIDER_LIMIT", 429, "rate_limit_error", RATE, RATE, retry_after="1"),
    Failed("PROVIDER", 502, "server_error", "upstream_error", metadata={"httpStatus": "500"}),
    Failed(
        "PROVIDER", 503, "overloaded_error", "overloaded", metadata={"httpStatus": "529"}, retry_s=2, retry_after="2"
    ),
    Failed("PROVIDER", 504, "server_error", "upstream_timeout", metadata={"httpStatus": "504"}),
    Failed("STALLED", 504, "server_error", "upstream_timeout", retry_s=1, retry_after="1"),
    Failed("ATTEMPT_ABANDONED", 502, "server_error", "upstream_broke_off"),
    Failed("OUTPUT_INVALID", 502, "server_error", "output_invalid"),
    Failed("WORKER_LOST", 502, "server_error", "worker_lost", retry_s=0.5, retry_after="1"),
    Failed("TURN_LIMIT", 422, "invalid_request_error", "turn_limit_reached"),
    Failed("INTERNAL", 500, "server_error", "internal_error"),
]


async def asked(edge: Edge, api: str, form: Form, *, model: str = "claude") -> httpx.Response:
    """The answer to a question."""
    questions: dict[str, dict[str, Any]] = {
        "chat": {"messages": [{"role": "user", "content": "hello"}]},
        "completions": {"prompt": "hello"},
        "responses": {"input": "hello"},
    }
    path = {"chat": "/v1/chat/completions"}.get(api, f"/v1/{api}")
    return await edge.http.post(path, json={"model": model, "stream": form != "whole"} | questions[api])


def told(response: httpx.Response) -> list[Any]:
    """The events of a stream."""
    lines = [line.removeprefix("data: ") for line in response.text.splitlines() if line.startswith("data: ")]
    return [line if line == "[DONE]" else json.loads(line) for line in lines]


@pytest.mark.parametrize("name", WELL)
async def test_an_answer_says_why_it_ended(edge: Edge, name: str) -> None:
    for api, form in product(APIS, FORMS):
        await check_end(edge, name, api, form)


async def check_end(edge: Edge, name: str, api: str, form: Form) -> None:
    well = WELL[name]

    async def script(turn: FakeTurn) -> None:
        await turn.started()
        if form == "begun":
            await turn.text("words")
        calls = [pb.ToolCall(tool_call_id="toolu_1", name="f", input_json="{}")] if name == "tool_calls" else []
        text = "words" if form == "begun" else ""
        done = pb.TurnCompleted(
            request_id=turn.input.request_id, outcome=well.outcome, text=text, tool_calls=calls, usage=pb.Usage()
        )
        await turn.send(turn_completed=done)

    edge.core.script = script
    response = await asked(edge, api, form)
    assert response.status_code == 200
    if form == "whole":
        body = response.json()
    elif api == "responses":
        last = told(response)[-1]
        body = last["response"]
        assert last["type"] == ("response.incomplete" if well.why else "response.completed")
    else:
        *chunks, done = told(response)
        body = chunks[-1]
        assert done == "[DONE]"
        reasons = [chunk["choices"][0]["finish_reason"] for chunk in chunks]
        assert [reason for reason in reasons if reason is not None] == [well.finish_reason]
    if api == "responses":
        assert (body["status"], body["error"]) == (well.status, None)
        assert body["incomplete_details"] == ({"reason": well.why} if well.why else None)
    else:
        assert body["choices"][0]["finish_reason"] == well.finish_reason


@pytest.mark.parametrize("failed", FAILED, ids=lambda row: f"{row.reason}-{row.status}-{row.code}")
async def test_a_failure_is_a_status_before_the_first_byte_and_an_event_after_it(edge: Edge, failed: Failed) -> None:
    for api, form in product(APIS, FORMS):
        await check_failure(edge, failed, api, form)


async def check_failure(edge: Edge, failed: Failed, api: str, form: Form) -> None:
    async def script(turn: FakeTurn) -> None:
        await turn.started()
        if form == "begun":
            await turn.text("words")
        await turn.failed(failure(failed.reason, failed.message, failed.retry_s, **failed.metadata))

    edge.core.script = script
    response = await asked(edge, api, form)
    if form != "begun":
        error = response.json()["error"]
        assert (response.status_code, error["type"], error["code"]) == (failed.status, failed.kind, failed.code)
        assert failed.message in error["message"]
        assert error["param"] is None
        assert response.headers.get("Retry-After") == failed.retry_after
        assert response.headers.get("x-should-retry") == failed.should_retry
        assert response.headers["x-request-id"]
        return
    assert response.status_code == 200
    events = told(response)
    if api == "responses":
        assert events[-1]["type"] == "response.failed"
        found = events[-1]["response"]
        assert (found["status"], found["error"]["code"]) == ("failed", failed.response_code)
        assert failed.message in found["error"]["message"]
    else:
        assert "[DONE]" not in events
        assert (events[-1]["error"]["type"], events[-1]["error"]["code"]) == (failed.kind, failed.code)
        assert not any(choice["finish_reason"] for event in events[:-1] for choice in event["choices"])


async def test_what_may_have_left_traces_is_not_to_be_repeated(edge: Edge) -> None:
    async def script(turn: FakeTurn) -> None:
        await turn.started()
        await turn.failed(failure("WORKER_LOST"))

    edge.core.script = script
    for api, form in product(APIS, FORMS[:2]):
        response = await asked(edge, api, form, model="claude-code")
        assert (response.status_code, response.headers["x-should-retry"]) == (502, "false")


async def test_what_is_not_served_says_so_in_openai_s_shape_and_once(edge: Edge) -> None:
    for path in unserved.PATHS:
        response = await edge.http.post(path, json={"model": "claude", "input": "hello"})
        error = response.json()["error"]
        assert (response.status_code, error["type"], error["code"]) == (501, "server_error", "not_implemented")
        assert response.headers["x-should-retry"] == "false"
