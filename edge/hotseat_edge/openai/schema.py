"""One table: every field of a chat request, its type, and what becomes of it. docs/openai.md is made from it."""

from typing import Annotated, Any, Literal, TypeAlias

import msgspec

from hotseat_edge.openai.errors import invalid
from hotseat_edge.openai.fields import FieldTable, fixed, ignored, nothing, taken
from hotseat_edge.openai.messages import Messages
from hotseat_edge.openai.output_format import ResponseFormat
from hotseat_edge.openai.tools import ToolChoiceSpec, ToolSpec, ToolSpecs

_Meta = msgspec.Meta
_TokenCount: TypeAlias = Annotated[int, _Meta(ge=1, le=2**31 - 1)]
_StopText: TypeAlias = Annotated[str, _Meta(min_length=1, max_length=1024)]
_Short: TypeAlias = Annotated[str, _Meta(max_length=512)]
_Penalty: TypeAlias = Annotated[float, _Meta(ge=-2, le=2)]
Effort: TypeAlias = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]
Metadata: TypeAlias = Annotated[
    dict[Annotated[str, _Meta(min_length=1, max_length=64)], Annotated[str, _Meta(max_length=512)]],
    _Meta(max_length=16),
]


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
    response_format: ResponseFormat | None = None
    store: bool | None = None
    metadata: dict[str, str] | None = None
    ignored: list[str] = []


_FUNCTIONS = "functions are an early form of tools; send tools and tool_choice"
_NO_LOGPROBS = "the model gives no log probabilities"
_ONLY_TEXT = "answers are text"

TABLE = FieldTable(
    {
        "model": taken(Annotated[str, _Meta(min_length=1)], "required; see [`model`](#model)"),
        "messages": taken(Messages, "required; see [Messages](#messages)"),
        "stream": taken(bool | None, "server-sent events, a chunk for each piece of the answer"),
        "stream_options": taken(
            StreamOptions | None,
            "`include_usage` adds a last chunk with the usage; `include_obfuscation` has no effect",
        ),
        "temperature": taken(
            Annotated[float, _Meta(ge=0, le=2)] | None,
            "OpenAI's scale ends at 2, the model's at 1: more than 1 counts as 1 and is named in `x-adjusted-params`",
        ),
        "top_p": taken(Annotated[float, _Meta(ge=0, le=1)] | None, "as it is"),
        "max_completion_tokens": taken(_TokenCount | None, 'the answer then ends with `finish_reason: "length"`'),
        "max_tokens": taken(_TokenCount | None, "the older name of `max_completion_tokens`, which wins"),
        "stop": taken(_StopText | Annotated[list[_StopText], _Meta(max_length=16)] | None, "up to 16 texts"),
        "tools": taken(ToolSpecs | None, "functions, at most 512; see [Tools](#tools)"),
        "tool_choice": taken(
            ToolChoiceSpec | None,
            "`none`, `auto`, `required`, a function, or `allowed_tools`, which offers only those",
        ),
        "parallel_tool_calls": taken(bool | None, "`false`: one call at a time"),
        "reasoning_effort": taken(
            Effort | None, "`none`, `minimal` and `low` are the model's low; `xhigh` and `max` its highest"
        ),
        "response_format": taken(
            ResponseFormat | None, "`text`, `json_object` or `json_schema`; see [JSON answers](#json-answers)"
        ),
        "store": taken(bool | None, "`true`: see [Stored completions](#stored-completions)"),
        "metadata": taken(
            Metadata | None, "up to 16 names and values, kept with `store`; without it they have no effect"
        ),
        "n": fixed(int | None, lambda n: n == 1, "one choice is made for each request: n must be 1", "1"),
        "logprobs": fixed(bool | None, nothing, _NO_LOGPROBS, "`false`"),
        "top_logprobs": fixed(int | None, nothing, _NO_LOGPROBS, "0"),
        "modalities": fixed(list[str] | None, lambda kinds: set(kinds) <= {"text"}, _ONLY_TEXT, '`["text"]`'),
        "audio": fixed(dict[str, Any] | None, nothing, _ONLY_TEXT, "null"),
        "functions": fixed(list[Any] | None, nothing, _FUNCTIONS, "empty: an early form of `tools`"),
        "function_call": fixed(
            str | dict[str, Any] | None, lambda choice: choice in ("none", "auto"), _FUNCTIONS, "`none` or `auto`"
        ),
        "frequency_penalty": ignored(_Penalty | None, "the model has no such control"),
        "presence_penalty": ignored(_Penalty | None, "the model has no such control"),
        "logit_bias": ignored(dict[str, float] | None, "the model has no such control"),
        "seed": ignored(int | None, "the model has no such control"),
        "verbosity": ignored(str | None, "say it in words"),
        "prediction": ignored(dict[str, Any] | None, "a means of speed"),
        "service_tier": ignored(str | None, "the operator's choice"),
        "prompt_cache_key": ignored(_Short | None, "what was said before is found by itself, and cached"),
        "prompt_cache_retention": ignored(str | None, "the provider's default holds"),
        "prompt_cache_options": ignored(dict[str, Any] | None, "the provider's default holds"),
        "user": ignored(_Short | None, "nothing of it goes to the provider"),
        "safety_identifier": ignored(_Short | None, "nothing of it goes to the provider"),
        "moderation": ignored(Any, "the provider has its own"),
        "web_search_options": ignored(dict[str, Any] | None, "`claude-code` searches by itself where it may"),
    },
    required=("model", "messages"),
    choices={"role": "system, developer, user, assistant or tool", "type": "text, image_url or file"},
)


def parse(body: bytes) -> ChatRequest:
    """The request in this body; ApiError says which parameter is wrong, and how."""
    values, without_effect = TABLE.read(body)
    request = ChatRequest(**values, ignored=without_effect)
    if request.stream_options is not None and not request.stream:
        raise invalid("stream_options", "stream_options is only allowed when stream is true")
    if request.metadata and not request.store:
        request.ignored.append("metadata")
    request.ignored += _ignored_inside(request)
    return request


def _ignored_inside(request: ChatRequest) -> list[str]:
    """What has no effect in messages and tools, by the names that OpenAI gives it."""
    found = []
    if any(getattr(message, "name", None) is not None for message in request.messages):
        found.append("messages[].name")
    if any(spec.function is not None and spec.function.strict for spec in request.tools or []):
        found.append("tools[].function.strict")
    return found
