"""Turns with what clients keep with them, as the contract's messages."""

from collections.abc import Iterator

import msgspec
from hotseat.v1 import client_message_pb2 as client
from hotseat.v1 import conversation_service_pb2 as service
from hotseat.v1 import server_event_pb2 as events

from hotseat_core import convert
from hotseat_core.conversation.requests import FoundTurn
from hotseat_core.journal.store import Note
from hotseat_core.worker.rows import Block


def note(kept: Note) -> client.TurnNote:
    """Return what a client has kept with a turn."""
    return client.TurnNote(label=kept.label, model=kept.model, metadata=kept.metadata, body=kept.body)


def found_turn(found: FoundTurn) -> service.GetTurnResponse:
    """Return a turn that was found by its request, and where it is."""
    turn = convert.turn(found.record)
    if not found.record.turn:
        turn.ClearField("start_time")
    if found.note is not None:
        turn.note.CopyFrom(note(found.note))
    turn.output.extend(_output(found))
    return service.GetTurnResponse(
        turn=turn, conversation_id=found.conversation_id, start_sequence=found.start_sequence, log_id=found.log_id
    )


def _output(found: FoundTurn) -> Iterator[events.OutputBlock]:
    completed = found.record.completed
    calls = {call.tool_use_id for call in completed.calls} if completed is not None else set()
    for row in found.answer:
        for block in row.content if row.role == "assistant" else ():
            told = _block(block, calls)
            if told is not None:
                yield told


def _block(block: Block, calls: set[str]) -> events.OutputBlock | None:
    match block["type"]:
        case "text":
            return events.OutputBlock(text=block["text"])
        case "thinking" if block.get("thinking"):
            return events.OutputBlock(thinking=block["thinking"])
        case "tool_use" if block.get("id") in calls:
            given = msgspec.json.encode(block.get("input") or {}).decode()
            use = client.ToolUse(tool_use_id=block["id"], name=block["name"], input_json=given)
            return events.OutputBlock(tool_use=use)
    return None  # the agent's own doing, or nothing to read
