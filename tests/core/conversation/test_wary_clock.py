"""A clock that jumps ahead deletes nothing."""

import logging
import time
from dataclasses import dataclass

import pytest
from hotseat_core.conversation.wary_clock import DOUBT_S, WaryClock

YEAR = 365 * 86400.0


@dataclass
class Machine:
    """A machine's two clocks."""

    wall: float = 1_000_000.0
    steady: float = 50.0

    def run(self, seconds: float) -> None:
        self.wall += seconds
        self.steady += seconds


def test_time_that_passes_and_small_corrections_are_believed() -> None:
    machine = Machine()
    clock = WaryClock(lambda: machine.wall, lambda: machine.steady)
    for correction in (0.0, 250.0, 250.0, -3600.0, 1.0):
        machine.run(60.0)
        machine.wall += correction
        assert clock() == machine.wall


def test_a_jump_ahead_is_doubted_for_a_day_and_said_once(caplog: pytest.LogCaptureFixture) -> None:
    machine = Machine()
    clock = WaryClock(lambda: machine.wall, lambda: machine.steady)
    machine.wall += YEAR
    with caplog.at_level(logging.WARNING):
        assert clock() == machine.wall - YEAR
        machine.run(DOUBT_S - 1)
        assert clock() == machine.wall - YEAR
    [line] = caplog.records
    assert line.__dict__["ahead_s"] == YEAR
    machine.run(1)
    assert clock() == machine.wall


def test_a_clock_that_is_put_back_again_is_believed_at_once_and_doubted_anew() -> None:
    machine = Machine()
    clock = WaryClock(lambda: machine.wall, lambda: machine.steady)
    for _ in range(2):
        machine.wall += YEAR
        assert clock() == machine.wall - YEAR
        machine.run(DOUBT_S - 1)
        machine.wall -= YEAR
        assert clock() == machine.wall


def test_by_default_it_goes_by_the_machines_clocks() -> None:
    before, believed, after = time.time(), WaryClock()(), time.time()
    assert before - 1 <= believed <= after + 1
