"""All conversations: opened, found, listed, forked and deleted."""

import asyncio
import logging
import shutil
import uuid
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import Self

from hotseat_core.conversation.conversation import Conversation
from hotseat_core.conversation.history import Message
from hotseat_core.conversation.terms import Attachment, ConversationSettings, GoAwayReason
from hotseat_core.conversation.turn_runner import TurnLimits, TurnRunner
from hotseat_core.errors import ConversationExists, ConversationNotFound, ConversationOwned, InvalidMessage, PoolFull
from hotseat_core.pool.pool import Pool

logger = logging.getLogger(__name__)

MAX_CONVERSATIONS = 10_000


class State(Enum):
    """What a conversation is doing; the value is the proto number."""

    COLD = 1
    IDLE = 2
    RUNNING = 3
    REQUIRES_ACTION = 4


class Disposition(Enum):
    """What to do if the conversation does not exist, or does."""

    OPEN_OR_CREATE = "open or create"
    OPEN = "open"
    OBSERVE = "observe"
    TAKE_OVER = "take over"


class Registry:
    """The conversations of this core, in memory: at most max_conversations, the longest unused ones go."""

    def __init__(
        self,
        pool: Pool,
        limits: TurnLimits,
        *,
        workspace_root: Path,
        default_settings: Callable[[], ConversationSettings],
        max_conversations: int = MAX_CONVERSATIONS,
    ) -> None:
        self._pool = pool
        self._limits = limits
        self._workspace_root = workspace_root
        self._default_settings = default_settings
        self._max_conversations = max_conversations
        self._conversations: dict[str, Conversation] = {}
        self._ending: set[str] = set()  # forgotten, but their workers still hold them
        self._tasks = asyncio.TaskGroup()

    async def __aenter__(self) -> Self:
        await self._tasks.__aenter__()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        closing = [conversation.close(GoAwayReason.DRAINING) for conversation in self._conversations.values()]
        await asyncio.gather(*closing)
        await self._tasks.__aexit__(None, None, None)

    # ---- one conversation

    def open(self, conversation_id: str, disposition: Disposition, attachment: Attachment) -> Conversation:
        """Attach to a conversation, or make it. Raises ConversationNotFound and what Conversation.attach raises."""
        found = self._conversations.get(conversation_id)
        if found is None:
            if disposition in {Disposition.OPEN, Disposition.OBSERVE}:
                raise _not_found(conversation_id)
            found = self._create(conversation_id, attachment.settings or self._default_settings(), attachment.history)
            attachment.is_introduced = True
        found.attach(attachment, take_over=disposition is Disposition.TAKE_OVER)
        return found

    def get(self, conversation_id: str) -> Conversation:
        """Return the conversation. Raises ConversationNotFound."""
        found = self._conversations.get(conversation_id)
        if found is None:
            raise _not_found(conversation_id)
        return found

    async def delete(self, conversation_id: str) -> None:
        """End its turn, forget it, end its worker and remove its files. Raises ConversationNotFound.

        Cancelling stops the waiting, not the deletion.
        """
        await asyncio.shield(self._start_forgetting(self.get(conversation_id)))

    def fork(self, conversation_id: str, turn: int | None, new_id: str) -> Conversation:
        """Return a new conversation that begins like this one, up to a turn or the last finished one.

        Raises ConversationNotFound, ConversationExists or InvalidMessage.
        """
        source = self.get(conversation_id)
        if new_id in self._conversations:
            raise ConversationExists(f"conversation {new_id} exists; choose another id")
        finished = [record for record in source.turns if record.completed is not None]
        if turn is None:
            return self._create(new_id, source.settings, source.messages)
        record = next((record for record in finished if record.turn == turn), None)
        if record is None or record.messages is None:
            problem = "has no finished turn" if record is None else "was edited before the end of turn"
            raise InvalidMessage(f"conversation {conversation_id} {problem} {turn}", metadata={"field": "turn"})
        return self._create(new_id, source.settings, source.messages[: record.messages])

    def state(self, conversation: Conversation) -> State:
        """Return what the conversation is doing."""
        if conversation.permissions.is_waiting:
            return State.REQUIRES_ACTION
        if conversation.is_busy:
            return State.RUNNING
        return State.COLD if self._pool.worker_of(conversation.id) is None else State.IDLE

    def worker_id(self, conversation: Conversation) -> str:
        """Return the worker that holds it; empty: it is cold."""
        held = self._pool.worker_of(conversation.id)
        return held.id if held is not None else ""

    # ---- all of them

    def list(self) -> "list[Conversation]":
        """Return the conversations, the latest used first."""
        return sorted(self._conversations.values(), key=lambda conversation: conversation.update_time, reverse=True)

    def dismiss_all(self, reason: GoAwayReason) -> None:
        """Tell every stream to end; turns go on."""
        for conversation in self._conversations.values():
            conversation.audience.dismiss(reason)

    def _create(
        self, conversation_id: str, settings: ConversationSettings, messages: tuple[Message, ...]
    ) -> Conversation:
        if conversation_id in self._ending:
            problem = f"conversation {conversation_id} is being deleted; open it again in a moment"
            raise ConversationOwned(problem, metadata={"conversationId": conversation_id}, retry_delay_s=0.5)
        self._make_room()
        is_transient = not conversation_id
        conversation_id = conversation_id or f"conv_{uuid.uuid4().hex}"
        runner = TurnRunner(conversation_id, self._pool, self._limits)
        if settings.workspace:
            runner.workspace = self._workspace(settings.workspace)
        conversation = Conversation(
            conversation_id, settings, runner, self._tasks, messages=messages, is_transient=is_transient
        )
        self._conversations[conversation.id] = conversation
        return conversation

    def _make_room(self) -> None:
        """Forget the longest unused conversation that nobody is attached to, those without a name first."""
        if len(self._conversations) < self._max_conversations:
            return
        idle = [found for found in self.list() if not found.is_busy and found.audience.is_empty]
        if not idle:
            raise PoolFull(f"{len(self._conversations)} conversations are in use", retry_delay_s=1.0)
        oldest = next((found for found in reversed(idle) if found.is_transient), idle[-1])
        self._start_forgetting(oldest)

    def _start_forgetting(self, conversation: Conversation) -> asyncio.Task[None]:
        del self._conversations[conversation.id]
        # A new conversation of this name must not be given the worker of the old one.
        self._ending.add(conversation.id)
        return self._tasks.create_task(self._forget(conversation), name=f"forget {conversation.id}")

    async def _forget(self, conversation: Conversation) -> None:
        try:
            await self._end(conversation)
        except Exception:
            logger.exception("a conversation could not be cleared away", extra={"conversation": conversation.id})
        finally:
            self._ending.discard(conversation.id)

    async def _end(self, conversation: Conversation) -> None:
        await conversation.close(GoAwayReason.EVICTED)
        await self._pool.evict(conversation.id, force=True)
        workspace = conversation.runner.workspace
        if workspace is not None and not conversation.settings.workspace:
            await asyncio.to_thread(shutil.rmtree, workspace, ignore_errors=True)

    def _workspace(self, relative: str) -> Path:
        path = (self._workspace_root / relative).resolve()
        if not path.is_relative_to(self._workspace_root.resolve()):
            field = {"field": "settings.workspace"}
            raise InvalidMessage("settings.workspace leaves the workspace root", metadata=field)
        return path


def _not_found(conversation_id: str) -> ConversationNotFound:
    return ConversationNotFound(
        f"there is no conversation {conversation_id}", metadata={"conversationId": conversation_id}
    )
