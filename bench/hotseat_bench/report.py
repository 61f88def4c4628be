"""What a run says: medians, and what Hotseat adds to the bare CLI. Pure."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

BARE_NEXT = "bare CLI, follow-up"
BARE_COLD = "bare CLI, cold spawn"
HTTP_NEXT = "Hotseat HTTP, follow-up"
GRPC_NEXT = "Hotseat gRPC, follow-up"
HTTP_NEW = "Hotseat HTTP, new on a spare"
GRPC_COLD = "Hotseat gRPC, new without a spare"

MOST_ADDED_MS = 5.0
MOST_OF_COLD = 1 / 3


@dataclass(frozen=True, slots=True)
class Report:
    """Milliseconds by way, and the aims, which hold or do not."""

    rounds: int
    median_ms: Mapping[str, float]
    least_ms: Mapping[str, float]
    most_ms: Mapping[str, float]
    added_ms: Mapping[str, float]  # over the bare follow-up
    share_of_cold: Mapping[str, float]  # of the bare cold spawn
    aims: Mapping[str, bool]
    samples_ms: Mapping[str, Sequence[float]]


def summarise(taken: Mapping[str, Sequence[float]]) -> Report:
    """The report of these samples, in milliseconds by way."""
    median = {name: statistics.median(values) for name, values in taken.items()}
    added = {name: median[name] - median[BARE_NEXT] for name in (HTTP_NEXT, GRPC_NEXT)}
    share = {name: median[name] / median[BARE_COLD] for name in (HTTP_NEW, GRPC_COLD)}
    return Report(
        rounds=len(taken[BARE_COLD]),
        median_ms=_rounded(median),
        least_ms=_rounded({name: min(values) for name, values in taken.items()}),
        most_ms=_rounded({name: max(values) for name, values in taken.items()}),
        added_ms=_rounded(added),
        share_of_cold=_rounded(share),
        aims={
            f"HTTP follow-up at most {MOST_ADDED_MS:.0f} ms above the bare CLI's": added[HTTP_NEXT] <= MOST_ADDED_MS,
            f"gRPC follow-up at most {MOST_ADDED_MS:.0f} ms above the bare CLI's": added[GRPC_NEXT] <= MOST_ADDED_MS,
            "new conversation on a spare at most 1/3 of a cold spawn": share[HTTP_NEW] <= MOST_OF_COLD,
        },
        samples_ms={name: [round(value, 2) for value in values] for name, values in taken.items()},
    )


def _rounded(values: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, 3) for name, value in values.items()}


def table(report: Report) -> str:
    """The report for people."""
    lines = [f"{f'first token in ms, {report.rounds} rounds':<36}{'median':>9}{'least':>9}{'most':>9}"]
    for name, median in report.median_ms.items():
        lines.append(f"{name:<36}{median:>9.1f}{report.least_ms[name]:>9.1f}{report.most_ms[name]:>9.1f}")
    lines.append("")
    lines += [f"{name}: {added:+.1f} ms against {BARE_NEXT}" for name, added in report.added_ms.items()]
    lines += [f"{name}: {share:.2f} of {BARE_COLD}" for name, share in report.share_of_cold.items()]
    lines.append("")
    lines += [f"{'holds' if holds else 'MISSED':<7} {aim}" for aim, holds in report.aims.items()]
    return "\n".join(lines)
