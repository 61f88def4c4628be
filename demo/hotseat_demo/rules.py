"""What the demo model answers to a request: its directives, and the rules for the rest of the text."""

import msgspec

from hotseat_demo.directives import Call, Dump, Group, Json, Pause, Recall, Say, Stop, Think, parse
from hotseat_demo.dump import dump
from hotseat_demo.plain import answer
from hotseat_demo.reply import Block, Cut, Fault, Hang, HttpError, Reply, StreamError, Text, Thinking, ToolUse, Usage
from hotseat_demo.seen import Seen
from hotseat_demo.tools import STRUCTURED_OUTPUT, resolve


def choose(seen: Seen, attempt: int = 1) -> Reply:
    """The reply to a request that is the attempt-th (from 1) with this text at this step."""
    script = parse(seen.user_text)
    group = script.groups[seen.step] if seen.step < len(script.groups) else ()
    spoken = tuple(block for directive in group for block in _blocks(directive, seen))
    if not spoken:
        spoken = answer(msgspec.structs.replace(seen, user_text=script.text)).blocks
    thoughts = tuple(Thinking(directive.text) for directive in group if isinstance(directive, Think))
    reply = _dressed(Reply(blocks=(*thoughts, *spoken)), group, attempt)
    return reply if seen.continued is None else _rest(reply, seen.continued)


def _blocks(directive: object, seen: Seen) -> tuple[Block, ...]:
    """The blocks that this directive asks for; none when it only colours the answer."""
    match directive:
        case Say(text):
            return (Text(text),)
        case Json(text, value):
            offered = any(tool.name == STRUCTURED_OUTPUT for tool in seen.tools)
            return (ToolUse(STRUCTURED_OUTPUT, value),) if offered and isinstance(value, dict) else (Text(text),)
        case Call(name, arguments):
            return (ToolUse(resolve(name, seen.tools), arguments),)
        case Dump():
            return (Text(dump(seen)),)
        case Recall(number):
            return (Text(_recalled(number, seen)),)
        case _:
            return ()


def _recalled(number: int, seen: Seen) -> str:
    at = number - 1 if number > 0 else len(seen.user_texts) + number
    return seen.user_texts[at] if 0 <= at < len(seen.user_texts) else f"(there is no user message {number})"


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


def _rest(reply: Reply, already: str) -> Reply:
    """What of the reply was not said yet, ending as it would have without the cut."""
    whole = "".join(block.text for block in reply.blocks if isinstance(block, Text))
    rest = whole[len(already) :] if whole.startswith(already) else ""
    calls = tuple(block for block in reply.blocks if isinstance(block, ToolUse))
    blocks = (*([Text(rest)] if rest else []), *calls) or (Text(" (that was all)"),)
    return msgspec.structs.replace(reply, blocks=blocks, stop_reason=None)
