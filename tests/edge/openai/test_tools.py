"""The tools that a chat request offers, and the calls in its answer."""

import json
from typing import Any

import pytest
from hotseat import pb
from hotseat_edge.openai import schema
from hotseat_edge.openai.errors import ApiError
from hotseat_edge.openai.stream import ChunkWriter, Collector
from hotseat_edge.openai.tools import Offer, offer
from openai.types.chat import ChatCompletion

from tests.edge.openai.test_schema import GOOD
from tests.edge.openai.test_stream import ANSWER, chunks, text

Choice = pb.ToolChoice


def function(name: str, **fields: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, **fields}}


def offered(**fields: Any) -> Offer:
    chat = schema.parse(json.dumps(GOOD | fields).encode())
    return offer(chat.tools, chat.tool_choice, parallel=chat.parallel_tool_calls)


def test_a_tool_is_told_as_it_is() -> None:
    parameters = {"type": "object", "properties": {"z": {}, "a": {}}, "additionalProperties": False}
    spec = function("look", description="It looks.", parameters=parameters, strict=True) | {"cache_control": {}}
    assert offered(tools=[spec, function("b", description=None)]).definitions == [
        pb.ToolDefinition(
            name="look", description="It looks.", input_schema_json=json.dumps(parameters, separators=(",", ":"))
        ),
        pb.ToolDefinition(name="b"),
    ]


ALLOWED = {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [function("b")]}}


@pytest.mark.parametrize(
    ("fields", "choice"),
    [
        ({}, None),
        ({"tool_choice": "auto", "parallel_tool_calls": True}, None),
        ({"tool_choice": "none"}, Choice(mode=Choice.MODE_NONE)),
        ({"tool_choice": "required"}, Choice(mode=Choice.MODE_REQUIRED)),
        ({"tool_choice": function("a")}, Choice(mode=Choice.MODE_TOOL, name="a")),
        ({"parallel_tool_calls": False}, Choice(mode=Choice.MODE_AUTO, disable_parallel_calls=True)),
        ({"tool_choice": ALLOWED}, Choice(mode=Choice.MODE_REQUIRED)),
    ],
)
def test_a_choice_is_passed_on(fields: dict[str, Any], choice: pb.ToolChoice | None) -> None:
    assert offered(tools=[function("a"), function("b")], **fields).choice == choice


def test_only_the_allowed_tools_are_offered() -> None:
    found = offered(tools=[function("a"), function("b")], tool_choice=ALLOWED)
    assert [definition.name for definition in found.definitions] == ["b"]


@pytest.mark.parametrize("fields", [{}, {"tools": []}, {"tool_choice": "none", "parallel_tool_calls": False}])
def test_without_tools_there_is_nothing_to_choose(fields: dict[str, Any]) -> None:
    assert offered(**fields) == Offer()


@pytest.mark.parametrize(
    ("fields", "code", "param"),
    [
        ({"tools": [{"type": "web_search"}]}, "unsupported_parameter", "tools[0].type"),
        ({"tools": [{"type": "function"}]}, "missing_required_parameter", "tools[0].function"),
        ({"tools": [function("a b")]}, "invalid_value", "tools[0].function.name"),
        ({"tools": [function("a"), function("a")]}, "invalid_value", "tools[1].function.name"),
        ({"tools": [function("a", parameters={"type": "array"})]}, "invalid_value", "tools[0].function.parameters"),
        ({"tool_choice": "required"}, "invalid_value", "tool_choice"),
        ({"tool_choice": function("a")}, "invalid_value", "tool_choice"),
        ({"tools": [function("a")], "tool_choice": function("b")}, "invalid_value", "tool_choice.function.name"),
        ({"tools": [function("a")], "tool_choice": {"type": "custom"}}, "invalid_value", "tool_choice"),
        (
            {"tools": [function("a")], "tool_choice": ALLOWED},
            "invalid_value",
            "tool_choice.allowed_tools.tools[0].function.name",
        ),
    ],
)
def test_what_can_not_be_offered_or_chosen_is_named(fields: dict[str, Any], code: str, param: str) -> None:
    with pytest.raises(ApiError) as caught:
        offered(**fields)
    assert (caught.value.status, caught.value.code, caught.value.param) == (400, code, param)


# ---- the answer


def call(tool_id: str, name: str, input_json: str) -> pb.ToolCall:
    return pb.ToolCall(tool_call_id=tool_id, tool_use_id=tool_id, name=name, input_json=input_json)


def started(tool_id: str, name: str, *, client_tool: bool = True) -> pb.ConverseResponse:
    return pb.ConverseResponse(tool_started=pb.ToolStarted(tool_use_id=tool_id, name=name, client_tool=client_tool))


def piece(tool_id: str, json_text: str) -> pb.ConverseResponse:
    return pb.ConverseResponse(tool_input_delta=pb.ToolInputDelta(tool_use_id=tool_id, json=json_text))


def whole(tool_id: str, json_text: str) -> pb.ConverseResponse:
    return pb.ConverseResponse(tool_input_completed=pb.ToolInputCompleted(tool_use_id=tool_id, input_json=json_text))


def ended(*calls: pb.ToolCall, said: str = "") -> pb.ConverseResponse:
    outcome = pb.TurnCompleted.OUTCOME_TOOL_CALLS
    return pb.ConverseResponse(turn_completed=pb.TurnCompleted(outcome=outcome, text=said, tool_calls=calls))


A, B = call("t1", "look", '{"a":1}'), call("t2", "wait", "{}")


@pytest.mark.parametrize(
    "events",
    [
        [
            started("t1", "look"),
            piece("t1", '{"a"'),
            piece("t1", ":1}"),
            whole("t1", '{"a":1}'),
            started("t2", "wait"),
            whole("t2", "{}"),
        ],
        [started("t1", "look"), whole("t1", '{"a":1}'), started("t2", "wait"), piece("t2", ""), whole("t2", "{}")],
        [],  # the end of a turn, told once more
    ],
)
def test_the_stream_adds_up_to_the_calls(events: list[pb.ConverseResponse]) -> None:
    writer = ChunkWriter(ANSWER, include_usage=False)
    told = chunks(b"".join(writer.write(event) for event in [*events, ended(A, B)]))[:-1]
    deltas = [delta for chunk in told for delta in chunk["choices"][0]["delta"].get("tool_calls") or []]
    heads = [(delta["index"], delta["id"], delta["function"]["name"]) for delta in deltas if "id" in delta]
    assert heads == [(0, "t1", "look"), (1, "t2", "wait")]
    arguments = {place: "".join(d["function"]["arguments"] for d in deltas if d["index"] == place) for place in (0, 1)}
    assert arguments == {0: '{"a":1}', 1: "{}"}
    assert told[0]["choices"][0]["delta"]["role"] == "assistant"
    assert told[-1]["choices"][0]["finish_reason"] == "tool_calls"


def test_an_agents_own_tools_are_no_calls() -> None:
    writer = ChunkWriter(ANSWER, include_usage=False)
    events = [started("t1", "Bash", client_tool=False), piece("t1", "{}"), whole("t1", "{}")]
    assert b"tool_calls" not in b"".join(map(writer.write, events))


@pytest.mark.parametrize("said", ["", "I look."])
def test_a_whole_answer_has_the_calls_in_its_message(said: str) -> None:
    collector = Collector(ANSWER)
    collector.take(text(said))
    data = collector.completion(ended(A, B, said=said).turn_completed)
    choice = ChatCompletion.model_validate_json(data, strict=True).choices[0]
    assert (choice.finish_reason, choice.message.content) == ("tool_calls", said or None)
    assert [found.id for found in choice.message.tool_calls or []] == ["t1", "t2"]
    assert json.loads(data)["choices"][0]["message"]["tool_calls"][0] == {
        "id": "t1",
        "type": "function",
        "function": {"name": "look", "arguments": '{"a":1}'},
    }
