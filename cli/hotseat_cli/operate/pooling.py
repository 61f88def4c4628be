"""What `hotseat pool show`, `resume` and `resize` do."""

from hotseat import pb

from hotseat_cli.operate import humane, records
from hotseat_cli.operate.session import Session


async def show(session: Session) -> None:
    """Print the pool."""
    pool = await session.client.get_pool()
    if session.output.as_json:
        session.output.json({"pool": records.pool(pool)})
    else:
        session.output.facts(facts(pool, session.now()))


async def resume(session: Session) -> None:
    """Take turns again."""
    told(session, await session.client.resume_pool())


async def resize(session: Session, **bounds: float) -> None:
    """Change the bounds."""
    told(session, await session.client.resize_pool(**bounds))  # type: ignore[arg-type] # each as its option parsed it


def told(session: Session, pool: pb.Pool) -> None:
    """Print what became of the pool."""
    if session.output.as_json:
        session.output.json({"pool": records.pool(pool)})
    else:
        session.output.line(summary(pool))


def summary(pool: pb.Pool) -> str:
    """The pool in one line."""
    size, stats = pool.size, pool.stats
    return (
        f"{records.pool_state(pool)}: {stats.running_workers} running, {stats.queued_turns} waiting, "
        f"{there_are(stats)} of at most {size.max_workers} processes"
    )


def there_are(stats: pb.PoolStats) -> int:
    """How many processes there are."""
    return (
        stats.starting_workers
        + stats.warm_workers
        + stats.idle_workers
        + stats.running_workers
        + stats.stopping_workers
    )


def facts(pool: pb.Pool, now: float) -> list[tuple[str, str]]:
    """The pool, fact by fact."""
    size, stats = pool.size, pool.stats
    up = records.since(pool, "start_time", now)
    idle_timeout = records.seconds(size.idle_timeout)
    found = [
        ("State", records.pool_state(pool)),
        ("Up", "-" if up is None else humane.duration(up)),
        ("Processes", f"{there_are(stats)} of at most {size.max_workers}: {_by_state(stats)}"),
        ("Spares", f"{size.warm_workers} wanted"),
        ("Idle time-out", humane.duration(idle_timeout) if idle_timeout else "never"),
        ("Memory", _memory(size, stats)),
        ("Queue", _queue(size, stats)),
        ("Turns", _turns(stats)),
        ("Refused", f"{stats.refused_turn_count:,} (queue full); {stats.cancelled_turn_count:,} gave up waiting"),
        ("Starts", _starts(pool, now)),
        ("Lost", f"{stats.worker_lost_count:,} ended by themselves"),
        ("Evicted", f"{stats.lru_eviction_count:,} for room, {stats.idle_eviction_count:,} idle"),
        ("Containment", pool.containment),
        ("Sandbox", _sandbox(pool.sandbox)),
        ("Key", "in every worker's environment" if pool.key_mode == "env" else ""),
    ]
    return [(name, value) for name, value in found if value]


def _starts(pool: pb.Pool, now: float) -> str:
    text = f"{pool.stats.worker_start_count:,}; {pool.stats.worker_start_failure_count:,} failed"
    if pool.HasField("start_retry_time"):
        left = humane.duration(pool.start_retry_time.ToNanoseconds() / 1e9 - now)
        text += f" too often: no more for {left}, the core's log says why"
    return text


def _sandbox(sandbox: pb.Sandbox) -> str:
    if sandbox.enabled:
        return f"on, network {sandbox.network}"
    return f"off: {sandbox.disabled_reason}" if sandbox.disabled_reason else ""


def _by_state(stats: pb.PoolStats) -> str:
    counts = {
        "running": stats.running_workers,
        "idle": stats.idle_workers,
        "warm": stats.warm_workers,
        "starting": stats.starting_workers,
        "stopping": stats.stopping_workers,
    }
    return ", ".join(f"{count} {state}" for state, count in counts.items() if count) or "none"


def _memory(size: pb.PoolSize, stats: pb.PoolStats) -> str:
    if not size.memory_limit_bytes:
        return "no limit"
    return f"{humane.size(stats.memory_bytes)} of at most {humane.size(size.memory_limit_bytes)}"


def _queue(size: pb.PoolSize, stats: pb.PoolStats) -> str:
    text = f"{stats.queued_turns} of at most {size.max_queue} wait"
    if stats.queued_turns:
        text += f", the oldest for {humane.duration(records.seconds(stats.oldest_queue_duration))}"
    return text


def _turns(stats: pb.PoolStats) -> str:
    counts = {"hot": stats.hot_turn_count, "warm": stats.warm_turn_count, "cold": stats.cold_turn_count}
    total = sum(counts.values())
    if not total:
        return "none yet"
    shares = ", ".join(f"{count / total:.0%} {kind}" for kind, count in counts.items())
    waited = records.seconds(stats.queue_duration) / total
    return f"{total:,} begun: {shares}; {humane.duration(waited)} in the queue on average"
