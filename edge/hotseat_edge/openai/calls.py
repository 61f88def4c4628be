"""The model's calls of the client's tools, as an answer tells them."""

from collections.abc import Iterable
from typing import Any

from hotseat import pb

Delta = list[dict[str, Any]]


class CallNarrator:
    """Turns a turn's events into deltas of `tool_calls`; each call is told once."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}
        self._told: set[str] = set()  # calls whose arguments were begun

    def delta(self, event: pb.ConverseResponse) -> Delta:
        """What this event adds; an agent's own tools are not the client's matter."""
        match event.WhichOneof("event"):
            case "tool_started" if event.tool_started.client_tool:
                return [self._head(event.tool_started.tool_use_id, event.tool_started.name, "")]
            case "tool_input_delta":
                return self._arguments(event.tool_input_delta.tool_use_id, event.tool_input_delta.json)
            case "tool_input_completed" if event.tool_input_completed.tool_use_id not in self._told:
                whole_input = event.tool_input_completed  # that did not come in pieces
                return self._arguments(whole_input.tool_use_id, whole_input.input_json)
        return []

    def rest(self, calls: Iterable[pb.ToolCall]) -> Delta:
        """The calls that no event has told of: the turn was over before."""
        return [
            self._head(call.tool_call_id, call.name, call.input_json)
            for call in calls
            if call.tool_call_id not in self._places
        ]

    def _arguments(self, tool_use_id: str, piece: str) -> Delta:
        if tool_use_id not in self._places or not piece:
            return []
        self._told.add(tool_use_id)
        return [{"index": self._places[tool_use_id], "function": {"arguments": piece}}]

    def _head(self, tool_use_id: str, name: str, arguments: str) -> dict[str, Any]:
        place = self._places.setdefault(tool_use_id, len(self._places))
        return {"index": place, "id": tool_use_id, "type": "function", "function": _function(name, arguments)}


def whole(calls: Iterable[pb.ToolCall]) -> list[dict[str, Any]]:
    """The calls as they stand in a whole message."""
    return [
        {"id": call.tool_call_id, "type": "function", "function": _function(call.name, call.input_json)}
        for call in calls
    ]


def _function(name: str, arguments: str) -> dict[str, str]:
    return {"name": name, "arguments": arguments}
