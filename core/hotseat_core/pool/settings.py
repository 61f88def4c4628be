"""How large the pool is and how patient, as it is told by whoever builds it."""

import os

import msgspec

from hotseat_core.errors import InvalidMessage
from hotseat_core.pool.worker_port import WorkerSpec


class PoolSettings(msgspec.Struct, frozen=True):
    """The pool's bounds; those that `resized` takes can be changed while it serves."""

    default_spec: WorkerSpec  # what the first spares are
    max_workers: int = 4  # processes that exist, starting and ending ones included
    warm_workers: int = 1
    max_queue: int = 128  # turns that wait for a seat; those whose worker already starts are not counted
    idle_timeout_s: float = 600.0  # 0: never
    queue_timeout_s: float = 120.0
    memory_limit_bytes: int = 0  # of all workers with their tools, as measured; 0: none
    max_starting: int = msgspec.field(default_factory=lambda: os.cpu_count() or 1)
    close_timeout_s: float = 10.0  # for one worker to end, before the pool complains and asks again
    revoke_timeout_s: float = 5.0  # for a holder to give a revoked worker back, before it is ended under them

    def __post_init__(self) -> None:
        """Refuse what cannot work, saying which field it is."""
        if self.max_workers < 1 or self.max_starting < 1:
            raise InvalidMessage("a pool needs at least one worker and one start at a time: raise max_workers")
        if min(self.warm_workers, self.max_queue, self.memory_limit_bytes) < 0:
            raise InvalidMessage("warm_workers, max_queue and memory_limit_bytes cannot be negative")
        if min(self.idle_timeout_s, self.queue_timeout_s, self.revoke_timeout_s) < 0 or self.close_timeout_s <= 0:
            raise InvalidMessage("a pool's timeouts cannot be negative, and close_timeout_s not 0")

    def resized(
        self,
        *,
        max_workers: int | None = None,
        warm_workers: int | None = None,
        max_queue: int | None = None,
        idle_timeout_s: float | None = None,
        queue_timeout_s: float | None = None,
        memory_limit_bytes: int | None = None,
    ) -> "PoolSettings":
        """The same settings with other bounds; None keeps one as it is."""
        return msgspec.structs.replace(
            self,
            max_workers=self.max_workers if max_workers is None else max_workers,
            warm_workers=self.warm_workers if warm_workers is None else warm_workers,
            max_queue=self.max_queue if max_queue is None else max_queue,
            idle_timeout_s=self.idle_timeout_s if idle_timeout_s is None else idle_timeout_s,
            queue_timeout_s=self.queue_timeout_s if queue_timeout_s is None else queue_timeout_s,
            memory_limit_bytes=self.memory_limit_bytes if memory_limit_bytes is None else memory_limit_bytes,
        )
