"""What a turn has to reckon with, by examples."""

import pytest
from hotseat_core.pool.prospect import Prospect, prospect
from hotseat_core.pool.settings import PoolSettings
from hotseat_core.pool.view import PoolView, WaiterView, WorkerState, WorkerView
from hotseat_core.pool.worker_port import WorkerSpec

A, B = WorkerSpec("a"), WorkerSpec("b")
SIZE = 100
WARM, STARTING, IDLE = WorkerState.WARM, WorkerState.STARTING, WorkerState.IDLE


@pytest.mark.parametrize(
    ("workers", "waiters", "expected"),
    [
        ([], [], Prospect(has_spare=False, has_start=False, has_room=True)),
        ([(A, WARM)], [], Prospect(has_spare=True, has_start=True, has_room=True)),
        ([(B, WARM)], [], Prospect(has_spare=False, has_start=False, has_room=True)),
        ([(A, STARTING)], [], Prospect(has_spare=False, has_start=True, has_room=True)),
        ([(A, WARM), (A, IDLE)], [], Prospect(has_spare=True, has_start=True, has_room=False)),
        ([(A, IDLE), (B, IDLE)], [], Prospect(has_spare=False, has_start=False, has_room=False)),
        ([(A, WARM)], [A], Prospect(has_spare=False, has_start=False, has_room=False)),  # somebody is ahead
        ([(A, WARM), (A, STARTING)], [A], Prospect(has_spare=False, has_start=True, has_room=False)),
    ],
)
def test_a_turn_reckons_with_what_is_left_by_those_before_it(
    workers: list[tuple[WorkerSpec, WorkerState]], waiters: list[WorkerSpec], expected: Prospect
) -> None:
    view = PoolView(
        settings=PoolSettings(A, max_workers=2),
        workers=tuple(WorkerView(number, spec, state) for number, (spec, state) in enumerate(workers)),
        waiters=tuple(WaiterView(number, f"c{number}", spec) for number, spec in enumerate(waiters)),
    )
    assert prospect(view, A) == expected


@pytest.mark.parametrize(("limit", "has_room"), [(0, True), (3 * SIZE, True), (3 * SIZE - 1, False), (1, False)])
def test_memory_that_is_used_up_is_no_room(limit: int, has_room: bool) -> None:
    workers = (WorkerView(0, A, IDLE, memory_bytes=SIZE), WorkerView(1, B, IDLE))
    settings = PoolSettings(A, max_workers=9, memory_limit_bytes=limit)
    assert prospect(PoolView(settings, workers, typical_bytes=SIZE), A).has_room is has_room


def test_there_is_always_room_for_the_only_worker() -> None:
    view = PoolView(PoolSettings(A, memory_limit_bytes=1), typical_bytes=SIZE)
    assert prospect(view, A).has_room
