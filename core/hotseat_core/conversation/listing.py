"""What was said, as a client saw it: each message with the turn that said it. No I/O."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass

from hotseat_core.conversation.book import record_of
from hotseat_core.conversation.history import Message
from hotseat_core.conversation.turn import TurnRecord
from hotseat_core.errors import InvalidMessage
from hotseat_core.events import Outcome
from hotseat_core.journal.node import Node
from hotseat_core.journal.store import Said


@dataclass(frozen=True, slots=True)
class Listed:
    """One message of a conversation."""

    message_id: str  # the same as long as it and all before it are
    message: Message
    turn: int  # that said it; 0: it came with a client's history
    outcome: Outcome | None  # of that turn
    time: float | None  # seconds since the epoch: of a question when it was asked, of an answer when it was whole


def listed(said: Said) -> list[Listed]:
    """Return the messages of a page, in order."""
    ended = [record_of(turn) for turn in said.turns]
    after = [*(node.node_id for node in said.nodes[1:]), said.next_id]
    return [_listed(node, next_id, ended) for node, next_id in zip(said.nodes, after, strict=False)]


def _listed(node: Node, next_id: str, ended: Sequence[TurnRecord]) -> Listed:
    heads = (next_id, node.node_id) if node.message.role == "user" else (node.node_id,)
    # The first turn of several: those that said nothing end where the one before them ended.
    record = next((turn for head in heads for turn in ended if turn.head == head and _said(turn, node.message)), None)
    if record is None or record.completed is None:
        return Listed(node.node_id, node.message, 0, None, None)
    answered_time = record.start_time + record.completed.duration_s
    time = record.start_time if node.message.role == "user" else answered_time
    return Listed(node.node_id, node.message, record.turn, record.completed.outcome, time)


def _said(turn: TurnRecord, message: Message) -> bool:
    """Whether a turn that ended here, or with the next message, may have said this."""
    completed = turn.completed
    if completed is None or completed.outcome is Outcome.FAILED:
        return False
    return message.rows == (turn.prompt,) if message.role == "user" else completed.text == message.text


def token_after(said: Said, *, latest_first: bool) -> str:
    """Return the token of the page after this one; empty: this was the last."""
    place = said.first - 1 if latest_first else said.first + len(said.nodes)
    if not said.nodes or not 1 <= place <= said.total:
        return ""
    return base64.urlsafe_b64encode(f"{place}:{said.head}".encode()).decode()


def place_of(page_token: str) -> tuple[int, str]:
    """Return the place that a page begins at, and the head that it leads to. Raises InvalidMessage."""
    if not page_token:
        return 0, ""
    try:
        place_text, _, head = base64.urlsafe_b64decode(page_token.encode()).decode().partition(":")
        place = int(place_text)
    except (ValueError, binascii.Error):
        place, head = 0, ""
    if place < 1 or not head:
        raise InvalidMessage("page_token is none of ours", metadata={"field": "page_token"})
    return place, head
