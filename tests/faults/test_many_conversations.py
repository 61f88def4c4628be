"""More conversations than processes: little memory for each, and all of them answer."""

import asyncio
import json
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[2] / "bench" / "memory.py"
THOUSAND = 1000


@pytest.mark.timeout(180)
async def test_a_thousand_conversations_on_four_processes_would_hold_less_than_two_gigabytes(tmp_path: Path) -> None:
    command = [str(BENCH), "--conversations", "16", "--pool-size", "4", "--ask", "4", "--json", "--check"]
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, cwd=tmp_path, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    output, words = await process.communicate()
    assert process.returncode == 0, words.decode()
    report = json.loads(output)
    assert (report["conversations"], report["turns"], report["asked_again"]) == (16, 32, 4)
    assert report["wrong"] == []
    last = report["last"]
    assert last["worker_count"] >= 4, "the processes were counted"
    now = last["core"] + last["edge"] + last["workers"]
    assert now > 100_000_000, "the processes were measured"
    assert now + (THOUSAND - 16) * max(0, report["core_bytes_per_conversation"]) < 2 * 10**9
