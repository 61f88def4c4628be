"""What was said, from the contract's messages to the Messages API's blocks."""

import base64
from collections.abc import Sequence
from functools import partial
from typing import Any, NoReturn

import msgspec
from google.protobuf.duration_pb2 import Duration
from hotseat.v1 import client_message_pb2 as client
from hotseat.v1 import content_pb2 as content

from hotseat_core.conversation.history import Message
from hotseat_core.conversation.recognition import Recognition
from hotseat_core.errors import InvalidMessage
from hotseat_core.worker.rows import Block, Row

_LONGEST_S = 100 * 366 * 86400.0


def refuse(field: str, problem: str) -> NoReturn:
    """Raise InvalidMessage for the field."""
    raise InvalidMessage(f"{field} {problem}", metadata={"field": field})


def seconds_in(field: str, message: Duration) -> float:
    """Return a length of time. Raises InvalidMessage where it is negative, or so long that no date is that far away."""
    seconds = message.seconds + message.nanos / 1e9
    if seconds < 0:
        refuse(field, "is negative")
    if seconds > _LONGEST_S:
        refuse(field, "is longer than a hundred years")
    return seconds


def history(messages: Sequence[client.HistoryMessage], recognition: Recognition[Message]) -> tuple[Message, ...]:
    """Return what a client says was said before."""
    return tuple(
        recognition.known(message.SerializeToString(), partial(_history_message, message, index))
        for index, message in enumerate(messages)
    )


def added(messages: Sequence[client.HistoryMessage]) -> tuple[Message, ...]:
    """Return what a client adds to what was said."""
    return tuple(_history_message(message, index, "messages") for index, message in enumerate(messages))


def _history_message(message: client.HistoryMessage, index: int, name: str = "open.history") -> Message:
    field = f"{name}[{index}]"
    if not message.content:
        refuse(f"{field}.content", "is empty")
    blocks = tuple(
        _history_block(block, message.role, f"{field}.content[{i}]") for i, block in enumerate(message.content)
    )
    if message.role == client.HistoryMessage.ROLE_USER:
        return Message("user", (Row("user", blocks),))
    if message.role == client.HistoryMessage.ROLE_ASSISTANT:
        return Message("assistant", (Row("assistant", blocks),))
    refuse(f"{field}.role", "must be USER or ASSISTANT")


def _history_block(block: client.HistoryBlock, role: int, field: str) -> Block:
    kind = block.WhichOneof("block")
    is_user = role == client.HistoryMessage.ROLE_USER
    if kind in {"image", "file", "tool_result"} and not is_user:
        refuse(field, f"is a {kind}, which only the user's messages hold")
    if kind == "tool_use" and is_user:
        refuse(field, "is a tool_use, which only the model's messages hold")
    match kind:
        case "text":
            return _text(block.text, field)
        case "image" | "file":
            return _blob(kind, getattr(block, kind), field)
        case "tool_use":
            use = block.tool_use
            return {
                "type": "tool_use",
                "id": use.tool_use_id,
                "name": use.name,
                "input": _object(use.input_json, field),
            }
        case "tool_result":
            return tool_result(block.tool_result, field)
    refuse(field, "has no block set")


def tool_result(result: client.ToolResult, field: str) -> Block:
    """Return what came of a tool, as the model's provider takes it."""
    said = list(user_blocks(result.content, f"{field}.content"))
    answer: Block = {"type": "tool_result", "tool_use_id": result.tool_call_id, "content": said}
    return answer | {"is_error": True} if result.is_error else answer


def user_blocks(blocks: Sequence[content.ContentBlock], field: str) -> tuple[Block, ...]:
    """Return a piece of user input, or of a tool's result, as the model's provider takes it."""
    found = []
    for index, block in enumerate(blocks):
        kind = block.WhichOneof("block")
        match kind:
            case "text":
                found.append(_text(block.text, f"{field}[{index}]"))
            case "image" | "file":
                found.append(_blob(kind, getattr(block, kind), f"{field}[{index}]"))
            case _:
                refuse(f"{field}[{index}]", "has no block set")
    return tuple(found)


def _text(text: str, field: str) -> Block:
    if not text.strip():
        refuse(field, "is blank text, which the model's provider does not take")
    return {"type": "text", "text": text}


def _blob(kind: str, blob: content.Blob, field: str) -> Block:
    block_type = "image" if kind == "image" else "document"
    match blob.WhichOneof("source"):
        case "data":
            data = base64.standard_b64encode(blob.data).decode()
            source: dict[str, Any] = {"type": "base64", "media_type": blob.media_type, "data": data}
        case "url":
            if not blob.url.startswith("https://"):
                refuse(f"{field}.url", "must begin with https://")
            source = {"type": "url", "url": blob.url}
        case "workspace_path":
            refuse(f"{field}.workspace_path", "is not supported yet; send the bytes")
        case _:
            refuse(field, "has neither data nor a url")
    named = {"title": blob.filename} if blob.filename and block_type == "document" else {}
    return {"type": block_type, "source": source, **named}


def _object(text: str, field: str) -> dict[str, Any]:
    try:
        return msgspec.json.decode(text or "{}", type=dict[str, Any])
    except msgspec.DecodeError:
        refuse(f"{field}.input_json", "is no JSON object")
