"""What is installed here, by version."""

import importlib.util
import platform
import subprocess
from importlib import metadata
from pathlib import Path

_PACKAGES = ("hotseat", "hotseat-client", "claude-agent-sdk", "grpcio", "protobuf", "aiohttp")
_CLI_ANSWER_S = 20.0


def hotseat_version() -> str:
    """The version of this distribution."""
    return _package("hotseat")


def versions(cli_path: str = "") -> dict[str, str]:
    """Names and versions; what is missing says so in its value."""
    cli = cli_path or bundled_cli()
    facts = {name: _package(name) for name in _PACKAGES}
    return {
        "hotseat": facts.pop("hotseat"),
        "claude": _cli_version(cli),
        "claude path": cli or "not found; install claude-agent-sdk, or set CLAUDE_CLI_PATH",
        "python": platform.python_version(),
        **facts,
    }


def bundled_cli() -> str:
    """The CLI inside the claude-agent-sdk wheel, found without importing the package; "" if there is none."""
    spec = importlib.util.find_spec("claude_agent_sdk")
    if spec is None or spec.origin is None:
        return ""
    path = Path(spec.origin).parent / "_bundled" / "claude"
    return str(path) if path.is_file() else ""


def _package(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"


def _cli_version(path: str) -> str:
    if not path:
        return "not found"
    try:
        answer = subprocess.run(
            [path, "--version"],
            capture_output=True,
            text=True,
            timeout=_CLI_ANSWER_S,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"does not run: {error}"
    if answer.returncode:
        return f"does not run: exit code {answer.returncode}"
    return answer.stdout.strip().partition(" ")[0]
