"""`hotseat up` as a supervisor: nothing starts too early, nothing is left behind."""

import asyncio
import os
import signal
import socket
from pathlib import Path

import pytest

from tests.cli.house import running


async def test_the_demo_model_the_core_and_the_edge_start_in_this_order_and_end_in_reverse(tmp_path: Path) -> None:
    async with running(tmp_path, "up") as house:
        await house.until_served()
        house.process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(house.process.wait(), 5) == 0
        assert house.story() == [
            "demo started",
            "core started",
            "edge started",
            "edge SIGTERM",
            "edge ended",
            "core SIGTERM",
            "core ended",
            "demo SIGTERM",
            "demo ended",
        ]


async def test_each_server_gets_the_address_of_the_one_before_it(tmp_path: Path) -> None:
    async with running(tmp_path, "up") as house:
        await house.until_served()
        assert house.environment_of("core")["ANTHROPIC_BASE_URL"] == "http://127.0.0.1:41999"
        assert house.environment_of("core")["HOTSEAT_DEMO"] == "1"
        assert house.environment_of("edge")["HOTSEAT_CORE_TARGET"] == "127.0.0.1:50999"
        assert house.environment_of("edge")["HOTSEAT_DEMO"] == "1"


async def test_the_banner_says_loudly_that_the_demo_model_answers(tmp_path: Path) -> None:
    async with running(tmp_path, "up", "--pool-size", "7", "--data-dir", "here") as house:
        await house.until_served()
        assert "DEMO: these answers come from a scripted model, not from Claude." in house.banner
        assert "claude-code, claude" in house.banner
        assert "7 claude processes at most" in house.banner
        assert str(tmp_path / "here") in house.banner


async def test_only_the_core_gets_the_credential(tmp_path: Path) -> None:
    async with running(tmp_path, "up", ANTHROPIC_API_KEY="sk-secret") as house:
        await house.until_served()
        assert house.story() == ["core started", "edge started"]
        assert house.environment_of("core")["ANTHROPIC_API_KEY"] == "sk-secret"
        assert "sk-secret" not in house.environment_of("edge").values()
        assert "DEMO" not in house.banner
        assert "with ANTHROPIC_API_KEY" in house.banner
        assert "sk-secret" not in house.banner


async def test_a_forced_demo_shows_the_credential_to_nobody(tmp_path: Path) -> None:
    async with running(tmp_path, "demo", ANTHROPIC_API_KEY="sk-secret") as house:
        await house.until_served()
        for server in ("demo", "core", "edge"):
            assert "sk-secret" not in house.environment_of(server).values()


async def test_a_flag_beats_the_environment_which_beats_the_env_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("POOL_SIZE=5\nIDLE_TIMEOUT_MS=1000\nHOTSEAT_MODEL=from-file\nOTHER=1\n")
    async with running(tmp_path, "up", "--model", "from-flag", POOL_SIZE="6") as house:
        await house.until_served()
        core = house.environment_of("core")
        assert (core["HOTSEAT_MODEL"], core["POOL_SIZE"], core["IDLE_TIMEOUT_MS"]) == ("from-flag", "6", "1000")
        assert "OTHER" not in core
        assert f"{tmp_path}/.env (IDLE_TIMEOUT_MS)" in house.banner


async def test_an_unknown_setting_in_the_env_file_is_an_error_that_names_the_likely_one(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("HOTSEAT_WARM_WORKER=2\n")
    async with running(tmp_path, "up") as house:
        assert "there is no setting HOTSEAT_WARM_WORKER; did you mean HOTSEAT_WARM_WORKERS?" in await house.errors()
        assert house.process.returncode == 2


@pytest.mark.parametrize("server", ["demo", "core", "edge"])
async def test_a_server_that_dies_ends_the_others_and_the_command_says_which(tmp_path: Path, server: str) -> None:
    async with running(tmp_path, "up") as house:
        await house.until_served()
        os.kill(house.pid_of(server), signal.SIGKILL)
        assert f"hotseat: the {server} ended: killed by SIGKILL" in await house.errors()
        assert house.process.returncode == 1
        await house.until_no_server_lives()


async def test_a_server_that_does_not_start_ends_the_command_with_its_exit_code_for_wrong_settings(
    tmp_path: Path,
) -> None:
    async with running(tmp_path, "up", FAKE_CORE="exit=2") as house:
        said = await house.errors()
        assert "the fake was told to fail" in said
        assert "hotseat: the core did not start: exit code 2" in said
        assert house.process.returncode == 2
        assert house.story()[-2:] == ["demo SIGTERM", "demo ended"]


async def test_another_failure_at_the_start_is_exit_code_one(tmp_path: Path) -> None:
    async with running(tmp_path, "up", FAKE_EDGE="exit=7") as house:
        assert "hotseat: the edge did not start: exit code 7" in await house.errors()
        assert house.process.returncode == 1


async def test_a_signal_during_the_start_ends_what_has_started(tmp_path: Path) -> None:
    async with running(tmp_path, "up", FAKE_CORE="mute") as house:
        await house.until("core started")
        house.process.send_signal(signal.SIGINT)
        await house.errors()
        assert house.process.returncode == 0
        assert "edge started" not in house.story()
        await house.until_no_server_lives()


async def test_a_second_signal_ends_a_server_that_takes_its_time(tmp_path: Path) -> None:
    async with running(tmp_path, "up", FAKE_EDGE="slow") as house:
        await house.until_served()
        house.process.send_signal(signal.SIGINT)
        await house.until("edge SIGTERM")
        house.process.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(house.process.wait(), 2) == 130
        assert "edge SIGINT" in house.story()
        await house.until_no_server_lives()


async def test_a_third_signal_kills_even_a_deaf_server(tmp_path: Path) -> None:
    async with running(tmp_path, "up", FAKE_EDGE="deaf", FAKE_CORE="deaf", FAKE_DEMO="deaf") as house:
        await house.until_served()
        for said in ("edge SIGTERM", "edge SIGINT"):
            house.process.send_signal(signal.SIGTERM)
            await house.until(said)
        house.process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(house.process.wait(), 1.5) == 143
        await house.until_no_server_lives()


async def test_servers_end_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    async with running(tmp_path, "up") as house:
        await house.until_served()
        house.process.kill()
        await house.until_no_server_lives()
        assert {f"{server} parent gone" for server in ("demo", "core", "edge")} <= set(house.story())


async def test_a_busy_port_is_named_with_its_setting_before_anything_starts(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        for flag, setting in (("--port", "PORT"), ("--core-port", "HOTSEAT_CORE_PORT")):
            directory = tmp_path / setting
            directory.mkdir()
            async with running(directory, "up", flag, str(port)) as house:
                said = await house.errors()
                assert f"port {port} on 127.0.0.1 is in use" in said
                assert f"choose another port with {setting} or {flag}" in said
                assert house.process.returncode == 2
                assert house.story() == []


@pytest.mark.parametrize(
    ("words", "settings", "who"),
    [
        (["--host", "0.0.0.0"], {}, "the edge"),
        ([], {"HOTSEAT_CORE_HOST": "::"}, "the core"),
        ([], {"HOTSEAT_METRICS_HOST": "0.0.0.0", "HOTSEAT_METRICS_PORT": "0"}, "the core's metrics"),
    ],
)
async def test_where_strangers_would_be_let_in_nothing_starts_and_the_way_on_is_said(
    tmp_path: Path, words: list[str], settings: dict[str, str], who: str
) -> None:
    async with running(tmp_path, "up", *words, **settings) as house:
        said = await house.errors()
        assert house.process.returncode == 2
        assert f"{who} would be reachable from other machines at" in said
        assert "`hotseat keys create`" in said
        assert "--insecure-no-auth" in said
        assert len(said.splitlines()) == 1
        assert house.story() == []


@pytest.mark.parametrize(
    "settings",
    [{"HOTSEAT_API_KEY": "a-key-of-the-settings"}, {"HOTSEAT_INSECURE_NO_AUTH": "1"}, {"HOTSEAT_AUTH": "required"}],
)
async def test_who_asks_for_a_key_or_has_said_that_none_is_needed_may_be_reached(
    tmp_path: Path, settings: dict[str, str]
) -> None:
    async with running(tmp_path, "up", "--host", "0.0.0.0", **settings) as house:
        await house.until_served()
        assert house.environment_of("edge")["HOTSEAT_HOST"] == "0.0.0.0"


async def test_a_port_that_is_none_is_one_clear_line(tmp_path: Path) -> None:
    async with running(tmp_path, "up", "--port", "http") as house:
        assert await house.errors() == "hotseat: PORT is 'http'; it must be a port, 0 to 65535 (0: any free one)\n"
        assert house.process.returncode == 2


async def test_what_a_server_prints_goes_to_standard_error(tmp_path: Path) -> None:
    async with running(tmp_path, "up") as house:
        await house.until_served()
        house.process.send_signal(signal.SIGTERM)
        assert (await house.errors()).count("and one more line\n") == 3
        assert "and one more line" not in house.banner


async def test_a_hangup_that_somebody_sends_makes_the_servers_read_their_file_again(tmp_path: Path) -> None:
    (tmp_path / "hotseat.toml").write_text("[pool]\nsize = 7\n")
    async with running(tmp_path, "up") as house:
        await house.until_served()
        house.process.send_signal(signal.SIGHUP)
        await house.until("core SIGHUP")
        await house.until("edge SIGHUP")
        (tmp_path / "hotseat.toml").write_text("[pool]\nsize = 0\n")
        house.process.send_signal(signal.SIGHUP)
        assert house.process.stderr is not None
        said = ""
        async with asyncio.timeout(20):
            while "not reloaded" not in said:
                said = (await house.process.stderr.readline()).decode()
                assert said, "it ended instead"
        assert f"{tmp_path}/hotseat.toml:2: size in [pool] is 0, but takes a whole number, 1 or more" in said
        house.process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(house.process.wait(), 20) == 0
        assert sorted(event for event in house.story() if "SIGHUP" in event) == ["core SIGHUP", "edge SIGHUP"]
