"""A fake CLI that can be run, and a watch that nothing it starts stays."""

import asyncio
import os
import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.fakes import claude_cli

MakeCli = Callable[..., Path]


@pytest.fixture
def make_cli(tmp_path: Path) -> Iterator[MakeCli]:
    """Makes an executable that is the fake CLI with these faults; checks that none of its processes is left."""
    stamp = f"FAKE_CLI_STAMP={tmp_path}"

    def make(*faults: str, times: int = 0, version: str = "2.1.330") -> Path:
        journal, left = tmp_path / "journal", tmp_path / "times"
        variables = {
            "FAKE_CLI": ",".join(faults),
            "FAKE_CLI_JOURNAL": str(journal),
            "FAKE_CLI_VERSION": version,
            "FAKE_CLI_TIMES": str(left) if times else "",
            "FAKE_CLI_STAMP": str(tmp_path),
            "PYTHONPATH": str(Path(claude_cli.__file__).parents[2]),
        }
        if times:
            left.mkdir()
            for number in range(times):
                (left / str(number)).touch()
        exports = "\n".join(f"export {name}={shlex.quote(value)}" for name, value in variables.items())
        command = shlex.join([sys.executable, "-s", "-S", "-m", "tests.fakes.claude_cli"])
        launcher = tmp_path / f"claude-{'-'.join(faults) or 'sound'}"
        launcher.write_text(f'#!/bin/sh\n{exports}\nexec {command} "$@"\n')
        launcher.chmod(0o755)
        return launcher

    yield make
    assert [process.pid for process in stamped(stamp)] == []


def stamped(stamp: str) -> list[psutil.Process]:
    """The living processes that have this in their environment."""
    found = []
    for process in psutil.process_iter():
        try:
            environment = Path(f"/proc/{process.pid}/environ").read_bytes().split(b"\0")
        except OSError:
            continue  # gone, or not ours
        if stamp.encode() in environment and process.pid != os.getpid():
            found.append(process)
    return found


async def until(condition: Callable[[], bool]) -> None:
    """Return when something holds that nobody tells of: what another process does."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 -- there is no event to wait for
            await asyncio.sleep(0.005)
