"""Which turn gets which worker: pure.

One turn after another, in the order that is fair between tenants, gets the cheapest worker there is: its conversation's
own, else a spare, else one that starts, else free room, else the room of the idle worker that is missed least. What a
turn is to get is set aside for it, so that nobody behind it can take it: that is why no turn starves.

One exception: a turn whose own hot worker is idle passes the others, which keeps that worker's state in use. It may
do so only while the first to come has waited less than PASSING_S.
"""

from collections import Counter

from hotseat_core.pool.fairness import fair_order, share_of_queue
from hotseat_core.pool.ledger import Ledger
from hotseat_core.pool.spares import remember
from hotseat_core.pool.view import (
    EndReason,
    Key,
    PoolView,
    Queued,
    Refusal,
    Refuse,
    Source,
    StartReason,
    WaiterView,
    WorkerState,
    WorkerView,
)
from hotseat_core.pool.worker_port import WorkerSpec
from hotseat_core.pool.worth import Wanted

PASSING_S = 5.0


class Serving:
    """The turns of one plan. Nothing of a conversation overtakes an earlier turn of the same conversation."""

    def __init__(self, ledger: Ledger) -> None:
        self.view, self.now, self.ledger = ledger.view, ledger.now, ledger
        self.recent = self.view.recent
        self._dealt_with: set[Key] = set()  # conversations: the next turn of one of these has to wait
        self._queue: list[WaiterView] = []
        self._others = self._serve_hot()
        self.wanted = Wanted(
            conversations={waiter.key for waiter in self._others if self._own_idle(waiter)},
            specs={waiter.spec for waiter in self._others},
        )

    def _serve_hot(self) -> list[WaiterView]:
        """Let turns pass whose own worker is idle; the others, in the order that is fair."""
        ordered = fair_order(self.view.waiters)
        first = next((waiter for waiter in self.view.waiters if not self.ledger.is_own_turn_running(waiter.key)), None)
        if first is None or self.now - first.since >= PASSING_S:
            return ordered
        others: list[WaiterView] = []
        earlier: set[Key] = set()
        for waiter in ordered:
            if waiter.key in earlier or not self._assign_hot(waiter):
                others.append(waiter)
            earlier.add(waiter.key)
        return others

    def serve(self) -> None:
        """Give every other turn a worker, room set aside, a refusal or a place in the queue."""
        drain_at = self.view.drain_at
        drained = self.view.draining and drain_at is not None and self.ledger.is_over(drain_at)
        for waiter in self._others:
            is_next = waiter.key not in self._dealt_with
            if is_next and (self._assign_hot(waiter) or self._assign_spare(waiter)):
                continue
            if drained:
                self._refuse(waiter, Refusal.DRAINING)
            elif self.ledger.is_over(waiter.deadline):
                self._refuse(waiter, Refusal.TIMEOUT)
            elif not (is_next and self._set_aside(waiter)):
                self._dealt_with.add(waiter.key)
                self._queue.append(waiter)
        self._line_up()

    def _own_idle(self, waiter: WaiterView) -> WorkerView | None:
        """The idle worker that holds its conversation, if it will do."""
        holder = self.ledger.holder_if_free(waiter.key)
        return holder if holder is not None and is_own_idle(holder, waiter) else None

    def _assign_hot(self, waiter: WaiterView) -> bool:
        worker = self._own_idle(waiter)
        if worker is not None:
            self._dealt_with.add(waiter.key)
            self.ledger.assign(waiter, worker, Source.HOT)
        return worker is not None

    def _assign_spare(self, waiter: WaiterView) -> bool:
        """A spare, if no process of its conversation is still there."""
        if waiter.key in self.ledger.holders or waiter.key in self.view.held:
            return False
        worker = self.ledger.spare(waiter.spec)
        if worker is not None:
            self._dealt_with.add(waiter.key)
            self.recent = remember(self.recent, waiter.spec)
            self.ledger.assign(waiter, worker, Source.WARM if worker.ready_order < waiter.order else Source.COLD)
        return worker is not None

    def _set_aside(self, waiter: WaiterView) -> bool:
        """A worker to come or room for one, for this turn alone; False: it has to queue."""
        if self.ledger.is_own_turn_running(waiter.key):
            return False
        spare, is_starting = self.ledger.spare(waiter.spec), self.ledger.starting[waiter.spec] > 0
        backoff = self.view.backoffs.get(waiter.spec)
        if spare is None and not is_starting and backoff is not None and self.now < backoff.open_until:
            self._refuse(waiter, Refusal.START_FAILING, backoff.open_until)
            return True
        own = self.ledger.holder_if_free(waiter.key)
        if own is not None:
            self.ledger.end(own, EndReason.REPLACED)
        if spare is not None:  # kept until the last process of its conversation is gone
            self.ledger.set_aside(spare)
        elif is_starting:
            self.ledger.starting[waiter.spec] -= 1
        elif self.ledger.make_room(self.wanted):
            self.ledger.start(waiter.spec, StartReason.TURN)
        else:
            return False
        self._dealt_with.add(waiter.key)
        return True

    def _refuse(self, waiter: WaiterView, why: Refusal, try_again_at: float | None = None) -> None:
        self.ledger.actions.append(Refuse(waiter.order, why, try_again_at))

    def _line_up(self) -> None:
        """Tell places to those who queue; who has just come is refused where there is no place for its tenant."""
        for position, waiter in enumerate(self._admitted(), 1):
            if waiter.position != position:
                self.ledger.actions.append(Queued(waiter.order, position))

    def _admitted(self) -> list[WaiterView]:
        if all(waiter.accepted for waiter in self._queue):
            return self._queue
        places = Counter(waiter.tenant for waiter in self._queue if waiter.accepted)
        refused: set[int] = set()
        for waiter in self._queue:
            if waiter.accepted:
                continue
            if places.total() >= self.view.settings.max_queue and places[waiter.tenant] >= self._share(waiter):
                refused.add(waiter.order)
                self._refuse(waiter, Refusal.FULL)
            else:
                places[waiter.tenant] += 1
        return [waiter for waiter in self._queue if waiter.order not in refused]

    def _share(self, waiter: WaiterView) -> int:
        return share_of_queue(self.view.settings.max_queue, waiter, self._queue)


def is_own_idle(worker: WorkerView, waiter: WaiterView) -> bool:
    """Whether the worker holds the turn's conversation, is free, and will do."""
    is_idle = worker.state is WorkerState.IDLE and worker.key == waiter.key
    return is_idle and worker.spec == waiter.spec and not waiter.fresh


def claimant(view: PoolView, spec: WorkerSpec) -> int | None:
    """The first turn that waits for a start of this spec: it is told if that fails."""
    busy = {worker.key for worker in view.workers if worker.state is WorkerState.RUNNING} | view.held
    fitting = (waiter for waiter in fair_order(view.waiters) if waiter.spec == spec and waiter.key not in busy)
    return next((waiter.order for waiter in fitting), None)
