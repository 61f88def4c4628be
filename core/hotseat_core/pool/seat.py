"""What the pool keeps for each process and for each waiting turn, beside the values that the policy sees."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from hotseat_core.pool.stats import Place, WorkerRow
from hotseat_core.pool.view import Source, WaiterView, WorkerView
from hotseat_core.pool.worker_port import PoolWorker

logger = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class Hold:
    """The pool's side of a lease; the holder has the other, so that one that is dropped can be noticed."""

    seat: "Seat"
    worker: PoolWorker
    source: Source
    waiter: WaiterView
    before: WorkerView  # what the worker goes back to if its turn never gets to know of it
    since: float
    start_time: float  # unix seconds
    for_good: bool = False  # ended on release, whatever its holder says
    revoked: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def conversation(self) -> str:
        """Whose turn it is."""
        return self.waiter.conversation


@dataclass(slots=True, eq=False)
class Waiter:
    """One turn in the queue."""

    view: WaiterView
    answer: asyncio.Future[Hold]
    on_queued: Callable[[Place], None] | None
    had_start: bool = False  # a worker that it waited for died at its start: it got another one

    def tell_place(self, wait_s: float) -> None:
        """Pass the place in the queue on; what the listener makes of it does not trouble the pool."""
        if self.on_queued is None:
            return
        try:
            self.on_queued(Place(self.view.position, wait_s))
        except Exception:
            logger.exception("a place in the queue could not be passed on")


@dataclass(slots=True, eq=False)
class Seat:
    """One process, from the order to start it until it is gone."""

    view: WorkerView
    start_time: float
    worker: PoolWorker | None = None  # None: it starts
    hold: Hold | None = None
    last_turn_time: float | None = None
    turn_count: int = 0
    hurry: asyncio.Event = field(default_factory=asyncio.Event)  # its process is to be started now
    over: asyncio.Event = field(default_factory=asyncio.Event)  # it has ended, or is to be ended
    gone: asyncio.Event = field(default_factory=asyncio.Event)  # nothing of it is left

    @property
    def name(self) -> str:
        """The worker's id, or a stand-in while it has none."""
        return f"starting-{self.view.seat}" if self.worker is None else self.worker.id

    def row(self) -> WorkerRow:
        """How it shows itself."""
        return WorkerRow(
            id=self.name,
            state=self.view.state,
            spec=self.view.spec,
            conversation=self.view.conversation,
            tenant=self.view.tenant,
            pid=None if self.worker is None else self.worker.pid,
            root_pid=None if self.worker is None else self.worker.root_pid,
            start_time=self.start_time,
            last_turn_time=self.last_turn_time,
            turn_count=self.turn_count,
            turn_start_time=None if self.hold is None else self.hold.start_time,
        )


async def wait_until_over(seat: Seat, worker: PoolWorker) -> None:
    """Return when the worker has ended by itself or the pool wants its end."""

    async def notice_its_end() -> None:
        await worker.ended.wait()
        seat.over.set()

    async with asyncio.TaskGroup() as tasks:
        noticing = tasks.create_task(notice_its_end(), name=f"end of worker {worker.id}")
        await seat.over.wait()
        noticing.cancel()


async def close_worker(worker: PoolWorker, timeout_s: float) -> None:
    """Return when the worker is gone, asking again as often as needed: a process that exists keeps its seat."""
    while True:
        try:
            async with asyncio.timeout(timeout_s):
                return await worker.aclose()
        except TimeoutError:
            logger.error("a worker does not end", extra={"worker": worker.id})  # noqa: TRY400 (no trace worth reading)
        except Exception:
            logger.exception("a worker could not be ended", extra={"worker": worker.id})
        if await _has_ended(worker, timeout_s):
            return None


async def _has_ended(worker: PoolWorker, timeout_s: float) -> bool:
    """Whether it ends within this time after all."""
    try:
        async with asyncio.timeout(timeout_s):
            return await worker.ended.wait()
    except TimeoutError:
        return False
