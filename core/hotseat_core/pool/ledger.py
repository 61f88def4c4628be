"""The books of one plan: who is free, which seats are, and what has been ordered so far. Pure."""

from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from math import inf

from hotseat_core.pool.view import Action, Assign, End, EndReason, PoolView, Source, Start, WaiterView, WorkerState
from hotseat_core.pool.view import WorkerView as Worker
from hotseat_core.pool.worker_port import WorkerSpec


class Ledger:
    """The view as it will be once the actions so far are carried out, less what is set aside for a turn."""

    def __init__(self, view: PoolView, now: float) -> None:
        self.view, self.now = view, now
        self.actions: list[Action] = []
        self.wake_at: list[float] = []
        self.holders = {worker.conversation: worker for worker in view.workers if worker.conversation is not None}
        self.free_workers: dict[int, Worker] = {}  # idle and warm, the longest unused first
        self.free_seats = view.settings.max_workers - len(view.workers)  # without a process, now or soon
        self._room = self.free_seats  # seats without a process now
        self._spares: defaultdict[WorkerSpec, deque[Worker]] = defaultdict(deque)
        self.starting: Counter[WorkerSpec] = Counter()
        self._starting_count = 0
        self._victims: Iterator[Worker] | None = None
        for worker in sorted(view.workers, key=lambda worker: (worker.since, worker.seat)):
            self._enter(worker)

    def _enter(self, worker: Worker) -> None:
        if worker.state is WorkerState.STARTING:
            self.starting[worker.spec] += 1
            self._starting_count += 1
        elif worker.state is WorkerState.STOPPING:
            self.free_seats += 1
        elif worker.state is not WorkerState.RUNNING:
            self.free_workers[worker.seat] = worker
            if worker.state is WorkerState.WARM:
                self._spares[worker.spec].append(worker)

    def is_over(self, at: float) -> bool:
        """Whether this time has come; if not, the plan is made again then."""
        if self.now < at < inf:
            self.wake_at.append(at)
        return at <= self.now

    def holder_if_free(self, conversation: str) -> Worker | None:
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

    def start(self, spec: WorkerSpec) -> None:
        """Take a free seat, and start a worker on it unless a process is still there or too many are starting."""
        self.free_seats -= 1
        if self._room > 0 and self._starting_count < self.view.settings.max_starting:
            self._room -= 1
            self._starting_count += 1
            self.actions.append(Start(spec))

    def end(self, worker: Worker, reason: EndReason) -> None:
        """End the worker; its seat is free, although a process is still there."""
        self.set_aside(worker)
        self.free_seats += 1
        self.actions.append(End(worker.seat, reason))

    def evict(self, spared: set[str], needed: set[WorkerSpec], reason: EndReason | None = None) -> bool:
        """End the worker that is missed least; False: every one has something to do."""
        if self._victims is None:
            self._victims = iter(sorted(self.free_workers.values(), key=lambda worker: _worth(worker, spared, needed)))
        for worker in self._victims:
            if worker.seat in self.free_workers:
                self.end(worker, reason or _why_evicted(worker))
                return True
        return False


def _worth(worker: Worker, spared: set[str], needed: set[WorkerSpec]) -> int:
    """One-shots go first, other spares next, then the least recently used; last, what a turn waits for."""
    if worker.state is WorkerState.WARM:
        return 3 if worker.spec in needed else 1
    if worker.conversation in spared:
        return 4
    return 0 if worker.transient else 2


def _why_evicted(worker: Worker) -> EndReason:
    if worker.state is WorkerState.WARM:
        return EndReason.OTHER_SPARE
    return EndReason.TRANSIENT if worker.transient else EndReason.LRU
