"""Asks a worker for a turn's answer; where the answer has to fit a schema, once more if need be."""

from dataclasses import replace

import msgspec

from hotseat_core.errors import Reason
from hotseat_core.events import Event
from hotseat_core.worker.open_calls import Coming
from hotseat_core.worker.output_schema import OutputSchema, instruction
from hotseat_core.worker.profile import PROFILES
from hotseat_core.worker.rows import Row
from hotseat_core.worker.running_turn import Sink
from hotseat_core.worker.setup import TurnSetup
from hotseat_core.worker.shaping import Shaping
from hotseat_core.worker.translate import TurnReport
from hotseat_core.worker.worker import Worker


async def ask(worker: Worker, prompt: Row, setup: TurnSetup, sink: Sink, *, stall_timeout_s: float) -> TurnReport:
    """Run one turn; sink gets its events. Align the worker before the next one."""
    if setup.output is None:
        return await worker.ask(prompt, setup, sink, stall_timeout_s=stall_timeout_s)
    answering = _Answering(worker, setup, setup.output, sink, stall_timeout_s)
    return await answering.run(prompt)


def coming(prompt: Row, setup: TurnSetup) -> Coming:
    """Return what ask will ask a worker first."""
    return Coming(_first(prompt, setup.output), setup.effort)


def _first(prompt: Row, schema: OutputSchema | None) -> Row:
    request = schema.request() if schema is not None else None
    return Row("user", (*prompt.content, request)) if request is not None else prompt


class _Answering:
    def __init__(
        self, worker: Worker, setup: TurnSetup, schema: OutputSchema, sink: Sink, stall_timeout_s: float
    ) -> None:
        # Whoever may be told otherwise later need not be told before the end.
        self._is_held = setup.allow_retraction or bool(PROFILES[worker.spec.profile].tools)
        self._worker = worker
        self._setup = setup
        self._schema = schema
        self._sink = sink
        self._stall_timeout_s = stall_timeout_s

    async def run(self, prompt: Row) -> TurnReport:
        first = await self._once(_first(prompt, self._schema))
        failure = first.ending.failure
        if failure is None or failure.reason is not Reason.OUTPUT_INVALID or first.text:
            return first
        # Nobody has heard the answer: the model may mend it, as if it had said so at once.
        second = await self._once(_complaint(failure.metadata["problem"]))
        return msgspec.structs.replace(
            second,
            rows=(*first.rows[:-1], *second.rows),
            usage=first.usage + second.usage,
            step_count=first.step_count + second.step_count,
            troubles=first.troubles + second.troubles,
        )

    async def _once(self, prompt: Row) -> TurnReport:
        shaping = Shaping(self._schema, is_held=self._is_held)
        setup = replace(self._setup, allow_retraction=shaping.is_held and self._setup.allow_retraction)

        def take(events: list[Event]) -> None:
            if told := shaping.take(events):
                self._sink(told)

        report = await self._worker.ask(prompt, setup, take, stall_timeout_s=self._stall_timeout_s)
        report, rest = shaping.finish(report)
        if rest:
            self._sink(rest)
        return report


def _complaint(problem: str) -> Row:
    said = f"That is not what was asked for: {problem}\nGive the whole answer again, valid this time."
    return Row("user", (instruction(said),))
