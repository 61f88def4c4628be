"""Which CLI there is, and whether it is one that was tested: the protocol is not documented and may change."""

import asyncio
import importlib.util
import re
from pathlib import Path

from hotseat_core.errors import WorkerStartError

TESTED_FROM = (2, 1, 330)
TESTED_BEFORE = (2, 2, 0)

_VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)")
_TIMEOUT_S = 30.0


def bundled_cli() -> Path | None:
    """Return the CLI inside the claude-agent-sdk package, without importing the package; None: there is none."""
    spec = importlib.util.find_spec("claude_agent_sdk")
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).parent / "_bundled" / "claude"
    return path if path.is_file() else None


def find_cli(configured: str) -> Path:
    """Return the CLI to run: the configured one, else the bundled one. Raises WorkerStartError."""
    path = Path(configured).expanduser().absolute() if configured else bundled_cli()
    if path is None:
        raise WorkerStartError("no claude CLI: install claude-agent-sdk, or set CLAUDE_CLI_PATH")
    if not path.is_file():
        raise WorkerStartError(f"there is no file {path}; set CLAUDE_CLI_PATH to the claude program")
    return path


def is_tested(version: str) -> bool:
    """Tell whether this version of the CLI is one that the project's tests run against."""
    found = _VERSION.search(version)
    return found is not None and TESTED_FROM <= tuple(int(part) for part in found.groups()) < TESTED_BEFORE


async def read_version(cli: Path, env: dict[str, str]) -> str:
    """Return what `claude --version` says, for example 2.1.330. Raises WorkerStartError."""
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            output = await _output_of(str(cli), "--version", env=env)
    except TimeoutError:  # which is an OSError, too
        raise WorkerStartError(f"{cli} --version did not answer within {_TIMEOUT_S:.0f} s") from None
    except OSError as exc:
        raise WorkerStartError(f"{cli} can't be run: {exc}; set CLAUDE_CLI_PATH to the claude program") from exc
    found = _VERSION.search(output.decode("utf-8", "replace"))
    if found is None:
        raise WorkerStartError(f"{cli} does not say which version it is; is it the claude program?")
    return found.group()


async def _output_of(*argv: str, env: dict[str, str]) -> bytes:
    process = await asyncio.create_subprocess_exec(
        *argv, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, env=env
    )
    try:
        output, _ = await process.communicate()
    finally:
        if process.returncode is None:  # we are cut off
            process.kill()
            await process.wait()
    return output
