"""Carries one turn out: a worker that holds the conversation, the turn on it, and the worker left in order."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import msgspec

from hotseat_core.conversation.answering import ask, coming
from hotseat_core.conversation.gate import Gate
from hotseat_core.conversation.quota import Quota
from hotseat_core.conversation.tally import Tally, Uncounted
from hotseat_core.conversation.terms import ConversationSettings
from hotseat_core.conversation.turn import TurnInput
from hotseat_core.conversation.waiting import Waiting
from hotseat_core.conversation.ways import begins_with, is_better_new, path_of
from hotseat_core.errors import HotseatError, Reason, WorkerLost, WorkerStartError
from hotseat_core.events import Failure, Notice, NoticeKind, Outcome
from hotseat_core.pool.lease import Lease
from hotseat_core.pool.pool import Pool
from hotseat_core.pool.stats import Place
from hotseat_core.pool.view import Source
from hotseat_core.pool.worker_port import WorkerSpec
from hotseat_core.worker.open_calls import Coming
from hotseat_core.worker.rows import Row
from hotseat_core.worker.running_turn import Sink
from hotseat_core.worker.session import CannotAlignError
from hotseat_core.worker.setup import SessionSetup
from hotseat_core.worker.translate import Ending, TurnReport
from hotseat_core.worker.worker import Worker

logger = logging.getLogger(__name__)

_ATTEMPTS = 3
_USELESS = (CannotAlignError, WorkerLost, TimeoutError)


@dataclass(frozen=True, slots=True)
class TurnLimits:
    """The server's bounds of a turn."""

    stall_timeout_s: float = 120.0
    max_duration_s: float = 1800.0
    workspace_bytes: int = 0  # 0: unbounded


# Hands another conversation's hot worker over to this one, if one is nearly where this one's has to be.
Lend = Callable[[str, ConversationSettings, Sequence[Row]], None]


class _TooFarError(CannotAlignError):
    """The worker could get there, but not as soon as a new one."""


class TurnRunner:
    """Runs the turns of one conversation, one at a time."""

    def __init__(
        self,
        tenant: str,
        conversation_id: str,
        pool: Pool,
        limits: TurnLimits,
        *,
        lend: Lend | None = None,
        tally: Tally | None = None,
    ) -> None:
        self._tenant = tenant
        self._conversation_id = conversation_id
        self._pool = pool
        self._limits = limits
        self._lend = lend
        self._tally = tally or Uncounted()
        self.workspace: Path | None = None  # of the conversation's own, once it has one
        self._quota = Quota(limits.workspace_bytes)
        self._bound: SessionSetup | None = None  # what its worker was last bound to
        self._worker: Worker | None = None  # that runs the present turn
        self._deadline: tuple[float, Ending]  # of the present turn, by the loop's clock, and how it ends then

    def cut(self, ending: Ending) -> None:
        """End the present turn here and now; nothing to end is no error."""
        if self._worker is not None:
            self._worker.cut(ending)

    async def prepare(
        self,
        settings: ConversationSettings,
        rows: Sequence[Row],
        turn: TurnInput,
        weight: float = 1.0,
        *,
        transient: bool,
        on_queued: Callable[[Place], None] | None = None,
    ) -> Lease:
        """Return a worker whose session holds just these rows, under these settings, and that can take the turn.

        weight, on_queued: see Pool.acquire. Raises what that raises, or WorkerLost where several workers in a row could
        not be brought there.
        """
        fresh = self._bound is not None and self._bound != settings.setup
        self._bound = settings.setup
        if self._lend is not None and not fresh and self._held_spec() is None:
            self._lend(self._conversation_id, settings, rows)
        trouble: Exception | None = None
        may_open = True  # a session file, until one was of no use
        for _ in range(_ATTEMPTS):
            spec = self._spec(settings, rows if may_open else (), fresh=fresh)
            try:
                return await self._acquire(
                    spec,
                    settings,
                    rows,
                    coming(turn.prompt, turn.setup),
                    fresh=fresh,
                    transient=transient,
                    weight=weight,
                    on_queued=on_queued,
                )
            except WorkerStartError as exc:
                if spec.opening is None:
                    raise
                trouble, may_open = exc, False
            except _TooFarError as exc:
                trouble, fresh = exc, True
            except _USELESS as exc:
                trouble, fresh, may_open = exc, True, may_open and spec.opening is None
            logger.info("another worker has to take the conversation up", extra={"reason": str(trouble)})
        raise WorkerLost(f"no worker could take the conversation up: {trouble}", retry_delay_s=1.0) from trouble

    async def _acquire(
        self,
        spec: WorkerSpec,
        settings: ConversationSettings,
        rows: Sequence[Row],
        following: Coming,
        *,
        fresh: bool,
        transient: bool,
        weight: float,
        on_queued: Callable[[Place], None] | None,
    ) -> Lease:
        lease = await self._pool.acquire(
            self._conversation_id,
            spec,
            fresh=fresh,
            transient=transient,
            message_count=len(rows),
            tenant=self._tenant,
            weight=weight,
            on_queued=on_queued,
        )
        try:
            await self._take(lease, settings, rows, following)
        except BaseException:
            lease.release(keep=False)
            raise
        return lease

    async def _take(self, lease: Lease, settings: ConversationSettings, rows: Sequence[Row], following: Coming) -> None:
        worker = cast("Worker", lease.worker)
        if self.workspace is not None and not worker.works_in(self.workspace):
            # The hot worker that we asked for was evicted for somebody else while we waited for it.
            raise CannotAlignError("the worker is in another directory than the conversation's files")
        if worker.setup is None:
            worker.bind(settings.setup)
        elif worker.setup != settings.setup:
            raise CannotAlignError("the worker was bound under other settings")
        way = worker.way(rows, following)
        if lease.source is Source.HOT and is_better_new(rows, way.seed):
            raise _TooFarError("another worker gets there sooner")
        await worker.align(rows, following)
        if (path := path_of(rows, way, lease.source, has_opening=worker.spec.opening is not None)) is not None:
            self._tally.note_resume(path)
        self.workspace = self.workspace or worker.workspace

    async def run(self, lease: Lease, turn: TurnInput, settings: ConversationSettings, sink: Sink) -> TurnReport:
        """Run the turn on the leased worker, within its bounds."""
        duration_s = min(settings.max_duration_s or self._limits.max_duration_s, self._limits.max_duration_s)
        limit = Failure(Reason.TURN_LIMIT, f"the turn took longer than {duration_s:.0f} s")
        self._deadline = asyncio.get_running_loop().time() + duration_s, Ending(Outcome.FAILED, limit)
        return await self._attempt(lease, turn, sink)

    async def run_again(
        self,
        waiting: Waiting,
        lost: TurnReport,
        turn: TurnInput,
        gate: Gate,
        prepare: Callable[[Waiting], Awaitable[Lease | None]],
    ) -> TurnReport:
        """Run the turn on another worker if its own died before anything of the turn was told; else return lost.

        The model may have heard the prompt; but what nobody was told of has not been done: the CLI says that it uses
        a tool before it does. Once, within the bounds of the first attempt: a prompt may be what kills the CLI.
        """
        failure = lost.ending.failure
        held = waiting.held
        if failure is None or failure.reason is not Reason.WORKER_LOST or gate.has_told or held is None:
            return lost
        logger.warning("a worker died before its turn said anything", extra={"worker": held.worker.id})
        held.release(keep=False)
        try:
            lease = await prepare(waiting)
        except HotseatError:
            return lost
        if lease is None:
            return msgspec.structs.replace(lost, ending=Ending(Outcome.INTERRUPTED))
        gate.take([Notice(NoticeKind.WORKER_REPLACED, "the worker was lost; the turn goes on on another one")])
        return await self._attempt(lease, turn, gate.take)

    async def _attempt(self, lease: Lease, turn: TurnInput, sink: Sink) -> TurnReport:
        worker = self._worker = cast("Worker", lease.worker)
        time_limit, ending = self._deadline
        timer = asyncio.get_running_loop().call_at(time_limit, worker.cut, ending)
        try:
            async with asyncio.TaskGroup() as tasks:
                watching = [tasks.create_task(self._give_up_when_revoked(lease, worker))]
                if self.workspace is not None and self._limits.workspace_bytes:
                    watching.append(tasks.create_task(self._give_up_when_too_large(self.workspace, worker)))
                report = await ask(worker, turn.prompt, turn.setup, sink, stall_timeout_s=self._limits.stall_timeout_s)
                for task in watching:
                    task.cancel()
            self._tally.note_troubles(report.troubles)
            return report
        finally:
            timer.cancel()
            self._worker = None

    async def settle(self, lease: Lease, rows: Sequence[Row]) -> None:
        """Leave the worker with just these rows and give it back; one that can't be brought there is ended."""
        if lease.is_released:
            return
        worker = cast("Worker", lease.worker)
        keep = False
        try:
            if not lease.revoked.is_set() and not worker.ended.is_set():
                await worker.align(rows)
                keep = True
        except _USELESS as exc:
            logger.info("a worker is replaced", extra={"worker": worker.id, "reason": str(exc)})
        finally:
            lease.release(keep=keep)

    async def _give_up_when_revoked(self, lease: Lease, worker: Worker) -> None:
        await lease.revoked.wait()
        worker.cut(Ending(Outcome.INTERRUPTED))

    async def _give_up_when_too_large(self, workspace: Path, worker: Worker) -> None:
        size, limit = await self._quota.exceeded(workspace), self._limits.workspace_bytes
        told = (
            f"the conversation's files take {size >> 20} MiB of the disk, and may take {limit >> 20} MiB: "
            "let the next turn delete some"
        )
        worker.cut(Ending(Outcome.FAILED, Failure(Reason.TURN_LIMIT, told)))

    def _spec(self, settings: ConversationSettings, rows: Sequence[Row], *, fresh: bool) -> WorkerSpec:
        held = None if fresh else self._held_spec()
        if held is not None and held.profile == settings.profile:
            return held
        spec = WorkerSpec(settings.profile, str(self.workspace) if self.workspace is not None else None)
        return replace(spec, opening=begins_with(rows, self._pool.prospect(spec)))

    def _held_spec(self) -> WorkerSpec | None:
        return self._pool.spec_of(self._conversation_id, self._tenant)
