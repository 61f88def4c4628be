"""Finds out, once, whether workers can be sandboxed here, and how."""

import enum
import os
import platform
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath

from hotseat_core.worker import sandbox_system, seccomp
from hotseat_core.worker.command import Command
from hotseat_core.worker.opened import opened
from hotseat_core.worker.probing import DoesNotWorkError, probe
from hotseat_core.worker.sandbox import Network, Room, Sandbox

NOBODY = 65534  # whom workers run as where the core is root


class Wish(enum.StrEnum):
    """What an operator may ask for."""

    AUTO = "auto"  # where it works
    REQUIRED = "required"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class SandboxSettings:
    """What the operator wants of the sandbox, and where the core's own places are."""

    data_dir: Path
    shared_workspace: Path | None = None
    wish: Wish = Wish.AUTO
    network: Network = Network.HOST
    readable: tuple[PurePath, ...] = ()  # of the machine, besides the system's programs
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)  # the core's


async def find_sandbox(bwrap: str, settings: SandboxSettings) -> Sandbox:
    """Return one that works. Raises DoesNotWorkError, which says why there is none."""
    owner, drop = _owner(settings)
    directory = settings.data_dir / "sandbox"
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        found = Sandbox(
            bwrap,
            sandbox_system.system(
                directory,
                *(owner or (os.getuid(), os.getgid())),
                network=settings.network is Network.HOST,
            ),
            readable=(*settings.readable, *sandbox_system.certificates(settings.environment)),
            hidden=settings.data_dir,
            filter=_write_filter(directory / "seccomp.bpf"),
            owner=owner,
            drop=drop,
            network=settings.network,
        )
    except OSError as exc:
        raise DoesNotWorkError(f"its files can't be written: {exc}") from exc
    return await _tried(found, directory)


async def _tried(found: Sandbox, directory: Path) -> Sandbox:
    room = Room(directory / "try", directory / "try")
    try:
        shutil.rmtree(room.cwd, ignore_errors=True)
        (directory / "try" / "tmp").mkdir(parents=True)
        await _run(found, room)
    except DoesNotWorkError as exc:
        if found.owner is not None or "disable-userns" not in str(exc):
            raise
        # Bubblewrap before 0.8 does not know that one; the filter of system calls forbids the same.
        found = replace(found, may_nest=True)
        await _run(found, room)
    finally:
        shutil.rmtree(room.cwd, ignore_errors=True)
    return found


async def _run(found: Sandbox, room: Room) -> None:
    """Try it with a shell, which every system has."""
    command = Command(found.around(("/bin/sh", "-c", "exit 0"), room), {}, room.cwd, file=found.filter)
    with opened(command) as ready:
        await probe(*ready.argv, fds=ready.fds)


def _write_filter(path: Path) -> Path | None:
    program = seccomp.program(platform.machine())
    if program is None:
        return None
    path.write_bytes(program)
    return path


def _owner(settings: SandboxSettings) -> tuple[tuple[int, int] | None, str]:
    """Whom workers run as where the core is root, and the program that makes them this."""
    shared = settings.shared_workspace
    if shared == Path("/"):
        raise DoesNotWorkError("WORKSPACE_DIR is the whole machine: give workers a directory of their own")
    if os.getuid() != 0:
        return None, ""
    user, group = NOBODY, NOBODY
    if shared is not None and shared.exists():
        stat = shared.stat()
        user, group = stat.st_uid, stat.st_gid
        if user == 0:
            raise DoesNotWorkError(
                f"the core is root, and so is the owner of {shared}: give it to the user that workers are to run as "
                f"(chown -R {NOBODY}:{NOBODY} {shared}), or run the core as another user"
            )
    drop = shutil.which("setpriv", path=os.defpath + ":/usr/sbin:/sbin")
    if drop is None:
        raise DoesNotWorkError(
            "the core is root, and there is no setpriv to make workers another user: install util-linux"
        )
    return (user, group), drop
