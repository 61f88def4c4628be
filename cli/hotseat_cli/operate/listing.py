"""What `hotseat ps` and `queue` show."""

from hotseat_cli.operate import records, tables
from hotseat_cli.operate.session import MOST_ON_A_PAGE, Session, everything


async def workers(session: Session, *, only_ids: bool) -> None:
    """Print every process."""
    listed = everything(session.client.list_workers, "workers", page_size=MOST_ON_A_PAGE)
    found = tables.in_order([worker async for worker in listed])
    output = session.output
    if output.as_json:
        output.json({"workers": [records.worker(worker) for worker in found]})
    elif only_ids:
        output.lines(worker.worker_id for worker in found)
    else:
        output.table(tables.workers(found, session.now()))
        if not found:
            output.note("no process runs: the next turn starts one")


async def queue(session: Session) -> None:
    """Print every turn that waits."""
    listed = everything(session.client.list_queued_turns, "queued_turns", page_size=MOST_ON_A_PAGE)
    found = [turn async for turn in listed]
    output = session.output
    if output.as_json:
        output.json({"queued_turns": [records.queued_turn(turn) for turn in found]})
        return
    output.table(tables.queue(found, session.now()))
    if not found:
        output.note("no turn waits")
