"""Which conversation a request was made in: clients that lost an answer may not know its conversation's id."""

from collections.abc import Mapping
from dataclasses import dataclass
from weakref import WeakValueDictionary

from hotseat_core.conversation.book import TENANT, record_of
from hotseat_core.conversation.conversation import Conversation
from hotseat_core.conversation.turn import TurnRecord
from hotseat_core.journal.store import Store


@dataclass(frozen=True, slots=True)
class Request:
    """What identifies a stream's first input."""

    request_id: str = ""  # empty: the stream brings no input
    may_be_known: bool = False  # it may have been said before, in a conversation that the client can't name


NO_REQUEST = Request()


class Requests:
    """Finds requests in the conversations in use, where a turn need not have begun, and in the journal."""

    def __init__(self, store: Store, live: Mapping[str, Conversation]) -> None:
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
        placed = await self._store.latest_turn(TENANT, request_id=request.request_id)
        return placed.conversation_id if placed is not None else ""

    async def latest_turn(self, request_id: str, fingerprint: str) -> tuple[str, TurnRecord] | None:
        """Return the latest turn that was begun by this request, or with this fingerprint, and its conversation."""
        placed = await self._store.latest_turn(TENANT, request_id=request_id, fingerprint=fingerprint)
        return (placed.conversation_id, record_of(placed.turn)) if placed is not None else None
