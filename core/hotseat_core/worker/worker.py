"""One `claude` process as the conversation layer uses it: bind, align, ask, cut, end."""

import asyncio
import logging
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

from hotseat_core.errors import Reason, WorkerDiedAtStart, WorkerLost, WorkerStartError
from hotseat_core.events import COST_DIGITS, Event, Failure, Outcome, Raw, RequestsCancelled
from hotseat_core.pool.worker_port import WorkerSpec
from hotseat_core.upstream.account import Account
from hotseat_core.worker import control, tools
from hotseat_core.worker.aligning import Aligner
from hotseat_core.worker.command import Command
from hotseat_core.worker.frames import Message
from hotseat_core.worker.open_calls import ChangedResultError, Coming, OpenCalls
from hotseat_core.worker.opening import Opening
from hotseat_core.worker.rows import Row
from hotseat_core.worker.running_turn import LOST, RunningTurn, Sink
from hotseat_core.worker.session import Alignment
from hotseat_core.worker.setup import SessionSetup, TurnSetup
from hotseat_core.worker.survivors import kill_survivors
from hotseat_core.worker.translate import Ending, TurnReport
from hotseat_core.worker.wire import Line, Wire

logger = logging.getLogger(__name__)

_OF_THE_MODEL = frozenset({"user", "assistant", "stream_event"})  # what it says, and what it is told


class Worker:
    """One process; one turn at a time. Whoever starts it ends it with aclose."""

    def __init__(
        self,
        worker_id: str,
        spec: WorkerSpec,
        command: Command,
        *,
        is_bare: bool,
        workspace: Path | None = None,
        opening: Opening | None = None,
        account: Account | None = None,
        clean_up: Callable[[], None] = lambda: None,
    ) -> None:
        self.id = worker_id
        self.spec = spec
        # Of the conversation's own: it stays when the worker goes. None: the directory is shared, or of no matter.
        self.workspace = workspace
        self.ended = asyncio.Event()
        self.setup: SessionSetup | None = None  # None: parked
        self._command = command
        self._is_bare = is_bare
        self._account = account
        self._is_ready = False
        self._clean_up = clean_up  # blocking; called in a thread once the process tree is gone
        self._wire = Wire(self._on_batch, self._on_exit)
        self._has_opening = opening is not None
        self._calls = OpenCalls()
        self._aligner = Aligner(self._wire, self._calls, opening)
        self._session = self._aligner.session
        self._turn: RunningTurn | None = None
        self._refusal = ""  # of what was to hold for a turn, or for all: from then on the worker is of no use
        self._prompt_uuid = ""  # of the prompt that the CLI's present turn began with
        self._flags = TurnSetup().flags()
        self._cost_usd = 0.0  # that the CLI has reported so far

    # ---- life

    async def start(self, timeout_s: float) -> None:
        """Spawn the process and warm it up, so that its first turn is quick. Raises WorkerStartError."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._wire.start(self._command)
                # Counting tokens makes the CLI load what a turn needs; "summary" asks nothing of the provider. Twice is
                # best, but where a turn waits already.
                for _ in range(1 if self._has_opening else 2):
                    await self._wire.call("get_context_usage", detail="summary")
                self._is_ready = True
                self._wire.look_inside()
        except TimeoutError:
            reason = f"the CLI was not ready within {timeout_s:.0f} s{self._wire.last_words}"
            raise WorkerStartError(reason, retry_delay_s=1.0) from None
        except OSError as exc:
            raise WorkerStartError(f"the CLI could not be started: {exc}; is CLAUDE_CLI_PATH right?") from exc
        except WorkerLost as exc:
            raise WorkerDiedAtStart(f"the CLI did not start: {exc.message}", retry_delay_s=1.0) from exc

    @property
    def pid(self) -> int:
        """The CLI's process id; 0: it was never spawned."""
        return self._wire.pid

    @property
    def root_pid(self) -> int:
        """The process that all others of the worker are below of: its containment's; 0: it was never spawned."""
        return self._wire.root_pid

    def works_in(self, directory: Path) -> bool:
        """Tell whether this is the directory that the CLI's own tools work in."""
        return Path(self._command.cwd) == directory

    async def aclose(self) -> None:
        """Return when the whole process tree is gone. An idle worker ends by itself, any other one is told to."""
        # The CLI ends a turn that was cut before it heeds the end of its input.
        is_idle = self._is_ready and self._turn is None and self._session.is_sure and not self._session.is_open
        await self._aligner.aclose()
        await self._wire.aclose(gently=is_idle)
        await asyncio.to_thread(kill_survivors, self.id)
        await asyncio.to_thread(self._clean_up)
        self.ended.set()

    # ---- the session

    def bind(self, setup: SessionSetup) -> None:
        """Make the parked process this session's, once. What the CLI refuses of it fails align, or the next turn."""
        if self.setup is not None:
            raise RuntimeError(f"worker {self.id} is bound already")
        self.setup = setup
        for subtype, fields in setup.calls(is_bare=self._is_bare):
            self._wire.demand(subtype, self._on_refusal, **fields)

    async def align(self, rows: Sequence[Row], coming: Coming | None = None) -> None:
        """Bring the session to hold these rows, by rewind and by seeding. coming: what will be asked then, and now.

        Raises CannotAlignError, WorkerLost or TimeoutError: the worker is of no more use then.
        """
        await self._aligner.align(rows, is_next=coming is not None, stays_open=self._may_stay_open(coming))
        self._check_setup()

    def way(self, rows: Sequence[Row], coming: Coming | None = None) -> Alignment:
        """Return what align would have to do. Raises CannotAlignError."""
        return self._session.plan(rows, stays_open=self._may_stay_open(coming))

    def _may_stay_open(self, coming: Coming | None) -> bool:
        if coming is None:
            return True
        # The effort is of the CLI's whole turn; all other flags count at once.
        return (coming.effort or None) == self._flags["effortLevel"] and self._calls.are_answered_by(coming.prompt)

    async def ask(self, prompt: Row, setup: TurnSetup, sink: Sink, *, stall_timeout_s: float) -> TurnReport:
        """Run one turn; sink gets its events as they happen, on the loop. Align before the next one."""
        goes_on = self._session.is_open
        if not goes_on:
            self._prompt_uuid = str(uuid.uuid4())
        is_tool, account = self._is_client_tool, self._account
        turn = self._turn = RunningTurn(self._prompt_uuid, setup, sink, stall_timeout_s, is_tool, account=account)
        try:
            self._check_setup()
            if (flags := setup.flags(is_bare=self._is_bare)) != self._flags:
                self._flags = flags
                self._wire.demand("apply_flag_settings", self._on_refusal, settings=self._flags)
            (self._go_on if goes_on else self._begin)(prompt)
        except WorkerLost:
            turn.end(LOST)
        try:
            report = await turn.report()
        finally:
            turn.end(Ending(Outcome.INTERRUPTED))
            self._turn = None
        if report.ending.clean or self._leaves_calls_open(report):
            self._session.end_turn(report.rows, is_open=not report.ending.clean)
        return report

    def _begin(self, prompt: Row) -> None:
        self._calls.clear()
        self._session.begin_turn(prompt, self._prompt_uuid)
        self._wire.write(control.user_frame(self._prompt_uuid, prompt.content, query=True))

    def _go_on(self, results: Row) -> None:
        """The CLI is within its turn still: it waits for the results of the calls that ended ours."""
        self._session.go_on(results)
        self._wire.write(self._calls.answer(results))

    def _leaves_calls_open(self, report: TurnReport) -> bool:
        # A tool that it does not know the CLI refuses by itself, and asks the model again.
        known = {tool.name for tool in self.setup.tools} if self.setup is not None else set()
        if not report.calls or self._calls.are_uncertain or not all(call.name in known for call in report.calls):
            return False
        return bool(report.rows) and report.rows[-1].role == "assistant"

    def cut(self, ending: Ending, *, kill: bool = False) -> None:
        """End the running turn here and now; align stops what the CLI still does of it. kill: end the CLI, too."""
        if self._turn is not None:
            self._turn.end(ending)
        if kill:
            self._wire.kill()

    def allow(self, permission_id: str, input_json: str, remember_rules: Sequence[str] = ()) -> bool:
        """Let the CLI use the tool; False: nothing of that id waits."""
        return self._decide(permission_id, control.allow(permission_id, input_json, remember_rules))

    def deny(self, permission_id: str, message: str, *, interrupt: bool = False) -> bool:
        """Keep the CLI from using the tool, or stop the turn besides; False: nothing of that id waits."""
        decided = self._decide(permission_id, control.deny(permission_id, message, interrupt=interrupt))
        if decided and interrupt:
            # The CLI would report it as an error of its own.
            self.cut(Ending(Outcome.INTERRUPTED))
        return decided

    def _decide(self, permission_id: str, frame: bytes) -> bool:
        if self._turn is None or permission_id not in self._turn.pending:
            return False
        self._turn.pending.discard(permission_id)
        self._wire.write(frame)
        return True

    def _on_refusal(self, told: str) -> None:
        self._refusal = told
        self.cut(Ending(Outcome.FAILED, Failure(Reason.WORKER_START, told)))

    def _check_setup(self) -> None:
        if self._refusal:
            raise WorkerLost(self._refusal)

    # ---- what the process says

    def _on_batch(self, batch: list[Line]) -> None:
        turn = self._turn
        events: list[Event] = []
        for line, message in batch:
            if turn is not None and turn.wants_raw:
                events.append(Raw(line.decode("utf-8", "replace")))
            try:
                events += self._on_message(turn, message)
            except (LookupError, TypeError, AttributeError, ValueError, ArithmeticError, WorkerLost) as exc:
                # A message that is not as we know it must not take those after it along.
                fields = {"worker": self.id, "type": message.get("type"), "error": type(exc).__name__}
                logger.warning("a message of the CLI is not understood", extra=fields)
        if turn is not None:
            turn.tell(events)

    def _on_message(self, turn: RunningTurn | None, message: Message) -> list[Event]:
        if (frame := control.parse(message)) is not None:
            return self._on_control(turn, frame)
        if message.get("type") == "result" and self._is_seeds(turn, message):
            self._aligner.note_result(message)
        elif self._calls.are_being_answered and message.get("type") in _OF_THE_MODEL:
            self._on_taken(turn, message)
        elif turn is not None and turn.translator.ending is None:
            self._count_cost(turn, message)
            return turn.translator.feed(message)
        return []

    def _is_seeds(self, turn: RunningTurn | None, result: Message) -> bool:
        return turn is None or result.get("user_message_uuid") not in {None, turn.prompt_uuid}

    def _on_taken(self, turn: RunningTurn | None, message: Message) -> None:
        if message.get("type") != "user" or turn is None or turn.is_over:
            return
        try:
            if (frame := self._calls.taken(message)) is not None:
                self._wire.write(frame)
        except ChangedResultError as exc:
            logger.warning("the CLI does not pass a result on", extra={"worker": self.id, "reason": str(exc)})
            self.cut(LOST, kill=True)  # nothing of the turn was told: it is asked again, of another worker

    def _count_cost(self, turn: RunningTurn, message: Message) -> None:
        total = message.get("total_cost_usd")
        if total is not None:
            turn.cost_usd, self._cost_usd = round(float(total) - self._cost_usd, COST_DIGITS), float(total)

    def _on_control(self, turn: RunningTurn | None, frame: control.Frame) -> list[Event]:
        if isinstance(frame, control.Withdrawal):
            self._calls.withdraw(frame.request_id)
            if self._session.is_open and self._calls.are_uncertain:
                self._wire.kill()
            if turn is None or frame.request_id not in turn.pending:
                return []
            turn.pending.discard(frame.request_id)
            return [RequestsCancelled((frame.request_id,))]
        if isinstance(frame, control.Ask) and frame.subtype == "can_use_tool" and turn is not None and not turn.is_over:
            turn.pending.add(frame.request_id)
            return [control.permission_request(frame)]
        if isinstance(frame, control.Ask):
            if (answer := self._answer(frame)) is not None:
                self._wire.write(answer)
                return []
            self._calls.note(frame)
        events = turn.translator.finish_whole() if turn is not None else []
        # Nothing says that a message that was not streamed ends with this call.
        self._calls.are_uncertain = self._calls.are_uncertain or bool(events)
        return events

    def _answer(self, ask: control.Ask) -> bytes | None:
        if ask.subtype == "mcp_message" and self.setup is not None:
            return tools.answer(ask, self.setup.tools)
        return control.refusal(ask)

    def _is_client_tool(self, name: str) -> bool:
        return self.setup is not None and tools.is_clients(name, self.setup.tools, is_bare=self._is_bare)

    def _on_exit(self, lost: WorkerLost) -> None:
        logger.info("worker ended", extra={"worker": self.id, "reason": lost.message})
        self._aligner.give_up(lost)
        self.cut(LOST)
        self.ended.set()
