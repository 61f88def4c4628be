"""Text is told once: the blocks of a turn as the client has them, across upstream attempts that broke off."""

from collections import deque
from collections.abc import Callable
from typing import Literal

from hotseat_core.events import Event, TextDelta, TextRetracted, ThinkingDelta
from hotseat_core.worker.frames import text_in

Kind = Literal["text", "thinking"]


class Told:
    """A block of which the client has been told something."""

    def __init__(self, kind: Kind, block: int, before: str = "") -> None:
        self.kind = kind
        self.block = block
        self.before = before  # what an abandoned attempt told of this block
        self.matched = 0  # characters of `before` that the present attempt has repeated; at most len(before)
        self._pieces: list[str] = []  # what the present attempt says

    @property
    def said(self) -> str:
        """What the present attempt says so far."""
        return "".join(self._pieces)

    @property
    def told(self) -> str:
        """What the client has."""
        return self.before if self.is_behind else self.said

    @property
    def is_behind(self) -> bool:
        """The present attempt has not yet repeated all that was told."""
        return self.matched < len(self.before)

    def say(self, piece: str) -> str | None:
        """Return the part of piece that is new to the client; None where it contradicts what was told."""
        self._pieces.append(piece)
        if not self.is_behind:
            return piece
        expected = self.before[self.matched : self.matched + len(piece)]
        if piece.startswith(expected):
            self.matched += len(expected)
            return piece[len(expected) :]
        self.matched += _common_prefix(piece, expected)
        return None

    def retract(self) -> str:
        """Keep only what was repeated; return what the present attempt says after it."""
        self.before = self.before[: self.matched]
        return self.said[self.matched :]

    def delta(self, text: str) -> list[Event]:
        """Return text as the event that tells it."""
        if not text:
            return []
        return [TextDelta(text, self.block) if self.kind == "text" else ThinkingDelta(text, self.block)]


class Telling:
    """All blocks of a turn. on_contradiction: text differs from what was told and may not be taken back."""

    def __init__(self, *, allow_retraction: bool, on_contradiction: Callable[[], None]) -> None:
        self._allow_retraction = allow_retraction
        self._on_contradiction = on_contradiction
        self._next_block = 0
        self._finished: dict[int, str] = {}  # text blocks of finished messages
        self._open: dict[int, Told] = {}  # blocks of the present message, by the API's index
        # Blocks of an abandoned attempt, in order, which its successor must repeat.
        self._waiting: dict[Kind, deque[Told]] = {"text": deque(), "thinking": deque()}

    @property
    def text(self) -> str:
        """The visible answer: text blocks in order, joined by a blank line."""
        texts = self._finished | {told.block: told.told for told in self._unfinished()}
        return "\n\n".join(text for _, text in sorted(texts.items()) if text)

    def unfinished_texts(self) -> list[str]:
        """Return the texts of a message that was cut, as the client has them."""
        return [told.told for told in self._unfinished()]

    def new_block(self) -> int:
        """Return the next block number of the turn."""
        self._next_block += 1
        return self._next_block - 1

    def begin_message(self) -> None:
        """A model call begins; the blocks before it are finished."""
        self._finished |= {told.block: told.told for told in self._open.values() if told.kind == "text"}
        self._open = {}

    def begin_block(self, kind: Kind, index: int) -> list[Event]:
        """A block begins, so those before it are whole."""
        events = self._close_blocks()
        if self._waiting[kind]:
            earlier = self._waiting[kind].popleft()
            self._open[index] = Told(kind, earlier.block, earlier.told)
        else:
            self._open[index] = Told(kind, self.new_block())
        return events

    def say(self, index: int, piece: str) -> list[Event]:
        """Return what piece adds to what the client has."""
        told = self._open[index]
        fresh = told.say(text_in(piece))
        return self._contradict(told) if fresh is None else told.delta(fresh)

    def finish_message(self) -> list[Event]:
        """The message is whole: whatever was told and not repeated contradicts it."""
        events = self._close_blocks()
        for told in self._waiting["text"]:
            retraction = self._contradict(Told("text", told.block, told.told))
            if not retraction:  # the turn fails, and what was told stays
                self._finished[told.block] = told.told
            events += retraction
        self._waiting = {"text": deque(), "thinking": deque()}
        return events

    def abandon(self, first_index: int) -> None:
        """The attempt broke off: its blocks from first_index on wait for its successor."""
        # They come before those that an earlier attempt told and this one has not come to.
        for index in sorted((index for index in self._open if index >= first_index), reverse=True):
            told = self._open.pop(index)
            if told.told:
                self._waiting[told.kind].appendleft(told)

    def _unfinished(self) -> list[Told]:
        return [told for told in (*self._open.values(), *self._waiting["text"]) if told.kind == "text"]

    def _close_blocks(self) -> list[Event]:
        return [event for told in self._open.values() if told.is_behind for event in self._contradict(told)]

    def _contradict(self, told: Told) -> list[Event]:
        """The second attempt says something else. Thinking may; text may only where the client takes it back."""
        if told.kind == "thinking":
            told.before, told.block = "", self.new_block()
            return told.delta(told.said)
        if not self._allow_retraction:
            self._on_contradiction()
            return []
        fresh = told.retract()
        return [TextRetracted(told.block, told.matched), *told.delta(fresh)]


def _common_prefix(left: str, right: str) -> int:
    for position, (a, b) in enumerate(zip(left, right, strict=False)):
        if a != b:
            return position
    return min(len(left), len(right))
