"""A service manager is told when a server is ready, that it lives, and that it stops."""

import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hotseat_serving.notify import Notifier

_DEADLINE_S = 45.0


class Manager:
    """What a service manager is to the servers: a socket that hears."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(f"\0{address[1:]}" if address.startswith("@") else address)
        self._socket.setblocking(False)

    async def heard(self) -> dict[str, str]:
        """The next that it is told."""
        async with asyncio.timeout(_DEADLINE_S):
            said = await asyncio.get_running_loop().sock_recv(self._socket, 4096)
        return dict(line.split("=", 1) for line in said.decode().splitlines())

    async def heard_of(self, name: str) -> dict[str, str]:
        """The next that tells this; what tells only that the server lives is passed over."""
        while name not in (told := await self.heard()):
            assert told == {"WATCHDOG": "1"}
        return told

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
async def manager(tmp_path: Path) -> AsyncIterator[Manager]:
    with contextlib.closing(Manager(str(tmp_path / "notify.sock"))) as listening:
        yield listening


async def test_it_is_told_of_readiness_and_of_the_time_that_the_end_may_take(manager: Manager) -> None:
    notifier = Notifier.of({"NOTIFY_SOCKET": manager.address})
    notifier.ready("listening on 127.0.0.1:1")
    notifier.stopping(1.5)
    assert await manager.heard() == {"READY": "1", "STATUS": "listening on 127.0.0.1:1"}
    assert await manager.heard() == {"STOPPING": "1", "STATUS": "stopping", "EXTEND_TIMEOUT_USEC": "1500000"}


async def test_an_abstract_address_is_spoken_to(tmp_path: Path) -> None:
    with contextlib.closing(Manager(f"@hotseat-test-{os.getpid()}-{tmp_path.name}")) as abstract:
        Notifier.of({"NOTIFY_SOCKET": abstract.address}).ready("here")
        assert (await abstract.heard())["STATUS"] == "here"


async def test_a_watchdog_is_told_again_and_again_while_the_block_runs(manager: Manager) -> None:
    watched = {"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "20000", "WATCHDOG_PID": str(os.getpid())}
    async with Notifier.of(watched).alive():
        told = [await manager.heard() for _ in range(3)]
    assert told == [{"WATCHDOG": "1"}] * 3
    assert [task.get_name() for task in asyncio.all_tasks() if task.get_name() == "watchdog" and not task.done()] == []


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"NOTIFY_SOCKET": ""},
        {"NOTIFY_SOCKET": "vsock:2:1"},  # of virtual machines' managers: not ours to speak to
        {"NOTIFY_SOCKET": "/a", "WATCHDOG_USEC": "soon"},
        {"NOTIFY_SOCKET": "/a", "WATCHDOG_USEC": "1000", "WATCHDOG_PID": "1"},  # another process is meant
    ],
)
def test_nobody_who_watches_means_no_watchdog(environment: dict[str, str]) -> None:
    assert Notifier.of(environment).watchdog_s == 0


def test_a_manager_that_is_gone_costs_a_line_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    Notifier(str(tmp_path / "gone.sock")).ready("here")
    assert [record.getMessage() for record in caplog.records] == ["the service manager can't be told"]


async def test_a_manager_that_does_not_listen_holds_nothing_up(
    manager: Manager, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other, contextlib.suppress(BlockingIOError):
        other.setblocking(False)
        while True:  # until its queue is full
            other.sendto(b"X=1", manager.address)
    watched = {"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "20000"}
    async with Notifier.of(watched).alive(), asyncio.timeout(_DEADLINE_S):
        while not caplog.records:  # noqa: ASYNC110 - nobody announces it
            await asyncio.sleep(0.01)
        while await manager.heard() != {"WATCHDOG": "1"}:  # and is heard as soon as there is room
            pass


async def _server(manager: Manager, directory: Path, *words: str, **settings: str) -> asyncio.subprocess.Process:
    """`hotseat ...` as a service manager starts it: its own process answers."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(directory), "NOTIFY_SOCKET": manager.address, **settings}
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "hotseat_cli", *words),
        cwd=directory,
        env={**environment, "WATCHDOG_USEC": "2000000"},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("words", "settings"),
    [
        (("core",), {"HOTSEAT_CORE_PORT": "0", "ANTHROPIC_API_KEY": "none", "HOTSEAT_WARM_WORKERS": "0"}),
        (("edge",), {"PORT": "0"}),
        (("demo",), {"PORT": "0", "HOTSEAT_CORE_PORT": "0", "HOTSEAT_WARM_WORKERS": "0"}),
    ],
    ids=["core", "edge", "all"],
)
async def test_a_server_says_that_it_is_ready_lives_and_stops(
    manager: Manager, tmp_path: Path, words: tuple[str, ...], settings: dict[str, str]
) -> None:
    process = await _server(manager, tmp_path, *words, **settings)
    try:
        assert "listening on" in (await manager.heard_of("READY"))["STATUS"]
        assert (await manager.heard_of("WATCHDOG")) == {"WATCHDOG": "1"}
        process.terminate()
        assert int((await manager.heard_of("STOPPING"))["EXTEND_TIMEOUT_USEC"]) > 30_000_000
        assert await asyncio.wait_for(process.wait(), _DEADLINE_S) == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
