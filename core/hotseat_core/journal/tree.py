"""The tree of messages in SQLite: written, read back, and cut where nothing reaches it."""

import logging
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from hotseat_core.errors import HistoryLost, StorageFailed
from hotseat_core.journal.node import Node, decode, digest, encode, place

logger = logging.getLogger(__name__)

_PLACES = """
WITH RECURSIVE path (node_id, parent_id, visible_id, digest) AS (
    SELECT node_id, parent_id, visible_id, digest FROM node WHERE tenant = :tenant AND node_id = :head
    UNION -- not ALL: a damaged file may have a circle
    SELECT node.node_id, node.parent_id, node.visible_id, node.digest
    FROM path JOIN node ON node.tenant = :tenant AND node.node_id = path.parent_id
)
SELECT node_id, parent_id, visible_id, digest FROM path
"""

_BODIES = """
SELECT message.digest, message.body
FROM json_each(:digests) AS wanted CROSS JOIN message ON message.tenant = :tenant AND message.digest = wanted.value
"""

_CUT = """
DELETE FROM node
WHERE tenant = :tenant AND node_id = :node
    AND NOT EXISTS (SELECT 1 FROM node WHERE tenant = :tenant AND parent_id = :node)
    AND NOT EXISTS (SELECT 1 FROM conversation WHERE tenant = :tenant AND head = :node)
    AND NOT EXISTS (SELECT 1 FROM turn WHERE tenant = :tenant AND head = :node)
RETURNING parent_id, digest
"""

_CUT_MESSAGE = """
DELETE FROM message WHERE tenant = :tenant AND digest = :digest
    AND NOT EXISTS (SELECT 1 FROM node WHERE tenant = :tenant AND digest = :digest)
"""


class Place(msgspec.Struct, frozen=True):
    """A node without what it says."""

    node_id: str
    parent_id: str
    visible_id: str
    digest: str


def add(connection: sqlite3.Connection, tenant: str, nodes: Sequence[Node]) -> None:
    """Write the nodes that are not there yet, parents first. An unknown parent is a foreign key error."""
    for node in _unknown(connection, tenant, nodes):
        name = digest(node.message)
        connection.execute(
            "INSERT INTO message (tenant, digest, body) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            (tenant, name, encode(node.message)),
        )
        connection.execute(
            "INSERT INTO node (tenant, node_id, parent_id, visible_id, digest) VALUES (?, ?, ?, ?, ?)",
            (tenant, node.node_id, node.parent_id or None, node.visible_id, name),
        )


def _unknown(connection: sqlite3.Connection, tenant: str, nodes: Sequence[Node]) -> list[Node]:
    """Return the nodes that are not there, parents first: where a node is, all before it are."""
    unknown, known = [], set[str]()
    for node in reversed(nodes):
        key = (tenant, node.node_id)
        if (
            node.node_id in known
            or connection.execute("SELECT 1 FROM node WHERE tenant = ? AND node_id = ?", key).fetchone()
        ):
            known.add(node.parent_id)
        else:
            unknown.append(node)
    return unknown[::-1]


def cut(connection: sqlite3.Connection, tenant: str, heads: Iterable[str | None]) -> None:
    """Remove, from each of these nodes upwards, what no conversation and no turn reaches any more."""
    for head in heads:
        node = head
        while node is not None:
            gone = connection.execute(_CUT, {"tenant": tenant, "node": node}).fetchall()
            if not gone:
                break
            node, name = gone[0]
            connection.execute(_CUT_MESSAGE, {"tenant": tenant, "digest": name})


def path_to(connection: sqlite3.Connection, tenant: str, head: str) -> tuple[Node, ...]:
    """Return the nodes from the first one to the head. Raises HistoryLost, or StorageFailed where they are damaged."""
    if not head:
        return ()
    places = ancestry(connection, tenant, head)
    digests = msgspec.json.encode([place.digest for place in places]).decode()
    bodies = dict(connection.execute(_BODIES, {"tenant": tenant, "digests": digests}))
    return tuple(_node(place, bodies.get(place.digest)) for place in places)


def ancestry(connection: sqlite3.Connection, tenant: str, head: str) -> list[Place]:
    """Return the places from the first message to the head, without what was said there.

    Raises HistoryLost, or StorageFailed where they are damaged.
    """
    rows = {row[0]: row for row in connection.execute(_PLACES, {"tenant": tenant, "head": head})}
    if not rows:
        raise HistoryLost("this place of the history is not in the journal any more")
    found = [Place(node_id, parent or "", *rest) for node_id, parent, *rest in _in_order(rows, head)]
    if not _is_path(found, head):
        raise _damaged(head)
    return found


def node_at(connection: sqlite3.Connection, tenant: str, at: Place) -> tuple[Node, int]:
    """Return the node at a place, and its size on disk. Raises StorageFailed where it is damaged."""
    key = (tenant, at.digest)
    found = connection.execute("SELECT body FROM message WHERE tenant = ? AND digest = ?", key).fetchone()
    body = found[0] if found is not None else None
    return _node(at, body), len(body or b"")


def _node(at: Place, body: bytes | None) -> Node:
    try:
        message = decode(body) if body is not None else None
    except (msgspec.DecodeError, UnicodeError) as exc:
        raise _damaged(at.node_id) from exc
    if message is None or digest(message) != at.digest:
        raise _damaged(at.node_id)
    return Node(at.node_id, at.parent_id, at.visible_id, message)


def _in_order(rows: dict[str, Any], head: str) -> list[Any]:
    """Return the rows from the first message to the head, each once, as far as they are there."""
    found, node = [], head
    while node in rows:
        found.append(rows.pop(node))
        node = found[-1][1] or ""
    found.reverse()
    return found


def _is_path(places: Sequence[Place], head: str) -> bool:
    """Whether these are the messages that the head is the name of; the first one's root is not known here."""
    ids = [at.node_id for at in places]
    placed = [place(at.parent_id, at.digest) for at in places[1:]]
    return [*(at.parent_id for at in places), head] == ["", *ids] and placed == ids[1:]


def _damaged(head: str) -> StorageFailed:
    logger.error("messages in the journal are damaged", extra={"head": head})
    return StorageFailed("this history is damaged on disk; begin a new conversation, or restore a copy of the journal")
