"""Takes changed settings while the core serves: those that the table of settings calls live."""

from typing import TypeVar

from hotseat_serving import logs

from hotseat_core.pool.pool import Pool
from hotseat_core.settings import CoreSettings

N = TypeVar("N", int, float)

_MIB = 1024 * 1024


def become(pool: Pool, old: CoreSettings, new: CoreSettings) -> None:
    """Act on what differs; what `hotseat pool resize` has changed meanwhile stays where the settings have not."""
    if new.log_level != old.log_level:
        logs.set_level(new.log_level)
    pool.resize(
        max_workers=_changed(old.pool_size, new.pool_size),
        warm_workers=_changed(min(old.warm_workers, old.pool_size), min(new.warm_workers, new.pool_size)),
        max_queue=_changed(old.max_queue, new.max_queue),
        idle_timeout_s=_changed(old.idle_timeout_ms / 1000, new.idle_timeout_ms / 1000),
        queue_timeout_s=_changed(old.queue_timeout_ms / 1000, new.queue_timeout_ms / 1000),
        memory_limit_bytes=_changed(old.memory_limit_mb * _MIB, new.memory_limit_mb * _MIB),
    )


def _changed(old: N, new: N) -> N | None:
    return None if new == old else new
