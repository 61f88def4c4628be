"""`hotseat demo` with the real servers and the real CLI: however it ends, no process is left."""

import asyncio
import json
import os
import re
import signal
import sys
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

pytestmark = pytest.mark.timeout(120)
GONE_S = 3.0


class Served:
    """A running `hotseat demo`, and every process below it."""

    def __init__(self, process: asyncio.subprocess.Process, url: str) -> None:
        self.process = process
        self.url = url

    def ask(self, text: str) -> str:
        body = {"model": "claude", "messages": [{"role": "user", "content": text}]}
        request = urllib.request.Request(
            f"{self.url}/v1/chat/completions", json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return str(json.load(answer)["choices"][0]["message"]["content"])

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)


@asynccontextmanager
async def demo(directory: Path) -> AsyncIterator[Served]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "hotseat_cli", "demo", "--port", "0", "--core-port", "0"),
        cwd=directory,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    family: list[psutil.Process] = []
    try:
        banner = b""
        async with asyncio.timeout(60):
            while b"Ctrl-C ends it." not in banner:
                line = await process.stdout.readline()
                assert line, "hotseat demo ended instead of serving"
                banner += line
        url = re.search(rb"(http://127\.0\.0\.1:\d+)/v1\n", banner)
        assert url
        family = psutil.Process(process.pid).children(recursive=True)
        yield Served(process, url[1].decode())
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()
        for member in family:
            if member.is_running():
                member.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
async def test_no_process_is_left_three_seconds_after_a_signal(tmp_path: Path, number: signal.Signals) -> None:
    async with demo(tmp_path) as served:
        assert await asyncio.to_thread(served.ask, "Say exactly: hello") == "hello"
        family = served.family()
        assert any("claude" in Path(member.exe()).name for member in family)
        os.kill(served.process.pid, number)
        _, left = await asyncio.to_thread(psutil.wait_procs, family, GONE_S)
        assert [member.name() for member in left] == []
        assert await asyncio.wait_for(served.process.wait(), 5) == (-9 if number is signal.SIGKILL else 0)


async def test_a_changed_file_is_taken_by_the_servers_that_run(tmp_path: Path) -> None:
    file = tmp_path / "hotseat.toml"
    file.write_text("[pool]\nsize = 2\n")
    async with demo(tmp_path) as served:

        def told() -> tuple[int, int]:
            """How many processes the pool may have, and the edge's answer to a strange Host."""
            with urllib.request.urlopen(f"{served.url}/admin/pool", timeout=30) as answer:
                size = json.load(answer)["pool"]["size"]["max_workers"]
            request = urllib.request.Request(f"{served.url}/livez", headers={"Host": "hotseat.example"})
            try:
                with urllib.request.urlopen(request, timeout=30) as answer:
                    return size, answer.status
            except urllib.error.HTTPError as refused:
                return size, refused.code

        assert await asyncio.to_thread(told) == (2, 403)
        file.write_text('[pool]\nsize = 3\n[edge]\nallowed_hosts = ["hotseat.example"]\n')
        served.process.send_signal(signal.SIGHUP)
        async with asyncio.timeout(30):
            while await asyncio.to_thread(told) != (3, 200):  # noqa: ASYNC110 - nobody announces it
                await asyncio.sleep(0.05)
        assert await asyncio.to_thread(served.ask, "Say exactly: hello") == "hello"
