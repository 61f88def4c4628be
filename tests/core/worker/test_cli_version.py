"""Which CLI there is."""

import asyncio
from pathlib import Path

import pytest
from hotseat_core.errors import WorkerStartError
from hotseat_core.worker import cli_version
from hotseat_core.worker.cli_version import bundled_cli, find_cli, is_tested, read_version

from tests.core.conftest import MakeCli, stamped, until


@pytest.mark.parametrize(
    ("version", "tested"),
    [
        ("2.1.330", True),
        ("2.1.330 (Claude Code)", True),
        ("2.1.1000", True),
        ("2.1.329", False),
        ("2.2.0", False),
        ("3.0.0", False),
        ("1.9.999", False),
        ("", False),
        ("two", False),
    ],
)
def test_a_version_is_tested_or_not(version: str, tested: bool) -> None:
    assert is_tested(version) is tested


def test_the_configured_cli_is_the_one(tmp_path: Path) -> None:
    path = tmp_path / "claude"
    path.touch()
    assert find_cli(str(path)) == path


def test_without_one_it_is_the_bundled_one() -> None:
    assert find_cli("") == bundled_cli()


def test_a_configured_cli_that_is_not_there_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(WorkerStartError, match=r"there is no file .*nothing; set CLAUDE_CLI_PATH"):
        find_cli(str(tmp_path / "nothing"))


def test_no_cli_at_all_is_an_error_that_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(WorkerStartError, match="install claude-agent-sdk"):
        find_cli("")


async def test_the_cli_says_its_version(make_cli: MakeCli) -> None:
    assert await read_version(make_cli(version="2.1.333"), {}) == "2.1.333"


async def test_another_program_says_none(tmp_path: Path) -> None:
    path = program(tmp_path, "echo hello")
    with pytest.raises(WorkerStartError, match="does not say which version"):
        await read_version(path, {})


async def test_a_file_that_can_not_be_run_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "claude"
    path.write_text("no program")
    with pytest.raises(WorkerStartError, match="can't be run"):
        await read_version(path, {})


def program(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "program"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


async def test_one_that_does_not_answer_is_given_up_and_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli_version, "_TIMEOUT_S", 0.1)
    with pytest.raises(WorkerStartError, match="did not answer"):
        await read_version(
            program(tmp_path, "exec sleep 1000"), {"PATH": "/usr/bin:/bin", "VERSION_TEST": str(tmp_path)}
        )
    assert stamped(f"VERSION_TEST={tmp_path}") == []


async def test_asking_can_be_cancelled(tmp_path: Path) -> None:
    env = {"PATH": "/usr/bin:/bin", "VERSION_TEST": str(tmp_path)}
    asking = asyncio.create_task(read_version(program(tmp_path, "exec sleep 1000"), env))
    await until(lambda: bool(stamped(f"VERSION_TEST={tmp_path}")))
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert stamped(f"VERSION_TEST={tmp_path}") == []
