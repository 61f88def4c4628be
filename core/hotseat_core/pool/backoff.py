"""How long to leave a spec alone whose workers do not start."""

from dataclasses import dataclass

from hotseat_core.pool.worker_port import WorkerSpec

WINDOW_S = 60.0
FIRST_DELAY_S = 0.5
FAILURES_TO_OPEN = 5
OPEN_S = 30.0


@dataclass(frozen=True, slots=True)
class Backoff:
    """The recent failures of one spec, and what they forbid."""

    failures: tuple[float, ...]  # times within the window, the latest last
    spare_at: float  # no spare is started before this
    open_until: float  # no start at all before this: turns fail fast


def after_failure(before: Backoff | None, now: float) -> Backoff:
    """What one more failed start forbids: spares for 0.5 s, 1 s, 2 s ...; all for 30 s after five in a minute."""
    earlier = () if before is None else before.failures
    failures = (*(at for at in earlier if now - at < WINDOW_S), now)[-FAILURES_TO_OPEN:]
    if len(failures) == FAILURES_TO_OPEN:
        return Backoff(failures, spare_at=now + OPEN_S, open_until=now + OPEN_S)
    return Backoff(failures, spare_at=now + FIRST_DELAY_S * 2.0 ** (len(failures) - 1), open_until=now)


def is_over(backoff: Backoff, now: float) -> bool:
    """Whether nothing of it matters any more."""
    return now >= backoff.open_until and now - backoff.failures[-1] >= WINDOW_S


class Backoffs:
    """Those of all specs. What was read of them before does not change."""

    def __init__(self) -> None:
        self.held: dict[WorkerSpec, Backoff] = {}

    def note_failure(self, spec: WorkerSpec, now: float) -> None:
        """A worker of this spec did not start, or ended before it was used."""
        held = {known: backoff for known, backoff in self.held.items() if not is_over(backoff, now)}
        self.held = held | {spec: after_failure(held.get(spec), now)}

    def note_success(self, spec: WorkerSpec) -> None:
        """What failed before no longer counts."""
        if spec in self.held:
            self.held = {known: backoff for known, backoff in self.held.items() if known != spec}
