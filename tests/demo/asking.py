"""Requests as clients of the demo model make them."""

from typing import Any

from hotseat_demo.seen import Seen, see


def user(*blocks: str | dict[str, Any]) -> dict[str, Any]:
    content = [{"type": "text", "text": block} if isinstance(block, str) else block for block in blocks]
    return {"role": "user", "content": content}


def assistant(*blocks: str | dict[str, Any]) -> dict[str, Any]:
    return {**user(*blocks), "role": "assistant"}


def call(name: str, call_id: str = "toolu_1", **arguments: Any) -> dict[str, Any]:
    return {"type": "tool_use", "id": call_id, "name": name, "input": arguments}


def result(text: str, call_id: str = "toolu_1", *, is_error: bool = False) -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": call_id, "content": text, "is_error": is_error}


def tool(name: str, description: str = "", **properties: Any) -> dict[str, Any]:
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    return {"name": name, "description": description, "input_schema": schema}


def body(*messages: str | dict[str, Any], **fields: Any) -> dict[str, Any]:
    said = [user(message) if isinstance(message, str) else message for message in messages]
    return {"model": "claude-demo", "max_tokens": 32000, "messages": said, **fields}


def seen(*messages: str | dict[str, Any], **fields: Any) -> Seen:
    return see(body(*messages, **fields))


WEATHER = tool(
    "get_weather",
    "Get the current weather in a city.",
    city={"type": "string"},
    unit={"type": "string", "enum": ["celsius", "fahrenheit"]},
)
ADD = tool("add", "Add two numbers.", a={"type": "integer"}, b={"type": "integer"})
BASH = tool("Bash", "Executes a given bash command and returns its output.", command={"type": "string"})
READ = tool("Read", "Reads a file from the local filesystem.", file_path={"type": "string"})
WRITE = tool("Write", "Writes a file to the local filesystem.", file_path={"type": "string"})
PERSON: dict[str, Any] = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
    "required": ["name", "age"],
}
