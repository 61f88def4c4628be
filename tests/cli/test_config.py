"""`hotseat config`, and the configuration file as every command takes it."""

import json
import os
import re
import stat
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner
from hotseat_cli import settings
from hotseat_cli.configuring import shown, starter
from hotseat_cli.diagnosis.machine import look
from hotseat_cli.main import main
from hotseat_serving.configuration.document import read
from hotseat_serving.configuration.table import SETTINGS

from tests.cli.house import running


def run(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    command = [sys.executable, "-m", "hotseat_cli", *arguments]
    return subprocess.run(
        command,
        cwd=cwd,
        env={**inherited, "HOME": str(cwd), **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def write(directory: Path, text: str) -> Path:
    path = directory / "hotseat.toml"
    path.write_text(text)
    path.chmod(0o600)
    return path


def test_the_file_to_begin_with_is_valid_with_every_line_in_force() -> None:
    as_it_is = read(starter.text(), Path("/x"))
    assert (as_it_is.entries, as_it_is.problems) == ({}, ())
    in_force = read(re.sub(r"^#(?=[a-z_]+ = )", "", starter.text(), flags=re.MULTILINE), Path("/x"))
    assert in_force.problems == ()
    assert set(in_force.entries) == set(SETTINGS)


def test_init_writes_it_for_the_user_alone_and_never_over_another(tmp_path: Path) -> None:
    made = run("config", "init", cwd=tmp_path)
    path = tmp_path / "hotseat.toml"
    assert (made.returncode, path.read_text()) == (0, starter.text())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.write_text("mine")
    again = run("config", "init", cwd=tmp_path)
    assert (again.returncode, path.read_text()) == (1, "mine")
    assert again.stderr == "hotseat: hotseat.toml is there already; name another file, or move it away\n"


def test_show_tells_what_is_in_force_and_where_it_is_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)
    path = write(tmp_path, '[pool]\nsize = 8\nmax_queue = 3\n[claude]\napi_key = "sk-ant-of-mine-alone"\n')
    (tmp_path / ".env").write_text("IDLE_TIMEOUT_MS=5\nANTHROPIC_BASE_URL=http://me:hidden@127.0.0.1:1\n")
    monkeypatch.setenv("HOTSEAT_MAX_QUEUE", "4")
    found = shown.settings_in_force(settings.load({}, tmp_path))
    records = {record["key"]: record for record in (one.record() for one in found)}
    assert {key: (records[key]["value"], records[key]["origin"], records[key]["place"]) for key in records} | {
        "pool.size": ("8", "file", f"{path}:2"),
        "pool.max_queue": ("4", "environment", None),
        "pool.idle_timeout_ms": ("5", ".env", str(tmp_path / ".env")),
        "pool.warm_workers": ("1", "default", None),
        "claude.api_key": (None, "file", f"{path}:5"),
    } == {key: (records[key]["value"], records[key]["origin"], records[key]["place"]) for key in records}
    assert records["claude.api_key"]["is_set"]
    text = "\n".join(shown.lines(found, origin=True))
    assert f"size = 8  # {path}:2" in text
    assert f"# api_key is set ({path}:5)" in text
    assert "of-mine-alone" not in text + json.dumps(records)
    assert "hidden" not in text + json.dumps(records)
    tomllib.loads(text)


@pytest.mark.parametrize(
    ("env_file", "environment", "flags"),
    [
        ("ANTHROPIC_API_KEY=old", {"CLAUDE_CODE_OAUTH_TOKEN": "mine"}, {}),
        ("HOTSEAT_API_KEY_FILE=old", {"HOTSEAT_API_KEY": "mine"}, {}),
        ("HOTSEAT_CORE_SOCKET=old", {"HOTSEAT_CORE_PORT": "5"}, {}),
        ("HOTSEAT_CORE_TARGET=old", {}, {"HOTSEAT_CORE_PORT": "5"}),
        ("", {"HOTSEAT_CORE_SOCKET": "old"}, {"HOTSEAT_CORE_PORT": "5"}),
    ],
)
def test_what_belongs_together_is_taken_from_one_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, env_file: str, environment: dict[str, str], flags: dict[str, str]
) -> None:
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    (tmp_path / ".env").write_text(f"{env_file}\nPOOL_SIZE=3\n")
    values = settings.load(flags, tmp_path).values
    kept = {name: value for name, value in {**environment, **flags, "POOL_SIZE": "3"}.items() if value != "old"}
    assert {name: value for name, value in values.items() if name in SETTINGS} == kept


def test_show_prints_toml_and_json(tmp_path: Path) -> None:
    path = write(tmp_path, "[edge]\nport = 7\n")
    told = run("config", "show", cwd=tmp_path)
    assert told.stdout.startswith(f"# {path}\n")
    assert tomllib.loads(told.stdout)["edge"]["port"] == 7
    as_json = json.loads(run("config", "show", "--json", "--config", str(path), cwd=tmp_path.parent).stdout)
    assert as_json["file"] == str(path)
    assert {"7"} == {one["value"] for one in as_json["settings"] if one["name"] == "PORT"}


def test_check_tells_every_mistake_with_its_line(tmp_path: Path) -> None:
    path = write(tmp_path, "[pool]\nsize = 0\nmax_quue = 1\n")
    told = run("config", "check", cwd=tmp_path)
    assert (told.returncode, told.stdout) == (1, "")
    assert told.stderr.splitlines() == [
        f"hotseat: {path}:2: size in [pool] is 0, but takes a whole number, 1 or more",
        f"hotseat: {path}:3: there is no 'max_quue' in [pool]; did you mean max_queue in [pool]?",
    ]


def test_check_takes_the_file_that_config_names(tmp_path: Path) -> None:
    told = run("--config", "there.toml", "config", "check", cwd=tmp_path)
    assert told.returncode == 1
    assert told.stderr.startswith(f"hotseat: {tmp_path / 'there.toml'} can't be read: No such file")


def test_check_asks_the_servers_themselves(tmp_path: Path) -> None:
    path = write(tmp_path, '[edge]\ntls_cert = "x.pem"\n[claude]\nbase_url = "ftp://x"\n')
    told = run("config", "check", str(path), "--json", cwd=tmp_path.parent, HOTSEAT_POOL_SIZE="3")
    record = json.loads(told.stdout)
    assert (told.returncode, record["valid"], record["file"]) == (1, False, str(path))
    core, edge = record["problems"]
    assert core.startswith("core: ANTHROPIC_BASE_URL")
    assert edge == "edge: HOTSEAT_TLS_CERT is of no use without HOTSEAT_TLS_KEY: set both"
    assert record["notes"] == [
        "there is no setting HOTSEAT_POOL_SIZE, which the environment has; did you mean POOL_SIZE?"
    ]


def test_check_says_that_a_file_will_do_and_what_of_it_is_beaten(tmp_path: Path) -> None:
    path = write(tmp_path, "[pool]\nsize = 3\n[edge]\nport = 8\n")
    told = run("config", "check", cwd=tmp_path, PORT="9")
    assert (told.returncode, told.stdout) == (0, f"{path} will do: it sets 1 setting\n")
    assert told.stderr == "hotseat: edge.port is not in force: PORT is set elsewhere\n"


def test_a_key_in_a_file_that_agents_can_read_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PORT", "0")
    monkeypatch.setenv("HOTSEAT_CORE_PORT", "0")
    path = write(tmp_path, f'[claude]\napi_key = "k"\n[workers]\nworkspace_dir = "{tmp_path}"\n')
    assert look(settings.load({}, tmp_path), frozenset({"ANTHROPIC_API_KEY"})).shown_file == path
    path.write_text(f'[workers]\nworkspace_dir = "{tmp_path}"\n')
    assert look(settings.load({}, tmp_path), frozenset({"ANTHROPIC_API_KEY"})).shown_file is None


async def test_up_gives_the_servers_the_file_and_not_what_is_in_it(tmp_path: Path) -> None:
    path = write(tmp_path, '[pool]\nsize = 7\n[claude]\nmodel = "of-the-file"\napi_key = "sk-ant-of-the-file"\n')
    async with running(tmp_path, "up", "--model", "of-the-flag") as house:
        await house.until_served()
        core, edge = house.environment_of("core"), house.environment_of("edge")
        assert core["HOTSEAT_CONFIG"] == edge["HOTSEAT_CONFIG"] == str(path)
        assert "POOL_SIZE" not in core
        assert core["HOTSEAT_MODEL"] == "of-the-flag"
        assert "7 claude processes at most" in house.banner
        assert f"Settings    {path}" in house.banner
        assert "with ANTHROPIC_API_KEY" in house.banner
        assert "sk-ant-of-the-file" not in {*core.values(), *edge.values(), house.banner}


@pytest.mark.parametrize("words", [("up",), ("core",), ("ps",), ("version",), ("doctor", "--no-turn")])
def test_every_command_takes_the_named_file_and_refuses_a_bad_one_in_one_line(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    path = write(tmp_path, "[pol]\nsize = 1\n")
    told = CliRunner().invoke(main, [*words, "--config", str(path)])
    assert told.exit_code == 2
    assert told.stderr == f"hotseat: {path}:1: there is no section [pol]; did you mean [pool]?\n"


@pytest.mark.parametrize("module", ["hotseat_core", "hotseat_edge"])
def test_a_server_by_itself_takes_the_file_too(tmp_path: Path, module: str) -> None:
    path = write(tmp_path, "[logs]\nlevel = 3\n")
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    told = subprocess.run(
        [sys.executable, "-m", module],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert told.returncode == 2
    name = module.removeprefix("hotseat_")
    assert told.stderr.startswith(f"hotseat {name}: {path}:2: level in [logs] is 3, but takes one of ")
