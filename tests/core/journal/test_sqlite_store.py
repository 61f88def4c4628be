"""The journal in SQLite keeps the rules."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from importlib import resources
from pathlib import Path

import pytest
from hotseat_core.journal import reading
from hotseat_core.journal.database import APPLICATION_ID
from hotseat_core.journal.sqlite import SqliteStore
from hotseat_core.journal.store import Store

from tests.core.journal.conformance import OpenStore, TurnConformance
from tests.core.journal.conformance_archive import ArchiveConformance
from tests.core.journal.conformance_notes import NotesConformance
from tests.core.journal.conformance_retention import RetentionConformance
from tests.core.journal.conformance_tree import TreeConformance
from tests.core.journal.race import StoreRaces
from tests.core.journal.saying import TENANT


@pytest.fixture
def open_store(tmp_path: Path) -> OpenStore:
    @asynccontextmanager
    async def opened() -> AsyncIterator[Store]:
        store = SqliteStore(tmp_path / "journal.sqlite")
        await store.open()
        try:
            yield store
        finally:
            await store.aclose()

    return opened


@pytest.fixture
async def store(open_store: OpenStore) -> AsyncIterator[Store]:
    async with open_store() as store:
        yield store


class TestSqliteStore(TurnConformance, TreeConformance, RetentionConformance, ArchiveConformance, NotesConformance):
    """The rules for one writer after another."""


class TestSqliteStoreRaces(StoreRaces):
    """Writers with a connection each."""


async def test_what_is_overdue_is_found_without_reading_every_conversation(
    open_store: OpenStore, tmp_path: Path
) -> None:
    async with open_store():
        pass
    with closing(sqlite3.connect(tmp_path / "journal.sqlite")) as connection:
        times = {"now": 1.0, "used_by": 1.0, "one_shots_used_by": 1.0, "limit": 1}
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {reading._OVERDUE}", times)]
        assert not [step for step in plan if step.startswith("SCAN")], plan
        assert sum("conversation_by_age" in step for step in plan) == 2
        assert sum("conversation_by_own_expiry" in step for step in plan) == 1


async def test_a_journal_of_the_first_version_is_brought_up_to_date(open_store: OpenStore, tmp_path: Path) -> None:
    first = (resources.files("hotseat_core.journal") / "migrations" / "0001_tree.sql").read_text()
    with closing(sqlite3.connect(tmp_path / "journal.sqlite")) as connection:
        connection.executescript(f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA journal_mode = WAL; {first}")
        connection.execute(
            "INSERT INTO conversation VALUES (?, 'c1', '', 1, x'', 'root', NULL, 0, '', 0, x'', 1.0, 2.0, 3.0)",
            (TENANT,),
        )
        connection.execute("PRAGMA user_version = 1")
        connection.commit()
    async with open_store() as store:
        held = await store.get(TENANT, "c1")
        assert held is not None
        assert (held.update_time, held.keep_s) == (2.0, None)
