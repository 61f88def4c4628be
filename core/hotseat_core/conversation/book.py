"""A conversation's entries in the journal: its turns, what was said, and where it stands."""

import asyncio
import time
from collections.abc import Sequence

import msgspec

from hotseat_core.conversation.history import Message
from hotseat_core.conversation.terms import ConversationSettings
from hotseat_core.conversation.turn import TurnRecord
from hotseat_core.events import TurnCompleted, Usage
from hotseat_core.journal.node import Node, extend, root_id
from hotseat_core.journal.store import Lease, Note, Store, StoredConversation, StoredTurn
from hotseat_core.worker.rows import Row

_decode_settings = msgspec.json.Decoder(ConversationSettings).decode
_decode_completed = msgspec.json.Decoder(TurnCompleted).decode
_decode_usage = msgspec.json.Decoder(Usage).decode
_decode_row = msgspec.json.Decoder(Row).decode
_encode = msgspec.json.encode


def root_of(tenant: str, settings: ConversationSettings) -> str:
    """Return where the tree of all that this tenant says under these settings begins."""
    setup = settings.setup
    return root_id(tenant, settings.profile, system_prompt=setup.system_prompt, replaces_prompt=setup.replaces_prompt)


def settings_of(stored: StoredConversation) -> ConversationSettings:
    """Return how the conversation runs."""
    return _decode_settings(stored.settings)


def usage_of(stored: StoredConversation) -> Usage:
    """Return what the conversation has spent."""
    return _decode_usage(stored.usage) if stored.usage else Usage()


def record_of(stored: StoredTurn) -> TurnRecord:
    """Return the turn as the conversation keeps it."""
    completed = _decode_completed(stored.completed) if stored.completed is not None else None
    return TurnRecord(
        stored.turn,
        stored.request_id,
        _decode_row(stored.input),
        stored.start_time,
        completed,
        stored.head,
        stored.fingerprint,
    )


class Book:
    """Writes for one conversation, under one lease. Every method may raise StorageFailed or Fenced."""

    def __init__(
        self, store: Store, lease: Lease, root: str, nodes: Sequence[Node], *, create_time: float, update_time: float
    ) -> None:
        self.store = store
        self._lease = lease
        self.revising = asyncio.Lock()  # held while what was said changes between turns
        self._root = root
        self._nodes = list(nodes)
        self.weight = _weight(nodes)  # about the bytes of memory that they take
        self.create_time = create_time
        self.update_time = update_time  # of its last use, as the journal has it

    @classmethod
    async def begin(
        cls,
        store: Store,
        tenant: str,
        conversation_id: str,
        settings: ConversationSettings,
        nodes: Sequence[Node],
        *,
        is_transient: bool,
        workspace: str,
    ) -> "Book":
        """Enter a new conversation, in which so much was said. Raises ConversationExists."""
        root = root_of(tenant, settings)
        now = time.time()
        stored = StoredConversation(
            tenant=tenant,
            conversation_id=conversation_id,
            settings=_encode(settings),
            root=root,
            head=nodes[-1].node_id if nodes else "",
            is_transient=is_transient,
            workspace=workspace,
            create_time=now,
            update_time=now,
            keep_s=settings.retention_s,
        )
        return cls(store, await store.create(stored, nodes), root, nodes, create_time=now, update_time=now)

    @property
    def tenant(self) -> str:
        """Whose conversation it is."""
        return self._lease.tenant

    @property
    def nodes(self) -> Sequence[Node]:
        """What was said, up to the head."""
        return self._nodes

    @property
    def messages(self) -> tuple[Message, ...]:
        """What was said."""
        return tuple(node.message for node in self._nodes)

    @property
    def head(self) -> str:
        """Where the conversation stands; empty: nothing was said."""
        return self._nodes[-1].node_id if self._nodes else ""

    async def begin_turn(self, record: TurnRecord, workspace: str | None, note: Note | None = None) -> None:
        """Enter a turn before it runs, and what its client keeps with it."""
        await self.store.begin_turn(self._lease, stored_turn(record), workspace=workspace, note=note)
        self.update_time = record.start_time

    async def end_turn(self, record: TurnRecord, messages: Sequence[Message], usage: Usage, now: float) -> None:
        """Enter how the turn ended and what was said until then; it may be acknowledged now."""
        nodes, new = self._placed(self._root, messages)
        record.head = nodes[-1].node_id if nodes else ""
        await self.store.end_turn(
            self._lease, stored_turn(record), new, head=record.head, usage=_encode(usage), update_time=now
        )
        self._nodes, self.update_time, self.weight = nodes, now, _weight(nodes)

    async def move(self, messages: Sequence[Message], settings: ConversationSettings) -> None:
        """Enter that the conversation goes on from another history, or under other settings."""
        root = root_of(self.tenant, settings)
        nodes, new = self._placed(root, messages)
        head = nodes[-1].node_id if nodes else ""
        now = time.time()
        await self.store.move(
            self._lease,
            nodes=new,
            head=head,
            root=root,
            settings=_encode(settings),
            keep_s=settings.retention_s,
            update_time=now,
        )
        self._root, self._nodes, self.update_time, self.weight = root, nodes, now, _weight(nodes)

    def _placed(self, root: str, messages: Sequence[Message]) -> tuple[list[Node], list[Node]]:
        """Return the messages as nodes: all of them, and those that are not entered yet."""
        same = 0
        if root == self._root:
            for node, message in zip(self._nodes, messages, strict=False):
                if node.message != message:
                    break
                same += 1
        new = extend(root, self._nodes[same - 1] if same else None, messages[same:])
        return [*self._nodes[:same], *new], new


def _weight(nodes: Sequence[Node]) -> int:
    return sum(node.message.weight for node in nodes)


def stored_turn(record: TurnRecord) -> StoredTurn:
    """Return the turn as the journal keeps it."""
    return StoredTurn(
        turn=record.turn,
        request_id=record.request_id,
        input=_encode(record.prompt),
        start_time=record.start_time,
        completed=_encode(record.completed) if record.completed is not None else None,
        head=record.head,
        fingerprint=record.fingerprint,
    )
