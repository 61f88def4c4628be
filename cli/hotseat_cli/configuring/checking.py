"""Whether servers would start with the settings: what the file says wrong, and what they themselves refuse."""

import asyncio
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from hotseat_serving.configuration.file import VARIABLE
from hotseat_serving.configuration.table import SETTINGS, suggestion
from hotseat_serving.process import CHECK

from hotseat_cli import settings, upstream

_PATIENCE_S = 60.0
_SERVERS = ("hotseat_core", "hotseat_edge")
# Of ours, but no settings: servers and tests tell each other.
_OTHERS = ("HOTSEAT_DEMO", "HOTSEAT_PARENT_FD", "HOTSEAT_WORKER_", "HOTSEAT_REQUIRE_")


@dataclass(frozen=True, slots=True)
class Report:
    """What a check has found."""

    file: str = ""  # empty: none is in use
    settings: tuple[str, ...] = ()  # that the file sets, and that are in force
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def check(path: str | None) -> Report:
    """Check this file, or the one that is in use, with the rest of the settings around it."""
    try:
        environment = settings.load({VARIABLE: path} if path else {})
    except settings.SettingsError as error:
        return Report(file=path or "", problems=error.lines)
    file = environment.config
    return Report(
        file=str(file.path) if file else "",
        settings=tuple(sorted(SETTINGS[name].path for name in environment.from_config)),
        problems=tuple(asyncio.run(_refusals(environment.for_servers))),
        notes=(
            *(f"{SETTINGS[name].path} is not in force: {name} is set elsewhere" for name in _beaten(environment)),
            *_strangers(environment.given),
        ),
    )


def _beaten(environment: settings.Environment) -> list[str]:
    entries = environment.config.entries if environment.config else {}
    return [name for name, entry in entries.items() if name not in environment.from_config and entry.text]


def _strangers(given: Mapping[str, str]) -> list[str]:
    """Variables that look like settings, and are none."""
    strange = sorted(
        name
        for name in given
        if name.startswith("HOTSEAT_") and name not in settings.NAMES and not name.startswith(_OTHERS)
    )
    return [f"there is no setting {name}, which the environment has; {suggestion(name, SETTINGS)}" for name in strange]


async def _refusals(environment: Mapping[str, str]) -> list[str]:
    refused = await asyncio.gather(*(_refusal(module, environment) for module in _SERVERS))
    return [line for line in refused if line]


async def _refusal(module: str, environment: Mapping[str, str]) -> str:
    """What a server has against its settings; empty: nothing."""
    own = upstream.without_credentials(environment) if module == "hotseat_edge" else environment
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module, CHECK),
        env=dict(own),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(_PATIENCE_S):
            _, said = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        return f"{module} did not answer within {_PATIENCE_S:.0f} s"
    if not process.returncode:
        return ""
    lines = said.decode(errors="replace").strip().splitlines()
    return lines[-1].removeprefix("hotseat ") if lines else f"{module} ended with exit code {process.returncode}"
