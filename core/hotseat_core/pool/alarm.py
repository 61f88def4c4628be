"""The one timer of a pool."""

from collections.abc import Callable

from hotseat_core.pool.clock import Clock, Timer


class Alarm:
    """Rings once, at the time that was set last."""

    def __init__(self, clock: Clock, ring: Callable[[], None]) -> None:
        self._clock = clock
        self._ring = ring
        self._timer: Timer | None = None
        self._at: float | None = None  # None: never

    def set(self, at: float | None) -> None:
        """Ring at this time and at no other; None: never."""
        if self._timer is not None:
            self._timer.cancel()
        self._at = at
        self._timer = None if at is None else self._clock.call_at(at, self._go)

    def set_by(self, at: float) -> None:
        """Ring at this time at the latest."""
        if self._at is None or at < self._at:
            self.set(at)

    def _go(self) -> None:
        self._timer = self._at = None
        self._ring()
