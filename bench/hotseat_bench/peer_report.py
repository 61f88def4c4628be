"""What bench/peer.py says about what it took."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

HOT, TIMES = 8, 3
OURS, PEER = "hotseat", "claudegate"


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured of one server."""

    first_token_ms: float  # median
    slow_first_token_ms: float  # of nine in ten
    rate: float  # completions a second

    @classmethod
    def of(cls, first_tokens_s: Sequence[float], seconds: float) -> "Figures":
        """The figures of all rounds, which took so many seconds."""
        taken = [first_s * 1000 for first_s in first_tokens_s]
        slow = statistics.quantiles(taken, n=10)[-1]
        return cls(round(statistics.median(taken), 1), round(slow, 1), round(len(taken) / seconds, 1))


@dataclass(frozen=True, slots=True)
class Report:
    """Both servers, and ours by theirs."""

    rounds: int
    servers: Mapping[str, Figures]
    first_token_ratio: float
    rate_ratio: float
    aims: dict[str, bool]


def report(rounds: int, figures: Mapping[str, Figures]) -> Report:
    """What the figures say of ours beside the other."""
    ours, peer = figures[OURS], figures[PEER]
    first_token_ratio, rate_ratio = ours.first_token_ms / peer.first_token_ms, ours.rate / peer.rate
    aims = {
        "the first token comes sooner than the other's": first_token_ratio < 1,
        "more completions a second than the other": rate_ratio > 1,
    }
    return Report(rounds, figures, round(first_token_ratio, 3), round(rate_ratio, 2), aims)


def table(found: Report) -> str:
    """The report for people."""
    lines = [f"{HOT} hot conversations, followed up at once {TIMES} times, {found.rounds} rounds", ""]
    lines.append(f"{'':<12} {'first token':>12} {'9 of 10 in':>12} {'answers/s':>10}")
    for name, figures in found.servers.items():
        first, slow = f"{figures.first_token_ms:.0f} ms", f"{figures.slow_first_token_ms:.0f} ms"
        lines.append(f"{name:<12} {first:>12} {slow:>12} {figures.rate:>10.1f}")
    lines.append(f"{'ratio':<12} {found.first_token_ratio:>12.2f} {'':>12} {found.rate_ratio:>10.2f}")
    return "\n".join([*lines, "", *(f"{'holds' if holds else 'MISSED':<7} {aim}" for aim, holds in found.aims.items())])
