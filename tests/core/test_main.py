"""`python -m hotseat_core` as a process: one line when it serves, exit codes, and a clean end."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import psutil
import pytest
from hotseat import pb
from hotseat.client import Client
from hotseat.errors import HotseatError

from tests.core.conftest import MakeCli, until


class Server:
    """A core in a process of its own."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def line(self) -> str:
        assert self.process.stdout is not None
        return (await self.process.stdout.readline()).decode().strip()

    async def ended(self) -> tuple[int, str]:
        """Its exit code, and the end of what it logged."""
        _, errors = await self.process.communicate()
        assert self.process.returncode is not None
        return self.process.returncode, errors.decode()

    def workers(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)


def is_alive(process: psutil.Process) -> bool:
    """False also for what has ended and whose end the system's first process has yet to take note of."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@asynccontextmanager
async def running(environ: dict[str, str], pass_fds: tuple[int, ...] = ()) -> AsyncIterator[Server]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "hotseat_core",
        env={"PATH": os.environ["PATH"], **environ},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        pass_fds=pass_fds,
    )
    try:
        yield Server(process)
    finally:
        if process.returncode is None:
            process.terminate()
            await process.communicate()


@pytest.fixture
def environ(make_cli: MakeCli, tmp_path: Path) -> dict[str, str]:
    return {
        "HOTSEAT_CORE_SOCKET": str(tmp_path / "core.sock"),
        "HOTSEAT_DATA_DIR": str(tmp_path / "data"),
        "CLAUDE_CLI_PATH": str(make_cli()),
        "ANTHROPIC_API_KEY": "sk-secret",
        "HOTSEAT_PROFILE": "claude",
        "HOTSEAT_SANDBOX": "off",  # the fake CLI is among what it would hide
        "HOTSEAT_DRAIN_TIMEOUT_MS": "100",
    }


async def ask(target: str, text: str) -> str:
    async with Client(target) as client, client.converse(pb.OpenConversation()) as talk:
        return [event async for event in talk.ask(text)][-1].turn_completed.text


async def test_it_says_where_it_serves_and_ends_at_a_signal(environ: dict[str, str], tmp_path: Path) -> None:
    async with running(environ) as server:
        target = f"unix:{tmp_path / 'core.sock'}"
        assert await server.line() == f"hotseat core listening on {target}"
        assert await ask(target, "hello") == "you said hello "
        assert (tmp_path / "core.sock").stat().st_mode & 0o777 == 0o600
        workers = server.workers()
        assert workers
        server.process.send_signal(signal.SIGTERM)
        code, log = await server.ended()
        assert code == 0
        assert not any(is_alive(worker) for worker in workers)
        assert "sk-secret" not in log
        assert "hello" not in log


async def test_a_turn_that_runs_is_interrupted_when_its_time_is_up(environ: dict[str, str], tmp_path: Path) -> None:
    async with running(environ) as server:
        await server.line()
        async with Client(f"unix:{tmp_path / 'core.sock'}") as client, client.converse(pb.OpenConversation()) as talk:
            turn = talk.ask("hang")
            async for event in turn:
                if event.HasField("text_delta"):
                    server.process.send_signal(signal.SIGINT)
            assert event.turn_completed.outcome == pb.TurnCompleted.OUTCOME_INTERRUPTED
        assert (await server.ended())[0] == 0


async def test_it_ends_with_its_supervisor(environ: dict[str, str]) -> None:
    theirs, ours = os.pipe()
    async with running(environ | {"HOTSEAT_PARENT_FD": str(theirs)}, pass_fds=(theirs,)) as server:
        os.close(theirs)
        await server.line()
        os.close(ours)
        assert (await server.ended())[0] == 0


async def test_it_serves_on_a_port_of_its_own_and_only_once(environ: dict[str, str], tmp_path: Path) -> None:
    tcp = environ | {"HOTSEAT_CORE_SOCKET": "", "HOTSEAT_CORE_PORT": "0"}
    async with running(tcp) as server:
        target = (await server.line()).rpartition(" ")[2]
        async with Client(target) as client:
            assert [profile.name for profile in await client.list_profiles()] == ["claude", "claude-code"]
        taken = tcp | {"HOTSEAT_CORE_PORT": target.rpartition(":")[2], "HOTSEAT_DATA_DIR": str(tmp_path / "other")}
        async with running(taken) as second:
            code, said = await second.ended()
            assert code == 2
            assert "can't be bound; is another core running?" in said


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"ANTHROPIC_API_KEY": ""}, "no credential"),
        ({"POOL_SIZE": "none"}, "POOL_SIZE='none' can't be used"),
        ({"HOTSEAT_PROFILE": "other"}, "HOTSEAT_PROFILE='other' can't be used"),
        ({"CLAUDE_CLI_PATH": "/nothing"}, "there is no file /nothing"),
        ({"HOTSEAT_DATA_DIR": "/dev/null/x"}, "set HOTSEAT_DATA_DIR"),
    ],
)
async def test_a_mistake_is_one_clear_line(environ: dict[str, str], change: dict[str, str], complaint: str) -> None:
    async with running(environ | change) as server:
        code, said = await server.ended()
        assert code == 2
        last = said.strip().splitlines()[-1]
        assert last.startswith("hotseat core: ")
        assert complaint in last
        assert "Traceback" not in said


async def test_a_second_core_does_not_touch_the_data_of_the_first(environ: dict[str, str], tmp_path: Path) -> None:
    async with running(environ) as server:
        await server.line()
        async with running(environ) as second:
            code, said = await second.ended()
            assert code == 2
            assert "another hotseat core uses" in said
        assert await ask(f"unix:{tmp_path / 'core.sock'}", "hello") == "you said hello "


async def test_a_core_that_is_gone_is_missed(tmp_path: Path) -> None:
    async with Client(f"unix:{tmp_path / 'core.sock'}") as client:
        with pytest.raises(HotseatError) as caught:
            await client.list_profiles()
        assert caught.value.code is grpc.StatusCode.UNAVAILABLE


async def test_a_core_that_is_killed_takes_its_workers_along(environ: dict[str, str], tmp_path: Path) -> None:
    async with running(environ) as server:
        await server.line()
        await ask(f"unix:{tmp_path / 'core.sock'}", "hello")
        workers = server.workers()
        server.process.kill()
        await until(lambda: not any(worker.is_running() for worker in workers))
