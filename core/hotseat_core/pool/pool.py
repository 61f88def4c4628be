"""The pool of workers, for those who need one and those who run it."""

import asyncio
import logging
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from msgspec.structs import replace

from hotseat_core.errors import ConversationBusy, InvalidMessage
from hotseat_core.pool.clock import Clock
from hotseat_core.pool.floor import Floor
from hotseat_core.pool.lease import Lease
from hotseat_core.pool.memory import tree_memory_bytes
from hotseat_core.pool.memory_watch import MeasureMemory, MemoryWatch
from hotseat_core.pool.prospect import Prospect, prospect
from hotseat_core.pool.refusals import draining_error
from hotseat_core.pool.seat import Hold, Seat, Waiter
from hotseat_core.pool.settings import PoolSettings
from hotseat_core.pool.stats import Place, PoolState, PoolStats, WaiterRow, WorkerRow, describe, queue, snapshot
from hotseat_core.pool.view import EndReason, Key, WaiterView, WorkerState
from hotseat_core.pool.waits import WaitOutcome
from hotseat_core.pool.worker_port import StartWorker, WorkerSpec

logger = logging.getLogger(__name__)


class Pool:
    """Workers for conversations, never more than max_workers processes, those that start and end included."""

    def __init__(
        self,
        settings: PoolSettings,
        start: StartWorker,
        *,
        clock: Clock | None = None,
        wall: Callable[[], float] = time.time,
        measure_memory: MeasureMemory = tree_memory_bytes,
    ) -> None:
        clock = clock or asyncio.get_running_loop()
        self._floor = Floor(settings, start, clock, wall)
        self._start_time = wall()
        self._memory_watch = MemoryWatch(self._floor, clock, measure_memory)

    def __repr__(self) -> str:
        return describe(self._floor.view())

    async def __aenter__(self) -> Self:
        self._floor.settle()
        self._memory_watch.go_on(bool(self.settings.memory_limit_bytes))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Refuse whoever waits, revoke every lease and end every worker at once, within close_timeout_s."""
        await self._memory_watch.aclose()
        await self._floor.close()

    # For turns

    async def acquire(
        self,
        conversation: str,
        spec: WorkerSpec,
        *,
        fresh: bool = False,
        transient: bool = False,
        message_count: int = 0,
        tenant: str = "",
        weight: float = 1.0,
        timeout_s: float | None = None,
        on_queued: Callable[[Place], None] | None = None,
    ) -> Lease:
        """A worker for one turn: the conversation's own if it is hot, else the cheapest there is.

        fresh: not the conversation's own, which is ended first. transient: likely a one-shot, the first to be evicted.
        message_count: how long the conversation is; of idle workers, those of short ones are evicted sooner. Tenants
        that wait take turns, by their weight; conversations of two tenants are two, whatever their ids.
        on_queued hears the place in the queue, from 1, at first and at every change. Cancelling gives up the place;
        a worker that was being started goes to the next. Raises PoolFull, QueueTimeout, PoolDraining, WorkerStartError.
        """
        if weight <= 0:
            raise InvalidMessage("a tenant's weight must be above 0: it would never be served")
        if self.state is not PoolState.ACTIVE:
            raise draining_error(is_stopping=self._floor.stopping)
        now = self._floor.clock.time()
        patience_s = self.settings.queue_timeout_s if timeout_s is None else timeout_s
        view = WaiterView(
            order=self._floor.next_order(),
            conversation=conversation,
            spec=spec,
            since=now,
            deadline=now + patience_s,
            fresh=fresh,
            transient=transient,
            tenant=tenant,
            weight=weight,
            message_count=message_count,
        )
        waiter = Waiter(view, asyncio.get_running_loop().create_future(), on_queued)
        self._floor.line.enter(waiter)
        try:
            self._floor.serve(waiter, self._seat_of(view.key))
            hold = await waiter.answer
        except BaseException:
            self._leave(waiter)
            raise
        return self._hand_out(hold)

    def _hand_out(self, hold: Hold) -> Lease:
        duration_s = hold.since - hold.waiter.since
        self._floor.counts.turns[hold.source] += 1
        self._floor.counts.waits.note(WaitOutcome.SERVED, duration_s)
        return Lease(hold, duration_s, self._give_back)

    def _leave(self, waiter: Waiter) -> None:
        """A turn is cut off or refused: nothing of it stays, and what it was given goes to others."""
        was_waiting = waiter in self._floor.line
        if was_waiting:
            self._floor.line.leave(waiter)
        has_hold = waiter.answer.done() and not waiter.answer.cancelled() and waiter.answer.exception() is None
        if has_hold:
            self._put_back(waiter.answer.result())
        if was_waiting or has_hold:
            self._floor.counts.cancelled += 1
            self._floor.counts.waits.note(WaitOutcome.CANCELLED, self._floor.clock.time() - waiter.view.since)
            self._floor.settle()

    def _put_back(self, hold: Hold) -> None:
        """The worker is as it was: the turn has never heard of it."""
        self._let_go(hold)
        if hold.seat.view.state is WorkerState.RUNNING:
            hold.seat.view = hold.before
            if hold.for_good:
                self._floor.end(hold.seat, EndReason.ADMIN)

    def _let_go(self, hold: Hold) -> None:
        self._floor.holds.discard(hold)
        hold.seat.hold = None
        hold.released.set()

    def _give_back(self, hold: Hold, keep: bool) -> None:
        if hold.released.is_set():
            return
        self._let_go(hold)
        now, seat = self._floor.clock.time(), hold.seat
        seat.turn_count += 1
        seat.last_turn_time = self._floor.wall()
        self._floor.counts.note_turn_duration(now - hold.since)
        if seat.view.state is WorkerState.RUNNING:  # else it is lost, or being ended
            if keep and not hold.for_good:
                seat.view = replace(seat.view, state=WorkerState.IDLE, since=now, revoked=False)
                self._floor.note_success(seat.view.spec)
            else:
                self._floor.end(seat, EndReason.ADMIN if hold.for_good else EndReason.RELEASED)
        self._floor.settle()

    # For operators

    @property
    def state(self) -> PoolState:
        """What the pool does with new turns."""
        floor = self._floor
        if not (floor.draining or floor.closing):
            return PoolState.ACTIVE
        return PoolState.DRAINING if floor.holds or floor.line else PoolState.DRAINED

    @property
    def settings(self) -> PoolSettings:
        """Its bounds now."""
        return self._floor.settings

    @property
    def draining_now(self) -> asyncio.Event:
        """Set when the grace of a drain is over: every lease has been revoked."""
        return self._floor.grace_is_over

    def stats(self) -> PoolStats:
        """Its numbers now."""
        floor = self._floor
        return snapshot(
            floor.view(), floor.counts, self.state, self._start_time, now=floor.clock.time(), wall=floor.wall()
        )

    def workers(self) -> list[WorkerRow]:
        """Every process there is."""
        return [seat.row() for seat in self._floor.seats.values()]

    def queue(self) -> list[WaiterRow]:
        """Every turn that waits, next first."""
        return queue(self._floor.view(), self._floor.clock.time(), self._floor.wall())

    def worker_of(self, conversation: str, tenant: str = "") -> WorkerRow | None:
        """The worker that holds the conversation; None: it is cold, or will be in a moment."""
        seat = self._seat_of((tenant, conversation))
        return None if seat is None or seat.view.state is WorkerState.STOPPING else seat.row()

    def spec_of(self, conversation: str, tenant: str = "") -> WorkerSpec | None:
        """What the worker that holds the conversation was started as; None: it is cold, or will be in a moment."""
        seat = self._seat_of((tenant, conversation))
        return None if seat is None or seat.view.state is WorkerState.STOPPING else seat.view.spec

    def prospect(self, spec: WorkerSpec) -> Prospect:
        """What a turn without a worker has to reckon with, if it asks now."""
        return prospect(self._floor.view(), spec)

    def hand_over(self, lender: str, borrower: str, tenant: str = "") -> bool:
        """Let one conversation's idle worker be another's, which has none; False: there is nothing to hand over."""
        seat = self._seat_of((tenant, lender))
        if seat is None or seat.view.state is not WorkerState.IDLE or self._seat_of((tenant, borrower)) is not None:
            return False
        seat.view = replace(seat.view, conversation=borrower)
        self._floor.settle()
        return True

    @property
    def revision(self) -> int:
        """A number that goes up with every change."""
        return self._floor.revision

    async def wait_for_change(self, since: int | None = None) -> None:
        """Return when anything about the pool is no longer as it was at this revision; None: as it is now."""
        if since is None or since == self.revision:
            await self._floor.changed.wait()

    async def evict(self, conversation: str, *, force: bool = False, tenant: str = "") -> str | None:
        """Take the conversation off its worker and return that worker's id once it is gone; None: it was cold.

        Raises ConversationBusy while it is leased, unless force: then its holder is asked to release it, and the
        worker is ended after revoke_timeout_s at the latest. Cancelling stops the waiting, not the eviction.
        """
        key = (tenant, conversation)
        hold = next((hold for hold in self._floor.holds if hold.waiter.key == key), None)
        seat = self._seat_of(key) if hold is None else hold.seat
        if seat is None:
            return None
        if hold is not None:
            if not force:
                raise ConversationBusy(f"a turn of conversation {conversation} is running; wait, or use force")
            await self._revoke_for_good(hold)
        if not seat.gone.is_set():
            self._floor.end(seat, EndReason.ADMIN)
            self._floor.settle()
        await seat.gone.wait()
        return seat.name

    def _seat_of(self, conversation: Key) -> Seat | None:
        return next((seat for seat in self._floor.seats.values() if seat.view.key == conversation), None)

    async def _revoke_for_good(self, hold: Hold) -> None:
        hold.for_good = True
        self._floor.revoke(hold.seat)
        try:
            async with asyncio.timeout(self.settings.revoke_timeout_s):
                await hold.released.wait()
        except TimeoutError:
            logger.warning("a revoked lease was not released", extra={"worker": hold.seat.name})

    def drain(self, grace_s: float | None = None, *, stops: bool = False) -> None:
        """Refuse new turns and end what has nothing to do; after the grace, revoke the leases. None: never.

        stops: the server is about to, which those that are refused are told.
        """
        self._floor.draining, self._floor.stopping = True, stops or self._floor.stopping
        self._floor.drain_at = None if grace_s is None else self._floor.clock.time() + grace_s
        self._floor.settle()

    def resume(self) -> None:
        """Take new turns again."""
        self._floor.draining, self._floor.drain_at = False, None
        self._floor.grace_is_over.clear()
        self._floor.settle()

    def resize(
        self,
        *,
        max_workers: int | None = None,
        warm_workers: int | None = None,
        max_queue: int | None = None,
        idle_timeout_s: float | None = None,
        queue_timeout_s: float | None = None,
        memory_limit_bytes: int | None = None,
    ) -> None:
        """Change the bounds; None keeps one. Idle workers that are too many end now, running ones after their turn."""
        self._floor.settings = self.settings.resized(
            max_workers=max_workers,
            warm_workers=warm_workers,
            max_queue=max_queue,
            idle_timeout_s=idle_timeout_s,
            queue_timeout_s=queue_timeout_s,
            memory_limit_bytes=memory_limit_bytes,
        )
        self._memory_watch.go_on(bool(self.settings.memory_limit_bytes))
        self._floor.settle()
