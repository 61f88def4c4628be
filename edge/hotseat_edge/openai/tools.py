"""The tools that a chat request offers, and which of them the model may call."""

import re
from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from hotseat import pb

from hotseat_edge.openai.errors import ApiError, invalid, unsupported

MAX_TOOLS = 512
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}")
_Choice = pb.ToolChoice
_MODES = {"none": _Choice.MODE_NONE, "auto": _Choice.MODE_AUTO, "required": _Choice.MODE_REQUIRED}


class FunctionSpec(msgspec.Struct):
    """A function that the client runs."""

    name: str
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None  # not passed on


class ToolSpec(msgspec.Struct):
    """A tool; only functions can be served."""

    type: str = "function"
    function: FunctionSpec | None = None


class NamedFunction(msgspec.Struct):
    """A function, by its name."""

    name: str


class ToolRef(msgspec.Struct):
    """A tool, by its name."""

    type: str = "function"
    function: NamedFunction | None = None


class AllowedTools(msgspec.Struct):
    """Some of the tools."""

    tools: list[ToolRef]
    mode: Literal["auto", "required"] = "auto"


class ChoiceSpec(msgspec.Struct):
    """A choice that is no word."""

    type: str
    function: NamedFunction | None = None
    allowed_tools: AllowedTools | None = None


ToolSpecs: TypeAlias = Annotated[list[ToolSpec], msgspec.Meta(max_length=MAX_TOOLS)]
ToolChoiceSpec: TypeAlias = Literal["none", "auto", "required"] | ChoiceSpec


class Offer(msgspec.Struct, frozen=True):
    """What the core is told of a request's tools."""

    definitions: list[pb.ToolDefinition] = []
    choice: pb.ToolChoice | None = None  # None: as the model likes


def offer(specs: list[ToolSpec] | None, choice: ToolChoiceSpec | None, *, parallel: bool | None) -> Offer:
    """The tools and the choice among them. Raises ApiError."""
    definitions = [_definition(spec, f"tools[{place}]") for place, spec in enumerate(specs or [])]
    names = [definition.name for definition in definitions]
    for place, name in enumerate(names):
        if name in names[:place]:
            raise invalid(f"tools[{place}].function.name", f"two tools are named '{name}'")
    chosen = _chosen(choice, names)
    if not names:
        return Offer()
    if isinstance(choice, ChoiceSpec) and choice.allowed_tools is not None:
        allowed = {ref.function.name for ref in choice.allowed_tools.tools if ref.function is not None}
        definitions = [definition for definition in definitions if definition.name in allowed]
    chosen.disable_parallel_calls = parallel is False
    return Offer(definitions, None if chosen == _Choice(mode=_Choice.MODE_AUTO) else chosen)


def _definition(spec: ToolSpec, param: str) -> pb.ToolDefinition:
    if spec.type != "function":
        raise unsupported(f"{param}.type", f"{param}: only tools of the type 'function' are supported")
    if spec.function is None:
        raise invalid(f"{param}.function", f"{param}.function is required", "missing_required_parameter")
    function = spec.function
    return definition(function.name, function.description, function.parameters, f"{param}.function")


def definition(name: str, description: str | None, schema: dict[str, Any] | None, param: str) -> pb.ToolDefinition:
    """A function as the core is told of it; param: where it stands in the request. Raises ApiError."""
    if not _NAME.fullmatch(name):
        raise invalid(f"{param}.name", "a function's name is 1 to 128 of a-z A-Z 0-9 _ -")
    if schema is not None and schema.get("type", "object") != "object":
        raise invalid(f"{param}.parameters", "parameters must be the JSON Schema of an object")
    text = msgspec.json.encode(schema).decode() if schema is not None else ""
    return pb.ToolDefinition(name=name, description=description or "", input_schema_json=text)


def _chosen(choice: ToolChoiceSpec | None, names: list[str]) -> pb.ToolChoice:
    if choice is None or isinstance(choice, str):
        if choice == "required" and not names:
            raise _without_tools()
        return _Choice(mode=_MODES[choice or "auto"])
    if choice.type == "function" and choice.function is not None:
        _check_offered(choice.function.name, names, "tool_choice.function.name")
        return _Choice(mode=_Choice.MODE_TOOL, name=choice.function.name)
    if choice.type == "allowed_tools" and choice.allowed_tools is not None and choice.allowed_tools.tools:
        for place, ref in enumerate(choice.allowed_tools.tools):
            name = ref.function.name if ref.function is not None else ""
            _check_offered(name, names, f"tool_choice.allowed_tools.tools[{place}].function.name")
        return _Choice(mode=_MODES[choice.allowed_tools.mode])
    message = "tool_choice may be none, auto, required, a function or allowed_tools with functions"
    raise ApiError(message, code="invalid_value", param="tool_choice")


def _check_offered(name: str, names: list[str], param: str) -> None:
    if not names:
        raise _without_tools()
    if name not in names:
        raise invalid(param, f"tools has no function named '{name[:100]}'")


def _without_tools() -> ApiError:
    return invalid("tool_choice", "tool_choice demands a tool, and the request offers none in tools")
