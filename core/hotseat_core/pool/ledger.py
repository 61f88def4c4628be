"""The books of one plan: who is free, what room there is, and what has been ordered so far. Pure."""

from collections import defaultdict, deque
from math import inf

from hotseat_core.pool.room import Room
from hotseat_core.pool.view import (
    Action,
    Assign,
    End,
    EndReason,
    Key,
    PoolView,
    Source,
    Start,
    StartReason,
    WaiterView,
    WorkerState,
)
from hotseat_core.pool.view import WorkerView as Worker
from hotseat_core.pool.worker_port import WorkerSpec
from hotseat_core.pool.worth import Wanted, least_missed_first, why_evicted


class Ledger:
    """The view as it will be once the actions so far are carried out, less what is set aside for a turn."""

    def __init__(self, view: PoolView, now: float) -> None:
        self.view, self.now = view, now
        self.actions: list[Action] = []
        self.wake_at: list[float] = []
        self.room = Room(view)
        self.holders = {worker.key: worker for worker in view.workers if worker.key is not None}
        self.free_workers: dict[int, Worker] = {}  # idle and warm, the longest unused first
        self.starting: defaultdict[WorkerSpec, int] = defaultdict(int)
        self._spares: defaultdict[WorkerSpec, deque[Worker]] = defaultdict(deque)
        self._victims: list[Worker] | None = None
        for worker in sorted(view.workers, key=lambda worker: (worker.since, worker.seat)):
            self._enter(worker)

    def _enter(self, worker: Worker) -> None:
        if worker.state is WorkerState.STARTING:
            self.starting[worker.spec] += 1
        elif worker.state is WorkerState.IDLE:
            self.free_workers[worker.seat] = worker
        elif worker.state is WorkerState.WARM:
            self.free_workers[worker.seat] = worker
            self._spares[worker.spec].append(worker)

    def is_over(self, at: float) -> bool:
        """Whether this time has come; if not, the plan is made again then."""
        if self.now < at < inf:
            self.wake_at.append(at)
        return at <= self.now

    def is_own_turn_running(self, conversation: Key) -> bool:
        """Whether a turn of the conversation has not ended: its next one can use no worker yet."""
        holder = self.holders.get(conversation)
        return (holder is not None and holder.state is WorkerState.RUNNING) or conversation in self.view.held

    def holder_if_free(self, conversation: Key) -> Worker | None:
        """The idle worker that holds the conversation."""
        holder = self.holders.get(conversation)
        return None if holder is None else self.free_workers.get(holder.seat)

    def spare(self, spec: WorkerSpec) -> Worker | None:
        """The spare of this spec that has been ready longest."""
        spares = self._spares[spec]
        while spares and spares[0].seat not in self.free_workers:
            spares.popleft()
        return spares[0] if spares else None

    def set_aside(self, worker: Worker) -> None:
        """Let nobody else have this worker."""
        del self.free_workers[worker.seat]

    def assign(self, waiter: WaiterView, worker: Worker, source: Source) -> None:
        """Give the worker to the turn."""
        self.set_aside(worker)
        self.actions.append(Assign(waiter.order, worker.seat, source))

    def start(self, spec: WorkerSpec, reason: StartReason) -> None:
        """Take the room for a worker, and start it unless a process is still there or too many are starting."""
        if self.room.take():
            self.actions.append(Start(spec, reason))

    def end(self, worker: Worker, reason: EndReason) -> None:
        """End the worker; its room is free, although a process is still there."""
        self.set_aside(worker)
        self.room.leave(worker)
        self.actions.append(End(worker.seat, reason))

    def make_room(self, wanted: Wanted) -> bool:
        """End the workers that are missed least until one more fits; False: that cannot be had, and none is ended."""
        chosen: list[Worker] = []
        for worker in self._least_missed(wanted):
            if self.room.has_any(without=chosen):
                break
            chosen.append(worker)
        if not self.room.has_any(without=chosen):
            return False
        for worker in chosen:
            self.end(worker, why_evicted(worker))
        return True

    def shrink(self, wanted: Wanted) -> None:
        """End as many workers as are too many."""
        for worker in self._least_missed(wanted):
            if not self.room.is_overcrowded:
                return
            self.end(worker, EndReason.RESIZE)

    def relieve_memory(self) -> bool:
        """End free workers, spares first, until those that stay are within the limit; whether any had to go."""
        free = least_missed_first(self.free_workers.values(), Wanted(), self.now)
        free.sort(key=lambda worker: worker.state is not WorkerState.WARM)
        before = len(self.actions)
        for worker in free:
            if not self.room.is_over_memory:
                break
            self.end(worker, EndReason.MEMORY)
        return len(self.actions) > before

    def _least_missed(self, wanted: Wanted) -> list[Worker]:
        if self._victims is None:
            self._victims = least_missed_first(self.free_workers.values(), wanted, self.now)
        self._victims = [worker for worker in self._victims if worker.seat in self.free_workers]
        return self._victims
