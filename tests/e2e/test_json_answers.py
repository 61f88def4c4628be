"""Answers that have to be JSON: what the model is told, what it may answer, and what its client gets."""

import json
from collections.abc import AsyncIterator
from typing import Any, Literal

import openai
import pytest
from hotseat import pb
from pydantic import BaseModel

from tests.e2e.house import House, new_id, said, tag, user

pytestmark = pytest.mark.asyncio(loop_scope="session")

PROFILES = ["claude", "claude-code"]


class Step(BaseModel):
    explanation: str
    output: str


class Solution(BaseModel):
    steps: list[Step]
    final_answer: str
    mood: Literal["glad", "sad"] | None


BOX = {
    "type": "object",
    "properties": {"width": {"type": "integer", "minimum": 1, "maximum": 9}, "label": {"type": "string"}},
    "required": ["width", "label"],
    "additionalProperties": False,
}
MAP = {"type": "object", "additionalProperties": {"type": "integer"}}
LIST = {"type": "array", "items": {"type": "integer"}, "minItems": 2}


def form(schema: dict[str, Any], name: str = "box") -> Any:
    return {"type": "json_schema", "json_schema": {"name": name, "strict": True, "schema": schema}}


async def pieces(stream: AsyncIterator[Any]) -> list[str]:
    return [
        chunk.choices[0].delta.content async for chunk in stream if chunk.choices and chunk.choices[0].delta.content
    ]


@pytest.mark.parametrize("model", PROFILES)
async def test_parse_gives_an_instance_of_a_pydantic_model(house: House, model: str) -> None:
    solution = {"steps": [{"explanation": "add", "output": "4"}], "final_answer": "4", "mood": "glad"}
    text = f"[[json {json.dumps(solution)}]] {tag()}"
    answer = await house.sdk.chat.completions.parse(model=model, messages=[user(text)], response_format=Solution)
    assert answer.choices[0].message.parsed == Solution.model_validate(solution)
    assert answer.choices[0].finish_reason == "stop"
    told = (house.asked(text)[-1].body or {})["output_config"]["format"]
    assert told["type"] == "json_schema"
    assert told["schema"]["additionalProperties"] is False
    assert told["schema"]["required"] == ["steps", "final_answer", "mood"]


async def test_without_a_directive_the_answer_fits_too(house: House) -> None:
    text = f"My label is 'blue' and I am 7 wide. {tag()}"
    answer = await house.sdk.chat.completions.create(model="claude", messages=[user(text)], response_format=form(BOX))
    value = json.loads(answer.choices[0].message.content or "")
    assert set(value) == {"width", "label"}


async def test_the_streaming_helper_parses_as_it_goes(house: House) -> None:
    text = f'[[json {{"width": 3, "label": "a long label that comes in several pieces"}}]] {tag()}'
    options: Any = {"model": "claude", "messages": [user(text)], "response_format": form(BOX)}
    stream = await house.sdk.chat.completions.create(**options, stream=True)
    told = await pieces(stream)
    assert len(told) > 2
    assert json.loads("".join(told))["width"] == 3


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("model", PROFILES)
async def test_a_schema_that_the_provider_can_not_be_told_is_asked_for_in_words(
    house: House, model: str, stream: bool
) -> None:
    words = 'Here it is:\n```json\n{"a": 1, "b \\"{": 2}\n```\nAnything else?'
    text = f"[[say {words}]] {tag()}"
    options: Any = {"model": model, "messages": [user(text)], "response_format": form(MAP)}
    if stream:
        told = "".join(await pieces(await house.sdk.chat.completions.create(**options, stream=True)))
    else:
        told = (await house.sdk.chat.completions.create(**options)).choices[0].message.content or ""
    assert told == '{"a": 1, "b \\"{": 2}'
    request = house.asked(text)[-1]
    assert "format" not in (request.body or {}).get("output_config", {})
    assert "JSON Schema" in json.dumps([message for message in request.messages if message["role"] == "user"])


async def test_json_object_streams_nothing_but_the_object(house: House) -> None:
    text = f'[[say Sure! {{"a": [1, 2, 3], "b": "in several pieces, as they come"}} Bye.]] {tag()}'
    stream = await house.sdk.chat.completions.create(
        model="claude", messages=[user(text)], response_format={"type": "json_object"}, stream=True
    )
    told = await pieces(stream)
    assert json.loads("".join(told)) == {"a": [1, 2, 3], "b": "in several pieces, as they come"}
    assert len(told) > 2


@pytest.mark.parametrize("schema", [LIST, {"type": "string"}, {"enum": [1, "two"]}, {"anyOf": [LIST, MAP]}])
async def test_any_root_will_do(house: House, schema: dict[str, Any]) -> None:
    value: Any = {"array": [1, 2], "string": "hm"}.get(schema.get("type", ""), [1, 2] if "anyOf" in schema else "two")
    text = f"[[json {json.dumps(value)}]] {tag()}"
    answer = await house.sdk.chat.completions.create(
        model="claude", messages=[user(text)], response_format=form(schema)
    )
    assert json.loads(answer.choices[0].message.content or "") == value


async def test_the_history_goes_on_with_what_the_client_got(house: House) -> None:
    conversation, first, second = new_id(), f'[[say Well: {{"a": 1}} !]] {tag()}', f"[[say fine]] {tag()}"
    model = f"claude:{conversation}"
    answer = await house.sdk.chat.completions.create(
        model=model, messages=[user(first)], response_format={"type": "json_object"}
    )
    assert answer.choices[0].message.content == '{"a": 1}'
    history = [user(first), {"role": "assistant", "content": '{"a": 1}'}, user(second)]
    again = await house.sdk.chat.completions.with_raw_response.create(model=model, messages=history)
    assert again.headers["x-hotseat-worker"] == "hot"
    expected = [("user", first), ("assistant", '{"a": 1}'), ("user", second)]
    assert said(house.asked(second)[-1].messages) == expected


async def test_an_answer_that_does_not_fit_is_an_error_not_an_answer(house: House) -> None:
    text = f'[[json {{"width": 12, "label": "too wide"}}]] {tag()}'
    options: Any = {"model": "claude", "messages": [user(text)], "response_format": form(BOX)}
    with pytest.raises(openai.APIError) as whole:
        await house.sdk.chat.completions.create(**options)
    stream = await house.sdk.chat.completions.create(**options, stream=True)
    with pytest.raises(openai.APIError) as streamed:
        await pieces(stream)
    for caught in (whole.value, streamed.value):
        assert caught.code == "output_invalid"
        assert "width" in caught.message


async def test_an_answer_that_nobody_has_heard_is_mended(house: House) -> None:
    conversation, text = new_id(), f"a box {tag()}"
    house.demo.queue('{"width": 12, "label": "a"}', '{"width": 2, "label": "a"}')
    answer = await house.sdk.chat.completions.create(
        model=f"claude:{conversation}", messages=[user(text)], response_format=form(BOX)
    )
    assert json.loads(answer.choices[0].message.content or "") == {"width": 2, "label": "a"}
    listed = await house.grpc.list_messages(conversation)
    assert [block.text for message in listed.messages for block in message.content] == [
        text,
        '{"width": 2, "label": "a"}',
    ]
    again = f"[[say next]] {tag()}"
    await house.sdk.chat.completions.create(model=f"claude:{conversation}", messages=[user(again)])
    assert len(said(house.asked(again)[-1].messages)) == 3


async def test_a_refusal_is_told_apart(house: House) -> None:
    text = f"[[refuse]] {tag()}"
    answer = await house.sdk.chat.completions.parse(model="claude", messages=[user(text)], response_format=Step)
    assert answer.choices[0].message.refusal
    assert answer.choices[0].message.parsed is None
    async with house.sdk.chat.completions.stream(model="claude", messages=[user(text)], response_format=Step) as stream:
        final = await stream.get_final_completion()
    assert final.choices[0].message.refusal


async def test_tools_come_before_the_answer(house: House) -> None:
    text = f'[[call add {{"a": 1}}]] [[then]] [[json {{"width": 2, "label": "b"}}]] {tag()}'
    tools: Any = [{"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}]
    messages: list[Any] = [user(text)]
    options: Any = {"model": "claude", "tools": tools, "response_format": form(BOX)}
    first = await house.sdk.chat.completions.create(messages=messages, **options)
    assert first.choices[0].finish_reason == "tool_calls"
    (call,) = first.choices[0].message.tool_calls or []
    messages += [first.choices[0].message.model_dump(exclude_none=True)]
    messages += [{"role": "tool", "tool_call_id": call.id, "content": "3"}]
    second = await house.sdk.chat.completions.create(messages=messages, **options)
    assert json.loads(second.choices[0].message.content or "") == {"width": 2, "label": "b"}


async def test_what_an_agent_says_before_it_uses_a_tool_is_no_part_of_the_answer(house: House) -> None:
    look, answer = '[[say Let me look.]] [[call Read {"file_path": "/x"}]]', '[[json {"width": 2, "label": "b"}]]'
    text = f"{look} [[then]] {answer} {tag()}"
    stream = await house.sdk.chat.completions.create(
        model="claude-code", messages=[user(text)], response_format=form(BOX), stream=True
    )
    assert json.loads("".join(await pieces(stream))) == {"width": 2, "label": "b"}


async def test_effort_and_limits_stand_beside_a_schema(house: House) -> None:
    text = f'[[json {{"width": 2, "label": "b"}}]] {tag()}'
    await house.sdk.chat.completions.create(
        model="claude", messages=[user(text)], response_format=form(BOX), reasoning_effort="high", max_tokens=200
    )
    body = house.asked(text)[-1].body or {}
    assert body["output_config"]["effort"] == "high"
    assert body["output_config"]["format"]["type"] == "json_schema"
    after = f"[[say plain]] {tag()}"
    await house.sdk.chat.completions.create(model="claude", messages=[user(after)])
    assert "format" not in (house.asked(after)[-1].body or {}).get("output_config", {})


async def test_a_truncated_answer_says_so(house: House) -> None:
    text = f'[[json {{"width": 2, "label": "{"long " * 40}"}}]] {tag()}'
    answer = await house.sdk.chat.completions.create(
        model="claude", messages=[user(text)], response_format=form(BOX), max_tokens=10
    )
    assert answer.choices[0].finish_reason == "length"


@pytest.mark.parametrize(
    "format_",
    [
        form({"type": "objekt"}),
        form({"$ref": "https://example.com/x.json"}),
        form({"type": "object", "properties": {"a": {"pattern": "("}}}),
    ],
)
async def test_a_schema_that_is_none_is_refused_by_name(house: House, format_: Any) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        await house.sdk.chat.completions.create(model="claude", messages=[user("hi")], response_format=format_)
    assert (caught.value.code, caught.value.param) == ("invalid_schema", "response_format.json_schema.schema")


async def test_grpc_clients_get_the_json_by_itself(house: House) -> None:
    settings = pb.ConversationSettings(profile="claude", output_schema_json=json.dumps(BOX))
    opening = pb.OpenConversation(conversation_id=new_id(), settings=settings)
    async with house.grpc.converse(opening) as talk:
        for text in ('[[json {"width": 2, "label": "b"}]]', '[[json {"width": 3, "label": "c"}]]'):
            events = [event async for event in talk.ask(text)]
            assert events[-1].turn_completed.structured_output_json == text[7:-2]
