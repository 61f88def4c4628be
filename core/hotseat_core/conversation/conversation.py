"""A conversation: who is attached, what waits, the running turn, and what was said."""

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import cast

from hotseat_core.conversation.audience import Audience
from hotseat_core.conversation.book import Book
from hotseat_core.conversation.calling import fitted
from hotseat_core.conversation.chronicle import Place
from hotseat_core.conversation.gate import Gate
from hotseat_core.conversation.history import Message, rows_of
from hotseat_core.conversation.inbox import Inbox
from hotseat_core.conversation.introduction import check_settings, introduced
from hotseat_core.conversation.log import EventLog
from hotseat_core.conversation.permissions import Permissions
from hotseat_core.conversation.placing import Placing
from hotseat_core.conversation.recall import recalled
from hotseat_core.conversation.terms import Attachment, ConversationSettings, GoAwayReason, RawLine, Rejection
from hotseat_core.conversation.turn import Delivery, TurnInput, TurnRecord, completion, gained, never_begun, recorded
from hotseat_core.conversation.turn_runner import TurnRunner
from hotseat_core.conversation.waiting import Waiting
from hotseat_core.errors import ConversationNotFound, HotseatError, Reason
from hotseat_core.events import Event, Failure, Outcome, Raw, TurnCompleted, TurnStarted, Usage, WorkerSource
from hotseat_core.pool.lease import Lease
from hotseat_core.worker.translate import Ending
from hotseat_core.worker.worker import Worker

logger = logging.getLogger(__name__)


class Conversation:
    """One conversation; its turns run one after another, in a task of the group that it is given."""

    def __init__(
        self,
        conversation_id: str,
        settings: ConversationSettings,
        runner: TurnRunner,
        book: Book,
        tasks: asyncio.TaskGroup,
        *,
        turns: Sequence[TurnRecord] = (),
        usage: Usage | None = None,
        is_transient: bool = False,
    ) -> None:
        self.id = conversation_id
        self.settings = settings
        self.log = EventLog()
        self.messages = book.messages
        self.turns: list[TurnRecord] = list(turns)
        self.usage = usage or Usage()
        self._is_closed = False
        self.permissions = Permissions()
        self.inbox = Inbox(self.turns)
        self.audience = Audience(conversation_id, self.inbox.has_some_of, self._abandon)
        self.runner = runner  # of its turns
        self.book = book  # its entries in the journal
        self._tasks = tasks
        self.is_nameless = is_transient  # nobody chose its id
        self._running: asyncio.Task[None] | None = None  # exists while anything waits or runs

    # ---- what it is

    @property
    def is_busy(self) -> bool:
        """A turn runs or waits."""
        return bool(self.inbox.open)

    @property
    def _place(self) -> Place:
        return Place(self.id, self.book.tenant, self.settings)

    @property
    def is_at_rest(self) -> bool:
        """No turn runs or waits, and no stream is about to say its first word."""
        return not self.is_busy and self.audience.is_introduced

    @property
    def is_in_use(self) -> bool:
        """Somebody is attached, or a turn runs or waits."""
        return self.is_busy or not self.audience.is_empty

    @property
    def is_transient(self) -> bool:
        """Nobody chose its name and nobody came back: likely a one-shot."""
        return self.is_nameless and len(self.turns) < 2

    # ---- who is attached

    def attach(self, attachment: Attachment, *, take_over: bool = False) -> None:
        """Let a stream take part. Raises ConversationOwned or SettingsMismatch."""
        if self.turns:
            check_settings(self.id, self.settings, attachment)
        for other in self.audience.attach(attachment, take_over=take_over):
            self.inbox.pass_on(other.owner, attachment.owner)
        self.inbox.rejoin(attachment)

    def detach(self, attachment: Attachment, *, for_good: bool = False) -> None:
        """The stream is gone; a conversation that nobody follows keeps little of its log."""
        self.audience.detach(attachment, for_good=for_good)
        if self.audience.is_empty and not self.is_busy:
            self.log.trim()

    def _abandon(self, owner: str) -> None:
        for waiting in self.inbox.abandoned(owner, self.audience.waiting_for):
            self._interrupt(waiting)

    def start_of(self, request_id: str) -> int:
        """Return the sequence with which the running turn of this input began; 0: it has not, or that is lost."""
        waiting = self.inbox.find(request_id)
        first = waiting.first_sequence if waiting is not None else 0
        return first if first >= self.log.first_sequence else 0

    # ---- what is said

    def submit(self, attachment: Attachment, turn: TurnInput) -> None:
        """Take an input; one that is known is joined. Raises HotseatError where it can't be taken."""
        if self._is_closed:
            raise ConversationNotFound(f"conversation {self.id} is gone", metadata={"conversationId": self.id})
        if self.inbox.repeat(turn, attachment):
            return
        self.inbox.add(turn, attachment)
        if turn.delivery is Delivery.INTERRUPT:
            self.interrupt()
        if self._running is None:
            self._running = self._tasks.create_task(self._run(), name=f"conversation {self.id}")

    def interrupt(self, turn: int = 0, request_id: str = "") -> None:
        """Stop the running turn, or the one that is named, even while it waits; nothing to stop is no error."""
        for waiting in self.inbox.open:
            is_meant = waiting is self.inbox.current and turn in {0, waiting.number}
            if waiting.turn.request_id == request_id if request_id else is_meant:
                self._interrupt(waiting)

    async def close(self, reason: GoAwayReason) -> None:
        """Stop what runs, send everybody away, and return once no turn is left."""
        self._is_closed = True
        self.audience.dismiss(reason)
        for waiting in self.inbox.open:
            self._interrupt(waiting)
        if self._running is not None:
            await asyncio.wait([self._running])

    def _interrupt(self, waiting: Waiting) -> None:
        waiting.interrupt()
        if waiting is self.inbox.current:
            self.runner.cut(Ending(Outcome.INTERRUPTED))

    # ---- turns

    async def _run(self) -> None:
        try:
            while (waiting := self.inbox.next()) is not None:
                await self._run_one(waiting)
        finally:
            self.inbox.current = self._running = None

    async def _run_one(self, waiting: Waiting) -> None:
        try:
            await self._take(waiting)
        except HotseatError as exc:
            self._fail(waiting, Failure.of(exc))
        except Exception:
            logger.exception("a turn broke off", extra={"conversation": self.id})
            self._fail(waiting, Failure(Reason.INTERNAL, "the server failed; its log says more"))

    async def _take(self, waiting: Waiting) -> None:
        failure = None
        try:
            async with self.book.revising:
                await self._introduce(waiting.attachment)
            waiting.turn = fitted(waiting.turn, self.settings, self.messages)
            lease = await self._prepare(waiting)
        except HotseatError as exc:
            if waiting.turn.note is None or self.audience.waiting_for(waiting.turn.request_id):
                raise
            lease, failure = None, Failure.of(exc)  # nobody is there to hear of it: it is looked for later
        if lease is None:
            await self._enter(waiting, recorded(waiting.turn, len(self.turns) + 1, time.time()), WorkerSource.NONE, 0.0)
            await self._finish(waiting, never_begun(waiting.turn.request_id, failure), self.messages)
            return
        try:
            await self._run_turn(waiting, lease)
        finally:
            waiting.let_go()  # cut off by the server's end, or by a fault of ours

    def _fail(self, waiting: Waiting, failure: Failure) -> None:
        """End what has begun as failed, though the journal may not say so; refuse what has not."""
        if waiting.is_answered:
            return
        if waiting.number:
            self.turns[-1].completed = never_begun(waiting.turn.request_id, failure)
            self._tell_end(waiting, self.turns[-1])
        else:
            self._reject(waiting, failure)

    def _reject(self, waiting: Waiting, failure: Failure) -> None:
        streams = self.audience.waiting_for(waiting.turn.request_id)
        self._answer(waiting)
        waiting.chronicle.tell_rejection(failure, self._place)
        for stream in streams:
            stream.send(Rejection(waiting.turn.request_id, failure))

    async def _prepare(self, waiting: Waiting) -> Lease | None:
        """Return a worker that holds the conversation; None: the input was interrupted while it waited."""
        rows, weight, is_one_shot = rows_of(self.messages), waiting.attachment.account.weight, self.is_transient
        placing = waiting.placing = Placing(waiting.turn.request_id, self.audience.waiting_for)
        prepare = self.runner.prepare(
            self.settings, rows, waiting.turn, weight, transient=is_one_shot, on_queued=placing.take
        )
        return await waiting.lease(prepare)

    async def _run_turn(self, waiting: Waiting, lease: Lease) -> None:
        record = recorded(waiting.turn, len(self.turns) + 1, time.time())
        gate = Gate(lambda events: self._on_events(record, waiting, waiting.held or lease, events))
        turn = waiting.turn.bounded(wants_raw=self.audience.wants_raw, max_steps=self.settings.max_steps)
        started = time.monotonic()
        async with asyncio.TaskGroup() as tasks:
            # The CLI takes tens of milliseconds until the model hears of the turn, the journal one or two to hold it.
            entering = tasks.create_task(self._enter_now(waiting, lease, record, gate))
            report = await self.runner.run(lease, turn, self.settings, gate.take)
        if (trouble := entering.result()) is not None:
            await self.runner.settle(lease, rows_of(self.messages))
            raise trouble
        report = await self.runner.run_again(waiting, report, turn, gate, self._prepare)
        lease = waiting.held or lease
        self.usage += report.usage
        waiting.permit.charge(report.usage)
        messages = (*self.messages, *gained(waiting.turn.prompt, report))
        taken_s, model = time.monotonic() - started, self.settings.setup.model
        await self._finish(waiting, completion(waiting.turn.request_id, report, taken_s, model), messages)
        await self.runner.settle(lease, rows_of(self.messages))

    async def _enter_now(self, waiting: Waiting, lease: Lease, record: TurnRecord, gate: Gate) -> HotseatError | None:
        """Enter the turn while its worker begins with it; nothing of it is told before, and without it, it is cut."""
        try:
            await self._enter(waiting, record, WorkerSource[lease.source.name], lease.queue_duration_s)
        except HotseatError as exc:
            self.runner.cut(Ending(Outcome.FAILED, Failure(exc.reason, exc.message)))
            return exc
        gate.open()
        return None

    async def _enter(self, waiting: Waiting, record: TurnRecord, source: WorkerSource, queue_duration_s: float) -> None:
        """Put the turn into the journal, and tell that it has begun."""
        workspace = self.runner.workspace
        await self.book.begin_turn(record, str(workspace) if workspace is not None else None, waiting.turn.note)
        waiting.number, waiting.first_sequence = record.turn, self.log.next_sequence
        record.first_sequence = waiting.first_sequence
        self.turns.append(record)
        self.inbox.note_begun(record)
        model = self.settings.setup.model
        self.log.append(record.turn, [TurnStarted(record.request_id, model, source, queue_duration_s)])

    async def _finish(self, waiting: Waiting, completed: TurnCompleted, messages: tuple[Message, ...]) -> None:
        """A client hears of the end once the journal holds it."""
        record = self.turns[-1]
        await self.book.end_turn(replace(record, completed=completed), messages, self.usage, time.time())
        record.completed, record.head = completed, self.book.head
        self.messages = messages
        self._tell_end(waiting, record)

    def _tell_end(self, waiting: Waiting, record: TurnRecord) -> None:
        completed = record.completed
        if completed is None:
            raise ValueError(f"turn {record.turn} runs")
        self.permissions.clear()
        self._answer(waiting)
        self.log.append(record.turn, [completed])
        waiting.chronicle.tell_end(completed, record.turn, self._place)

    def _answer(self, waiting: Waiting) -> None:
        waiting.note_answered()
        self.audience.note_answered(waiting.turn.request_id)

    async def _introduce(self, attachment: Attachment) -> None:
        """What a stream said of the conversation when it opened it counts from its first input on."""
        if attachment.is_introduced:
            return
        attachment.is_introduced = True
        settings, messages = introduced(self.id, self.settings, self.messages, attachment)
        if settings != self.settings or messages != self.messages:
            messages = await recalled(self.book.store, self.book.tenant, settings, self.messages, messages)
            await self.book.move(messages, settings)
            self.settings, self.messages = settings, messages

    def _on_events(self, record: TurnRecord, waiting: Waiting, lease: Lease, events: list[Event]) -> None:
        waiting.chronicle.hear(events)
        for event in events:
            if isinstance(event, Raw):
                self.audience.tell_raw(RawLine(event.json))
        worker = cast("Worker", lease.worker)
        told = self.permissions.sift(worker, events, self.settings, has_reader=self.audience.has_reader)
        if told:
            self.log.append(record.turn, told)
