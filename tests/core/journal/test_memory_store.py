"""The journal in memory keeps the rules that tests of others rely on."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from hotseat_core.errors import StorageFailed
from hotseat_core.journal.store import Store

from tests.core.journal.conformance import OpenStore, TurnConformance
from tests.core.journal.conformance_archive import ArchiveConformance
from tests.core.journal.conformance_notes import NotesConformance
from tests.core.journal.conformance_retention import RetentionConformance
from tests.core.journal.conformance_tree import TreeConformance
from tests.core.journal.race import StoreRaces
from tests.core.journal.saying import begun, conversation
from tests.fakes.store import MemoryStore


@pytest.fixture
def open_store() -> OpenStore:
    shared = MemoryStore()

    @asynccontextmanager
    async def opened() -> AsyncIterator[Store]:
        yield shared

    return opened


@pytest.fixture
async def store(open_store: OpenStore) -> AsyncIterator[Store]:
    async with open_store() as store:
        yield store


class TestMemoryStore(TurnConformance, TreeConformance, RetentionConformance, ArchiveConformance, NotesConformance):
    """The rules for one writer after another."""


async def test_it_fails_when_told_to_and_loses_nothing() -> None:
    store = MemoryStore()
    lease = await store.create(conversation(), [])
    store.failing = True
    with pytest.raises(StorageFailed):
        await store.begin_turn(lease, begun(1))
    store.failing = False
    await store.begin_turn(lease, begun(1))


class TestMemoryStoreRaces(StoreRaces):
    """Writers that take turns at every await."""
