"""How the pool says no: what happened, what to do, and when to try again."""

from typing import assert_never

from hotseat_core.errors import HotseatError, PoolDraining, PoolFull, QueueTimeout, WorkerStartError
from hotseat_core.pool.settings import PoolSettings
from hotseat_core.pool.view import Refusal


def refusal(
    why: Refusal, settings: PoolSettings, waited_s: float, retry_delay_s: float, *, is_stopping: bool
) -> HotseatError:
    """The error that a turn without a worker ends with; retry_delay_s: when a retry would probably succeed."""
    bounds = "POOL_SIZE or HOTSEAT_MEMORY_LIMIT_MB" if settings.memory_limit_bytes else "POOL_SIZE"
    match why:
        case Refusal.FULL:
            return PoolFull(
                f"every worker is busy, of at most {settings.max_workers}, and {settings.max_queue} turns wait; "
                f"retry later, or raise {bounds} or HOTSEAT_MAX_QUEUE",
                retry_delay_s=retry_delay_s,
            )
        case Refusal.TIMEOUT:
            return QueueTimeout(
                f"no worker was free within {waited_s:.0f} s; retry later, or raise {bounds}",
                retry_delay_s=retry_delay_s,
            )
        case Refusal.DRAINING:
            return draining_error(is_stopping=is_stopping)
        case Refusal.START_FAILING | Refusal.START_FAILED:
            return WorkerStartError(
                f"workers fail to start again and again; the next try is in {retry_delay_s:.0f} s, the log says why",
                retry_delay_s=retry_delay_s,
            )
        case _:
            assert_never(why)


def draining_error(*, is_stopping: bool) -> PoolDraining:
    """What new turns hear while the pool drains; is_stopping: the server does so to stop, and another may come."""
    return PoolDraining(
        "this server is draining and takes no new turns; retry with another one",
        metadata={"stopping": "true"} if is_stopping else {},
        retry_delay_s=1.0,
    )
