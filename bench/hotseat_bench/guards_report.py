"""What bench/guards.py says: medians of both houses, and what the guards add. Pure."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

WITH, WITHOUT = "guarded", "open"
MOST_ADDED_MS = 1.0


@dataclass(frozen=True, slots=True)
class Report:
    """Milliseconds to the first token."""

    samples: int
    median_ms: Mapping[str, float]
    p10_ms: Mapping[str, float]  # what they take where nothing disturbs them
    p90_ms: Mapping[str, float]
    added_ms: float
    ratio: float
    aim_holds: bool


def summarise(taken: Mapping[str, Sequence[float]]) -> Report:
    """The report of these samples, in milliseconds by house."""
    median = {name: statistics.median(values) for name, values in taken.items()}
    added = median[WITH] - median[WITHOUT]
    return Report(
        samples=len(taken[WITH]),
        median_ms={name: round(value, 2) for name, value in median.items()},
        p10_ms={name: _at(values, 0.1) for name, values in taken.items()},
        p90_ms={name: _at(values, 0.9) for name, values in taken.items()},
        added_ms=round(added, 2),
        ratio=round(median[WITH] / median[WITHOUT], 3),
        aim_holds=added < MOST_ADDED_MS,
    )


def _at(values: Sequence[float], share: float) -> float:
    return round(sorted(values)[int(len(values) * share)], 2)


def table(report: Report) -> str:
    """The report for people."""
    lines = [f"{f'first token in ms, {report.samples} turns':<36}{'median':>9}{'p10':>9}{'p90':>9}"]
    for name in (WITH, WITHOUT):
        found = (report.median_ms[name], report.p10_ms[name], report.p90_ms[name])
        lines.append(f"{name:<36}" + "".join(f"{value:>9.2f}" for value in found))
    held = "holds" if report.aim_holds else "MISSED"
    lines += ["", f"the guards add {report.added_ms:+.2f} ms at the median, times {report.ratio}"]
    return "\n".join([*lines, f"{held:<7} less than {MOST_ADDED_MS:.0f} ms at the median"])
