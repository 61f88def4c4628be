"""Room for workers, in seats and in memory: what is free now, and what once everything that ends is gone. Pure."""

from collections.abc import Sequence
from math import inf

from hotseat_core.pool.view import PoolView, WorkerState, WorkerView


class Room:
    """Counts a worker that ends until it is gone: only then may another be started in its place."""

    def __init__(self, view: PoolView) -> None:
        staying = [worker for worker in view.workers if worker.state is not WorkerState.STOPPING]
        starting = sum(worker.state is WorkerState.STARTING for worker in staying)
        self._typical_bytes = view.typical_bytes
        self._limit_bytes = view.settings.memory_limit_bytes or inf
        self._seats_now = view.settings.max_workers - len(view.workers)
        self._seats_soon = view.settings.max_workers - len(staying)
        self._bytes_now = sum(map(self._size, view.workers))
        self._bytes_soon = sum(map(self._size, staying))
        self._count_now, self._count_soon = len(view.workers), len(staying)
        self._starts = view.settings.max_starting - starting

    @property
    def free_now(self) -> float:
        """How many more workers there may be at once, beside all that are still there."""
        by_memory = (self._limit_bytes - self._bytes_now) // self._typical_bytes
        return min(self._seats_now, max(by_memory, self._count_now == 0))

    @property
    def is_overcrowded(self) -> bool:
        """Whether there are more workers than seats, after a resize."""
        return self._seats_soon < 0

    @property
    def is_over_memory(self) -> bool:
        """Whether the workers that stay use more than the limit."""
        return self._bytes_soon > self._limit_bytes

    def has_any(self, without: Sequence[WorkerView] = ()) -> bool:
        """Whether one more worker fits, if these end. The only one always does: a pool of none serves nobody."""
        staying = self._count_soon - len(without)
        used_bytes = self._bytes_soon - sum(map(self._size, without))
        fits = staying == 0 or used_bytes + self._typical_bytes <= self._limit_bytes
        return fits and self._seats_soon + len(without) > 0

    @property
    def has_seat_for_spare(self) -> bool:
        """Whether a seat is free that no turn is to have."""
        return self._seats_soon > 0

    @property
    def has_memory_for_spare(self) -> bool:
        """Whether a spare leaves memory for one more worker: else it would soon be ended for want of memory."""
        return self._bytes_soon + 2 * self._typical_bytes <= self._limit_bytes

    def take(self) -> bool:
        """Give a worker its room; True: it can be started now, nobody has to be gone before."""
        self._seats_soon -= 1
        self._count_soon += 1
        self._bytes_soon += self._typical_bytes
        fits = self._count_now == 0 or self._bytes_now + self._typical_bytes <= self._limit_bytes
        if self._seats_now <= 0 or self._starts <= 0 or not fits:
            return False
        self._seats_now -= 1
        self._starts -= 1
        self._count_now += 1
        self._bytes_now += self._typical_bytes
        return True

    def leave(self, worker: WorkerView) -> None:
        """This worker is ended: its room is free soon."""
        self._seats_soon += 1
        self._count_soon -= 1
        self._bytes_soon -= self._size(worker)

    def _size(self, worker: WorkerView) -> int:
        return worker.memory_bytes or self._typical_bytes
