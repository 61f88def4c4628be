"""What clients keep with their turns: read and written within a transaction that the caller holds."""

import sqlite3
from collections.abc import Mapping

import msgspec

from hotseat_core.errors import InvalidMessage
from hotseat_core.journal.reading import latest_turn, turn_of_request
from hotseat_core.journal.store import Note, NotedPage, PlacedTurn, StoredTurn

_INSERT = """
INSERT INTO note (tenant, conversation_id, turn, request_id, start_time, label, model, metadata, body)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_OF_TURN = "SELECT label, model, metadata, body FROM note WHERE tenant = ? AND conversation_id = ? AND turn = ?"
_OF_CONVERSATION = "SELECT turn, label, model, metadata, body FROM note WHERE tenant = ? AND conversation_id = ?"
_UPDATE = """
UPDATE note SET label = ?, model = ?, metadata = ?, body = ? WHERE tenant = ? AND conversation_id = ? AND turn = ?
"""
_DELETE = "DELETE FROM note WHERE tenant = ? AND conversation_id = ? AND turn = ?"
_PLACE = "SELECT start_time, request_id FROM note WHERE tenant = ? AND label = ? AND request_id = ?"
_LIST = """
SELECT conversation_id, request_id, label, model, metadata, body FROM note
WHERE tenant = :tenant AND label = :label AND (start_time, request_id) {beyond} (:start_time, :request_id)
    AND (:model = '' OR model = :model)
    AND (
        SELECT count(*) FROM json_each(:metadata) AS wanted JOIN json_each(note.metadata) AS held
        ON held.key = wanted.key AND held.value = wanted.value
    ) = :wanted
ORDER BY start_time {order}, request_id {order} LIMIT :limit
"""
_LATEST_FIRST = _LIST.format(beyond="<", order="DESC")
_FIRST_FIRST = _LIST.format(beyond=">", order="ASC")

_encode = msgspec.json.encode
_decode_metadata = msgspec.json.Decoder(dict[str, str]).decode


def keep(connection: sqlite3.Connection, tenant: str, conversation_id: str, turn: StoredTurn, note: Note) -> None:
    """Keep a note with a turn that has none."""
    place = (tenant, conversation_id, turn.turn, turn.request_id, turn.start_time)
    connection.execute(_INSERT, (*place, *_values(note)))


def change(connection: sqlite3.Connection, tenant: str, request_id: str, note: Note | None) -> bool:
    """Replace or remove the note of the latest turn of this request; False: it has none."""
    placed = noted_turn(connection, tenant, request_id=request_id, fingerprint="")
    if placed is None or placed.note is None:
        return False
    key = (tenant, placed.conversation_id, placed.turn.turn)
    if note is None:
        connection.execute(_DELETE, key)
    else:
        connection.execute(_UPDATE, (*_values(note), *key))
    return True


def noted_turn(connection: sqlite3.Connection, tenant: str, request_id: str, fingerprint: str) -> PlacedTurn | None:
    """Return the latest turn of this request, or with this fingerprint, with its note."""
    placed = latest_turn(connection, tenant, request_id, fingerprint)
    if placed is None:
        return None
    row = connection.execute(_OF_TURN, (tenant, placed.conversation_id, placed.turn.turn)).fetchone()
    return msgspec.structs.replace(placed, note=_note(*row)) if row is not None else placed


def notes_of(connection: sqlite3.Connection, tenant: str, conversation_id: str) -> dict[int, Note]:
    """Return the notes of a conversation's turns."""
    rows = connection.execute(_OF_CONVERSATION, (tenant, conversation_id)).fetchall()
    return {turn: _note(*row) for turn, *row in rows}


def noted_turns(
    connection: sqlite3.Connection,
    tenant: str,
    *,
    label: str,
    model: str,
    metadata: Mapping[str, str],
    after: str,
    latest_first: bool,
    limit: int,
    max_bytes: int,
) -> NotedPage:
    """Return turns with such a note, by their start. Raises InvalidMessage where `after` is none of them."""
    beyond = (float("inf") if latest_first else float("-inf"), "")
    if after:
        found = connection.execute(_PLACE, (tenant, label, after)).fetchone()
        if found is None:
            raise InvalidMessage("page_token is none of ours", metadata={"field": "page_token"})
        beyond = found
    wanted = {
        "tenant": tenant,
        "label": label,
        "model": model,
        "metadata": _encode(metadata).decode(),
        "wanted": len(metadata),
        "start_time": beyond[0],
        "request_id": beyond[1],
        "limit": limit + 1,
    }
    placed: list[PlacedTurn] = []
    size = 0
    # One after another: what is beyond the bounds is not even read.
    for conversation_id, request_id, *row in connection.execute(
        _LATEST_FIRST if latest_first else _FIRST_FIRST, wanted
    ):
        turn, note = turn_of_request(connection, tenant, conversation_id, request_id), _note(*row)
        if turn is None:
            continue
        size += len(note.body.encode()) + len(turn.input) + len(turn.completed or b"")
        if len(placed) == limit or (placed and size > max_bytes):
            return NotedPage(tuple(placed), has_more=True)
        placed.append(PlacedTurn(tenant, conversation_id, turn, note))
    return NotedPage(tuple(placed), has_more=False)


def _values(note: Note) -> tuple[str, str, str, str]:
    return (note.label, note.model, _encode(note.metadata).decode(), note.body)


def _note(label: str, model: str, metadata: str, body: str) -> Note:
    return Note(label, model, _decode_metadata(metadata), body)
