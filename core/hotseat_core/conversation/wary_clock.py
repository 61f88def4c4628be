"""The time of day for those who delete by it."""

import logging
import time
from collections.abc import Callable

logger = logging.getLogger(__name__)

DOUBT_S = 86400.0  # a jump ahead is believed after that
_SMALL_S = 300.0  # what a clock is put right by


def _boot_time() -> float:
    """Seconds since the machine's start, its sleep included."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class WaryClock:
    """Seconds since the epoch; a clock that is put far ahead is not believed before it has stayed there for a day.

    What was kept for thirty days must not be gone because a machine took it for next year for a minute.
    """

    def __init__(self, wall: Callable[[], float] = time.time, steady: Callable[[], float] = _boot_time) -> None:
        self._wall = wall
        self._steady = steady
        self._offset = wall() - steady()  # from the steady clock to the time that is believed
        self._ahead_since: float | None = None  # by the steady clock

    def __call__(self) -> float:
        """The time that is believed."""
        now = self._steady()
        offset = self._wall() - now
        if offset <= self._offset + _SMALL_S:
            self._offset, self._ahead_since = offset, None
        elif self._ahead_since is None:
            self._ahead_since = now
            ahead = {"ahead_s": round(offset - self._offset)}
            logger.warning("the clock was put ahead: no conversation expires by it for a day", extra=ahead)
        elif now - self._ahead_since >= DOUBT_S:
            self._offset, self._ahead_since = offset, None
        return now + self._offset
