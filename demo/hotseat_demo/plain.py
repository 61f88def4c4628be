"""The rules for a text without directives, in their order."""

import json
from collections.abc import Mapping
from typing import Any

from hotseat_demo.asks import computed, exact_words, remembered
from hotseat_demo.fill import fill
from hotseat_demo.reply import Reply, ToolUse, said
from hotseat_demo.seen import Seen, ToolResult
from hotseat_demo.tools import STRUCTURED_OUTPUT, asked, forced

_LONGEST_REQUEST = 4000  # what comes later in a text is material, not a request
_LONGEST_ECHO = 500
_LONGEST_RESULT = 4000
_MOST_STRUCTURED_TRIES = 3


def answer(seen: Seen) -> Reply:
    """The answer of the first rule that applies."""
    if tool := forced(seen):
        return _calling({tool.name: tool.schema}, seen)
    if tools := asked(seen):
        return _calling({tool.name: tool.schema for tool in tools}, seen)
    if structured := _structured(seen):
        return structured
    if results := [result for result in seen.results if result.name != STRUCTURED_OUTPUT]:
        return said(" ".join(_told(result) for result in results))
    asked_for = seen.user_text[:_LONGEST_REQUEST]
    words = exact_words(seen.user_text) or computed(asked_for) or remembered(asked_for, seen.user_texts[:-1])
    return said(words or _echo(seen))


def _calling(schemas: Mapping[str, Mapping[str, Any]], seen: Seen) -> Reply:
    calls = tuple(ToolUse(name, _arguments(schema, seen.user_text)) for name, schema in schemas.items())
    return Reply(blocks=calls)


def _arguments(schema: Mapping[str, Any], text: str) -> dict[str, Any]:
    filled = fill({"type": "object", **schema}, text)
    return filled if isinstance(filled, dict) else {}


def _structured(seen: Seen) -> Reply | None:
    """A valid instance of the schema that the client wants, told in the text or called as StructuredOutput."""
    source = "\n".join([seen.user_text, *(result.text for result in seen.results)])
    if seen.schema is not None:
        return said(json.dumps(fill(seen.schema, source), ensure_ascii=False))
    tool = next((tool for tool in seen.tools if tool.name == STRUCTURED_OUTPUT), None)
    tries = [result for result in seen.results if result.name == STRUCTURED_OUTPUT]
    if tool is None or seen.tool_choice.get("type") == "none":
        return None
    if len(tries) >= _MOST_STRUCTURED_TRIES or (tries and not tries[-1].is_error):
        return said("Done.")
    return Reply(blocks=(ToolUse(tool.name, _arguments(tool.schema, source)),))


def _told(result: ToolResult) -> str:
    text = _shortened(result.text, _LONGEST_RESULT) or "(nothing)"
    return f"{result.name} failed: {text}" if result.is_error else f"{result.name} answered: {text}"


def _echo(seen: Seen) -> str:
    """What was said, and what was shown."""
    shown = [part for kind in ("image", "document") if (part := _counted(seen, kind))]
    text = _shortened(seen.user_text, _LONGEST_ECHO)
    return (f'You said: "{text}"' if text else "You said nothing.") + (f" (with {', '.join(shown)})" if shown else "")


def _counted(seen: Seen, kind: str) -> str:
    """How many blocks of this kind the user showed since the last answer."""
    count = 0
    for turn in reversed(seen.turns):
        if turn.role == "assistant":
            break
        count += sum(block.get("type") == kind for block in turn.blocks)
    return f"{count} {kind}{'s' if count > 1 else ''}" if count else ""


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
