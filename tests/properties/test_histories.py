"""Whatever clients do and whatever dies: the model hears just what its client holds to be said.

The same walk each time, and a short one. HOTSEAT_TEST_WALKS=500 makes more walks, new ones each time, against the fake
CLI, and a tenth of that against the real one.
"""

import asyncio
import os

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.properties.machine import Machine
from tests.properties.worlds import FakeWorld, RealWorld

WALKS = int(os.environ.get("HOTSEAT_TEST_WALKS", "0"))


def walk(world: type[FakeWorld] | type[RealWorld], *, walks: int, steps: int) -> None:
    bounds = settings(
        max_examples=walks,
        stateful_step_count=steps,
        derandomize=not WALKS,
        database=None,
        deadline=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )
    with asyncio.Runner() as runner:
        here = {"make_world": world, "loop": runner.get_loop()}
        run_state_machine_as_test(type("Walk", (Machine,), here), settings=bounds)


@pytest.mark.timeout(max(120, WALKS * 5))
def test_what_reaches_the_worker_is_the_clients_history() -> None:
    walk(FakeWorld, walks=WALKS or 10, steps=12)


@pytest.mark.timeout(max(120, WALKS * 10))
def test_what_reaches_the_model_through_the_real_cli_is_the_clients_history() -> None:
    walk(RealWorld, walks=WALKS // 10 or 1, steps=12)
