"""Writes turns into a journal until it is killed: one line to stdout for each that was acknowledged."""

import asyncio
import os
import sys
from pathlib import Path

from hotseat_core.journal.node import extend
from hotseat_core.journal.sqlite import SqliteStore
from hotseat_core.journal.store import Store

from tests.core.journal.saying import ROOT, TENANT, assistant, begun, conversation, ended, user

CONVERSATIONS = ("c1", "c2", "c3")  # at once, so that they share commits


async def main() -> None:
    store = SqliteStore(Path(sys.argv[1]))
    await store.open()
    async with asyncio.TaskGroup() as tasks:
        for conversation_id in CONVERSATIONS:
            tasks.create_task(write(store, conversation_id))


async def write(store: Store, conversation_id: str) -> None:
    claimed = await store.claim(TENANT, conversation_id)
    if claimed is None:
        await store.create(conversation(conversation_id), [])
        claimed = await store.claim(TENANT, conversation_id)
        assert claimed is not None
    held, lease = claimed
    said = await store.messages(TENANT, held.head)
    parent, number = said[-1] if said else None, held.turn_count
    while True:
        number += 1
        words = f"{conversation_id} {number} {os.getpid()}"
        await store.begin_turn(lease, begun(number))
        new = extend(ROOT, parent, [user(f"{words}?"), assistant(words)])
        parent = new[-1]
        await store.end_turn(lease, ended(number), new, head=parent.node_id, usage=b"", update_time=float(number))
        os.write(1, f"{words}\n".encode())


if __name__ == "__main__":
    asyncio.run(main())
