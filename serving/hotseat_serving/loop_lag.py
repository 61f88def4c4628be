"""How late a server's event loop comes to what is due: what makes every client wait, whoever's fault it is."""

import asyncio
import contextlib
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Histogram

_EVERY_S = 1.0
_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5)


@contextlib.contextmanager
def watching_lag(registry: CollectorRegistry, every_s: float = _EVERY_S) -> Iterator[None]:
    """Measure it once a second until the block is left; for use inside the running loop."""
    lags = Histogram(
        "hotseat_event_loop_lag_seconds", "How late the event loop came to a timer.",
        registry=registry, buckets=_BUCKETS_S,
    )  # fmt: skip
    watch = _Watch(asyncio.get_running_loop(), lags, every_s)
    watch.wait()
    try:
        yield
    finally:
        watch.timer.cancel()


class _Watch:
    timer: asyncio.TimerHandle

    def __init__(self, loop: asyncio.AbstractEventLoop, lags: Histogram, every_s: float) -> None:
        self._loop = loop
        self._lags = lags
        self._every_s = every_s

    def wait(self) -> None:
        due = self._loop.time() + self._every_s
        self.timer = self._loop.call_at(due, self._look, due)

    def _look(self, due: float) -> None:
        self._lags.observe(max(0.0, self._loop.time() - due))
        self.wait()
