"""A worker's start and end: nothing of it stays."""

import asyncio
import os
import time
from pathlib import Path

import psutil
import pytest
from hotseat_core.errors import Reason, WorkerStartError
from hotseat_core.events import TextDelta
from hotseat_core.upstream.credential import Credential
from hotseat_core.upstream.given import BareKey
from hotseat_core.worker import process
from hotseat_core.worker.containment import Containment
from hotseat_core.worker.factory import FactorySettings, WorkerFactory
from hotseat_core.worker.setup import SessionSetup

from tests.core.conftest import stamped, until
from tests.core.worker.conftest import OpenWorker
from tests.core.worker.turns import INTERRUPTED, Turn, ask


async def test_a_worker_starts_parked_and_ends_without_a_trace(open_worker: OpenWorker) -> None:
    async with open_worker() as worker:
        assert worker.setup is None
        assert psutil.pid_exists(worker.pid)
        pid = worker.pid
    assert not psutil.pid_exists(pid)


async def test_a_cli_that_ends_at_once_says_why(open_worker: OpenWorker, tmp_path: Path) -> None:
    with pytest.raises(WorkerStartError, match=r"did not start.*exit code 3.*cannot start today"):
        async with open_worker("exit"):
            pass
    assert list((tmp_path / "data" / "workers").iterdir()) == []


async def test_a_cli_that_stays_silent_is_given_up(open_worker: OpenWorker) -> None:
    with pytest.raises(WorkerStartError, match="was not ready within"):
        async with open_worker("silent", start_timeout_s=0.3):
            pass


async def test_a_start_that_is_cancelled_leaves_nothing(open_worker: OpenWorker, tmp_path: Path) -> None:
    async def start() -> None:
        async with open_worker("silent"):
            pass

    starting = asyncio.create_task(start())
    await until(lambda: bool(stamped(f"FAKE_CLI_STAMP={tmp_path}")))
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert list((tmp_path / "data" / "workers").iterdir()) == []


# ---- end


async def test_an_idle_worker_ends_by_itself(open_worker: OpenWorker) -> None:
    async with open_worker() as worker:
        worker.bind(SessionSetup())
        await ask(worker, "hello")
        await worker.aclose()
        assert worker._wire._process is not None
        assert worker._wire._process.returncode == 0


async def test_ending_it_in_mid_turn_is_quick_and_ends_the_turn(open_worker: OpenWorker) -> None:
    async with open_worker() as worker:
        worker.bind(SessionSetup())
        turn = Turn(worker, "hang")
        await turn.first(TextDelta)
        await worker.aclose()
        report = await turn.report()
        assert report.ending.failure is not None
        assert report.ending.failure.reason is Reason.WORKER_LOST


async def test_ending_it_after_a_cut_does_not_wait_for_the_turn(
    open_worker: OpenWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "_EOF_GRACE_S", 30.0)  # which a slow machine does not take without it
    async with open_worker() as worker:
        worker.bind(SessionSetup())
        turn = Turn(worker, "hang")
        await turn.first(TextDelta)
        worker.cut(INTERRUPTED)
        await turn.report()
        started = time.monotonic()
        await worker.aclose()
        assert time.monotonic() - started < process._EOF_GRACE_S


async def test_a_deaf_worker_is_killed(open_worker: OpenWorker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_EOF_GRACE_S", 0.05)
    monkeypatch.setattr(process, "_TERM_GRACE_S", 0.05)
    async with open_worker("deaf") as worker:
        pid = worker.pid
    assert not psutil.pid_exists(pid)


@pytest.mark.parametrize("fault", ["child", "holder"])
async def test_what_left_the_group_ends_with_the_worker(open_worker: OpenWorker, tmp_path: Path, fault: str) -> None:
    async with open_worker(fault) as worker:
        async with asyncio.timeout(10):
            # A process that has just replaced its program shows no environment for a moment.
            while len(found := stamped(f"FAKE_CLI_STAMP={tmp_path}")) < 2:  # noqa: ASYNC110 - nobody announces it
                await asyncio.sleep(0.01)
        assert len(found) == 2
        assert worker.pid in {process.pid for process in found}
        assert any(os.getsid(process.pid) != os.getsid(worker.pid) for process in found)


async def test_ending_a_worker_again_and_at_once_is_no_error(open_worker: OpenWorker) -> None:
    async with open_worker(profile="claude-code") as worker:
        await asyncio.gather(worker.aclose(), worker.aclose())
        await worker.aclose()


async def test_a_spare_takes_its_workspace_along(open_worker: OpenWorker, tmp_path: Path) -> None:
    async with open_worker(profile="claude-code"):
        pass
    assert list((tmp_path / "data" / "workspaces").iterdir()) == []


async def test_a_spare_takes_along_what_the_cli_wrote_into_its_workspace(
    open_worker: OpenWorker, tmp_path: Path
) -> None:
    async with open_worker("litter", profile="claude-code") as worker:
        assert worker.workspace is not None
        assert (worker.workspace / "litter").exists()
    assert list((tmp_path / "data" / "workspaces").iterdir()) == []


async def test_a_bound_worker_leaves_its_workspace(open_worker: OpenWorker, tmp_path: Path) -> None:
    async with open_worker(profile="claude-code") as worker:
        worker.bind(SessionSetup())
    assert list((tmp_path / "data" / "workspaces").iterdir()) == [worker.workspace]


def test_what_a_killed_core_left_is_cleared_away_but_for_what_a_conversation_has_made(tmp_path: Path) -> None:
    workers, workspaces = tmp_path / "workers", tmp_path / "workspaces"
    for directory in (workers / "gone" / "tmp", workspaces / "spare", workspaces / "made"):
        directory.mkdir(parents=True)
    (workspaces / "made" / "notes").write_text("kept")
    settings = FactorySettings(
        cli_path=tmp_path,
        gate=BareKey(Credential("ANTHROPIC_API_KEY", "sk-secret")),
        data_dir=tmp_path,
        containment=Containment("none"),
    )
    WorkerFactory(settings)
    assert list(workers.iterdir()) == []
    assert list(workspaces.iterdir()) == [workspaces / "made"]
    assert (workspaces / "made" / "notes").read_text() == "kept"
