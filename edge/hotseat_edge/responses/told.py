"""A response that is kept, as it is told at any later time. Pure."""

import base64
from collections.abc import Iterable, Iterator
from typing import Any

from hotseat import HotseatError, pb

from hotseat_edge.core_client import problem
from hotseat_edge.responses.frame import Frame, error_object, usage
from hotseat_edge.responses.ids import item_id, response_id
from hotseat_edge.responses.notes import Kept
from hotseat_edge.responses.output import Piece, call_item, message_item, settled
from hotseat_edge.responses.stream import finished


def frame(kept: Kept, turn: pb.Turn) -> Frame:
    """The response around the answer of this turn."""
    return Frame(
        id=response_id(turn.request_id),
        created_at=kept.created_at,
        model=kept.model,
        conversation_id=kept.conversation,
        echo=kept.echo | {"metadata": dict(turn.note.metadata)},
    )


def body(kept: Kept, turn: pb.Turn) -> dict[str, Any]:
    """The response object as it stands now."""
    around = frame(kept, turn)
    if not turn.HasField("completed"):
        return around.body("in_progress" if turn.turn else "queued", [])
    completed = turn.completed
    if completed.outcome == pb.TurnCompleted.OUTCOME_FAILED:
        error = error_object(problem(HotseatError.from_error(completed.error)))
        return around.body("failed", [], usage=usage(completed.usage), error=error)
    ended = turn.start_time.ToNanoseconds() + completed.duration.ToNanoseconds()
    return finished(
        around,
        completed,
        pieces(turn),
        turn.request_id,
        summary=kept.summary,
        completed_at=ended // 10**9,
    )


def pieces(turn: pb.Turn) -> list[Piece]:
    """The blocks of the answer, in order."""
    return settled([_piece(block) for block in turn.output], turn.completed)


def _piece(block: pb.OutputBlock) -> Piece:
    match block.WhichOneof("block"):
        case "thinking":
            return Piece("thinking", block.thinking)
        case "tool_use":
            use = block.tool_use
            return Piece("call", use.input_json, use.tool_use_id, use.name)
    return Piece("text", block.text)


def replay(turn: pb.Turn) -> Iterator[pb.ConverseResponse]:
    """Yield events that tell the answer of a turn which has ended, block by block."""
    yield pb.ConverseResponse(turn_started=pb.TurnStarted(request_id=turn.request_id))
    for place, piece in enumerate(pieces(turn)):
        match piece.kind:
            case "thinking":
                yield pb.ConverseResponse(thinking_delta=pb.ThinkingDelta(text=piece.text, block=place))
            case "text":
                yield pb.ConverseResponse(text_delta=pb.TextDelta(text=piece.text, block=place))
            case "call":
                started = pb.ToolStarted(tool_use_id=piece.call_id, name=piece.name, block=place, client_tool=True)
                yield pb.ConverseResponse(tool_started=started)
    yield pb.ConverseResponse(turn_completed=turn.completed)


def said_items(
    system: Iterable[str], messages: Iterable[pb.ConversationMessage], request_id: str
) -> list[dict[str, Any]]:
    """What was said to the model, as input items with names of their own."""
    found: list[dict[str, Any]] = []
    for text in system:
        found.append(_message("developer", [{"type": "input_text", "text": text}], request_id, len(found)))
    for message in messages:
        found += items_of(message, request_id, len(found))
    return found


def items_of(message: pb.ConversationMessage | pb.HistoryMessage, request_id: str, place: int) -> list[dict[str, Any]]:
    """One message as items: what functions gave, what was said, what was called."""
    found: list[dict[str, Any]] = []
    parts = []
    for block in message.content:
        if block.HasField("tool_result"):
            name = item_id("fco", request_id, place + len(found), is_said=True)
            found.append(_output_item(name, block.tool_result))
        elif not block.HasField("tool_use"):
            parts.append(_part(block))
    if parts and message.role == pb.HistoryMessage.ROLE_USER:
        found.append(_message("user", parts, request_id, place + len(found)))
    elif parts:
        text = "\n\n".join(part["text"] for part in parts)
        name = item_id("msg", request_id, place + len(found), is_said=True)
        found.append(message_item(name, text, "completed"))
    for block in message.content:
        if block.HasField("tool_use"):
            use = block.tool_use
            name = item_id("fc", request_id, place + len(found), is_said=True)
            found.append(call_item(name, use.tool_use_id, use.name, use.input_json, "completed"))
    return found


def _message(role: str, parts: list[dict[str, Any]], request_id: str, place: int) -> dict[str, Any]:
    name = item_id("msg", request_id, place, is_said=True)
    return {"id": name, "type": "message", "status": "completed", "role": role, "content": parts}


def _output_item(name: str, result: pb.ToolResult) -> dict[str, Any]:
    parts = [_part(block) for block in result.content]
    is_text = all(part["type"] == "input_text" for part in parts)
    output = "".join(part["text"] for part in parts) if is_text else parts
    return {
        "id": name,
        "type": "function_call_output",
        "status": "completed",
        "call_id": result.tool_call_id,
        "output": output,
    }


def _part(block: pb.HistoryBlock | pb.ContentBlock) -> dict[str, Any]:
    match block.WhichOneof("block"):
        case "image":
            return {"type": "input_image", "image_url": _url(block.image), "file_id": None, "detail": "auto"}
        case "file":
            return {"type": "input_file", "filename": block.file.filename or None, "file_data": _url(block.file)}
    return {"type": "input_text", "text": block.text}


def _url(blob: pb.Blob) -> str:
    if blob.HasField("url"):
        return blob.url
    return f"data:{blob.media_type};base64,{base64.standard_b64encode(blob.data).decode()}"
