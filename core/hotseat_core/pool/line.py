"""The turns that wait for a worker, with their numbers."""

from collections.abc import Iterator

from msgspec.structs import replace

from hotseat_core.pool.fairness import moved_up, numbered
from hotseat_core.pool.seat import Waiter
from hotseat_core.pool.view import WaiterView


class Line:
    """In order of arrival; who is served next is for the policy to say."""

    def __init__(self) -> None:
        self._waiters: dict[int, Waiter] = {}  # by the order of their arrival
        self.last_numbers: dict[str, float] = {}  # by tenant; of those that came since somebody has always waited

    def __len__(self) -> int:
        return len(self._waiters)

    def __iter__(self) -> Iterator[Waiter]:
        return iter(list(self._waiters.values()))

    def __getitem__(self, order: int) -> Waiter:
        return self._waiters[order]

    def __contains__(self, waiter: Waiter) -> bool:
        return waiter.view.order in self._waiters

    def views(self) -> tuple[WaiterView, ...]:
        """All but those who are being cut off."""
        return tuple(waiter.view for waiter in self._waiters.values() if not waiter.answer.done())

    def enter(self, waiter: Waiter) -> None:
        """Let one more turn wait."""
        if not self._waiters:
            self.last_numbers = {}
        waiter.view = numbered(waiter.view, (other.view for other in self), self.last_numbers)
        self.last_numbers[waiter.view.tenant] = waiter.view.number
        self._waiters[waiter.view.order] = waiter

    def serve(self, order: int) -> Waiter:
        """Take out who gets a worker."""
        return self._waiters.pop(order)

    def leave(self, waiter: Waiter) -> None:
        """Take out who gets none: it costs its tenant nothing."""
        gone = self._waiters.pop(waiter.view.order).view
        self.last_numbers[gone.tenant] -= 1 / gone.weight
        for other in self:
            other.view = moved_up(other.view, gone)

    def note_accepted(self) -> None:
        """Nobody who waits now is refused for want of room any more."""
        for waiter in self:
            if not waiter.view.accepted:
                waiter.view = replace(waiter.view, accepted=True)
