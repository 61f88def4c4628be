"""The command line itself: help that teaches, fast, and the small verbs."""

import importlib.metadata
import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from hotseat_cli.main import main

HEAVY = {"asyncio", "grpc", "aiohttp", "google.protobuf", "claude_agent_sdk", "rich", "urllib.request"}
# Every command by its words: "ps", "pool", "pool drain".
COMMANDS: dict[str, click.Command] = {
    **main.commands,
    **{
        f"{name} {verb}": command
        for name, group in main.commands.items()
        if isinstance(group, click.Group)
        for verb, command in group.commands.items()
    },
}


def run(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hotseat_cli", *arguments]
    inherited = {**os.environ, **environment}
    return subprocess.run(command, cwd=cwd, env=inherited, capture_output=True, text=True, timeout=30, check=False)


@pytest.mark.parametrize("verb", sorted(COMMANDS))
def test_every_verb_teaches_by_an_example(verb: str) -> None:
    told = CliRunner().invoke(main, [*verb.split(), "--help"])
    assert told.exit_code == 0
    assert "Example" in told.output
    assert f"hotseat {verb}" in told.output
    assert COMMANDS[verb].get_short_help_str(200).endswith(".")


@pytest.mark.parametrize("verb", sorted(COMMANDS))
def test_every_option_says_what_it_does_and_names_its_setting(verb: str) -> None:
    options = [option for option in COMMANDS[verb].params if isinstance(option, click.Option)]
    assert all(option.help and option.help.endswith(".") for option in options)


def test_help_imports_nothing_heavy() -> None:
    code = "import sys, hotseat_cli.main; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert HEAVY.isdisjoint(loaded)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_learns_to_complete(shell: str) -> None:
    script = CliRunner().invoke(main, ["completion", shell])
    assert script.exit_code == 0
    assert f"_HOTSEAT_COMPLETE={shell}_complete" in script.output


def test_a_completion_knows_the_commands_and_their_options(tmp_path: Path) -> None:
    words = {"_HOTSEAT_COMPLETE": "bash_complete", "COMP_WORDS": "hotseat pool drain --w", "COMP_CWORD": "3"}
    command = [str(Path(sys.executable).with_name("hotseat"))]
    told = subprocess.run(
        command, cwd=tmp_path, env={**os.environ, **words}, capture_output=True, text=True, check=True
    )
    assert told.stdout == "plain,--wait\n"


def test_a_wrong_verb_is_exit_code_two() -> None:
    assert CliRunner().invoke(main, ["serve"]).exit_code == 2


def test_the_version_is_told_where_it_is_looked_for_first() -> None:
    told = CliRunner().invoke(main, ["--version"])
    assert (told.exit_code, told.output) == (0, f"hotseat {importlib.metadata.version('hotseat')}\n")


def test_version_names_everything_that_runs() -> None:
    facts = json.loads(CliRunner().invoke(main, ["version", "--json"]).output)
    assert facts["hotseat"] == importlib.metadata.version("hotseat")
    assert facts["claude"][0].isdigit()
    assert Path(facts["claude path"]).is_file()
    assert {"python", "hotseat-client", "claude-agent-sdk", "grpcio", "protobuf", "aiohttp"} <= set(facts)


def test_version_takes_the_cli_that_the_settings_name(tmp_path: Path) -> None:
    cli = tmp_path / "claude"
    cli.write_text("#!/bin/sh\necho '9.8.7 (Claude Code)'\n")
    cli.chmod(0o755)
    told = run("version", cwd=tmp_path, CLAUDE_CLI_PATH=str(cli)).stdout
    assert f"claude            9.8.7\nclaude path       {cli}\n" in told


def test_version_says_that_a_cli_does_not_run(tmp_path: Path) -> None:
    told = run("version", "--json", cwd=tmp_path, CLAUDE_CLI_PATH=str(tmp_path / "none")).stdout
    assert "does not run" in json.loads(told)["claude"]


@pytest.mark.parametrize("verb", ["core", "edge"])
def test_one_server_runs_in_the_commands_place(tmp_path: Path, verb: str) -> None:
    code = "import os, sys; print(os.getpid(), os.environ['PORT'], os.environ['HOTSEAT_CORE_PORT']); sys.exit(3)"
    (tmp_path / f"hotseat_{verb}.py").write_text(code)
    (tmp_path / ".env").write_text("PORT=1\nHOTSEAT_CORE_PORT=2\n")
    command = [sys.executable, "-m", "hotseat_cli", verb, "--port", "7"]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True) as process:
        out, _ = process.communicate(timeout=20)
    assert process.returncode == 3
    assert out.split() == [str(process.pid), *(["1", "7"] if verb == "core" else ["7", "2"])]


def test_a_broken_env_file_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PORT\n")
    ended = run("core", cwd=tmp_path)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith(f"hotseat: {tmp_path}/.env: line 1 is not NAME=value; correct it")
