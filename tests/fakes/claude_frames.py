"""What the fake CLI says, frame by frame. Values only."""

import json
from collections.abc import Iterator
from typing import Any

Frame = dict[str, Any]
Row = dict[str, Any]  # role, content, uuid

RETRY_HARD = {"attempt": 1, "max_retries": 2, "retry_delay_ms": 60_000.0, "error_status": 429, "error": "rate_limit"}
RETRY_SOFT = {"attempt": 1, "max_retries": 2, "retry_delay_ms": 500.0, "error_status": 529, "error": "overloaded"}

# Well-formed JSON that means nothing, or not what it should.
ODD_FRAMES: list[Frame] = [
    {"type": "news"},
    {},
    {"type": "stream_event"},
    {"type": "stream_event", "event": {"type": "content_block_delta", "index": 7, "delta": {"type": "text_delta"}}},
    {"type": "control_response"},
    {"type": "control_request", "request_id": "x", "request": {"subtype": "hook_callback"}},
    {"type": "control_request", "request_id": "y"},
    {"type": "assistant", "message": None},
    {"type": "user"},
]


def stream(event: Frame) -> Frame:
    """One of the provider's events."""
    return {"type": "stream_event", "event": event, "parent_tool_use_id": None}


def assistant(message_id: str, content: list[Frame]) -> Frame:
    """A whole block of the model's."""
    message = {"id": message_id, "role": "assistant", "model": "m", "content": content, "stop_reason": None}
    return {"type": "assistant", "message": message, "parent_tool_use_id": None}


def block_frames(index: int, kind: str, pieces: list[str], *, stop: bool = True) -> list[Frame]:
    """A block of text or thinking, in pieces."""
    frames = [stream({"type": "content_block_start", "index": index, "content_block": {"type": kind, kind: ""}})]
    for piece in pieces:
        delta = {"type": f"{kind}_delta", kind: piece}
        frames.append(stream({"type": "content_block_delta", "index": index, "delta": delta}))
    return [*frames, stream({"type": "content_block_stop", "index": index})] if stop else frames


def tool_frames(index: int, use: Frame) -> list[Frame]:
    """A tool use, its input in two pieces."""
    text = json.dumps(use["input"])
    head, tail = text[:5], text[5:]
    return [
        stream({"type": "content_block_start", "index": index, "content_block": use | {"input": {}}}),
        *(
            stream(
                {
                    "type": "content_block_delta",
                    "index": index,
                    "delta": {"type": "input_json_delta", "partial_json": piece},
                }
            )
            for piece in (head, tail)
        ),
        stream({"type": "content_block_stop", "index": index}),
    ]


def is_prompt(row: Row) -> bool:
    """A user's own words."""
    return row["role"] == "user" and not any(block["type"] == "tool_result" for block in row["content"])


def last_text(content: list[Frame]) -> str:
    """The order in a prompt."""
    return next((str(block["text"]) for block in reversed(content) if block["type"] == "text"), "")


def described(row: Row) -> Iterator[str]:
    """A row of the history, for people."""
    for block in row["content"]:
        said = block.get("text") or block.get("content") or block.get("name") or block["type"]
        if isinstance(said, list):
            said = " ".join(part.get("text") or part["type"] for part in said)
        yield f"{row['role'][0]}:{str(said).strip()}"
