"""Several writers of one journal at once: what every Store must stand."""

import asyncio
import random
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import pytest
from hotseat_core.errors import ConversationExists, Fenced, HistoryLost
from hotseat_core.journal.node import Node, extend
from hotseat_core.journal.store import Lease, Store

from tests.core.journal.conformance import OpenStore
from tests.core.journal.saying import ROOT, TENANT, assistant, begun, conversation, ended, user

WRITERS = 4
TURNS = 12  # acknowledged, for each writer


@dataclass
class Record:
    """What the writers saw: the oracle."""

    acknowledged: list[tuple[int, str]] = field(default_factory=list)  # (epoch, words)
    fenced: int = 0


class StoreRaces:
    """Writers that take a conversation from each other, each through a Store of its own."""

    @pytest.mark.parametrize("seed", range(4))
    async def test_no_acknowledged_turn_is_lost_and_no_fenced_one_is_seen(
        self, open_store: OpenStore, seed: int
    ) -> None:
        async with AsyncExitStack() as stack:
            stores = [await stack.enter_async_context(open_store()) for _ in range(WRITERS)]
            await stores[0].create(conversation(), [])
            record = Record()
            async with asyncio.TaskGroup() as tasks:
                for number, store in enumerate(stores):
                    tasks.create_task(write_turns(store, random.Random(seed * 100 + number), f"w{number}", record))
            assert record.fenced > 0, "the writers never met"
            await check_history(stores[-1], record)

    @pytest.mark.parametrize("seed", range(3))
    async def test_deleting_under_the_writers_leaves_only_what_came_after(
        self, open_store: OpenStore, seed: int
    ) -> None:
        async with AsyncExitStack() as stack:
            stores = [await stack.enter_async_context(open_store()) for _ in range(WRITERS)]
            record = Record()
            async with asyncio.TaskGroup() as tasks:
                for number, store in enumerate(stores):
                    chance = random.Random(seed * 100 + number)
                    tasks.create_task(write_and_delete(store, chance, f"w{number}", record))
            held = await stores[0].get(TENANT, "c1")
            if held is not None:
                turns = await stores[0].turns(TENANT, "c1", limit=10_000)
                said = [node.message.text for node in await stores[0].messages(TENANT, held.head)]
                # Who deleted the others' words saw them acknowledged; what is left was acknowledged, all of it.
                assert set(said[1::2]) <= set(texts(record))
                assert len(said) == 2 * sum(turn.completed is not None for turn in turns)
                assert held.turn_count == len(turns)
                await stores[0].delete(TENANT, "c1")
            assert await stores[0].interrupted_turns() == ()

    async def test_one_of_many_creates_and_the_others_hear_of_it(self, open_store: OpenStore) -> None:
        async with AsyncExitStack() as stack:
            stores = [await stack.enter_async_context(open_store()) for _ in range(WRITERS)]
            outcomes = await asyncio.gather(
                *(store.create(conversation(), []) for store in stores), return_exceptions=True
            )
            (lease,) = [outcome for outcome in outcomes if isinstance(outcome, Lease)]
            refusals = [outcome for outcome in outcomes if isinstance(outcome, ConversationExists)]
            assert len(refusals) == WRITERS - 1
            await stores[0].begin_turn(lease, begun(1))

    async def test_of_many_that_claim_only_the_last_may_write(self, open_store: OpenStore) -> None:
        async with AsyncExitStack() as stack:
            stores = [await stack.enter_async_context(open_store()) for _ in range(WRITERS)]
            await stores[0].create(conversation(), [])
            claims = await asyncio.gather(*(store.claim(TENANT, "c1") for store in stores for _ in range(5)))
            leases = sorted((claim[1] for claim in claims if claim is not None), key=lambda lease: lease.epoch)
            assert len({lease.epoch for lease in leases}) == WRITERS * 5
            outcomes = await asyncio.gather(
                *(stores[0].begin_turn(lease, begun(1)) for lease in leases), return_exceptions=True
            )
            assert [type(outcome) for outcome in outcomes] == [Fenced] * (len(leases) - 1) + [type(None)]


def texts(record: Record) -> list[str]:
    return [words for _, words in record.acknowledged]


async def pause(chance: random.Random) -> None:
    for _ in range(chance.choice([0, 0, 0, 1, 3, 9])):
        await asyncio.sleep(0)


async def write_turns(store: Store, chance: random.Random, name: str, record: Record) -> None:
    """Claim and write, again and again, until enough was acknowledged."""
    count = 0
    while count < TURNS:
        claimed = await store.claim(TENANT, "c1")
        assert claimed is not None
        held, lease = claimed
        nodes = list(await store.messages(TENANT, held.head))
        number = held.turn_count
        try:
            for _ in range(chance.randint(1, 5)):
                await pause(chance)
                number += 1
                nodes = await write_turn(store, lease, number, nodes, f"{name} {lease.epoch} {number}", chance=chance)
                record.acknowledged.append((lease.epoch, nodes[-1].message.text))
                count += 1
        except Fenced:
            record.fenced += 1


async def write_turn(
    store: Store, lease: Lease, number: int, nodes: list[Node], words: str, *, chance: random.Random
) -> list[Node]:
    await store.begin_turn(lease, begun(number, f"{words} {chance.random()}"))
    (turn,) = await store.turns(TENANT, "c1", after=number - 1, limit=1) or (None,)
    await pause(chance)
    if turn is None:
        raise Fenced("deleted in between")
    new = extend(ROOT, nodes[-1] if nodes else None, [user(f"{words}?"), assistant(words)])
    await store.end_turn(
        lease, ended(number, request_id=turn.request_id), new, head=new[-1].node_id, usage=b"", update_time=1.0
    )
    return [*nodes, *new]


async def check_history(store: Store, record: Record) -> None:
    held = await store.get(TENANT, "c1")
    assert held is not None
    said = [node.message.text for node in await store.messages(TENANT, held.head)]
    # Acknowledgements reach the writers in another order than they were written: the journal's order is by epoch.
    assert sorted(said[1::2]) == sorted(texts(record))
    assert said[0::2] == [f"{words}?" for words in said[1::2]]
    epochs = [int(words.split()[1]) for words in said[1::2]]
    assert epochs == sorted(epochs), "writers were interleaved"
    numbers = [int(words.split()[2]) for words in said[1::2]]
    assert numbers == sorted(set(numbers))
    turns = await store.turns(TENANT, "c1", limit=10_000)
    assert [turn.turn for turn in turns] == list(range(1, held.turn_count + 1))
    assert [turn.turn for turn in turns if turn.completed is not None] == numbers
    interrupted = await store.interrupted_turns()
    assert [found.turn for found in interrupted] == [turn for turn in turns if turn.completed is None]


async def write_and_delete(store: Store, chance: random.Random, name: str, record: Record) -> None:
    """Create, claim, write and delete, in any order."""
    for _ in range(25):
        try:
            await act(store, chance, name, record)
        except (Fenced, ConversationExists, HistoryLost):
            record.fenced += 1


async def act(store: Store, chance: random.Random, name: str, record: Record) -> None:
    if chance.random() < 0.2:
        await store.delete(TENANT, "c1")
        return
    claimed = await store.claim(TENANT, "c1")
    if claimed is None:
        lease, nodes, number = await store.create(conversation(), []), [], 0
    else:
        held, lease = claimed
        nodes, number = list(await store.messages(TENANT, held.head)), held.turn_count
    for _ in range(chance.randint(1, 3)):
        number += 1
        nodes = await write_turn(store, lease, number, nodes, f"{name} {lease.epoch} {number}", chance=chance)
        record.acknowledged.append((lease.epoch, nodes[-1].message.text))
