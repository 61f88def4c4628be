"""What was acknowledged is there after kill -9 at any moment, and after a power cut in the middle of a write."""

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from hotseat_core.journal.node import Node
from hotseat_core.journal.sqlite import SqliteStore

from tests.core.journal.crash_writer import CONVERSATIONS
from tests.core.journal.saying import TENANT, conversation, exchange, say

KILLS = 30
REPOSITORY = Path(__file__).parents[3]


def write_until_killed(journal: Path, chance: random.Random) -> list[str]:
    """Return the words that were acknowledged."""
    environment = {"PYTHONPATH": str(REPOSITORY), "PATH": os.environ["PATH"]}
    command = [sys.executable, "-m", "tests.core.journal.crash_writer", str(journal)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as child:
        assert child.stdout is not None
        acknowledged = [child.stdout.readline() for _ in range(chance.choice([1, 2, 5, 30, 100]))]
        time.sleep(chance.random() * 0.003)  # dies anywhere between two acknowledgements
        child.kill()
        acknowledged += child.stdout.readlines()
    assert child.returncode == -signal.SIGKILL, "it ended by itself"
    return [line.strip() for line in acknowledged]


@pytest.mark.timeout(180)
async def test_every_acknowledged_turn_is_there_after_every_kill(tmp_path: Path) -> None:
    journal, chance = tmp_path / "journal.sqlite", random.Random(38)
    acknowledged: list[str] = []
    for kills in range(1, KILLS + 1):
        acknowledged += write_until_killed(journal, chance)
        store = SqliteStore(journal)
        await store.open()
        try:
            assert store.recovered is None
            for name in CONVERSATIONS:
                await check(store, name, [words for words in acknowledged if words.startswith(f"{name} ")], kills)
            assert len(await store.interrupted_turns()) <= kills * len(CONVERSATIONS)
        finally:
            await store.aclose()
    with closing(sqlite3.connect(journal)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


async def check(store: SqliteStore, name: str, acknowledged: list[str], kills: int) -> None:
    held = await store.get(TENANT, name)
    if held is None:  # killed before it was created
        assert acknowledged == []
        return
    texts = [node.message.text for node in await store.messages(TENANT, held.head)]
    answers = texts[1::2]
    assert texts[0::2] == [f"{words}?" for words in answers]
    assert len(set(answers)) == len(answers)
    # The one that was written when its process died may be there, too.
    unheard = set(answers) - set(acknowledged)
    assert len(unheard) <= kills
    assert [words for words in answers if words not in unheard] == acknowledged
    ended = [turn.turn for turn in await store.turns(TENANT, name, limit=100_000) if turn.completed is not None]
    assert ended == [int(words.split()[1]) for words in answers]


async def test_a_log_that_was_torn_anywhere_opens_clean_with_what_came_before(tmp_path: Path) -> None:
    journal = tmp_path / "journal.sqlite"
    store = SqliteStore(journal)
    await store.open()
    lease = await store.create(conversation(), [])
    said: list[Node] = []
    sizes = []  # of the log, after each turn
    for number in range(1, 9):
        said = await say(store, lease, number, said, exchange(str(number)))
        sizes.append((tmp_path / "journal.sqlite-wal").stat().st_size)
    try:
        for cut in sorted(random.Random(1).sample(range(sizes[-1]), 25)) + sizes:
            torn = tmp_path / f"torn-{cut}" / "journal.sqlite"
            torn.parent.mkdir()
            shutil.copy(journal, torn)
            log = Path(f"{journal}-wal").read_bytes()[:cut]
            Path(f"{torn}-wal").write_bytes(log)
            whole = sum(size <= cut for size in sizes)
            assert await texts_in(torn) == [node.message.text for node in said[: 2 * whole]]
    finally:
        await store.aclose()


async def texts_in(journal: Path) -> list[str]:
    store = SqliteStore(journal)
    await store.open()
    try:
        assert store.recovered is None
        held = await store.get(TENANT, "c1")
        return [node.message.text for node in await store.messages(TENANT, held.head)] if held is not None else []
    finally:
        await store.aclose()
