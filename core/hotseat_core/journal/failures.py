"""What SQLite's errors mean for who asked."""

import logging
import sqlite3
from types import MappingProxyType

from hotseat_core.errors import HistoryLost, StorageFailed

logger = logging.getLogger(__name__)

# By primary error code: what an operator can do.
_REMEDIES = MappingProxyType(
    {
        sqlite3.SQLITE_FULL: "the disk is full: make room where HOTSEAT_DATA_DIR is",
        sqlite3.SQLITE_IOERR: "the disk fails or is full: look at the disk where HOTSEAT_DATA_DIR is",
        sqlite3.SQLITE_READONLY: "the file can't be written: let the core write to HOTSEAT_DATA_DIR",
        sqlite3.SQLITE_CANTOPEN: "the file can't be opened: let the core write to HOTSEAT_DATA_DIR",
        sqlite3.SQLITE_BUSY: "another process holds the file: end it, or try again",
        sqlite3.SQLITE_CORRUPT: "the file is damaged: restart the core, which moves it aside, and restore a copy",
        sqlite3.SQLITE_NOTADB: "the file is damaged: restart the core, which moves it aside, and restore a copy",
    }
)
_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


def is_damage(exc: sqlite3.Error) -> bool:
    """Whether the file itself is not, or no longer, a journal."""
    return _primary(exc) in _DAMAGE


def failure(exc: sqlite3.Error) -> StorageFailed:
    """Return what to tell who asked; the log gets what an operator needs."""
    if getattr(exc, "sqlite_errorcode", None) == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
        return HistoryLost("the messages that this follows are not in the journal any more; send the whole history")
    name = getattr(exc, "sqlite_errorname", type(exc).__name__)
    remedy = _REMEDIES.get(_primary(exc), "the core's log says more")
    logger.error("the journal failed", extra={"error": str(exc), "code": name})
    retry_delay_s = 1.0 if _primary(exc) == sqlite3.SQLITE_BUSY else None
    return StorageFailed(f"the journal failed; {remedy}", metadata={"sqliteError": name}, retry_delay_s=retry_delay_s)


def _primary(exc: sqlite3.Error) -> int:
    return getattr(exc, "sqlite_errorcode", 0) & 0xFF
