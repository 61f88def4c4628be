"""Which reply is next: a queued one, else what the rules choose for this attempt at the text."""

from collections import Counter, deque
from collections.abc import Iterable

from hotseat_demo.reply import Reply
from hotseat_demo.rules import choose
from hotseat_demo.seen import Seen

_MOST_TEXTS = 10_000  # whose attempts are counted; beyond that, counting starts again


class Replies:
    """The queued replies, and how often each text was asked: faults marked xK need to know."""

    def __init__(self) -> None:
        self._queue: deque[Reply] = deque()
        self._attempts: Counter[tuple[str, int]] = Counter()

    def __len__(self) -> int:
        return len(self._queue)

    def queue(self, replies: Iterable[Reply]) -> None:
        """Give these first, in order."""
        self._queue.extend(replies)

    def next(self, seen: Seen) -> Reply:
        """The reply to this request."""
        if self._queue:
            return self._queue.popleft()
        asked = (seen.user_text, seen.step)
        if len(self._attempts) >= _MOST_TEXTS and asked not in self._attempts:
            self._attempts.clear()
        self._attempts[asked] += 1
        return choose(seen, self._attempts[asked])
