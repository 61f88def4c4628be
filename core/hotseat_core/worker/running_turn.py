"""The turn that a worker runs: from its prompt to its ending, with a watch on silence."""

import asyncio
import time
from collections.abc import Callable

from hotseat_core.errors import Reason
from hotseat_core.events import Event, Failure, Outcome, RequestsCancelled, Usage
from hotseat_core.upstream.account import Account
from hotseat_core.worker.setup import TurnSetup
from hotseat_core.worker.translate import Ending, TurnReport, TurnTranslator

Sink = Callable[[list[Event]], None]

LOST = Ending(
    Outcome.FAILED,
    Failure(Reason.WORKER_LOST, "the CLI ended in the middle of the turn; ask again", retry_delay_s=0.5),
)


class RunningTurn:
    """Ends once, by whatever comes first: the CLI's result, a cut, silence, or the end of the process."""

    def __init__(
        self,
        prompt_uuid: str,
        setup: TurnSetup,
        sink: Sink,
        stall_timeout_s: float,
        is_client_tool: Callable[[str], bool] = lambda _name: False,
        *,
        account: Account | None = None,
    ) -> None:
        self.prompt_uuid = prompt_uuid
        self.translator = TurnTranslator(
            allow_retraction=setup.allow_retraction, max_steps=setup.max_steps, is_client_tool=is_client_tool
        )
        self.wants_raw = setup.wants_raw
        self.cost_usd = 0.0
        self.pending: set[str] = set()  # permission requests that wait for an answer
        self._sink = sink
        self._account = account
        if account is not None:
            account.trace = setup.trace
            account.calls = setup.calls  # beyond the turn's end, too: what a tool left behind may still ask
        self._loop = asyncio.get_running_loop()
        self._done: asyncio.Future[Ending] = self._loop.create_future()
        self._stall_timeout_s = stall_timeout_s
        self._last_output = self._loop.time()
        self._timer = self._loop.call_later(stall_timeout_s, self._look)

    @property
    def is_over(self) -> bool:
        """The turn has ended; what still comes of it does not count."""
        return self._done.done()

    def tell(self, events: list[Event]) -> None:
        """The process spoke: pass on what it means, and end where that says so."""
        self._last_output = self._loop.time()
        if self.is_over:
            return
        if events:
            self._sink(events)
        if self.translator.ending is not None:
            self.end(self.translator.ending)

    def end(self, ending: Ending) -> None:
        """End the turn, unless it has ended."""
        if self.is_over:
            return
        self._timer.cancel()
        if self.pending:
            self._sink([RequestsCancelled(tuple(sorted(self.pending)))])
            self.pending.clear()
        self._done.set_result(ending)

    async def report(self) -> TurnReport:
        """Return what the turn came to, once it has ended."""
        try:
            ending = await self._done
        finally:
            self._timer.cancel()
            if self._account is not None:
                self._account.trace = None
        if ending.failure is not None and self._account is not None:
            failure = self._account.correct(ending.failure, time.monotonic())
            ending = Ending(ending.outcome, failure, clean=ending.clean)
        translator = self.translator
        usage = translator.usage + Usage(cost_usd=self.cost_usd)
        if self._account is not None and not ending.clean:
            usage += self._account.unfinished()
        calls = translator.calls if ending.outcome is Outcome.TOOL_CALLS else ()
        return TurnReport(
            ending,
            translator.text,
            translator.rows(),
            usage,
            translator.step_count,
            calls,
            troubles=translator.troubles,
        )

    def _look(self) -> None:
        # While a tool runs or a person decides, silence is no sign of anything.
        is_waiting = bool(self.pending) or self.translator.is_silence_fine
        left = self._last_output + self._stall_timeout_s - self._loop.time()
        if is_waiting or left > 0:
            self._timer = self._loop.call_later(self._stall_timeout_s if is_waiting else left, self._look)
            return
        message = f"nothing came from the model for {self._stall_timeout_s:.0f} s; ask again"
        self.end(Ending(Outcome.FAILED, Failure(Reason.STALLED, message, retry_delay_s=1.0)))
