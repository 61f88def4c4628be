"""Counts the turns that a journal takes down, and how long it takes to."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
from prometheus_client import CollectorRegistry, Counter, Histogram

from hotseat_core.errors import Reason
from hotseat_core.events import Outcome, Usage
from hotseat_core.journal.node import Node
from hotseat_core.journal.sqlite import SqliteStore
from hotseat_core.journal.store import Lease, Note, StoredTurn
from hotseat_core.metrics.models import ModelLabels

_DURATIONS_S = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 60, 120, 300, 600, 1800)
_COMMITS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5)


class _Failure(msgspec.Struct, frozen=True):
    reason: Reason


class _Ended(msgspec.Struct, frozen=True):
    """What is counted of a turn that has ended; its text is not even read."""

    outcome: Outcome
    usage: Usage
    duration_s: float
    failure: _Failure | None = None
    model: str = ""


_decode = msgspec.json.Decoder(_Ended).decode


class TurnMeter:
    """Counts turns by outcome, what they took and what they spent."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._turns = Counter(
            "hotseat_turns", "Turns that ended, by outcome; reason says why failed ones did.", ["outcome", "reason"],
            registry=registry,
        )  # fmt: skip
        self._durations = Histogram(
            "hotseat_turn_duration_seconds", "How long turns ran on their process.", ["model", "outcome"],
            registry=registry, buckets=_DURATIONS_S,
        )  # fmt: skip
        self._tokens = Counter(
            "hotseat_tokens", "Tokens, by the model that was asked for and their type.", ["model", "type"],
            registry=registry,
        )  # fmt: skip
        self._cost = Counter(
            "hotseat_cost_usd", "US dollars, by the model that was asked for; the CLI's estimate.", ["model"],
            registry=registry,
        )  # fmt: skip
        self._commits = Histogram(
            "hotseat_store_commit_seconds", "How long the journal took to note a turn's begin or end.", ["step"],
            registry=registry, buckets=_COMMITS_S,
        )  # fmt: skip
        self._models = ModelLabels()
        for outcome in Outcome:  # so that rates are right from the first turn on
            self._durations.labels(self._models.of(""), outcome.name.lower())

    def note_end(self, completed: bytes) -> None:
        """Count a turn that ended so."""
        ended = _decode(completed)
        outcome, usage = ended.outcome.name.lower(), ended.usage
        # Clients ask for what they like; a name that has answered is a model's.
        model = self._models.of(ended.model if usage.output_tokens else "")
        self._turns.labels(outcome, ended.failure.reason.name if ended.failure is not None else "").inc()
        self._durations.labels(model, outcome).observe(ended.duration_s)
        self._cost.labels(model).inc(usage.cost_usd)
        for kind, count in {
            "input": usage.input_tokens,
            "output": usage.output_tokens,
            "cache_read": usage.cache_read_tokens,
            "cache_write": usage.cache_write_tokens,
        }.items():
            self._tokens.labels(model, kind).inc(count)

    def note_commit(self, step: str, seconds: float) -> None:
        """Count a write of the journal."""
        self._commits.labels(step).observe(seconds)


class MeteredStore(SqliteStore):
    """The journal, which tells a meter of the turns that it takes down."""

    def __init__(self, path: Path, meter: TurnMeter, timer: Callable[[], float] = time.perf_counter) -> None:
        super().__init__(path)
        self._meter = meter
        self._timer = timer

    async def begin_turn(
        self, lease: Lease, turn: StoredTurn, *, workspace: str | None = None, note: Note | None = None
    ) -> None:
        """Note a turn before it runs. Raises Fenced or DuplicateRequest."""
        started = self._timer()
        await super().begin_turn(lease, turn, workspace=workspace, note=note)
        self._meter.note_commit("begin", self._timer() - started)

    async def end_turn(
        self, lease: Lease, turn: StoredTurn, nodes: Sequence[Node], *, head: str, usage: bytes, update_time: float
    ) -> None:
        """Note how the turn ended; again without harm. Raises Fenced or HistoryLost."""
        started = self._timer()
        await super().end_turn(lease, turn, nodes, head=head, usage=usage, update_time=update_time)
        self._meter.note_commit("end", self._timer() - started)
        if turn.completed is not None:
            self._meter.note_end(turn.completed)
