"""Whatever is said, edited, branched, retried and deleted: the journal holds what the plain model holds, no more."""

import asyncio
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
from hotseat_core.conversation.history import Message
from hotseat_core.errors import ConversationExists, DuplicateRequest, Fenced, HistoryLost
from hotseat_core.journal.node import Node, chain, digest, extend, root_id
from hotseat_core.journal.sqlite import SqliteStore
from hotseat_core.journal.store import Due, Lease, Store, StoredConversation
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.core.journal.saying import agent, assistant, begun, conversation, ended, user
from tests.fakes.store import MemoryStore

TENANTS = ("acme", "umbrella")
NAMES = ("c1", "c2")

# Few words, so that histories meet, part and look alike.
WORDS: dict[str, Message] = {
    "hi": user("hi"),
    "go on": user("go on"),
    "fine": assistant("fine"),
    "fine ": assistant("fine "),
    "agent a": agent("done", {"path": "a"}),
    "agent b": agent("done", {"path": "b"}),
}


class Step(msgspec.Struct, frozen=True):
    """One thing that a client does; `keep` is how much of what was said it goes on from."""

    action: str
    tenant: str
    name: str
    keep: int
    words: tuple[str, ...]
    prompt: str


SAYING = ("create", "turn", "turn", "turn", "fail", "cut off", "retry", "edit", "settings", "fork")
OWNING = ("claim", "stale", "delete", "expire")
STEP = st.builds(
    Step,
    st.sampled_from(SAYING + OWNING),
    st.sampled_from(TENANTS),
    st.sampled_from(NAMES),
    st.integers(0, 5),
    st.lists(st.sampled_from(sorted(WORDS)), max_size=3).map(tuple),
    st.sampled_from(["", "Be brief."]),
)


class Client:
    """Carries steps out on one store, and tells what came of them."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._leases: dict[tuple[str, str], Lease] = {}
        self._old_leases: dict[tuple[str, str], Lease] = {}
        self._clock = 0.0

    async def act(self, step: Step) -> Any:
        self._clock += 1.0
        held = await self.store.get(step.tenant, step.name)
        # What is to be said where nothing is yet begins a conversation.
        action = "create" if held is None and step.action in SAYING else step.action.replace(" ", "_")
        carry_out: Callable[[Step, StoredConversation | None], Any] = getattr(self, f"_{action}")
        try:
            return await carry_out(step, held)
        except (ConversationExists, DuplicateRequest, Fenced, HistoryLost) as exc:
            return type(exc)

    async def _create(self, step: Step, held: StoredConversation | None) -> None:
        root = root_id(step.tenant, "claude", system_prompt=step.prompt)
        nodes = chain(root, [WORDS[word] for word in step.words])
        made = conversation(step.name, nodes, tenant=step.tenant, root=root, used=self._clock)
        await self._keep(msgspec.structs.replace(made, is_transient=step.prompt == ""), nodes)

    async def _keep(self, made: StoredConversation, nodes: list[Node]) -> None:
        self._leases[made.tenant, made.conversation_id] = await self.store.create(made, nodes)

    async def _turn(self, step: Step, held: StoredConversation | None) -> None:
        if held is not None:
            said = await self.store.messages(step.tenant, held.head)
            await self._run(step, held, extend(held.root, said[-1] if said else None, [WORDS[w] for w in step.words]))

    async def _fail(self, step: Step, held: StoredConversation | None) -> None:
        if held is not None:
            await self._run(step, held, [])

    async def _run(self, step: Step, held: StoredConversation, nodes: list[Node]) -> None:
        lease = self._leases[step.tenant, step.name]
        number = held.turn_count + 1
        await self.store.begin_turn(lease, begun(number))
        head = nodes[-1].node_id if nodes else held.head
        await self.store.end_turn(lease, ended(number), nodes, head=head, usage=b"", update_time=self._clock)

    async def _cut_off(self, step: Step, held: StoredConversation | None) -> None:
        if held is not None:
            lease = self._leases[step.tenant, step.name]
            await self.store.begin_turn(lease, begun(held.turn_count + 1), workspace=f"/{step.keep}")

    async def _retry(self, step: Step, held: StoredConversation | None) -> None:
        if held is not None:
            lease = self._leases[step.tenant, step.name]
            await self.store.begin_turn(lease, begun(held.turn_count + 1, "request 1"))

    async def _edit(self, step: Step, held: StoredConversation | None) -> None:
        if held is not None:
            said = (await self.store.messages(step.tenant, held.head))[: step.keep]
            words = [WORDS[word] for word in step.words]
            nodes = [*said, *extend(held.root, said[-1] if said else None, words)]
            await self._move(step, nodes, held.root)

    async def _settings(self, step: Step, held: StoredConversation | None) -> None:
        if held is not None:
            root = root_id(step.tenant, "claude", system_prompt=step.prompt)
            said = await self.store.messages(step.tenant, held.head)
            await self._move(step, chain(root, [node.message for node in said]), root)

    async def _move(self, step: Step, nodes: list[Node], root: str) -> None:
        await self.store.move(
            self._leases[step.tenant, step.name],
            nodes=nodes,
            head=nodes[-1].node_id if nodes else "",
            root=root,
            settings=b"changed",
            keep_s=float(step.keep) or None,
            update_time=self._clock,
        )

    async def _fork(self, step: Step, held: StoredConversation | None) -> None:
        if held is not None:
            said = (await self.store.messages(step.tenant, held.head))[: step.keep]
            name = NAMES[(NAMES.index(step.name) + 1) % len(NAMES)]
            made = conversation(name, said, tenant=step.tenant, root=held.root, used=self._clock)
            await self._keep(made, [])

    async def _claim(self, step: Step, held: StoredConversation | None) -> Any:
        claimed = await self.store.claim(step.tenant, step.name)
        if claimed is not None:
            key = step.tenant, step.name
            self._old_leases[key], self._leases[key] = self._leases[key], claimed[1]
        return claimed

    async def _stale(self, step: Step, held: StoredConversation | None) -> None:
        lease = self._old_leases.get((step.tenant, step.name))
        if lease is not None:
            await self.store.begin_turn(lease, begun(99))

    async def _delete(self, step: Step, held: StoredConversation | None) -> bool:
        return await self.store.delete(step.tenant, step.name)

    async def _expire(self, step: Step, held: StoredConversation | None) -> Any:
        due = Due(self._clock, self._clock - 2 * step.keep - 1, self._clock - step.keep)
        overdue = sorted(await self.store.overdue(due, limit=99))
        return overdue, [await self.store.expire(*key, due) for key in overdue]


async def view(store: Store, tenant: str, histories: list[list[str]]) -> Any:
    """All that can be read of a tenant."""
    listed = (await store.list(tenant, limit=99)).conversations
    turns = [await store.turns(tenant, name, limit=99) for name in NAMES]
    heads = {held.head for held in listed} | {turn.head for some in turns for turn in some}
    return (
        listed,
        turns,
        [await store.messages(tenant, head) for head in sorted(heads)],
        [await store.find(tenant, ids) for ids in histories],
        await store.interrupted_turns(),
    )


def on_disk(journal: Path) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    """Every node and every message that the file has."""
    with closing(sqlite3.connect(journal)) as connection:
        nodes = connection.execute("SELECT tenant, node_id FROM node").fetchall()
        messages = connection.execute("SELECT tenant, digest FROM message").fetchall()
        assert len(set(nodes)) == len(nodes)
        assert len(set(messages)) == len(messages)
        return set(nodes), set(messages)


async def compare(steps: list[Step]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        model, store = MemoryStore(), SqliteStore(Path(folder) / "journal.sqlite")
        await store.open()
        try:
            expected, actual = Client(model), Client(store)
            for step in steps:
                assert await actual.act(step) == await expected.act(step)
                nodes, messages = on_disk(Path(folder) / "journal.sqlite")
                assert nodes == set(model.nodes)
                assert messages == {(tenant, digest(node.message)) for (tenant, _), node in model.nodes.items()}
            for tenant in TENANTS:
                histories = [
                    [node.visible_id for node in chain(root_id(owner, "claude", system_prompt=prompt), said)]
                    for owner in TENANTS
                    for prompt in ("", "Be brief.")
                    for said in ([WORDS[word] for word in step.words] for step in steps)
                ]
                assert await view(store, tenant, histories) == await view(model, tenant, histories)
        finally:
            await store.aclose()


@settings(max_examples=100, deadline=None, database=None, phases=[Phase.generate])
@given(st.lists(STEP, min_size=5, max_size=25))
def test_the_journal_is_the_model(steps: list[Step]) -> None:
    asyncio.run(compare(steps))
