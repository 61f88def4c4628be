"""What the benches say about what they took."""

import subprocess
import sys
from pathlib import Path

import pytest
from hotseat_bench import guards_report, history_report, peer_report, report
from hotseat_bench.history_report import TURNS
from hotseat_bench.idleness import Minute, Used, between, line
from hotseat_bench.report import BARE_COLD, BARE_NEXT, GRPC_COLD, GRPC_NEXT, HTTP_NEW, HTTP_NEXT

ROOT = Path(__file__).parents[1]


def taken(http_next: float, http_new: float) -> dict[str, list[float]]:
    return {
        BARE_NEXT: [20.0, 21.0, 90.0],
        HTTP_NEXT: [http_next] * 3,
        GRPC_NEXT: [22.0] * 3,
        BARE_COLD: [300.0] * 3,
        HTTP_NEW: [http_new] * 3,
        GRPC_COLD: [310.0] * 3,
    }


def test_medians_decide_and_not_means() -> None:
    told = report.summarise(taken(http_next=26.0, http_new=100.0))
    assert told.median_ms[BARE_NEXT] == 21.0
    assert told.added_ms == {HTTP_NEXT: 5.0, GRPC_NEXT: 1.0}
    assert told.share_of_cold[HTTP_NEW] == 0.333
    assert all(told.aims.values())


def test_a_missed_aim_is_said() -> None:
    told = report.summarise(taken(http_next=26.1, http_new=101.0))
    assert list(told.aims.values()) == [False, True, False]
    table = report.table(told)
    assert "MISSED  HTTP follow-up at most 5 ms above the bare CLI's" in table
    assert "holds   gRPC follow-up at most 5 ms above the bare CLI's" in table
    assert "MISSED  new conversation on a spare at most 1/3 of a cold spawn" in table


@pytest.mark.parametrize(
    ("ours_s", "ours_seconds", "ratios", "aims"),
    [(0.1, 1.5, (0.5, 2.0), [True, True]), (0.2, 3.0, (1.0, 1.0), [False, False]), (0.4, 6.0, (2.0, 0.5), [False] * 2)],
)
def test_a_peer_is_beaten_where_both_figures_are_better(
    ours_s: float, ours_seconds: float, ratios: tuple[float, float], aims: list[bool]
) -> None:
    figures = {
        peer_report.OURS: peer_report.Figures.of([ours_s, ours_s, 9.0], ours_seconds),
        peer_report.PEER: peer_report.Figures.of([0.2, 0.2, 9.0], 3.0),
    }
    told = peer_report.report(1, figures)
    assert (told.first_token_ratio, told.rate_ratio) == ratios
    assert list(told.aims.values()) == aims
    assert ("MISSED" in peer_report.table(told)) == (not all(aims))


def behind(**changed: dict[int, float]) -> dict[str, dict[int, list[float]]]:
    """Samples of bench/history.py: each way takes the same at all lengths but for those that are told."""
    ways = {
        "BARE_RESUME": dict.fromkeys(TURNS, 400.0),
        "ON_NEW": {1: 410.0, 10: 500.0, 50: 900.0, 200: 2400.0},
        "BY_FILE": {10: 450.0, 50: 450.0, 200: 450.0},
        "ON_SPARE": {1: 80.0, 10: 180.0, 50: 580.0, 200: 2080.0},
        "ON_HOT": dict.fromkeys(TURNS, 20.0),
        "BY_REWIND": dict.fromkeys(TURNS, 24.0),
        "WITH_SPARE": {1: 84.0, 10: 190.0, 50: 460.0, 200: 460.0},
        "WITHOUT": dict.fromkeys(TURNS, 460.0),
        "NEXT": dict.fromkeys(TURNS, 25.0),
        "AGAIN": dict.fromkeys(TURNS, 30.0),
    }
    chosen = {getattr(history_report, name): changed.get(name, by) for name, by in ways.items()}
    return {way: {turns: [ms, ms, 9000.0] for turns, ms in by.items()} for way, by in chosen.items()}


def test_the_way_that_is_chosen_is_compared_with_the_best_there_is() -> None:
    told = history_report.summarise(behind())
    assert told.median_ms[history_report.ON_SPARE][50] == 580.0
    assert told.times_best[history_report.WITH_SPARE] == {1: 1.05, 10: 1.06, 50: 1.15, 200: 1.15}
    assert all(told.aims.values())
    table = history_report.table(told)
    assert "16 of 16 aims hold" in table
    assert "MISSED" not in table


def test_a_way_that_is_a_third_slower_than_the_best_is_said() -> None:
    told = history_report.summarise(behind(WITH_SPARE={1: 84.0, 10: 190.0, 50: 560.0, 200: 460.0}))
    table = history_report.table(told)
    assert "MISSED  Hotseat: cold, with a spare, 50 turns: at most a third above the best way" in table
    assert "15 of 16 aims hold" in table


@pytest.mark.parametrize(
    ("bench", "option"),
    [
        ("first_token", "--rounds"),
        ("history", "--rounds"),
        ("memory", "--conversations"),
        ("edge", "--chunks"),
        ("guards", "--rounds"),
        ("traces", "--turns"),
    ],
)
def test_the_bench_is_one_command_from_anywhere(tmp_path: Path, bench: str, option: str) -> None:
    command = [sys.executable, str(ROOT / f"bench/{bench}.py"), "--help"]
    told = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=30)
    assert option in told.stdout


def test_what_guards_add_is_a_difference_of_medians() -> None:
    taken = {guards_report.WITH: [20.0, 20.9, 80.0], guards_report.WITHOUT: [19.0, 20.0, 21.0]}
    told = guards_report.summarise(taken)
    assert (told.added_ms, told.ratio, told.aim_holds) == (0.9, 1.045, True)
    assert "the guards add +0.90 ms" in guards_report.table(told)
    slower = guards_report.summarise({**taken, guards_report.WITH: [21.0, 21.0, 21.0]})
    assert not slower.aim_holds
    assert "MISSED" in guards_report.table(slower)


def test_what_an_idle_house_uses_is_told_by_process_and_who_starts_meanwhile_apart() -> None:
    before = {1: Used("hotseat_core", 10.0), 2: Used("claude", 1.0), 3: Used("claude", 2.0), 4: Used("claude", 9.0)}
    after = {1: Used("hotseat_core", 10.06), 2: Used("claude", 1.3), 3: Used("claude", 2.3), 5: Used("claude", 0.6)}
    minute = between(before, after, 60.0)  # the one that ended is left out: nobody can tell what it used
    assert minute == Minute(0.021, {"claude": 0.01, "claude, started meanwhile": 0.01, "hotseat_core": 0.001})
    assert line(1, minute) == (
        "idle, minute 1: 2.10% of a core (claude 1.00%, claude, started meanwhile 1.00%, hotseat_core 0.10%)"
    )
