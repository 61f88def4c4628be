"""A turn: what begins it, and what its end means for the conversation. No I/O and no clock."""

from dataclasses import dataclass, field, replace
from enum import Enum

from hotseat_serving.trace_context import TraceContext

from hotseat_core.conversation.history import Message
from hotseat_core.events import Failure, Outcome, TurnCompleted, Usage
from hotseat_core.journal.store import Note
from hotseat_core.worker.rows import Row
from hotseat_core.worker.setup import PermissionMode, TurnSetup
from hotseat_core.worker.translate import TurnReport


class Delivery(Enum):
    """What to do with an input while a turn is running."""

    QUEUE = "queue"
    INTERRUPT = "interrupt"
    REJECT = "reject"


class Verdict(Enum):
    """What to answer when the CLI asks whether it may use a tool."""

    ALLOW = "allow"
    DENY = "deny"
    ASK = "ask"


@dataclass(frozen=True, slots=True)
class TurnInput:
    """Something the user says."""

    request_id: str
    prompt: Row
    setup: TurnSetup = field(default_factory=TurnSetup)
    delivery: Delivery = Delivery.QUEUE
    fingerprint: str = ""  # of what was asked, the client's; empty: it gave none
    note: Note | None = None  # that the client keeps with the turn
    trace: TraceContext | None = None  # that the client wants it to be part of

    def bounded(self, *, wants_raw: bool, max_steps: int) -> "TurnInput":
        """Return it with what is not its client's to say."""
        if (self.setup.wants_raw, self.setup.max_steps) == (wants_raw, max_steps):
            return self  # as a rule
        return replace(self, setup=replace(self.setup, wants_raw=wants_raw, max_steps=max_steps))


@dataclass(slots=True)
class TurnRecord:
    """One turn of a conversation, running or ended."""

    turn: int
    request_id: str
    prompt: Row
    start_time: float  # seconds since the epoch
    completed: TurnCompleted | None = None  # None: it runs
    head: str = ""  # where the conversation stood after it, in the journal; empty: it runs, or nothing was said
    fingerprint: str = ""  # of what was asked
    first_sequence: int = 0  # of its events in the log; 0: that is lost


def recorded(asked: TurnInput, number: int, now: float) -> TurnRecord:
    """Return what is known of a turn that begins."""
    return TurnRecord(number, asked.request_id, asked.prompt, now, fingerprint=asked.fingerprint)


def gained(prompt: Row, report: TurnReport) -> tuple[Message, ...]:
    """Return what the turn adds to what was said.

    A failed turn adds nothing, and neither does one that was cut before it said anything: the client may ask again.
    """
    if report.ending.outcome is Outcome.FAILED or not (report.rows or report.ending.clean):
        return ()
    question = Message("user", (prompt,))
    return (question, Message("assistant", report.rows, report.text)) if report.rows else (question,)


def completion(request_id: str, report: TurnReport, duration_s: float, model: str) -> TurnCompleted:
    """Return the turn's last event."""
    ending = report.ending
    return TurnCompleted(
        request_id,
        ending.outcome,
        report.text,
        report.usage,
        duration_s,
        report.step_count,
        ending.failure,
        report.calls,
        report.output_json,
        model,
    )


def never_begun(request_id: str, failure: Failure | None = None) -> TurnCompleted:
    """Return the last event of a turn that was interrupted, or failed, before the model heard of it."""
    outcome = Outcome.INTERRUPTED if failure is None else Outcome.FAILED
    return TurnCompleted(request_id, outcome, "", Usage(), 0.0, 0, failure)


def log_fields(completed: TurnCompleted) -> dict[str, object]:
    """Return what a log may say of a turn's end."""
    usage, failure = completed.usage, completed.failure
    return {
        "outcome": completed.outcome.name,
        "reason": failure.reason.name if failure is not None else None,
        "steps": completed.step_count,
        "duration_ms": round(completed.duration_s * 1000, 1),
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cache_read_tokens": usage.cache_read_tokens,
        "cache_write_tokens": usage.cache_write_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
        "cost_usd": round(usage.cost_usd, 6),
    }


def verdict(mode: PermissionMode, *, has_reader: bool) -> Verdict:
    """Return what to answer to a permission question. has_reader: a client is there that may decide."""
    if mode is PermissionMode.BYPASS:
        return Verdict.ALLOW
    # In the other modes the CLI lets pass what the mode allows, and asks about the rest.
    return Verdict.ASK if mode is PermissionMode.ASK and has_reader else Verdict.DENY
