"""`python -m hotseat_demo` as its supervisor sees it."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from hotseat_demo.settings import BadSetting, Settings, load


@asynccontextmanager
async def running(environ: dict[str, str] | None = None, pass_fds: tuple[int, ...] = ()) -> AsyncIterator[Process]:
    env = {"PATH": os.environ["PATH"], **(environ or {})}
    command = (sys.executable, "-m", "hotseat_demo")
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=PIPE, env=env, pass_fds=pass_fds)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        async with asyncio.timeout(10):
            await process.communicate()


async def address(process: Process) -> str:
    assert process.stdout is not None
    async with asyncio.timeout(20):
        line = (await process.stdout.readline()).decode()
    assert line.startswith("hotseat demo listening on http://127.0.0.1:")
    return line.split()[-1]


@pytest.mark.parametrize("signal_", [signal.SIGTERM, signal.SIGINT])
async def test_it_says_where_it_listens_and_ends_well(signal_: signal.Signals) -> None:
    async with running() as process:
        url = await address(process)
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            assert (await response.json())["real"] is False
        process.send_signal(signal_)
        async with asyncio.timeout(10):
            stdout, stderr = await process.communicate()
    assert (process.returncode, stdout, stderr) == (0, b"", b"")


async def test_it_ends_with_its_supervisor() -> None:
    read_end, write_end = os.pipe()
    async with running({"HOTSEAT_PARENT_FD": str(read_end)}, pass_fds=(read_end,)) as process:
        os.close(read_end)
        await address(process)
        os.close(write_end)
        async with asyncio.timeout(10):
            assert await process.wait() == 0


@pytest.mark.parametrize(
    ("environ", "complaint"),
    [
        ({"HOTSEAT_DEMO_PORT": "70000"}, "HOTSEAT_DEMO_PORT is '70000', but takes a port"),
        ({"HOTSEAT_LOG_LEVEL": "loud"}, "HOTSEAT_LOG_LEVEL is 'loud', but takes debug, info"),
        ({"HOTSEAT_DEMO_HOST": "0.0.0.0"}, "loopback only"),
    ],
)
async def test_a_bad_setting_is_one_clear_line(environ: dict[str, str], complaint: str) -> None:
    async with running(environ) as process:
        async with asyncio.timeout(20):
            stdout, stderr = await process.communicate()
    assert (process.returncode, stdout) == (2, b"")
    assert complaint in stderr.decode()
    assert stderr.count(b"\n") == 1


def test_settings_come_from_the_environment_alone() -> None:
    assert load({}) == Settings()
    given = {
        "HOTSEAT_DEMO_HOST": "::1",
        "HOTSEAT_DEMO_PORT": "8080",
        "HOTSEAT_LOG_LEVEL": "debug",
        "HOTSEAT_PARENT_FD": "7",
    }
    assert load(given) == Settings(host="::1", port=8080, log_level="DEBUG", parent_fd=7)
    with pytest.raises(BadSetting, match="HOTSEAT_PARENT_FD"):
        load({"HOTSEAT_PARENT_FD": "x"})
