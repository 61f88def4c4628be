"""What was said, as a client of the Chat Completions API would send it. Pure."""

import base64
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from hotseat import pb

_ROLES: Mapping[int, str] = {pb.HistoryMessage.ROLE_USER: "user", pb.HistoryMessage.ROLE_ASSISTANT: "assistant"}


def messages(listed: Iterable[pb.ConversationMessage]) -> list[dict[str, Any]]:
    """The messages; what tools gave has messages of its own, of role tool, before the user's words."""
    return [told | _known(message) for message in listed for told in _told(message)]


def _known(message: pb.ConversationMessage) -> dict[str, Any]:
    said_by_turn = bool(message.turn)
    return {
        "id": f"msg_{message.message_id[:32]}",
        "object": "conversation.message",
        "created_at": message.create_time.seconds if message.HasField("create_time") else None,
        "turn": message.turn if said_by_turn else None,
        "outcome": _outcome(message.outcome) if said_by_turn else None,
    }


def _outcome(outcome: pb.TurnCompleted.Outcome) -> str:
    return pb.TurnCompleted.Outcome.Name(outcome).removeprefix("OUTCOME_").lower()


def _told(message: pb.ConversationMessage) -> Iterator[dict[str, Any]]:
    calls = [_tool_call(block.tool_use) for block in message.content if block.HasField("tool_use")]
    parts = [part for block in message.content if (part := _part(block)) is not None]
    for block in message.content:
        if block.HasField("tool_result"):
            result = block.tool_result
            text = "".join(piece.text for piece in result.content)
            yield {"role": "tool", "tool_call_id": result.tool_call_id, "content": text}
    if parts or calls or not message.content:
        told: dict[str, Any] = {"role": _ROLES[message.role], "content": _content(parts)}
        yield told | {"tool_calls": calls} if calls else told


def _content(parts: Sequence[dict[str, Any]]) -> Any:
    if len(parts) == 1 and parts[0]["type"] == "text":
        return parts[0]["text"]
    return list(parts) or None


def _part(block: pb.HistoryBlock) -> dict[str, Any] | None:
    match block.WhichOneof("block"):
        case "text":
            return {"type": "text", "text": block.text}
        case "image":
            return {"type": "image_url", "image_url": {"url": _url(block.image)}}
        case "file":
            return {"type": "file", "file": {"filename": block.file.filename or None, "file_data": _url(block.file)}}
    return None


def _url(blob: pb.Blob) -> str:
    if blob.HasField("url"):
        return blob.url
    return f"data:{blob.media_type};base64,{base64.standard_b64encode(blob.data).decode()}"


def _tool_call(use: pb.ToolUse) -> dict[str, Any]:
    return {
        "id": use.tool_use_id,
        "type": "function",
        "function": {"name": use.name, "arguments": use.input_json},
    }
