"""How many requests of one key's turns are at the provider at once; the others wait, turn about between workers."""

import asyncio
import time
from collections import deque
from dataclasses import dataclass
from typing import Protocol

from hotseat_core.errors import BudgetSpent


class Waits(Protocol):
    """Hears of requests that wait."""

    def begin(self) -> None:
        """A request waits."""

    def end(self, outcome: str, waited_s: float) -> None:
        """It does so no longer: it was served, refused, or given up by its worker (cancelled)."""


class Unheard:
    """Nobody wants to hear of them."""

    def begin(self) -> None:
        """A request waits."""

    def end(self, outcome: str, waited_s: float) -> None:
        """It does so no longer."""


_UNHEARD = Unheard()


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a request may wait, and who hears of it."""

    limit_s: float = 60.0
    waits: Waits = _UNHEARD


USUAL = Patience()


class Waiter(Protocol):
    """A request, to its lane."""

    def go(self) -> None:
        """Its place is free. Not called for one that had its place at once."""

    def give_up(self, limit: int) -> None:
        """It has waited for too long for one of these places."""


class Calls(Protocol):
    """What a key allows the requests of one of its turns, those of tools that outlive it included."""

    def spent(self) -> BudgetSpent | None:
        """Why there may be none any more; None: there may."""

    def enter(self, worker_id: str, waiter: Waiter, patience: Patience) -> "Place":
        """Return a request's place, which may be one in the line."""

    def count(self, tokens: int) -> None:
        """A request has ended, and had used so many."""


class Place:
    """A request's in its lane. Whoever has it calls leave, once, whatever became of the request."""

    def __init__(self, lane: "Lane", worker_id: str, waiter: Waiter, patience: Patience) -> None:
        self.is_waiting = False
        self._lane = lane
        self._worker_id = worker_id
        self._waiter = waiter
        self._patience = patience
        self._since = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def wait(self) -> None:
        """Stand in line; the patience begins here."""
        self.is_waiting = True
        self._since = time.monotonic()
        self._timer = asyncio.get_running_loop().call_later(self._patience.limit_s, self._give_up)
        self._patience.waits.begin()

    def serve(self) -> None:
        """Let the request go."""
        self._end_wait("served")
        self._waiter.go()

    def leave(self) -> None:
        """The request has ended, or nobody waits for it any more."""
        if self.is_waiting:
            self._end_wait("cancelled")
            self._lane.withdraw(self._worker_id, self)
        else:
            self._lane.free()

    def _give_up(self) -> None:
        self._end_wait("refused")
        self._lane.withdraw(self._worker_id, self)
        self._waiter.give_up(self._lane.limit)

    def _end_wait(self, outcome: str) -> None:
        self.is_waiting = False
        if self._timer is not None:
            self._timer.cancel()
        self._patience.waits.end(outcome, time.monotonic() - self._since)


class Lane:
    """One key's. It counts without a limit, too, so that one that is set counts at once."""

    def __init__(self, limit: int = 0) -> None:
        self.limit = limit  # 0: none
        self.under_way = 0  # requests
        self._lines: dict[str, deque[Place]] = {}  # by worker, whose turn it is first; none is empty

    @property
    def waiting(self) -> int:
        """Requests that wait."""
        return sum(map(len, self._lines.values()))

    def enter(self, worker_id: str, waiter: Waiter, patience: Patience) -> Place:
        """Return a request's place, which may be one in the line."""
        place = Place(self, worker_id, waiter, patience)
        if self.limit and (self.under_way >= self.limit or self._lines):
            self._lines.setdefault(worker_id, deque()).append(place)
            place.wait()
        else:
            self.under_way += 1
        return place

    def change(self, limit: int) -> None:
        """Go by another limit; what is under way stays so."""
        self.limit = limit
        self._advance_soon()

    def free(self) -> None:
        """A request that was under way has ended."""
        self.under_way -= 1
        self._advance_soon()

    def withdraw(self, worker_id: str, place: Place) -> None:
        """Take a place out of the line."""
        line = self._lines[worker_id]
        line.remove(place)
        if not line:
            del self._lines[worker_id]

    def _advance_soon(self) -> None:
        # Not at once: where a worker ends, all its requests do, and none of them must be sent just before.
        if self._lines:
            asyncio.get_running_loop().call_soon(self._advance)

    def _advance(self) -> None:
        while self._lines and not (self.limit and self.under_way >= self.limit):
            worker_id = next(iter(self._lines))
            line = self._lines.pop(worker_id)
            place = line.popleft()
            if line:
                self._lines[worker_id] = line  # behind the others
            self.under_way += 1
            place.serve()
