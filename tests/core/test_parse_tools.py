"""The client's tools, from the contract's messages."""

from typing import Any

import pytest
from hotseat.v1 import client_message_pb2 as client
from hotseat.v1 import content_pb2 as content
from hotseat_core import parse, parse_tools
from hotseat_core.worker.setup import ToolChoice
from hotseat_core.worker.tools import Tool

from tests.core.test_parse import REQUEST_ID, refused_field

Definition = content.ToolDefinition
Choice = client.ToolChoice
SAID = [content.ContentBlock(text="sunny")]


def test_tools_are_taken_over_as_they_are() -> None:
    schema = '{"type":"object","properties":{"b":{},"a":{}}}'
    found = parse_tools.tools(
        [Definition(name="a-B_1", description="d", input_schema_json=schema), Definition(name="b")]
    )
    assert found == (Tool("a-B_1", "d", schema), Tool("b"))


@pytest.mark.parametrize(
    ("tools", "field"),
    [
        ([Definition()], "settings.tools[0].name"),
        ([Definition(name="a b")], "settings.tools[0].name"),
        ([Definition(name="a" * 129)], "settings.tools[0].name"),
        ([Definition(name="a"), Definition(name="a")], "settings.tools[1].name"),
        ([Definition(name="a", input_schema_json="{")], "settings.tools[0].input_schema_json"),
        ([Definition(name="a", input_schema_json="[]")], "settings.tools[0].input_schema_json"),
        ([Definition(name="a", input_schema_json='{"type":"array"}')], "settings.tools[0].input_schema_json"),
        ([Definition(name=f"t{number}") for number in range(513)], "settings.tools"),
    ],
)
def test_tools_that_can_not_be_are_refused(tools: list[Definition], field: str) -> None:
    assert refused_field(parse_tools.tools, tools) == field


@pytest.mark.parametrize(
    ("choice", "ours"),
    [
        (Choice(), None),
        (Choice(mode=Choice.MODE_AUTO), None),
        (Choice(mode=Choice.MODE_NONE), ToolChoice("none")),
        (Choice(mode=Choice.MODE_REQUIRED), ToolChoice("any")),
        (Choice(mode=Choice.MODE_TOOL, name="t"), ToolChoice("tool", "t")),
        (Choice(disable_parallel_calls=True), ToolChoice(one_at_a_time=True)),
    ],
)
def test_a_choice_is_the_providers_word(choice: Choice, ours: ToolChoice | None) -> None:
    assert parse_tools.tool_choice(client.TurnOptions(tool_choice=choice)) == ours


@pytest.mark.parametrize(
    ("choice", "field"),
    [
        (Choice(mode=99), "mode"),  # type: ignore[arg-type] # unknown
        (Choice(mode=Choice.MODE_TOOL), "name"),
        (Choice(mode=Choice.MODE_NONE, name="t"), "name"),
    ],
)
def test_a_choice_that_can_not_be_is_refused(choice: Choice, field: str) -> None:
    refused = refused_field(parse_tools.tool_choice, client.TurnOptions(tool_choice=choice))
    assert refused == f"user_input.options.tool_choice.{field}"


def test_results_are_said_before_the_rest() -> None:
    results = [client.ToolResult(tool_call_id="t", content=SAID, is_error=True), client.ToolResult(tool_call_id="u")]
    message = client.UserInput(
        request_id=REQUEST_ID, tool_results=results, content=[content.ContentBlock(text="go on")]
    )
    answers: list[Any] = [
        {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": "sunny"}], "is_error": True},
        {"type": "tool_result", "tool_use_id": "u", "content": []},
    ]
    assert list(parse.turn_input(message).prompt.content) == [*answers, {"type": "text", "text": "go on"}]
    assert len(parse.turn_input(client.UserInput(request_id=REQUEST_ID, tool_results=results)).prompt.content) == 2


@pytest.mark.parametrize("ids", [[""], ["t", "t"]])
def test_a_result_names_a_call_of_its_own(ids: list[str]) -> None:
    results = [client.ToolResult(tool_call_id=name) for name in ids]
    assert refused_field(parse_tools.tool_results, results).endswith(f"[{len(ids) - 1}].tool_call_id")
