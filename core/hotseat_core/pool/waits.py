"""How long turns waited for a worker, counted by how that ended: what a histogram needs."""

import enum
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate

# Up to the longest time that a turn may wait by default, which is two minutes.
BOUNDS_S = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)


class WaitOutcome(enum.Enum):
    """How a turn's waiting ended."""

    SERVED = "served"
    REFUSED = "refused"
    CANCELLED = "cancelled"  # its client gave up, or had it before it knew


@dataclass(frozen=True, slots=True)
class WaitTimes:
    """The waits that ended in one way."""

    counts: tuple[int, ...]  # of those at most as long as each of BOUNDS_S, and of all
    sum_s: float


class Waits:
    """All waits since the start."""

    def __init__(self) -> None:
        self._counts = {outcome: [0] * (len(BOUNDS_S) + 1) for outcome in WaitOutcome}
        self._sums_s = dict.fromkeys(WaitOutcome, 0.0)

    def note(self, outcome: WaitOutcome, seconds: float) -> None:
        """One more is over."""
        self._counts[outcome][bisect_left(BOUNDS_S, seconds)] += 1
        self._sums_s[outcome] += seconds

    def told(self) -> Mapping[WaitOutcome, WaitTimes]:
        """Return what there was."""
        return {
            outcome: WaitTimes(tuple(accumulate(self._counts[outcome])), self._sums_s[outcome])
            for outcome in WaitOutcome
        }
