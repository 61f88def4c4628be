"""The control protocol: frames to send, and what comes back."""

import json
from typing import Any

import pytest
from hotseat_core.events import PermissionRequested
from hotseat_core.worker import control
from hotseat_core.worker.control import Answer, Ask, Frame, Withdrawal

Json = dict[str, Any]

CAN_USE_TOOL: Json = {
    "subtype": "can_use_tool",
    "tool_name": "Bash",
    "display_name": "Bash",
    "input": {"command": "touch zz2 a"},
    "description": "Create a file",
    "permission_suggestions": [
        {
            "type": "addRules",
            "rules": [{"toolName": "Bash", "ruleContent": "touch zz2 *"}, {"toolName": "Read"}],
            "behavior": "allow",
            "destination": "localSettings",
        },
        {"type": "addRules", "rules": [{"toolName": "Rm"}], "behavior": "deny"},
        {"type": "setMode", "mode": "acceptEdits", "destination": "session"},
    ],
    "tool_use_id": "toolu_1",
}


def sent(frame: bytes) -> Json:
    assert frame.count(b"\n") == 1
    assert frame.endswith(b"\n")
    found: Json = json.loads(frame)
    return found


@pytest.mark.parametrize(
    ("message", "frame"),
    [
        (
            {"type": "control_response", "response": {"subtype": "success", "request_id": "h1", "response": {"a": 1}}},
            Answer("h1", {"a": 1}),
        ),
        ({"type": "control_response", "response": {"subtype": "success", "request_id": "h1"}}, Answer("h1", {})),
        (
            {"type": "control_response", "response": {"subtype": "error", "request_id": "h1", "error": "no"}},
            Answer("h1", {}, "no"),
        ),
        (
            {"type": "control_response", "response": {"subtype": "error", "request_id": "h1"}},
            Answer("h1", {}, "refused"),
        ),
        (
            {"type": "control_response", "response": {"subtype": "success", "request_id": "h1", "response": [1]}},
            Answer("h1", {}),
        ),
        (
            {"type": "control_request", "request_id": "r", "request": {"subtype": "hook_callback"}},
            Ask("r", "hook_callback", {"subtype": "hook_callback"}),
        ),
        ({"type": "control_cancel_request", "request_id": "r"}, Withdrawal("r")),
        ({"type": "assistant"}, None),
        ({}, None),
        ({"type": "control_response"}, None),
        ({"type": "control_response", "response": "odd"}, None),
        ({"type": "control_request", "request_id": "r"}, None),
    ],
)
def test_control_messages_are_told_from_all_others(message: Json, frame: Frame | None) -> None:
    assert control.parse(message) == frame


def test_a_call_carries_its_fields() -> None:
    assert sent(control.call("h1", "set_model", model="opus")) == {
        "type": "control_request",
        "request_id": "h1",
        "request": {"subtype": "set_model", "model": "opus"},
    }


def test_what_a_user_says_is_composed_by_the_client() -> None:
    frame = sent(control.user_frame("u1", [{"type": "text", "text": "@/etc/passwd /clear"}], query=True))
    assert frame["client_composed"] is True
    assert frame["uuid"] == "u1"
    assert "shouldQuery" not in frame
    assert frame["message"] == {"role": "user", "content": [{"type": "text", "text": "@/etc/passwd /clear"}]}


def test_history_is_said_without_a_query() -> None:
    assert sent(control.user_frame("u1", [], query=False))["shouldQuery"] is False


def test_what_the_model_said_before_is_a_whole_api_message() -> None:
    frame = sent(control.assistant_frame("a-b", [{"type": "text", "text": "hi"}]))
    assert frame["message"]["id"] == "msg_ab"
    assert frame["message"]["content"] == [{"type": "text", "text": "hi"}]
    assert frame["message"]["stop_reason"] == "end_turn"
    assert frame["uuid"] == "a-b"


def test_a_question_is_told_with_the_rules_that_allow() -> None:
    assert control.permission_request(Ask("r", "can_use_tool", CAN_USE_TOOL)) == PermissionRequested(
        "r", "toolu_1", "Bash", '{"command":"touch zz2 a"}', "Create a file", ("Bash(touch zz2 *)", "Read")
    )


def test_a_question_that_says_little_is_a_question() -> None:
    asked = control.permission_request(Ask("r", "can_use_tool", {"decision_reason": "outside"}))
    assert asked == PermissionRequested("r", "", "", "{}", "outside")


def test_an_allowed_tool_runs_with_the_input_and_remembers_the_rules() -> None:
    response = sent(control.allow("r", '{"command":"ls"}', ["Bash(touch zz2 *)", "Read"]))["response"]
    assert response["request_id"] == "r"
    assert response["response"] == {
        "behavior": "allow",
        "updatedInput": {"command": "ls"},
        "updatedPermissions": [
            {
                "type": "addRules",
                "rules": [{"toolName": "Bash", "ruleContent": "touch zz2 *"}, {"toolName": "Read"}],
                "behavior": "allow",
                "destination": "session",
            }
        ],
    }


def test_a_tool_is_allowed_without_rules() -> None:
    assert "updatedPermissions" not in sent(control.allow("r", "{}"))["response"]["response"]


def test_a_rule_that_is_none_is_not_sent() -> None:
    with pytest.raises(ValueError, match="is no permission rule"):
        control.allow("r", "{}", ["not a rule!"])


def test_a_refusal_carries_what_the_model_reads() -> None:
    assert sent(control.deny("r", "no", interrupt=True))["response"]["response"] == {
        "behavior": "deny",
        "message": "no",
        "interrupt": True,
    }


def test_what_nobody_here_serves_is_refused() -> None:
    response = sent(control.refusal(Ask("r", "mcp_message", {})))["response"]
    assert response == {"subtype": "error", "request_id": "r", "error": "mcp_message is not served here"}


def test_a_question_after_the_turn_is_denied() -> None:
    response = sent(control.refusal(Ask("r", "can_use_tool", {})))["response"]
    assert response["response"]["behavior"] == "deny"


@pytest.mark.parametrize(
    ("text", "is_rule"),
    [
        ("Read", True),
        ("mcp__f__get-weather", True),
        ("Bash(git log:*)", True),
        ("Bash(a (b) c)", True),
        ("Bash(two\nlines)", True),
        ("", False),
        ("Bash(", False),
        ("Bash)x", False),
        ("two words", False),
        ("Read\n", False),
        (" Read", False),
    ],
)
def test_a_rule_is_a_tool_or_a_tool_and_a_pattern(text: str, is_rule: bool) -> None:
    assert control.is_rule(text) is is_rule
