"""Inputs that are right, to begin with."""

import uuid
from collections.abc import Mapping
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.duration_pb2 import Duration
from hotseat import pb

from tests.core.worker.speaking import (
    RESULT,
    RETRY,
    Json,
    abandoned,
    block,
    results,
    said,
    start,
    stop,
    text,
    tool,
    use,
    whole,
)

_PICTURE = "data:image/png;base64,iVBORw0KGgo="
_PDF = "data:application/pdf;base64,JVBERi0="
_FUNCTION = {"type": "function", "function": {"name": "f", "description": "d", "parameters": {"type": "object"}}}

CHATS: list[Json] = [
    {"model": "claude", "messages": [{"role": "user", "content": "hi"}]},
    {
        "model": "claude-code/opus:talk",
        "messages": [
            {"role": "system", "content": [{"type": "text", "text": "be brief"}]},
            {"role": "user", "content": [{"type": "image_url", "image_url": {"url": _PICTURE}}]},
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}],
            },
            {"role": "tool", "tool_call_id": "c1", "content": "done"},
        ],
        "stream": True,
        "stream_options": {"include_usage": True},
        "tools": [_FUNCTION],
        "tool_choice": {"type": "function", "function": {"name": "f"}},
        "parallel_tool_calls": False,
    },
    {
        "model": "claude",
        "messages": [
            {
                "role": "user",
                "content": [{"type": "file", "file": {"file_data": "data:application/pdf;base64,JVBERi0="}}],
            },
            {"role": "assistant", "content": "yes", "refusal": None},
            {"role": "user", "content": "go on"},
        ],
        "temperature": 0.5,
        "top_p": 0.9,
        "max_completion_tokens": 10,
        "stop": ["a", "b"],
        "n": 1,
        "logprobs": False,
        "modalities": ["text"],
        "metadata": {"a": "b"},
        "reasoning_effort": "low",
        "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}},
        "user": "me",
    },
]
RESPONSES: list[Json] = [
    {"model": "claude", "input": "hi"},
    {
        "model": "claude",
        "instructions": "be brief",
        "input": [
            {"role": "user", "content": [{"type": "input_text", "text": "hi"}]},
            {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c1", "output": "done"},
        ],
        "tools": [{"type": "function", "name": "f", "parameters": {"type": "object"}}],
        "tool_choice": "auto",
        "max_output_tokens": 100,
        "reasoning": {"effort": "low"},
        "text": {"format": {"type": "text"}},
        "stream": True,
    },
]
HEADERS = ("X-Conversation-ID", "Idempotency-Key", "X-Hotseat-On-Disconnect", "x-stainless-retry-count")

_ASK: Json = {
    "type": "control_request",
    "request_id": "r1",
    "request": {
        "subtype": "can_use_tool",
        "tool_name": "Bash",
        "tool_use_id": "t1",
        "input": {"command": "ls"},
        "permission_suggestions": [
            {"type": "addRules", "behavior": "allow", "rules": [{"toolName": "Bash", "ruleContent": "ls:*"}]}
        ],
    },
}
_MCP: Json = {
    "type": "control_request",
    "request_id": "r2",
    "request": {
        "subtype": "mcp_message",
        "server_name": "f",
        "message": {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "f", "arguments": {}}},
    },
}
_ANSWER: Json = {
    "type": "control_response",
    "response": {"subtype": "success", "request_id": "h1", "response": {"rewound": True}},
}
_LIMITS: Json = {"type": "rate_limit_event", "rate_limit_info": {"status": "allowed", "resets_at": 1}}
_COSTLY: Json = RESULT | {"total_cost_usd": 0.25, "user_message_uuid": "p"}
_FAILED: Json = RESULT | {"is_error": True, "api_error_status": 529, "errors": ["a"], "terminal_reason": "api_error"}
_TOOLS = [start("m1"), *tool(0, "t1", '{"a":', "1}"), whole("m1", use("t1", a="1")), *stop("tool_use")]
TURNS: list[list[Json]] = [
    [{"type": "system", "subtype": "init", "session_id": "s"}, *said("m1", "Hel", "lo"), _COSTLY],
    [*_TOOLS, _ASK, results(("t1", "out")), *said("m2", "done"), _FAILED],
    [start("m1"), *tool(0, "t1", '{"a":1}', name="f"), *stop("tool_use"), _MCP, _COSTLY],
    [start("m1"), *block(0, "Hel", stop=False), *abandoned("m1"), *said("m2", "Hello"), RESULT],
    [start("m1"), *block(0, "hm", kind="thinking"), *block(1, "so"), *stop("max_tokens"), RESULT],
    [whole("m1", text("all at once"), use("t1", a="b")), results(("t1", "x"), is_error=True), RESULT],
    [RETRY, _LIMITS, {"type": "control_cancel_request", "request_id": "r1"}, _ANSWER, *said("m1", "x"), RESULT],
]
SPOKEN: list[Json] = [message for turn in TURNS for message in turn]

_INPUT = pb.UserInput(
    request_id=str(uuid.UUID(int=1)),
    content=[pb.ContentBlock(text="hi"), pb.ContentBlock(image=pb.Blob(media_type="image/png", data=b"x"))],
    tool_results=[pb.ToolResult(tool_call_id="c1", content=[pb.ContentBlock(text="done")])],
    options=pb.TurnOptions(
        temperature=0.5,
        top_p=0.5,
        max_output_tokens=10,
        stop_sequences=["a"],
        effort=pb.TurnOptions.EFFORT_LOW,
        tool_choice=pb.ToolChoice(mode=pb.ToolChoice.MODE_TOOL, name="f"),
    ),
    fingerprint="f",
)
_SETTINGS = pb.ConversationSettings(
    profile="claude",
    model="opus",
    system_prompt=pb.SystemPrompt(text="be brief"),
    permission_policy=pb.PermissionPolicy(allow_rules=["Read"], decision_timeout=Duration(seconds=5)),
    turn_limits=pb.TurnLimits(max_steps=3, max_duration=Duration(seconds=60)),
    tools=[pb.ToolDefinition(name="f", description="d", input_schema_json='{"type":"object"}')],
    retention=Duration(seconds=60),
)
MESSAGES: list[pb.ConverseRequest] = [
    pb.ConverseRequest(
        open=pb.OpenConversation(
            conversation_id="c",
            settings=_SETTINGS,
            client_id="me",
            detach_timeout=Duration(seconds=1),
            heartbeat_interval=Duration(seconds=15),
            history_policy=pb.HISTORY_POLICY_MATCH,
            history=[
                pb.HistoryMessage(role=pb.HistoryMessage.ROLE_USER, content=[pb.HistoryBlock(text="hi")]),
                pb.HistoryMessage(
                    role=pb.HistoryMessage.ROLE_ASSISTANT,
                    content=[pb.HistoryBlock(tool_use=pb.ToolUse(tool_use_id="c1", name="f", input_json="{}"))],
                ),
            ],
            first_input=_INPUT,
        )
    ),
    pb.ConverseRequest(user_input=_INPUT),
    pb.ConverseRequest(open=pb.OpenConversation()),
]
_TEXTS = [
    *("", " ", "x", "\0", "\u2028", "../x", "--x", "$(id)", "{}", '{"type":"object"}', "\N{GRINNING FACE}"),
    *("a" * 500, "[" * 300),
]
_SMALL = [0, 1, -1, 2**31 - 1, -(2**31)]
_LARGE = [*_SMALL, 2**63 - 1, -(2**63), 315_576_000_001]
_NUMBERS = [0.0, -1.0, 1e30, float("nan"), float("inf"), float("-inf")]
_Kind = FieldDescriptor
ODD_OF: Mapping[int, list[Any]] = {
    _Kind.TYPE_INT32: _SMALL,
    _Kind.TYPE_INT64: _LARGE,
    _Kind.TYPE_UINT32: [0, 1, 2**32 - 1],
    _Kind.TYPE_UINT64: [0, 1, 2**64 - 1],
    _Kind.TYPE_DOUBLE: _NUMBERS,
    _Kind.TYPE_FLOAT: _NUMBERS,
    _Kind.TYPE_BOOL: [True, False],
    _Kind.TYPE_ENUM: [0, 1, 2, 99, -1, 2**31 - 1],
    _Kind.TYPE_STRING: _TEXTS,
    _Kind.TYPE_BYTES: [b"", b"x", b"\0" * 100],
}
