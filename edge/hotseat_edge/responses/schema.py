"""One table: every field of a request for a response, its type, and what becomes of it."""

from typing import Annotated, Any, Literal, TypeAlias

import msgspec

from hotseat_edge.openai.errors import invalid, unsupported
from hotseat_edge.openai.fields import Field, FieldTable, fixed, ignored, nothing, taken
from hotseat_edge.openai.schema import Effort
from hotseat_edge.responses.tools import ChoiceSpec, ToolSpec

_Meta = msgspec.Meta
Metadata: TypeAlias = Annotated[
    dict[Annotated[str, _Meta(max_length=64)], Annotated[str, _Meta(max_length=512)]], _Meta(max_length=16)
]


class Reasoning(msgspec.Struct):
    """How the model thinks, and what is told of it."""

    effort: Effort | None = None
    summary: Literal["auto", "concise", "detailed"] | None = None
    generate_summary: Literal["auto", "concise", "detailed"] | None = None  # the older name of summary


class TextConfig(msgspec.Struct):
    """What the answer's text looks like."""

    format: dict[str, Any] | None = None
    verbosity: Literal["low", "medium", "high"] | None = None


class ConversationRef(msgspec.Struct):
    """A conversation, by its id."""

    id: str


class ResponseRequest(msgspec.Struct, kw_only=True):
    """What a request asks for, checked."""

    model: str
    input: str | list[dict[str, Any]]
    instructions: str | None = None
    stream: bool | None = None
    temperature: float | None = None
    top_p: float | None = None
    max_output_tokens: int | None = None
    tools: list[ToolSpec] | None = None
    tool_choice: str | ChoiceSpec | None = None
    parallel_tool_calls: bool | None = None
    reasoning: Reasoning | None = None
    text: TextConfig | None = None
    metadata: dict[str, str] | None = None
    told_back: dict[str, Any] = {}
    ignored: list[str] = []

    @property
    def wants_summary(self) -> bool:
        """Whether the client wants to read what the model thought."""
        asked = self.reasoning
        return asked is not None and bool(asked.summary or asked.generate_summary)


FIELDS: dict[str, Field] = {
    "model": taken(Annotated[str, _Meta(min_length=1)], "required"),
    "input": taken(str | list[dict[str, Any]], "a text, or items; see [Input](#input)"),
    "instructions": taken(str | None, "the system prompt, for this response alone"),
    "stream": taken(bool | None),
    "temperature": taken(Annotated[float, _Meta(ge=0, le=2)] | None, "more than 1 counts as 1"),
    "top_p": taken(Annotated[float, _Meta(ge=0, le=1)] | None),
    "max_output_tokens": taken(Annotated[int, _Meta(ge=1, le=2**31 - 1)] | None, "`status` is then `incomplete`"),
    "tools": taken(list[ToolSpec] | None, "functions; see [Functions](#functions)"),
    "tool_choice": taken(str | ChoiceSpec | None, "`none`, `auto`, `required`, a function, or `allowed_tools`"),
    "parallel_tool_calls": taken(bool | None),
    "reasoning": taken(Reasoning | None, "`effort`; with `summary`, what the model thought is told"),
    "text": taken(TextConfig | None, '`format` of type "text"; `verbosity` has no effect'),
    "metadata": taken(Metadata | None, "up to 16 names and values"),
    "previous_response_id": fixed(str | None, nothing, "is not supported yet"),
    "conversation": fixed(str | ConversationRef | None, nothing, "is not supported yet"),
    "background": fixed(bool | None, nothing, "is not supported yet"),
    "prompt": fixed(dict[str, Any] | None, nothing, "the server keeps no prompt templates", "absent"),
    "top_logprobs": fixed(int | None, nothing, "the model gives no log probabilities", "0"),
    "store": ignored(bool | None),
    "truncation": ignored(Literal["auto", "disabled"] | None),
    "user": ignored(str | None),
    "safety_identifier": ignored(str | None),
    "prompt_cache_key": ignored(str | None),
    "prompt_cache_retention": ignored(str | None),
    "service_tier": ignored(str | None),
    "max_tool_calls": ignored(int | None),
    "include": ignored(list[str] | None),
    "stream_options": ignored(dict[str, Any] | None),
    "prompt_cache_options": ignored(),
    "context_management": ignored(),
    "moderation": ignored(),
    "access_programs": ignored(),
    "background_options": ignored(),
    "image": ignored(),
}
_TABLE = FieldTable(FIELDS, required=("model", "input"))
# What a response tells back though it has no effect; `store` and the like have their own place.
TOLD_BACK = ("truncation", "user", "safety_identifier", "prompt_cache_key", "prompt_cache_retention", "max_tool_calls")


def parse(body: bytes) -> ResponseRequest:
    """The request in this body; ApiError says which parameter is wrong, and how."""
    found, without_effect = _TABLE.read(body)
    request = ResponseRequest(**found, ignored=without_effect)
    if request.input == []:
        raise invalid("input", "input must not be empty")
    wanted = (request.text.format or {}) if request.text is not None else {}
    if wanted.get("type", "text") != "text":
        raise unsupported("text.format", "text.format: only the type 'text' is supported yet")
    return request
