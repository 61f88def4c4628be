"""Rows and columns, whatever they are printed on. Pure."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from hotseat import pb

from hotseat_cli.operate import humane, records

GAP = 2
NOTHING = "-"
SHORTEST_ID = 6


@dataclass(frozen=True, slots=True)
class Column:
    """One column. A narrow terminal loses those with the highest `spare` first; 0: it always stays."""

    title: str
    spare: int = 0
    is_number: bool = False
    is_state: bool = False
    is_id: bool = False  # it alone may be shortened, where nothing else helps


@dataclass(frozen=True, slots=True)
class Table:
    """Cells of text."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]

    def widths(self) -> list[int]:
        """How wide each column is when nothing is shortened."""
        return [
            max(len(column.title), *(len(row[index]) for row in self.rows), 0)
            for index, column in enumerate(self.columns)
        ]

    def fitting(self, width: int) -> "Table":
        """The same table without the columns that are missed least, as far as that is needed."""
        widths = self.widths()
        kept = list(range(len(self.columns)))
        while sum(widths[index] + GAP for index in kept) - GAP > width:
            least = max(kept, key=lambda index: self.columns[index].spare)
            if not self.columns[least].spare:
                break
            kept.remove(least)
        return Table(
            tuple(self.columns[index] for index in kept),
            tuple(tuple(row[index] for index in kept) for row in self.rows),
        )

    def widths_within(self, width: int) -> list[int]:
        """How wide each column may be, so that they fit: ids give way, the widest first."""
        widths = self.widths()
        ids = [index for index, column in enumerate(self.columns) if column.is_id]
        for _ in range(sum(widths) + GAP * (len(widths) - 1) - width):
            widest = max(ids, key=lambda index: widths[index], default=None)
            if widest is None or widths[widest] <= SHORTEST_ID:
                break
            widths[widest] -= 1
        return widths

    def lines(self) -> list[str]:
        """The table as plain text, nothing shortened: for pipes and files."""
        widths = self.widths()
        titles = tuple(column.title for column in self.columns)
        return [self._line(row, widths) for row in (titles, *self.rows)]

    def _line(self, row: Sequence[str], widths: Sequence[int]) -> str:
        cells = [
            cell.rjust(width) if column.is_number else cell.ljust(width)
            for cell, width, column in zip(row, widths, self.columns, strict=True)
        ]
        return (" " * GAP).join(cells).rstrip()


def or_nothing(value: float | None, shown: Callable[[float], str]) -> str:
    """The value as it is shown, or a dash."""
    return NOTHING if value is None else shown(value)


# ---- workers

_ORDER = (
    pb.Worker.STATE_RUNNING,
    pb.Worker.STATE_IDLE,
    pb.Worker.STATE_WARM,
    pb.Worker.STATE_STARTING,
    pb.Worker.STATE_STOPPING,
)
_WORKERS = (
    Column("WORKER", 3, is_id=True),
    Column("PID", 6, is_number=True),
    Column("STATE", is_state=True),
    Column("PROFILE", 7),
    Column("CONVERSATION", is_id=True),
    Column("TURN", 1, is_number=True),
    Column("IDLE", 4, is_number=True),
    Column("AGE", 5, is_number=True),
    Column("MEMORY", 2, is_number=True),
    Column("TURNS", 8, is_number=True),
)


def in_order(found: Iterable[pb.Worker]) -> list[pb.Worker]:
    """Those that work first, and among equals the oldest first."""
    rank = {state: place for place, state in enumerate(_ORDER)}
    return sorted(
        found,
        key=lambda worker: (
            rank.get(worker.state, len(rank)),
            worker.start_time.ToNanoseconds(),
            worker.worker_id,
        ),
    )


def workers(found: Iterable[pb.Worker], now: float) -> Table:
    """The processes."""
    return Table(_WORKERS, tuple(_worker(worker, now) for worker in found))


def _worker(found: pb.Worker, now: float) -> tuple[str, ...]:
    is_idle = found.state == pb.Worker.STATE_IDLE
    return (
        found.worker_id,
        str(found.pid or NOTHING),
        records.worker_state(found),
        found.profile or NOTHING,
        found.conversation_id or NOTHING,
        or_nothing(records.since(found, "turn_start_time", now), humane.duration),
        or_nothing(records.since(found, "last_turn_time", now) if is_idle else None, humane.duration),
        or_nothing(records.since(found, "start_time", now), humane.duration),
        humane.size(found.memory_bytes) if found.memory_bytes else NOTHING,
        str(found.turn_count),
    )


# ---- the queue

_QUEUE = (
    Column("PLACE", is_number=True),
    Column("CONVERSATION", is_id=True),
    Column("PROFILE", 2),
    Column("WAITING", is_number=True),
    Column("TIME LEFT", 1, is_number=True),
)


def queue(found: Iterable[pb.QueuedTurn], now: float) -> Table:
    """The turns that wait."""
    return Table(
        _QUEUE,
        tuple(
            (
                str(turn.position),
                turn.conversation_id,
                turn.profile,
                or_nothing(records.since(turn, "queue_time", now), humane.duration),
                humane.duration(turn.expire_time.ToNanoseconds() / 1e9 - now)
                if turn.HasField("expire_time")
                else NOTHING,
            )
            for turn in found
        ),
    )


# ---- conversations

_CONVERSATIONS = (
    Column("CONVERSATION", is_id=True),
    Column("STATE", is_state=True),
    Column("PROFILE", 4),
    Column("MODEL", 7),
    Column("TURNS", 3, is_number=True),
    Column("TOKENS IN", 5, is_number=True),
    Column("OUT", 5, is_number=True),
    Column("COST", 2, is_number=True),
    Column("USED", 1, is_number=True),
    Column("AGE", 8, is_number=True),
    Column("WORKER", 6),
)


def conversations(found: Iterable[pb.Conversation], now: float) -> Table:
    """Conversations, each in a line."""
    return Table(_CONVERSATIONS, tuple(_conversation(conversation, now) for conversation in found))


def _conversation(found: pb.Conversation, now: float) -> tuple[str, ...]:
    used = records.since(found, "update_time", now)
    return (
        found.conversation_id,
        records.conversation_state(found),
        found.settings.profile or NOTHING,
        found.settings.model or NOTHING,
        str(found.turn_count),
        f"{tokens_in(found.usage):,}",
        f"{found.usage.output_tokens:,}",
        humane.cost(found.usage.cost_usd),
        or_nothing(used, lambda seconds: f"{humane.duration(seconds)} ago"),
        or_nothing(records.since(found, "create_time", now), humane.duration),
        found.worker_id or NOTHING,
    )


def tokens_in(spent: pb.Usage) -> int:
    """All prompt tokens, whatever the provider's cache made of them."""
    return spent.input_tokens + spent.cache_read_tokens + spent.cache_write_tokens


# ---- turns

_TURNS = (
    Column("TURN", is_number=True),
    Column("OUTCOME", is_state=True),
    Column("BEGAN", 1, is_number=True),
    Column("TOOK", 2, is_number=True),
    Column("STEPS", 5, is_number=True),
    Column("TOKENS IN", 4, is_number=True),
    Column("OUT", 4, is_number=True),
    Column("COST", 3, is_number=True),
    Column("ERROR"),
)


def turns(found: Iterable[pb.Turn], now: float) -> Table:
    """A conversation's turns."""
    return Table(_TURNS, tuple(_turn(turn, now) for turn in found))


def _turn(found: pb.Turn, now: float) -> tuple[str, ...]:
    done = found.completed
    began = records.since(found, "start_time", now)
    has_ended = found.HasField("completed")
    return (
        str(found.turn),
        records.outcome(found),
        or_nothing(began, lambda seconds: f"{humane.duration(seconds)} ago"),
        humane.duration(records.seconds(done.duration)) if has_ended else or_nothing(began, humane.duration),
        str(done.step_count),
        f"{tokens_in(done.usage):,}",
        f"{done.usage.output_tokens:,}",
        humane.cost(done.usage.cost_usd),
        records.error(done.error)["reason"] if done.HasField("error") else NOTHING,
    )
