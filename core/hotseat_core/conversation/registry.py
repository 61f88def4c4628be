"""A tenant's conversations: opened, found, listed, forked and deleted. All are in the journal, those in use here."""

import asyncio
import logging
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from weakref import WeakValueDictionary

from hotseat_core.conversation.archive import Archive
from hotseat_core.conversation.book import Book, record_of, root_of, settings_of, usage_of
from hotseat_core.conversation.clearing import Clearing, not_found
from hotseat_core.conversation.conversation import Conversation
from hotseat_core.conversation.following import followed
from hotseat_core.conversation.history import Message
from hotseat_core.conversation.lending import Lending
from hotseat_core.conversation.recall import as_known
from hotseat_core.conversation.requests import NO_REQUEST, Request, Requests
from hotseat_core.conversation.retention import Retention
from hotseat_core.conversation.revision import revise
from hotseat_core.conversation.room import Room
from hotseat_core.conversation.summary import State, Summary, of_live, of_stored
from hotseat_core.conversation.tally import Tally
from hotseat_core.conversation.terms import Attachment, ConversationSettings, Disposition, HistoryPolicy
from hotseat_core.conversation.turn_runner import TurnLimits, TurnRunner
from hotseat_core.conversation.workspaces import Workspaces
from hotseat_core.errors import ConversationBusy, ConversationExists, ConversationNotFound, InvalidMessage
from hotseat_core.journal.node import Node, chain, visible_path
from hotseat_core.journal.store import Due, Store, StoredConversation
from hotseat_core.pool.pool import Pool

logger = logging.getLogger(__name__)

_ALL_TURNS = 1_000_000


@dataclass(frozen=True, slots=True)
class Means:
    """What the registries of all tenants work with."""

    store: Store
    pool: Pool
    room: Room
    limits: TurnLimits
    retention: Retention
    default_settings: Callable[[], ConversationSettings]
    tasks: asyncio.TaskGroup  # that turns run in
    tally: Tally


class Registry:
    """The conversations of one tenant: nothing here reaches another's. Room says which of them are in memory."""

    def __init__(self, tenant: str, means: Means, workspaces: Workspaces) -> None:
        self.tenant = tenant
        self._store = store = means.store
        self._pool = pool = means.pool
        self._limits = means.limits
        self._tally = means.tally
        self._workspaces = workspaces
        self._default_settings = means.default_settings
        self._retention = means.retention
        self._room = means.room
        self._live = means.room.of(tenant)
        self._lending = Lending(tenant, self._live, pool)
        self._clearing = Clearing(tenant, store, pool, self._live, workspaces)
        # Held while a conversation is found or made: two at once would each take it over from the other.
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self.requests = Requests(tenant, store, self._live)
        self.archive = Archive(tenant, store, self._lock, workspaces, means.retention)
        self._tasks = means.tasks

    # ---- one conversation

    async def open(
        self, conversation_id: str, disposition: Disposition, attachment: Attachment, request: Request = NO_REQUEST
    ) -> Conversation:
        """Attach to a conversation, or make it. Raises ConversationNotFound and what Conversation.attach raises."""
        async with self._lock(conversation_id or f"request {request.request_id or id(attachment)}"):
            found = await self._meant(conversation_id, attachment, request)
            if found is None:
                if disposition in {Disposition.OPEN, Disposition.OBSERVE}:
                    raise not_found(conversation_id)
                if request.request_id:
                    attachment.account.check()  # a refused input leaves no conversation behind
                settings = attachment.settings or self._default_settings()
                said = await as_known(self._store, self.tenant, settings, attachment.history, self._lending.held)
                found = await self._create(conversation_id, settings, said)
                attachment.is_introduced = True
            found.attach(attachment, take_over=disposition is Disposition.TAKE_OVER)
            self.requests.note(request, found)
            return found

    async def get(self, conversation_id: str) -> Conversation:
        """Return the conversation. Raises ConversationNotFound."""
        found = await self._find_alone(conversation_id)
        if found is None:
            raise not_found(conversation_id)
        return found

    async def update(
        self, conversation_id: str, *, metadata: dict[str, str] | None, messages: Sequence[Message]
    ) -> Conversation:
        """Change what the client has kept with it, unless None, and add messages to what was said.

        Raises ConversationNotFound, or ConversationBusy where a turn runs or waits.
        """
        found = await self.get(conversation_id)
        await revise(found, metadata, messages)
        return found

    async def delete(self, conversation_id: str, *, only_if_idle: bool = False) -> str:
        """End its turn, forget it, end its worker and remove its files; return that worker, empty where it was cold.

        Raises ConversationNotFound, or ConversationBusy where it is to be idle and is not. Cancelling stops the
        waiting, not the deletion. Whoever opens the conversation meanwhile waits for its end.
        """
        forgetting = self._try_to_forget(conversation_id, only_if_idle=only_if_idle)
        found = await asyncio.shield(self._tasks.create_task(forgetting, name=f"forget {conversation_id}"))
        if isinstance(found, Exception):
            raise found
        return found

    async def _try_to_forget(self, conversation_id: str, *, only_if_idle: bool) -> str | Exception:
        """Return what went wrong: raised, it would end every other task of the registry."""
        try:
            async with self._lock(conversation_id):
                return await self._clearing.delete(conversation_id, only_if_idle=only_if_idle)
        except (ConversationNotFound, ConversationBusy) as exc:
            return exc
        except Exception as exc:
            logger.exception("a conversation could not be cleared away", extra={"conversation": conversation_id})
            return exc

    async def expire(self, conversation_id: str, due: Due) -> bool:
        """Clear the conversation away, unless it is kept longer or is in use: False."""
        async with self._lock(conversation_id):
            return await self._clearing.expire(conversation_id, due)

    async def fork(self, conversation_id: str, turn: int | None, new_id: str) -> Conversation:
        """Return a new conversation that begins like this one, up to a turn or the last finished one.

        Raises ConversationNotFound, ConversationExists or InvalidMessage.
        """
        source = await self.get(conversation_id)
        said = source.book.nodes
        if turn is not None:
            record = next((found for found in source.turns if found.turn == turn and found.completed), None)
            if record is None:
                problem = f"conversation {conversation_id} has no finished turn {turn}"
                raise InvalidMessage(problem, metadata={"field": "turn"})
            then = await self._store.messages(self.tenant, record.head) if record.head else ()
            # The system prompt, and the root of the tree with it, may be another one by now.
            said = chain(root_of(self.tenant, source.settings), [node.message for node in then])
        async with self._lock(new_id or f"fork of {conversation_id}"):
            return await self._create(new_id, source.settings, said)

    # ---- all of them

    async def summary(self, conversation_id: str) -> Summary:
        """Return the conversation as a thing that is read, without waking it. Raises ConversationNotFound."""
        live = self._live.get(conversation_id)
        if live is not None:
            return of_live(live, self._pool, self._retention)
        stored = await self._store.get(self.tenant, conversation_id)
        if stored is None:
            raise not_found(conversation_id)
        return of_stored(stored, self._retention)

    async def stored(self, conversation_id: str) -> StoredConversation | None:
        """Return the conversation as the journal has it; None: it has none."""
        return await self._store.get(self.tenant, conversation_id)

    def describe(self, conversation: Conversation) -> Summary:
        """Return a conversation in use as a thing that is read."""
        return of_live(conversation, self._pool, self._retention)

    async def list(self, cursor: str, limit: int, states: frozenset[State]) -> "tuple[list[Summary], str]":
        """Return a page of those in one of the states, the latest used first, and the next cursor. No states: all."""
        found: list[Summary] = []
        while True:
            page = await self._store.list(self.tenant, after=cursor, limit=limit - len(found))
            for stored in page.conversations:
                live = self._live.get(stored.conversation_id)
                summary = self.describe(live) if live is not None else of_stored(stored, self._retention)
                if not states or summary.state in states:
                    found.append(summary)
            cursor = page.next_cursor
            if not cursor or len(found) >= limit:
                return found, cursor

    # ---- finding and making

    def _lock(self, conversation_id: str) -> asyncio.Lock:
        return self._locks.setdefault(conversation_id, asyncio.Lock())

    async def _meant(self, conversation_id: str, attachment: Attachment, request: Request) -> Conversation | None:
        """Return the conversation that a stream is about; None: it is to be made."""
        if conversation_id:
            return await self._find(conversation_id)
        if known := await self.requests.find(request):
            return await self._find_alone(known)
        if attachment.after:
            return await followed(self._store, self.tenant, self._find_alone, attachment)
        return await self._continued(attachment)

    async def _find_alone(self, conversation_id: str) -> Conversation | None:
        async with self._lock(conversation_id):
            return await self._find(conversation_id)

    async def _find(self, conversation_id: str) -> Conversation | None:
        live = self._live.get(conversation_id)
        return live if live is not None else await self._load(conversation_id)

    async def _load(self, conversation_id: str) -> Conversation | None:
        """Bring a conversation back from the journal."""
        self._room.make()
        claimed = await self._store.claim(self.tenant, conversation_id)
        if claimed is None:
            return None
        stored, lease = claimed
        nodes = await self._store.messages(self.tenant, stored.head) if stored.head else ()
        turns = await self._store.turns(self.tenant, conversation_id, limit=_ALL_TURNS)
        runner = self._runner(conversation_id)
        runner.workspace = Path(stored.workspace) if stored.workspace else None
        return self._keep(
            Conversation(
                conversation_id,
                settings_of(stored),
                runner,
                Book(
                    self._store,
                    lease,
                    stored.root,
                    nodes,
                    create_time=stored.create_time,
                    update_time=stored.update_time,
                ),
                self._tasks,
                turns=[record_of(turn) for turn in turns],
                usage=usage_of(stored),
                is_transient=stored.is_transient,
            )
        )

    async def _continued(self, attachment: Attachment) -> Conversation | None:
        """Return the nameless conversation that the client's history goes on with, if nobody uses it now."""
        claimed = attachment.history
        if not claimed or attachment.history_policy in {HistoryPolicy.IGNORE, HistoryPolicy.APPEND}:
            return None
        settings = attachment.settings or self._default_settings()
        visible = visible_path(root_of(self.tenant, settings), claimed)
        found = await self._store.find(self.tenant, visible)
        if found is None or found.depth < len(visible):
            return None
        for stored in found.conversations:
            if not stored.is_transient:
                continue  # whoever named it goes on with it by its name
            async with self._lock(stored.conversation_id):
                conversation = await self._find(stored.conversation_id)
            if conversation is not None and not conversation.is_in_use and conversation.book.head == stored.head:
                return conversation
        return None

    def _runner(self, conversation_id: str) -> TurnRunner:
        lend, tally = self._lending.lend, self._tally
        return TurnRunner(self.tenant, conversation_id, self._pool, self._limits, lend=lend, tally=tally)

    async def _create(self, conversation_id: str, settings: ConversationSettings, said: Sequence[Node]) -> Conversation:
        is_transient = not conversation_id
        conversation_id = conversation_id or f"conv_{uuid.uuid4().hex}"
        if conversation_id in self._live:
            raise ConversationExists(f"conversation {conversation_id} exists; choose another id")
        self._room.make()
        runner = self._runner(conversation_id)
        async with self._workspaces.taking(settings.workspace) as runner.workspace:
            book = await Book.begin(
                self._store,
                self.tenant,
                conversation_id,
                settings,
                said,
                is_transient=is_transient,
                workspace=str(runner.workspace or ""),
            )
        return self._keep(Conversation(conversation_id, settings, runner, book, self._tasks, is_transient=is_transient))

    def _keep(self, conversation: Conversation) -> Conversation:
        self._live[conversation.id] = conversation
        return conversation
