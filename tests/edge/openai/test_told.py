"""What was said, as a client of the Chat Completions API would send it."""

from typing import Any

import pytest
from hotseat import pb
from hotseat_edge.openai import told

USER, ASSISTANT = pb.HistoryMessage.ROLE_USER, pb.HistoryMessage.ROLE_ASSISTANT
Block = pb.HistoryBlock
PNG = pb.Blob(media_type="image/png", data=b"png")

CASES: list[tuple[Any, list[Block], list[dict[str, Any]]]] = [
    (USER, [Block(text="hi")], [{"role": "user", "content": "hi"}]),
    (ASSISTANT, [Block(text="ho")], [{"role": "assistant", "content": "ho"}]),
    (ASSISTANT, [], [{"role": "assistant", "content": None}]),
    (
        USER,
        [Block(text="look"), Block(image=PNG)],
        [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "look"},
                    {"type": "image_url", "image_url": {"url": "data:image/png;base64,cG5n"}},
                ],
            }
        ],
    ),
    (
        USER,
        [Block(image=pb.Blob(url="https://x/y.png"))],
        [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://x/y.png"}}]}],
    ),
    (
        USER,
        [Block(file=pb.Blob(media_type="application/pdf", data=b"pdf", filename="a.pdf"))],
        [
            {
                "role": "user",
                "content": [
                    {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,cGRm"}}
                ],
            }
        ],
    ),
    (
        ASSISTANT,
        [Block(text="let me"), Block(tool_use=pb.ToolUse(tool_use_id="t", name="f", input_json='{"a":1}'))],
        [
            {
                "role": "assistant",
                "content": "let me",
                "tool_calls": [{"id": "t", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}],
            }
        ],
    ),
    (
        USER,
        [
            Block(tool_result=pb.ToolResult(tool_call_id="t", content=[pb.ContentBlock(text="4")])),
            Block(text="and?"),
        ],
        [{"role": "tool", "tool_call_id": "t", "content": "4"}, {"role": "user", "content": "and?"}],
    ),
    (
        USER,
        [Block(tool_result=pb.ToolResult(tool_call_id="t"))],
        [{"role": "tool", "tool_call_id": "t", "content": ""}],
    ),
]


@pytest.mark.parametrize(("role", "content", "expected"), CASES)
def test_a_message_is_what_a_client_would_send(role: Any, content: list[Block], expected: list[dict[str, Any]]) -> None:
    found = told.messages([pb.ConversationMessage(message_id="m", role=role, content=content)])
    known = {"id", "object", "created_at", "turn", "outcome"}
    assert [{name: value for name, value in message.items() if name not in known} for message in found] == expected


def test_a_message_says_which_turn_said_it_and_how_that_ended() -> None:
    message = pb.ConversationMessage(
        message_id="a" * 64, role=ASSISTANT, turn=3, outcome=pb.TurnCompleted.OUTCOME_INTERRUPTED
    )
    message.create_time.FromSeconds(1_700_000_000)
    (found,) = told.messages([message])
    assert (found["id"], found["object"]) == (f"msg_{'a' * 32}", "conversation.message")
    assert (found["turn"], found["outcome"], found["created_at"]) == (3, "interrupted", 1_700_000_000)
    (found,) = told.messages([pb.ConversationMessage(message_id="m", role=USER)])
    assert (found["turn"], found["outcome"], found["created_at"]) == (None, None, None)
