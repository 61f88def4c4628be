"""Which conversation a request was made in: clients that lost an answer may not know its conversation's id."""

from collections.abc import Mapping
from dataclasses import dataclass
from weakref import WeakValueDictionary

from hotseat_core.conversation.archive import MAX_PAGE_BYTES
from hotseat_core.conversation.book import record_of
from hotseat_core.conversation.conversation import Conversation
from hotseat_core.conversation.turn import TurnRecord
from hotseat_core.events import Outcome
from hotseat_core.journal.store import Note, PlacedTurn, Store
from hotseat_core.worker.rows import Row


@dataclass(frozen=True, slots=True)
class Request:
    """What identifies a stream's first input."""

    request_id: str = ""  # empty: the stream brings no input
    may_be_known: bool = False  # it may have been said before, in a conversation that the client can't name


NO_REQUEST = Request()


@dataclass(frozen=True, slots=True)
class FoundTurn:
    """A turn, found without its conversation."""

    conversation_id: str
    record: TurnRecord  # its number is 0: it waits
    note: Note | None = None
    start_sequence: int = 0  # of its events in the log; 0: that has them no more
    log_id: str = ""
    answer: tuple[Row, ...] = ()  # if it was asked for


class Requests:
    """Finds requests in a tenant's conversations in use, where a turn need not have begun, and in the journal."""

    def __init__(self, tenant: str, store: Store, live: Mapping[str, Conversation]) -> None:
        self._tenant = tenant
        self._store = store
        self._live = live
        self._made_in: WeakValueDictionary[str, Conversation] = WeakValueDictionary()

    def note(self, request: Request, conversation: Conversation) -> None:
        """The request is about to be made in the conversation."""
        if request.request_id:
            self._made_in[request.request_id] = conversation

    async def find(self, request: Request) -> str:
        """Return the id of the conversation in which it was made; empty: it is new, or said to be."""
        if not request.may_be_known:
            return ""
        live = self._made_in.get(request.request_id)
        if live is not None and self._live.get(live.id) is live:
            return live.id
        placed = await self._store.latest_turn(self._tenant, request_id=request.request_id)
        return placed.conversation_id if placed is not None else ""

    async def turn(self, request_id: str, fingerprint: str, *, with_answer: bool = False) -> FoundTurn | None:
        """Return the latest turn that was begun by this request, or with this fingerprint; one that waits, too."""
        if (waiting := self._waiting(request_id)) is not None:
            return waiting
        placed = await self._store.latest_turn(self._tenant, request_id=request_id, fingerprint=fingerprint)
        if placed is None:
            return None
        return self._found(placed, await self._answer(placed) if with_answer else ())

    def _waiting(self, request_id: str) -> FoundTurn | None:
        live = self._made_in.get(request_id)
        if live is None or self._live.get(live.id) is not live:
            return None
        waiting = live.inbox.find(request_id)
        if waiting is None or waiting.number:
            return None
        asked = waiting.turn
        record = TurnRecord(0, asked.request_id, asked.prompt, 0.0, fingerprint=asked.fingerprint)
        return FoundTurn(live.id, record, asked.note)

    def _found(self, placed: PlacedTurn, answer: tuple[Row, ...] = ()) -> FoundTurn:
        record = record_of(placed.turn)
        live = self._live.get(placed.conversation_id)
        held = live.turns[record.turn - 1].first_sequence if live is not None else 0
        start = held if live is not None and held >= live.log.first_sequence else 0
        log_id = live.log.log_id if live is not None and start else ""
        return FoundTurn(placed.conversation_id, record, placed.note, start, log_id, answer)

    async def _answer(self, placed: PlacedTurn) -> tuple[Row, ...]:
        """Return what the model said in the turn."""
        record = record_of(placed.turn)
        if record.completed is None or record.completed.outcome is Outcome.FAILED or not record.head:
            return ()
        said = await self._store.said(
            self._tenant, placed.conversation_id, head=record.head, limit=1, latest_first=True, max_bytes=1
        )
        if said is None or said.nodes[-1].message.role != "assistant":
            return ()
        message = said.nodes[-1].message
        is_its_own = message.text == record.completed.text and (message.text or record.completed.calls)
        return message.rows if is_its_own else ()

    # ---- notes

    async def noted(
        self, label: str, *, model: str, metadata: Mapping[str, str], after: str, latest_first: bool, limit: int
    ) -> tuple[list[FoundTurn], bool]:
        """Return turns that have such a note, by their start, and whether there are more. Raises InvalidMessage."""
        found = await self._store.noted(
            self._tenant,
            label=label,
            model=model,
            metadata=metadata,
            after=after,
            latest_first=latest_first,
            limit=limit,
            max_bytes=MAX_PAGE_BYTES,
        )
        return [self._found(placed) for placed in found.turns], found.has_more

    async def change_note(self, request_id: str, note: Note | None) -> bool:
        """Replace the note of a turn, or remove it: None. False: it has none."""
        return await self._store.change_note(self._tenant, request_id, note)
