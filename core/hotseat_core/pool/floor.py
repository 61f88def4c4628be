"""The floor with its seats: it asks the policy what to do, and does it."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import assert_never

from msgspec.structs import replace

from hotseat_core.errors import HotseatError, WorkerDiedAtStart, WorkerStartError
from hotseat_core.pool.alarm import Alarm
from hotseat_core.pool.backoff import Backoffs
from hotseat_core.pool.clock import Clock
from hotseat_core.pool.line import Line
from hotseat_core.pool.lives import Lives
from hotseat_core.pool.policy import plan
from hotseat_core.pool.refusals import draining_error, refusal
from hotseat_core.pool.seat import Hold, Seat, Waiter
from hotseat_core.pool.serving import claimant, is_own_idle
from hotseat_core.pool.settings import PoolSettings
from hotseat_core.pool.spares import remember
from hotseat_core.pool.stats import Counts
from hotseat_core.pool.view import (
    FIRST_WORKER_BYTES,
    Action,
    Assign,
    End,
    EndReason,
    PoolView,
    Queued,
    Refusal,
    Refuse,
    Revoke,
    Source,
    Start,
    StartReason,
    Wake,
    WorkerState,
    WorkerView,
)
from hotseat_core.pool.waits import WaitOutcome
from hotseat_core.pool.worker_port import PoolWorker, StartWorker, WorkerSpec

logger = logging.getLogger(__name__)

# A process that starts takes two cores for a third of a second, which a turn that got its worker just now wants itself:
# a spare that nobody waits for is started after it.
SPARE_PAUSE_S = 0.25
AFTERWARDS_S = 0.01


class Floor:
    """Seats (one a process), the line of waiters and holds (one a lease): all that changes in a pool.

    Every change ends in settle(), which leaves nothing to do until the next event or the one timer.
    """

    def __init__(self, settings: PoolSettings, start: StartWorker, clock: Clock, wall: Callable[[], float]) -> None:
        self.settings = settings
        self.clock = clock
        self.wall = wall
        self.seats: dict[int, Seat] = {}  # never more than max_workers, unless that was lowered since
        self.line = Line()
        self.holds: set[Hold] = set()
        self.counts = Counts()
        self.draining = False
        self.stopping = False  # drains in order to stop
        self.drain_at: float | None = None
        self.grace_is_over = asyncio.Event()
        self.closing = False
        self.revision = 0  # goes up with every change
        self.changed = asyncio.Event()  # replaced at every change
        self._lives = Lives(start, self, settings.close_timeout_s, clock)
        self._backoffs = Backoffs()
        self._recent = remember((), settings.default_spec)
        self._order = 0
        self._alarm = Alarm(clock, self.settle)
        self._typical_bytes = FIRST_WORKER_BYTES
        self._given_out_at = -SPARE_PAUSE_S  # when a turn last got a worker that did not hold its conversation

    def next_order(self) -> int:
        """A number above all before: what comes first has the smaller one."""
        self._order += 1
        return self._order

    def view(self) -> PoolView:
        """The floor as a value. A waiter that is being cut off is no longer on it."""
        return PoolView(
            settings=self.settings,
            workers=tuple(seat.view for seat in self.seats.values()),
            waiters=self.line.views(),
            recent=self._recent,
            backoffs=self._backoffs.held,
            last_numbers=self.line.last_numbers,
            held=frozenset(hold.waiter.key for hold in self.holds if hold.seat.view.state is not WorkerState.RUNNING),
            draining=self.draining,
            drain_at=self.drain_at,
            typical_bytes=self._typical_bytes,
        )

    def settle(self) -> None:
        """Do what there is to do."""
        if not self.closing:
            if self.draining and self.drain_at is not None and self.clock.time() >= self.drain_at:
                self.grace_is_over.set()
            told: dict[int, Waiter] = {}
            while self._follow_plan(told):
                pass  # somebody was refused: those behind have moved up
            self.line.note_accepted()
            if self.line:  # any of the workers that start may be for somebody in it
                for seat in self.seats.values():
                    seat.hurry.set()
            for waiter in told.values():
                if waiter in self.line:
                    waiter.tell_place(self.counts.wait_s(waiter.view.position, self.settings.max_workers))
        self._announce()

    def serve(self, waiter: Waiter, own: Seat | None) -> None:
        """Settle for one who has just come in; own: the seat that holds its conversation, if one does."""
        # Where nobody else waits, no plan gives it another: it need not wait for the planning (0.15 ms).
        if own is None or len(self.line) > 1 or not is_own_idle(own.view, waiter.view):
            return self.settle()
        self._assign(self.line.serve(waiter.view.order), own, Source.HOT)
        self._alarm.set_by(self.clock.time() + AFTERWARDS_S)
        return self._announce()

    def _follow_plan(self, told: dict[int, Waiter]) -> bool:
        """Do what the plan says, and collect whose place in the queue has changed; whether it refused anybody."""
        wake_at, refused = None, False
        for action in plan(self.view(), self.clock.time()):
            refused = refused or isinstance(action, Refuse)
            if isinstance(action, Wake):
                wake_at = action.at
            elif isinstance(action, Queued):
                waiter = told[action.waiter] = self.line[action.waiter]
                waiter.view = replace(waiter.view, position=action.position)
            else:
                self._carry_out(action)
        self._alarm.set(wake_at)
        return refused

    def _announce(self) -> None:
        self.revision += 1
        self.changed.set()
        self.changed = asyncio.Event()

    # Carrying out

    def _carry_out(self, action: Action) -> None:
        match action:
            case Assign():
                self._assign(self.line.serve(action.waiter), self.seats[action.seat], action.source)
            case Start():
                self._start(action.spec, action.reason)
            case End():
                self.end(self.seats[action.seat], action.reason)
            case Refuse():
                self.refuse(self.line[action.waiter], self._refusal(action), action.why)
            case Revoke():
                self.revoke(self.seats[action.seat])
            case Queued() | Wake():
                raise AssertionError("settle() does these by itself")
            case _:
                assert_never(action)

    def _assign(self, waiter: Waiter, seat: Seat, source: Source) -> None:
        now, wants = self.clock.time(), waiter.view
        assert seat.worker is not None  # noqa: S101 -- the policy gives out only what is ready
        seat.hold = Hold(seat, seat.worker, source, waiter=wants, before=seat.view, since=now, start_time=self.wall())
        seat.view = replace(
            seat.view,
            state=WorkerState.RUNNING,
            since=now,
            conversation=wants.conversation,
            tenant=wants.tenant,
            transient=wants.transient,
            message_count=wants.message_count,
        )
        self.holds.add(seat.hold)
        if source is not Source.HOT:
            self._recent = remember(self._recent, wants.spec)
            self._given_out_at = now
        waiter.answer.set_result(seat.hold)

    def refuse(self, waiter: Waiter, error: HotseatError, why: Refusal) -> None:
        """Send a waiter away."""
        self.line.leave(waiter)
        self.counts.refusals[why] += 1
        self.counts.waits.note(WaitOutcome.REFUSED, self.clock.time() - waiter.view.since)
        if not waiter.answer.done():
            waiter.answer.set_exception(error)

    def _refusal(self, action: Refuse) -> HotseatError:
        now = self.clock.time()
        if action.try_again_at is None:
            retry_delay_s = self.counts.retry_delay_s(len(self.line), self.settings.max_workers)
        else:
            retry_delay_s = max(action.try_again_at - now, 1.0)
        waited_s = now - self.line[action.waiter].view.since
        return refusal(action.why, self.settings, waited_s, retry_delay_s, is_stopping=self.stopping)

    def revoke(self, seat: Seat) -> None:
        """Ask the holder for its worker."""
        if seat.hold is not None:
            seat.hold.revoked.set()
        seat.view = replace(seat.view, revoked=True)

    def end(self, seat: Seat, reason: EndReason) -> None:
        """End a worker; its seat is free once it is gone."""
        if seat.view.state is WorkerState.STOPPING:
            return
        self.counts.ends[reason] += 1
        if seat.view.conversation is not None:
            self.counts.evictions[reason] += 1
        seat.view = replace(seat.view, state=WorkerState.STOPPING, since=self.clock.time())
        logger.info("worker is ended", extra={"worker": seat.name, "reason": reason.value})
        if seat.worker is None:
            self._lives.cut_start(seat)
        seat.over.set()

    # What becomes of a worker

    def _start(self, spec: WorkerSpec, reason: StartReason) -> None:
        number = self.next_order()
        view = WorkerView(number, spec, WorkerState.STARTING, since=self.clock.time())
        seat = self.seats[number] = Seat(view, self.wall())
        self.counts.starts[reason] += 1
        self._lives.begin(seat, self._given_out_at + SPARE_PAUSE_S)

    def note_ready(self, seat: Seat, worker: PoolWorker) -> None:
        """It can serve, unless its end has been ordered meanwhile."""
        seat.worker = worker
        if seat.view.state is WorkerState.STARTING:
            seat.view = replace(
                seat.view, state=WorkerState.WARM, since=self.clock.time(), ready_order=self.next_order()
            )
            logger.info("worker is ready", extra={"worker": worker.id, "pid": worker.pid})
        self.settle()

    def note_over(self, seat: Seat, worker: PoolWorker) -> None:
        """It is being ended, or has ended by itself: a spare that did so counts as one that failed to start."""
        if seat.view.state is WorkerState.STOPPING:
            return
        self.counts.lost += 1
        logger.warning("worker ended by itself", extra={"worker": worker.id, "state": seat.view.state.value})
        if seat.view.state is WorkerState.WARM:
            self._backoffs.note_failure(seat.view.spec, self.clock.time())
        seat.view = replace(seat.view, state=WorkerState.STOPPING, since=self.clock.time())
        self.settle()

    def note_failure(self, seat: Seat, error: WorkerStartError) -> None:
        """Whoever was first to wait for this start gets another one, once, if it died; else hears why it failed."""
        self.counts.start_failures += 1
        logger.warning("worker did not start", extra={"error": error.message})
        self._backoffs.note_failure(seat.view.spec, self.clock.time())
        if (order := claimant(self.view(), seat.view.spec)) is not None:
            waiter = self.line[order]
            if isinstance(error, WorkerDiedAtStart) and not waiter.had_start:
                waiter.had_start = True
            else:
                self.refuse(waiter, error, Refusal.START_FAILED)
        seat.view = replace(seat.view, state=WorkerState.STOPPING)  # its life ends with this step
        self.settle()

    def note_gone(self, seat: Seat) -> None:
        """Its seat is free."""
        del self.seats[seat.view.seat]
        seat.gone.set()
        self.settle()

    def note_memory(self, sizes: Mapping[int, int]) -> None:
        """Bytes that workers were measured to use, by seat."""
        for number, size in sizes.items():
            if number in self.seats:
                self.seats[number].view = replace(self.seats[number].view, memory_bytes=size)
        if sizes:
            self._typical_bytes = sum(sizes.values()) // len(sizes)
        self.settle()

    def note_success(self, spec: WorkerSpec) -> None:
        """A worker of this spec has done its work: what failed before no longer counts."""
        self._backoffs.note_success(spec)

    # The end

    async def close(self) -> None:
        """Send everybody away and end every worker, within close_timeout_s; cancelling cuts their ends short."""
        self.closing = self.stopping = True
        self._alarm.set(None)
        for waiter in self.line:
            self.refuse(waiter, draining_error(is_stopping=True), Refusal.DRAINING)
        for hold in self.holds:
            hold.revoked.set()
        for seat in list(self.seats.values()):
            self.end(seat, EndReason.CLOSE)
        self._announce()
        await self._lives.close()
