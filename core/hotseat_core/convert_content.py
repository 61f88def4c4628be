"""What was said, from the Messages API's blocks to the contract's messages, whole."""

import base64
from collections.abc import Sequence
from typing import Any

import msgspec
from hotseat.v1 import client_message_pb2 as client
from hotseat.v1 import content_pb2 as content
from hotseat.v1 import conversation_service_pb2 as service

from hotseat_core.conversation.history import Message
from hotseat_core.conversation.listing import Listed
from hotseat_core.convert import timestamp
from hotseat_core.worker.rows import Block

_ROLES = {"user": client.HistoryMessage.ROLE_USER, "assistant": client.HistoryMessage.ROLE_ASSISTANT}


def message(said: Listed) -> service.ConversationMessage:
    """Return a message as its clients saw it."""
    outcome: Any = said.outcome.value if said.outcome is not None else None
    return service.ConversationMessage(
        message_id=said.message_id,
        role=_ROLES[said.message.role],
        content=_seen(said.message),
        turn=said.turn,
        outcome=outcome,
        create_time=timestamp(said.time) if said.time is not None else None,
    )


def _seen(said: Message) -> list[client.HistoryBlock]:
    if said.role == "user":
        return _blocks(said.rows[0].content)
    told = [client.HistoryBlock(text=said.text)] if said.text else []
    return [*told, *_blocks(said.open_calls)]


def _blocks(blocks: Sequence[Block]) -> list[client.HistoryBlock]:
    return [found for block in blocks if (found := _block(block)) is not None]


def _block(block: Block) -> client.HistoryBlock | None:
    match block["type"]:
        case "text":
            return client.HistoryBlock(text=block["text"])
        case "image":
            return client.HistoryBlock(image=_blob(block))
        case "document":
            return client.HistoryBlock(file=_blob(block))
        case "tool_use":
            given = msgspec.json.encode(block.get("input", {})).decode()
            return client.HistoryBlock(
                tool_use=client.ToolUse(tool_use_id=block.get("id", ""), name=block.get("name", ""), input_json=given)
            )
        case "tool_result":
            return client.HistoryBlock(tool_result=_result(block))
    return None  # nothing that a client can have sent or seen


def _result(block: Block) -> client.ToolResult:
    said = block.get("content") or []
    inner = [{"type": "text", "text": said}] if isinstance(said, str) else said
    found = []
    for part in inner:
        match part["type"]:
            case "text":
                found.append(content.ContentBlock(text=part["text"]))
            case "image":
                found.append(content.ContentBlock(image=_blob(part)))
            case "document":
                found.append(content.ContentBlock(file=_blob(part)))
    return client.ToolResult(
        tool_call_id=block.get("tool_use_id", ""), content=found, is_error=bool(block.get("is_error"))
    )


def _blob(block: Block) -> content.Blob:
    source = block.get("source") or {}
    blob = content.Blob(media_type=source.get("media_type", ""), filename=block.get("title") or "")
    if source.get("type") == "url":
        blob.url = source["url"]
    elif source.get("type") == "base64":
        blob.data = base64.standard_b64decode(source["data"])
    return blob
