"""The client's tools in a conversation: what an input must fit, and which calls it answers. No I/O."""

from collections.abc import Sequence
from dataclasses import replace

from hotseat_core.conversation.history import Message
from hotseat_core.conversation.terms import ConversationSettings
from hotseat_core.conversation.turn import TurnInput
from hotseat_core.errors import InvalidMessage, NothingPending
from hotseat_core.worker.output_schema import output_schema
from hotseat_core.worker.profile import PROFILES
from hotseat_core.worker.rows import Block, Row

_NOT_RUN = "The client did not run this tool."


def fitted(turn: TurnInput, settings: ConversationSettings, messages: Sequence[Message]) -> TurnInput:
    """Return the input as the conversation takes it: every call that waits gets a result, and no other.

    Raises InvalidMessage or NothingPending.
    """
    _check_tools(settings)
    prompt = _answering(turn.prompt, _waiting(messages))
    if turn.setup.output is None and settings.output_schema_json:
        turn = replace(turn, setup=replace(turn.setup, output=output_schema(settings.output_schema_json)))
    choice = turn.setup.tool_choice
    if choice is None:
        return turn if prompt is turn.prompt else replace(turn, prompt=prompt)
    names = {tool.name for tool in settings.setup.tools}
    if choice.is_forced and (not names or (choice.kind == "tool" and choice.name not in names)):
        field = "user_input.options.tool_choice"
        raise InvalidMessage(f"{field} demands a tool that settings.tools does not have", metadata={"field": field})
    setup = turn.setup if names else replace(turn.setup, tool_choice=None)
    return replace(turn, prompt=prompt, setup=setup)


def appended(held: Sequence[Message], said: Sequence[Message]) -> tuple[Message, ...]:
    """Return what is held with what is said after it; every call that waits has a result then.

    Raises NothingPending.
    """
    waiting = _waiting(held)
    if not said or said[0].role != "user":
        return (*held, *said)
    first = Message("user", (_answering(said[0].rows[0], waiting),))
    return (*held, first, *said[1:])


def _check_tools(settings: ConversationSettings) -> None:
    own = PROFILES[settings.profile].tools
    for index, tool in enumerate(settings.setup.tools):
        if tool.name in own:
            field = f"settings.tools[{index}].name"
            problem = f"{field}: profile {settings.profile} has a tool of its own named {tool.name}"
            raise InvalidMessage(f"{problem}; rename it, or take another profile", metadata={"field": field})


def _waiting(messages: Sequence[Message]) -> list[str]:
    """Return the ids of the calls that the last message ends with."""
    return [str(call["id"]) for call in messages[-1].open_calls] if messages else []


def _answering(prompt: Row, waiting: Sequence[str]) -> Row:
    results = [block for block in prompt.content if block["type"] == "tool_result"]
    answered = {block["tool_use_id"] for block in results}
    if unknown := answered - set(waiting):
        raise NothingPending(
            f"no tool call {min(unknown)!r} waits for a result", metadata={"field": "user_input.tool_results"}
        )
    left: list[Block] = [_not_run(call) for call in waiting if call not in answered]
    said = [block for block in prompt.content if block["type"] != "tool_result"]
    return Row("user", (*results, *left, *said)) if left else prompt


def _not_run(call: str) -> Block:
    return {
        "type": "tool_result",
        "tool_use_id": call,
        "content": [{"type": "text", "text": _NOT_RUN}],
        "is_error": True,
    }
