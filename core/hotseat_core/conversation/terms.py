"""How a conversation runs, and how a stream is attached to it: values."""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields, replace
from enum import Enum
from typing import Any, TypeAlias

from hotseat_serving.trace_context import TraceContext
from hotseat_serving.tracing import Tracer

from hotseat_core.access.account import FREE, Account
from hotseat_core.conversation.history import Message
from hotseat_core.events import Failure, TurnCompleted
from hotseat_core.pool.stats import Place
from hotseat_core.worker.setup import PermissionMode, SessionSetup

MAX_SIDE_MESSAGES = 4096


_SETUP_FIELDS = frozenset(field.name for field in fields(SessionSetup))


@dataclass(frozen=True, slots=True)
class ConversationSettings:
    """How a conversation runs."""

    profile: str
    setup: SessionSetup = field(default_factory=SessionSetup)
    workspace: str = ""  # under the server's workspace root; empty: one of its own
    decision_timeout_s: float = 300.0
    max_steps: int = 0  # 0: unbounded
    max_duration_s: float = 0.0  # 0: the server's bound
    retention_s: float | None = None  # after its last use, within the server's bound; None: the server's bound
    output_schema_json: str = ""  # of every turn that has none of its own
    metadata: dict[str, str] = field(default_factory=dict)  # the client's own

    def changed(self, wanted: "ConversationSettings", given: frozenset[str]) -> "ConversationSettings":
        """Return these settings with the given fields of the wanted ones, by their names here or in the setup."""
        setup = _others(self.setup, wanted.setup, given & _SETUP_FIELDS)
        own = _others(self, wanted, given - _SETUP_FIELDS)
        if setup:
            own["setup"] = replace(self.setup, **setup)
        return replace(self, **own) if own else self  # as a rule nothing is

    @property
    def permission_mode(self) -> PermissionMode:
        """Who decides on a tool that no rule covers."""
        return self.setup.permission_mode


def _others(held: object, wanted: object, names: Iterable[str]) -> dict[str, Any]:
    """Return those of the named fields that differ, as they are wanted."""
    pairs = ((name, getattr(wanted, name)) for name in names)
    return {name: value for name, value in pairs if value != getattr(held, name)}


class Disposition(Enum):
    """What to do if the conversation does not exist, or does."""

    OPEN_OR_CREATE = "open or create"
    OPEN = "open"
    OBSERVE = "observe"
    TAKE_OVER = "take over"


class HistoryPolicy(Enum):
    """What to do where a client's history is not what the conversation holds."""

    MATCH = "match"
    REQUIRE = "require"
    IGNORE = "ignore"
    APPEND = "append"


class GoAwayReason(Enum):
    """Why the server ends a stream; the value is the proto number."""

    DRAINING = 1
    TAKEN_OVER = 2
    EVICTED = 3


@dataclass(frozen=True, slots=True)
class Rejection:
    """A message of the client was refused; the stream goes on."""

    id: str
    failure: Failure


@dataclass(frozen=True, slots=True)
class Repeated:
    """The end of a turn, once more, for a stream that said its input again."""

    turn: int
    completed: TurnCompleted


@dataclass(frozen=True, slots=True)
class RawLine:
    """A line of the CLI's, for a stream that asked for it."""

    json: str


@dataclass(frozen=True, slots=True)
class Queued:
    """An input's place in the queue for workers, for the streams that wait for its answer."""

    request_id: str
    place: Place


SideMessage: TypeAlias = Rejection | Repeated | RawLine | Queued


@dataclass(eq=False, slots=True)
class Attachment:
    """One stream on a conversation."""

    client_id: str = ""  # empty: it shares the conversation
    is_observer: bool = False
    settings: ConversationSettings | None = None  # None: as the conversation runs
    given: frozenset[str] = frozenset()  # the fields of settings that the client has set
    history: tuple[Message, ...] = ()
    history_policy: HistoryPolicy = HistoryPolicy.MATCH
    after: str = ""  # the request from whose turn's end it goes on; empty: from where the conversation stands
    after_label: str = ""  # of the note that this turn must have
    detach_timeout_s: float | None = None  # None: its inputs run to their end without it
    wants_raw: bool = False
    account: Account = FREE  # what its inputs are counted to
    tracer: Tracer | None = None  # of its inputs' turns; None: traces are not wanted
    trace: TraceContext | None = None  # that the stream itself is part of
    wake: Callable[[], None] = lambda: None  # something is there for the stream
    # Settings and history count once, from the stream's first input on.
    is_introduced: bool = False
    # Messages for this stream alone, of each input one place at most. Bounded: the oldest go, which can only be lines.
    side: deque[SideMessage] = field(default_factory=lambda: deque(maxlen=MAX_SIDE_MESSAGES))
    open_inputs: set[str] = field(default_factory=set)  # request ids that have not been answered
    go_away: GoAwayReason | None = None

    @property
    def owner(self) -> str:
        """Whose inputs these are: the client's, across its streams, or this stream's."""
        return self.client_id or f"stream {id(self)}"

    def send(self, message: SideMessage) -> None:
        """Hand the stream a message of its own."""
        self.side.append(message)
        self.wake()

    def take_back(self, message: SideMessage) -> None:
        """What the stream has not been told yet, it need not be told any more."""
        if message in self.side:
            self.side.remove(message)

    def dismiss(self, reason: GoAwayReason) -> None:
        """Tell the stream to end."""
        self.go_away = reason
        self.wake()
