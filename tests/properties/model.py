"""What clients hold to be said, and what must therefore reach the model. No I/O."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

Role = Literal["user", "assistant"]


class Said(NamedTuple):
    """One message, as its client has it."""

    role: Role
    text: str
    # The model used a tool before it answered; None: the client can't tell, and neither can we.
    has_tool: bool | None = False


History = tuple[Said, ...]


class Exchange(NamedTuple):
    """A turn as it ended."""

    request_id: str
    outcome: str  # SUCCEEDED, TRUNCATED, INTERRUPTED, FAILED
    text: str


@dataclass
class Named:
    """A conversation that clients know by its id."""

    history: History = ()
    system: str = ""
    turns: list[Exchange] = field(default_factory=list)
    after: list[History] = field(default_factory=list)  # the history after each turn


@dataclass(frozen=True)
class Heard:
    """One request of the model's."""

    system: str
    messages: History


def gained(prompt: str, exchange: Exchange, *, has_tool: bool | None) -> History:
    """What a turn adds to what was said: nothing if it failed, or was stopped before it said anything."""
    if exchange.outcome == "FAILED" or (exchange.outcome == "INTERRUPTED" and not exchange.text):
        return ()
    return Said("user", prompt), Said("assistant", exchange.text, has_tool)


def told(messages: Iterable[dict[str, Any]]) -> History:
    """An upstream `messages` array as a client would have it: the model's own steps are one answer."""
    return folded(_rows(messages))


def _rows(messages: Iterable[dict[str, Any]]) -> Iterable[Said]:
    for message in messages:
        content = message["content"]
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
        kinds = {block["type"] for block in blocks}
        texts = [block["text"] for block in blocks if block["type"] == "text"]
        text = " ".join(text for text in texts if not text.startswith("<system-reminder>"))
        # The outcome of a tool has the user's role and is the model's affair.
        role: Role = "assistant" if message["role"] == "assistant" or "tool_result" in kinds else "user"
        if message["role"] != "system":
            yield Said(role, text, "tool_use" in kinds)


def folded(messages: Iterable[Said]) -> History:
    """The same in one form: neighbours of one role in one message, white space of no matter."""
    out: list[Said] = []
    for said in messages:
        text = " ".join(said.text.split())
        if out and out[-1].role == said.role:
            before = out[-1]
            has_tool = None if before.has_tool is None or said.has_tool is None else before.has_tool or said.has_tool
            out[-1] = Said(said.role, f"{before.text} {text}".strip(), has_tool)
        else:
            out.append(Said(said.role, text, said.has_tool))
    return tuple(out)


def difference(expected: Sequence[Said], found: Sequence[Said]) -> str:
    """Where what was found is not what was expected; empty: nowhere."""
    left, right = folded(expected), folded(found)
    for place, (ours, theirs) in enumerate(zip(left, right, strict=False)):
        if (ours.role, ours.text) != (theirs.role, theirs.text):
            return f"message {place} is {theirs}, not {ours}"
        if ours.has_tool is not None and theirs.has_tool is not None and ours.has_tool != theirs.has_tool:
            return f"message {place} ({ours.text}) {'has lost' if ours.has_tool else 'has got'} its tool use"
    if len(left) != len(right):
        return f"{len(right)} messages, not {len(left)}: {right} instead of {left}"
    return ""
