"""Which turn gets which worker: pure.

One turn after another, in order of arrival, gets the cheapest worker there is: its conversation's own, else a
spare, else one that starts, else a free seat, else the seat of the idle worker that is missed least. What a turn
is to get is set aside for it, so that nobody behind it can take it: that is why no turn starves.

One exception: a turn whose own hot worker is idle passes the others, which keeps that worker's state in use. It may
do so only while the first in the queue has waited less than PASSING_S.
"""

from hotseat_core.pool.ledger import Ledger
from hotseat_core.pool.spares import remember
from hotseat_core.pool.view import (
    EndReason,
    PoolView,
    Queued,
    Refusal,
    Refuse,
    Source,
    WaiterView,
    WorkerState,
    WorkerView,
)
from hotseat_core.pool.worker_port import WorkerSpec

PASSING_S = 5.0


class Serving:
    """The turns of one plan. Nothing of a conversation overtakes an earlier turn of the same conversation."""

    def __init__(self, ledger: Ledger) -> None:
        self.view, self.now, self.ledger = ledger.view, ledger.now, ledger
        self.recent = self.view.recent
        self._dealt_with: set[str] = set()  # conversations: the next turn of one of these has to wait
        self._queue_length = 0
        self._others = self._serve_hot()
        self._needed = {waiter.spec for waiter in self._others}
        self._wanted = {waiter.conversation for waiter in self._others if self._own_idle(waiter)}

    def _serve_hot(self) -> list[WaiterView]:
        """Let turns pass whose own worker is idle; the others, in order."""
        waiters = list(self.view.waiters)
        first = next((waiter for waiter in waiters if not self._is_own_turn_running(waiter)), None)
        if first is None or self.now - first.since >= PASSING_S:
            return waiters
        others: list[WaiterView] = []
        earlier: set[str] = set()
        for waiter in waiters:
            if waiter.conversation in earlier or not self._assign_hot(waiter):
                others.append(waiter)
            earlier.add(waiter.conversation)
        return others

    def shrink(self) -> None:
        """After a resize: end as many idle workers as are too many, last those that somebody waits for."""
        while self.ledger.free_seats < 0 and self.ledger.evict(self._wanted, self._needed, EndReason.RESIZE):
            pass

    def serve(self) -> None:
        """Give every other turn a worker, a seat set aside, a refusal or a place in the queue."""
        drain_at = self.view.drain_at
        drained = self.view.draining and drain_at is not None and self.ledger.is_over(drain_at)
        for waiter in self._others:
            is_next = waiter.conversation not in self._dealt_with
            if is_next and (self._assign_hot(waiter) or self._assign_spare(waiter)):
                continue
            if drained:
                self._refuse(waiter, Refusal.DRAINING)
            elif self.ledger.is_over(waiter.deadline):
                self._refuse(waiter, Refusal.TIMEOUT)
            elif not (is_next and self._set_aside(waiter)):
                self._queue(waiter)

    def _is_own_turn_running(self, waiter: WaiterView) -> bool:
        holder = self.ledger.holders.get(waiter.conversation)
        return (holder is not None and holder.state is WorkerState.RUNNING) or waiter.conversation in self.view.held

    def _own_idle(self, waiter: WaiterView) -> WorkerView | None:
        """The idle worker that holds its conversation, if it will do."""
        holder = self.ledger.holder_if_free(waiter.conversation)
        return holder if holder is not None and holder.spec == waiter.spec and not waiter.fresh else None

    def _assign_hot(self, waiter: WaiterView) -> bool:
        worker = self._own_idle(waiter)
        if worker is not None:
            self._dealt_with.add(waiter.conversation)
            self.ledger.assign(waiter, worker, Source.HOT)
        return worker is not None

    def _assign_spare(self, waiter: WaiterView) -> bool:
        """A spare, if no process of its conversation is still there."""
        if waiter.conversation in self.ledger.holders or waiter.conversation in self.view.held:
            return False
        worker = self.ledger.spare(waiter.spec)
        if worker is not None:
            self._dealt_with.add(waiter.conversation)
            self.recent = remember(self.recent, waiter.spec)
            self.ledger.assign(waiter, worker, Source.WARM if worker.ready_order < waiter.order else Source.COLD)
        return worker is not None

    def _set_aside(self, waiter: WaiterView) -> bool:
        """A worker to come or a seat, for this turn alone; False: it has to queue."""
        if self._is_own_turn_running(waiter):
            return False
        own = self.ledger.holder_if_free(waiter.conversation)
        if own is not None:
            self.ledger.end(own, EndReason.REPLACED)
        spare = self.ledger.spare(waiter.spec)
        if spare is not None:  # kept until the last process of its conversation is gone
            self.ledger.set_aside(spare)
        elif self.ledger.starting[waiter.spec] > 0:
            self.ledger.starting[waiter.spec] -= 1
        else:
            return self._start(waiter)
        self._dealt_with.add(waiter.conversation)
        return True

    def _start(self, waiter: WaiterView) -> bool:
        backoff = self.view.backoffs.get(waiter.spec)
        if backoff is not None and self.now < backoff.open_until:
            self._refuse(waiter, Refusal.START_FAILING, backoff.open_until)
            return True
        if self.ledger.free_seats <= 0 and not self.ledger.evict(self._wanted, self._needed):
            return False
        self._dealt_with.add(waiter.conversation)
        self.ledger.start(waiter.spec)
        return True

    def _refuse(self, waiter: WaiterView, why: Refusal, try_again_at: float | None = None) -> None:
        self.ledger.actions.append(Refuse(waiter.order, why, try_again_at))

    def _queue(self, waiter: WaiterView) -> None:
        if not waiter.accepted and self._queue_length >= self.view.settings.max_queue:
            self._refuse(waiter, Refusal.FULL)
            return
        self._dealt_with.add(waiter.conversation)
        self._queue_length += 1
        if waiter.position != self._queue_length:
            self.ledger.actions.append(Queued(waiter.order, self._queue_length))


def claimant(view: PoolView, spec: WorkerSpec) -> int | None:
    """The first turn that waits for a start of this spec: it is told if that fails."""
    busy = {worker.conversation for worker in view.workers if worker.state is WorkerState.RUNNING} | view.held
    fitting = (waiter for waiter in view.waiters if waiter.spec == spec and waiter.conversation not in busy)
    return next((waiter.order for waiter in fitting), None)
