"""What the journal reads, each within a transaction that its caller holds."""

import sqlite3
from collections.abc import Sequence

import msgspec

from hotseat_core.journal.cursor import cursor_after, position_of
from hotseat_core.journal.store import Due, Found, Page, PlacedTurn, StoredConversation, StoredTurn

MAX_FOUND = 8

_GET = "SELECT * FROM conversation WHERE tenant = ? AND conversation_id = ?"
_LIST = """
SELECT * FROM conversation
WHERE tenant = ? AND (update_time, conversation_id) < (?, ?)
ORDER BY update_time DESC, conversation_id DESC LIMIT ?
"""
_TURNS = "SELECT * FROM turn WHERE tenant = ? AND conversation_id = ? AND turn > ? ORDER BY turn LIMIT ?"
_TURN_OF_REQUEST = "SELECT * FROM turn WHERE tenant = ? AND conversation_id = ? AND request_id = ?"
_LATEST_OF_REQUEST = "SELECT * FROM turn WHERE tenant = ? AND request_id = ? ORDER BY start_time DESC LIMIT 1"
_LATEST_LIKE = """
SELECT * FROM turn WHERE tenant = ? AND fingerprint = ? AND fingerprint <> '' ORDER BY start_time DESC LIMIT 1
"""
_INTERRUPTED = "SELECT * FROM turn WHERE completed IS NULL ORDER BY tenant, conversation_id, turn"
_DEEPEST = """
SELECT wanted.key + 1, wanted.value
FROM json_each(?) AS wanted CROSS JOIN node ON node.tenant = ? AND node.visible_id = wanted.value
ORDER BY wanted.key DESC LIMIT 1
"""
_IS_THERE = "SELECT 1 FROM node WHERE tenant = ? AND visible_id = ? LIMIT 1"
_AT_VISIBLE = """
SELECT conversation.* FROM node CROSS JOIN conversation
    ON conversation.tenant = node.tenant AND conversation.head = node.node_id
WHERE node.tenant = ? AND node.visible_id = ?
ORDER BY update_time DESC, conversation_id DESC LIMIT ?
"""
# By indexes alone, however many conversations there are; the terms are those of the indexes.
_OVERDUE = """
SELECT tenant, conversation_id FROM conversation
WHERE (
    ((is_transient AND turn_count < 2) = 0 AND update_time <= :used_by)
    OR ((is_transient AND turn_count < 2) = 1 AND update_time <= :one_shots_used_by)
    OR (keep_s IS NOT NULL AND update_time + keep_s <= :now)
) AND NOT EXISTS (
    SELECT 1 FROM turn
    WHERE turn.tenant = conversation.tenant AND turn.conversation_id = conversation.conversation_id
        AND completed IS NULL
) LIMIT :limit
"""
_WORKING_IN = """
SELECT conversation_id FROM conversation
WHERE workspace != '' AND substr(workspace, -length(:ending)) = :ending LIMIT :limit
"""
_LATEST_NODE = "SELECT node_id FROM node WHERE tenant = ? AND visible_id = ? ORDER BY rowid DESC LIMIT 1"


def get(connection: sqlite3.Connection, tenant: str, conversation_id: str) -> StoredConversation | None:
    """Return the conversation."""
    found = [_conversation(row) for row in _rows(connection, _GET, tenant, conversation_id)]
    return found[0] if found else None


def list_page(connection: sqlite3.Connection, tenant: str, after: str, limit: int) -> Page:
    """Return conversations, latest used first. Raises InvalidMessage."""
    rows = _rows(connection, _LIST, tenant, *position_of(after), limit + 1)
    found = tuple(_conversation(row) for row in rows[:limit])
    return Page(found, cursor_after(found[-1]) if len(rows) > limit else "")


def turns(
    connection: sqlite3.Connection, tenant: str, conversation_id: str, after: int, limit: int
) -> tuple[StoredTurn, ...]:
    """Return turns in order."""
    return tuple(_turn(row) for row in _rows(connection, _TURNS, tenant, conversation_id, after, limit))


def turn_of_request(
    connection: sqlite3.Connection, tenant: str, conversation_id: str, request_id: str
) -> StoredTurn | None:
    """Return the turn that the request began."""
    found = [_turn(row) for row in _rows(connection, _TURN_OF_REQUEST, tenant, conversation_id, request_id)]
    return found[0] if found else None


def interrupted_turns(connection: sqlite3.Connection) -> tuple[PlacedTurn, ...]:
    """Return the turns that never ended, of all tenants."""
    return tuple(_placed(row) for row in _rows(connection, _INTERRUPTED))


def latest_turn(connection: sqlite3.Connection, tenant: str, request_id: str, fingerprint: str) -> PlacedTurn | None:
    """Return the latest turn of this request, or with this fingerprint."""
    sql, wanted = (_LATEST_OF_REQUEST, request_id) if request_id else (_LATEST_LIKE, fingerprint)
    found = [_placed(row) for row in _rows(connection, sql, tenant, wanted)]
    return found[0] if found else None


def overdue(connection: sqlite3.Connection, due: Due, limit: int) -> tuple[tuple[str, str], ...]:
    """Return conversations of all tenants that are kept no longer."""
    times = {"now": due.now, "used_by": due.used_by, "one_shots_used_by": due.one_shots_used_by}
    return tuple(connection.execute(_OVERDUE, {**times, "limit": limit}).fetchall())


def working_in(connection: sqlite3.Connection, ending: str, limit: int) -> tuple[str, ...]:
    """Return conversations, of all tenants, by the end of their workspace's path."""
    found = connection.execute(_WORKING_IN, {"ending": ending, "limit": limit})
    return tuple(conversation_id for (conversation_id,) in found)


def find(connection: sqlite3.Connection, tenant: str, visible_ids: Sequence[str]) -> Found | None:
    """Return the deepest place that these visible ids reach."""
    depth = len(visible_ids)
    if not depth:
        return None
    visible_id = visible_ids[-1]
    # Mostly all of it is there: the client has it from us.
    if not connection.execute(_IS_THERE, (tenant, visible_id)).fetchone():
        wanted = msgspec.json.encode(visible_ids[:-1]).decode()
        deepest = connection.execute(_DEEPEST, (wanted, tenant)).fetchone()
        if deepest is None:
            return None
        depth, visible_id = deepest
    there = tuple(_conversation(row) for row in _rows(connection, _AT_VISIBLE, tenant, visible_id, MAX_FOUND))
    if there:
        return Found(depth, there[0].head, there)
    (head,) = connection.execute(_LATEST_NODE, (tenant, visible_id)).fetchone()
    return Found(depth, head, ())


def _rows(connection: sqlite3.Connection, sql: str, *parameters: str | float) -> list[sqlite3.Row]:
    cursor = connection.cursor()
    cursor.row_factory = sqlite3.Row
    return cursor.execute(sql, parameters).fetchall()


def _conversation(row: sqlite3.Row) -> StoredConversation:
    values = {field: row[field] for field in StoredConversation.__struct_fields__}
    return StoredConversation(**{**values, "head": row["head"] or "", "is_transient": bool(row["is_transient"])})


def _placed(row: sqlite3.Row) -> PlacedTurn:
    return PlacedTurn(row["tenant"], row["conversation_id"], _turn(row))


def _turn(row: sqlite3.Row) -> StoredTurn:
    values = {field: row[field] for field in StoredTurn.__struct_fields__}
    return StoredTurn(**{**values, "head": row["head"] or ""})
