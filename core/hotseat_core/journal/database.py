"""The journal's file: opened, checked, brought up to date; moved aside where it can't be used."""

import logging
import os
import re
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path

from hotseat_core.errors import StorageFailed
from hotseat_core.journal.failures import is_damage

logger = logging.getLogger(__name__)

APPLICATION_ID = 0x48536A31  # "HSj1", in the file's header
BUSY_TIMEOUT_S = 5.0
_SIDE_FILES = ("-wal", "-shm")
_MAX_WAL_BYTES = 64 * 1024 * 1024


def prepare(path: Path, clock: Callable[[], float]) -> str | None:
    """Leave a sound journal at the path; return where an unusable one was moved to.

    Raises StorageFailed where the journal is of a newer version, and sqlite3.Error or OSError where the disk fails:
    neither says anything about the file, which stays.
    """
    moved: str | None = None
    if any(file.exists() for file in _files(path)) and (fault := _fault(path)):
        moved = _move_aside(path, clock())
        logger.error(
            "the journal can't be used: it was moved aside, and a new one begins without what it held",
            extra={"moved_to": moved, "fault": fault},
        )
    if not path.exists():
        _make(path)
    return moved


def connect(path: Path, *, read_only: bool) -> sqlite3.Connection:
    """Return a connection for the thread that calls."""
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
    try:
        # FULL: a commit is on the disk, not on its way, when it returns.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA cell_size_check = ON")
        connection.execute(f"PRAGMA journal_size_limit = {_MAX_WAL_BYTES}")
        connection.execute(f"PRAGMA query_only = {'ON' if read_only else 'OFF'}")
    except BaseException:
        connection.close()
        raise
    return connection


def _fault(path: Path) -> str:
    """Return why the file is no journal of ours, or not any more; empty: it is one, and up to date now."""
    if not path.exists():
        return "the file is gone, but not its write-ahead log"
    if not path.stat().st_size:
        return "the file is empty"
    try:
        connection = connect(path, read_only=False)
        try:
            fault = _inspect(connection)
            if not fault:
                _migrate(connection)
        finally:
            connection.close()
    except sqlite3.DatabaseError as exc:
        if is_damage(exc):
            return str(exc)
        raise
    except UnicodeDecodeError:  # of SQLite's complaint, which quotes the damage
        return "the schema is damaged"
    return fault


def _inspect(connection: sqlite3.Connection) -> str:
    if _number(connection, "application_id") != APPLICATION_ID:
        return "the file is the database of another program"
    version, known = _number(connection, "user_version"), max(_migrations())
    if version > known:
        raise StorageFailed(
            f"the journal is of version {version} and this core knows {known}: start the newer hotseat that wrote it, "
            "or set HOTSEAT_DATA_DIR to another directory"
        )
    verdict = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    return "" if verdict == "ok" else verdict


def _make(path: Path) -> None:
    """Put a new journal there, whole or not at all: an empty file there always means that one was lost."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f"{path.name}.new")
    for file in _files(draft):
        file.unlink(missing_ok=True)
    os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
    connection = connect(draft, read_only=False)
    try:
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("PRAGMA journal_mode = WAL")
        _migrate(connection)
    finally:
        connection.close()
    draft.rename(path)
    _sync_directory(path.parent)


def _migrate(connection: sqlite3.Connection) -> None:
    version = _number(connection, "user_version")
    for number, script in sorted(_migrations().items()):
        if number > version:
            connection.executescript(f"BEGIN IMMEDIATE;\n{script}\nPRAGMA user_version = {number};\nCOMMIT;")
            logger.info("the journal was brought up to date", extra={"version": number})


def _migrations() -> dict[int, str]:
    """Return the scripts by the version that they lead to."""
    folder = resources.files("hotseat_core.journal") / "migrations"
    named = ((re.fullmatch(r"(\d{4})_\w+\.sql", file.name), file) for file in folder.iterdir())
    return {int(match[1]): file.read_text(encoding="utf-8") for match, file in named if match}


def _move_aside(path: Path, now: float) -> str:
    stamp = datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%SZ")
    target, count = path.with_name(f"{path.name}.corrupt-{stamp}"), 1
    while any(file.exists() for file in _files(target)):
        count += 1
        target = path.with_name(f"{path.name}.corrupt-{stamp}-{count}")
    # The file goes first: a new one must never meet the old one's log, which SQLite would replay into it.
    for old, new in zip(_files(path), _files(target), strict=True):
        if old.exists():
            old.rename(new)
    _sync_directory(path.parent)
    return str(target)


def _files(path: Path) -> list[Path]:
    return [path, *(path.with_name(path.name + suffix) for suffix in _SIDE_FILES)]


def _number(connection: sqlite3.Connection, name: str) -> int:
    value: int = connection.execute(f"PRAGMA {name}").fetchone()[0]
    return value


def _sync_directory(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
