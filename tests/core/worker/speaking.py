"""What the CLI says in a turn, in the exact JSON that it was seen to send."""

import json
from collections.abc import Sequence
from typing import Any

from hotseat_core.events import (
    Event,
    Notice,
    Outcome,
    TextDelta,
    TextRetracted,
    UsageReported,
)
from hotseat_core.worker.rows import Row
from hotseat_core.worker.translate import Ending, TurnTranslator

Json = dict[str, Any]
CLEAN = Ending(Outcome.SUCCEEDED, clean=True)
RESULT: Json = {"type": "result", "subtype": "success", "is_error": False, "result": "", "num_turns": 1}
RETRY: Json = {
    "type": "system",
    "subtype": "api_retry",
    "attempt": 1,
    "max_retries": 10,
    "retry_delay_ms": 550.2,
    "error_status": 529,
    "error": "overloaded",
}


def stream(event: Json, **beside: Any) -> Json:
    return {"type": "stream_event", "event": event, "parent_tool_use_id": None, **beside}


def start(message_id: str, **usage: int) -> Json:
    return stream({"type": "message_start", "message": {"id": message_id, "usage": usage}})


def block(index: int, *pieces: str, kind: str = "text", stop: bool = True) -> list[Json]:
    frames = [stream({"type": "content_block_start", "index": index, "content_block": {"type": kind, kind: ""}})]
    for piece in pieces:
        delta = {"type": f"{kind}_delta", kind: piece}
        frames.append(stream({"type": "content_block_delta", "index": index, "delta": delta}))
    return [*frames, stream({"type": "content_block_stop", "index": index})] if stop else frames


def tool(index: int, tool_id: str, *pieces: str, name: str = "Bash", stop: bool = True) -> list[Json]:
    opened = {"type": "tool_use", "id": tool_id, "name": name, "input": {}}
    frames = [stream({"type": "content_block_start", "index": index, "content_block": opened})]
    for piece in pieces:
        delta = {"type": "input_json_delta", "partial_json": piece}
        frames.append(stream({"type": "content_block_delta", "index": index, "delta": delta}))
    return [*frames, stream({"type": "content_block_stop", "index": index})] if stop else frames


def use(tool_id: str, **tool_input: str) -> Json:
    return {"type": "tool_use", "id": tool_id, "name": "Bash", "input": tool_input}


def text(said: str) -> Json:
    return {"type": "text", "text": said}


def whole(message_id: str, *content: Json, **fields: Any) -> Json:
    message = {"id": message_id, "model": "m", "role": "assistant", "content": list(content), "stop_reason": None}
    return {"type": "assistant", "message": message | fields, "parent_tool_use_id": None}


def results(*answers: tuple[str, str], is_error: bool = False) -> Json:
    blocks = [{"type": "tool_result", "tool_use_id": i, "content": c, "is_error": is_error} for i, c in answers]
    return {"type": "user", "message": {"role": "user", "content": blocks}, "parent_tool_use_id": None}


def stop(reason: str | None = "end_turn", **usage: int) -> list[Json]:
    delta = {"type": "message_delta", "delta": {"stop_reason": reason}, "usage": usage}
    return [stream(delta), stream({"type": "message_stop"})]


def said(message_id: str, *pieces: str, reason: str = "end_turn") -> list[Json]:
    """A message of one text block, as the CLI sends it."""
    return [start(message_id), *block(0, *pieces), whole(message_id, text("".join(pieces))), *stop(reason)]


def abandoned(message_id: str, from_block: int = 0, *, open_block: int | None = 0) -> list[Json]:
    """What the CLI sends when the provider broke off."""
    beside = {"abandoned_blocks": {"api_message_id": message_id, "from_block_index": from_block}}
    closing = [] if open_block is None else [stream({"type": "content_block_stop", "index": open_block})]
    return [*closing, stream({"type": "message_stop"}, **beside), RETRY]


def feed(translator: TurnTranslator, frames: Sequence[Json]) -> list[Event]:
    """Feed messages as the worker does: nothing after the ending."""
    events: list[Event] = []
    for frame in frames:
        if translator.ending is None:
            events += translator.feed(json.loads(json.dumps(frame)))
    return events


def told(events: Sequence[Event]) -> list[Event]:
    """The events that matter to a reader."""
    return [event for event in events if not isinstance(event, UsageReported | Notice)]


def client_text(events: Sequence[Event]) -> str:
    """The answer as a client puts it together."""
    blocks: dict[int, str] = {}
    for event in events:
        if isinstance(event, TextDelta):
            blocks[event.block] = blocks.get(event.block, "") + event.text
        elif isinstance(event, TextRetracted):
            blocks[event.block] = blocks[event.block][: event.kept_length]
    return "\n\n".join(said for _, said in sorted(blocks.items()) if said)


def a_row(*content: Json) -> Row:
    return Row("assistant", content)


def u_row(*content: Json) -> Row:
    return Row("user", content)


def broken(*pieces: str) -> list[Json]:
    """An attempt that told these pieces and broke off."""
    return [start("m1"), *block(0, *pieces, stop=False), *abandoned("m1")]
