"""What the pool's policy makes of synthetic traffic, beside plain LRU with a time-out, on a clock that jumps.

    python bench/pool_policy.py [--capacity N] [--seeds N] [--json] [--check]

The real, pure policy of the core plans every step; only processes and time are pretended. See bench/README.md.
"""

import argparse
import json
import random
import sys
from dataclasses import asdict, dataclass
from statistics import fmean

from hotseat_bench import plain_lru
from hotseat_bench.pool_simulation import SPEC, Outcome, Plan, Simulation, percentile
from hotseat_bench.pool_traces import TRACES
from hotseat_core.pool import policy
from hotseat_core.pool.settings import PoolSettings
from hotseat_core.pool.view import Source

IDLE_TIMEOUT_S = 600.0
POLICIES: dict[str, tuple[Plan, int]] = {"LRU": (plain_lru.plan, 0), "Hotseat": (policy.plan, 1)}  # with so many spares
TOLERANCE = 1.02  # of one policy against another: two per cent are noise of the seeds


@dataclass(frozen=True, slots=True)
class Row:
    """One trace under one policy."""

    trace: str
    policy: str
    turns: int
    hot: float
    warm: float
    cold: float
    mean_ms: float
    p50_ms: float
    p99_ms: float
    starts: int


def measure(trace: str, name: str, capacity: int, seeds: int) -> Row:
    """Run the trace under the policy, as often as there are seeds."""
    plan, warm = POLICIES[name]
    settings = PoolSettings(
        SPEC,
        max_workers=capacity,
        warm_workers=warm,
        max_queue=1_000_000,
        idle_timeout_s=IDLE_TIMEOUT_S,
        max_starting=2,
    )
    outcomes = [Simulation(plan, settings, TRACES[trace](random.Random(seed))).run() for seed in range(seeds)]
    return summarise(trace, name, outcomes)


def summarise(trace: str, name: str, outcomes: list[Outcome]) -> Row:
    """The numbers of all runs together."""
    waits_ms: dict[str, list[float]] = {}
    for outcome in outcomes:
        for tenant, waits_s in outcome.waits_s.items():
            waits_ms.setdefault(tenant, []).extend(wait_s * 1000 for wait_s in waits_s)
    # Beside a flood, what matters is how the others fare: the flood's own wait is of its own making.
    told = waits_ms.get("people") or [wait for of_tenant in waits_ms.values() for wait in of_tenant]
    count = sum(map(len, waits_ms.values()))
    share = {source: sum(outcome.sources[source] for outcome in outcomes) / count for source in Source}
    return Row(
        trace=trace,
        policy=name,
        turns=count,
        hot=share[Source.HOT],
        warm=share[Source.WARM],
        cold=share[Source.COLD],
        mean_ms=fmean(told),
        p50_ms=percentile(told, 0.5),
        p99_ms=percentile(told, 0.99),
        starts=sum(outcome.starts for outcome in outcomes),
    )


def missed(rows: list[Row]) -> list[str]:
    """Where the policy in use is worse than LRU; it must be better somewhere."""
    worse: list[str] = []
    better = 0
    for trace in dict.fromkeys(row.trace for row in rows):
        lru, ours = (next(row for row in rows if (row.trace, row.policy) == (trace, name)) for name in POLICIES)
        for field in ("cold", "mean_ms", "p50_ms", "p99_ms"):
            before, after = getattr(lru, field), getattr(ours, field)
            if after > before * TOLERANCE:
                worse.append(f"{trace}: {field} {after:.3g} instead of {before:.3g}")
            better += after * TOLERANCE < before
    return worse if better else [*worse, "nowhere better than LRU"]


def table(rows: list[Row]) -> str:
    """The rows for people."""
    head = f"{'trace':24} {'policy':8} {'turns':>6}   hot  warm  cold  mean ms   p50 ms   p99 ms  starts"
    lines = (
        f"{row.trace:24} {row.policy:8} {row.turns:6}  {row.hot:4.0%}  {row.warm:4.0%}  {row.cold:4.0%} "
        f"{row.mean_ms:8.0f} {row.p50_ms:8.0f} {row.p99_ms:8.0f} {row.starts:7}"
        for row in rows
    )
    return "\n".join([head, *lines])


def main() -> int:
    """Measure, print, and say whether it held."""
    parser = argparse.ArgumentParser(description="The pool's policy beside plain LRU, on synthetic traffic.")
    parser.add_argument("--capacity", type=int, default=12, help="processes at most (12)")
    parser.add_argument("--seeds", type=int, default=3, help="runs of each trace (3)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--check", action="store_true", help="exit with 1 where LRU is better")
    asked = parser.parse_args()
    rows = [measure(trace, name, asked.capacity, asked.seeds) for trace in TRACES for name in POLICIES]
    worse = missed(rows)
    if asked.json:
        print(json.dumps({"rows": [asdict(row) for row in rows], "worse": worse}, indent=2))
    else:
        print(table(rows))
        print("\n".join(f"MISSED  {line}" for line in worse) or "holds   at least as good as LRU everywhere")
    return 1 if asked.check and worse else 0


if __name__ == "__main__":
    sys.exit(main())
