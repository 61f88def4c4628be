"""Workers without a process: a test says when each gets ready, ends, or fails to."""

import asyncio
from collections.abc import Callable

from hotseat_core.pool.worker_port import WorkerSpec


class FakeWorker:
    """A worker whose end waits for may_end."""

    def __init__(self, number: int, spec: WorkerSpec, on_end: Callable[["FakeWorker"], None]) -> None:
        self.id = f"worker-{number}"
        self.spec = spec
        self.pid = self.root_pid = 10_000 + number
        self.ended = asyncio.Event()
        self.may_end = asyncio.Event()
        self.close_calls = 0
        self._on_end = on_end

    async def aclose(self) -> None:
        """End, once the test allows it."""
        self.close_calls += 1
        await self.may_end.wait()
        self.die()

    def die(self) -> None:
        """The process is gone."""
        self.may_end.set()
        if not self.ended.is_set():
            self.ended.set()
            self._on_end(self)


class FakeStart:
    """One order to start a worker, that waits for the test's word."""

    def __init__(self, number: int, spec: WorkerSpec) -> None:
        self.number = number
        self.spec = spec
        self.answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()


class FakeMachine:
    """Starts workers and counts the processes there are: starting, there, ending."""

    def __init__(self, *, starts_at_once: bool = True, ends_at_once: bool = True) -> None:
        self.starts_at_once = starts_at_once
        self.ends_at_once = ends_at_once
        self.starts: list[FakeStart] = []  # that wait
        self.alive: list[FakeWorker] = []
        self.start_count = 0
        self.most_processes = 0
        self.on_change: Callable[[], None] = lambda: None

    @property
    def process_count(self) -> int:
        """How many processes exist now."""
        return len(self.starts) + len(self.alive)

    async def start(self, spec: WorkerSpec) -> FakeWorker:
        """Start a worker: the pool's StartWorker."""
        self.start_count += 1
        start = FakeStart(self.start_count, spec)
        self.starts.append(start)
        self._note_change()
        try:
            if not self.starts_at_once:
                await start.answer
        finally:
            self.starts.remove(start)
        worker = FakeWorker(start.number, spec, self._forget)
        if self.ends_at_once:
            worker.may_end.set()
        self.alive.append(worker)
        self._note_change()
        return worker

    def get_ready(self, index: int = 0) -> None:
        """Let a start succeed."""
        self.starts[index].answer.set_result(None)

    def fail(self, error: Exception, index: int = 0) -> None:
        """Let a start fail."""
        self.starts[index].answer.set_exception(error)

    def _forget(self, worker: FakeWorker) -> None:
        self.alive.remove(worker)
        self._note_change()

    def _note_change(self) -> None:
        self.most_processes = max(self.most_processes, self.process_count)
        self.on_change()
