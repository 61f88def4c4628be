"""Turns on a worker, for its tests."""

import asyncio
from collections.abc import Sequence

from hotseat_core.events import Event, Outcome, PermissionRequested
from hotseat_core.worker.rows import Row
from hotseat_core.worker.setup import TurnSetup
from hotseat_core.worker.translate import Ending, TurnReport
from hotseat_core.worker.worker import Worker

INTERRUPTED = Ending(Outcome.INTERRUPTED)


def user(text: str) -> Row:
    return Row("user", ({"type": "text", "text": text},))


def model(text: str) -> Row:
    return Row("assistant", ({"type": "text", "text": text},))


class Turn:
    """One turn and what it told."""

    def __init__(
        self, worker: Worker, text: str, setup: TurnSetup | None = None, stall_timeout_s: float = 20.0
    ) -> None:
        self.worker = worker
        self.prompt = user(text)
        self.events: list[Event] = []
        self.news = asyncio.Event()
        asking = worker.ask(self.prompt, setup or TurnSetup(), self._sink, stall_timeout_s=stall_timeout_s)
        self.task = asyncio.create_task(asking)

    def _sink(self, events: list[Event]) -> None:
        self.events += events
        self.news.set()

    async def first(self, kind: type[Event]) -> Event:
        """Return the first event of a kind."""
        while True:
            found = next((event for event in self.events if isinstance(event, kind)), None)
            if found is not None:
                return found
            self.news.clear()
            await self.news.wait()

    async def report(self) -> TurnReport:
        return await self.task


async def ask(worker: Worker, text: str, setup: TurnSetup | None = None) -> TurnReport:
    return await Turn(worker, text, setup).report()


async def recall(worker: Worker, rows: Sequence[Row]) -> str:
    """What the CLI holds once it has been brought to hold these rows."""
    await worker.align(rows)
    return (await ask(worker, "recall")).text


async def asked(turn: Turn) -> PermissionRequested:
    request = await turn.first(PermissionRequested)
    assert isinstance(request, PermissionRequested)
    return request
