"""The pool's numbers as Prometheus families, read when they are asked for."""

from collections.abc import Callable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from hotseat_core.pool.stats import PoolState, PoolStats
from hotseat_core.pool.waits import BOUNDS_S


class PoolCollector(Collector):
    """Turns what the pool tells of itself into metrics."""

    def __init__(self, stats: Callable[[], PoolStats]) -> None:
        self._stats = stats

    def describe(self) -> Iterator[Metric]:
        """Nothing ahead: the pool need not be asked for its names alone."""
        yield from ()

    def collect(self) -> Iterator[Metric]:
        """The numbers of this moment."""
        stats = self._stats()
        yield from _gauges(stats)
        yield from _turns(stats)
        yield from _workers(stats)


def _gauges(stats: PoolStats) -> Iterator[Metric]:
    workers = GaugeMetricFamily("hotseat_workers", "Processes by what they are doing.", labels=["state"])
    for state, count in stats.workers.items():
        workers.add_metric([state.value], count)
    yield workers
    one = GaugeMetricFamily
    yield one("hotseat_pool_capacity", "Processes that there may be.", stats.settings.max_workers)
    yield one("hotseat_pool_queue_capacity", "Turns that may wait.", stats.settings.max_queue)
    yield one("hotseat_pool_queue_depth", "Turns that wait for a process.", stats.queued_turns)
    yield one("hotseat_pool_queue_oldest_seconds", "How long the oldest of them has.", stats.oldest_queue_duration_s)
    takes_turns = stats.state is PoolState.ACTIVE
    yield one("hotseat_pool_takes_turns", "1; 0 while it drains or has drained.", takes_turns)
    yield one("hotseat_pool_starts_workers", "1; 0 while starts of some profile fail.", stats.start_retry_time is None)
    yield one("hotseat_pool_start_time_seconds", "When the pool started.", stats.start_time)


def _turns(stats: PoolStats) -> Iterator[Metric]:
    leases = CounterMetricFamily("hotseat_leases", "Turns that got a process, by how.", labels=["worker"])
    for source, count in stats.turns.items():
        leases.add_metric([source.value], count)
    yield leases
    waits = HistogramMetricFamily(
        "hotseat_queue_wait_seconds", "How long turns waited for a process, by how that ended.", labels=["outcome"]
    )
    for outcome, times in stats.waits.items():
        bounds = (*map(str, BOUNDS_S), "+Inf")
        waits.add_metric([outcome.value], list(zip(bounds, times.counts, strict=True)), times.sum_s)
    yield waits
    rejected = CounterMetricFamily("hotseat_rejected", "Turns that got no process, by why.", labels=["reason"])
    for refusal, count in stats.refusals.items():
        rejected.add_metric([refusal.value], count)
    rejected.add_metric(["cancelled"], stats.cancelled_turns)
    yield rejected


def _workers(stats: PoolStats) -> Iterator[Metric]:
    count = CounterMetricFamily
    spawns = count("hotseat_worker_spawns", "Processes started, by what for.", labels=["reason"])
    for start_reason, started in stats.worker_starts.items():
        spawns.add_metric([start_reason.value], started)
    yield spawns
    yield count("hotseat_worker_spawn_failures", "Processes that did not get ready.", stats.worker_start_failures)
    exits = count("hotseat_worker_exits", "Processes that ended, by why.", labels=["reason"])
    for reason, ended in stats.ends.items():
        exits.add_metric([reason.value], ended)
    exits.add_metric(["lost"], stats.workers_lost)
    yield exits
    evictions = count("hotseat_evictions", "Conversations whose process was ended, by why.", labels=["reason"])
    for reason, ended in stats.evictions.items():
        evictions.add_metric([reason.value], ended)
    yield evictions
