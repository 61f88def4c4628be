"""One table: every field of a chat request, its type, and what becomes of it."""

import re
from collections.abc import Callable
from typing import Annotated, Any, Literal, TypeAlias

import msgspec

from hotseat_edge.openai.errors import ApiError, invalid, unsupported
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


class _Field(msgspec.Struct, frozen=True):
    """A field of the request: its type, and whether a value of it is taken, fixed or only looked at."""

    type: Any
    taken: bool = False
    fixed: Callable[[Any], bool] | None = None  # the only values that this server can honour
    why: str = ""


def _taken(kind: Any) -> _Field:
    return _Field(kind, taken=True)


def _fixed(kind: Any, holds: Callable[[Any], bool], why: str) -> _Field:
    return _Field(kind, fixed=holds, why=why)


def _ignored(kind: Any = Any) -> _Field:
    return _Field(kind)


def _nothing(value: Any) -> bool:
    return not value


_FUNCTIONS = "functions are an early form of tools; send tools and tool_choice"
_FIELDS: dict[str, _Field] = {
    "model": _taken(Annotated[str, _Meta(min_length=1)]),
    "messages": _taken(Messages),
    "stream": _taken(bool | None),
    "stream_options": _taken(StreamOptions | None),
    "temperature": _taken(Annotated[float, _Meta(ge=0, le=2)] | None),
    "top_p": _taken(Annotated[float, _Meta(ge=0, le=1)] | None),
    "max_tokens": _taken(_TokenCount | None),
    "max_completion_tokens": _taken(_TokenCount | None),
    "stop": _taken(_StopText | Annotated[list[_StopText], _Meta(max_length=16)] | None),
    "reasoning_effort": _taken(Effort | None),
    "n": _fixed(int | None, lambda n: n == 1, "one choice is made for each request: n must be 1"),
    "logprobs": _fixed(bool | None, _nothing, "the model gives no log probabilities"),
    "top_logprobs": _fixed(int | None, _nothing, "the model gives no log probabilities"),
    "modalities": _fixed(list[str] | None, lambda kinds: set(kinds) <= {"text"}, "answers are text"),
    "audio": _fixed(dict[str, Any] | None, _nothing, "answers are text"),
    "response_format": _fixed(
        dict[str, Any] | None, lambda form: form.get("type") == "text", "only the type 'text' is supported yet"
    ),
    "tools": _taken(ToolSpecs | None),
    "tool_choice": _taken(ToolChoiceSpec | None),
    "parallel_tool_calls": _taken(bool | None),
    "functions": _fixed(list[Any] | None, _nothing, _FUNCTIONS),
    "function_call": _fixed(str | dict[str, Any] | None, lambda choice: choice in ("none", "auto"), _FUNCTIONS),
    "frequency_penalty": _ignored(_Penalty | None),
    "presence_penalty": _ignored(_Penalty | None),
    "metadata": _ignored(Annotated[dict[str, str], _Meta(max_length=16)] | None),
    "user": _ignored(_Short | None),
    "safety_identifier": _ignored(_Short | None),
    "prompt_cache_key": _ignored(_Short | None),
    "store": _ignored(bool | None),
    "seed": _ignored(int | None),
    "service_tier": _ignored(str | None),
    "verbosity": _ignored(str | None),
    "logit_bias": _ignored(dict[str, float] | None),
}
_UNKNOWN = _ignored()
_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_DECODERS = {name: msgspec.json.Decoder(field.type) for name, field in _FIELDS.items()}
_ANYTHING = msgspec.json.Decoder(Any)


def parse(body: bytes) -> ChatRequest:
    """The request in this body; ApiError says which parameter is wrong, and how."""
    taken: dict[str, Any] = {}
    ignored: list[str] = []
    for name, raw in _object(body).items():
        field = _FIELDS.get(name, _UNKNOWN)
        value = _value(name, raw)
        if field.taken:
            taken[name] = value
        elif value is None:
            continue
        elif field.fixed is None:
            ignored.append(name)
        elif not field.fixed(value):
            raise unsupported(name, f"{name}: {field.why}")
    for name in ("model", "messages"):
        if name not in taken:
            raise invalid(name, f"{name} is required", "missing_required_parameter")
    request = ChatRequest(**taken, ignored=ignored)
    if request.stream_options is not None and not request.stream:
        raise invalid("stream_options", "stream_options is only allowed when stream is true")
    return request


def _object(body: bytes) -> dict[str, msgspec.Raw]:
    try:
        return _OBJECT.decode(body)
    except msgspec.ValidationError as error:
        raise ApiError(f"The body must be a JSON object: {error}", code="invalid_type") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _not_json(error, body) from None


def _value(name: str, raw: msgspec.Raw) -> Any:
    try:
        return _DECODERS.get(name, _ANYTHING).decode(raw)
    except msgspec.ValidationError as error:
        if str(error) == "Number out of range":
            raise _not_json(error, raw) from None
        raise _wrong(name, str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _not_json(error, raw) from None


# Half of a surrogate pair, as a JSON escape: no UTF-8 text can hold it.
_LONE_HALF = re.compile(rb"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])")


def _not_json(error: Exception, text: bytes | msgspec.Raw) -> ApiError:
    if "surrogate" in str(error) or _LONE_HALF.search(memoryview(text)):
        message = "A text holds half of a surrogate pair (\\ud800 to \\udfff); such text cannot be encoded"
        return ApiError(message, code="invalid_unicode")
    reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
    return ApiError(f"The body is not valid JSON in UTF-8: {reason}", code="invalid_json")


_PLACE = re.compile(r" - at `\$(?P<path>.*)`$")
_MISSING = re.compile(r"Object missing required field `(?P<field>[^`]+)`")
_CHOICES = {
    "role": "system, developer, user, assistant or tool",
    "type": "text, image_url or file",
}


def _wrong(name: str, message: str) -> ApiError:
    """msgspec's message, as an error that names the parameter the way OpenAI does."""
    place = _PLACE.search(message)
    param = name + (place["path"] if place else "")
    said = message[: place.start()] if place else message
    code = "invalid_type" if ", got `" in said or said == "Expected `str`" else "invalid_value"
    if missing := _MISSING.match(said):
        param, code = f"{param}.{missing['field']}", "missing_required_parameter"
    if said.startswith("Invalid") and (choices := _CHOICES.get(param.rpartition(".")[2])):
        said = f"{said}; expected {choices}"
    return invalid(param, f"{param}: {said}", code)
