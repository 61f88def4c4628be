"""What the demo model answers, as values: blocks, stop reason, usage, pauses and faults."""

from typing import Any

import msgspec


class Text(msgspec.Struct, frozen=True, tag="text", forbid_unknown_fields=True):
    """A text block."""

    text: str


class Thinking(msgspec.Struct, frozen=True, tag="thinking", forbid_unknown_fields=True):
    """A thinking block; it is streamed with a signature."""

    thinking: str


class ToolUse(msgspec.Struct, frozen=True, tag="tool_use", forbid_unknown_fields=True):
    """A tool call; without an id it gets the next one."""

    name: str
    input: dict[str, Any] = {}
    id: str = ""


class HttpError(msgspec.Struct, frozen=True, tag="error", forbid_unknown_fields=True):
    """An HTTP error in Anthropic's form instead of an answer."""

    status: int
    error_type: str = ""
    message: str = ""
    retry_after: str | int = ""  # for the header of that name
    times: int | None = None  # only the first so many requests with the same text; None: all


class StreamError(msgspec.Struct, frozen=True, tag="sse-error", forbid_unknown_fields=True):
    """An `error` event after so many deltas."""

    error_type: str = "overloaded_error"
    after: int = 0
    times: int | None = None


class Cut(msgspec.Struct, frozen=True, tag="cut", forbid_unknown_fields=True):
    """The connection dropped after so many deltas; 0 is before the response's first byte."""

    after: int = 0
    times: int | None = None


class Hang(msgspec.Struct, frozen=True, tag="hang", forbid_unknown_fields=True):
    """A stall after so many deltas; 0 is before the response's first byte."""

    after: int = 0
    seconds: float = 3600.0
    times: int | None = None


Block = Text | Thinking | ToolUse
Fault = HttpError | StreamError | Cut | Hang


class Usage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Token counts to report; what is None is estimated."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    thinking_tokens: int | None = None  # part of output_tokens


class Reply(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An answer to one request."""

    blocks: tuple[Block, ...] = ()
    stop_reason: str | None = None  # None: tool_use when a tool is called, else end_turn
    usage: Usage = Usage()
    ttft_ms: float = 0.0
    delay_ms: float = 0.0
    faults: tuple[Fault, ...] = ()


def said(text: str) -> Reply:
    """The reply that is just this text."""
    return Reply(blocks=(Text(text),))
