"""The contract's messages to our values, and each breach of its rules by the field that it is in."""

import math
import uuid
from operator import attrgetter
from typing import Any

import pytest
from google.protobuf.duration_pb2 import Duration
from hotseat.v1 import client_message_pb2 as client
from hotseat.v1 import content_pb2 as content
from hotseat.v1 import conversation_pb2 as conversations
from hotseat_core import parse, parse_given
from hotseat_core.conversation.recognition import Recognition
from hotseat_core.conversation.terms import ConversationSettings, Disposition, HistoryPolicy
from hotseat_core.conversation.turn import Delivery
from hotseat_core.errors import InvalidMessage
from hotseat_core.parse import Parser
from hotseat_core.parse_content import history
from hotseat_core.worker.setup import PermissionMode, SessionSetup, TurnSetup

PARSER = Parser("claude-code", PermissionMode.DENY)
Policy = conversations.PermissionPolicy
Settings = conversations.ConversationSettings
Block = content.ContentBlock
Open = client.OpenConversation
REQUEST_ID = str(uuid.uuid4())


def refused_field(call: Any, *arguments: Any) -> str:
    """The field that a refusal names."""
    with pytest.raises(InvalidMessage) as caught:
        call(*arguments)
    field = caught.value.metadata["field"]
    assert caught.value.message.startswith(field)
    return field


# ---- ids


@pytest.mark.parametrize("text", ["a", "A.b_c~d-e", "9", "a" * 128])
def test_an_id_is_an_id(text: str) -> None:
    assert parse.conversation_id(text) == text


@pytest.mark.parametrize("text", ["", ".a", "-a", "a" * 129, "a/b", "a b", "a\n", "ä", "a:b", "٣"])
def test_whatever_else_is_none(text: str) -> None:
    assert refused_field(parse.conversation_id, text) == "conversation_id"


# ---- settings


def test_a_client_that_says_nothing_gets_the_operators_defaults() -> None:
    assert PARSER.default_settings() == ConversationSettings("claude-code", SessionSetup(), "", 300.0, 0, 0.0)


def test_settings_are_taken_over_whole() -> None:
    message = Settings(
        model="claude-opus-4-5[1m]",
        system_prompt=conversations.SystemPrompt(text="Be brief.", mode=conversations.SystemPrompt.MODE_REPLACE),
        workspace="a/b",
        permission_policy=Policy(
            mode=Policy.MODE_ASK,
            allow_rules=["Read"],
            deny_rules=["Bash(rm:*)"],
            decision_timeout=Duration(seconds=5, nanos=500_000_000),
        ),
        turn_limits=conversations.TurnLimits(max_steps=3, max_duration=Duration(seconds=9)),
        profile="claude-code",
        retention=Duration(seconds=60),
    )
    setup = SessionSetup("Be brief.", True, "claude-opus-4-5[1m]", PermissionMode.ASK, ("Read",), ("Bash(rm:*)",))
    assert PARSER.settings(message) == ConversationSettings("claude-code", setup, "a/b", 5.5, 3, 9.0, 60.0)


@pytest.mark.parametrize(
    ("message", "given"),
    [
        (Settings(), set()),
        (Settings(model="m"), {"model"}),
        (Settings(profile="p", workspace="w"), {"profile", "workspace"}),
        (Settings(system_prompt=conversations.SystemPrompt()), {"system_prompt", "replaces_prompt"}),
        (Settings(permission_policy=Policy()), {"allow_rules", "deny_rules"}),
        (Settings(permission_policy=Policy(mode=Policy.MODE_ASK)), {"permission_mode", "allow_rules", "deny_rules"}),
        (Settings(turn_limits=conversations.TurnLimits()), {"max_steps", "max_duration_s"}),
        (Settings(retention=Duration(seconds=1)), {"retention_s"}),
        (Settings(tools=[content.ToolDefinition(name="t")]), {"tools"}),
        (Settings(clear_tools=True), {"tools"}),
    ],
)
def test_only_what_a_client_sets_replaces_what_a_conversation_runs_with(message: Settings, given: set[str]) -> None:
    assert parse_given.given(message) == given
    held = ConversationSettings("held", SessionSetup("held", True, "held"), "held", 1.0, 1, 1.0)
    assert held.changed(ConversationSettings("x"), frozenset()) == held


@pytest.mark.parametrize(
    ("message", "field"),
    [
        (Settings(output_schema_json="{"), "settings.output_schema_json"),
        (Settings(profile="other"), "settings.profile"),
        (Settings(model="-x"), "settings.model"),
        (Settings(model="two words"), "settings.model"),
        (Settings(model="m\n"), "settings.model"),
        (Settings(turn_limits=conversations.TurnLimits(max_cost_usd=1)), "settings.turn_limits.max_cost_usd"),
        (Settings(workspace="/etc"), "settings.workspace"),
        (Settings(workspace="a/../../b"), "settings.workspace"),
        (Settings(workspace="a\0b"), "settings.workspace"),
        (Settings(workspace="a", profile="claude"), "settings.workspace"),
        (
            Settings(permission_policy=Policy(allow_rules=["Read", "not a rule"])),
            "settings.permission_policy.allow_rules[1]",
        ),
        (Settings(permission_policy=Policy(deny_rules=["("])), "settings.permission_policy.deny_rules[0]"),
        (Settings(permission_policy=Policy(mode=99)), "settings.permission_policy.mode"),  # type: ignore[arg-type] # unknown
        (Settings(permission_policy=Policy(mode=Policy.MODE_BYPASS)), "settings.permission_policy.mode"),
        (
            Settings(permission_policy=Policy(decision_timeout=Duration(seconds=-1))),
            "settings.permission_policy.decision_timeout",
        ),
        (
            Settings(turn_limits=conversations.TurnLimits(max_duration=Duration(nanos=-1))),
            "settings.turn_limits.max_duration",
        ),
        (Settings(retention=Duration()), "settings.retention"),
        (Settings(retention=Duration(seconds=-1)), "settings.retention"),
        (Settings(retention=Duration(seconds=2**63 - 1)), "settings.retention"),
    ],
)
def test_settings_that_can_not_be_are_refused_by_their_field(message: Settings, field: str) -> None:
    assert refused_field(PARSER.settings, message) == field


def test_bypass_is_there_where_the_operator_allows_it() -> None:
    message = Settings(permission_policy=Policy(mode=Policy.MODE_BYPASS))
    allowing = Parser("claude-code", PermissionMode.BYPASS)
    assert allowing.settings(message).permission_mode is PermissionMode.BYPASS
    assert allowing.default_settings().permission_mode is PermissionMode.BYPASS


# ---- open


@pytest.mark.parametrize(
    ("sent", "disposition", "is_observer"),
    [
        (Open.DISPOSITION_UNSPECIFIED, Disposition.OPEN_OR_CREATE, False),
        (Open.DISPOSITION_OPEN, Disposition.OPEN, False),
        (Open.DISPOSITION_OBSERVE, Disposition.OBSERVE, True),
        (Open.DISPOSITION_TAKE_OVER, Disposition.TAKE_OVER, False),
    ],
)
def test_a_stream_takes_part_as_it_says(
    sent: client.OpenConversation.Disposition, disposition: Disposition, is_observer: bool
) -> None:
    found, attachment = PARSER.attachment(Open(disposition=sent))
    assert (found, attachment.is_observer) == (disposition, is_observer)


def test_what_is_not_said_is_not_set() -> None:
    _, attachment = PARSER.attachment(Open())
    assert attachment.settings is None
    assert attachment.detach_timeout_s is None
    assert attachment.history_policy is HistoryPolicy.MATCH


def test_no_time_at_all_is_a_time() -> None:
    _, attachment = PARSER.attachment(Open(detach_timeout=Duration()))
    assert attachment.detach_timeout_s == 0


@pytest.mark.parametrize(
    ("message", "field"),
    [
        (Open(disposition=99), "open.disposition"),  # type: ignore[arg-type] # unknown
        (Open(history_policy=99), "open.history_policy"),  # type: ignore[arg-type] # unknown
        (Open(detach_timeout=Duration(seconds=-1)), "open.detach_timeout"),
        (Open(settings=Settings(profile="x")), "settings.profile"),
        (Open(history=[client.HistoryMessage()]), "open.history[0].content"),
    ],
)
def test_an_open_that_makes_no_sense_is_refused(message: Open, field: str) -> None:
    assert refused_field(PARSER.attachment, message) == field


# ---- inputs


def said(*blocks: Block, **fields: Any) -> client.UserInput:
    return client.UserInput(request_id=REQUEST_ID, content=blocks or [Block(text="hi")], **fields)


@pytest.mark.parametrize(
    ("block", "parsed"),
    [
        (Block(text=" hi\n"), {"type": "text", "text": " hi\n"}),
        (
            Block(image=content.Blob(media_type="image/png", data=b"\x89P", filename="x.png")),
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVA="}},
        ),
        (
            Block(image=content.Blob(url="https://example.com/x")),
            {"type": "image", "source": {"type": "url", "url": "https://example.com/x"}},
        ),
        (
            Block(file=content.Blob(media_type="application/pdf", data=b"a", filename="x.pdf")),
            {
                "type": "document",
                "source": {"type": "base64", "media_type": "application/pdf", "data": "YQ=="},
                "title": "x.pdf",
            },
        ),
    ],
)
def test_what_a_user_says_is_the_providers_block(block: Block, parsed: dict[str, Any]) -> None:
    turn = parse.turn_input(said(block))
    assert turn.prompt.content == (parsed,)
    assert turn.prompt.role == "user"


def test_a_request_id_is_the_same_however_it_is_written() -> None:
    message = client.UserInput(request_id=REQUEST_ID.upper(), content=[Block(text="hi")])
    assert parse.turn_input(message).request_id == REQUEST_ID


@pytest.mark.parametrize(
    ("sent", "delivery"),
    [
        (client.UserInput.DELIVERY_UNSPECIFIED, Delivery.QUEUE),
        (client.UserInput.DELIVERY_QUEUE, Delivery.QUEUE),
        (client.UserInput.DELIVERY_INTERRUPT, Delivery.INTERRUPT),
        (client.UserInput.DELIVERY_REJECT, Delivery.REJECT),
    ],
)
def test_an_input_is_delivered_as_it_says(sent: client.UserInput.Delivery, delivery: Delivery) -> None:
    assert parse.turn_input(said(delivery=sent)).delivery is delivery


@pytest.mark.parametrize(
    ("message", "field"),
    [
        (client.UserInput(content=[Block(text="hi")]), "user_input.request_id"),
        (client.UserInput(request_id="1", content=[Block(text="hi")]), "user_input.request_id"),
        (client.UserInput(request_id=REQUEST_ID), "user_input.content"),
        (said(Block()), "user_input.content[0]"),
        (said(Block(text="hi"), Block(text=" \n")), "user_input.content[1]"),
        (said(Block(image=content.Blob(media_type="image/png"))), "user_input.content[0]"),
        (said(Block(image=content.Blob(url="http://x"))), "user_input.content[0].url"),
        (said(Block(image=content.Blob(url="file:///etc/passwd"))), "user_input.content[0].url"),
        (said(Block(file=content.Blob(workspace_path="x"))), "user_input.content[0].workspace_path"),
        (said(delivery=client.UserInput.DELIVERY_STEER), "user_input.delivery"),
        (said(delivery=99), "user_input.delivery"),
    ],
)
def test_an_input_that_can_not_be_is_refused_by_its_field(message: client.UserInput, field: str) -> None:
    assert refused_field(parse.turn_input, message) == field


def test_options_hold_for_the_turn() -> None:
    options = client.TurnOptions(
        temperature=0.0,
        top_p=1.0,
        max_output_tokens=7,
        stop_sequences=["a"],
        effort=client.TurnOptions.EFFORT_HIGH,
        allow_retraction=True,
    )
    assert parse.turn_setup(options) == TurnSetup(0.0, 1.0, 7, ("a",), "high", True)
    assert parse.turn_setup(client.TurnOptions()) == TurnSetup()


@pytest.mark.parametrize(
    ("options", "field"),
    [
        (client.TurnOptions(temperature=1.01), "temperature"),
        (client.TurnOptions(temperature=-0.1), "temperature"),
        (client.TurnOptions(temperature=math.nan), "temperature"),
        (client.TurnOptions(top_p=math.inf), "top_p"),
        (client.TurnOptions(stop_sequences=[""]), "stop_sequences"),
        (client.TurnOptions(stop_sequences=["x"] * 17), "stop_sequences"),
        (client.TurnOptions(effort=99), "effort"),  # type: ignore[arg-type] # unknown
        (client.TurnOptions(output_schema_json='{"type": "objekt"}'), "output_schema_json"),
    ],
)
def test_options_that_can_not_be_are_refused(options: client.TurnOptions, field: str) -> None:
    assert refused_field(parse.turn_setup, options) == f"user_input.options.{field}"


# ---- histories


def message(role: client.HistoryMessage.Role, *blocks: client.HistoryBlock) -> client.HistoryMessage:
    return client.HistoryMessage(role=role, content=blocks)


USER, MODEL = client.HistoryMessage.ROLE_USER, client.HistoryMessage.ROLE_ASSISTANT
TEXT = client.HistoryBlock(text="hi")
USE = client.HistoryBlock(tool_use=client.ToolUse(tool_use_id="t", name="Bash", input_json='{"a":1}'))
RESULT = client.HistoryBlock(
    tool_result=client.ToolResult(tool_call_id="t", content=[Block(text="out")], is_error=True)
)
IMAGE = client.HistoryBlock(image=content.Blob(url="https://x"))


def test_a_history_has_true_roles() -> None:
    found = history(
        [message(USER, TEXT, IMAGE), message(MODEL, TEXT, USE), message(USER, RESULT)],
        Recognition(attrgetter("weight")),
    )
    assert [(said.role, said.rows[0].role) for said in found] == [
        ("user", "user"),
        ("assistant", "assistant"),
        ("user", "user"),
    ]
    assert found[1].rows[0].content[1] == {"type": "tool_use", "id": "t", "name": "Bash", "input": {"a": 1}}
    assert found[2].rows[0].content[0] == {
        "type": "tool_result",
        "tool_use_id": "t",
        "content": [{"type": "text", "text": "out"}],
        "is_error": True,
    }


def test_a_tool_without_input_and_a_result_without_words_are_whole() -> None:
    bare_use = client.HistoryBlock(tool_use=client.ToolUse(tool_use_id="t", name="Bash"))
    bare_result = client.HistoryBlock(tool_result=client.ToolResult(tool_call_id="t"))
    first, second = history([message(MODEL, bare_use), message(USER, bare_result)], Recognition(attrgetter("weight")))
    assert first.rows[0].content[0]["input"] == {}
    assert second.rows[0].content[0] == {"type": "tool_result", "tool_use_id": "t", "content": []}


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        (message(USER), "open.history[0].content"),
        (message(client.HistoryMessage.ROLE_UNSPECIFIED, TEXT), "open.history[0].role"),
        (message(USER, client.HistoryBlock()), "open.history[0].content[0]"),
        (message(USER, client.HistoryBlock(text=" ")), "open.history[0].content[0]"),
        (message(USER, TEXT, USE), "open.history[0].content[1]"),
        (message(MODEL, RESULT), "open.history[0].content[0]"),
        (message(MODEL, IMAGE), "open.history[0].content[0]"),
        (
            message(MODEL, client.HistoryBlock(tool_use=client.ToolUse(input_json="[1]"))),
            "open.history[0].content[0].input_json",
        ),
        (
            message(USER, client.HistoryBlock(tool_result=client.ToolResult(content=[Block()]))),
            "open.history[0].content[0].content[0]",
        ),
    ],
)
def test_a_history_that_can_not_be_is_refused_by_its_place(sent: client.HistoryMessage, field: str) -> None:
    assert refused_field(history, [sent], Recognition(attrgetter("weight"))) == field


def test_settings_that_were_told_before_are_not_read_again() -> None:
    told = Settings(profile="claude", tools=[content.ToolDefinition(name="t")])
    _, first = PARSER.attachment(client.OpenConversation(settings=told))
    _, again = PARSER.attachment(client.OpenConversation(settings=told))
    _, other = PARSER.attachment(client.OpenConversation(settings=Settings(profile="claude")))
    assert again.settings is first.settings
    assert again.given == first.given == {"profile", "tools"}
    assert (other.settings, other.given) != (first.settings, first.given)
    assert PARSER.attachment(client.OpenConversation())[1].settings is None
