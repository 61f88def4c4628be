"""A disk that refuses: who asked hears of it, nothing acknowledged is lost, and later writes go on."""

import asyncio
import resource
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hotseat_core.errors import ConversationExists, Fenced, StorageFailed
from hotseat_core.journal.node import chain
from hotseat_core.journal.sqlite import SqliteStore
from hotseat_core.journal.threads import Writer

from tests.core.journal.saying import PICTURE, ROOT, TENANT, begun, conversation, ended, exchange, say, user
from tests.core.journal.test_crash import REPOSITORY


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(tmp_path / "journal.sqlite")
    await store.open()
    yield store
    await store.aclose()


async def limit_pages(writer: Writer, count: int) -> None:
    """Make the disk full for what needs more pages than this."""
    await writer._submit(lambda: writer._connected().execute(f"PRAGMA max_page_count = {count}").fetchall())


async def test_a_full_disk_fails_the_write_and_loses_nothing(store: SqliteStore) -> None:
    lease = await store.create(conversation(), [])
    said = await say(store, lease, 1, [], exchange("one"))
    await store.begin_turn(lease, begun(2))
    before = await store.get(TENANT, "c1")
    await limit_pages(store._writer, 1)  # SQLite makes that: as many as there are
    big = chain(ROOT, [*exchange("one"), user("look", *[PICTURE] * 50)])
    with pytest.raises(StorageFailed, match="disk is full: make room") as caught:
        await store.end_turn(lease, ended(2), big, head=big[-1].node_id, usage=b"", update_time=9.0)
    assert caught.value.metadata == {"sqliteError": "SQLITE_FULL"}
    assert await store.get(TENANT, "c1") == before
    assert await store.messages(TENANT, said[-1].node_id) == tuple(said)
    await limit_pages(store._writer, 1_000_000)
    await store.end_turn(lease, ended(2), big, head=big[-1].node_id, usage=b"", update_time=9.0)
    assert await store.messages(TENANT, big[-1].node_id) == tuple(big)


async def test_a_write_that_does_not_fit_does_not_fail_those_beside_it(store: SqliteStore) -> None:
    await store.create(conversation("c0"), [])
    await limit_pages(store._writer, 1)
    big = chain(ROOT, [user("look", *[PICTURE] * 50)])
    outcomes = await asyncio.gather(
        store.create(conversation("c1"), []),
        store.create(conversation("c0"), []),
        store.create(conversation("big", big), big),
        store.create(conversation("c2"), []),
        return_exceptions=True,
    )
    refused = [type(outcome) for outcome in outcomes if isinstance(outcome, Exception)]
    assert refused == [ConversationExists, StorageFailed]
    names = {held.conversation_id for held in (await store.list(TENANT, limit=9)).conversations}
    assert names == {"c0", "c1", "c2"}


async def test_a_file_that_cannot_be_written_fails_writes_and_not_reads(store: SqliteStore) -> None:
    lease = await store.create(conversation(), [])
    await store._writer._submit(lambda: store._writer._connected().execute("PRAGMA query_only = ON"))
    with pytest.raises(StorageFailed, match="can't be written: let the core write"):
        await store.begin_turn(lease, begun(1))
    assert await store.interrupted_turns() == ()
    assert await store.get(TENANT, "c1") is not None


async def test_writes_that_wait_together_share_a_commit_and_not_their_fates(store: SqliteStore) -> None:
    lease = await store.create(conversation(), [])
    claimed = await store.claim(TENANT, "c1")
    assert claimed is not None
    good = [store.create(conversation(f"n{number}"), []) for number in range(200)]
    outcomes = await asyncio.gather(store.begin_turn(lease, begun(1)), *good, return_exceptions=True)
    assert isinstance(outcomes[0], Fenced)
    assert all(isinstance(outcome, type(lease)) for outcome in outcomes[1:])
    assert len((await store.list(TENANT, limit=1000)).conversations) == 201


async def test_a_cancelled_caller_takes_nobody_elses_write_with_it(store: SqliteStore) -> None:
    writes = [asyncio.create_task(store.create(conversation(f"n{number}"), [])) for number in range(50)]
    await asyncio.sleep(0)
    for write in writes[::2]:
        write.cancel()
    outcomes = await asyncio.gather(*writes, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes[::2]] == [asyncio.CancelledError] * 25
    names = {held.conversation_id for held in (await store.list(TENANT, limit=99)).conversations}
    assert names >= {f"n{number}" for number in range(1, 50, 2)}


async def test_closing_carries_out_what_was_asked_for_and_refuses_the_rest(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "journal.sqlite")
    await store.open()
    writes = [asyncio.create_task(store.create(conversation(f"n{number}"), [])) for number in range(50)]
    await asyncio.sleep(0)
    await store.aclose()
    await asyncio.gather(*writes)
    with pytest.raises(StorageFailed, match="closed"):
        await store.create(conversation(), [])
    with pytest.raises(StorageFailed, match="closed"):
        await store.get(TENANT, "c1")
    await store.aclose()
    assert [file.name for file in tmp_path.iterdir()] == ["journal.sqlite"]


async def test_a_store_that_is_not_open_says_so(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "journal.sqlite")
    for call in (store.get(TENANT, "c1"), store.delete(TENANT, "c1")):
        with pytest.raises(StorageFailed, match="not open"):
            await call
    await store.aclose()


def test_a_limit_of_the_system_is_survived_and_what_was_acknowledged_is_there(tmp_path: Path) -> None:
    """The kernel refuses to let the files grow, as it does when the disk is full."""
    script = textwrap.dedent(
        """
        import asyncio, resource, sys
        from pathlib import Path
        from hotseat_core.errors import StorageFailed
        from hotseat_core.journal.node import Node
        from hotseat_core.journal.sqlite import SqliteStore
        from tests.core.journal.saying import *

        async def main():
            store = SqliteStore(Path(sys.argv[1]))
            await store.open()
            lease = await store.create(conversation(), [])
            said, number = [], 0
            resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, resource.RLIM_INFINITY))
            try:
                while number < 1000:
                    number += 1
                    said = await say(store, lease, number, said, exchange(str(number) * 1000))
            except StorageFailed as exc:
                print(exc)
            assert await store.messages(TENANT, said[-1].node_id) == tuple(said)
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            held, lease = await store.claim(TENANT, "c1")
            assert held.head == said[-1].node_id
            said = await say(store, lease, held.turn_count + 1, said, exchange("after"))
            await store.aclose()
            await store_again(said)

        async def store_again(said):
            store = SqliteStore(Path(sys.argv[1]))
            await store.open()
            assert store.recovered is None
            assert await store.messages(TENANT, said[-1].node_id) == tuple(said)
            await store.aclose()
            print(len(said))

        asyncio.run(main())
        """
    )
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[1] == resource.RLIM_INFINITY
    done = subprocess.run(
        [sys.executable, "-c", script, tmp_path / "journal.sqlite"],
        capture_output=True, text=True, timeout=30, check=False, env={"PYTHONPATH": str(REPOSITORY)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    refused, count = done.stdout.splitlines()
    assert "the disk" in refused
    assert int(count) >= 6
