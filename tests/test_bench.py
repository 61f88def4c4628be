"""What the benches say about what they took."""

import subprocess
import sys
from pathlib import Path

import pytest
from hotseat_bench import report
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


@pytest.mark.parametrize(("bench", "option"), [("first_token", "--rounds"), ("memory", "--conversations")])
def test_the_bench_is_one_command_from_anywhere(tmp_path: Path, bench: str, option: str) -> None:
    command = [sys.executable, str(ROOT / f"bench/{bench}.py"), "--help"]
    told = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=30)
    assert option in told.stdout
