"""Which conversations stay in memory: those in use, and of the others the latest used, within bounds. No I/O."""

from hotseat_core.conversation.conversation import Conversation
from hotseat_core.errors import PoolFull

MAX_LIVE_CONVERSATIONS = 2_000
MAX_LIVE_BYTES = 256 * 2**20

_CONVERSATION_BYTES = 6_000  # with its audience, its settings and its empty log
_EVENT_BYTES = 300
_WEIGHED_EVERY = 16  # that many come in before all are weighed again: that takes a millisecond where there are many


class Room:
    """The conversations in memory, of all tenants. What leaves is in the journal and comes back from there."""

    def __init__(self, *, max_count: int = MAX_LIVE_CONVERSATIONS, max_bytes: int = MAX_LIVE_BYTES) -> None:
        self._shelves: dict[str, dict[str, Conversation]] = {}  # by tenant, and in it by id
        self._max_count = max_count
        self._max_bytes = max_bytes
        self._until_weighed = 0

    def of(self, tenant: str) -> dict[str, Conversation]:
        """Return the tenant's conversations in memory, by id; who brings one in makes room for it before."""
        return self._shelves.setdefault(tenant, {})

    @property
    def conversations(self) -> list[Conversation]:
        """All of them."""
        return [conversation for shelf in self._shelves.values() for conversation in shelf.values()]

    def make(self) -> None:
        """Let the longest unused ones leave where one more would be too much. Raises PoolFull where all are in use."""
        if sum(map(len, self._shelves.values())) >= self._max_count:
            self._leave_out(1)
        self._until_weighed -= 1
        if self._until_weighed < 0:
            self._until_weighed = _WEIGHED_EVERY
            self._lose_weight()

    def _leave_out(self, count: int) -> None:
        leaving = self._unused()[:count]
        if not leaving:
            raise PoolFull(f"{len(self.conversations)} conversations are in use", retry_delay_s=1.0)
        for conversation in leaving:
            self._drop(conversation)

    def _lose_weight(self) -> None:
        total = sum(weight(conversation) for conversation in self.conversations)
        if total <= self._max_bytes:
            return
        for conversation in self._unused():
            total -= weight(conversation)
            self._drop(conversation)
            if total <= self._max_bytes:
                return

    def _drop(self, conversation: Conversation) -> None:
        del self._shelves[conversation.book.tenant][conversation.id]

    def _unused(self) -> list[Conversation]:
        """The longest unused first."""
        unused = [conversation for conversation in self.conversations if not conversation.is_in_use]
        return sorted(unused, key=lambda conversation: conversation.book.update_time)


def weight(conversation: Conversation) -> int:
    """About how many bytes of memory it takes."""
    log = conversation.log
    events = (log.next_sequence - log.first_sequence) * _EVENT_BYTES
    return _CONVERSATION_BYTES + events + conversation.book.weight
