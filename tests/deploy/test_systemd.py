"""The systemd units start what there is, with settings that there are, and leave the workers' sandbox its means."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import hotseat_edge.settings
import pytest
from hotseat_cli.main import main
from hotseat_core.settings import CoreSettings
from hotseat_serving.configuration.table import CORE_FIELDS, EDGE_FIELDS, SETTINGS

UNITS = Path(__file__).parents[2] / "deploy/systemd"
WITH_WORKERS = ("hotseat.service", "hotseat-core.service")
ALL = (*WITH_WORKERS, "hotseat-edge.service")
# Each takes something away that bubblewrap needs; the comment in the unit says what.
FORBIDDEN_TO_WORKERS = {
    *("RestrictNamespaces", "ProtectProc", "ProcSubset", "ProtectHostname", "ProtectKernelTunables"),
    *("ProtectKernelLogs", "MemoryDenyWriteExecute", "PrivateUsers", "RootDirectory", "DynamicUser"),
}
_SECONDS = {"": 1, "s": 1, "min": 60}


def lines(unit: str) -> Iterator[tuple[str, str, str]]:
    """The unit's settings: section, name, value."""
    section = ""
    for line in (UNITS / unit).read_text(encoding="utf-8").splitlines():
        if found := re.fullmatch(r"\[(\w+)\]", line):
            section = found[1]
        elif line and not line.startswith("#"):
            name, equals, value = line.partition("=")
            assert equals, line
            yield section, name, value


def values(unit: str, name: str) -> list[str]:
    """What the unit gives this setting, in its order."""
    return [value for _, found, value in lines(unit) if found == name]


def seconds(span: str) -> int:
    """A span of time as systemd writes it."""
    found = re.fullmatch(r"(\d+)(\w*)", span)
    assert found, span
    return int(found[1]) * _SECONDS[found[2]]


def environment(unit: str) -> dict[str, str]:
    return dict(value.split("=", 1) for value in values(unit, "Environment"))


@pytest.mark.parametrize("unit", ALL)
def test_a_unit_starts_a_command_that_there_is_with_settings_that_it_reads(unit: str) -> None:
    (command,) = values(unit, "ExecStart")
    program, *words = command.split()
    assert program == "/opt/hotseat/bin/hotseat"
    assert set(words) <= set(main.commands)
    read = set(EDGE_FIELDS.values()) if words == ["edge"] else set(SETTINGS)
    assert set(environment(unit)) <= read


@pytest.mark.parametrize("unit", ALL)
def test_a_server_says_itself_when_it_is_ready_and_is_watched(unit: str) -> None:
    assert values(unit, "Type") == ["notify"]
    assert values(unit, "NotifyAccess") == ["main"]
    assert seconds(values(unit, "WatchdogSec")[0]) >= 30
    # 2 is every server's word for a setting that can't be used.
    assert values(unit, "RestartPreventExitStatus") == ["2"]


@pytest.mark.parametrize("unit", ALL)
def test_the_stop_takes_longer_than_running_turns_may(unit: str) -> None:
    drain_s = max(CoreSettings().drain_timeout_ms / 1000, hotseat_edge.settings.Settings().drain_s)
    assert seconds(values(unit, "TimeoutStopSec")[0]) > drain_s + 10


@pytest.mark.parametrize("unit", WITH_WORKERS)
def test_workers_are_not_told_to_stop_before_their_turns_have_ended(unit: str) -> None:
    assert values(unit, "KillMode") == ["mixed"]
    assert values(unit, "OOMPolicy") == ["continue"]


@pytest.mark.parametrize("unit", WITH_WORKERS)
def test_nothing_stands_in_the_way_of_the_workers_sandbox(unit: str) -> None:
    assert {name for _, name, _ in lines(unit)} & FORBIDDEN_TO_WORKERS == set()
    (calls,) = values(unit, "SystemCallFilter")
    assert calls.startswith("~")
    assert not {"@mount", "@process", "@system-service", "@privileged"} & set(calls.strip("~").split())


@pytest.mark.parametrize("unit", WITH_WORKERS)
def test_the_key_is_handed_over_as_a_file_that_only_the_service_reads(unit: str) -> None:
    (credential,) = values(unit, "LoadCredential")
    name, _, place = credential.partition(":")
    assert environment(unit)["ANTHROPIC_API_KEY_FILE"] == f"%d/{name}"
    assert place.startswith("/etc/hotseat/")
    assert environment(unit)[CORE_FIELDS["data_dir"]] == "/var/lib/" + values(unit, "StateDirectory")[0]


def test_one_service_for_all_and_two_apart_do_not_run_at_once() -> None:
    assert set(values("hotseat.service", "Conflicts")[0].split()) == {"hotseat-core.service", "hotseat-edge.service"}


@pytest.mark.parametrize("unit", WITH_WORKERS)
def test_the_user_is_one_that_is_made(unit: str) -> None:
    made = (UNITS / "hotseat.sysusers.conf").read_text(encoding="utf-8")
    assert re.search(rf"^u {values(unit, 'User')[0]} ", made, re.MULTILINE)


@pytest.mark.parametrize("unit", ALL)
def test_every_directive_stands_where_systemd_looks_for_it(unit: str, tmp_path: Path) -> None:
    assert {section for section, _, _ in lines(unit)} == {"Unit", "Service", "Install"}
    where = {name: section for section, name, _ in lines(unit)}
    assert {name for name in ("After", "Wants", "Conflicts") if where.get(name, "Unit") != "Unit"} == set()
    assert where["WantedBy"] == "Install"
    if analyze := shutil.which("systemd-analyze"):  # it knows every name; elsewhere the rest of this file must do
        # Here is no /opt/hotseat; everything else is judged as it stands.
        text = (UNITS / unit).read_text(encoding="utf-8").replace("/opt/hotseat/bin/hotseat", "/bin/true")
        (tmp_path / unit).write_text(text, encoding="utf-8")
        command = [analyze, "verify", "--man=no", "--recursive-errors=no", str(tmp_path / unit)]
        judged = subprocess.run(command, capture_output=True, text=True, check=False)
        assert [line for line in judged.stderr.splitlines() if unit in line] == []
