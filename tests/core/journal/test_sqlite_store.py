"""The journal in SQLite keeps the rules."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hotseat_core.journal.sqlite import SqliteStore
from hotseat_core.journal.store import Store

from tests.core.journal.conformance import OpenStore, TurnConformance
from tests.core.journal.conformance_tree import TreeConformance
from tests.core.journal.race import StoreRaces


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


class TestSqliteStore(TurnConformance, TreeConformance):
    """The rules for one writer after another."""


class TestSqliteStoreRaces(StoreRaces):
    """Writers with a connection each."""
