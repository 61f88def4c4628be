"""POST /v1/completions, the early form of a request: a prompt, and the text that follows it."""

from typing import Annotated, Any

import msgspec
from hotseat import pb

from hotseat_edge.openai.errors import invalid
from hotseat_edge.openai.fields import FieldTable, fixed, ignored, nothing, taken
from hotseat_edge.openai.messages import UserMessage
from hotseat_edge.openai.schema import TABLE as CHAT
from hotseat_edge.openai.schema import ChatRequest
from hotseat_edge.openai.stream import DONE, Answer, Narrator, finish_reason, usage

_encode = msgspec.json.encode
_ONE = "one completion is made for each request"
_SAME = (
    *("model", "stream", "stream_options", "temperature", "top_p", "max_tokens", "stop"),
    *("n", "frequency_penalty", "presence_penalty", "logit_bias", "seed", "user"),
)

TABLE = FieldTable(
    {
        "prompt": taken(
            str | Annotated[list[str], msgspec.Meta(max_length=1)],
            "required; a text, or a list of one text, for the model",
        ),
        **{name: CHAT.fields[name] for name in _SAME},
        "echo": taken(bool | None, "the prompt comes before the answer"),
        "best_of": fixed(int | None, lambda count: count == 1, f"{_ONE}: best_of must be 1", "1"),
        "logprobs": fixed(int | None, nothing, "the model gives no log probabilities", "0"),
        "suffix": fixed(str | None, nothing, "the model writes on; it fills no gaps", "empty"),
        "metadata": ignored(dict[str, Any] | None, "nothing is kept under it"),
    },
    required=("model", "prompt"),
)


class CompletionRequest(msgspec.Struct, frozen=True):
    """The request as a chat of one message, and what is to be said before its answer."""

    chat: ChatRequest
    echo: str


def parse(body: bytes) -> CompletionRequest:
    """The request in this body; ApiError says which parameter is wrong, and how."""
    values, without_effect = TABLE.read(body)
    prompt, echo = values.pop("prompt"), values.pop("echo", None)
    text = prompt if isinstance(prompt, str) else "".join(prompt)
    if not text:
        raise invalid("prompt", "prompt must not be empty")
    chat = ChatRequest(**values, messages=[UserMessage(text)], ignored=without_effect)
    if chat.stream_options is not None and not chat.stream:
        raise invalid("stream_options", "stream_options is only allowed when stream is true")
    return CompletionRequest(chat, text if echo else "")


class TextWriter:
    """Turns a turn's events into the server-sent events of a completion."""

    def __init__(self, answer: Answer, *, include_usage: bool, echo: str = "") -> None:
        self._answer = answer
        self._include_usage = include_usage
        self._narrator = Narrator(answer)
        self._echo = echo

    def write(self, event: pb.ConverseResponse) -> bytes:
        """The bytes for this event; none for most kinds."""
        match event.WhichOneof("event"):
            case "text_delta" if piece := self._narrator.text(event.text_delta):
                return self._chunk(self._before() + piece, None)
            case "turn_completed":
                return self._end(event.turn_completed)
        return b""

    def _before(self) -> str:
        echo, self._echo = self._echo, ""
        return echo

    def _end(self, completed: pb.TurnCompleted) -> bytes:
        rest = self._before() + self._narrator.rest(completed)
        last = self._chunk(rest, finish_reason(completed, self._answer))
        if self._include_usage:
            last += b"data: " + _encode(_body(self._answer, []) | {"usage": usage(completed.usage)}) + b"\n\n"
        return last + DONE

    def _chunk(self, text: str, reason: str | None) -> bytes:
        body = _body(self._answer, [_choice(text, reason)])
        return b"data: " + _encode(body | {"usage": None} if self._include_usage else body) + b"\n\n"


class TextCollector:
    """Makes the whole completion of a turn's end."""

    def __init__(self, answer: Answer, *, echo: str = "") -> None:
        self._answer = answer
        self._echo = echo

    def take(self, event: pb.ConverseResponse) -> None:
        """The end of the turn says it all."""

    def completion(self, completed: pb.TurnCompleted) -> bytes:
        """The JSON text of the whole completion."""
        choice = _choice(self._echo + completed.text, finish_reason(completed, self._answer))
        return _encode(_body(self._answer, [choice]) | {"usage": usage(completed.usage)})


def _body(answer: Answer, choices: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": answer.id,
        "object": "text_completion",
        "created": answer.created,
        "model": answer.model,
        "choices": choices,
    }


def _choice(text: str, reason: str | None) -> dict[str, Any]:
    return {"index": 0, "text": text, "logprobs": None, "finish_reason": reason}
