"""What a request shows the model: its words, tools, results and parameters, without the client's noise."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

_WRAPPERS = (
    "system-reminder|environment_details|environment_context|ide_selection|ide_opened_file|local-command-caveat"
    "|local-command-stdout|local-command-stderr|command-name|command-message|command-args|user_instructions"
    "|context_window|available_skills|output-format"
)
_OPENING = re.compile(rf"<({_WRAPPERS})(?:\s[^>]{{0,200}})?>")
_INTERRUPTED = re.compile(r"\[Request interrupted by user(?: for tool use)?\]")
_NOISE = re.compile(r"\[Image: [^\]\n]*\]|\[Tool call interrupted[^\]]*\]")
_CONTINUE = re.compile(r"\s*Output token limit hit")
_PROD = re.compile(  # what the CLI itself says to the model in a user's message
    r"\s*(?:Output token limit hit|\[structured-output-enforce\]|Your response above was stopped by a safety classifier"
    r"|The previous response failed to produce a valid tool call)"
)


class Tool(msgspec.Struct, frozen=True):
    """A tool that the model may call."""

    name: str
    description: str
    schema: dict[str, Any]


class ToolResult(msgspec.Struct, frozen=True):
    """What a called tool gave back."""

    call_id: str
    name: str
    text: str
    is_error: bool


class Turn(msgspec.Struct, frozen=True):
    """One message as it came, its blocks always a list."""

    role: str
    blocks: tuple[dict[str, Any], ...]

    @property
    def text(self) -> str:
        """The text blocks, noise and all."""
        return "\n".join(block_text(block) for block in self.blocks if block.get("type") == "text")


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """A request as the rules look at it."""

    model: str
    stream: bool
    system: str
    turns: tuple[Turn, ...]
    tools: tuple[Tool, ...]
    tool_choice: dict[str, Any]
    max_tokens: int | None
    stop_sequences: tuple[str, ...]
    schema: dict[str, Any] | None  # of output_config.format
    parameters: dict[str, Any]  # everything but the words and the tools
    user_texts: tuple[str, ...]  # what the user said, oldest first, without noise
    user_text: str  # the last of them
    step: int  # answers that ended in tool calls since the last user text: 0 for the first answer
    called: tuple[str, ...]  # names of the tools called since then
    results: tuple[ToolResult, ...]  # their results
    continued: str | None  # what was said before "Output token limit hit", when this request says that


def real_text(text: str) -> str:
    """The words of the user themselves, without reminders and markers."""
    return _NOISE.sub("", _INTERRUPTED.sub("", _unwrapped(text))).strip()


def _unwrapped(text: str) -> str:
    """The text without what clients wrap in tags of theirs; an opening tag that is never closed stays."""
    kept: list[str] = []
    unclosed: set[str] = set()
    at = 0
    while opening := _OPENING.search(text, at):
        name = opening[1]
        closing = -1 if name in unclosed else text.find(f"</{name}>", opening.end())
        if closing < 0:
            unclosed.add(name)
            kept.append(text[at : opening.end()])
            at = opening.end()
        else:
            kept.append(text[at : opening.start()])
            at = closing + len(f"</{name}>")
    return "".join([*kept, text[at:]])


def block_text(block: Mapping[str, Any]) -> str:
    """The text of a block, whatever its kind."""
    if isinstance(block.get("text"), str):
        return str(block["text"])
    content = block.get("content")
    if isinstance(content, str):
        return content
    if isinstance(content, Sequence):
        return "\n".join(block_text(part) for part in content if isinstance(part, Mapping))
    return ""


def see(body: Mapping[str, Any]) -> Seen:
    """The request as the rules look at it; tolerant of unknown fields and odd shapes."""
    turns = tuple(_turn(message) for message in _mappings(body.get("messages")))
    said = [(at, text) for at, turn in enumerate(turns) for text in _said(turn)]
    since = turns[said[-1][0] + 1 :] if said else turns
    answers = [turn for turn in since if turn.role == "assistant"]
    calls = {
        str(b.get("id")): str(b.get("name")) for turn in answers for b in turn.blocks if b.get("type") == "tool_use"
    }
    return Seen(
        model=str(body.get("model", "")),
        stream=body.get("stream") is True,
        system="\n".join([_content_text(body.get("system")), *(t.text for t in turns if t.role == "system")]).strip(),
        turns=turns,
        tools=tuple(_tool(tool) for tool in _mappings(body.get("tools"))),
        tool_choice=_mapping(body.get("tool_choice")),
        max_tokens=body["max_tokens"] if isinstance(body.get("max_tokens"), int) else None,
        stop_sequences=tuple(str(stop) for stop in body.get("stop_sequences") or ()),
        schema=_schema(body) or _asked_schema(turns),
        parameters={k: v for k, v in body.items() if k not in {"messages", "system", "tools", "metadata"}},
        user_texts=tuple(text for _, text in said),
        user_text=said[-1][1] if said else "",
        step=_steps(since),
        called=tuple(calls.values()),
        results=tuple(_results(since, calls)),
        continued=_continued(since),
    )


def _said(turn: Turn) -> list[str]:
    """What the user said in this message, in two texts if interrupted between them; not what the CLI says itself."""
    if turn.role != "user" or _PROD.match(turn.text):
        return []
    return [said for text in _INTERRUPTED.split(turn.text) if (said := real_text(text))]


def _steps(since: Sequence[Turn]) -> int:
    """How many answers called tools; a run of assistant messages is one answer."""
    steps, calling = 0, False
    for turn in since:
        if turn.role == "assistant":
            calling = calling or any(block.get("type") == "tool_use" for block in turn.blocks)
        elif turn.role == "user":
            steps, calling = steps + calling, False
    return steps


def _results(since: Sequence[Turn], calls: Mapping[str, str]) -> list[ToolResult]:
    found = []
    for turn in since:
        for block in turn.blocks:
            if block.get("type") == "tool_result":
                call_id = str(block.get("tool_use_id", ""))
                text = real_text(block_text(block))
                found.append(ToolResult(call_id, calls.get(call_id, "tool"), text, block.get("is_error") is True))
    return found


def _continued(since: Sequence[Turn]) -> str | None:
    users = [at for at, turn in enumerate(since) if turn.role == "user"]
    if not users or not _CONTINUE.match(since[users[-1]].text):
        return None
    called = [at for at, turn in enumerate(since) if any(b.get("type") == "tool_result" for b in turn.blocks)]
    answer = since[called[-1] + 1 if called else 0 :]
    return "".join(block_text(block) for turn in answer if turn.role == "assistant" for block in turn.blocks)


def _turn(message: Mapping[str, Any]) -> Turn:
    content = message.get("content")
    blocks = [{"type": "text", "text": content}] if isinstance(content, str) else _mappings(content)
    return Turn(str(message.get("role", "")), tuple(dict(block) for block in blocks))


def _tool(tool: Mapping[str, Any]) -> Tool:
    return Tool(str(tool.get("name", "")), str(tool.get("description", "")), _mapping(tool.get("input_schema")))


def _schema(body: Mapping[str, Any]) -> dict[str, Any] | None:
    wanted = _mapping(_mapping(body.get("output_config")).get("format")) or _mapping(body.get("output_format"))
    return _mapping(wanted.get("schema")) if wanted.get("type") == "json_schema" else None


_FORMAT = re.compile(r"<output-format>\nAnswer with one JSON.*?(?: JSON Schema:\n(.*))?\n</output-format>", re.DOTALL)


def _asked_schema(turns: Sequence[Turn]) -> dict[str, Any] | None:
    """The schema that an answer is asked to fit in words, by what the last message said."""
    said = [turn.text for turn in turns if turn.role == "user" and real_text(turn.text)]
    found = _FORMAT.search(said[-1]) if said else None
    return None if found is None else _mapping(msgspec.json.decode(found[1] or b'{"type":"object"}'))


def _content_text(content: object) -> str:
    return content if isinstance(content, str) else "\n".join(block_text(part) for part in _mappings(content))


def _mapping(value: object) -> dict[str, Any]:
    return dict(value) if isinstance(value, Mapping) else {}


def _mappings(value: object) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, Sequence) else []
