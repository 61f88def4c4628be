"""What the proxy knows of one worker's dealings with the provider. Values only."""

from collections.abc import Callable
from dataclasses import dataclass

from hotseat_core.errors import BudgetSpent, Reason
from hotseat_core.events import Failure, Usage
from hotseat_core.upstream.call_trace import CallTrace
from hotseat_core.upstream.lane import Calls
from hotseat_core.upstream.meter import Meter, Tokens

_PROVIDERS_FAULT = frozenset({Reason.PROVIDER, Reason.PROVIDER_LIMIT})


@dataclass(frozen=True, slots=True)
class Refused:
    """An answer of the provider that was no success, or that none came."""

    status: int  # 0: it could not be reached
    at: float  # of the clock that `now` below is read from
    retry_after_s: float | None = None  # None: it did not say
    why: str = ""  # it could not be reached
    spent: BudgetSpent | None = None  # it was not asked: the key's budget is spent


@dataclass(frozen=True, slots=True)
class Call:
    """A request of a worker's that has ended."""

    worker_id: str
    status: int  # 0: no answer came
    first_byte_s: float  # from the whole request to the answer's head; 0: no answer came
    tokens: Tokens  # of a call to the model that was answered with success
    token_s: float = 0.0  # from one of its tokens to the next, on average; 0: that can't be told


OnCall = Callable[[Call], None]


class Account:
    """One worker's. Kept by the proxy, read by the worker's turns."""

    def __init__(self, worker_id: str, on_call: OnCall = lambda _call: None) -> None:
        self.worker_id = worker_id
        self.refused: Refused | None = None  # the latest call was; None: it was not
        self.trace: CallTrace | None = None  # of the turn that the worker runs; None: it runs none, or none is wanted
        self.calls: Calls | None = None  # of the turn that it ran last; None: none, or they are not counted
        self._on_call = on_call
        self._open: set[Meter] = set()  # of answers that are coming

    def answering(self, meter: Meter) -> None:
        """An answer begins."""
        self._open.add(meter)

    def ended(self, meter: Meter, status: int, first_byte_s: float) -> Tokens:
        """A call has ended, with an answer, a part of one, or none; return what it used."""
        self._open.discard(meter)
        tokens = meter.tokens()
        self._on_call(Call(self.worker_id, status, first_byte_s, tokens, meter.token_s))
        return tokens

    def unfinished(self) -> Usage:
        """Return what the answers that are still coming have used: nobody else will say it, where they are cut now."""
        used = Usage()
        for tokens in (meter.tokens() for meter in self._open):
            if not tokens.is_final:
                used += Usage(
                    tokens.input_tokens, tokens.output_tokens, tokens.cache_read_tokens, tokens.cache_write_tokens
                )
        return used

    def correct(self, failure: Failure, now: float) -> Failure:
        """Return a turn's failure with what the provider said of it, and the CLI does not tell."""
        refused = self.refused
        if refused is not None and refused.spent is not None and failure.reason is Reason.PROVIDER_REJECTED:
            return Failure.of(refused.spent)
        if refused is None or failure.reason not in _PROVIDERS_FAULT:
            return failure
        if not refused.status:
            kept = {name: value for name, value in failure.metadata.items() if name != "httpStatus"}
            message = f"the model's provider could not be reached: {refused.why}"
            return Failure(failure.reason, message, kept, failure.retry_delay_s)
        if refused.retry_after_s is None or failure.metadata.get("httpStatus") != str(refused.status):
            return failure
        left_s = max(refused.retry_after_s - (now - refused.at), 1.0)
        return Failure(failure.reason, failure.message, failure.metadata, left_s)
