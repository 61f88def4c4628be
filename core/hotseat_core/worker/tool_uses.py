"""The tool uses of a turn: as they are written, as they wait for results, and which are the client's. No I/O."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from hotseat_core.events import Event, ToolCalled, ToolCompleted, ToolInputCompleted, ToolInputDelta, ToolStarted
from hotseat_core.worker.frames import decode, text_in
from hotseat_core.worker.rows import Block

_ABANDONED = "The provider broke off; the call was abandoned."


class _Use:
    """A tool use that is being written."""

    def __init__(self, block: Block, *, is_client: bool) -> None:
        self.id = text_in(block["id"])
        self.name = text_in(block["name"])
        self.is_client = is_client
        self.pieces: list[str] = []  # of its input, as JSON text
        self.call: ToolCalled | None = None  # once it is whole

    def finish(self) -> list[Event]:
        input_json = "".join(self.pieces) or "{}"
        # After a cut a block is stopped too: its input is not whole then.
        if decode(input_json.encode()) is None:
            return []
        self.call = ToolCalled(self.id, self.name, input_json)
        return [ToolInputCompleted(self.id, input_json)]


class ToolUses:
    """is_client: tells by the name whether the client runs a tool."""

    def __init__(self, is_client: Callable[[str], bool]) -> None:
        self.open: set[str] = set()  # begun and not completed, those of the CLI's own
        self._is_client = is_client
        self._message: dict[int, _Use] = {}  # of the present message, by the API's index
        self._clients: set[str] = set()  # ids of all that are the client's

    @property
    def calls(self) -> tuple[ToolCalled, ...]:
        """The client's calls in the present message that are whole."""
        return tuple(use.call for use in self._message.values() if use.is_client and use.call is not None)

    @property
    def has_broken_call(self) -> bool:
        """A call of the client's in the present message has an input that is no JSON object."""
        return any(use.is_client and use.call is None for use in self._message.values())

    def begin_message(self) -> None:
        """A model call begins."""
        self._message = {}

    def begin(self, index: int, use: Block, number: int) -> list[Event]:
        """A tool use begins; number: of the block within the turn."""
        is_client = self._is_client(text_in(use["name"]))
        begun = self._message[index] = _Use(use, is_client=is_client)
        (self._clients if is_client else self.open).add(begun.id)
        return [ToolStarted(begun.id, begun.name, number, client_tool=is_client)]

    def add(self, index: int, piece: str) -> list[Event]:
        """A piece of its input."""
        use = self._message.get(index)
        if use is None or not piece:
            return []
        use.pieces.append(text_in(piece))
        return [ToolInputDelta(use.id, piece)]

    def finish(self, index: int) -> list[Event]:
        """Its input is whole."""
        use = self._message.get(index)
        return use.finish() if use is not None else []

    def tell_whole(self, index: int, value: Any) -> None:
        """The input of one that was not streamed."""
        self._message[index].pieces.append(as_json(value))

    def of_subagent(self, uses: Iterable[tuple[Block, int]], parent: str) -> list[Event]:
        """A subagent uses tools: each with the number of its block."""
        events: list[Event] = []
        for use, number in uses:
            tool_id = text_in(use["id"])
            events.append(ToolStarted(tool_id, text_in(use["name"]), number, text_in(parent)))
            events.append(ToolInputCompleted(tool_id, as_json(use.get("input"))))
            self.open.add(tool_id)
        return events

    def own_results(self, content: str | Sequence[Block]) -> list[Block]:
        """Return the results in a user's message that are none that the CLI has made up for the client's calls."""
        blocks = [] if isinstance(content, str) else [block for block in content if block.get("type") == "tool_result"]
        return [block for block in blocks if text_in(block["tool_use_id"]) not in self._clients]

    def complete(self, results: Sequence[Block]) -> list[Event]:
        """The CLI has these results."""
        self.open.difference_update(block["tool_use_id"] for block in results)
        return [
            ToolCompleted(block["tool_use_id"], _text_of(block.get("content")), bool(block.get("is_error")))
            for block in results
        ]

    def abandon(self) -> tuple[list[Event], bool]:
        """The present message was cut: return how its tool uses end, and whether one was the client's."""
        lost = [use for use in self._message.values() if use.is_client or use.id in self.open]
        self._message = {}
        self.open.difference_update(use.id for use in lost)
        ended: list[Event] = [ToolCompleted(use.id, _ABANDONED, True) for use in lost]
        return ended, any(use.is_client for use in lost)


def as_json(value: Any) -> str:
    """Return a tool's input as JSON text."""
    return msgspec.json.encode(value or {}).decode()


def _text_of(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(str(block.get("text") or "") for block in content or [] if block.get("type") == "text")
