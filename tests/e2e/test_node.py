"""The stock clients of Node.js drive the house: openai, and the AI SDK."""

import asyncio
import os
import re
import shutil
import sys
from pathlib import Path

import pytest
from hotseat_cli.recipes import RECIPES

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


async def install() -> None:
    """Install the clients, or skip the test."""
    if absent := [command for command in ("node", "npm", "make") if shutil.which(command) is None]:
        assert not os.environ.get("HOTSEAT_REQUIRE_ALL"), f"{absent} must be installed"
        pytest.skip(f"{', '.join(absent)} is not installed")
    code, said = await run("make", "-C", str(ROOT), "--no-print-directory", "node-clients", seconds=_INSTALL_S)
    assert code == 0, said


@pytest.mark.parametrize("suite", SUITES)
async def test_a_client_of_node_js_gets_what_it_asks_for(house: House, suite: str) -> None:
    await install()
    code, said = await run(
        "node", "--test", "--test-reporter=tap", suite, seconds=_RUN_S, HOTSEAT_URL=house.edge.address
    )
    assert code == 0, said
    written = len(re.findall(r"^test\(", (ROOT / "tests/node" / suite).read_text(), re.MULTILINE))
    assert f"# pass {written}\n" in said, said


@pytest.mark.parametrize("name", [name for name, recipe in RECIPES.items() if recipe.language == "js"])
async def test_what_hotseat_connect_prints_for_node_js_works(house: House, name: str) -> None:
    await install()
    code = RECIPES[name].text(house.edge.address, "claude")
    assert await run("node", "--input-type=module", "--eval", code, seconds=60) == (0, 'You said: "Hello!"\n')


async def test_what_hotseat_connect_prints_for_python_works(house: House) -> None:
    code = RECIPES["openai-python"].text(house.edge.address, "claude")
    environment = {name: "" for name in os.environ if name.lower().endswith("_proxy")}
    assert await run(sys.executable, "-c", code, seconds=60, **environment) == (0, 'You said: "Hello!"\n')
