"""A reply as Anthropic's stream events or as one message, cut by stop sequences and the token limit."""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from hotseat_demo.reply import Block, Reply, Text, Thinking, ToolUse

_WORDS = re.compile(r"\s*\S{1,24}|\s+$")
_JSON = re.compile(r".{1,16}", re.DOTALL)
_SIGNATURE = "ZGVtby1tb2RlbC1zaWduYXR1cmU="


class Piece(msgspec.Struct, frozen=True):
    """A block and what of it is sent, delta by delta."""

    block: Block
    deltas: tuple[str, ...]


class Spoken(msgspec.Struct, frozen=True):
    """A reply as it goes out: what is left of it within the limits, and why it ends."""

    pieces: tuple[Piece, ...]
    stop_reason: str
    stop_sequence: str | None

    @property
    def output_tokens(self) -> int:
        """One for each delta, and never none."""
        return max(1, sum(len(piece.deltas) for piece in self.pieces))


def split(block: Block) -> tuple[str, ...]:
    """The deltas of a block: word by word; joined, they are the whole."""
    if isinstance(block, Text):
        return tuple(_WORDS.findall(block.text))
    if isinstance(block, Thinking):
        return tuple(_WORDS.findall(block.thinking))
    return tuple(_JSON.findall(json.dumps(block.input, ensure_ascii=False)))


def speak(reply: Reply, *, max_tokens: int | None = None, stop_sequences: Sequence[str] = ()) -> Spoken:
    """The reply within its limits: a stop sequence ends the text before it, the token limit after so many deltas."""
    blocks, stopped_by = _stop(reply.blocks, stop_sequences)
    calls = any(isinstance(block, ToolUse) for block in blocks)
    reason = "stop_sequence" if stopped_by else reply.stop_reason or ("tool_use" if calls else "end_turn")
    pieces: list[Piece] = []
    room = max_tokens
    for block in blocks:
        deltas = split(block)
        if room is not None and len(deltas) > room:
            if room:
                pieces.append(Piece(block, deltas[:room]))
            return Spoken(tuple(pieces), "max_tokens", None)
        pieces.append(Piece(block, deltas))
        room = None if room is None else room - len(deltas)
    return Spoken(tuple(pieces), reason, stopped_by)


def _stop(blocks: Sequence[Block], stop_sequences: Sequence[str]) -> tuple[list[Block], str | None]:
    kept: list[Block] = []
    for block in blocks:
        text = block.text if isinstance(block, Text) else ""
        hits = [(at, stop) for stop in stop_sequences if stop and (at := text.find(stop)) >= 0]
        if hits:
            at, stop = min(hits)
            return [*kept, Text(text[:at])], stop
        kept.append(block)
    return kept, None


def usage(reply: Reply, input_tokens: int, output_tokens: int) -> dict[str, Any]:
    """The token counts to report: as the reply says, else as estimated."""
    told = reply.usage
    return {
        "input_tokens": input_tokens if told.input_tokens is None else told.input_tokens,
        "cache_creation_input_tokens": told.cache_creation_input_tokens or 0,
        "cache_read_input_tokens": told.cache_read_input_tokens or 0,
        "output_tokens": output_tokens if told.output_tokens is None else told.output_tokens,
        "output_tokens_details": {"thinking_tokens": told.thinking_tokens or 0},
    }


def message(spoken: Spoken, *, message_id: str, model: str, usage: dict[str, Any]) -> dict[str, Any]:
    """The whole reply as the answer to a request that does not stream."""
    return {
        **_envelope(message_id, model),
        "content": [content(piece) for piece in spoken.pieces],
        "stop_reason": spoken.stop_reason,
        "stop_sequence": spoken.stop_sequence,
        "usage": usage,
    }


def _envelope(message_id: str, model: str) -> dict[str, Any]:
    return {"id": message_id, "type": "message", "role": "assistant", "model": model}


def content(piece: Piece) -> dict[str, Any]:
    """The block as it stands in a message."""
    block, whole = piece.block, "".join(piece.deltas)
    if isinstance(block, Text):
        return {"type": "text", "text": whole}
    if isinstance(block, Thinking):
        return {"type": "thinking", "thinking": whole, "signature": _SIGNATURE}
    complete = len(piece.deltas) == len(split(block))
    return {"type": "tool_use", "id": block.id, "name": block.name, "input": block.input if complete else {}}


def events(spoken: Spoken, *, message_id: str, model: str, usage: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The reply as stream events in Anthropic's order."""
    opening = {**_envelope(message_id, model), "content": [], "stop_reason": None, "stop_sequence": None}
    yield {"type": "message_start", "message": {**opening, "usage": {**usage, "output_tokens": 1}}}
    yield {"type": "ping"}
    for index, piece in enumerate(spoken.pieces):
        yield {"type": "content_block_start", "index": index, "content_block": _empty(piece.block)}
        for delta in _deltas(piece):
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    yield {
        "type": "message_delta",
        "delta": {"stop_reason": spoken.stop_reason, "stop_sequence": spoken.stop_sequence},
        "usage": usage,
    }
    yield {"type": "message_stop"}


def _empty(block: Block) -> dict[str, Any]:
    if isinstance(block, Text):
        return {"type": "text", "text": ""}
    if isinstance(block, Thinking):
        return {"type": "thinking", "thinking": "", "signature": ""}
    return {"type": "tool_use", "id": block.id, "name": block.name, "input": {}}


def _deltas(piece: Piece) -> Iterator[dict[str, Any]]:
    if isinstance(piece.block, Text):
        yield from ({"type": "text_delta", "text": delta} for delta in piece.deltas)
    elif isinstance(piece.block, Thinking):
        yield from ({"type": "thinking_delta", "thinking": delta} for delta in piece.deltas)
        yield {"type": "signature_delta", "signature": _SIGNATURE}
    else:
        yield from ({"type": "input_json_delta", "partial_json": delta} for delta in piece.deltas)
