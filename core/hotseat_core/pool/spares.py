"""Which spares to keep: pure."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from hotseat_core.pool.worker_port import WorkerSpec

MEMORY = 8  # how many of the latest asks count: long enough not to change spares at every other ask


def remember(recent: tuple[WorkerSpec, ...], spec: WorkerSpec) -> tuple[WorkerSpec, ...]:
    """The latest asks with one more; a spec that can have no spares leaves no trace."""
    return (spec, *recent)[:MEMORY] if spec.may_have_spares else recent


@dataclass(frozen=True, slots=True)
class SpareNeed:
    """What is missing and what is too much, against what is there."""

    missing: tuple[WorkerSpec, ...]
    surplus: tuple[int, ...]  # indexes into the specs that were given


def spare_need(present: Sequence[WorkerSpec], recent: Sequence[WorkerSpec], wanted_count: int) -> SpareNeed:
    """Share wanted_count among the specs asked for of late, by how often each was."""
    shares = _shares(present, recent, wanted_count)
    extra: list[int] = []
    for index, spec in enumerate(present):
        if shares[spec] > 0:
            shares[spec] -= 1
        else:
            extra.append(index)
    missing = tuple(spec for spec in dict.fromkeys(recent) for _ in range(shares[spec]))
    return SpareNeed(missing, tuple(extra))


def _shares(present: Sequence[WorkerSpec], recent: Sequence[WorkerSpec], count: int) -> defaultdict[WorkerSpec, int]:
    """Share out by the odd divisors of Sainte-Lague: in proportion, and small shares are not lost.

    Between equals, a spare that is there wins, then the latest ask: two specs that take turns would otherwise end
    each other's spares.
    """
    asks = {spec: recent.count(spec) for spec in recent}
    shares: defaultdict[WorkerSpec, int] = defaultdict(int)
    for _ in range(count if asks else 0):
        best = max(asks, key=lambda spec: (asks[spec] / (2 * shares[spec] + 1), present.count(spec) > shares[spec]))
        shares[best] += 1
    return shares
