"""What `hotseat workspaces` does."""

from collections.abc import Sequence

from hotseat import HotseatError, pb

from hotseat_cli.operate import humane, records
from hotseat_cli.operate.session import MOST_ON_A_PAGE, Session, everything
from hotseat_cli.operate.tables import NOTHING, Column, Table

_COLUMNS = (
    Column("WORKSPACE", is_id=True),
    Column("NAME", spare=1),
    Column("CONVERSATIONS", is_number=True),
    Column("SIZE", is_number=True),
    Column("CHANGED", spare=2, is_number=True),
)
_MOST_TOLD = 3


async def ls(session: Session, *, only_unused_ids: bool) -> None:
    """Print the named workspaces."""
    listed = everything(session.client.list_workspaces, "workspaces", page_size=MOST_ON_A_PAGE)
    found: list[pb.Workspace] = [workspace async for workspace in listed]
    output = session.output
    if output.as_json:
        output.json({"workspaces": [records.workspace(each) for each in found]})
    elif only_unused_ids:
        output.lines(each.workspace_id for each in found if not each.conversation_ids)
    else:
        output.table(Table(_COLUMNS, tuple(_row(each, session.now()) for each in found)))
        if not found:
            output.note("no conversation has named a workspace")


async def rm(session: Session, workspaces: Sequence[str]) -> int:
    """Remove workspaces, whatever becomes of the others; the exit code."""
    well: list[str] = []
    failed: list[records.Record] = []
    for workspace in dict.fromkeys(workspaces):
        try:
            reason = _why_not(await session.client.delete_workspace(workspace))
        except HotseatError as error:
            reason = session.explain(error)
        if reason:
            failed.append({"workspace": workspace, "message": reason})
            session.output.note(f"hotseat: {workspace}: {reason}")
            continue
        well.append(workspace)
        if not session.output.as_json:
            session.output.line(f"{workspace}  deleted")
    if session.output.as_json:
        session.output.json({"deleted": well, "failed": failed})
    return 1 if failed else 0


def _why_not(answer: pb.DeleteWorkspaceResponse) -> str:
    """Why it is not gone by this; empty: it is."""
    if answer.is_deleted:
        return ""
    users = list(answer.conversation_ids)
    if not users:
        return "there is no such workspace; `hotseat workspaces ls` lists them"
    told = ", ".join(users[:_MOST_TOLD]) + (", ..." if len(users) > _MOST_TOLD else "")
    return f"conversations work in it: {told}; delete them first (`hotseat conversations rm`)"


def _row(found: pb.Workspace, now: float) -> tuple[str, ...]:
    changed = records.since(found, "update_time", now)
    return (
        found.workspace_id,
        found.name or NOTHING,
        str(len(found.conversation_ids)),
        humane.size(found.disk_bytes),
        NOTHING if changed is None else humane.duration(changed),
    )
