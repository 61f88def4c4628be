"""Tools that the client runs: the model calls them, and goes on with exactly what the client says came of it."""

import base64
import json
import os
import signal
from collections.abc import Iterator
from contextlib import AsyncExitStack
from typing import Any

import openai
import pytest

from tests.e2e.house import House, assistant, running, tag, user
from tests.e2e.test_request_fields import picture

pytestmark = pytest.mark.asyncio(loop_scope="session")


def function(name: str, **properties: str) -> Any:
    """A tool, as the OpenAI API takes it."""
    schema = {"type": "object", "properties": {key: {"type": kind} for key, kind in properties.items()}}
    return {"type": "function", "function": {"name": name, "description": f"It does {name}.", "parameters": schema}}


WEATHER, TIME = function("get_weather", city="string"), function("get_time", zone="string")


def result(call: Any, content: Any) -> Any:
    """A tool's message."""
    return {"role": "tool", "tool_call_id": call["id"] if isinstance(call, dict) else call.id, "content": content}


def blocks(messages: list[dict[str, Any]]) -> list[tuple[str, list[dict[str, Any]]]]:
    """What the model got, block by block, without what the CLI adds for the provider's cache."""
    return [(message["role"], list(_plain(message["content"]))) for message in messages if message["role"] != "system"]


def _plain(content: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for block in content:
        yield {name: value for name, value in block.items() if name not in {"cache_control", "caller"}}


class Chat:
    """A client that keeps its whole history, and the tools that it runs."""

    def __init__(self, house: House, *tools: Any, model: str = "claude") -> None:
        self._house = house
        self._model = model
        self.tools = list(tools)
        self.messages: list[Any] = []
        self.conversation = ""

    async def say(self, *messages: Any, **fields: Any) -> Any:
        """Say something; the choice, whole."""
        self.messages += messages
        raw = await self._house.sdk.chat.completions.with_raw_response.create(
            model=self._model, messages=self.messages, tools=self.tools, **fields
        )
        self.conversation = raw.headers["X-Conversation-ID"]
        choice = raw.parse().choices[0]
        self.messages.append(choice.message.model_dump(exclude_none=True))
        return choice

    def upstream(self, number: int = -1) -> list[tuple[str, list[dict[str, Any]]]]:
        """What the model was asked with last."""
        return blocks(self._house.demo.main_requests[number].messages)

    @property
    def wanted(self) -> list[tuple[str, list[dict[str, Any]]]]:
        """What the model should have got with the last question, by the client's own history."""
        found: list[tuple[str, list[dict[str, Any]]]] = []
        for message in self.messages[:-1]:
            if message["role"] == "tool":
                text = message["content"]
                said = text if isinstance(text, list) else [{"type": "text", "text": text}] if text else []
                block = {"type": "tool_result", "tool_use_id": message["tool_call_id"], "content": said}
                if found[-1][0] == "user" and found[-1][1][-1]["type"] == "tool_result":
                    found[-1][1].append(block)
                else:
                    found.append(("user", [block]))
                continue
            texts = [{"type": "text", "text": message["content"]}] if message.get("content") else []
            calls = [
                {
                    "type": "tool_use",
                    "id": call["id"],
                    "name": call["function"]["name"],
                    "input": json.loads(call["function"]["arguments"]),
                }
                for call in message.get("tool_calls") or []
            ]
            found.append((message["role"], [*texts, *calls]))
        return found


async def test_a_call_ends_the_turn_and_its_result_goes_on_on_the_same_process(house: House) -> None:
    chat = Chat(house, WEATHER, TIME)
    choice = await chat.say(user(f'[[say I look.]] [[call get_weather {{"city": "Oslo"}}]] [[then]] {tag()}'))
    assert choice.finish_reason == "tool_calls"
    assert choice.message.content == "I look."
    (call,) = choice.message.tool_calls
    assert (call.function.name, json.loads(call.function.arguments)) == ("get_weather", {"city": "Oslo"})
    pid = (await house.until_idle(chat.conversation)).pid

    answer = await chat.say(result(call, "Sunny"))
    assert (answer.finish_reason, answer.message.content) == ("stop", "get_weather answered: Sunny")
    assert chat.upstream() == chat.wanted
    assert (await house.until_idle(chat.conversation)).pid == pid


async def test_calls_and_their_arguments_are_streamed_in_pieces(house: House) -> None:
    text = f'[[usage in=11 out=22 cr=3 cw=4]] [[call get_weather {{"city": "Oslo"}}]] [[call get_time {{}}]] {tag()}'
    stream = await house.sdk.chat.completions.create(
        model="claude",
        messages=[user(text)],
        tools=[WEATHER, TIME],
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = [chunk async for chunk in stream]
    deltas = [call for chunk in chunks if chunk.choices for call in chunk.choices[0].delta.tool_calls or []]
    names, arguments = {}, {0: "", 1: ""}
    for delta in deltas:
        assert delta.function is not None
        if delta.id:
            names[delta.index] = delta.function.name
        arguments[delta.index] += delta.function.arguments or ""
    assert names == {0: "get_weather", 1: "get_time"}
    assert {place: json.loads(told) for place, told in arguments.items()} == {0: {"city": "Oslo"}, 1: {}}
    assert [call.id for call in deltas if call.index == 0][1:] == [None] * (len(deltas) - 2 - 1)
    assert len(deltas) > 3  # in pieces
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "tool_calls"
    usage = chunks[-1].usage
    assert usage is not None
    assert (usage.prompt_tokens, usage.completion_tokens) == (11 + 3 + 4, 22)


async def test_results_may_come_in_any_order_with_pictures_and_with_nothing(house: House) -> None:
    chat = Chat(house, WEATHER, TIME)
    choice = await chat.say(user(f"[[call get_weather {{}}]] [[call get_time {{}}]] [[then]] [[say done]] {tag()}"))
    weather, time = choice.message.tool_calls
    data = base64.b64encode(picture()).decode()
    shown = [
        {"type": "text", "text": "look"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{data}"}},
    ]
    answer = await chat.say(result(time, ""), result(weather, shown))
    assert answer.message.content == "done"
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": data}}
    assert chat.upstream()[-1] == (
        "user",
        [
            {"type": "tool_result", "tool_use_id": time.id, "content": []},
            {"type": "tool_result", "tool_use_id": weather.id, "content": [{"type": "text", "text": "look"}, image]},
        ],
    )


async def test_a_loop_of_calls_stays_exact_and_on_its_process(house: House) -> None:
    chat = Chat(house, WEATHER)
    orders = " [[then]] ".join(f'[[call get_weather {{"city": "c{number}"}}]]' for number in range(8))
    choice = await chat.say(user(f"{orders} [[then]] [[say done]] {tag()}"))
    pids = set()
    for number in range(8):
        (call,) = choice.message.tool_calls
        assert json.loads(call.function.arguments) == {"city": f"c{number}"}
        pids.add((await house.until_idle(chat.conversation)).pid)
        choice = await chat.say(result(call, f"weather {number}"))
        assert chat.upstream() == chat.wanted
    assert choice.message.content == "done"
    await chat.say(user(f"[[say bye]] {tag()}"))
    assert chat.upstream() == chat.wanted
    assert len(pids) == 1


@pytest.mark.parametrize("what", ["evicted", "killed", "another core"])
async def test_the_result_may_come_whatever_became_of_the_process(
    tmp_path_factory: pytest.TempPathFactory, house: House, what: str
) -> None:
    async with AsyncExitStack() as stack:
        if what == "another core":
            directory = tmp_path_factory.mktemp("restarted")
            house = await stack.enter_async_context(running(directory, POOL_SIZE="2"))
        chat = Chat(house, WEATHER)
        await chat.say(user(f"[[say hi]] {tag()}"))
        choice = await chat.say(user(f"[[say I look.]] [[call get_weather {{}}]] [[then]] [[say done]] {tag()}"))
        conversation = chat.conversation
        worker = await house.until_idle(conversation)
        if what == "evicted":
            await house.grpc.evict_conversation(conversation)
        elif what == "killed":
            os.kill(worker.pid, signal.SIGKILL)
            await house.until_cold(conversation)
        else:
            await house.core.kill()
            await house.start_core(port=house.core.address.rpartition(":")[2])
        answer = await chat.say(result(choice.message.tool_calls[0], "Rain"))
        assert answer.message.content == "done"
        assert chat.upstream() == chat.wanted
        assert chat.conversation == conversation


@pytest.mark.parametrize(
    ("fields", "sent"),
    [
        ({}, None),
        ({"tool_choice": "auto"}, None),
        ({"tool_choice": "none"}, {"type": "none"}),
        ({"tool_choice": "required"}, {"type": "any"}),
        ({"tool_choice": WEATHER | {"function": {"name": "get_weather"}}}, {"type": "tool", "name": "get_weather"}),
        ({"parallel_tool_calls": False}, {"type": "auto", "disable_parallel_tool_use": True}),
        (
            {"tool_choice": "required", "parallel_tool_calls": False},
            {"type": "any", "disable_parallel_tool_use": True},
        ),
    ],
)
async def test_the_choice_of_tools_reaches_the_model_for_one_turn(
    house: House, fields: dict[str, Any], sent: dict[str, Any] | None
) -> None:
    chat = Chat(house, WEATHER, TIME)
    choice = await chat.say(user(f'"Oslo" {tag()}'), **fields)
    body = house.demo.main_requests[-1].body or {}
    assert body.get("tool_choice") == sent
    is_forced = sent is not None and sent["type"] in {"any", "tool"}
    assert (choice.finish_reason == "tool_calls") == is_forced
    if is_forced:
        assert body["thinking"] == {"type": "disabled"}
        await chat.say(*(result(call, "ok") for call in choice.message.tool_calls))
        assert "tool_choice" not in (house.demo.main_requests[-1].body or {})
        assert chat.upstream() == chat.wanted


async def test_the_model_sees_just_the_tools_of_the_request_by_their_names(house: House) -> None:
    odd = [
        {"type": "function", "function": {"name": "Bash"}},
        {"type": "function", "function": {"name": "Read", "parameters": {"properties": {"a": {"type": "string"}}}}},
        {
            "type": "function",
            "function": {"name": "mcp__x__y-1", "parameters": {"$schema": "http://x", "type": "object"}},
        },
    ]
    chat = Chat(house, *odd)
    first = await chat.say(user(f'[[call Bash {{"command": "ls"}}]] {tag()}'))
    seen = {tool["name"]: tool["input_schema"] for tool in (house.demo.main_requests[-1].body or {})["tools"]}
    assert seen == {
        "Bash": {"type": "object", "properties": {}},
        "Read": {"type": "object", "properties": {"a": {"type": "string"}}},
        "mcp__x__y-1": {"type": "object", "properties": {}, "$schema": "http://x"},
    }
    chat.tools = [function(f"tool_{number}", x="string") for number in range(128)]
    await chat.say(result(first.message.tool_calls[0], "a file"))
    assert len((house.demo.main_requests[-1].body or {})["tools"]) == 128
    assert chat.upstream() == chat.wanted
    conversation = chat.conversation
    chat.tools = []
    await chat.say(user(f"[[say ok]] {tag()}"))
    assert (house.demo.main_requests[-1].body or {})["tools"] == []
    assert chat.upstream() == chat.wanted
    assert chat.conversation == conversation


@pytest.mark.parametrize("stream", [False, True])
async def test_calls_come_through_where_the_provider_broke_off_before_them(house: House, stream: bool) -> None:
    fault, calls = "[[sse-error overloaded_error after=1 x1]]", "[[call get_weather {}]] [[call get_time {}]]"
    chat = Chat(house, WEATHER, TIME)
    asked = user(f"{fault} [[say I look well.]] {calls} [[then]] [[say done]] {tag()}")
    if stream:
        chat.messages.append(asked)
        async with house.sdk.chat.completions.stream(
            model="claude", messages=chat.messages, tools=chat.tools
        ) as events:
            choice: Any = (await events.get_final_completion()).choices[0]
        chat.messages.append(
            {
                "role": "assistant",
                "content": choice.message.content,
                "tool_calls": choice.message.model_dump()["tool_calls"],
            }
        )
    else:
        choice = await chat.say(asked)
    assert (choice.finish_reason, choice.message.content) == ("tool_calls", "I look well.")
    answer = await chat.say(*(result(call, "ok") for call in choice.message.tool_calls))
    assert answer.message.content == "done"
    assert chat.upstream() == chat.wanted


async def test_a_streamed_call_that_breaks_off_is_an_error_and_can_be_asked_again(house: House) -> None:
    asked = user(
        f'[[delay 60]] [[cut after=2 x1]] [[call get_weather {{"city": "Llanfairpwllgwyngyll", "x": "y z"}}]] {tag()}'
    )
    stream = await house.sdk.chat.completions.create(model="claude", messages=[asked], tools=[WEATHER], stream=True)
    with pytest.raises(openai.APIError) as caught:
        [chunk async for chunk in stream]
    assert caught.value.code == "upstream_broke_off"
    chat = Chat(house, WEATHER)
    again = await chat.say(asked)
    assert len(again.message.tool_calls) == 1


async def test_ids_of_other_providers_stay_as_they_are(house: House) -> None:
    chat = Chat(house, WEATHER)
    chat.messages = [
        user("What is the weather?"),
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {"id": "call_abc123", "type": "function", "function": {"name": "get_weather", "arguments": "{}"}}
            ],
        },
    ]
    answer = await chat.say({"role": "tool", "tool_call_id": "call_abc123", "content": "Fog"})
    assert answer.message.content == "get_weather answered: Fog"
    assert chat.upstream() == chat.wanted


async def test_a_result_that_the_client_changes_is_a_branch_with_the_changed_one(house: House) -> None:
    chat = Chat(house, WEATHER)
    choice = await chat.say(user(f"[[call get_weather {{}}]] [[then]] {tag()}"))
    (call,) = choice.message.tool_calls
    assert (await chat.say(result(call, "Sunny"))).message.content == "get_weather answered: Sunny"
    await chat.say(user(f"[[say thanks]] {tag()}"))
    trunk = chat.conversation
    chat.messages = chat.messages[:2]
    assert (await chat.say(result(call, "Rain"))).message.content == "get_weather answered: Rain"
    assert chat.upstream() == chat.wanted
    assert chat.conversation != trunk


async def test_a_repeated_request_gets_the_same_calls_again(house: House) -> None:
    asked = user(f'[[say I look.]] [[call get_weather {{"city": "Oslo"}}]] {tag()}')
    seen, key = [], {"Idempotency-Key": tag()}
    for _ in range(2):
        async with house.sdk.chat.completions.stream(
            model="claude", messages=[asked], tools=[WEATHER], extra_headers=key
        ) as events:
            seen.append((await events.get_final_completion()).choices[0].model_dump())
    assert seen[0] == seen[1]
    assert seen[0]["finish_reason"] == "tool_calls"
    assert len(house.asked(asked["content"])) == 1


async def test_calls_after_a_long_history_stay_exact(house: House) -> None:
    chat = Chat(house, WEATHER)
    for number in range(60):
        chat.messages += [user(f"question {number}"), assistant(f"answer {number}")]
    chat.messages[-2:] = [
        user("What is it like?"),
        {
            "role": "assistant",
            "tool_calls": [
                {"id": "call_old", "type": "function", "function": {"name": "get_weather", "arguments": '{"city":"a"}'}}
            ],
        },
        {"role": "tool", "tool_call_id": "call_old", "content": "Fog"},
        assistant("It is foggy."),
    ]
    choice = await chat.say(user(f"[[call get_weather {{}}]] [[then]] [[say done]] {tag()}"))
    assert chat.upstream() == chat.wanted
    await chat.say(result(choice.message.tool_calls[0], "Rain"))
    assert chat.upstream() == chat.wanted
