"""How much of the pool a caller gets to see."""

from collections.abc import Iterable
from typing import Protocol, TypeVar

from hotseat.v1 import pool_service_pb2 as service

from hotseat_core.access.caller import caller


class _Row(Protocol):
    @property
    def conversation(self) -> str | None: ...

    @property
    def tenant(self) -> str: ...


Row = TypeVar("Row", bound=_Row)


def visible(rows: Iterable[Row]) -> list[Row]:
    """Return the rows that the present caller may see: an admin all, others what is their tenant's."""
    who = caller()
    return [row for row in rows if who.is_admin or (row.conversation is not None and row.tenant == who.tenant)]


def without_numbers(pool: service.Pool) -> service.Pool:
    """Return what anybody may know: whether it takes turns, and whether there is a worker to take them."""
    stats = pool.stats
    has_workers = stats.warm_workers + stats.idle_workers + stats.running_workers > 0
    shown = service.Pool(state=pool.state)
    if pool.HasField("start_retry_time") and not has_workers:
        shown.start_retry_time.CopyFrom(pool.start_retry_time)
    return shown
