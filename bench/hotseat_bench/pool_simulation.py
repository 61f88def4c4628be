"""A pool without processes and a clock that jumps: what a policy makes of a trace."""

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial

from hotseat_core.pool.fairness import moved_up, numbered
from hotseat_core.pool.settings import PoolSettings
from hotseat_core.pool.spares import remember
from hotseat_core.pool.view import (
    Action,
    Assign,
    End,
    PoolView,
    Refuse,
    Source,
    Start,
    WaiterView,
    Wake,
    WorkerState,
    WorkerView,
)
from hotseat_core.pool.worker_port import WorkerSpec
from hotseat_core.pool.worth import cost_of_return_ms
from msgspec.structs import replace

from hotseat_bench.pool_traces import Talk

Plan = Callable[[PoolView, float], list[Action]]
SPEC = WorkerSpec("claude")
# Measured with the real CLI: a process until it is parked, its end, and a follow-up on a hot one.
START_S, END_S, HOT_S = 0.32, 0.05, 0.02
MESSAGES_A_TURN = 2


@dataclass(slots=True)
class Outcome:
    """What became of the turns of one trace."""

    sources: Counter[Source] = field(default_factory=Counter)
    waits_s: dict[str, list[float]] = field(default_factory=dict)  # by tenant: from the ask to a worker that can begin
    refused: int = 0
    most_processes: int = 0
    starts: int = 0


class Simulation:
    """One trace under one policy."""

    def __init__(self, plan: Plan, settings: PoolSettings, talks: Iterable[Talk]) -> None:
        self._plan = plan
        self._settings = settings
        self._talks = {talk.id: talk for talk in talks}
        self._done = Counter[str]()  # turns by conversation
        self._workers: dict[int, WorkerView] = {}
        self._waiters: dict[int, WaiterView] = {}
        self._last: dict[str, float] = {}
        self._recent: tuple[WorkerSpec, ...] = (SPEC,)
        self._events: list[tuple[float, int, Callable[[], object]]] = []
        self._count = 0
        self._now = 0.0
        self._wake_at = float("inf")
        self.outcome = Outcome()

    def run(self) -> Outcome:
        """Let everything happen."""
        for talk in self._talks.values():
            self._at(talk.begin_s, partial(self._ask, talk))
        self._settle()
        while self._events:
            self._now, _, happen = heapq.heappop(self._events)
            happen()
            self._settle()
        return self.outcome

    def _at(self, when: float, happen: Callable[[], object]) -> None:
        heapq.heappush(self._events, (when, self._next(), happen))

    def _next(self) -> int:
        self._count += 1
        return self._count

    def _ask(self, talk: Talk) -> None:
        done = self._done[talk.id]
        waiter = WaiterView(
            self._next(),
            talk.id,
            SPEC,
            self._now,
            transient=not talk.is_named and done == 0,
            tenant=talk.tenant,
            message_count=MESSAGES_A_TURN * done,
        )
        last = self._last if self._waiters else {}
        waiter = numbered(waiter, self._waiters.values(), last)
        self._last = {**last, waiter.tenant: waiter.number}
        self._waiters[waiter.order] = waiter

    def _settle(self) -> None:
        while self._follow():
            pass

    def _follow(self) -> bool:
        view = PoolView(
            self._settings, tuple(self._workers.values()), tuple(self._waiters.values()), recent=self._recent
        )
        refused = False
        for action in self._plan(view, self._now):
            match action:
                case Assign():
                    self._assign(action)
                case Start():
                    self._start(action.spec)
                case End():
                    self._change(action.seat, WorkerState.STOPPING)
                    self._at(self._now + END_S, partial(self._workers.pop, action.seat))
                case Refuse():
                    self._refuse(action.waiter)
                    refused = True
                case Wake():
                    self._wake(action.at)
        self._waiters = {order: replace(waiter, accepted=True) for order, waiter in self._waiters.items()}
        self.outcome.most_processes = max(self.outcome.most_processes, len(self._workers))
        return refused

    def _wake(self, at: float) -> None:
        if self._wake_at <= self._now or at < self._wake_at:
            self._wake_at = at
            self._at(at, lambda: None)

    def _refuse(self, order: int) -> None:
        gone = self._waiters.pop(order)
        self._waiters = {order: moved_up(waiter, gone) for order, waiter in self._waiters.items()}
        self._last[gone.tenant] -= 1 / gone.weight
        self.outcome.refused += 1

    def _start(self, spec: WorkerSpec) -> None:
        seat = self._next()
        self._workers[seat] = WorkerView(seat, spec, WorkerState.STARTING, self._now)
        self.outcome.starts += 1
        self._at(self._now + START_S, partial(self._get_ready, seat))

    def _get_ready(self, seat: int) -> None:
        if self._workers[seat].state is WorkerState.STARTING:
            self._change(seat, WorkerState.WARM)
            self._workers[seat] = replace(self._workers[seat], ready_order=self._next())

    def _change(self, seat: int, state: WorkerState) -> None:
        self._workers[seat] = replace(self._workers[seat], state=state, since=self._now)

    def _assign(self, action: Assign) -> None:
        waiter = self._waiters.pop(action.waiter)
        if action.source is not Source.HOT:
            self._recent = remember(self._recent, SPEC)
        self._workers[action.seat] = replace(
            self._workers[action.seat],
            state=WorkerState.RUNNING,
            since=self._now,
            conversation=waiter.conversation,
            tenant=waiter.tenant,
            transient=waiter.transient,
            message_count=waiter.message_count,
        )
        bind_s = HOT_S if action.source is Source.HOT else cost_of_return_ms(waiter.message_count) / 1000
        self.outcome.sources[action.source] += 1
        self.outcome.waits_s.setdefault(waiter.tenant, []).append(self._now - waiter.since + bind_s)
        talk = self._talks[waiter.conversation]
        _, duration_s = talk.turns[self._done[talk.id]]
        self._at(self._now + bind_s + duration_s, partial(self._end_turn, action.seat, talk))

    def _end_turn(self, seat: int, talk: Talk) -> None:
        self._change(seat, WorkerState.IDLE)
        self._done[talk.id] += 1
        if self._done[talk.id] < len(talk.turns):
            think_s, _ = talk.turns[self._done[talk.id]]
            self._at(self._now + think_s, partial(self._ask, talk))


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share of all is at most."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else 0.0
