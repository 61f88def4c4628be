"""A short run of kills; `python -m tests.faults.kill_run` makes long ones."""

from pathlib import Path

import pytest

from tests.faults.kill_run import run

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]


async def test_nothing_acknowledged_is_lost_and_nothing_is_said_twice_while_workers_cores_and_edges_die(
    tmp_path: Path,
) -> None:
    found = await run(tmp_path, kills=8, seed=20261122)
    assert found.is_clean, found
    assert set(found.kills) == {"worker", "core", "edge"}
    assert found.acknowledged >= 8, "there was a load"
    assert found.not_acknowledged, "the kills were felt"
