"""What the journal writes, each within a transaction that its caller holds."""

import sqlite3
from collections.abc import Sequence

import msgspec

from hotseat_core.errors import ConversationExists, DuplicateRequest, Fenced
from hotseat_core.journal.node import Node
from hotseat_core.journal.notes import keep
from hotseat_core.journal.reading import get, turn_of_request
from hotseat_core.journal.store import Due, Lease, Note, StoredConversation, StoredTurn
from hotseat_core.journal.tree import add, cut

_INSERT = """
INSERT INTO conversation (
    tenant, conversation_id, owner, epoch, settings, root, head, is_transient, workspace, turn_count, usage,
    create_time, update_time, keep_s
) VALUES (
    :tenant, :conversation_id, :owner, :epoch, :settings, :root, :head, :is_transient, :workspace, :turn_count, :usage,
    :create_time, :update_time, :keep_s
) ON CONFLICT DO NOTHING
"""

_COUNT_TURN = """
UPDATE conversation SET turn_count = turn_count + 1, update_time = ?, workspace = coalesce(?, workspace)
WHERE tenant = ? AND conversation_id = ? AND epoch = ? RETURNING turn_count
"""

_BEGIN_TURN = """
INSERT INTO turn (tenant, conversation_id, turn, request_id, input, start_time, fingerprint)
VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING
"""

_RUNS = "SELECT 1 FROM turn WHERE tenant = ? AND conversation_id = ? AND completed IS NULL"


def create(
    connection: sqlite3.Connection, conversation: StoredConversation, nodes: Sequence[Node], owner: str
) -> Lease:
    """Begin a conversation. Raises ConversationExists."""
    add(connection, conversation.tenant, nodes)
    lease = Lease(conversation.tenant, conversation.conversation_id, _next_epoch(connection))
    values = {field: getattr(conversation, field) for field in conversation.__struct_fields__}
    values |= {"owner": owner, "epoch": lease.epoch, "head": conversation.head or None}
    if not connection.execute(_INSERT, values).rowcount:
        raise ConversationExists(f"conversation {conversation.conversation_id} exists; choose another id")
    return lease


def claim(
    connection: sqlite3.Connection, tenant: str, conversation_id: str, owner: str
) -> tuple[StoredConversation, Lease] | None:
    """Take a conversation from whoever has it."""
    found = get(connection, tenant, conversation_id)
    if found is None:
        return None
    epoch = _next_epoch(connection)
    connection.execute(
        "UPDATE conversation SET epoch = ?, owner = ? WHERE tenant = ? AND conversation_id = ?",
        (epoch, owner, tenant, conversation_id),
    )
    return msgspec.structs.replace(found, epoch=epoch), Lease(tenant, conversation_id, epoch)


def begin_turn(
    connection: sqlite3.Connection, lease: Lease, turn: StoredTurn, workspace: str | None, note: Note | None
) -> None:
    """Note a turn that begins. Raises Fenced, DuplicateRequest, or ValueError where it is not the next one."""
    key = (lease.tenant, lease.conversation_id)
    counted = connection.execute(_COUNT_TURN, (turn.start_time, workspace, *key, lease.epoch)).fetchall()
    if not counted:
        raise _fenced(lease)
    values = (*key, turn.turn, turn.request_id, turn.input, turn.start_time, turn.fingerprint)
    noted = connection.execute(_BEGIN_TURN, values).rowcount
    if noted and counted == [(turn.turn,)]:
        if note is not None:
            keep(connection, *key, turn, note)
        return
    known = turn_of_request(connection, *key, turn.request_id)
    if noted or known is None:
        raise ValueError(f"turn {turn.turn} is not the next one")
    raise DuplicateRequest(
        f"request {turn.request_id} was turn {known.turn} of this conversation; read that turn's outcome",
        metadata={"requestId": turn.request_id, "turn": str(known.turn)},
    )


def end_turn(
    connection: sqlite3.Connection,
    lease: Lease,
    turn: StoredTurn,
    nodes: Sequence[Node],
    *,
    head: str,
    usage: bytes,
    update_time: float,
) -> None:
    """Note how a turn ended. Raises Fenced, or ValueError where it was not begun or ended otherwise."""
    key = (lease.tenant, lease.conversation_id)
    before = _fence(connection, lease, update_time)
    noted = connection.execute(
        "SELECT completed, head FROM turn WHERE tenant = ? AND conversation_id = ? AND turn = ? AND request_id = ?",
        (*key, turn.turn, turn.request_id),
    ).fetchone()
    if noted is None:
        raise ValueError(f"turn {turn.turn} was not begun")
    if noted[0] is not None:
        if noted != (turn.completed, head or None):
            raise ValueError(f"turn {turn.turn} has ended otherwise")
        return
    add(connection, lease.tenant, nodes)
    connection.execute(
        "UPDATE turn SET completed = ?, head = ? WHERE tenant = ? AND conversation_id = ? AND turn = ?",
        (turn.completed, head or None, *key, turn.turn),
    )
    connection.execute(
        "UPDATE conversation SET head = ?, usage = ? WHERE tenant = ? AND conversation_id = ?",
        (head or None, usage, *key),
    )
    cut(connection, lease.tenant, [before])


def move(
    connection: sqlite3.Connection,
    lease: Lease,
    nodes: Sequence[Node],
    *,
    head: str,
    root: str,
    settings: bytes,
    keep_s: float | None,
    update_time: float,
) -> None:
    """Put the head elsewhere. Raises Fenced."""
    before = _fence(connection, lease, update_time)
    add(connection, lease.tenant, nodes)
    connection.execute(
        "UPDATE conversation SET head = ?, root = ?, settings = ?, keep_s = ? WHERE tenant = ? AND conversation_id = ?",
        (head or None, root, settings, keep_s, lease.tenant, lease.conversation_id),
    )
    cut(connection, lease.tenant, [before])


def delete(connection: sqlite3.Connection, tenant: str, conversation_id: str) -> bool:
    """Forget a conversation, and what only it reached."""
    key = (tenant, conversation_id)
    heads = connection.execute(
        "SELECT DISTINCT head FROM turn WHERE tenant = ? AND conversation_id = ? AND head IS NOT NULL", key
    ).fetchall()
    gone = connection.execute(
        "DELETE FROM conversation WHERE tenant = ? AND conversation_id = ? RETURNING head", key
    ).fetchall()
    cut(connection, tenant, [head for (head,) in (*gone, *heads)])
    return bool(gone)


def expire(connection: sqlite3.Connection, tenant: str, conversation_id: str, due: Due) -> bool:
    """Forget a conversation if it is kept no longer and no turn of it runs."""
    found = get(connection, tenant, conversation_id)
    if found is None or not due.includes(found) or connection.execute(_RUNS, (tenant, conversation_id)).fetchone():
        return False
    return delete(connection, tenant, conversation_id)


def _fence(connection: sqlite3.Connection, lease: Lease, update_time: float) -> str | None:
    """Touch the conversation, if the lease still holds, and return its head: other writes begin here."""
    held = connection.execute(
        "UPDATE conversation SET update_time = ? WHERE tenant = ? AND conversation_id = ? AND epoch = ? RETURNING head",
        (update_time, lease.tenant, lease.conversation_id, lease.epoch),
    ).fetchall()
    if not held:
        raise _fenced(lease)
    head: str | None = held[0][0]
    return head


def _fenced(lease: Lease) -> Fenced:
    return Fenced(
        f"conversation {lease.conversation_id} was taken over or deleted; read it again",
        metadata={"conversationId": lease.conversation_id},
    )


def _next_epoch(connection: sqlite3.Connection) -> int:
    epoch: int = connection.execute("UPDATE latest SET epoch = epoch + 1 RETURNING epoch").fetchall()[0][0]
    return epoch
