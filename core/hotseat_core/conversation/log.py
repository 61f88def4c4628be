"""The log of a conversation: every event in order, kept for those who read slowly or come back."""

import time
import uuid
from collections import deque
from collections.abc import Callable, Iterable

import msgspec

from hotseat_core.errors import ReplayLost, SlowReader
from hotseat_core.events import Event

MAX_ENTRIES = 8192
TRIMMED_ENTRIES = 512


class Entry(msgspec.Struct, frozen=True):
    """One event at its place."""

    sequence: int  # 1, 2, 3, ... without gaps
    turn: int  # 0: outside any turn
    event: Event
    time: float  # seconds since the epoch


class EventLog:
    """Appended to by one, read by many; bounded: the oldest entries go first."""

    def __init__(self, max_entries: int = MAX_ENTRIES, wall_clock: Callable[[], float] = time.time) -> None:
        self.log_id = uuid.uuid4().hex
        self._entries: deque[Entry] = deque(maxlen=max_entries)
        self._next = 1
        self._wall_clock = wall_clock
        self._listeners: set[Callable[[], None]] = set()

    @property
    def first_sequence(self) -> int:
        """The oldest sequence that can be read; next_sequence where there is none."""
        return self._next - len(self._entries)

    @property
    def next_sequence(self) -> int:
        """The sequence of the next new event."""
        return self._next

    def append(self, turn: int, events: Iterable[Event]) -> None:
        """Add events and wake who listens."""
        now = self._wall_clock()
        for event in events:
            self._entries.append(Entry(self._next, turn, event, now))
            self._next += 1
        for wake in tuple(self._listeners):
            wake()

    def trim(self, keep: int = TRIMMED_ENTRIES) -> None:
        """Forget all but the latest entries."""
        while len(self._entries) > keep:
            self._entries.popleft()

    def check_start(self, sequence: int) -> None:
        """Raise ReplayLost unless everything from sequence on can be read."""
        if not self.first_sequence <= sequence <= self._next:
            raise ReplayLost(
                f"events can be replayed from {self.first_sequence} to {self._next}, not from {sequence}; "
                "open again without start_sequence",
                metadata={"firstSequence": str(self.first_sequence), "nextSequence": str(self._next)},
            )

    def read(self, sequence: int) -> list[Entry]:
        """Return the entries from sequence on. Raises SlowReader where some of them are gone."""
        if sequence < self.first_sequence:
            raise SlowReader(
                f"this reader fell more than {self._entries.maxlen} events behind; "
                "open again with start_sequence if it is still kept",
                metadata={"firstSequence": str(self.first_sequence)},
            )
        missing = self._next - sequence
        if missing == 0:
            return []
        # From the right: a reader is nearly always at the end of a long log.
        tail = [self._entries[-position] for position in range(1, missing + 1)]
        tail.reverse()
        return tail

    def listen(self, wake: Callable[[], None]) -> Callable[[], None]:
        """Call wake at every append, until the returned function is called."""
        self._listeners.add(wake)
        return lambda: self._listeners.discard(wake)
