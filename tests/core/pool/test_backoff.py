"""The crash-loop breaker, by examples."""

from hotseat_core.pool.backoff import Backoff, after_failure, is_over


def failing(*times: float) -> Backoff:
    backoff: Backoff | None = None
    for at in times:
        backoff = after_failure(backoff, at)
    assert backoff is not None
    return backoff


def test_spares_wait_twice_as_long_after_each_failure() -> None:
    delays = [failing(*range(count)).spare_at - (count - 1) for count in (1, 2, 3, 4)]
    assert delays == [0.5, 1.0, 2.0, 4.0]


def test_turns_are_not_held_up_before_the_fifth_failure() -> None:
    assert failing(0, 1, 2, 3).open_until <= 3


def test_the_fifth_failure_in_a_minute_stops_every_start_for_half_a_minute() -> None:
    assert failing(0, 10, 20, 30, 40).open_until == 70


def test_failures_older_than_a_minute_do_not_count() -> None:
    assert failing(0, 10, 20, 30, 60).open_until == 60


def test_one_more_failure_after_the_pause_stops_starts_again() -> None:
    assert failing(36, 37, 38, 39, 40, 71).open_until == 101


def test_a_backoff_is_over_a_minute_after_the_last_failure() -> None:
    assert not is_over(failing(0), 59)
    assert is_over(failing(0), 60)
