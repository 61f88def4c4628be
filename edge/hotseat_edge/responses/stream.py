"""The core's events, as the Responses API streams them: each with the next sequence number."""

import time
from collections.abc import Sequence
from typing import Any

import msgspec
from hotseat import pb

from hotseat_edge.openai.errors import ApiError
from hotseat_edge.responses.frame import Frame, error_object, status_of, usage
from hotseat_edge.responses.ids import item_id
from hotseat_edge.responses.output import Collector, Piece, call_item, items, message_item, reasoning_item, text_part

_BLOCK_BREAK = "\n\n"
_encode = msgspec.json.encode


class Numbered:
    """Writes events, and counts them; those up to `after` are counted only."""

    def __init__(self, after: int = -1) -> None:
        self._next = 0
        self._after = after

    def event(self, kind: str, **fields: Any) -> bytes:
        """One event."""
        return self.text(_head(kind), b"," + _encode(fields)[1:-1] if fields else b"")

    def text(self, head: bytes, rest: bytes) -> bytes:
        """One event whose first fields are encoded already."""
        number, self._next = self._next, self._next + 1
        if number <= self._after:
            return b""
        return b'%s%s,"sequence_number":%d}\n\n' % (head, rest, number)


def _head(kind: str) -> bytes:
    return f'event: {kind}\ndata: {{"type":"{kind}"'.encode()


class _Open(msgspec.Struct):
    """An item that is being written."""

    id: str
    place: int  # its output_index
    texts: list[str] = []  # what was written of it: of a reasoning item its parts, else pieces
    block: int | None = None  # the core's, that is being written
    head: bytes = b""  # of its deltas
    call_id: str = ""
    name: str = ""

    @property
    def address(self) -> dict[str, Any]:
        return {"item_id": self.id, "output_index": self.place}


class ResponseWriter:
    """Turns a turn's events into the events of a streamed response; a message stays open until its turn's end."""

    def __init__(self, frame: Frame, request_id: str, *, summary: bool, after: int = -1) -> None:
        self._frame = frame
        self._request_id = request_id
        self._summary = summary
        self._numbered = Numbered(after)
        self._collector = Collector()
        self._count = 0  # items begun
        self._begun = False
        self._message: _Open | None = None
        self._thoughts: _Open | None = None
        self._calls: dict[str, _Open] = {}

    def begin(self, status: str = "in_progress") -> bytes:
        """The events that come first, once. status: queued, where the turn still waits for a process."""
        if self._begun:
            return b""
        self._begun = True
        created = self._frame.body(status, [])
        opening = self._numbered.event("response.created", response=created)
        return opening + self._numbered.event(f"response.{status}", response=created)

    def write(self, event: pb.ConverseResponse) -> bytes:
        """The bytes for this event; none for most kinds."""
        match event.WhichOneof("event"):
            case "text_delta" if event.text_delta.text and not event.text_delta.parent_tool_use_id:
                self._collector.take(event)
                return self.begin() + self._text(event.text_delta.text, event.text_delta.block)
            case "thinking_delta" if event.thinking_delta.text and not event.thinking_delta.parent_tool_use_id:
                self._collector.take(event)
                return self.begin() + self._thought(event.thinking_delta.text, event.thinking_delta.block)
            case "tool_started" if event.tool_started.client_tool:
                self._collector.take(event)
                return self.begin() + self._call(event.tool_started.tool_use_id, event.tool_started.name)
            case "tool_input_delta":
                return self._arguments(event.tool_input_delta.tool_use_id, event.tool_input_delta.json)
            case "turn_completed":
                return self.begin() + self._complete(event.turn_completed)
        return b""

    def fail(self, error: ApiError) -> bytes:
        """The events that end a response whose turn has failed after its beginning."""
        body = self._frame.body("failed", [], error=error_object(error))
        return self.begin() + self._numbered.event("response.failed", response=body)

    def cancel(self) -> bytes:
        """The events that end a response whose turn was stopped, with what was told of it until then."""
        output = items(self._collector.told, self._request_id, summary=self._summary, status="incomplete")
        body = self._frame.body("cancelled", output)
        return self.begin() + self._numbered.event("response.incomplete", response=body)

    def break_off(self, error: ApiError) -> bytes:
        """The event that ends a stream whose turn may go on without it."""
        return self.begin() + self._numbered.event("error", code=error.code, message=error.message, param=error.param)

    # ---- the items

    def _open(self, kind: str) -> _Open:
        place, self._count = self._count, self._count + 1
        return _Open(item_id(kind, self._request_id, place), place, [])

    def _added(self, opened: _Open, item: dict[str, Any]) -> bytes:
        return self._numbered.event("response.output_item.added", output_index=opened.place, item=item)

    def _done(self, opened: _Open, item: dict[str, Any]) -> bytes:
        return self._numbered.event("response.output_item.done", output_index=opened.place, item=item)

    def _text(self, text: str, block: int | None) -> bytes:
        parts = [self._end_thoughts()]
        if self._message is None:
            opened = self._message = self._open("msg")
            opened.head = _delta_head("response.output_text.delta", opened, content_index=0, logprobs=[])
            item = message_item(opened.id, "", "in_progress") | {"content": []}
            parts.append(self._added(opened, item))
            begun = text_part("")
            parts.append(
                self._numbered.event("response.content_part.added", **opened.address, content_index=0, part=begun)
            )
        elif block is not None and self._message.block != block:
            text = _BLOCK_BREAK + text
        message = self._message
        message.block = block if block is not None else message.block
        message.texts.append(text)
        parts.append(self._numbered.text(message.head, _encode(text)))
        return b"".join(parts)

    def _thought(self, text: str, block: int) -> bytes:
        parts = []
        if self._thoughts is None:
            opened = self._thoughts = self._open("rs")
            parts.append(self._added(opened, reasoning_item(opened.id, (), "in_progress")))
        thoughts = self._thoughts
        if not self._summary:
            return b"".join(parts)
        if thoughts.block != block:
            parts += [self._end_thought(thoughts), self._begin_thought(thoughts, block)]
        thoughts.texts[-1] += text
        parts.append(self._numbered.text(thoughts.head, _encode(text)))
        return b"".join(parts)

    def _begin_thought(self, thoughts: _Open, block: int) -> bytes:
        thoughts.block = block
        thoughts.texts.append("")
        place = len(thoughts.texts) - 1
        thoughts.head = _delta_head("response.reasoning_summary_text.delta", thoughts, summary_index=place)
        return self._numbered.event(
            "response.reasoning_summary_part.added",
            **thoughts.address,
            summary_index=place,
            part={"type": "summary_text", "text": ""},
        )

    def _end_thought(self, thoughts: _Open) -> bytes:
        if not thoughts.texts:
            return b""
        text, place = thoughts.texts[-1], {**thoughts.address, "summary_index": len(thoughts.texts) - 1}
        done = self._numbered.event("response.reasoning_summary_text.done", **place, text=text)
        part = {"type": "summary_text", "text": text}
        return done + self._numbered.event("response.reasoning_summary_part.done", **place, part=part)

    def _end_thoughts(self) -> bytes:
        thoughts, self._thoughts = self._thoughts, None
        if thoughts is None:
            return b""
        ended = self._end_thought(thoughts)
        return ended + self._done(thoughts, reasoning_item(thoughts.id, thoughts.texts, "completed"))

    def _end_message(self, status: str) -> bytes:
        message, self._message = self._message, None
        if message is None:
            return b""
        text = "".join(message.texts)
        place = {**message.address, "content_index": 0}
        return b"".join(
            (
                self._numbered.event("response.output_text.done", **place, text=text, logprobs=[]),
                self._numbered.event("response.content_part.done", **place, part=text_part(text)),
                self._done(message, message_item(message.id, text, status)),
            )
        )

    def _call(self, call_id: str, name: str) -> bytes:
        before = self._end_thoughts() + self._end_message("completed")
        opened = self._calls[call_id] = self._open("fc")
        opened.call_id, opened.name = call_id, name
        opened.head = _delta_head("response.function_call_arguments.delta", opened)
        return before + self._added(opened, call_item(opened.id, call_id, name, "", "in_progress"))

    def _arguments(self, call_id: str, piece: str) -> bytes:
        opened = self._calls.get(call_id)
        if opened is None or not piece:
            return b""
        opened.texts.append(piece)
        return self._numbered.text(opened.head, _encode(piece))

    def _end_call(self, call: pb.ToolCall) -> bytes:
        opened = self._calls[call.tool_call_id]
        parts = []
        if not opened.texts and call.input_json:
            parts.append(self._arguments(call.tool_call_id, call.input_json))
        arguments = "".join(opened.texts)
        done = self._numbered.event(
            "response.function_call_arguments.done", **opened.address, name=call.name, arguments=arguments
        )
        item = call_item(opened.id, call.tool_call_id, call.name, arguments, "completed")
        return b"".join((*parts, done, self._done(opened, item)))

    # ---- the end

    def _complete(self, completed: pb.TurnCompleted) -> bytes:
        status, reason = status_of(completed)
        ending = [self._rest(completed), self._end_thoughts(), self._end_message(_item_status(status))]
        for call in completed.tool_calls:
            if call.tool_call_id not in self._calls:
                ending.append(self._call(call.tool_call_id, call.name))
            ending.append(self._end_call(call))
        pieces = self._collector.pieces(completed)
        body = finished(self._frame, completed, pieces, self._request_id, summary=self._summary)
        kind = "incomplete" if reason else status
        ending.append(self._numbered.event(f"response.{_FINAL.get(kind, kind)}", response=body))
        return b"".join(ending)

    def _rest(self, completed: pb.TurnCompleted) -> bytes:
        """What the whole answer has beyond the deltas: the core matches a client's history against the whole."""
        told = _BLOCK_BREAK.join(piece.text for piece in self._collector.told if piece.kind == "text")
        rest = completed.text[len(told) :] if completed.text.startswith(told) else ""
        return self._text(rest, None) if rest and not self._calls else b""


_FINAL = {"cancelled": "incomplete"}  # OpenAI has no event of its own for it


def _item_status(status: str) -> str:
    return "completed" if status == "completed" else "incomplete"


def _delta_head(kind: str, opened: _Open, **fields: Any) -> bytes:
    return _head(kind) + b"," + _encode({**opened.address, **fields})[1:-1] + b',"delta":'


def finished(
    frame: Frame,
    completed: pb.TurnCompleted,
    pieces: Sequence[Piece],
    request_id: str,
    *,
    summary: bool,
    completed_at: int | None = None,
) -> dict[str, Any]:
    """The response object after its turn, however that ended, but for a failure's error."""
    status, reason = status_of(completed)
    output = items(pieces, request_id, summary=summary, status=_item_status(status))
    at = completed_at if completed_at is not None else int(time.time())
    return frame.body(
        status,
        output,
        usage=usage(completed.usage),
        reason=reason,
        completed_at=at if status == "completed" else None,
    )
