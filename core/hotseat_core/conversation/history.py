"""What was said in a conversation, as its client sees it and as the model does. No I/O."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import msgspec

from hotseat_core.worker.rows import Block, Row

_MESSAGE_BYTES = 1_200  # the objects around the text

_encode = msgspec.json.Encoder(order="deterministic").encode


@dataclass(frozen=True)
class Message:
    """One message to the client; one row or more to the model, whose own tool uses a client does not see."""

    role: Literal["user", "assistant"]
    rows: tuple[Row, ...]
    # What the client was told; None: it follows from the rows.
    visible: str | None = None

    @cached_property
    def key(self) -> str:
        """Equal for messages that are the same to a client."""
        if self.role == "assistant":
            # Clients trim what they keep of an answer.
            said, calls = self.text.strip(), self.open_calls
            shown = said + _encode(calls).decode() if calls else said
        else:
            shown = _encode([row.content for row in self.rows]).decode()
        return hashlib.sha256(f"{self.role}\0{shown}".encode()).hexdigest()

    @cached_property
    def weight(self) -> int:
        """About how many bytes of memory it takes."""
        # Twice: a turn keeps its question and its answer beside the history.
        return _MESSAGE_BYTES + 2 * len(_encode([row.content for row in self.rows]))

    @cached_property
    def open_calls(self) -> tuple[Block, ...]:
        """The client's tools that it calls: those that it holds no result of."""
        blocks = [block for row in self.rows for block in row.content]
        answered = {block.get("tool_use_id") for block in blocks if block.get("type") == "tool_result"}
        calls = [block for block in blocks if block.get("type") == "tool_use" and block.get("id") not in answered]
        return tuple({name: call.get(name) or {} for name in ("type", "id", "name", "input")} for call in calls)

    @property
    def text(self) -> str:
        """The visible text."""
        if self.visible is not None:
            return self.visible
        texts = [block["text"] for row in self.rows for block in row.content if block.get("type") == "text"]
        return "\n\n".join(texts)


def common_length(held: Sequence[Message], claimed: Sequence[Message]) -> int:
    """Return how many messages from the start are the same to the client."""
    for position, (ours, theirs) in enumerate(zip(held, claimed, strict=False)):
        if ours.key != theirs.key:
            return position
    return min(len(held), len(claimed))


def reconcile(held: Sequence[Message], claimed: Sequence[Message]) -> tuple[Message, ...]:
    """Return the client's history, with what we know beyond it of the messages that are ours."""
    same = common_length(held, claimed)
    return (*held[:same], *claimed[same:])


def rows_of(messages: Sequence[Message]) -> tuple[Row, ...]:
    """Return the messages as the model sees them."""
    return tuple(row for message in messages for row in message.rows)
