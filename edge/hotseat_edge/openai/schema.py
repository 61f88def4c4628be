"""One table: every field of a chat request, its type, and what becomes of it."""

from typing import Annotated, Any, Literal, TypeAlias

import msgspec

from hotseat_edge.openai.errors import invalid
from hotseat_edge.openai.fields import Field, FieldTable, fixed, ignored, nothing, taken
from hotseat_edge.openai.messages import Messages
from hotseat_edge.openai.tools import ToolChoiceSpec, ToolSpec, ToolSpecs

_Meta = msgspec.Meta
_TokenCount: TypeAlias = Annotated[int, _Meta(ge=1, le=2**31 - 1)]
_StopText: TypeAlias = Annotated[str, _Meta(min_length=1, max_length=1024)]
_Short: TypeAlias = Annotated[str, _Meta(max_length=512)]
_Penalty: TypeAlias = Annotated[float, _Meta(ge=-2, le=2)]
Effort: TypeAlias = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]


class StreamOptions(msgspec.Struct):
    """What a stream holds beside the answer."""

    include_usage: bool | None = None


class ChatRequest(msgspec.Struct, kw_only=True):
    """What a chat request asks for, checked; only what is honoured has a field."""

    model: str
    messages: Messages
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    stop: str | list[str] | None = None
    reasoning_effort: Effort | None = None
    tools: list[ToolSpec] | None = None
    tool_choice: ToolChoiceSpec | None = None
    parallel_tool_calls: bool | None = None
    ignored: list[str] = []


_FUNCTIONS = "functions are an early form of tools; send tools and tool_choice"
_FIELDS: dict[str, Field] = {
    "model": taken(Annotated[str, _Meta(min_length=1)]),
    "messages": taken(Messages),
    "stream": taken(bool | None),
    "stream_options": taken(StreamOptions | None),
    "temperature": taken(Annotated[float, _Meta(ge=0, le=2)] | None),
    "top_p": taken(Annotated[float, _Meta(ge=0, le=1)] | None),
    "max_tokens": taken(_TokenCount | None),
    "max_completion_tokens": taken(_TokenCount | None),
    "stop": taken(_StopText | Annotated[list[_StopText], _Meta(max_length=16)] | None),
    "reasoning_effort": taken(Effort | None),
    "n": fixed(int | None, lambda n: n == 1, "one choice is made for each request: n must be 1"),
    "logprobs": fixed(bool | None, nothing, "the model gives no log probabilities"),
    "top_logprobs": fixed(int | None, nothing, "the model gives no log probabilities"),
    "modalities": fixed(list[str] | None, lambda kinds: set(kinds) <= {"text"}, "answers are text"),
    "audio": fixed(dict[str, Any] | None, nothing, "answers are text"),
    "response_format": fixed(
        dict[str, Any] | None, lambda form: form.get("type") == "text", "only the type 'text' is supported yet"
    ),
    "tools": taken(ToolSpecs | None),
    "tool_choice": taken(ToolChoiceSpec | None),
    "parallel_tool_calls": taken(bool | None),
    "functions": fixed(list[Any] | None, nothing, _FUNCTIONS),
    "function_call": fixed(str | dict[str, Any] | None, lambda choice: choice in ("none", "auto"), _FUNCTIONS),
    "frequency_penalty": ignored(_Penalty | None),
    "presence_penalty": ignored(_Penalty | None),
    "metadata": ignored(Annotated[dict[str, str], _Meta(max_length=16)] | None),
    "user": ignored(_Short | None),
    "safety_identifier": ignored(_Short | None),
    "prompt_cache_key": ignored(_Short | None),
    "store": ignored(bool | None),
    "seed": ignored(int | None),
    "service_tier": ignored(str | None),
    "verbosity": ignored(str | None),
    "logit_bias": ignored(dict[str, float] | None),
}
_TABLE = FieldTable(
    _FIELDS,
    required=("model", "messages"),
    choices={"role": "system, developer, user, assistant or tool", "type": "text, image_url or file"},
)


def parse(body: bytes) -> ChatRequest:
    """The request in this body; ApiError says which parameter is wrong, and how."""
    found, without_effect = _TABLE.read(body)
    request = ChatRequest(**found, ignored=without_effect)
    if request.stream_options is not None and not request.stream:
        raise invalid("stream_options", "stream_options is only allowed when stream is true")
    return request
