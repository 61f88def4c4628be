"""Which spares to keep: pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from hotseat_core.pool.worker_port import WorkerSpec

MEMORY = 8  # how many of the latest asks count: long enough not to change spares at every other ask


def remember(recent: tuple[WorkerSpec, ...], spec: WorkerSpec) -> tuple[WorkerSpec, ...]:
    """The latest asks with one more; a spec that must run in a given directory has no spares and leaves no trace."""
    return recent if spec.cwd is not None else (spec, *recent)[:MEMORY]


@dataclass(frozen=True, slots=True)
class SpareNeed:
    """What is missing and what is too much, against what is there."""

    missing: tuple[WorkerSpec, ...]
    surplus: tuple[int, ...]  # indexes into the specs that were given


def spare_need(present: Sequence[WorkerSpec], recent: Sequence[WorkerSpec], wanted_count: int) -> SpareNeed:
    """Share wanted_count among the specs asked for of late, the latest first.

    A spare of a spec that was asked for of late stands in for a missing one of another: two specs that take turns
    would otherwise end each other's spares.
    """
    distinct = list(dict.fromkeys(recent))
    shares = Counter(distinct[place % len(distinct)] for place in range(wanted_count)) if distinct else Counter()
    extra: list[int] = []
    for index, spec in enumerate(present):
        if shares[spec] > 0:
            shares[spec] -= 1
        else:
            extra.append(index)
    missing = [spec for spec in distinct for _ in range(shares[spec])]
    stand_ins = [index for index in extra if present[index] in distinct][: len(missing)]
    return SpareNeed(
        missing=tuple(missing[: len(missing) - len(stand_ins)]),
        surplus=tuple(index for index in extra if index not in stand_ins),
    )
