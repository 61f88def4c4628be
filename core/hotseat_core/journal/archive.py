"""Conversations as a whole, and page by page: read and written within a transaction that the caller holds."""

import sqlite3
from collections.abc import Sequence

import msgspec

from hotseat_core.journal.node import Node
from hotseat_core.journal.notes import keep, notes_of
from hotseat_core.journal.reading import get, turns
from hotseat_core.journal.store import Said, Snapshot, StoredTurn
from hotseat_core.journal.tree import ancestry, node_at
from hotseat_core.journal.writing import create

_ALL = 2**62

_TURNS_ENDED_AT = """
SELECT turn.* FROM json_each(:heads) AS wanted CROSS JOIN turn ON turn.tenant = :tenant AND turn.head = wanted.value
WHERE turn.conversation_id = :conversation_id ORDER BY turn.turn
"""

_INSERT_TURN = """
INSERT INTO turn (tenant, conversation_id, turn, request_id, input, start_time, completed, head, fingerprint)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""


def said(
    connection: sqlite3.Connection,
    tenant: str,
    conversation_id: str,
    *,
    head: str,
    start: int,
    limit: int,
    latest_first: bool,
    max_bytes: int,
) -> Said | None:
    """Return a page of the messages up to a head."""
    found = get(connection, tenant, conversation_id)
    if found is None:
        return None
    head = head or found.head
    path = ancestry(connection, tenant, head) if head else []
    places = _places(len(path), start, latest_first=latest_first)
    nodes: list[Node] = []
    size = 0
    for place in places[:limit]:
        node, length = node_at(connection, tenant, path[place - 1])
        size += length
        if nodes and size > max_bytes:
            break
        nodes.append(node)
    if latest_first:
        nodes.reverse()
    first = (places[len(nodes) - 1] if latest_first else places[0]) if nodes else 0
    last = first + len(nodes) - 1
    next_id = path[last].node_id if nodes and last < len(path) else ""
    heads = [node.node_id for node in nodes] + ([next_id] if next_id else [])
    return Said(head, len(path), first, tuple(nodes), next_id, _ended_at(connection, tenant, conversation_id, heads))


def _places(total: int, start: int, *, latest_first: bool) -> range:
    if latest_first:
        return range(min(start or total, total), 0, -1)
    return range(max(start, 1), total + 1)


def _ended_at(
    connection: sqlite3.Connection, tenant: str, conversation_id: str, heads: Sequence[str]
) -> tuple[StoredTurn, ...]:
    cursor = connection.cursor()
    cursor.row_factory = sqlite3.Row
    wanted = {"tenant": tenant, "conversation_id": conversation_id, "heads": msgspec.json.encode(heads).decode()}
    rows = cursor.execute(_TURNS_ENDED_AT, wanted).fetchall()
    return tuple(StoredTurn(**{field: row[field] for field in StoredTurn.__struct_fields__}) for row in rows)


def snapshot(connection: sqlite3.Connection, tenant: str, conversation_id: str) -> Snapshot | None:
    """Return all that is kept of a conversation, but for a turn that runs."""
    found = get(connection, tenant, conversation_id)
    if found is None:
        return None
    ended = [
        turn for turn in turns(connection, tenant, conversation_id, after=0, limit=_ALL) if turn.completed is not None
    ]
    nodes: dict[str, Node] = {}
    for head in (found.head, *(turn.head for turn in ended)):
        if not head or head in nodes:
            continue
        for place in ancestry(connection, tenant, head):
            if place.node_id not in nodes:
                nodes[place.node_id] = node_at(connection, tenant, place)[0]
    notes = notes_of(connection, tenant, conversation_id)
    kept = {turn.turn: notes[turn.turn] for turn in ended if turn.turn in notes}
    return Snapshot(found, tuple(ended), tuple(nodes.values()), kept)


def restore(connection: sqlite3.Connection, snapshot: Snapshot, owner: str) -> None:
    """Enter a conversation with its past. Raises ConversationExists."""
    made = snapshot.conversation
    create(connection, made, snapshot.nodes, owner)
    for turn in snapshot.turns:
        connection.execute(
            _INSERT_TURN,
            (
                made.tenant,
                made.conversation_id,
                turn.turn,
                turn.request_id,
                turn.input,
                turn.start_time,
                turn.completed,
                turn.head or None,
                turn.fingerprint,
            ),
        )
        if (note := snapshot.notes.get(turn.turn)) is not None:
            keep(connection, made.tenant, made.conversation_id, turn, note)
