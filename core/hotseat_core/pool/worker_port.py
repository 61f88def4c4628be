"""What the pool needs of a worker, and the only things it knows about one."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class WorkerSpec:
    """What kind of process: a spare of a spec serves any conversation that asks for an equal one."""

    profile: str
    # None: a fresh workspace of its own, the usual case. A path: it must run there, so no spare can be kept for it.
    cwd: str | None = None
    # None: it begins empty, the usual case. Else it begins with this, so no spare can be kept for it.
    opening: Hashable | None = None

    @property
    def may_have_spares(self) -> bool:
        """Others may ask for the same."""
        return self.cwd is None and self.opening is None


class PoolWorker(Protocol):
    """One process, as the pool sees it."""

    @property
    def id(self) -> str:
        """Its name, not reused."""

    @property
    def spec(self) -> WorkerSpec:
        """What it was started as."""

    @property
    def pid(self) -> int:
        """The CLI's process id."""

    @property
    def root_pid(self) -> int:
        """The process id of the root of the worker's tree: the CLI, or what stands around it."""

    @property
    def ended(self) -> asyncio.Event:
        """Set when the process is gone, whoever ended it."""

    async def aclose(self) -> None:
        """Return when the whole process tree is gone; bounded, idempotent, gentle first."""


# Spawns a worker and parks it. Raises WorkerStartError. When cancelled it leaves no process behind: the pool
# cancels starts only while it closes.
StartWorker = Callable[[WorkerSpec], Awaitable[PoolWorker]]
