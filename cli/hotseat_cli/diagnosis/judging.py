"""What the facts mean, and what to do about them. Pure."""

from collections.abc import Iterator, Mapping

from hotseat_cli import reach
from hotseat_cli.configuring.checking import Report
from hotseat_cli.diagnosis.findings import Finding, failure, note, ok, warning
from hotseat_cli.diagnosis.machine import Machine
from hotseat_cli.upstream import Kind, Upstream

_GIB = 2**30
_WORKER_BYTES = 200 * 2**20
_LEAST_OPEN_FILES = 1024
_GOOD_OPEN_FILES = 4096


def judge_settings(report: Report) -> Iterator[Finding]:
    """What the servers say of their settings."""
    for line in report.problems:
        yield failure("Settings", line, "correct it, then see `hotseat config check`")
    for line in report.notes:
        yield note("Settings", line)


def judge(values: Mapping[str, str], machine: Machine, upstream: Upstream) -> Iterator[Finding]:
    """What settings and machine are like, for the order of the report."""
    yield from _key(values, machine, upstream)
    yield from _reach(values, machine)
    yield from _ports(machine)
    yield _data(machine)
    yield from _limits(values, machine)
    yield from _loosened(values)
    if machine.is_in_workspace:
        says = "agents write where Hotseat is started: a .env or hotseat.toml of theirs is taken at the next start"
        yield warning("Settings", says, "start it in a directory outside of WORKSPACE_DIR")


def _key(values: Mapping[str, str], machine: Machine, upstream: Upstream) -> Iterator[Finding]:
    match upstream.kind:
        case Kind.DEMO:
            yield note("Key", "none: the scripted demo model answers", "set ANTHROPIC_API_KEY for real answers")
        case Kind.KEYLESS:
            yield note("Key", f"none: {upstream.base_url} is asked without one")
        case Kind.CLAUDE if values.get("HOTSEAT_KEY_MODE", "proxy") == "proxy":
            yield ok("Key", f"{upstream.credential}, held by the core alone")
        case Kind.CLAUDE:
            says = f"{upstream.credential} is in every worker's environment: what an agent runs can read it"
            yield warning("Key", says, "unset HOTSEAT_KEY_MODE")
    if machine.env_file_mode is not None and machine.env_file_mode & 0o077:
        yield warning("Key", f"other users can read the .env file (mode {machine.env_file_mode:o})", "chmod 600 .env")
    if machine.shown_file is not None:
        says = f"agents can read {machine.shown_file}, with the credential in it: it is in WORKSPACE_DIR"
        yield failure("Key", says, "start from another directory, or set the credential in the environment")


def _reach(values: Mapping[str, str], machine: Machine) -> Iterator[Finding]:
    public, ajar = reach.public(values), reach.ajar(values, asks_for_key=machine.asks_for_key)
    if not public:
        yield ok("Reach", "this machine alone")
    elif values.get("HOTSEAT_INSECURE_NO_AUTH") == "1":
        says = f"{' and '.join(public)} let other machines in, and HOTSEAT_INSECURE_NO_AUTH=1 asks nobody for a key"
        yield failure("Reach", says, "unset HOTSEAT_INSECURE_NO_AUTH and make keys, or listen on 127.0.0.1")
    elif ajar:
        says = f"{' and '.join(ajar)} would let other machines in without a key: Hotseat does not start so"
        yield failure("Reach", says, "make one with `hotseat keys create`, or listen on 127.0.0.1")
    else:
        yield note("Reach", f"other machines, by {' and '.join(public)}")


def _ports(machine: Machine) -> Iterator[Finding]:
    if machine.port_trouble:
        yield failure("Ports", machine.port_trouble, "correct the setting")
        return
    is_up = any(port.is_ours for port in machine.ports)
    for port in machine.ports:
        name = f"{port.listener.setting} {port.listener.port}"
        if not port.trouble:
            yield ok("Ports", f"{name} is free")
        elif is_up:
            yield ok("Ports", f"{name} is in use, by a Hotseat that runs")
        else:
            says, _, fix = port.trouble.partition("; ")
            yield failure("Ports", says, fix)


def _data(machine: Machine) -> Finding:
    where, free = machine.data_dir, machine.data_free_bytes
    if machine.data_trouble:
        return failure("Data", f"{where} can't be written: {machine.data_trouble}", "set HOTSEAT_DATA_DIR")
    if free < _GIB // 4:
        return failure("Data", f"{_size(free)} free for {where}", "make room: without, turns fail")
    if free < 2 * _GIB:
        return warning("Data", f"{_size(free)} free for {where}", "make room, or set HOTSEAT_DATA_DIR")
    if machine.data_mode is not None and machine.data_mode & 0o077:
        says = f"other users can read {where}, where all conversations are (mode {machine.data_mode:o})"
        return warning("Data", says, f"chmod 700 {where}")
    return ok("Data", f"{where}, {_size(free)} free")


def _limits(values: Mapping[str, str], machine: Machine) -> Iterator[Finding]:
    if machine.open_files < _LEAST_OPEN_FILES:
        yield failure("Open files", f"{machine.open_files} at most", f"ulimit -n {_GOOD_OPEN_FILES}")
    elif machine.open_files < _GOOD_OPEN_FILES:
        says = f"{machine.open_files} at most: enough for some hundred connections"
        yield note("Open files", says, f"ulimit -n {_GOOD_OPEN_FILES} for more")
    else:
        yield ok("Open files", f"{machine.open_files} at most")
    size = values.get("POOL_SIZE", "4")
    wanted = int(size) * _WORKER_BYTES if size.isdecimal() else 0
    says = f"{_size(machine.memory_bytes)} free; {size} workers take about {_size(wanted)}"
    if wanted > machine.memory_bytes:
        yield warning("Memory", says, "lower POOL_SIZE, or set HOTSEAT_MEMORY_LIMIT_MB")
    else:
        yield ok("Memory", says)


def _loosened(values: Mapping[str, str]) -> Iterator[Finding]:
    if values.get("HOTSEAT_ALLOW_UNTESTED_CLI") == "1":
        says = "HOTSEAT_ALLOW_UNTESTED_CLI=1: the CLI may be one whose protocol is not known"
        yield warning("Settings", says, "unset it, and CLAUDE_CLI_PATH")


def _size(count: int) -> str:
    return f"{count / _GIB:.1f} GB"
