"""Which spares to keep, by examples."""

import pytest
from hotseat_core.pool.spares import MEMORY, SpareNeed, remember, spare_need
from hotseat_core.pool.worker_port import WorkerSpec

A, B, C = WorkerSpec("a"), WorkerSpec("b"), WorkerSpec("c")


@pytest.mark.parametrize(
    ("present", "recent", "count", "need"),
    [
        ([], (A,), 0, SpareNeed((), ())),
        ([], (), 2, SpareNeed((), ())),
        ([], (A,), 2, SpareNeed((A, A), ())),
        ([], (B, A, B), 2, SpareNeed((B, A), ())),
        ([], (B, A, B), 3, SpareNeed((B, B, A), ())),
        ([A], (A,), 1, SpareNeed((), ())),
        ([A, A, A], (A,), 1, SpareNeed((), (1, 2))),
        ([A], (B, A), 1, SpareNeed((), ())),  # equals: the one that is there stays
        ([A], (B, B, A), 1, SpareNeed((B,), (0,))),
        ([C], (B, A), 1, SpareNeed((B,), (0,))),  # nobody asks for it any more
        ([C, A], (B, A), 1, SpareNeed((), (0,))),
        ([A, A], (B, A), 2, SpareNeed((B,), (1,))),
        ([], (A, A, A, A, A, B), 2, SpareNeed((A, A), ())),
    ],
)
def test_spares_are_shared_among_the_latest_specs(
    present: list[WorkerSpec], recent: tuple[WorkerSpec, ...], count: int, need: SpareNeed
) -> None:
    assert spare_need(present, recent, count) == need


def test_the_latest_asks_are_remembered_and_no_more() -> None:
    recent: tuple[WorkerSpec, ...] = ()
    for number in range(MEMORY + 2):
        recent = remember(recent, WorkerSpec(str(number)))
    assert [spec.profile for spec in recent] == [str(number) for number in range(MEMORY + 1, 1, -1)]


def test_a_spec_with_a_directory_is_not_remembered() -> None:
    assert remember((A,), WorkerSpec("a", cwd="/srv")) == (A,)


@pytest.mark.parametrize("spec", [WorkerSpec("a", cwd="/x"), WorkerSpec("a", opening="a history")])
def test_what_nobody_else_will_ask_for_leaves_no_trace(spec: WorkerSpec) -> None:
    assert remember((A,), spec) == (A,)
