"""What a journal keeps, and what every store of it can do."""

import math
from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from hotseat_core.journal.node import Node


class StoredConversation(msgspec.Struct, frozen=True, kw_only=True):
    """A name for a place in the tree, and how the conversation runs."""

    tenant: str
    conversation_id: str  # unique in its tenant
    settings: bytes  # JSON, the caller's
    root: str
    head: str = ""  # a node id; empty: nothing was said
    is_transient: bool = False
    workspace: str = ""
    turn_count: int = 0  # turns begun
    usage: bytes = b""  # JSON, the caller's
    create_time: float  # seconds since the epoch, as all times here
    update_time: float
    keep_s: float | None = None  # after its last use, at most; None: as long as others of its kind
    epoch: int = 0  # the store's: of the latest lease

    @property
    def is_one_shot(self) -> bool:
        """Nobody chose its name, and nobody came back."""
        return self.is_transient and self.turn_count < 2


class StoredTurn(msgspec.Struct, frozen=True, kw_only=True):
    """One turn of a conversation."""

    turn: int  # from 1, without gaps
    request_id: str  # unique in its conversation
    input: bytes  # the caller's
    start_time: float
    completed: bytes | None = None  # the caller's; None: it runs, or was cut off by the end of its core
    head: str = ""  # the conversation's head after it; empty: it runs, or nothing was said
    fingerprint: str = ""  # of what was asked, the caller's; empty: none was given


class Lease(msgspec.Struct, frozen=True):
    """What a writer shows with every write: good until somebody else claims the conversation."""

    tenant: str
    conversation_id: str
    epoch: int  # greater than that of every earlier lease of this conversation, deleted namesakes included


class Found(msgspec.Struct, frozen=True):
    """The deepest place that a history reaches."""

    depth: int  # how many of the visible ids
    # Of several nodes that a client can't tell apart the one where the latest used conversation is, else the latest
    # written.
    head: str
    conversations: tuple[StoredConversation, ...]  # whose heads a client can't tell from there, latest used first


class Page(msgspec.Struct, frozen=True):
    """Some of the conversations."""

    conversations: tuple[StoredConversation, ...]
    next_cursor: str  # empty: these were the last


class Due(msgspec.Struct, frozen=True):
    """Which conversations are kept no longer: those that were last used at these times or before."""

    now: float  # what decides where a conversation says itself how long it is kept
    used_by: float  # -inf: none
    one_shots_used_by: float  # nameless ones of one turn; -inf: none

    def includes(self, conversation: StoredConversation) -> bool:
        """Whether the conversation is kept no longer."""
        used_by = self.one_shots_used_by if conversation.is_one_shot else self.used_by
        own_time = math.inf if conversation.keep_s is None else conversation.update_time + conversation.keep_s
        return conversation.update_time <= used_by or own_time <= self.now


class Note(msgspec.Struct, frozen=True):
    """What a client keeps with a turn, to find it again."""

    label: str  # what it is listed under
    model: str = ""
    metadata: dict[str, str] = {}
    body: str = ""  # the client's


class PlacedTurn(msgspec.Struct, frozen=True):
    """A turn, and the conversation that it belongs to."""

    tenant: str
    conversation_id: str
    turn: StoredTurn
    note: Note | None = None


class NotedPage(msgspec.Struct, frozen=True):
    """Some of the turns that clients keep notes with."""

    turns: tuple[PlacedTurn, ...]
    has_more: bool  # after these


class Said(msgspec.Struct, frozen=True):
    """Some of what was said up to a head, and the turns that said it."""

    head: str  # empty: nothing was said
    total: int  # messages up to the head
    first: int  # the place of the first of these, from 1
    nodes: tuple[Node, ...]  # in order
    next_id: str  # of the node after the last of these; empty: there is none up to the head
    turns: tuple[StoredTurn, ...]  # that ended at one of these nodes or at the next one, in order


class Snapshot(msgspec.Struct, frozen=True):
    """All that is kept of a conversation, at one moment."""

    conversation: StoredConversation
    turns: tuple[StoredTurn, ...]  # that have ended, in order
    nodes: tuple[Node, ...]  # up to its head and to each turn's, each once, parents first
    notes: dict[int, Note] = {}  # by their turns


class Store(Protocol):
    """The journal: what a method returned from outlives this process, and what end_turn, delete and
    restore returned from, the loss of power too.

    Every method may raise StorageFailed. A write that raised it, or whose caller was cancelled, may have happened or
    not, never half: begin_turn answers that with DuplicateRequest, and end_turn may be called again.
    What is read back is what was written, or StorageFailed. A node stays while the head of a conversation or of a turn
    is at it or beyond.
    """

    @property
    def recovered(self) -> str | None:
        """Where the unusable journal that stood here was moved to; None: there was none."""

    async def open(self) -> None:
        """Make the store ready."""

    async def aclose(self) -> None:
        """Carry out what was asked for, and end."""

    async def create(self, conversation: StoredConversation, nodes: Sequence[Node]) -> Lease:
        """Begin a conversation. nodes: those up to its head that may not be stored yet, from the first one on.

        Raises ConversationExists or HistoryLost.
        """

    async def claim(self, tenant: str, conversation_id: str) -> tuple[StoredConversation, Lease] | None:
        """Take the conversation over: earlier leases are fenced from now on. None: there is no such conversation."""

    async def begin_turn(
        self, lease: Lease, turn: StoredTurn, *, workspace: str | None = None, note: Note | None = None
    ) -> None:
        """Note a turn before it runs. workspace: where it will, if that was not known before. note: the client's.

        Raises Fenced, or DuplicateRequest where the conversation has a turn with this request id.
        """

    async def end_turn(
        self,
        lease: Lease,
        turn: StoredTurn,
        nodes: Sequence[Node],
        *,
        head: str,
        usage: bytes,
        update_time: float,
    ) -> None:
        """Note how the turn ended, what it added, and where the conversation is now; again without harm.

        Raises Fenced or HistoryLost.
        """

    async def move(
        self,
        lease: Lease,
        *,
        nodes: Sequence[Node],
        head: str,
        root: str,
        settings: bytes,
        keep_s: float | None,
        update_time: float,
    ) -> None:
        """Put the conversation's head elsewhere, or change its settings. Raises Fenced or HistoryLost."""

    async def messages(self, tenant: str, head: str) -> tuple[Node, ...]:
        """Return what was said, from the first message to the head. Raises HistoryLost."""

    async def said(
        self,
        tenant: str,
        conversation_id: str,
        *,
        head: str = "",
        start: int = 0,
        limit: int,
        latest_first: bool = False,
        max_bytes: int,
    ) -> Said | None:
        """Return messages of the conversation from a place on, or from it back: latest_first. Those are in order, too.

        head: where it stood, empty: where it stands. start: 0 is the first, or the last, message. At most limit, and
        no more than one where it goes beyond max_bytes. None: there is no such conversation. Raises HistoryLost.
        """

    async def snapshot(self, tenant: str, conversation_id: str) -> Snapshot | None:
        """Return the conversation with all its turns that have ended, or None."""

    async def restore(self, snapshot: Snapshot) -> None:
        """Enter a conversation with its past, whole or not at all. Raises ConversationExists or HistoryLost."""

    async def turns(self, tenant: str, conversation_id: str, *, after: int = 0, limit: int) -> tuple[StoredTurn, ...]:
        """Return the conversation's turns after this one, in order."""

    async def turn_of_request(self, tenant: str, conversation_id: str, request_id: str) -> StoredTurn | None:
        """Return the turn that this request began."""

    async def latest_turn(self, tenant: str, *, request_id: str = "", fingerprint: str = "") -> PlacedTurn | None:
        """Return the latest turn, of all conversations, that this request began, or one with this fingerprint.

        With its note, if it has one.
        """

    async def noted(
        self,
        tenant: str,
        *,
        label: str,
        model: str = "",
        metadata: Mapping[str, str] | None = None,
        after: str = "",
        latest_first: bool = False,
        limit: int,
        max_bytes: int,
    ) -> NotedPage:
        """Return turns that have a note with this label, this model if given, and at least this metadata.

        By their start, after the turn of the request `after`. At most limit, and no more than one where it goes beyond
        max_bytes. Raises InvalidMessage where `after` has no such note.
        """

    async def change_note(self, tenant: str, request_id: str, note: Note | None) -> bool:
        """Replace the note of the latest turn of this request, or remove it: None. False: there is none."""

    async def find(self, tenant: str, visible_ids: Sequence[str]) -> Found | None:
        """Return the deepest place that the history of these visible ids, from the first message on, reaches."""

    async def get(self, tenant: str, conversation_id: str) -> StoredConversation | None:
        """Return the conversation."""

    async def delete(self, tenant: str, conversation_id: str) -> bool:
        """Forget the conversation, its turns, and the nodes that nothing reaches any more; its leases are fenced.

        False: there is no such conversation.
        """

    async def overdue(self, due: Due, *, limit: int) -> tuple[tuple[str, str], ...]:
        """Return (tenant, conversation id) of conversations that are kept no longer and have no turn that runs."""

    async def expire(self, tenant: str, conversation_id: str, due: Due) -> bool:
        """Delete the conversation, unless it is kept longer, or a turn of it runs: False. A loss of power may undo it.

        Whether it is and its deletion are one: no turn can begin in between.
        """

    async def working_in(self, ending: str, *, limit: int) -> tuple[str, ...]:
        """Return the ids of conversations, of all tenants, whose workspace's path ends so."""

    async def interrupted_turns(self) -> tuple[PlacedTurn, ...]:
        """Return the turns, of all tenants, that were begun and never ended: what a restart must close."""

    async def list(self, tenant: str, *, after: str = "", limit: int) -> Page:
        """Return the conversations, latest used first, after the cursor of the page before.

        Raises InvalidMessage where the cursor is none of ours.
        """
