"""The core's worker alone, brought to a history in each of the ways there are, whatever the core would choose."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from hotseat_core.events import Event, TextDelta
from hotseat_core.pool.worker_port import WorkerSpec
from hotseat_core.upstream.credential import Credential
from hotseat_core.upstream.given import BareKey
from hotseat_core.worker.containment import Containment
from hotseat_core.worker.factory import FactorySettings, WorkerFactory
from hotseat_core.worker.opening import Opening
from hotseat_core.worker.rows import Row
from hotseat_core.worker.setup import SessionSetup, TurnSetup
from hotseat_core.worker.worker import Worker

from hotseat_bench.clients import MODEL

_TURN_S = 60.0


def text_row(role: str, text: str) -> Row:
    """A message of one text."""
    return Row("user" if role == "user" else "assistant", ({"type": "text", "text": text},))


async def first_text_of(worker: Worker, text: str) -> float:
    """Seconds from a prompt to its first text, the turn run to its end."""
    seen: list[float] = []
    begun = time.perf_counter()

    def sink(events: list[Event]) -> None:
        if not seen and any(isinstance(event, TextDelta) for event in events):
            seen.append(time.perf_counter() - begun)

    report = await worker.ask(text_row("user", text), TurnSetup(), sink, stall_timeout_s=_TURN_S)
    if not report.ending.clean or not seen:
        raise RuntimeError(f"the turn ended otherwise: {report.ending}")
    return seen[0]


class Workers:
    """Starts workers as the core does."""

    def __init__(self, cli_path: str, upstream_url: str, scratch: Path, containment: Containment) -> None:
        self._factory = WorkerFactory(
            FactorySettings(
                cli_path=Path(cli_path),
                gate=BareKey(Credential("ANTHROPIC_API_KEY", "unused"), upstream_url),
                data_dir=scratch / "alone",
                containment=containment,
                inherited_env=os.environ,
            )
        )

    @asynccontextmanager
    async def parked(self, opening: Opening | None = None) -> AsyncIterator[Worker]:
        """A worker that is ready, ended on the way out."""
        async with asyncio.timeout(_TURN_S):
            worker = await self._factory.start(WorkerSpec(MODEL, opening=opening))
        try:
            yield worker
        finally:
            await worker.aclose()

    @staticmethod
    async def told(worker: Worker, rows: Sequence[Row], text: str) -> float:
        """Seconds until the worker, parked or hot, holds these rows and has begun to answer."""
        begun = time.perf_counter()
        if worker.setup is None:
            worker.bind(SessionSetup())
        await worker.align(rows)
        return time.perf_counter() - begun + await first_text_of(worker, text)

    async def cold(self, rows: Sequence[Row], text: str, opening: Opening | None = None) -> float:
        """The same from nothing: started, with an opening or without."""
        begun = time.perf_counter()
        async with self.parked(opening) as worker:
            started = time.perf_counter() - begun
            return started + await self.told(worker, rows, text)
