"""A core for the length of a turn: with the operator's settings, a directory that goes, and a model that pretends."""

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from hotseat import Client, HotseatError, pb

from hotseat_cli import launch
from hotseat_cli.child import ServerSpec
from hotseat_cli.upstream import Kind, Upstream

# Of the operator's settings, those that decide what a worker is.
_KEPT = (
    "CLAUDE_CLI_PATH",
    "HOTSEAT_ALLOW_UNTESTED_CLI",
    "HOTSEAT_CONTAINMENT",
    "HOTSEAT_EGRESS_ALLOW",
    "HOTSEAT_EGRESS_NETWORKS",
    "HOTSEAT_KEY_MODE",
    "HOTSEAT_PERMISSION_MODE",
    "HOTSEAT_SANDBOX",
    "HOTSEAT_SANDBOX_NETWORK",
    "HOTSEAT_SANDBOX_READABLE",
    "WORKSPACE_DIR",
)
_OURS = ("HOTSEAT_", "ANTHROPIC_", "CLAUDE_")
_TURN_S = 60.0
_SHELL = "echo $((6 * 7))"


class TrialFailed(Exception):
    """A turn could not be had; the message says why."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of it."""

    pool: pb.Pool
    cli_version: str
    turn_s: float


async def try_out(values: Mapping[str, str], directory: Path) -> Trial:
    """Run a turn in which an agent uses its shell. Raises TrialFailed."""
    reading, writing = os.pipe()  # what we start ends with us, however we end
    environment = {name: value for name, value in values.items() if name in _KEPT or not name.startswith(_OURS)}
    environment |= {"POOL_SIZE": "1", "HOTSEAT_WARM_WORKERS": "0", "HOTSEAT_PARENT_FD": str(reading)}
    environment["HOTSEAT_CONFIG"] = os.devnull  # what counts of it is in the values
    environment |= {"HOTSEAT_DATA_DIR": str(directory / "data"), "HOTSEAT_CORE_SOCKET": str(directory / "core.sock")}
    try:
        async with _running(launch.demo(environment), directory, reading) as demo_url:
            spec = launch.core(environment, Upstream(Kind.DEMO), demo_url)
            async with _running(spec, directory, reading) as target, Client(target) as client:
                return await _turn(client)
    except HotseatError as error:
        raise TrialFailed(error.message) from error
    finally:
        os.close(reading)
        os.close(writing)


async def _turn(client: Client) -> Trial:
    opening = pb.OpenConversation(
        settings=pb.ConversationSettings(
            profile="claude-code", permission_policy=pb.PermissionPolicy(allow_rules=["Bash"])
        )
    )
    started = time.monotonic()
    try:
        async with asyncio.timeout(_TURN_S), client.converse(opening) as talk:
            events = [event async for event in talk.ask(f'[[call Bash {{"command": "{_SHELL}"}}]]')]
            (worker,) = (await client.list_workers()).workers
    except TimeoutError:
        raise TrialFailed(f"a turn did not end within {_TURN_S:.0f} s") from None
    turn = events[-1].turn_completed
    if turn.HasField("error"):
        raise TrialFailed(turn.error.message)
    if "42" not in turn.text:
        raise TrialFailed(f"an agent's shell did not run: {turn.text}")
    return Trial(await client.get_pool(), worker.cli_version, time.monotonic() - started)


@contextlib.asynccontextmanager
async def _running(spec: ServerSpec, directory: Path, parent_fd: int) -> AsyncIterator[str]:
    """The address of a server that runs. Raises TrialFailed."""
    log = directory / f"{spec.name}.log"
    with log.open("wb") as said:
        process = await asyncio.create_subprocess_exec(
            *spec.argv,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=said,
            env=dict(spec.environment),
            pass_fds=(parent_fd,),
            start_new_session=True,
        )
    try:
        yield await _address(spec, process, log)
    finally:
        await _end(process, spec.stop_s)


async def _address(spec: ServerSpec, process: asyncio.subprocess.Process, log: Path) -> str:
    assert process.stdout is not None  # noqa: S101 - asked for as a pipe
    try:
        async with asyncio.timeout(spec.start_s):
            line = (await process.stdout.readline()).decode(errors="replace")
    except TimeoutError:
        raise TrialFailed(f"the {spec.name} did not listen within {spec.start_s:.0f} s") from None
    prefix = f"hotseat {spec.name} listening on "
    if line.startswith(prefix):
        return line.removeprefix(prefix).strip()
    raise TrialFailed(_last_words(spec.name, log))


def _last_words(name: str, log: Path) -> str:
    words = log.read_text(errors="replace").strip().splitlines()
    return words[-1].removeprefix(f"hotseat {name}: ") if words else f"the {name} said nothing"


async def _end(process: asyncio.subprocess.Process, patience_s: float) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        async with asyncio.timeout(patience_s):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
