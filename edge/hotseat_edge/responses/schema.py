"""One table: every field of a request for a response, its type, and what becomes of it."""

from typing import Annotated, Any, Literal

import msgspec

from hotseat_edge.openai.errors import invalid
from hotseat_edge.openai.fields import Field, FieldTable, fixed, ignored, nothing, taken
from hotseat_edge.openai.schema import Effort, Metadata
from hotseat_edge.responses.tools import ChoiceSpec, ToolSpec

_Meta = msgspec.Meta


class Reasoning(msgspec.Struct):
    """How the model thinks, and what is told of it."""

    effort: Effort | None = None
    summary: Literal["auto", "concise", "detailed"] | None = None
    generate_summary: Literal["auto", "concise", "detailed"] | None = None  # the older name of summary


class TextFormat(msgspec.Struct, omit_defaults=True):
    """The form of an answer."""

    type: str
    name: str = ""
    schema: dict[str, Any] | None = None
    description: str | None = None
    strict: bool | None = None


class TextConfig(msgspec.Struct):
    """What the answer's text looks like."""

    format: TextFormat | None = None
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
    previous_response_id: str | None = None
    conversation: str | ConversationRef | None = None
    background: bool | None = None
    store: bool | None = None
    truncation: str | None = None
    user: str | None = None
    safety_identifier: str | None = None
    prompt_cache_key: str | None = None
    prompt_cache_retention: str | None = None
    max_tool_calls: int | None = None
    ignored: list[str] = []

    @property
    def is_kept(self) -> bool:
        """Whether the response can be had again."""
        return self.store is not False

    @property
    def conversation_id(self) -> str:
        """The conversation that it names; empty: none."""
        named = self.conversation
        return named.id if isinstance(named, ConversationRef) else named or ""

    @property
    def wants_summary(self) -> bool:
        """Whether the client wants to read what the model thought."""
        asked = self.reasoning
        return asked is not None and bool(asked.summary or asked.generate_summary)


_TOLD_BACK = "told back; without effect"
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
    "text": taken(TextConfig | None, "`format`: `text`, `json_object` or `json_schema`; `verbosity` has no effect"),
    "metadata": taken(Metadata | None, "up to 16 names and values"),
    "previous_response_id": taken(str | None, "see [Going on](#going-on)"),
    "conversation": taken(str | ConversationRef | None, "an id, or an object with one; see [Going on](#going-on)"),
    "background": taken(bool | None, "see [In the background](#in-the-background)"),
    "store": taken(bool | None, "`false`: the response can't be had again, nor gone on from; `true` by default"),
    "prompt": fixed(dict[str, Any] | None, nothing, "the server keeps no prompt templates", "absent"),
    "top_logprobs": fixed(int | None, nothing, "the model gives no log probabilities", "0"),
    "truncation": taken(Literal["auto", "disabled"] | None, _TOLD_BACK),
    "user": taken(str | None, _TOLD_BACK),
    "safety_identifier": taken(str | None, _TOLD_BACK),
    "prompt_cache_key": taken(str | None, _TOLD_BACK),
    "prompt_cache_retention": taken(str | None, _TOLD_BACK),
    "max_tool_calls": taken(int | None, _TOLD_BACK),
    "service_tier": ignored(str | None, "the operator's choice"),
    "include": ignored(list[str] | None, "all that there is of an item is told"),
    "stream_options": ignored(dict[str, Any] | None, "there is no obfuscation"),
    "prompt_cache_options": ignored(Any, "the provider's default holds"),
    "context_management": ignored(Any, "`claude-code` compacts by itself"),
    "moderation": ignored(Any, "the provider has its own"),
    "access_programs": ignored(Any, "nothing of it goes to the provider"),
    "background_options": ignored(Any, "the operator's choice"),
    "image": ignored(Any, "answers are text"),
}
TABLE = FieldTable(FIELDS, required=("model", "input"))
# What a response tells back, and nothing more comes of.
TOLD_BACK = ("truncation", "user", "safety_identifier", "prompt_cache_key", "prompt_cache_retention", "max_tool_calls")


def parse(body: bytes) -> ResponseRequest:
    """The request in this body; ApiError says which parameter is wrong, and how."""
    found, without_effect = TABLE.read(body)
    without_effect += [name for name in TOLD_BACK if found.get(name) is not None]
    request = ResponseRequest(**found, ignored=without_effect)
    if request.input == []:
        raise invalid("input", "input must not be empty")
    if request.previous_response_id and request.conversation_id:
        message = "previous_response_id and conversation exclude each other: send one of them"
        raise invalid("previous_response_id", message, "mutually_exclusive_parameters")
    if request.background and not request.is_kept:
        raise invalid("background", "background needs store: nobody could fetch the response", "unsupported_parameter")
    return request
