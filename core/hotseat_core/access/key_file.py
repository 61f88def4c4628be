"""The file that keys are kept in. Blocking: who serves calls it from a thread."""

import os
import re
import sqlite3
from collections.abc import Callable, Iterable
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec

from hotseat_core.access.caller import Limits, Scope
from hotseat_core.access.key import Key, Use
from hotseat_core.errors import StorageFailed

FILE_NAME = "keys.db"
_APPLICATION_ID = 0x48536B31  # "HSk1", in the file's header
_BUSY_TIMEOUT_S = 5.0

_INSERT = """
INSERT INTO key (
    key_id, digest, hint, name, tenant, scopes, limits, weight, create_time, expire_time, revoke_time, last_use_time
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_UPDATE = "UPDATE key SET name = ?, scopes = ?, limits = ?, weight = ?, expire_time = ? WHERE key_id = ?"
_USED = """
INSERT INTO key_use (key_id, day, request_count, token_count, cost_usd) VALUES (?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET
    request_count = excluded.request_count, token_count = excluded.token_count, cost_usd = excluded.cost_usd
"""


class KeyFile:
    """Keys and what they were used for. The core has it open, and a command on the same machine may change it too."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection: sqlite3.Connection | None = None

    def open(self) -> None:
        """Open the file, or make it. Raises StorageFailed: a file that can't be read keeps everybody out."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.close(os.open(self.path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
            self._connection = self._connect()
        except (OSError, sqlite3.Error) as exc:
            raise StorageFailed(
                f"the keys in {self.path} can't be read: {exc}; bring the file back from a backup, or remove it to "
                "begin without keys"
            ) from exc

    def _connect(self) -> sqlite3.Connection:
        # One thread after another has it.
        connection = sqlite3.connect(self.path, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("PRAGMA trusted_schema = OFF")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA journal_mode = WAL")
            _migrate(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def close(self) -> None:
        """Let go of the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @property
    def _db(self) -> sqlite3.Connection:
        if self._connection is None:
            raise StorageFailed("the keys are not open")
        return self._connection

    def version(self) -> int:
        """Return a number that changes when somebody else has changed the file."""
        found: int = self._db.execute("PRAGMA data_version").fetchone()[0]
        return found

    def keys(self) -> list[Key]:
        """Return every key that there is or was, the oldest first. Raises StorageFailed where one can't be read."""
        return [_key(row) for row in self._db.execute("SELECT * FROM key ORDER BY create_time, key_id")]

    def uses(self, day: int) -> dict[str, Use]:
        """Return what was used on a day, by key."""
        rows = self._db.execute(
            "SELECT key_id, request_count, token_count, cost_usd FROM key_use WHERE day = ?", (day,)
        )
        return {key_id: Use(day, *counts) for key_id, *counts in rows}

    def add(self, key: Key) -> None:
        """Keep a new key."""
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute(_INSERT, _row(key))

    def change(self, key_id: str, change: Callable[[Key], Key]) -> bool:
        """Let a key be what change makes of it. False: there is no such key. Raises what change raises."""
        db = self._db
        db.execute("PRAGMA synchronous = FULL")
        db.execute("BEGIN IMMEDIATE")  # what another process changes meanwhile must not get lost
        try:
            row = db.execute("SELECT * FROM key WHERE key_id = ?", (key_id,)).fetchone()
            if row is None:
                return False
            db.execute(_UPDATE, _changeable(change(_key(row))))
            db.execute("COMMIT")
        finally:
            if db.in_transaction:
                db.execute("ROLLBACK")
        return True

    def revoke(self, key_id: str, now: float) -> bool:
        """Let a key open nothing any more; one that is revoked stays as it is. False: there is no such key."""
        self._db.execute("PRAGMA synchronous = FULL")
        changed = self._db.execute(
            "UPDATE key SET revoke_time = coalesce(revoke_time, ?) WHERE key_id = ?", (now, key_id)
        )
        return bool(changed.rowcount)

    def note_use(self, uses: Iterable[tuple[str, Use, float]]) -> None:
        """Keep what keys were used for, and when they last were; a loss of power may undo the latest."""
        db = self._db
        db.execute("PRAGMA synchronous = NORMAL")
        db.execute("BEGIN IMMEDIATE")
        try:
            for key_id, use, last in uses:
                db.execute(_USED, (key_id, use.day, use.request_count, use.token_count, use.cost_usd))
                db.execute("UPDATE key SET last_use_time = ? WHERE key_id = ?", (last, key_id))
            db.execute("COMMIT")
        finally:
            if db.in_transaction:
                db.execute("ROLLBACK")


def _changeable(key: Key) -> tuple[Any, ...]:
    return key.name, _scopes(key), _limits(key), key.weight, key.expire_time, key.key_id


def _scopes(key: Key) -> str:
    return msgspec.json.encode(sorted(scope.value for scope in key.scopes)).decode()


def _limits(key: Key) -> str:
    return msgspec.json.encode(key.limits).decode()


def _row(key: Key) -> tuple[Any, ...]:
    return (
        *(key.key_id, key.digest, key.hint, key.name, key.tenant, _scopes(key), _limits(key), key.weight),
        *(key.create_time, key.expire_time, key.revoke_time, key.last_use_time),
    )


def _key(row: tuple[Any, ...]) -> Key:
    key_id, digest, hint, name, tenant, scopes, limits, weight, created, expires, revoked, used = row
    try:
        may, within = msgspec.json.decode(scopes, type=frozenset[Scope]), msgspec.json.decode(limits, type=Limits)
    except msgspec.MsgspecError as exc:
        raise StorageFailed(f"the key {key_id} can't be read, perhaps a newer hotseat wrote it: {exc}") from exc
    return Key(
        key_id=key_id,
        digest=digest,
        hint=hint,
        name=name,
        tenant=tenant,
        scopes=may,
        limits=within,
        weight=weight,
        create_time=created,
        expire_time=expires,
        revoke_time=revoked,
        last_use_time=used,
    )


def _migrate(connection: sqlite3.Connection) -> None:
    """Bring the file up to date. Raises sqlite3.DatabaseError where it is not ours, or of a newer version."""
    connection.execute("BEGIN IMMEDIATE")  # two that begin at once do it one after the other
    try:
        version = _number(connection, "user_version")
        if version and _number(connection, "application_id") != _APPLICATION_ID:
            raise sqlite3.DatabaseError("it is the database of another program")
        scripts = _migrations()
        if version > max(scripts):
            raise sqlite3.DatabaseError(f"it is of version {version}, and this hotseat knows {max(scripts)}")
        for number, script in sorted(scripts.items()):
            if number > version:
                for statement in _statements(script):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {number}")
        if not version:
            connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _statements(script: str) -> list[str]:
    """Return the statements of a script: run as one script, they would end the transaction around them."""
    plain = re.sub(r"--.*", "", script)
    return [statement for statement in plain.split(";") if statement.strip()]


def _migrations() -> dict[int, str]:
    """Return the scripts by the version that they lead to."""
    folder = resources.files("hotseat_core.access") / "migrations"
    named = ((re.fullmatch(r"(\d{4})_\w+\.sql", file.name), file) for file in folder.iterdir())
    return {int(match[1]): file.read_text(encoding="utf-8") for match, file in named if match}


def _number(connection: sqlite3.Connection, name: str) -> int:
    value: int = connection.execute(f"PRAGMA {name}").fetchone()[0]
    return value
