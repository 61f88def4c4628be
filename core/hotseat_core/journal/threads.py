"""One thread that writes and one that reads: the loop never waits for a disk."""

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from hotseat_core.errors import StorageFailed
from hotseat_core.journal.database import connect, prepare
from hotseat_core.journal.failures import failure

Result = TypeVar("Result")
Work = Callable[[sqlite3.Connection], Result]
Outcome = Callable[[Future[Any]], None]  # tells who waits

MAX_BATCH = 64
_END_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class _Write:
    work: Work[Any]
    future: Future[Any]
    outlives_power: bool


class _DatabaseThread:
    """A thread with a connection of its own."""

    def __init__(self, name: str, *, read_only: bool) -> None:
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        self._read_only = read_only
        self._connection: sqlite3.Connection | None = None
        self._is_closed = False

    async def open(self, path: Path) -> None:
        """Connect. Raises StorageFailed."""
        await self._submit(lambda: self._connect(path))

    async def aclose(self) -> None:
        """Carry out what was asked for, disconnect and end."""
        if self._is_closed:
            return
        self._is_closed = True
        try:
            async with asyncio.timeout(_END_TIMEOUT_S):
                await asyncio.wrap_future(self._executor.submit(self._disconnect))
        finally:
            self._executor.shutdown(wait=False)

    async def _submit(self, call: Callable[[], Result]) -> Result:
        self._check_open()
        try:
            return await asyncio.wrap_future(self._executor.submit(call))
        except sqlite3.Error as exc:
            raise failure(exc) from exc

    def _check_open(self) -> None:
        if self._is_closed:
            raise StorageFailed("the journal is closed: the core is ending; try again when it is back")

    def _connect(self, path: Path) -> None:
        self._connection = connect(path, read_only=self._read_only)

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            raise StorageFailed("the journal is not open")
        return self._connection


class Reader(_DatabaseThread):
    """Reads, each from one state of the file."""

    def __init__(self) -> None:
        super().__init__("journal-reader", read_only=True)

    async def run(self, work: Work[Result]) -> Result:
        """Return what the work reads. Raises StorageFailed."""
        return await self._submit(lambda: self._read(work))

    def _read(self, work: Work[Result]) -> Result:
        connection = self._connected()
        connection.execute("BEGIN")
        try:
            return work(connection)
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")


class Writer(_DatabaseThread):
    """Writes, each whole or not at all; those that wait together share one trip to the disk."""

    def __init__(self, max_batch: int = MAX_BATCH) -> None:
        super().__init__("journal-writer", read_only=False)
        self._max_batch = max_batch
        self._waits_for_disk = True  # what the connection's `synchronous` says
        self._waiting: deque[_Write] = deque()  # each has a call of _write_waiting to come

    async def make_ready(self, path: Path, clock: Callable[[], float]) -> str | None:
        """Check the file, bring it up to date, and connect; return where an unusable one was moved to.

        Raises StorageFailed.
        """
        try:
            moved = await self._submit(lambda: prepare(path, clock))
        except OSError as exc:
            raise StorageFailed(f"the journal can't be opened: {exc.strerror}; look at HOTSEAT_DATA_DIR") from exc
        await self.open(path)
        return moved

    async def run(self, work: Work[Result], *, outlives_power: bool = True) -> Result:
        """Carry the work out, and return once it is on the disk.

        outlives_power False: once it outlives the process; a loss of power may undo it, alone or with later ones of
        its kind, which costs a quarter of the time.

        Raises what the work raises, or StorageFailed. Where the caller is cancelled it is carried out or not. The work
        may be called again after it was rolled back.
        """
        self._check_open()
        future: Future[Result] = Future()
        self._waiting.append(_Write(work, future, outlives_power))
        # Not awaited itself, so that no caller's end can cancel what may write for others.
        self._executor.submit(self._write_waiting)
        return await asyncio.wrap_future(future)

    def _write_waiting(self) -> None:
        """Write what waits by now; the calls that were meant for it find nothing to do."""
        while self._waiting:
            size = min(len(self._waiting), self._max_batch)
            batch = [self._waiting.popleft() for _ in range(size)]
            wanted = [write for write in batch if write.future.set_running_or_notify_cancel()]
            if wanted:
                self._write(wanted)

    def _write(self, batch: Sequence[_Write]) -> None:
        try:
            outcomes = self._commit(batch)
        except sqlite3.Error as exc:
            if len(batch) > 1:
                # What one of them met, a full disk for example, need not meet the others.
                for write in batch:
                    self._write([write])
            else:
                batch[0].future.set_exception(failure(exc))
        except BaseException as exc:
            for write in batch:
                write.future.set_exception(exc)
            raise
        else:
            for write, outcome in zip(batch, outcomes, strict=True):
                outcome(write.future)

    def _commit(self, batch: Sequence[_Write]) -> list[Outcome]:
        connection = self._connected()
        self._wait_for_disk(connection, wanted=any(write.outlives_power for write in batch))
        connection.execute("BEGIN IMMEDIATE")
        try:
            outcomes = [_attempt(connection, write.work) for write in batch]
            connection.execute("COMMIT")
        finally:
            # Some errors have rolled back already.
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        return outcomes

    def _wait_for_disk(self, connection: sqlite3.Connection, *, wanted: bool) -> None:
        if wanted != self._waits_for_disk:
            connection.execute(f"PRAGMA synchronous = {'FULL' if wanted else 'NORMAL'}")
            self._waits_for_disk = wanted


def _attempt(connection: sqlite3.Connection, work: Work[Any]) -> Outcome:
    """Carry one work of several out: what it refuses is undone, and does not touch the others."""
    connection.execute("SAVEPOINT write")
    try:
        result = work(connection)
    except sqlite3.IntegrityError as exc:
        refusal: Exception = failure(exc)
    except sqlite3.Error:
        raise
    except Exception as exc:  # noqa: BLE001 - it goes to who asked
        refusal = exc
    else:
        connection.execute("RELEASE write")
        return lambda future: future.set_result(result)
    connection.execute("ROLLBACK TO write")
    connection.execute("RELEASE write")
    return lambda future: future.set_exception(refusal)
