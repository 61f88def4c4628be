"""A clock that stands still until a test moves it."""

import asyncio
from collections.abc import Callable


async def settled() -> None:
    """Let every task run until each waits for something that only the test can give."""
    for _ in range(20):
        await asyncio.sleep(0)


class ManualTimer:
    """A call at a time, unless it is cancelled."""

    def __init__(self, when: float, callback: Callable[[], None]) -> None:
        self.when = when
        self.callback = callback
        self.is_cancelled = False

    def cancel(self) -> None:
        """Let it not happen."""
        self.is_cancelled = True


class ManualClock:
    """The time, as far as the test has moved it."""

    def __init__(self) -> None:
        self.now = 1000.0
        self._timers: list[ManualTimer] = []

    def time(self) -> float:
        """Seconds."""
        return self.now

    def call_at(self, when: float, callback: Callable[[], None]) -> ManualTimer:
        """Call when advance() comes to this time."""
        timer = ManualTimer(when, callback)
        self._timers.append(timer)
        return timer

    @property
    def pending(self) -> list[float]:
        """The times at which something will happen."""
        self._timers = [timer for timer in self._timers if not timer.is_cancelled]
        return sorted(timer.when for timer in self._timers)

    def advance(self, seconds: float) -> None:
        """Move on, and call what is due, in order."""
        end = self.now + seconds
        while self.pending and self.pending[0] <= end:
            timer = min(self._timers, key=lambda timer: timer.when)
            self._timers.remove(timer)
            self.now = max(self.now, timer.when)
            timer.callback()
        self.now = end
