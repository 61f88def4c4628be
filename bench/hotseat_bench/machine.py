"""The servers that a bench starts, and the machine that they run on."""

import asyncio
import os
import sys
from pathlib import Path

import psutil
from hotseat_cli import launch
from hotseat_cli.child import ServerSpec
from hotseat_cli.settings import load
from hotseat_cli.upstream import Kind, Upstream, without_credentials

from hotseat_bench.clients import MODEL


def environment(scratch: Path) -> dict[str, str]:
    """The settings of every server of a bench."""
    ours = {"PORT": "0", "HOTSEAT_CORE_PORT": "0", "HOTSEAT_CORE_SOCKET": "", "HOTSEAT_LOG_LEVEL": "warning"}
    ours["HOTSEAT_CONFIG"] = os.devnull
    ours["HOTSEAT_PROFILE"] = MODEL  # so that spares are of the kind that is measured, from the first one on
    # Nothing of the caller's but where things are: the same pool and the same model, whoever runs it.
    inherited = {name: value for name, value in load({}, scratch).values.items() if not name.startswith("HOTSEAT_")}
    return {**without_credentials(inherited), **ours, "POOL_SIZE": "9", "IDLE_TIMEOUT_MS": "0"}


def core_spec(values: dict[str, str], demo_url: str, data: Path, warm_workers: int) -> ServerSpec:
    """A core that keeps so many spares."""
    own = {
        "HOTSEAT_DATA_DIR": str(data),
        "WORKSPACE_DIR": str(data / "work"),
        "HOTSEAT_WARM_WORKERS": str(warm_workers),
    }
    (data / "work").mkdir(parents=True)
    return launch.core({**values, **own}, Upstream(Kind.DEMO), demo_url)


async def until_quiet() -> None:
    """Wait until our processes have used a tenth of a core or less for a fifth of a second; at most 5 s."""
    before = _cpu_s()
    for _ in range(25):
        await asyncio.sleep(0.2)
        now = _cpu_s()
        if now - before < 0.02:
            return
        before = now


def _cpu_s() -> float:
    total = 0.0
    for process in psutil.Process().children(recursive=True):
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:  # ended since it was listed
            continue
        total += times.user + times.system
    return total


def say(line: str) -> None:
    """Tell who runs the bench."""
    print(line, file=sys.stderr, flush=True)
