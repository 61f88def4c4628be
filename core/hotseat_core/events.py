"""What happens in a conversation: the values that travel from a worker through the log to every client."""

from enum import Enum

import msgspec

from hotseat_core.errors import HotseatError, Reason


class WorkerSource(Enum):
    """How a worker was had; the value is the proto number."""

    NONE = 0
    HOT = 1
    WARM = 2
    COLD = 3


class Outcome(Enum):
    """How a turn ended; the value is the proto number."""

    SUCCEEDED = 1
    TRUNCATED = 2
    REFUSED = 3
    INTERRUPTED = 4
    FAILED = 5
    TOOL_CALLS = 6


class NoticeKind(Enum):
    """What a notice is about; the value is the proto number."""

    RETRYING = 1
    COMPACTED = 2
    RATE_LIMIT = 3
    WORKER_REPLACED = 4


class Failure(msgspec.Struct, frozen=True):
    """Why something failed, as a value: the in-stream form of a HotseatError."""

    reason: Reason
    message: str
    metadata: dict[str, str] = {}
    retry_delay_s: float | None = None

    @classmethod
    def of(cls, error: HotseatError) -> "Failure":
        """The failure that was raised."""
        return cls(error.reason, error.message, error.metadata, error.retry_delay_s)


# Of a dollar, after the point: finer than any price of a token, coarser than what adding binary fractions leaves.
COST_DIGITS = 10


class Usage(msgspec.Struct, frozen=True):
    """Tokens, and US dollars by the CLI's estimate."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    cost_usd: float = 0.0
    reasoning_tokens: int = 0  # part of output_tokens

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cache_read_tokens + other.cache_read_tokens,
            self.cache_write_tokens + other.cache_write_tokens,
            round(self.cost_usd + other.cost_usd, COST_DIGITS),
            self.reasoning_tokens + other.reasoning_tokens,
        )


class Event(msgspec.Struct, frozen=True):
    """Anything that the log holds."""


class TextDelta(Event, frozen=True):
    """A piece of the answer."""

    text: str
    block: int


class ThinkingDelta(Event, frozen=True):
    """A piece of the model's thinking."""

    text: str
    block: int


class TextRetracted(Event, frozen=True):
    """All of the block but its first kept_length characters no longer counts."""

    block: int
    kept_length: int


class ToolStarted(Event, frozen=True):
    """The model began to use a tool."""

    tool_use_id: str
    name: str
    block: int
    parent_tool_use_id: str = ""
    client_tool: bool = False  # the client runs it


class ToolInputDelta(Event, frozen=True):
    """A piece of a tool's input, as JSON text."""

    tool_use_id: str
    json: str


class ToolInputCompleted(Event, frozen=True):
    """A tool's input is whole."""

    tool_use_id: str
    input_json: str


class ToolCompleted(Event, frozen=True):
    """A tool ended; text is what the model got to see of it, images left out."""

    tool_use_id: str
    text: str
    is_error: bool


class ToolCalled(Event, frozen=True):
    """The client has to run a tool: its turn ends, and the next input brings the result."""

    tool_use_id: str
    name: str
    input_json: str


class PermissionRequested(Event, frozen=True):
    """The CLI asks whether it may use a tool."""

    permission_id: str
    tool_use_id: str
    tool_name: str
    input_json: str
    description: str
    suggested_rules: tuple[str, ...] = ()
    expire_time: float | None = None  # seconds since the epoch


class RequestsCancelled(Event, frozen=True):
    """Permission requests that no longer want an answer."""

    permission_ids: tuple[str, ...]


class UsageReported(Event, frozen=True):
    """What one model call spent."""

    usage: Usage


class Notice(Event, frozen=True):
    """Something worth showing."""

    kind: NoticeKind
    message: str
    metadata: dict[str, str] = {}


class Raw(Event, frozen=True):
    """One line of the CLI's output as it came; only readers that asked for it get it."""

    json: str


class TurnStarted(Event, frozen=True):
    """A turn began."""

    request_id: str
    model: str
    worker_source: WorkerSource
    queue_duration_s: float


class TurnCompleted(Event, frozen=True):
    """A turn ended; always its last event."""

    request_id: str
    outcome: Outcome
    text: str
    usage: Usage
    duration_s: float
    step_count: int
    failure: Failure | None = None
    calls: tuple[ToolCalled, ...] = ()  # that wait for the client
    output_json: str = ""  # the answer, where it had to fit a schema and does
    model: str = ""  # that was asked for; empty: none, or the turn never began
