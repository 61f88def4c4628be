"""What a response's headers say of how long it took, and where the time went."""

import time
from collections.abc import Callable

from hotseat import pb

from hotseat_edge.metrics import Metrics

_WORKERS = {
    pb.WORKER_SOURCE_HOT: "hot",
    pb.WORKER_SOURCE_WARM: "warm",
    pb.WORKER_SOURCE_COLD: "cold",
}
_DEFAULT = "default"  # what the core has where a request names no model
_ANSWER = {"text_delta", "thinking_delta", "tool_started", "tool_call", "permission_request", "turn_completed"}


class Timing:
    """Listens to a turn until its answer begins; puts what it hears into the response's headers, and counts it.

    Made when the turn is sent to the core. `server-timing` tells milliseconds: `queue` until there was a worker, a cold
    start included; `bind` until that held the conversation and the turn was in the journal; `upstream` until the
    answer's first piece.
    """

    def __init__(self, headers: dict[str, str], metrics: Metrics, clock: Callable[[], float] = time.monotonic) -> None:
        self.is_over = False  # the answer has begun: no more need to be taken
        self._headers = headers
        self._metrics = metrics
        self._clock = clock
        self._began = self._since = clock()
        self._worker = ""
        self._queued_s = 0.0
        self._model: str | None = None  # that was asked for; None: the turn has not begun here
        self._told: list[str] = []

    def take(self, event: pb.ConverseResponse) -> None:
        """Heed one of the turn's events."""
        kind = event.WhichOneof("event")
        if kind == "turn_started":
            self._start(event.turn_started)
        elif kind in _ANSWER:
            self.is_over = True
            self._tell("upstream", self._lap())
            if kind != "turn_completed":  # a turn that said nothing has no first token
                self._metrics.note_first_token(self._worker, self._since - self._began, self._queued_s)

    def end(self, completed: pb.TurnCompleted) -> None:
        """Count what the turn has used; an answer that is only given again has used nothing."""
        if self._model is not None:
            self._metrics.spent.note(self._model or _DEFAULT, completed.usage)

    def _start(self, started: pb.TurnStarted) -> None:
        self._model = started.model
        if worker := _WORKERS.get(started.worker_source):
            self._headers["x-hotseat-worker"] = self._worker = worker
        self._queued_s = started.queue_duration.ToMicroseconds() / 1e6
        self._tell("queue", self._queued_s)
        self._tell("bind", max(0.0, self._lap() - self._queued_s))

    def _lap(self) -> float:
        since, self._since = self._since, self._clock()
        return self._since - since

    def _tell(self, name: str, seconds: float) -> None:
        self._metrics.note_phase(name, seconds)
        self._told.append(f"{name};dur={seconds * 1000:.1f}")
        self._headers["server-timing"] = ", ".join(self._told)
