"""The Responses API, driven by the real SDK: whole and streamed, functions, thinking, limits and failures."""

import base64
import json
from typing import Any

import openai
import pytest
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import BaseModel, TypeAdapter

from tests.e2e.house import House, said, tag
from tests.e2e.test_request_fields import picture

pytestmark = pytest.mark.asyncio(loop_scope="session")

_EVENT: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)


def function(name: str, **properties: str) -> Any:
    """A function, as the Responses API takes it."""
    schema = {"type": "object", "properties": {key: {"type": kind} for key, kind in properties.items()}}
    return {"type": "function", "name": name, "description": f"It does {name}.", "parameters": schema, "strict": False}


WEATHER, TIME = function("get_weather", city="string"), function("get_time", zone="string")


async def streamed(house: House, path: str = "/v1/responses", **fields: Any) -> list[dict[str, Any]]:
    """The events of a stream as they came, each one checked against the SDK's types and numbered without a gap."""
    body = {"model": "claude", "stream": True, **fields}
    events = []
    async with house.http.stream("POST", path, json=body) as response:
        assert response.status_code == 200, await response.aread()
        name = ""
        async for line in response.aiter_lines():
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif line.startswith("data: "):
                event = json.loads(line.removeprefix("data: "))
                assert event["type"] == name
                _EVENT.validate_python(event, strict=True)
                events.append(event)
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    return events


def kinds(events: list[dict[str, Any]]) -> list[str]:
    """The events' kinds, runs of the same as one."""
    found = [event["type"].removeprefix("response.") for event in events]
    return [kind for place, kind in enumerate(found) if not place or kind != found[place - 1]]


async def test_a_text_is_answered_by_a_response(house: House) -> None:
    response = await house.sdk.responses.create(
        model="claude",
        instructions="Be brief.",
        input=f"[[say Hello there.]] [[usage in=11 out=22 cr=3 cw=4]] {tag()}",
        temperature=0.5,
        max_output_tokens=99,
        metadata={"a": "b"},
    )
    Response.model_validate(response.model_dump(), strict=True)
    assert (response.status, response.output_text, response.instructions) == ("completed", "Hello there.", "Be brief.")
    assert response.metadata == {"a": "b"}
    assert (response.temperature, response.max_output_tokens) == (0.5, 99)
    assert response.usage is not None
    assert (response.usage.input_tokens, response.usage.output_tokens, response.usage.total_tokens) == (18, 22, 40)
    assert (response.usage.input_tokens_details.cached_tokens, response.id[:5]) == (3, "resp_")
    upstream = house.demo.main_requests[-1].body or {}
    assert (upstream["temperature"], upstream["max_tokens"]) == (0.5, 99)
    assert "Be brief." in json.dumps(upstream["system"])


async def test_a_stream_has_openais_events_in_openais_order(house: House) -> None:
    events = await streamed(house, input=f"[[think Hm.]] [[tokens 5]] {tag()}", reasoning={"summary": "auto"})
    assert kinds(events) == [
        "created",
        "in_progress",
        "output_item.added",
        "reasoning_summary_part.added",
        "reasoning_summary_text.delta",
        "reasoning_summary_text.done",
        "reasoning_summary_part.done",
        "output_item.done",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "completed",
    ]
    final = events[-1]["response"]
    assert [item["type"] for item in final["output"]] == ["reasoning", "message"]
    assert final["output"][0]["summary"] == [{"type": "summary_text", "text": "Hm."}]
    deltas = "".join(event["delta"] for event in events if event["type"] == "response.output_text.delta")
    assert deltas == final["output"][1]["content"][0]["text"] == "w0 w1 w2 w3 w4"
    done = [event["item"] for event in events if event["type"] == "response.output_item.done"]
    assert done == final["output"]
    assert {event["response"]["id"] for event in events if "response" in event} == {final["id"]}


async def test_thinking_is_told_only_to_who_asks_for_a_summary(house: House) -> None:
    events = await streamed(house, input=f"[[think Hm.]] [[say Yes.]] {tag()}")
    assert [item["type"] for item in events[-1]["response"]["output"]] == ["reasoning", "message"]
    assert events[-1]["response"]["output"][0]["summary"] == []
    assert not any("reasoning" in event["type"] for event in events)


async def test_the_sdks_streaming_helper_gathers_a_response(house: House) -> None:
    async with house.sdk.responses.stream(model="claude", input=f"[[tokens 4]] {tag()}") as stream:
        texts = [event.delta async for event in stream if event.type == "response.output_text.delta"]
        final = await stream.get_final_response()
    assert "".join(texts) == final.output_text == "w0 w1 w2 w3"
    assert final.status == "completed"


async def test_functions_are_called_in_parallel_and_their_outputs_go_on(house: House) -> None:
    text = f'[[say I look.]] [[call get_weather {{"city": "Oslo"}}]] [[call get_time {{}}]] [[then]] {tag()}'
    sent: list[Any] = [{"role": "user", "content": text}]
    first = await house.sdk.responses.create(model="claude", input=sent, tools=[WEATHER, TIME])
    assert [item.type for item in first.output] == ["message", "function_call", "function_call"]
    calls = [item for item in first.output if item.type == "function_call"]
    assert [(call.name, json.loads(call.arguments)) for call in calls] == [
        ("get_weather", {"city": "Oslo"}),
        ("get_time", {}),
    ]
    outputs = [
        {"type": "function_call_output", "call_id": calls[1].call_id, "output": "Noon"},
        {
            "type": "function_call_output",
            "call_id": calls[0].call_id,
            "output": [{"type": "input_text", "text": "Sun"}],
        },
    ]
    sent += [*(item.model_dump() for item in first.output), *outputs]
    raw = await house.sdk.responses.with_raw_response.create(model="claude", input=sent, tools=[WEATHER, TIME])
    assert raw.headers["x-hotseat-worker"] == "hot"
    second = raw.parse()
    assert "Noon" in second.output_text
    assert "Sun" in second.output_text
    results = [block["tool_use_id"] for block in house.demo.main_requests[-1].messages[-1]["content"]]
    assert results == [calls[1].call_id, calls[0].call_id]


async def test_a_call_is_streamed_with_its_arguments(house: House) -> None:
    text = f'[[say I look.]] [[call get_weather {{"city": "Oslo"}}]] {tag()}'
    events = await streamed(house, input=text, tools=[WEATHER], tool_choice={"type": "function", "name": "get_weather"})
    assert kinds(events)[2:] == [
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "output_item.added",
        "function_call_arguments.delta",
        "function_call_arguments.done",
        "output_item.done",
        "completed",
    ]
    pieces = [event["delta"] for event in events if event["type"] == "response.function_call_arguments.delta"]
    call = events[-1]["response"]["output"][1]
    assert "".join(pieces) == call["arguments"]
    assert (house.demo.main_requests[-1].body or {})["tool_choice"]["name"] == "get_weather"


async def test_a_whole_history_goes_on_on_the_hot_process_with_exactly_its_messages(house: House) -> None:
    word = tag()
    sent: list[Any] = [
        {"role": "developer", "content": f"Rules {word}."},
        {"role": "user", "content": [{"type": "input_text", "text": f"[[think Hm.]] [[say One.]] {word}"}]},
    ]
    first = await house.sdk.responses.create(model="claude", input=sent)
    sent += [
        *(item.model_dump(exclude_none=True) for item in first.output),
        {"role": "user", "content": "[[say Two.]]"},
    ]
    raw = await house.sdk.responses.with_raw_response.create(model="claude", input=sent)
    assert raw.headers["x-hotseat-worker"] == "hot"
    assert raw.parse().output_text == "Two."
    assert [role for role, _ in said(house.demo.main_requests[-1].messages)] == ["user", "assistant", "user"]


async def test_pictures_reach_the_model(house: House) -> None:
    text, data = f"[[say seen]] {tag()}", base64.b64encode(picture()).decode()
    parts: list[Any] = [
        {"type": "input_text", "text": text},
        {"type": "input_image", "image_url": f"data:image/png;base64,{data}", "detail": "auto"},
    ]
    response = await house.sdk.responses.create(model="claude", input=[{"role": "user", "content": parts}])
    assert response.output_text == "seen"
    blocks = [block for message in house.asked(text)[-1].messages for block in message["content"]]
    (image,) = [block for block in blocks if block["type"] == "image"]
    assert image["source"] == {"type": "base64", "media_type": "image/png", "data": data}


async def test_a_limit_makes_a_response_incomplete(house: House) -> None:
    response = await house.sdk.responses.create(model="claude", input=f"[[tokens 50]] {tag()}", max_output_tokens=16)
    assert (response.status, response.output[0].status) == ("incomplete", "incomplete")  # type: ignore[union-attr]
    assert response.incomplete_details is not None
    assert response.incomplete_details.reason == "max_output_tokens"
    events = await streamed(house, input=f"[[tokens 50]] {tag()}", max_output_tokens=16)
    assert events[-1]["type"] == "response.incomplete"
    refused = await house.sdk.responses.create(model="claude", input=f"[[say No.]] [[refuse]] {tag()}")
    assert refused.incomplete_details is not None
    assert (refused.status, refused.incomplete_details.reason) == ("incomplete", "content_filter")


class Box(BaseModel):
    """What an answer has to fit."""

    width: int
    label: str


async def test_an_answer_fits_the_clients_schema(house: House) -> None:
    text = f'[[json {{"width": 3, "label": "oak"}}]] {tag()}'
    parsed = await house.sdk.responses.parse(model="claude", input=text, text_format=Box)
    assert parsed.output_parsed == Box(width=3, label="oak")
    assert parsed.text is not None
    assert parsed.text.format is not None
    assert parsed.text.format.type == "json_schema"
    events = await streamed(house, input=text, text={"format": {"type": "json_object"}})
    assert json.loads(events[-1]["response"]["output"][0]["content"][0]["text"]) == {"width": 3, "label": "oak"}
    answer = await house.http.post(
        "/v1/responses", json={"model": "claude", "input": "hi", "text": {"format": {"type": "json_schema"}}}
    )
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "text.format.name")


async def test_a_failure_before_the_answer_is_a_status_and_after_it_an_event(house: House) -> None:
    with pytest.raises(openai.RateLimitError):
        await house.sdk.responses.create(model="claude", input=f"[[error 429]] {tag()}", stream=True)
    events = await streamed(house, input=f"[[tokens 9]] [[sse-error invalid_request_error after=3]] {tag()}")
    assert kinds(events)[-1] == "failed"
    assert events[-1]["response"]["status"] == "failed"
    assert events[-1]["response"]["error"]["message"]


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"input": []}, "input"),
        ({"input": [{"type": "computer_call", "id": "x"}]}, "input[0].type"),
        ({"input": [{"role": "user", "content": [{"type": "input_audio"}]}]}, "input[0].content[0].type"),
        ({"input": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}, "input"),
        ({"input": [{"type": "function_call_output", "call_id": "x", "output": "y"}]}, "input[0].call_id"),
        ({"input": [{"type": "function_call", "call_id": "x", "name": "f", "arguments": "no"}]}, "input[0].arguments"),
        ({"input": [{"role": "user", "content": [{"type": "input_image", "image_url": "http://x/y.png"}]}]},
         "input[0].content[0].image_url"),
        ({"tools": [{"type": "mcp", "server_label": "x"}]}, "tools[0].type"),
        ({"tools": [{"type": "function", "name": "a b"}]}, "tools[0].name"),
        ({"tool_choice": "required"}, "tool_choice"),
        ({"tool_choice": {"type": "function", "name": "nope"}}, "tool_choice.name"),
        ({"temperature": 3}, "temperature"),
        ({"reasoning": {"effort": "huge"}}, "reasoning.effort"),
        ({"metadata": {"a": 1}}, "metadata[...]"),
        ({"prompt": {"id": "x"}}, "prompt"),
        ({"top_logprobs": 3}, "top_logprobs"),
    ],
)  # fmt: skip
async def test_what_cannot_be_honoured_is_refused_by_its_name(house: House, fields: Any, param: str) -> None:
    answer = await house.http.post("/v1/responses", json={"model": "claude", "input": "hi", **fields})
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == param


async def test_what_has_no_effect_is_named(house: House) -> None:
    raw = await house.sdk.responses.with_raw_response.create(
        model="claude",
        input=f"[[say Fine.]] {tag()}",
        tools=[{"type": "web_search"}, WEATHER],
        user="u1",
        service_tier="auto",
        extra_body={"brand_new": 1},
    )
    named = set(raw.headers["x-ignored-params"].split(", "))
    assert {"user", "service_tier", "brand_new", "tools[0]"} <= named
    assert [tool["name"] for tool in (house.demo.main_requests[-1].body or {})["tools"]] == ["get_weather"]
