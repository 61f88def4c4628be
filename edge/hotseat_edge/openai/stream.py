"""The core's events, as an answer: chunk by chunk, or whole."""

from typing import Any

import msgspec
from hotseat import pb

from hotseat_edge.openai.activity import Activity, Mode, as_content
from hotseat_edge.openai.calls import CallNarrator, Delta, whole
from hotseat_edge.openai.errors import ApiError

DONE = b"data: [DONE]\n\n"
KEEP_ALIVE = b": keep-alive\n\n"
_BLOCK_BREAK = "\n\n"
_ACTIVITY = -1  # a block of its own, in the thinking
_FINISH = {
    pb.TurnCompleted.OUTCOME_TRUNCATED: "length",
    pb.TurnCompleted.OUTCOME_REFUSED: "content_filter",
    pb.TurnCompleted.OUTCOME_TOOL_CALLS: "tool_calls",
}
_encode = msgspec.json.encode


class Answer(msgspec.Struct, frozen=True):
    """What every chunk of one answer repeats."""

    id: str
    created: int
    model: str
    is_json: bool = False  # it has to fit a schema: a refusal is none of it, and neither is activity
    activity: Mode = "reasoning"  # where to tell of an agent's own tools

    @property
    def shows_activity(self) -> bool:
        """Between the words of the answer."""
        return self.activity == "content" and not self.is_json


REFUSAL = "The model refused to answer."


class Narrator:
    """Turns a turn's events into pieces of visible text and of thinking, blocks parted by a blank line."""

    def __init__(self, answer: Answer) -> None:
        self._text: list[str] = []
        self._text_block: int | None = None
        self._thinking_block: int | None = None
        self._activity = Activity() if answer.activity != "off" else None
        self.shows_activity = answer.shows_activity

    def text(self, delta: pb.TextDelta) -> str:
        """What this delta adds to the answer; a subagent's words do not belong to it."""
        if delta.parent_tool_use_id or not delta.text:
            return ""
        new_block = self._text_block not in (None, delta.block)
        self._text_block = delta.block
        piece = _BLOCK_BREAK + delta.text if new_block else delta.text
        self._text.append(piece)
        return piece

    def thinking(self, delta: pb.ThinkingDelta) -> str:
        """What this delta adds to the thinking."""
        if delta.parent_tool_use_id or not delta.text:
            return ""
        new_block = self._thinking_block not in (None, delta.block)
        self._thinking_block = delta.block
        return _BLOCK_BREAK + delta.text if new_block else delta.text

    def doing(self, event: pb.ConverseResponse) -> str:
        """What this event adds of an agent's activity, to the answer where it is shown there, else to the thinking."""
        line = self._activity.line(event) if self._activity is not None else ""
        if not line:
            return ""
        if self.shows_activity:
            return as_content(line, is_first=not self._text)
        before = "" if self._thinking_block is None else _BLOCK_BREAK
        self._thinking_block = _ACTIVITY
        return before + line

    def rest(self, completed: pb.TurnCompleted) -> str:
        """What the whole answer has beyond the deltas: the core matches a client's history against the whole."""
        told = "".join(self._text)
        return completed.text[len(told) :] if completed.text.startswith(told) else ""


class ChunkWriter:
    """Turns a turn's events into server-sent events; what stays the same is encoded once."""

    def __init__(self, answer: Answer, *, include_usage: bool) -> None:
        head = {"id": answer.id, "object": "chat.completion.chunk", "created": answer.created, "model": answer.model}
        self._head = b"data: " + _encode(head)[:-1]
        self._usage = b',"usage":null' if include_usage else b""
        self._include_usage = include_usage
        self._delta = self._head + b',"choices":[{"index":0,"delta":{'
        self._tail = b'},"logprobs":null,"finish_reason":null}]' + self._usage + b"}\n\n"
        self._text_head = self._delta + b'"content":'
        self._thinking_head = self._delta + b'"reasoning_content":'
        self._calls_head = self._delta + b'"tool_calls":'
        self._narrator = Narrator(answer)
        self._doing_head = self._text_head if answer.shows_activity else self._thinking_head
        self._calls = CallNarrator()
        self._answer = answer
        self._begun = False

    def write(self, event: pb.ConverseResponse) -> bytes:
        """The bytes for this event; none for most kinds."""
        match event.WhichOneof("event"):
            case "text_delta":
                return self._piece(self._text_head, self._narrator.text(event.text_delta))
            case "thinking_delta":
                return self._piece(self._thinking_head, self._narrator.thinking(event.thinking_delta))
            case "turn_completed":
                return self._end(event.turn_completed)
            case _:
                doing = self._piece(self._doing_head, self._narrator.doing(event))
                return doing + self._piece(self._calls_head, self._calls.delta(event))

    def _piece(self, head: bytes, piece: str | Delta) -> bytes:
        if not piece:
            return b""
        chunk = head + _encode(piece) + self._tail
        return chunk if self._begun else self._begin() + chunk

    def _begin(self) -> bytes:
        self._begun = True
        return self._delta + b'"role":"assistant","content":"","refusal":null' + self._tail

    def _end(self, completed: pb.TurnCompleted) -> bytes:
        begin = b"" if self._begun else self._begin()
        rest = self._piece(self._text_head, self._narrator.rest(completed))
        rest += self._piece(self._calls_head, self._calls.rest(completed.tool_calls))
        if is_refused(completed, self._answer):
            rest += self._piece(self._delta + b'"refusal":', REFUSAL)
        reason = _encode(finish_reason(completed, self._answer))
        finish = self._delta + b'},"logprobs":null,"finish_reason":' + reason + b"}]" + self._usage + b"}\n\n"
        parts = [begin, rest, finish]
        if self._include_usage:
            parts.append(self._head + b',"choices":[],"usage":' + _encode(usage(completed.usage)) + b"}\n\n")
        parts.append(DONE)
        return b"".join(parts)


def error_event(error: ApiError) -> bytes:
    """An error after the first byte: stock SDKs raise it."""
    return b"data: " + error.body() + b"\n\n"


class Collector:
    """Gathers a turn's thinking until its answer is whole."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._narrator = Narrator(answer)
        self._thinking: list[str] = []
        self._doing: list[str] = []  # before the answer's own words

    def take(self, event: pb.ConverseResponse) -> None:
        """Keep what the completion does not repeat."""
        if event.HasField("thinking_delta"):
            self._thinking.append(self._narrator.thinking(event.thinking_delta))
        elif doing := self._narrator.doing(event):
            (self._doing if self._narrator.shows_activity else self._thinking).append(doing)

    def completion(self, completed: pb.TurnCompleted) -> bytes:
        """The JSON text of the whole answer."""
        calls = whole(completed.tool_calls)
        refused = is_refused(completed, self._answer)
        content = "".join(self._doing) + completed.text
        message: dict[str, Any] = {
            "role": "assistant",
            "content": content or None if calls or refused else content,
            "refusal": REFUSAL if refused else None,
            "annotations": [],
        }
        if thinking := "".join(self._thinking):
            message["reasoning_content"] = thinking
        if calls:
            message["tool_calls"] = calls
        finish = finish_reason(completed, self._answer)
        return _encode(
            {
                "id": self._answer.id,
                "object": "chat.completion",
                "created": self._answer.created,
                "model": self._answer.model,
                "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": finish}],
                "usage": usage(completed.usage),
            }
        )


def is_refused(completed: pb.TurnCompleted, answer: Answer) -> bool:
    """The answer is a refusal, where clients expect JSON and look for a refusal before they read it."""
    return answer.is_json and completed.outcome == pb.TurnCompleted.OUTCOME_REFUSED


def finish_reason(completed: pb.TurnCompleted, answer: Answer) -> str:
    """Why the answer ended well."""
    return "stop" if is_refused(completed, answer) else _FINISH.get(completed.outcome, "stop")


def usage(spent: pb.Usage) -> dict[str, Any]:
    """What a turn spent; the provider's cache is part of the prompt."""
    prompt = spent.input_tokens + spent.cache_read_tokens + spent.cache_write_tokens
    return {
        "prompt_tokens": prompt,
        "completion_tokens": spent.output_tokens,
        "total_tokens": prompt + spent.output_tokens,
        "prompt_tokens_details": {
            "cached_tokens": spent.cache_read_tokens,
            "cache_write_tokens": spent.cache_write_tokens,
            "audio_tokens": 0,
        },
        "completion_tokens_details": {
            "reasoning_tokens": spent.reasoning_tokens,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
        "cost": spent.cost_usd,  # in US dollars; OpenAI has no such field
    }
