"""Waits are counted as Prometheus wants them: each bound with all that were at most as long."""

from hotseat_core.pool.waits import BOUNDS_S, WaitOutcome, Waits, WaitTimes


def test_waits_are_counted_by_outcome_and_length() -> None:
    waits = Waits()
    for seconds in (0.0, 0.01, 0.02, 3.0, 1000.0):
        waits.note(WaitOutcome.SERVED, seconds)
    waits.note(WaitOutcome.REFUSED, 120.0)
    told = waits.told()
    served = dict(zip((*BOUNDS_S, None), told[WaitOutcome.SERVED].counts, strict=True))
    assert (served[0.01], served[0.05], served[2.5], served[5.0], served[120.0], served[None]) == (2, 3, 3, 4, 4, 5)
    assert told[WaitOutcome.SERVED].sum_s == 1003.03
    assert told[WaitOutcome.REFUSED] == WaitTimes((0,) * (len(BOUNDS_S) - 1) + (1, 1), 120.0)
    assert told[WaitOutcome.CANCELLED] == WaitTimes((0,) * (len(BOUNDS_S) + 1), 0.0)
