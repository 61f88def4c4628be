"""What of this machine matters to Hotseat: looked at, not judged."""

import http.client
import json
import os
import resource
import shutil
import stat
import tempfile
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from hotseat_cli import launch, reach
from hotseat_cli.house import check_free
from hotseat_cli.launch import Listener
from hotseat_cli.settings import Environment
from hotseat_cli.supervisor import ServerFailed

_ANSWER_S = 2.0


@dataclass(frozen=True, slots=True)
class Port:
    """An address that Hotseat is to listen on."""

    listener: Listener
    trouble: str = ""  # why it can't; empty: it can
    is_ours: bool = False  # a Hotseat listens there already


@dataclass(frozen=True, slots=True)
class Machine:
    """The facts."""

    is_root: bool
    open_files: int  # that one process may have
    memory_bytes: int  # to be had
    data_dir: Path
    data_trouble: str  # why nothing can be written there; empty: it can
    data_free_bytes: int
    data_mode: int | None  # its permission bits; None: it is not there yet
    asks_for_key: bool  # callers, by the settings or because there has been a key
    ports: tuple[Port, ...]
    port_trouble: str  # a setting that is no port; empty: all are
    env_file_mode: int | None  # of a .env file that holds a credential; None: there is none
    is_in_workspace: bool  # settings are looked for where agents write
    shown_file: Path | None  # one in the agents' workspace that does, or hotseat.toml there; None: there is none


def look(environment: Environment, credentials: frozenset[str]) -> Machine:
    """Look at everything that needs no process of ours. credentials: the names of variables that hold one."""
    values = environment.values
    data_dir = Path(values.get("HOTSEAT_DATA_DIR", ".hotseat")).expanduser().absolute()
    there = next(path for path in (data_dir, *data_dir.parents) if path.exists())
    ports, port_trouble = _ports(values)
    holds_one = environment.file if credentials & set(environment.from_file) else None
    config = environment.config.path if environment.config and credentials & set(environment.from_config) else None
    return Machine(
        is_root=os.getuid() == 0,
        open_files=resource.getrlimit(resource.RLIMIT_NOFILE)[0],
        memory_bytes=psutil.virtual_memory().available,
        data_dir=data_dir,
        data_trouble=_writing_trouble(there),
        data_free_bytes=shutil.disk_usage(there).free,
        data_mode=stat.S_IMODE(data_dir.stat().st_mode) if data_dir.exists() else None,
        asks_for_key=reach.asks_for_key(values, data_dir),
        ports=ports,
        port_trouble=port_trouble,
        env_file_mode=stat.S_IMODE(holds_one.stat().st_mode) if holds_one else None,
        is_in_workspace=_is_shown(Path.cwd(), values),
        shown_file=next((file for file in (holds_one, config) if file and _is_shown(file, values)), None),
    )


def _writing_trouble(directory: Path) -> str:
    try:
        with tempfile.TemporaryFile(dir=directory):
            return ""
    except OSError as error:
        return str(error)


def _ports(values: Mapping[str, str]) -> tuple[tuple[Port, ...], str]:
    try:
        return tuple(_port(listener) for listener in launch.listeners(values)), ""
    except launch.WrongPort as error:
        return (), str(error)


def _port(listener: Listener) -> Port:
    try:
        check_free(listener)
    except ServerFailed as error:
        return Port(listener, str(error), is_ours=_is_hotseat(listener))
    return Port(listener)


def _is_hotseat(listener: Listener) -> bool:
    """Whether an edge of ours answers there."""
    host = f"[{listener.host}]" if ":" in listener.host else listener.host
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://{host}:{listener.port}/livez", timeout=_ANSWER_S) as answer:
            return bool(json.load(answer) == {"status": "ok"})
    except (OSError, ValueError, http.client.HTTPException):  # a core's port answers, too, in HTTP/2
        return False


def _is_shown(file: Path, values: Mapping[str, str]) -> bool:
    workspace = values.get("WORKSPACE_DIR")
    return bool(workspace) and file.resolve().is_relative_to(Path(str(workspace)).expanduser().resolve())
