"""The client's tools, from the contract's messages to our values."""

import re
from collections.abc import Sequence

import msgspec
from hotseat.v1 import client_message_pb2 as client
from hotseat.v1 import content_pb2 as content

from hotseat_core.parse_content import refuse, tool_result
from hotseat_core.worker.output_schema import BadSchemaError, OutputSchema, output_schema
from hotseat_core.worker.rows import Block
from hotseat_core.worker.setup import ToolChoice
from hotseat_core.worker.tools import Tool

MAX_TOOLS = 512
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}", re.ASCII)
_KINDS = {
    client.ToolChoice.MODE_UNSPECIFIED: "auto",
    client.ToolChoice.MODE_AUTO: "auto",
    client.ToolChoice.MODE_NONE: "none",
    client.ToolChoice.MODE_REQUIRED: "any",
    client.ToolChoice.MODE_TOOL: "tool",
}


def tools(messages: Sequence[content.ToolDefinition]) -> tuple[Tool, ...]:
    """Return the tools that a client runs."""
    if len(messages) > MAX_TOOLS:
        refuse("settings.tools", f"must be {MAX_TOOLS} at most")
    found: dict[str, Tool] = {}
    for index, message in enumerate(messages):
        field = f"settings.tools[{index}]"
        if not _NAME.fullmatch(message.name):
            refuse(f"{field}.name", "must be 1 to 128 of a-z A-Z 0-9 _ -")
        if message.name in found:
            refuse(f"{field}.name", "is the name of an earlier one")
        _check_schema(message.input_schema_json, f"{field}.input_schema_json")
        found[message.name] = Tool(message.name, message.description, message.input_schema_json)
    return tuple(found.values())


def schema(text: str, field: str) -> OutputSchema | None:
    """Return what an answer has to fit; None: nothing is said of it."""
    try:
        return output_schema(text) if text else None
    except BadSchemaError as exc:
        refuse(field, str(exc))


def tool_choice(options: client.TurnOptions) -> ToolChoice | None:
    """Return which tools the model may call; None: as it likes."""
    if not options.HasField("tool_choice"):
        return None
    choice = options.tool_choice
    if choice.mode not in _KINDS:
        refuse("user_input.options.tool_choice.mode", "is unknown")
    if (choice.mode == client.ToolChoice.MODE_TOOL) != bool(choice.name):
        refuse("user_input.options.tool_choice.name", "is for MODE_TOOL, which needs it")
    found = ToolChoice(_KINDS[choice.mode], choice.name, choice.disable_parallel_calls)
    return None if found == ToolChoice() else found


def tool_results(messages: Sequence[client.ToolResult]) -> tuple[Block, ...]:
    """Return what came of the tools that a client has run."""
    found: dict[str, Block] = {}
    for index, message in enumerate(messages):
        field = f"user_input.tool_results[{index}]"
        if not message.tool_call_id or message.tool_call_id in found:
            refuse(f"{field}.tool_call_id", "must name a tool call, each once")
        found[message.tool_call_id] = tool_result(message, field)
    return tuple(found.values())


def _check_schema(text: str, field: str) -> None:
    try:
        schema = msgspec.json.decode(text or "{}")
    except (msgspec.DecodeError, RecursionError):
        refuse(field, "is no JSON")
    if not isinstance(schema, dict) or schema.get("type", "object") != "object":
        refuse(field, "must be the JSON Schema of an object")
