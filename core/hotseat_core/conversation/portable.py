"""A conversation as lines of JSON, for elsewhere or later; docs/conversations.md has the format. No I/O."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import msgspec

from hotseat_core.conversation.book import record_of, usage_of
from hotseat_core.conversation.turn import TurnRecord
from hotseat_core.errors import Reason
from hotseat_core.events import Failure, Outcome, ToolCalled, TurnCompleted, Usage
from hotseat_core.journal.store import Note, Snapshot
from hotseat_core.worker.rows import Block, Row

FORMAT = "hotseat.conversation"
VERSION = 1

Count = Annotated[int, msgspec.Meta(ge=0)]
Number = Annotated[int, msgspec.Meta(ge=1)]
Time = Annotated[datetime, msgspec.Meta(tz=True)]


class HeaderLine(msgspec.Struct, tag="conversation", frozen=True, kw_only=True):
    """The first line."""

    format: str
    version: int
    conversation_id: str
    create_time: Time
    update_time: Time
    settings: dict[str, Any]  # the contract's ConversationSettings, as the JSON form of protobuf has it
    usage: Usage
    message_count: Count
    turn_count: Count
    head: Count  # the message where the conversation stands; 0: nothing was said


class MessageLine(msgspec.Struct, tag="message", frozen=True, kw_only=True):
    """Something that was said, after its parent."""

    id: Number  # 1, 2, 3, ...
    parent: Count  # an earlier message; 0: it is the first one
    role: Literal["user", "assistant"]
    rows: Annotated[tuple[Row, ...], msgspec.Meta(min_length=1)]  # as the model sees it
    visible: str | None = None  # what the client was told; None: it follows from the rows


class FailureLine(msgspec.Struct, frozen=True):
    """Why a turn failed."""

    reason: str
    message: str
    metadata: dict[str, str] = {}
    retry_delay_s: float | None = None


class TurnLine(msgspec.Struct, tag="turn", frozen=True, kw_only=True):
    """A turn that has ended."""

    turn: Number  # 1, 2, 3, ...
    request_id: str
    input: Annotated[tuple[Block, ...], msgspec.Meta(min_length=1)]
    start_time: Time
    outcome: Literal["succeeded", "truncated", "refused", "interrupted", "failed", "tool_calls"]
    text: str
    usage: Usage
    duration_s: float
    step_count: int
    failure: FailureLine | None = None
    tool_calls: tuple[ToolCalled, ...] = ()  # that waited for the client
    head: Count  # the message where the conversation stood after it; 0: nothing was said
    fingerprint: str = ""  # of what was asked
    note: Note | None = None  # that a client keeps with it


Line = HeaderLine | MessageLine | TurnLine

_encode = msgspec.json.encode


def dump(snapshot: Snapshot, settings: dict[str, Any]) -> Iterator[bytes]:
    """Yield the lines, each with its end."""
    numbers = {"": 0} | {node.node_id: number for number, node in enumerate(snapshot.nodes, 1)}
    yield _encode(_header(snapshot, settings, numbers[snapshot.conversation.head])) + b"\n"
    for node in snapshot.nodes:
        said = node.message
        message = MessageLine(
            id=numbers[node.node_id],
            parent=numbers[node.parent_id],
            role=said.role,
            rows=said.rows,
            visible=said.visible,
        )
        yield _encode(message) + b"\n"
    for stored in snapshot.turns:
        record = record_of(stored)
        if record.completed is not None:
            line = _turn(record, record.completed, numbers[stored.head], snapshot.notes.get(stored.turn))
            yield _encode(line) + b"\n"


def _header(snapshot: Snapshot, settings: dict[str, Any], head: int) -> HeaderLine:
    held = snapshot.conversation
    return HeaderLine(
        format=FORMAT,
        version=VERSION,
        conversation_id=held.conversation_id,
        create_time=_time(held.create_time),
        update_time=_time(held.update_time),
        settings=settings,
        usage=usage_of(held),
        message_count=len(snapshot.nodes),
        turn_count=len(snapshot.turns),
        head=head,
    )


def _turn(record: TurnRecord, completed: TurnCompleted, head: int, note: Note | None) -> TurnLine:
    outcome: Any = completed.outcome.name.lower()
    return TurnLine(
        turn=record.turn,
        request_id=record.request_id,
        input=record.prompt.content,
        start_time=_time(record.start_time),
        outcome=outcome,
        text=completed.text,
        usage=completed.usage,
        duration_s=completed.duration_s,
        step_count=completed.step_count,
        failure=_failure(completed.failure),
        tool_calls=completed.calls,
        head=head,
        fingerprint=record.fingerprint,
        note=note,
    )


def _failure(failure: Failure | None) -> FailureLine | None:
    if failure is None:
        return None
    return FailureLine(failure.reason.name, failure.message, failure.metadata, failure.retry_delay_s)


def record_from(line: TurnLine, head: str) -> TurnRecord:
    """Return the turn of a line. Raises KeyError where its reason is unknown."""
    failure = None
    if line.failure is not None:
        reason = Reason[line.failure.reason]
        failure = Failure(reason, line.failure.message, line.failure.metadata, line.failure.retry_delay_s)
    completed = TurnCompleted(
        line.request_id,
        Outcome[line.outcome.upper()],
        line.text,
        line.usage,
        line.duration_s,
        line.step_count,
        failure,
        line.tool_calls,
    )
    return TurnRecord(
        line.turn,
        line.request_id,
        Row("user", line.input),
        line.start_time.timestamp(),
        completed,
        head,
        line.fingerprint,
    )


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
