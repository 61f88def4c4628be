"""Another server of this kind, to be measured beside ours: claudegate, which is `claude-code-openai` on the index."""

import asyncio
import re
import sys
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import psutil

from hotseat_bench.machine import say

REQUIREMENT = "claude-code-openai==0.1.1"
_HOME = Path(__file__).parents[2] / ".cache" / "claudegate"
_RUNS = re.compile(rb"Uvicorn running on (http://\S+)")
_INSTALL_S, _START_S, _STOP_S = 600.0, 60.0, 10.0


class PeerError(Exception):
    """It can't be installed, or does not start; the text says why."""


async def installed() -> Path:
    """Its command, installed into an environment of its own the first time. Raises PeerError."""
    command = _HOME / "bin" / "claudegate"
    if not command.exists():
        say(f"installing {REQUIREMENT} into {_HOME}")
        await _run(sys.executable, "-m", "venv", str(_HOME))
        await _run(str(_HOME / "bin" / "python"), "-m", "pip", "install", "--quiet", REQUIREMENT)
    return command


async def _run(*argv: str) -> None:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*argv, stdout=pipe, stderr=asyncio.subprocess.STDOUT)
    try:
        async with asyncio.timeout(_INSTALL_S):
            out, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    if process.returncode:
        raise PeerError(f"{' '.join(argv)} ended with {process.returncode}: {out.decode(errors='replace')[-2000:]}")


@asynccontextmanager
async def serving(cli: Path, upstream: str, environment: Mapping[str, str], scratch: Path) -> AsyncIterator[str]:
    """Run it on a free port, with this CLI and this model's provider; yield its address. Raises PeerError."""
    command = await installed()
    (scratch / "workspace").mkdir(parents=True)
    settings = {
        "IS_SANDBOX": "1",  # else its CLIs refuse to run as root
        "HOME": str(scratch),
        "ANTHROPIC_BASE_URL": upstream,
        "ANTHROPIC_API_KEY": "not-a-key",
        "CLAUDE_CONFIG_DIR": str(scratch / "config"),
        "CLAUDEGATE_CLI_PATH": str(cli),
        "CLAUDEGATE_WORKSPACE": str(scratch / "workspace"),
        "CLAUDEGATE_LOG_LEVEL": "INFO",  # it says where it listens on this level
        "CLAUDEGATE_REQUEST_LOG": "false",
    }
    process = await asyncio.create_subprocess_exec(
        *(str(command), "serve", "--host", "127.0.0.1", "--port", "0"),
        cwd=scratch,
        env={**environment, **settings},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    output = _Output()
    assert process.stderr is not None
    reading = asyncio.create_task(output.read(process.stderr), name="what claudegate says")
    try:
        yield await output.address(_START_S)
    finally:
        await _end(process)
        await asyncio.wait([reading], timeout=_STOP_S)
        reading.cancel()


class _Output:
    """What it says: where it listens, and the last lines, which tell why it does not."""

    def __init__(self) -> None:
        self._address: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._last: deque[str] = deque(maxlen=20)

    async def read(self, stream: asyncio.StreamReader) -> None:
        """Read to the end."""
        async for line in stream:
            self._last.append(line.decode(errors="replace").rstrip())
            if (found := _RUNS.search(line)) and not self._address.done():
                self._address.set_result(found[1].decode())
        if not self._address.done():
            self._address.set_result("")

    async def address(self, timeout_s: float) -> str:
        """Where it listens. Raises PeerError."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                if found := await asyncio.shield(self._address):
                    return found
        raise PeerError("\n".join(["claudegate does not start:", *self._last]))


async def _end(process: asyncio.subprocess.Process) -> None:
    """End it and, where it does not manage that by itself, its processes."""
    below = psutil.Process(process.pid).children(recursive=True) if process.returncode is None else []
    if process.returncode is None:
        process.terminate()
    try:
        async with asyncio.timeout(_STOP_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
    for left in below:
        with suppress(psutil.NoSuchProcess):
            left.kill()
