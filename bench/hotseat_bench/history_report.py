"""What a run of bench/history.py says: which way is how fast at which length, and whether the best is chosen. Pure."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

TURNS = (1, 10, 50, 200)

BARE_RESUME = "bare CLI, --resume"
ON_HOT = "worker, hot: nothing to do"
BY_REWIND = "worker, hot: rewind"
ON_SPARE = "worker, told on a spare"
ON_NEW = "worker, told on a new process"
BY_FILE = "worker, a new process with a file"
NEXT = "Hotseat: follow-up"
AGAIN = "Hotseat: answer again"
WITH_SPARE = "Hotseat: cold, with a spare"
WITHOUT = "Hotseat: cold, without a spare"

# What the core could do instead in each situation.
RIVALS = {
    NEXT: (ON_HOT,),
    AGAIN: (BY_REWIND, ON_SPARE, BY_FILE),
    WITH_SPARE: (ON_SPARE, BY_FILE, BARE_RESUME),
    WITHOUT: (ON_NEW, BY_FILE, BARE_RESUME),
}
MOST = 4 / 3
ALLOWED_MS = 8.0  # the way through the core: an opened stream, the journal, and the answer's way back

Taken = Mapping[str, Mapping[int, Sequence[float]]]  # milliseconds by way and number of turns


@dataclass(frozen=True, slots=True)
class Report:
    """Medians in milliseconds by way and number of turns, and the aims, which hold or do not."""

    rounds: int
    median_ms: Mapping[str, Mapping[int, float]]
    times_best: Mapping[str, Mapping[int, float]]  # what Hotseat takes over the best that it could do
    aims: Mapping[str, bool]
    samples_ms: Taken


def summarise(taken: Taken) -> Report:
    """The report of these samples."""
    median = {way: {turns: statistics.median(some) for turns, some in by.items()} for way, by in taken.items()}
    best = {
        way: {turns: min(median[rival][turns] for rival in rivals if turns in median[rival]) for turns in TURNS}
        for way, rivals in RIVALS.items()
    }
    aims = {
        f"{way}, {turns} turns: at most a third above the best way": median[way][turns]
        <= best[way][turns] * MOST + ALLOWED_MS
        for way in RIVALS
        for turns in TURNS
    }
    return Report(
        rounds=len(taken[BARE_RESUME][TURNS[0]]),
        median_ms={way: {turns: round(ms, 1) for turns, ms in by.items()} for way, by in median.items()},
        times_best={way: {turns: round(median[way][turns] / best[way][turns], 2) for turns in TURNS} for way in RIVALS},
        aims=aims,
        samples_ms={
            way: {turns: [round(ms, 1) for ms in some] for turns, some in by.items()} for way, by in taken.items()
        },
    )


def table(report: Report) -> str:
    """The report for people."""
    heads = "".join(f"{turns:>7} turns" for turns in TURNS)
    lines = [f"{f'first token in ms, medians of {report.rounds}':<36}{heads}"]
    lines += [_line(way, by, "10.0f") for way, by in report.median_ms.items()]
    lines += ["", f"{'times the best way':<36}{heads}"]
    lines += [_line(way, by, "10.2f") for way, by in report.times_best.items()]
    missed = [aim for aim, holds in report.aims.items() if not holds]
    lines += ["", *(f"MISSED  {aim}" for aim in missed)]
    lines.append(f"{len(report.aims) - len(missed)} of {len(report.aims)} aims hold: a third above the best way, and "
                 f"{ALLOWED_MS:.0f} ms for the way through the core")  # fmt: skip
    return "\n".join(lines)


def _line(way: str, by: Mapping[int, float], form: str) -> str:
    return f"{way:<36}" + "".join(f"{by[turns]:{form}}   " if turns in by else f"{'-':>10}   " for turns in TURNS)
