"""What `hotseat pool watch` prints."""

from contextlib import aclosing
from datetime import UTC, datetime

from hotseat import pb

from hotseat_cli.failure import CommandFailed
from hotseat_cli.operate import records
from hotseat_cli.operate.pooling import summary
from hotseat_cli.operate.session import Session


async def watch(session: Session, *, interval_s: float) -> None:
    """Print everything, then every change, until the core goes away."""
    async with aclosing(session.client.watch_pool(min_interval_s=interval_s)) as updates:
        async for update in updates:
            if session.output.as_json:
                session.output.json(_record(update))
            else:
                moment = datetime.fromtimestamp(session.now(), UTC).strftime("%H:%M:%SZ")
                for line in lines(update):
                    session.output.line(f"{moment}  {line}")
    raise CommandFailed(f"the core at {session.target} stops and has ended the watch; watch again when it is back")


def _record(update: pb.WatchPoolResponse) -> records.Record:
    return {
        "pool": records.pool(update.pool) if update.HasField("pool") else None,
        "workers": [records.worker(worker) for worker in update.workers],
    }


def lines(update: pb.WatchPoolResponse) -> list[str]:
    """What changed, for a reader."""
    told = [f"pool {summary(update.pool)}"] if update.HasField("pool") else []
    for worker in update.workers:
        holds = f"  {worker.conversation_id}" if worker.conversation_id else ""
        told.append(f"{worker.worker_id}  {records.worker_state(worker)}{holds}")
    return told
