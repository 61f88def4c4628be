"""What a worker is told before its first turn and with each turn."""

import json
from typing import Any

import pytest
from hotseat_core.worker.setup import PermissionMode, SessionSetup, ToolChoice, TurnSetup

Calls = list[tuple[str, dict[str, Any]]]

INIT = "initialize"


@pytest.mark.parametrize(
    ("setup", "is_bare", "calls"),
    [
        (SessionSetup(), False, [(INIT, {"hooks": None})]),
        (SessionSetup("Be brief."), False, [(INIT, {"hooks": None, "appendSystemPrompt": "Be brief."})]),
        (
            SessionSetup("Be brief.", replaces_prompt=True),
            False,
            [(INIT, {"hooks": None, "systemPrompt": ["Be brief."]})],
        ),
        # The bare model has no prompt but the client's, even where that is none.
        (SessionSetup(), True, [(INIT, {"hooks": None, "systemPrompt": [""]})]),
        (SessionSetup("Be brief."), True, [(INIT, {"hooks": None, "systemPrompt": ["Be brief."]})]),
        (SessionSetup(model="opus"), False, [("set_model", {"model": "opus"}), (INIT, {"hooks": None})]),
        (
            SessionSetup(permission_mode=PermissionMode.ACCEPT_EDITS),
            False,
            [("set_permission_mode", {"mode": "acceptEdits"}), (INIT, {"hooks": None})],
        ),
        (
            SessionSetup(permission_mode=PermissionMode.PLAN),
            False,
            [("set_permission_mode", {"mode": "plan"}), (INIT, {"hooks": None})],
        ),
        (SessionSetup(permission_mode=PermissionMode.BYPASS), False, [(INIT, {"hooks": None})]),
        (SessionSetup(permission_mode=PermissionMode.ASK), False, [(INIT, {"hooks": None})]),
        (
            SessionSetup(allow_rules=("Read",), deny_rules=("Bash(rm:*)",)),
            False,
            [
                ("apply_flag_settings", {"settings": {"permissions": {"allow": ["Read"], "deny": ["Bash(rm:*)"]}}}),
                (INIT, {"hooks": None}),
            ],
        ),
    ],
)
def test_a_session_is_bound_by_these_calls(setup: SessionSetup, is_bare: bool, calls: Calls) -> None:
    assert setup.calls(is_bare=is_bare) == calls


NO_THINKING = {"thinking": {"type": "disabled"}, "context_management": {"edits": []}}


@pytest.mark.parametrize(
    ("setup", "body", "effort"),
    [
        (TurnSetup(), None, None),
        (TurnSetup(temperature=0.0), {"temperature": 0.0, **NO_THINKING}, None),
        (TurnSetup(top_p=0.9), {"top_p": 0.9, **NO_THINKING}, None),
        (TurnSetup(max_output_tokens=7), {"max_tokens": 7}, None),
        (TurnSetup(stop_sequences=("a", "b")), {"stop_sequences": ["a", "b"]}, None),
        (TurnSetup(effort="high"), None, "high"),
        (TurnSetup(tool_choice=ToolChoice("none", one_at_a_time=True)), {"tool_choice": {"type": "none"}}, None),
        (TurnSetup(tool_choice=ToolChoice("any")), {"tool_choice": {"type": "any"}, **NO_THINKING}, None),
        (
            TurnSetup(tool_choice=ToolChoice("tool", "t")),
            {"tool_choice": {"type": "tool", "name": "t"}, **NO_THINKING},
            None,
        ),
        (
            TurnSetup(tool_choice=ToolChoice(one_at_a_time=True)),
            {"tool_choice": {"type": "auto", "disable_parallel_tool_use": True}},
            None,
        ),
        (TurnSetup(allow_retraction=True, max_steps=3, wants_raw=True), None, None),
    ],
)
def test_what_a_turn_does_not_say_is_reset(setup: TurnSetup, body: dict[str, Any] | None, effort: str | None) -> None:
    flags = setup.flags()
    extra = flags["env"]["CLAUDE_CODE_EXTRA_BODY"]
    assert (json.loads(extra) if extra else None) == body
    assert flags["effortLevel"] == effort
