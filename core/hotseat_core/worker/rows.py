"""The rows of a session: the messages as the model sees them, in the Messages API's shapes."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Literal

import msgspec

from hotseat_core.worker.frames import text_in

Block = dict[str, Any]  # one content block of the Messages API, for example {"type": "text", "text": "hi"}


class Row(msgspec.Struct, frozen=True):
    """One message of the upstream `messages` array."""

    role: Literal["user", "assistant"]
    content: tuple[Block, ...]

    @property
    def is_prompt(self) -> bool:
        """A user's own words: neither the model's nor the outcome of its tools."""
        return self.role == "user" and not any(block.get("type") == "tool_result" for block in self.content)


class RowCollector:
    """Gathers the rows of one turn from the CLI's `assistant` and `user` messages."""

    def __init__(self) -> None:
        self._rows: list[tuple[str, Literal["user", "assistant"], list[Block]]] = []  # (API message id, role, content)

    def add_assistant(self, message_id: str, blocks: Iterable[Block]) -> None:
        """Add blocks of the model; the CLI sends one message a block, all with the API message's id.

        A tool may end while later blocks of its message are still being written: they join their message.
        """
        added = _checked(blocks)
        for found, role, content in reversed(self._rows):
            if (found, role) == (message_id, "assistant"):
                content.extend(added)
                return
        self._rows.append((message_id, "assistant", added))

    def add_results(self, blocks: Sequence[Block]) -> None:
        """Add tool results; those of parallel calls come one by one and make one row."""
        added = _checked(blocks)
        if self._rows and self._rows[-1][1] == "user":
            self._rows[-1][2].extend(added)
        else:
            self._rows.append(("", "user", added))

    def drop(self, message_id: str, from_block: int) -> None:
        """Forget an abandoned message from that block on."""
        self._rows = [
            (found, role, content[:from_block] if (found, role) == (message_id, "assistant") else content)
            for found, role, content in self._rows
        ]

    def rows(self, unfinished: Sequence[Block] = (), unanswered: Collection[str] = ()) -> tuple[Row, ...]:
        """Return whole rows: without tool uses that got no result, and without thinking that leads nowhere.

        unfinished: blocks of the model that were still being written when the turn was cut.
        unanswered: tool uses whose results are still to come.
        """
        gathered = [(role, content) for _, role, content in self._rows]
        if unfinished:
            gathered.append(("assistant", list(unfinished)))
        answered = {block.get("tool_use_id") for role, content in gathered if role == "user" for block in content}
        answered |= set(unanswered)
        merged: list[tuple[Literal["user", "assistant"], list[Block]]] = []
        for role, content in gathered:
            kept = [block for block in content if _counts(block, answered)]
            if merged and merged[-1][0] == role:
                merged[-1][1].extend(kept)
            elif kept:
                merged.append((role, kept))
        while merged and merged[-1][0] == "assistant" and all(_is_thought(block) for block in merged[-1][1]):
            merged.pop()
        return tuple(Row(role, tuple(content)) for role, content in merged)


def _checked(blocks: Iterable[Block]) -> list[Block]:
    """Return the blocks. Raises TypeError where one is none, before any of them is taken."""
    found = list(blocks)
    for block in found:
        if not isinstance(block, dict):
            raise TypeError(f"expected a block, got {type(block).__name__}")
        for name in ("type", "id", "tool_use_id", "text"):
            if name in block:
                text_in(block[name])
    return found


def _counts(block: Block, answered: set[Any]) -> bool:
    if block.get("type") == "text":
        return bool(block.get("text"))  # the API refuses empty text
    return block.get("type") != "tool_use" or block.get("id") in answered


def count_texts(content: Sequence[Block]) -> int:
    """Return how many of the blocks are text."""
    return sum(block.get("type") == "text" for block in content)


def _is_thought(block: Block) -> bool:
    return block.get("type") in {"thinking", "redacted_thinking"}
