"""What a trial turn has shown of the workers. Pure."""

from collections.abc import Iterator, Mapping

from hotseat import pb

from hotseat_cli.diagnosis.findings import Finding, failure, note, ok, warning

_FIXES = {
    "there is no bwrap": "install the package bubblewrap",
    "setpriv": "install util-linux",
    "so is the owner": "give WORKSPACE_DIR to a user of its own, or run Hotseat as one",
    "HOTSEAT_SANDBOX=off": "unset HOTSEAT_SANDBOX",
    "HOTSEAT_CONTAINMENT=watcher": "unset HOTSEAT_CONTAINMENT",
}
_NAMESPACES = "allow user namespaces, or let a container be the sandbox; docs/containment.md says more"


def judge_workers(pool: pb.Pool, values: Mapping[str, str], *, is_root: bool) -> Iterator[Finding]:
    """What workers are kept from."""
    sandbox = pool.sandbox
    mode = values.get("HOTSEAT_PERMISSION_MODE", "deny")
    if sandbox.enabled:
        yield ok("Sandbox", f"on; network: {sandbox.network}")
        if sandbox.network == "host":
            yield note("Sandbox", "agents reach all that this machine does", "unset HOTSEAT_SANDBOX_NETWORK")
    else:
        yield _unfenced(sandbox.disabled_reason, is_root=is_root)
    if pool.containment == "bubblewrap":
        yield ok("Containment", pool.containment)
    else:
        yield note("Containment", pool.containment, "bubblewrap costs less, and tools see their own processes alone")
    yield _permissions(mode, is_fenced=sandbox.enabled)


def _unfenced(reason: str, *, is_root: bool) -> Finding:
    fix = next((fix for sign, fix in _FIXES.items() if sign in reason), _NAMESPACES)
    if is_root:
        return failure("Sandbox", f"off, and agents are root: {reason}", fix)
    return warning("Sandbox", f"off, agents see what you see: {reason}", fix)


def _permissions(mode: str, *, is_fenced: bool) -> Finding:
    match mode:
        case "bypass" if not is_fenced:
            return failure("Permissions", "agents do all they like, on this machine", "unset HOTSEAT_PERMISSION_MODE")
        case "bypass":
            return note("Permissions", "agents do all they like, in their sandbox")
        case "accept-edits":
            return ok("Permissions", "agents edit files in their workspace; all else is asked or denied")
        case _:
            return ok("Permissions", "what no rule allows is asked or denied")
