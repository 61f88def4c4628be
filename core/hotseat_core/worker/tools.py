"""Tools that the client runs: how the CLI is told of them, and what it hears where it wants to run one. No I/O."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from hotseat_core.worker import control

# The CLI knows them as those of a server that its host is; the model sees their plain names.
SERVER = "client"
ENV = {"CLAUDE_AGENT_SDK_MCP_NO_PREFIX": "1"}
ARGV = (f"--allowedTools=mcp__{SERVER}",)

_PROTOCOL_VERSION = "2025-11-25"
_MOST_RESULT_CHARACTERS = 500_000  # the most that the CLI heeds
_TIMEOUT_MS = 24 * 3600 * 1000  # nobody answers a call: its turn ends


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool that the client runs."""

    name: str
    description: str = ""
    input_schema_json: str = ""  # of an object; empty: one with any members


def initialize_fields(tools: Sequence[Tool]) -> dict[str, Any]:
    """Return what `initialize` says of the tools; the manifest saves the CLI its questions."""
    if not tools:
        return {}
    return {
        "sdkMcpServers": [SERVER],
        "sdkMcpServerConfigs": {SERVER: {"timeout": _TIMEOUT_MS, "disableAutoBackground": True}},
        "sdkMcpServerManifests": {
            SERVER: {
                "initializeResult": _greeting(),
                "toolsListResult": {"tools": [_described(tool) for tool in tools]},
            }
        },
    }


def is_clients(name: str, tools: Sequence[Tool], *, is_bare: bool) -> bool:
    """Tell whether the client runs what the model calls by this name."""
    # The bare model has no others: one that it makes up is for the client to refuse.
    return bool(tools) and (is_bare or any(tool.name == name for tool in tools))


def answer(ask: control.Ask, tools: Sequence[Tool]) -> bytes | None:
    """Return the frame that answers an mcp_message; None: a call, which nobody answers."""
    message = ask.request.get("message") or {}
    match message.get("method"):
        case "tools/call":
            return None
        case "initialize":
            result = _greeting()
        case "tools/list":
            result = {"tools": [_described(tool) for tool in tools]}
        case _:
            result = {}
    response = {"jsonrpc": "2.0", "id": message.get("id", 0), "result": result}
    return control.reply(ask.request_id, {"mcp_response": response})


def _greeting() -> dict[str, Any]:
    return {
        "protocolVersion": _PROTOCOL_VERSION,
        "capabilities": {"tools": {}},
        "serverInfo": {"name": SERVER, "version": "1"},
    }


def _described(tool: Tool) -> dict[str, Any]:
    schema: dict[str, Any] = msgspec.json.decode(tool.input_schema_json) if tool.input_schema_json else {}
    return {
        "name": tool.name,
        "description": tool.description,
        # The CLI drops the whole list over a schema that does not begin with this.
        "inputSchema": {"properties": {}, **schema, "type": "object"},
        "annotations": {"readOnlyHint": True},  # the CLI calls others one at a time
        # The CLI puts longer results into a file; without this, it asks the provider to count their tokens.
        "_meta": {"anthropic/alwaysLoad": True, "anthropic/maxResultSizeChars": _MOST_RESULT_CHARACTERS},
    }
