"""A journal that can't be used is moved aside and reported; one that can is never given up."""

import logging
import os
import random
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest
from hotseat_core.errors import StorageFailed
from hotseat_core.journal.database import APPLICATION_ID
from hotseat_core.journal.node import Node
from hotseat_core.journal.sqlite import SqliteStore

from tests.core.journal.saying import PICTURE, TENANT, agent, conversation, exchange, say, user

NOW = 1_800_000_000.0
STAMP = "20270115T080000Z"


@asynccontextmanager
async def opened(path: Path) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(path, clock=lambda: NOW)
    await store.open()
    try:
        yield store
    finally:
        await store.aclose()


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


async def fill(path: Path) -> tuple[Node, ...]:
    async with opened(path) as store:
        lease = await store.create(conversation(), [])
        said = await say(store, lease, 1, [], [user("look", PICTURE), agent("seen", {"path": "a" * 5000})])
        for number in range(2, 30):
            said = await say(store, lease, number, said, exchange(str(number)))
    return tuple(said)


async def test_a_new_journal_is_for_its_owner_only_and_nothing_was_recovered(journal: Path) -> None:
    async with opened(journal / "deeper" / "journal.sqlite") as store:
        assert store.recovered is None
        files = sorted((journal / "deeper").iterdir())
        assert {file.name for file in files} == {"journal.sqlite", "journal.sqlite-wal", "journal.sqlite-shm"}
        assert {file.stat().st_mode & 0o777 for file in files} == {0o600}


async def test_a_sound_journal_is_what_it_was(journal: Path) -> None:
    said = await fill(journal)
    async with opened(journal) as store:
        assert store.recovered is None
        assert await store.messages(TENANT, said[-1].node_id) == said


def not_a_database(journal: Path) -> None:
    journal.write_bytes(b"These are the notes of somebody else.\n" * 100)


def empty(journal: Path) -> None:
    journal.write_bytes(b"")


def truncated(journal: Path) -> None:
    os.truncate(journal, journal.stat().st_size // 2 + 100)


def truncated_to_pages(journal: Path) -> None:
    os.truncate(journal, journal.stat().st_size // 8192 * 4096)


def a_page_of_zeros(journal: Path) -> None:
    with journal.open("r+b") as file:
        file.seek(4096)
        file.write(bytes(4096))


def of_another_program(journal: Path) -> None:
    journal.unlink()
    with closing(sqlite3.connect(journal)) as connection:
        connection.execute("CREATE TABLE bookmark (address TEXT)")


def gone_but_for_its_log(journal: Path) -> None:
    Path(f"{journal}-wal").write_bytes(journal.read_bytes())
    journal.unlink()


@pytest.mark.parametrize(
    "damage",
    [
        not_a_database, empty, truncated, truncated_to_pages, a_page_of_zeros, of_another_program, gone_but_for_its_log,
    ],
)  # fmt: skip
async def test_an_unusable_file_is_moved_aside_and_reported(
    journal: Path, damage: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    await fill(journal)
    damage(journal)
    left = {file.name.removeprefix(journal.name): file.read_bytes() for file in journal.parent.iterdir()}
    with caplog.at_level(logging.ERROR, "hotseat_core.journal"):
        async with opened(journal) as store:
            assert store.recovered == f"{journal}.corrupt-{STAMP}"
            assert await store.get(TENANT, "c1") is None
            await store.create(conversation(), [])
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert (record.__dict__["moved_to"], bool(record.__dict__["fault"])) == (store.recovered, True)
    for suffix, content in left.items():
        assert Path(f"{store.recovered}{suffix}").read_bytes() == content
    async with opened(journal) as store:
        assert store.recovered is None
        assert await store.get(TENANT, "c1") is not None


async def test_each_unusable_file_is_kept(journal: Path) -> None:
    recovered = []
    for _ in range(3):
        not_a_database(journal)
        async with opened(journal) as store:
            recovered.append(store.recovered)
    assert recovered == [f"{journal}.corrupt-{STAMP}{suffix}" for suffix in ("", "-2", "-3")]


async def test_a_draft_that_a_crash_left_does_no_harm(journal: Path) -> None:
    Path(f"{journal}.new").write_bytes(b"half of a")
    Path(f"{journal}.new-wal").write_bytes(b"log")
    async with opened(journal) as store:
        assert store.recovered is None
    assert [file.name for file in journal.parent.iterdir()] == [journal.name]


async def test_a_newer_journal_is_refused_and_left_alone(journal: Path) -> None:
    await fill(journal)
    with closing(sqlite3.connect(journal)) as connection:
        connection.execute("PRAGMA user_version = 999")
    before = journal.read_bytes()
    with pytest.raises(StorageFailed, match=r"of version 999 and this core knows \d+: start the newer hotseat"):
        async with opened(journal):
            pass
    assert journal.read_bytes() == before
    assert [file.name for file in journal.parent.iterdir()] == [journal.name]


async def test_a_disk_that_fails_says_nothing_about_the_file(journal: Path) -> None:
    journal.mkdir()
    with pytest.raises(StorageFailed):
        async with opened(journal):
            pass
    assert journal.is_dir()


@pytest.mark.parametrize("seed", range(30))
async def test_flipped_bytes_are_never_read_as_words(journal: Path, seed: int) -> None:
    said = await fill(journal)
    chance, content = random.Random(seed), bytearray(journal.read_bytes())
    for _ in range(chance.choice([1, 4, 40])):
        content[chance.randrange(100, len(content))] ^= 1 << chance.randrange(8)
    journal.write_bytes(content)
    async with opened(journal) as store:
        if store.recovered is not None:
            assert Path(store.recovered).read_bytes() == content
            assert await store.get(TENANT, "c1") is None
            return
        for length in (2, 30, len(said)):
            try:
                found = await store.messages(TENANT, said[length - 1].node_id)
            except StorageFailed:
                continue
            assert [(node.node_id, node.message) for node in found] == [
                (node.node_id, node.message) for node in said[:length]
            ]


async def test_words_that_were_changed_on_disk_are_refused(journal: Path) -> None:
    said = await fill(journal)
    with closing(sqlite3.connect(journal)) as connection, connection:
        changed = connection.execute(
            "UPDATE message SET body = CAST(replace(CAST(body AS TEXT), '7!', '8!') AS BLOB)"
            " WHERE instr(body, CAST('\"7!' AS BLOB))"
        )
        assert changed.rowcount == 1
    async with opened(journal) as store:
        with pytest.raises(StorageFailed, match="damaged"):
            await store.messages(TENANT, said[-1].node_id)
        assert await store.messages(TENANT, said[9].node_id) == said[:10]


async def test_the_header_names_the_program(journal: Path) -> None:
    await fill(journal)
    with closing(sqlite3.connect(journal)) as connection:
        assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
