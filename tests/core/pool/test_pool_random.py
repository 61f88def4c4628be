"""Whatever happens in whatever order: the bounds hold at every step, and in the end nothing is left."""

import asyncio
import random
from collections import Counter

import pytest
from hotseat_core.errors import ConversationBusy, HotseatError, WorkerStartError
from hotseat_core.pool.policy import plan
from hotseat_core.pool.pool import Pool
from hotseat_core.pool.settings import PoolSettings
from hotseat_core.pool.view import Wake, WorkerState
from hotseat_core.pool.worker_port import WorkerSpec

from tests.fakes.clock import ManualClock, settled
from tests.fakes.worker import FakeMachine

AGENT, BARE, PLACED = WorkerSpec("claude-code"), WorkerSpec("claude"), WorkerSpec("claude-code", cwd="/srv/project")
STEPS = 300
CAPACITY = 3


class Storm:
    """One pool, and everything that can happen to it."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.clock = ManualClock()
        self.machine = FakeMachine(starts_at_once=False, ends_at_once=False)
        self.machine.on_change = self.check_capacity
        self.turns: set[asyncio.Task[None]] = set()
        self.holding: Counter[str] = Counter()
        settings = PoolSettings(
            AGENT,
            max_workers=CAPACITY,
            warm_workers=1,
            max_queue=4,
            queue_timeout_s=20,
            idle_timeout_s=15,
            max_starting=2,
            close_timeout_s=0.5,
        )
        self.pool = Pool(settings, self.machine.start, clock=self.clock, wall=self.clock.time)

    def check_capacity(self) -> None:
        assert self.machine.process_count <= CAPACITY

    def check(self) -> None:
        self.check_capacity()
        floor = self.pool._floor
        held = [seat.view.conversation for seat in floor.seats.values() if seat.view.conversation]
        assert len(held) == len(set(held))
        assert len(floor.seats) <= CAPACITY
        assert max(self.holding.values(), default=0) <= 1, "two turns of one conversation at once"
        running = sum(seat.view.state is WorkerState.RUNNING for seat in floor.seats.values())
        assert running <= len(floor.holds)
        if not any(waiter.answer.done() for waiter in floor.line):  # else one is about to leave
            assert [action for action in plan(floor.view(), self.clock.now) if not isinstance(action, Wake)] == []

    async def one_turn(self, conversation: str) -> None:
        dice = self.dice
        try:
            lease = await self.pool.acquire(
                conversation,
                dice.choice([AGENT, AGENT, BARE, PLACED]),
                fresh=dice.random() < 0.2,
                transient=dice.random() < 0.3,
            )
        except HotseatError:
            return
        self.holding[conversation] += 1
        try:
            for _ in range(dice.randrange(8)):
                await asyncio.sleep(0)
        finally:
            self.holding[conversation] -= 1
            lease.release(keep=dice.random() < 0.8)

    async def evict(self) -> None:
        try:
            await self.pool.evict(self.conversation(), force=self.dice.random() < 0.3)
        except ConversationBusy:
            return

    def conversation(self) -> str:
        return self.dice.choice("abcdef")

    def spawn(self, coroutine: "asyncio._CoroutineLike[None]") -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self.turns.add(task)
        task.add_done_callback(self.turns.discard)

    def happen(self) -> None:
        """Anything."""
        dice, machine = self.dice, self.machine
        waiting = [start for start in machine.starts if not start.answer.done()]
        match dice.randrange(10):
            case 0 | 1 | 2:
                self.spawn(self.one_turn(self.conversation()))
            case 3 if self.turns:
                dice.choice(sorted(self.turns, key=lambda turn: turn.get_name())).cancel()
            case 4 | 5 if waiting:
                dice.choice(waiting).answer.set_result(None)
            case 6 if waiting and dice.random() < 0.5:
                dice.choice(waiting).answer.set_exception(WorkerStartError("unlucky"))
            case 7 if machine.alive:
                dice.choice(machine.alive).may_end.set()
            case 8 if machine.alive and dice.random() < 0.3:
                dice.choice(machine.alive).die()
            case 9:
                self.steer()
            case _:
                for worker in machine.alive:
                    worker.may_end.set()

    def steer(self) -> None:
        match self.dice.randrange(6):
            case 0:
                self.clock.advance(self.dice.choice([0.1, 1, 6, 40]))
            case 1:
                self.spawn(self.evict())
            case 2:
                self.pool.drain(self.dice.choice([None, 0, 5]))
            case 3 | 4:
                self.pool.resume()
            case _:
                self.pool.resize(warm_workers=self.dice.randrange(3), max_workers=CAPACITY)

    async def calm_down(self) -> None:
        """Let everything that is under way go well, until every turn is over."""
        self.pool.resume()
        for _ in range(500):
            self.machine.starts_at_once = self.machine.ends_at_once = True
            for start in self.machine.starts:
                if not start.answer.done():
                    start.answer.set_result(None)
            for worker in self.machine.alive:
                worker.may_end.set()
            await settled()
            if not self.turns:
                return
        raise AssertionError(f"forgotten: {self.turns} in {self.pool!r}")


@pytest.mark.parametrize("seed", range(40))
async def test_in_any_interleaving_the_bounds_hold_and_everybody_gets_an_answer(seed: int) -> None:
    storm = Storm(seed)
    async with storm.pool:
        for _ in range(STEPS):
            storm.happen()
            for _ in range(storm.dice.randrange(4)):
                await asyncio.sleep(0)
                storm.check()
        await storm.calm_down()
        storm.check()
        assert not storm.pool._floor.holds
    assert repr(storm.pool) == "<Pool [Workers: 0 running, 0 idle, 0 warm, 0 starting, 0 stopping | Waiters: 0]>"
    assert storm.machine.process_count == 0
    assert asyncio.all_tasks() == {asyncio.current_task()}
