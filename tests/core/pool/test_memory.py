"""Memory is measured on real processes."""

import asyncio
import sys
from pathlib import Path

from hotseat_core.pool.memory import tree_memory_bytes

# Says when its child is up, and ends with it when its input ends.
PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "print('up', flush=True); input()"], stdin=subprocess.PIPE)
sys.stdin.read()
child.communicate(b"x\\n")
"""


def proportional_bytes(pid: int) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


async def test_a_process_counts_with_its_descendants() -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PARENT), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    async with asyncio.timeout(10):
        assert await process.stdout.readline() == b"up\n"
        sizes = tree_memory_bytes([process.pid])
        alone = proportional_bytes(process.pid)
        await process.communicate(b"")
    assert sizes[process.pid] > alone * 1.3
    assert tree_memory_bytes([process.pid]) == {}
