"""Runs `hotseat` as its user does, with fake servers in place of the real ones."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
CREDENTIALS = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN", "ANTHROPIC_BASE_URL")


class House:
    """A running `hotseat` command."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self.process = process
        self.log = log
        self.banner = ""

    async def until_served(self) -> None:
        """Read the banner."""
        assert self.process.stdout is not None
        async with asyncio.timeout(20):
            while "Ctrl-C ends it." not in self.banner:
                line = await self.process.stdout.readline()
                assert line, f"ended instead: {await self.errors()}"
                self.banner += line.decode()

    async def errors(self) -> str:
        """All that it says on standard error until it ends."""
        assert self.process.stderr is not None
        async with asyncio.timeout(20):
            said = await self.process.stderr.read()
            await self.process.wait()
        return said.decode()

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()] if self.log.exists() else []

    def story(self) -> list[str]:
        """What happened to the servers, in order."""
        return [f"{event['server']} {event['what']}" for event in self.events()]

    def environment_of(self, server: str) -> dict[str, str]:
        return next(event["environment"] for event in self.events() if event["server"] == server)

    def pid_of(self, server: str) -> int:
        return int(next(event["pid"] for event in self.events() if event["server"] == server))

    async def until(self, what: str) -> None:
        await poll(lambda: what in self.story(), 10)

    async def until_no_server_lives(self) -> None:
        pids = [event["pid"] for event in self.events() if event["what"] == "started"]
        await poll(lambda: not any(map(alive, pids)), 3)


async def poll(holds: Callable[[], bool], seconds: float) -> None:
    """Wait for something that another process does and nobody announces."""
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.02)


def alive(pid: int) -> bool:
    """The process exists and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@asynccontextmanager
async def running(directory: Path, *arguments: str, **environment: str) -> AsyncIterator[House]:
    """`hotseat ARGUMENTS`, run in the directory, on free ports."""
    modules = directory / "modules"
    modules.mkdir()
    for name in ("demo", "core", "edge"):
        (modules / f"hotseat_{name}.py").write_text(f"from tests.fakes.server import serve\n\nserve({name!r})\n")
    inherited = {name: value for name, value in os.environ.items() if name not in CREDENTIALS}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "hotseat_cli",
        *arguments,
        cwd=directory,
        env={
            **inherited,
            "PORT": "0",
            "HOTSEAT_CORE_PORT": "0",
            "PYTHONPATH": f"{modules}:{ROOT}",
            "FAKE_LOG": str(directory / "log"),
            **environment,
        },
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    house = House(process, directory / "log")
    try:
        yield house
    finally:
        for pid in (process.pid, *(event["pid"] for event in house.events() if event["what"] == "started")):
            if alive(pid):
                os.kill(pid, signal.SIGKILL)
        await process.communicate()
