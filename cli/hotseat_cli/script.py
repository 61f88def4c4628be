"""What a turn's events look like in a terminal. Pure."""

import enum
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from hotseat import pb

_WIDTH = 100
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class Tone(enum.Enum):
    """What kind of text a piece is."""

    ANSWER = "answer"  # the model's words; they alone are the command's output
    ASIDE = "aside"  # a whole line about what happens
    THINKING = "thinking"  # pieces of the model's thinking


@dataclass(frozen=True, slots=True)
class Piece:
    """Text to write."""

    tone: Tone
    text: str


def harmless(text: str) -> str:
    """The text without control characters: what a model or a file says must not steer the terminal."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


class Script:
    """Turns one turn's events into pieces of text."""

    def __init__(self, *, verbose: bool) -> None:
        self._verbose = verbose
        self._text_block: int | None = None
        self._tools: dict[str, str] = {}  # tool_use_id -> name
        self._position = 0  # in the queue, as last told; 0: never

    def read(self, event: pb.ConverseResponse) -> Iterator[Piece]:
        """What to write for this event; nothing for those that a reader need not see."""
        match event.WhichOneof("event"):
            case "input_queued":
                yield from self._place(event.input_queued)
            case "text_delta":
                yield from self._text(event.text_delta)
            case "thinking_delta" if self._verbose:
                yield Piece(Tone.THINKING, event.thinking_delta.text)
            case "tool_started":
                self._tools[event.tool_started.tool_use_id] = event.tool_started.name
            case "tool_input_completed":
                done = event.tool_input_completed
                yield _aside(f"[{self._name(done.tool_use_id)}] {summary(done.input_json)}")
            case "tool_completed" if event.tool_completed.is_error:
                ended = event.tool_completed
                said = " ".join(block.text for block in ended.content if block.HasField("text"))
                yield _aside(f"[{self._name(ended.tool_use_id)}] failed: {said}")
            case "notice":
                yield _aside(f"[{event.notice.message}]")

    def _place(self, queued: pb.InputQueued) -> Iterator[Piece]:
        """The first place, and each that halves the last one told: a long queue is no wall of text."""
        if self._position and queued.position * 2 > self._position:
            return
        self._position = queued.position
        wait_s = max(queued.estimated_wait_duration.ToSeconds(), 1)
        yield _aside(f"[waiting for a process: place {queued.position} in the queue, about {wait_s} s]")

    def _text(self, delta: pb.TextDelta) -> Iterator[Piece]:
        if delta.parent_tool_use_id:  # a subagent speaks to the model, not to the reader
            return
        new_block = self._text_block not in {None, delta.block}
        self._text_block = delta.block
        yield Piece(Tone.ANSWER, "\n\n" + delta.text if new_block else delta.text)

    def _name(self, tool_use_id: str) -> str:
        return self._tools.get(tool_use_id, "tool")


def question(request: pb.PermissionRequest) -> str:
    """What is asked where the model wants to use a tool."""
    reason = f" ({request.description})" if request.description else ""
    # The whole input: whoever allows it must have seen it all.
    return harmless(f"{request.tool_name} wants to run: {_told(request.input_json)}{reason}")


def summary(input_json: str) -> str:
    """A tool's input in one line."""
    return _told(input_json).replace("\n", " ")


def _told(input_json: str) -> str:
    try:
        fields: Any = json.loads(input_json or "{}")
    except ValueError:
        return input_json
    if isinstance(fields, dict) and len(fields) == 1:
        (only,) = fields.values()
        return only if isinstance(only, str) else json.dumps(only)
    return json.dumps(fields, ensure_ascii=False)


def _aside(line: str) -> Piece:
    one_line = " ".join(line.split())
    return Piece(Tone.ASIDE, one_line if len(one_line) <= _WIDTH else one_line[: _WIDTH - 3] + "...")
