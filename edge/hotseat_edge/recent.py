"""The first tokens of the last requests, for those who watch."""

import time
from collections import deque
from collections.abc import Callable

import msgspec

_KEPT = 500


class FirstToken(msgspec.Struct, frozen=True, array_like=True):
    """When an answer began, how long that took, how its process was had, and how long it waited for that."""

    at: float
    seconds: float
    worker: str
    queued: float  # seconds


class RecentFirstTokens:
    """The latest ones, each under a number that counts up."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._count = 0
        self._kept: deque[FirstToken] = deque(maxlen=_KEPT)

    def note(self, worker: str, seconds: float, queued: float) -> None:
        """Keep one more."""
        self._count += 1
        self._kept.append(FirstToken(self._clock(), seconds, worker, queued))

    def since(self, number: int) -> tuple[int, list[FirstToken]]:
        """Return those after this number that are kept, and the number of the last one."""
        new = min(self._count - number, len(self._kept))
        return self._count, list(self._kept)[len(self._kept) - new :]
