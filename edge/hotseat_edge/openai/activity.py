"""What an agent does with its own tools, as short lines beside its answer. They are never the client's `tool_calls`."""

import re
from typing import Any, Literal, TypeAlias

import msgspec
from hotseat import pb

Mode: TypeAlias = Literal["reasoning", "content", "off"]

_MOST_CHARACTERS = 160
# The members of an input that tell most, the first that is there.
_TELLING = ("description", "file_path", "notebook_path", "command", "pattern", "query", "url", "prompt", "path")
_MARK = "> ⚙ "
_TOLD_FIRST = re.compile(rf"\A(?:{_MARK}[^\n]*\n\n)+")
_TOLD = re.compile(rf"\n\n{_MARK}[^\n]*\n\n")
_decode = msgspec.json.Decoder(dict[str, Any]).decode


class Activity:
    """Tells of each tool use once its input is whole, and of those that fail."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}  # of the agent's tools that were begun, by id

    def line(self, event: pb.ConverseResponse) -> str:
        """What this event is worth telling; mostly nothing."""
        match event.WhichOneof("event"):
            case "tool_started" if not event.tool_started.client_tool:
                self._names[event.tool_started.tool_use_id] = event.tool_started.name
            case "tool_input_completed" if name := self._names.get(event.tool_input_completed.tool_use_id):
                detail = _detail(event.tool_input_completed.input_json)
                return f"{name}: {detail}" if detail else name
            case "tool_completed" if name := self._names.pop(event.tool_completed.tool_use_id, ""):
                return f"{name} failed" if event.tool_completed.is_error else ""
        return ""


def _detail(input_json: str) -> str:
    try:
        given = _decode(input_json)
    except (msgspec.DecodeError, RecursionError):
        return ""
    found = next((given[name] for name in _TELLING if isinstance(given.get(name), str) and given[name]), "")
    line = " ".join(found.split())
    return line if len(line) <= _MOST_CHARACTERS else line[: _MOST_CHARACTERS - 1] + "…"


def as_content(line: str, *, is_first: bool) -> str:
    """The line as a paragraph of an answer. is_first: nothing of the answer's own words came before it."""
    return f"{'' if is_first else _BREAK}{_MARK}{line}{_BREAK}"


_BREAK = "\n\n"


def without(content: str) -> str:
    """An answer's own words: its clients send back all that they were shown."""
    return _TOLD.sub("", _TOLD_FIRST.sub("", content)) if _MARK in content else content
