"""What the proxy knows of one worker's dealings with the provider. Values only."""

from collections.abc import Callable
from dataclasses import dataclass

from hotseat_core.errors import Reason
from hotseat_core.events import Failure
from hotseat_core.upstream.meter import Tokens

_PROVIDERS_FAULT = frozenset({Reason.PROVIDER, Reason.PROVIDER_LIMIT})


@dataclass(frozen=True, slots=True)
class Refused:
    """An answer of the provider that was no success, or that none came."""

    status: int  # 0: it could not be reached
    at: float  # of the clock that `now` below is read from
    retry_after_s: float | None = None  # None: it did not say
    why: str = ""  # it could not be reached


OnCall = Callable[[str, Tokens], None]  # the worker's id, and what the call has used; called at its end


class Account:
    """One worker's. Kept by the proxy, read by the worker's turns."""

    def __init__(self, worker_id: str, on_call: OnCall = lambda _worker, _tokens: None) -> None:
        self.worker_id = worker_id
        self.refused: Refused | None = None  # the latest call was; None: it was not
        self.last: Tokens | None = None  # what the latest finished call has used
        self._on_call = on_call

    def called(self, tokens: Tokens) -> None:
        """A call was answered, whole or in part."""
        self.last = tokens
        self._on_call(self.worker_id, tokens)

    def correct(self, failure: Failure, now: float) -> Failure:
        """Return a turn's failure with what the provider said of it, and the CLI does not tell."""
        refused = self.refused
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
