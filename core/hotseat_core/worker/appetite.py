"""What a worker may take of the machine while it runs, and what it takes. No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass

from hotseat_core.errors import Reason
from hotseat_core.events import Failure

_MIB = 2**20


@dataclass(frozen=True, slots=True)
class Appetite:
    """Of a worker with all that it has started. As a limit, 0 is none."""

    memory_bytes: int = 0
    processes: int = 0

    @property
    def is_limited(self) -> bool:
        """There is something to look after."""
        return bool(self.memory_bytes or self.processes)


def beyond(limit: Appetite, taken: Appetite) -> Failure | None:
    """Return why a worker has to end; None: it may go on."""
    if limit.processes and taken.processes > limit.processes:
        return _failure(
            f"what the agent has started came to {taken.processes} processes, and may be {limit.processes}",
            "HOTSEAT_WORKER_PROCESS_LIMIT",
            "processes",
        )
    if limit.memory_bytes and taken.memory_bytes > limit.memory_bytes:
        return _failure(
            f"what the agent has started took {taken.memory_bytes // _MIB} MiB of memory, and may take "
            f"{limit.memory_bytes // _MIB}",
            "HOTSEAT_WORKER_MEMORY_LIMIT_MB",
            "memory",
        )
    return None


def _failure(told: str, setting: str, limit: str) -> Failure:
    return Failure(
        Reason.TURN_LIMIT,
        f"{told}; all of it was ended. Let the agent do less at once, or have {setting} raised",
        {"limit": limit},
    )


def tree(root: int, children: Mapping[int, list[int]]) -> list[int]:
    """Return a process and all that are below it."""
    found = [root]
    for pid in found:
        found += children.get(pid, ())
    return found
