"""Tools that the caller's program runs, as callbacks of a talk."""

import asyncio
import inspect
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from hotseat import pb

Content: TypeAlias = str | Sequence[pb.ContentBlock]


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool that this program runs when the model calls it.

    `run` gets the input and returns text or content blocks, or an awaitable of them. What it raises reaches the model
    as a failed call.
    """

    name: str
    run: Callable[[dict[str, Any]], Content | Awaitable[Content]]
    description: str = ""
    input_schema: Mapping[str, Any] | None = None

    def definition(self) -> pb.ToolDefinition:
        """What the model is told."""
        schema = "" if self.input_schema is None else json.dumps(self.input_schema)
        return pb.ToolDefinition(name=self.name, description=self.description, input_schema_json=schema)


class Toolbox:
    """The tools of one talk, by name."""

    def __init__(self, tools: Iterable[Tool] = ()) -> None:
        self._tools = {tool.name: tool for tool in tools}

    def define(self, opening: pb.OpenConversation) -> pb.OpenConversation:
        """The opening, in which every tool is defined; the same one where there are none."""
        known = {definition.name for definition in opening.settings.tools}
        missing = [tool.definition() for name, tool in self._tools.items() if name not in known]
        if not missing:
            return opening
        whole = pb.OpenConversation()
        whole.CopyFrom(opening)
        whole.settings.tools.extend(missing)
        return whole

    def can_run(self, calls: Sequence[pb.ToolCall]) -> bool:
        """Whether there are calls, and each is one of these tools'."""
        return bool(calls) and all(call.name in self._tools for call in calls)

    async def results(self, calls: Sequence[pb.ToolCall]) -> list[pb.ToolResult]:
        """Run the calls at the same time."""
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(_result(self._tools[call.name], call)) for call in calls]
        return [task.result() for task in running]


async def _result(tool: Tool, call: pb.ToolCall) -> pb.ToolResult:
    try:
        outcome = tool.run(json.loads(call.input_json or "{}"))
        content = await outcome if inspect.isawaitable(outcome) else outcome
    except Exception as error:  # noqa: BLE001 - whatever a tool raises is the model's to know
        failure = str(error) or type(error).__name__
        return pb.ToolResult(tool_call_id=call.tool_call_id, content=blocks(failure), is_error=True)
    return pb.ToolResult(tool_call_id=call.tool_call_id, content=blocks(content))


def blocks(content: Content) -> Sequence[pb.ContentBlock]:
    """Content as the wire has it."""
    if isinstance(content, str):
        return [pb.ContentBlock(text=content)] if content else []
    return content


def going_on(options: pb.TurnOptions | None) -> pb.TurnOptions | None:
    """The options for the turns that go on with results: a call that was forced once is not forced for ever."""
    if options is None or options.tool_choice.mode not in {pb.ToolChoice.MODE_REQUIRED, pb.ToolChoice.MODE_TOOL}:
        return options
    freed = pb.TurnOptions()
    freed.CopyFrom(options)
    freed.ClearField("tool_choice")
    return freed
