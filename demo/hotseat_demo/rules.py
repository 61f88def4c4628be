"""What the demo model answers to a request: directives first, then its rules."""

from collections.abc import Sequence

import msgspec

from hotseat_demo.directives import Call, Dump, Group, Pause, Recall, Say, Stop, Think, parse
from hotseat_demo.reply import Block, Cut, Fault, Hang, HttpError, Reply, StreamError, Text, Thinking, ToolUse, Usage
from hotseat_demo.seen import Seen, Tool


def choose(seen: Seen, attempt: int = 1) -> Reply:
    """The reply to a request that is the attempt-th (from 1) with this text at this step."""
    script = parse(seen.user_text)
    group = script.groups[seen.step] if seen.step < len(script.groups) else ()
    spoken = _blocks(group, seen)
    plain = said(script.text)
    blocks = (*_thoughts(group), *(spoken or plain.blocks))
    return _dressed(msgspec.structs.replace(plain, blocks=blocks), group, attempt)


def said(text: str) -> Reply:
    return Reply(blocks=(Text(f'You said: "{text}"'),))


def _thoughts(group: Group) -> tuple[Block, ...]:
    return tuple(Thinking(directive.text) for directive in group if isinstance(directive, Think))


def _blocks(group: Group, seen: Seen) -> tuple[Block, ...]:
    blocks: list[Block] = []
    for directive in group:
        if isinstance(directive, Say):
            blocks.append(Text(directive.text))
        elif isinstance(directive, Call):
            blocks.append(ToolUse(resolve(directive.name, seen.tools), directive.input))
        elif isinstance(directive, Dump | Recall):
            blocks.append(Text(""))
    return tuple(blocks)


def _dressed(reply: Reply, group: Group, attempt: int) -> Reply:
    """The reply with the stop reason, pauses, usage and faults of its group."""
    for directive in group:
        if isinstance(directive, Stop):
            reply = msgspec.structs.replace(reply, stop_reason=directive.reason)
        elif isinstance(directive, Usage):
            reply = msgspec.structs.replace(reply, usage=directive)
        elif isinstance(directive, Pause):
            ttft, delay = directive.ttft_ms or reply.ttft_ms, directive.delay_ms or reply.delay_ms
            reply = msgspec.structs.replace(reply, ttft_ms=ttft, delay_ms=delay)
        elif isinstance(directive, HttpError | StreamError | Cut | Hang) and _due(directive, attempt):
            reply = msgspec.structs.replace(reply, faults=(*reply.faults, directive))
    return reply


def _due(fault: Fault, attempt: int) -> bool:
    return fault.times is None or attempt <= fault.times


def resolve(name: str, tools: Sequence[Tool]) -> str:
    """The name on the wire: a client's own tool (mcp__SERVER__NAME) before a built-in of the same name."""
    return next(
        (tool.name for tool in tools if tool.name.startswith("mcp__") and tool.name.endswith(f"__{name}")), name
    )
