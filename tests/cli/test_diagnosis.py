"""What the doctor makes of facts, as tables; and what it does on this machine, with the real CLI."""

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import pytest
from hotseat import pb
from hotseat_cli.diagnosis.findings import Finding, State, is_healthy
from hotseat_cli.diagnosis.judging import judge
from hotseat_cli.diagnosis.machine import Machine, Port
from hotseat_cli.diagnosis.workers import judge_workers
from hotseat_cli.launch import Listener
from hotseat_cli.upstream import Kind, Upstream

from tests import containments

EDGE = Listener("127.0.0.1", 3000, "PORT", "--port")
GOOD = Machine(
    is_root=False,
    open_files=20_000,
    memory_bytes=2**34,
    data_dir=Path("/data"),
    data_trouble="",
    data_free_bytes=2**36,
    data_mode=0o700,
    asks_for_key=True,
    ports=(Port(EDGE),),
    port_trouble="",
    env_file_mode=None,
    is_in_workspace=False,
    shown_file=None,
)
KEYLESS = {"asks_for_key": False}
CLAUDE = Upstream(Kind.CLAUDE, "https://api.anthropic.com", "ANTHROPIC_API_KEY")
BUSY = "port 3000 on 127.0.0.1 is in use by another program; end it, or choose another port with PORT"
FENCED = pb.Pool(containment="bubblewrap", sandbox=pb.Sandbox(enabled=True, network="none"))


def unfenced(reason: str) -> pb.Pool:
    return pb.Pool(containment="watcher", sandbox=pb.Sandbox(disabled_reason=reason))


def of(check: str, findings: list[Finding]) -> list[tuple[State, str]]:
    return [(finding.state, finding.says) for finding in findings if finding.check == check]


def test_where_all_is_well_nothing_is_to_be_done() -> None:
    findings = [*judge({}, GOOD, CLAUDE), *judge_workers(FENCED, {}, is_root=False)]
    assert {finding.state for finding in findings} == {State.OK}
    assert [finding.fix for finding in findings if finding.fix] == []


@pytest.mark.parametrize(
    ("change", "values", "check", "state", "says"),
    [
        ({"data_free_bytes": 2**20}, {}, "Data", State.FAILURE, "0.0 GB free"),
        ({"data_free_bytes": 2**30}, {}, "Data", State.WARNING, "1.0 GB free"),
        ({"data_trouble": "read-only"}, {}, "Data", State.FAILURE, "/data can't be written: read-only"),
        ({"data_mode": 0o755}, {}, "Data", State.WARNING, "other users can read /data"),
        ({"open_files": 256}, {}, "Open files", State.FAILURE, "256 at most"),
        ({"open_files": 1024}, {}, "Open files", State.NOTE, "1024 at most"),
        ({"memory_bytes": 2**29}, {}, "Memory", State.WARNING, "4 workers take about 0.8 GB"),
        ({}, {"POOL_SIZE": "900"}, "Memory", State.WARNING, "900 workers"),
        ({"ports": (Port(EDGE, BUSY),)}, {}, "Ports", State.FAILURE, "in use by another program"),
        ({"ports": (Port(EDGE, BUSY, is_ours=True),)}, {}, "Ports", State.OK, "by a Hotseat that runs"),
        ({"ports": (), "port_trouble": "PORT is 'x'"}, {}, "Ports", State.FAILURE, "PORT is 'x'"),
        ({"env_file_mode": 0o644}, {}, "Key", State.WARNING, "other users can read the .env file (mode 644)"),
        ({"is_in_workspace": True}, {}, "Settings", State.WARNING, "agents write where Hotseat is started"),
        ({"shown_file": Path("/w/.env")}, {}, "Key", State.FAILURE, "agents can read /w/.env"),
        ({}, {"HOTSEAT_KEY_MODE": "env"}, "Key", State.WARNING, "in every worker's environment"),
        ({}, {"HOTSEAT_HOST": "0.0.0.0"}, "Reach", State.NOTE, "other machines, by HOTSEAT_HOST"),
        ({}, {"HOTSEAT_HOST": "localhost.example.com"}, "Reach", State.NOTE, "other machines, by HOTSEAT_HOST"),
        (KEYLESS, {"HOTSEAT_HOST": "0.0.0.0"}, "Reach", State.FAILURE, "HOTSEAT_HOST would let other machines in"),
        (KEYLESS, {"HOTSEAT_HOST": "::", "HOTSEAT_TLS_CLIENT_CA": "ca"}, "Reach", State.NOTE, "by HOTSEAT_HOST"),
        (KEYLESS, {"HOTSEAT_METRICS_HOST": "0.0.0.0"}, "Reach", State.OK, "this machine alone"),
        (
            *(KEYLESS, {"HOTSEAT_METRICS_HOST": "0.0.0.0", "HOTSEAT_METRICS_PORT": "9464"}),
            *("Reach", State.FAILURE, "HOTSEAT_METRICS_HOST would let other machines in"),
        ),
        (
            *({}, {"HOTSEAT_HOST": "0.0.0.0", "HOTSEAT_INSECURE_NO_AUTH": "1"}),
            *("Reach", State.FAILURE, "asks nobody for a key"),
        ),
        ({}, {"HOTSEAT_ALLOW_UNTESTED_CLI": "1"}, "Settings", State.WARNING, "HOTSEAT_ALLOW_UNTESTED_CLI=1"),
    ],
)
def test_what_is_wrong_is_said_with_its_fix(
    change: dict[str, Any], values: Mapping[str, str], check: str, state: State, says: str
) -> None:
    findings = list(judge(values, replace(GOOD, **change), CLAUDE))
    (wrong,) = [finding for finding in findings if finding.check == check and says in finding.says]
    assert wrong.state is state
    assert bool(wrong.fix) == (state in {State.WARNING, State.FAILURE} or "at most" in says)
    assert is_healthy(findings) == (state is not State.FAILURE)


def test_without_a_key_the_demo_model_answers() -> None:
    assert of("Key", list(judge({}, GOOD, Upstream(Kind.DEMO)))) == [
        (State.NOTE, "none: the scripted demo model answers")
    ]


@pytest.mark.parametrize(
    ("reason", "is_root", "state", "fix"),
    [
        ("there is no bwrap in PATH: install the package bubblewrap", False, State.WARNING, "install the package bubb"),
        ("there is no bwrap in PATH: install the package bubblewrap", True, State.FAILURE, "install the package bubb"),
        ("/usr/bin/bwrap does not work here: No permissions", False, State.WARNING, "allow user namespaces"),
        ("HOTSEAT_SANDBOX=off", True, State.FAILURE, "unset HOTSEAT_SANDBOX"),
        ("HOTSEAT_CONTAINMENT=watcher", False, State.WARNING, "unset HOTSEAT_CONTAINMENT"),
    ],
)
def test_without_a_sandbox_it_says_why_and_what_to_do(reason: str, is_root: bool, state: State, fix: str) -> None:
    findings = list(judge_workers(unfenced(reason), {}, is_root=is_root))
    (wrong,) = [finding for finding in findings if finding.check == "Sandbox"]
    assert (wrong.state, reason in wrong.says) == (state, True)
    assert wrong.fix.startswith(fix)


def test_agents_that_may_do_all_need_a_sandbox() -> None:
    bypass = {"HOTSEAT_PERMISSION_MODE": "bypass"}
    assert not is_healthy(judge_workers(unfenced("HOTSEAT_SANDBOX=off"), bypass, is_root=False))
    assert is_healthy(judge_workers(FENCED, bypass, is_root=True))


async def doctor(directory: Path, *words: str, **settings: str) -> tuple[int, str]:
    """Its exit status, and what it says."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "HOME") if name in os.environ}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "hotseat_cli", "doctor", *words),
        env={**kept, "PORT": "0", "HOTSEAT_CORE_PORT": "0", **settings},
        cwd=directory,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(55):
        said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode()


@pytest.mark.skipif(containments.bwrap() is None, reason="bubblewrap does not work on this machine")
async def test_it_lets_an_agent_use_its_shell_in_the_sandbox_and_leaves_nothing_behind(tmp_path: Path) -> None:
    settings = {"PATH": containments.PATH, "HOTSEAT_SANDBOX": "required", "ANTHROPIC_API_KEY": "sk-secret"}
    code, said = await doctor(tmp_path, "--json", **settings)
    report = json.loads(said)
    found = {finding["check"]: finding for finding in report["findings"]}
    assert (code, report["healthy"]) == (0, True), said
    assert found["Turn"]["state"] == "ok"
    assert (found["Sandbox"]["state"], found["Sandbox"]["message"]) == ("ok", "on; network: none")
    assert found["Key"]["message"] == "ANTHROPIC_API_KEY, held by the core alone"
    assert "sk-secret" not in said
    assert list(tmp_path.iterdir()) == []


async def test_what_up_would_meet_is_told_and_is_an_exit_status(tmp_path: Path) -> None:
    code, said = await doctor(tmp_path, CLAUDE_CLI_PATH="/nothing/claude")
    assert code == 1
    assert "failure  Turn" in said
    assert "there is no file /nothing/claude; set CLAUDE_CLI_PATH" in said


async def test_beside_a_hotseat_that_runs_its_ports_are_no_trouble(tmp_path: Path) -> None:
    async def livez(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 16\r\nConnection: close\r\n\r\n{"status": "ok"}')
        writer.close()

    core = grpc.aio.server()  # it answers HTTP in a language that is none to who asks
    core_port = core.add_insecure_port("127.0.0.1:0")
    await core.start()
    edge = await asyncio.start_server(livez, "127.0.0.1", 0)
    try:
        ports = {"PORT": str(edge.sockets[0].getsockname()[1]), "HOTSEAT_CORE_PORT": str(core_port)}
        _, said = await doctor(tmp_path, "--no-turn", "--json", **ports)
    finally:
        edge.close()
        await core.stop(None)
    found = {finding["message"]: finding["state"] for finding in json.loads(said)["findings"]}
    assert {found[f"{name} {port} is in use, by a Hotseat that runs"] for name, port in ports.items()} == {"ok"}


async def test_what_the_servers_refuse_of_their_settings_is_told(tmp_path: Path) -> None:
    wrong = {"POOL_SIZE": "0", "HOTSEAT_TLS_CERT": "/cert.pem", "HOTSEAT_QUEUE": "2", "HOTSEAT_HOST": "0.0.0.0"}
    code, said = await doctor(tmp_path, "--no-turn", "--json", **wrong)
    findings = json.loads(said)["findings"]
    told = {finding["message"]: finding["state"] for finding in findings if finding["check"] in {"Settings", "Reach"}}
    assert code == 1
    assert told == {
        "core: POOL_SIZE='0' can't be used: Expected `int` >= 1": "failure",
        "edge: HOTSEAT_TLS_CERT is of no use without HOTSEAT_TLS_KEY: set both": "failure",
        "there is no setting HOTSEAT_QUEUE, which the environment has; did you mean HOTSEAT_MAX_QUEUE?": "note",
        "HOTSEAT_HOST would let other machines in without a key: Hotseat does not start so": "failure",
    }


async def test_hosts_that_agents_may_reach_are_tried_with_what_keeps_them(tmp_path: Path) -> None:
    code, said = await doctor(tmp_path, HOTSEAT_EGRESS_ALLOW="example.com", HOTSEAT_SANDBOX="off")
    assert (code, "failure  Turn" in said, "HOTSEAT_EGRESS_ALLOW can't be kept" in said) == (1, True, True)


async def test_a_setting_that_is_misspelt_is_no_report(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("HOTSEAT_SANDBOKS=off\n")
    code, said = await doctor(tmp_path, "--no-turn")
    assert (code, "did you mean HOTSEAT_SANDBOX?" in said) == (2, True)
