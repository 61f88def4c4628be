"""What the model answered, as output items. Pure."""

from collections.abc import Iterable
from typing import Any

import msgspec
from hotseat import pb

from hotseat_edge.responses.ids import item_id

_BLOCK_BREAK = "\n\n"


class Piece(msgspec.Struct):
    """One block of an answer: thinking, text, or a call of one of the client's tools."""

    kind: str  # thinking, text or call
    text: str = ""  # the arguments of a call
    call_id: str = ""
    name: str = ""


def message_item(name: str, text: str, status: str) -> dict[str, Any]:
    """A message of the model."""
    return {"id": name, "type": "message", "status": status, "role": "assistant", "content": [text_part(text)]}


def text_part(text: str) -> dict[str, Any]:
    """The one part that a message has."""
    return {"type": "output_text", "annotations": [], "logprobs": [], "text": text}


def reasoning_item(name: str, summaries: Iterable[str], status: str) -> dict[str, Any]:
    """What the model thought before it went on."""
    summary = [{"type": "summary_text", "text": text} for text in summaries]
    return {"id": name, "type": "reasoning", "summary": summary, "status": status}


def call_item(name: str, call_id: str, function: str, arguments: str, status: str) -> dict[str, Any]:
    """A call of one of the client's functions."""
    return {
        "id": name,
        "type": "function_call",
        "status": status,
        "arguments": arguments,
        "call_id": call_id,
        "name": function,
    }


def items(pieces: Iterable[Piece], request_id: str, *, summary: bool, status: str) -> list[dict[str, Any]]:
    """The output of an answer. status: of its messages; summary: whether the client wants to read the thinking.

    The model's texts up to a call are one message, its thoughts up to a text or call one item: as they are streamed.
    """
    found: list[dict[str, Any]] = []
    message: dict[str, Any] | None = None
    thoughts: dict[str, Any] | None = None
    for piece in pieces:
        place = len(found)
        if piece.kind == "thinking":
            if thoughts is None:
                thoughts = reasoning_item(item_id("rs", request_id, place), (), "completed")
                found.append(thoughts)
            if summary:
                thoughts["summary"].append({"type": "summary_text", "text": piece.text})
            continue
        thoughts = None
        if piece.kind == "call":
            message = None
            name = item_id("fc", request_id, place)
            found.append(call_item(name, piece.call_id, piece.name, piece.text, "completed"))
        elif message is None:
            message = message_item(item_id("msg", request_id, place), piece.text, status)
            found.append(message)
        else:
            message["content"][0]["text"] += _BLOCK_BREAK + piece.text
    return found


def settled(pieces: Iterable[Piece], completed: pb.TurnCompleted) -> list[Piece]:
    """The pieces of an answer as its end tells them: the core matches a client's history against that."""
    told = [piece for piece in pieces if piece.text or piece.kind == "call"]
    calls = {call.tool_call_id: call for call in completed.tool_calls}
    told = [piece for piece in told if piece.kind != "call" or piece.call_id in calls]
    if _BLOCK_BREAK.join(piece.text for piece in told if piece.kind == "text") != completed.text:
        place = next((place for place, piece in enumerate(told) if piece.kind == "text"), None)
        told = [piece for piece in told if piece.kind != "text"]
        if completed.text:
            before_calls = next((place for place, piece in enumerate(told) if piece.kind == "call"), len(told))
            told.insert(before_calls if place is None else min(place, before_calls), Piece("text", completed.text))
    for piece in told:
        if piece.kind == "call":
            piece.text = calls.pop(piece.call_id).input_json
    return [*told, *(Piece("call", call.input_json, call.tool_call_id, call.name) for call in calls.values())]


class Collector:
    """Gathers the blocks of a turn until its answer is whole."""

    def __init__(self) -> None:
        self._pieces: dict[int, Piece] = {}

    def take(self, event: pb.ConverseResponse) -> None:
        """Keep what the answer holds of this event; a subagent's words do not belong to it."""
        match event.WhichOneof("event"):
            case "text_delta" if not event.text_delta.parent_tool_use_id:
                self._add("text", event.text_delta.block, event.text_delta.text)
            case "thinking_delta" if not event.thinking_delta.parent_tool_use_id:
                self._add("thinking", event.thinking_delta.block, event.thinking_delta.text)
            case "tool_started" if event.tool_started.client_tool:
                started = event.tool_started
                self._pieces[started.block] = Piece("call", "", started.tool_use_id, started.name)
            case "text_retracted":
                kept = self._pieces.get(event.text_retracted.block)
                if kept is not None:
                    kept.text = kept.text[: event.text_retracted.kept_length]

    def _add(self, kind: str, block: int, text: str) -> None:
        self._pieces.setdefault(block, Piece(kind)).text += text

    @property
    def told(self) -> list[Piece]:
        """The blocks so far, in order."""
        return [piece for _, piece in sorted(self._pieces.items())]

    def pieces(self, completed: pb.TurnCompleted) -> list[Piece]:
        """The blocks of the whole answer, in order."""
        return settled(self.told, completed)
