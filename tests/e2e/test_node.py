"""The stock clients of Node.js drive the house: openai, and the AI SDK."""

import asyncio
import os
import re
import shutil
from pathlib import Path

import pytest

from tests.e2e.house import House

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(600)]

ROOT = Path(__file__).parents[2]
SUITES = ("openai.test.mjs", "ai-sdk.test.mjs")
_INSTALL_S = 300.0
_RUN_S = 200.0


async def run(*command: str, seconds: float, **environment: str) -> tuple[int, str]:
    """The exit code of a command, and all that it said."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=ROOT / "tests/node",
        env=os.environ | environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(seconds):
            said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode or 0, said.decode()


@pytest.mark.parametrize("suite", SUITES)
async def test_a_client_of_node_js_gets_what_it_asks_for(house: House, suite: str) -> None:
    if absent := [command for command in ("node", "npm", "make") if shutil.which(command) is None]:
        assert not os.environ.get("HOTSEAT_REQUIRE_ALL"), f"{absent} must be installed"
        pytest.skip(f"{', '.join(absent)} is not installed")
    code, said = await run("make", "-C", str(ROOT), "--no-print-directory", "node-clients", seconds=_INSTALL_S)
    assert code == 0, said
    code, said = await run(
        "node", "--test", "--test-reporter=tap", suite, seconds=_RUN_S, HOTSEAT_URL=house.edge.address
    )
    assert code == 0, said
    written = len(re.findall(r"^test\(", (ROOT / "tests/node" / suite).read_text(), re.MULTILINE))
    assert f"# pass {written}\n" in said, said
