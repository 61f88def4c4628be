"""Tools that the client runs, over gRPC."""

import json
from itertools import groupby
from typing import Any

import pytest
from hotseat import HotseatError, pb

from tests.e2e.house import House, new_id, tag
from tests.e2e.test_grpc import kinds
from tests.e2e.test_tools import blocks

pytestmark = pytest.mark.asyncio(loop_scope="session")

TOOL_CALLS, SUCCEEDED = pb.TurnCompleted.OUTCOME_TOOL_CALLS, pb.TurnCompleted.OUTCOME_SUCCEEDED
WEATHER = pb.ToolDefinition(
    name="get_weather", description="The weather.", input_schema_json='{"properties":{"city":{}}}'
)


def opening(conversation: str, profile: str = "claude", **settings: Any) -> pb.OpenConversation:
    return pb.OpenConversation(
        conversation_id=conversation, settings=pb.ConversationSettings(profile=profile, **settings)
    )


def result(call: pb.ToolCall | str, text: str, **fields: Any) -> pb.ToolResult:
    name = call if isinstance(call, str) else call.tool_call_id
    return pb.ToolResult(tool_call_id=name, content=[pb.ContentBlock(text=text)], **fields)


async def test_a_call_is_told_piece_by_piece_and_its_result_is_the_next_input(house: House) -> None:
    conversation = new_id()
    async with house.grpc.converse(opening(conversation, tools=[WEATHER])) as talk:
        events = [event async for event in talk.ask(f'[[call get_weather {{"city": "Oslo"}}]] [[then]] {tag()}')]
        assert [kind for kind, _ in groupby(kinds(events)) if kind != "usage"] == [
            "turn_started",
            "tool_started",
            "tool_input_delta",
            "tool_input_completed",
            "tool_call",
            "turn_completed",
        ]
        done = events[-1].turn_completed
        [call] = done.tool_calls
        assert (done.outcome, call.name, json.loads(call.input_json)) == (TOOL_CALLS, "get_weather", {"city": "Oslo"})
        assert [event.tool_call for event in events if event.HasField("tool_call")] == [call]
        assert all(event.tool_started.client_tool for event in events if event.HasField("tool_started"))
        failed = [result(call, "no such city", is_error=True)]
        answer = [event async for event in talk.ask("Then rest.", tool_results=failed)][-1].turn_completed
        assert answer.outcome == SUCCEEDED
    said = [
        {
            "type": "tool_result",
            "tool_use_id": call.tool_call_id,
            "content": [{"type": "text", "text": "no such city"}],
            "is_error": True,
        },
        {"type": "text", "text": "Then rest."},
    ]
    assert blocks(house.demo.main_requests[-1].messages)[-1] == ("user", said)
    turns = (await house.grpc.list_turns(conversation)).turns
    assert list(turns[0].completed.tool_calls) == [call]
    assert list(turns[1].tool_results) == failed
    held = (await house.grpc.get_conversation(conversation)).settings
    assert list(held.tools) == [WEATHER]


async def test_calls_that_nobody_answers_hold_nothing_and_count_as_failed(house: House) -> None:
    conversation = new_id()
    async with house.grpc.converse(opening(conversation, tools=[WEATHER])) as talk:
        done = [event async for event in talk.ask(f"[[call get_weather {{}}]] {tag()}")][-1].turn_completed
        assert (await house.until_idle(conversation)).state == pb.Worker.STATE_IDLE
        with pytest.raises(HotseatError) as caught:
            [event async for event in talk.ask(tool_results=[result("toolu_other", "x")])]
        assert caught.value.reason == "NOTHING_PENDING"
        [event async for event in talk.ask(f"[[say fine]] {tag()}")]
    heard = blocks(house.demo.main_requests[-1].messages)[-1][1]
    assert (heard[0]["tool_use_id"], heard[0]["is_error"]) == (done.tool_calls[0].tool_call_id, True)
    assert heard[1]["text"].startswith("[[say fine]]")


async def test_a_turn_that_is_stopped_in_the_middle_of_a_call_leaves_its_text_alone(house: House) -> None:
    conversation = new_id()
    async with house.grpc.converse(opening(conversation, tools=[WEATHER])) as talk:
        text = f'[[delay 300]] [[say so far]] [[call get_weather {{"city": "Llanfairpwllgwyngyll"}}]] {tag()}'
        async for event in talk.ask(text):
            if event.HasField("tool_started"):
                await talk.interrupt()
        assert event.turn_completed.outcome == pb.TurnCompleted.OUTCOME_INTERRUPTED
        assert not event.turn_completed.tool_calls
        [event async for event in talk.ask(f"[[say next]] {tag()}")]
    assert blocks(house.demo.main_requests[-1].messages)[1] == ("assistant", [{"type": "text", "text": "so far"}])


@pytest.mark.parametrize("name", ["Bash", "get_weather"])
async def test_the_agents_own_tools_end_before_the_clients_are_called(house: House, name: str) -> None:
    tool = pb.ToolDefinition(name=name)
    async with house.grpc.converse(opening(new_id(), "claude-code", tools=[tool])) as talk:
        calls = '[[call Bash {"command": "echo from the shell"}]] [[call get_weather {}]]'
        asking = talk.ask(f"{calls} [[then]] [[say done]] {tag()}")
        if name == "Bash":
            with pytest.raises(HotseatError, match="tool of its own named Bash"):
                [event async for event in asking]
            return
        events = [event async for event in asking]
        done = events[-1].turn_completed
        assert [call.name for call in done.tool_calls] == ["get_weather"]
        assert kinds(events).count("tool_completed") == 1
        answer = [event async for event in talk.ask(tool_results=[result(done.tool_calls[0], "Fog")])][-1]
        assert answer.turn_completed.text == "done"
    heard = blocks(house.demo.main_requests[-1].messages)
    uses = [block["name"] for _, content in heard for block in content if block["type"] == "tool_use"]
    results = [block for _, content in heard for block in content if block["type"] == "tool_result"]
    assert uses == ["Bash", "get_weather"]
    assert ["from the shell" in str(block["content"]) for block in results] == [True, False]
    assert "Fog" in str(results[1]["content"])
