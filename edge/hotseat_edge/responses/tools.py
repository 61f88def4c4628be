"""The tools that a response may call: functions of the client's, and a choice among them."""

from typing import Any

import msgspec
from hotseat import pb

from hotseat_edge.openai.errors import invalid, unsupported
from hotseat_edge.openai.tools import MAX_TOOLS, Offer, definition

_Choice = pb.ToolChoice
_MODES = {"none": _Choice.MODE_NONE, "auto": _Choice.MODE_AUTO, "required": _Choice.MODE_REQUIRED}
# Of the kinds that OpenAI itself runs, those that a model can do without: clients offer them by habit.
_LEFT_OUT = ("web_search", "tool_search", "namespace", "local_shell")


class ToolSpec(msgspec.Struct):
    """A tool; only functions can be served."""

    type: str
    name: str = ""
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class ToolRef(msgspec.Struct):
    """A tool, by its name."""

    type: str = "function"
    name: str = ""


class ChoiceSpec(msgspec.Struct):
    """A choice that is no word."""

    type: str
    name: str = ""
    mode: str = "auto"
    tools: list[ToolRef] = []


def offer(
    specs: list[ToolSpec] | None, choice: str | ChoiceSpec | None, *, parallel: bool | None
) -> tuple[Offer, list[str]]:
    """The tools and the choice among them, and the names of what is left out. Raises ApiError."""
    if len(specs or []) > MAX_TOOLS:
        raise invalid("tools", f"tools may hold {MAX_TOOLS} tools at most")
    definitions: list[pb.ToolDefinition] = []
    left_out = []
    for place, spec in enumerate(specs or []):
        param = f"tools[{place}]"
        if spec.type.startswith(_LEFT_OUT):
            left_out.append(param)
            continue
        if spec.type != "function":
            raise unsupported(f"{param}.type", f"{param}: only tools of the type 'function' are supported")
        if spec.name in {found.name for found in definitions}:
            raise invalid(f"{param}.name", f"two tools are named '{spec.name}'")
        definitions.append(definition(spec.name, spec.description, spec.parameters, param))
    names = [found.name for found in definitions]
    chosen, allowed = _chosen(choice, names)
    if not names:
        return Offer(), left_out
    chosen.disable_parallel_calls = parallel is False
    offered = [found for found in definitions if allowed is None or found.name in allowed]
    return Offer(offered, None if chosen == _Choice(mode=_Choice.MODE_AUTO) else chosen), left_out


def _chosen(choice: str | ChoiceSpec | None, names: list[str]) -> tuple[pb.ToolChoice, set[str] | None]:
    if choice is None or isinstance(choice, str):
        if (choice or "auto") not in _MODES:
            raise invalid("tool_choice", "tool_choice must be none, auto, required, a function or allowed_tools")
        if choice == "required" and not names:
            raise invalid("tool_choice", "tool_choice demands a tool, and the request offers no function in tools")
        return _Choice(mode=_MODES[choice or "auto"]), None
    if choice.type == "function":
        _check_offered(choice.name, names, "tool_choice.name")
        return _Choice(mode=_Choice.MODE_TOOL, name=choice.name), None
    if choice.type == "allowed_tools" and choice.tools and choice.mode in ("auto", "required"):
        for place, ref in enumerate(choice.tools):
            _check_offered(ref.name, names, f"tool_choice.tools[{place}].name")
        return _Choice(mode=_MODES[choice.mode]), {ref.name for ref in choice.tools}
    raise invalid("tool_choice", "tool_choice may be none, auto, required, a function or allowed_tools with functions")


def _check_offered(name: str, names: list[str], param: str) -> None:
    if name not in names:
        raise invalid(param, f"tools has no function named '{name[:100]}'")
