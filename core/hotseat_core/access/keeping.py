"""Keeps keys on disk and memory in step, in a thread of its own: the loop never waits for the file."""

import asyncio
import logging
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import msgspec

from hotseat_core.access.account import KeyAccount
from hotseat_core.access.key import Key, Use, day_of
from hotseat_core.access.key_file import KeyFile
from hotseat_core.access.traces import Traces
from hotseat_core.errors import StorageFailed

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

POLL_INTERVAL_S = 0.4  # until what a command wrote into the file counts
_CLOSE_TIMEOUT_S = 10.0


class Keeping:
    """Tells what keys there are whenever that changes, and writes down what they were used for."""

    def __init__(
        self, file: KeyFile, take: Callable[[list[Key]], None], clock: Callable[[], float] = time.time
    ) -> None:
        self._file = file
        self._take = take
        self._clock = clock
        self._version = -1  # of the file, as it was read last: it tells what others have changed
        self._is_stale = True  # what we have changed ourselves, or could not read, was not read since
        self._uses: dict[str, Use] = {}  # of the day on which the core started
        self._unwritten: dict[str, KeyAccount] = {}  # by key id
        self._has_unwritten = asyncio.Event()
        self._reading = asyncio.Lock()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="keys")
        self._tasks: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        """Read the file, and follow it. Raises StorageFailed."""
        await self._run(self._file.open)
        self._uses = await self._run(lambda: self._file.uses(day_of(self._clock())))
        await self._read()
        self._tasks = [
            asyncio.create_task(self._follow(), name="read changed keys"),
            asyncio.create_task(self._write_uses(), name="write what keys were used for"),
        ]

    async def aclose(self) -> None:
        """Write what is left to write, and let go of the file."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_CLOSE_TIMEOUT_S)
        try:
            async with asyncio.timeout(_CLOSE_TIMEOUT_S):
                await self._write()
                await self._run(self._file.close)
        finally:
            self._thread.shutdown(wait=False)

    def use_at_start(self, key_id: str) -> Use:
        """Return what the key had been used for today when the core started."""
        found = self._uses.get(key_id)
        return msgspec.structs.replace(found) if found is not None else Use()

    async def change(self, work: Callable[[KeyFile], Result]) -> Result:
        """Change the file, and go by it once this returns; soon, if the caller is cancelled. Raises StorageFailed."""
        self._is_stale = True  # the thread does one thing after another: who reads from now on reads the change
        try:
            result = await self._run(lambda: work(self._file))
        except sqlite3.Error as exc:
            raise StorageFailed(f"the keys can't be written: {exc}", retry_delay_s=1.0) from exc
        await self._read()
        return result

    # ---- what others change

    async def _follow(self) -> None:
        traces = Traces(self._file.path)
        while True:
            await asyncio.sleep(POLL_INTERVAL_S)
            if not traces.are_new():
                continue
            try:
                if self._is_stale or await self._run(self._file.version) != self._version:
                    await self._read()
                traces.were_read()
            except (sqlite3.Error, StorageFailed) as exc:
                logger.warning("the keys can't be read; those read before still count", extra={"error": str(exc)})
            except Exception:
                # Whatever it was: without this loop nobody would hear of a revocation any more.
                logger.exception("the keys can't be read; those read before still count")

    async def _read(self) -> None:
        async with self._reading:  # the latest counts, not the slowest
            self._is_stale = False
            try:
                # In this order: a change in between is read twice rather than never.
                version = await self._run(self._file.version)
                self._take(await self._run(self._file.keys))
                self._version = version
            except BaseException:
                self._is_stale = True
                raise

    # ---- what keys are used for

    def note_use(self, account: KeyAccount) -> None:
        """Write soon what the key was used for."""
        self._unwritten[account.caller.key_id] = account
        self._has_unwritten.set()

    async def _write_uses(self) -> None:
        while True:
            await self._has_unwritten.wait()
            self._has_unwritten.clear()
            await self._write()

    async def _write(self) -> None:
        used, self._unwritten = self._unwritten, {}
        if not used:
            return
        uses = [(key_id, msgspec.structs.replace(found.use), found.last_use_time) for key_id, found in used.items()]
        is_written = False
        try:
            await self._run(lambda: self._file.note_use(uses))
            is_written = True
        except (sqlite3.Error, StorageFailed) as exc:
            # It is counted in memory all the same, and written with the next use, or at the end.
            logger.warning("what keys were used for can't be written", extra={"error": str(exc)})
        except Exception:
            logger.exception("what keys were used for can't be written")
        finally:
            if not is_written:
                self._unwritten = used | self._unwritten

    async def _run(self, work: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)
