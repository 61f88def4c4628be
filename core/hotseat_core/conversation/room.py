"""Which conversations stay in memory: those in use, and of the others the latest used, within bounds. No I/O."""

from collections.abc import MutableMapping

from hotseat_core.conversation.conversation import Conversation
from hotseat_core.errors import PoolFull

MAX_LIVE_CONVERSATIONS = 2_000
MAX_LIVE_BYTES = 256 * 2**20

_CONVERSATION_BYTES = 6_000  # with its audience, its settings and its empty log
_EVENT_BYTES = 300
_WEIGHED_EVERY = 16  # that many come in before all are weighed again: that takes a millisecond where there are many


class Room:
    """The conversations in memory, by id. What leaves is in the journal and comes back from there."""

    def __init__(
        self,
        live: MutableMapping[str, Conversation],
        *,
        max_count: int = MAX_LIVE_CONVERSATIONS,
        max_bytes: int = MAX_LIVE_BYTES,
    ) -> None:
        self._live = live
        self._max_count = max_count
        self._max_bytes = max_bytes
        self._until_weighed = 0

    def make(self) -> None:
        """Let the longest unused ones leave where one more would be too much. Raises PoolFull where all are in use."""
        if len(self._live) >= self._max_count:
            self._leave_out(1)
        self._until_weighed -= 1
        if self._until_weighed < 0:
            self._until_weighed = _WEIGHED_EVERY
            self._lose_weight()

    def _leave_out(self, count: int) -> None:
        leaving = self._unused()[:count]
        if not leaving:
            raise PoolFull(f"{len(self._live)} conversations are in use", retry_delay_s=1.0)
        for conversation in leaving:
            del self._live[conversation.id]

    def _lose_weight(self) -> None:
        total = sum(weight(conversation) for conversation in self._live.values())
        if total <= self._max_bytes:
            return
        for conversation in self._unused():
            total -= weight(conversation)
            del self._live[conversation.id]
            if total <= self._max_bytes:
                return

    def _unused(self) -> list[Conversation]:
        """The longest unused first."""
        unused = [conversation for conversation in self._live.values() if not conversation.is_in_use]
        return sorted(unused, key=lambda conversation: conversation.book.update_time)


def weight(conversation: Conversation) -> int:
    """About how many bytes of memory it takes."""
    log = conversation.log
    events = (log.next_sequence - log.first_sequence) * _EVENT_BYTES
    return _CONVERSATION_BYTES + events + conversation.book.weight
