"""What stands around each worker, so that nothing that it starts outlives it or the core."""

import asyncio
import contextlib
import enum
import logging
import os
import shutil
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

from hotseat_core.errors import WorkerStartError
from hotseat_core.worker import watcher

logger = logging.getLogger(__name__)

_PROBE_S = 10.0  # it takes 5 ms


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

    def around(self, argv: tuple[str, ...]) -> tuple[str, ...]:
        """Return what to run for this to run inside."""
        return (*self.prefix, *argv)


class DoesNotWorkError(Exception):
    """This containment can't be had here; the message says why."""


@contextlib.asynccontextmanager
async def contained(choice: Choice, path: str) -> AsyncIterator[Containment]:
    """Find out, once, what works here; leaving the context ends what is still inside. path: where programs are.

    Raises WorkerStartError where the choice can't be had.
    """
    found = None if choice is Choice.WATCHER else await _try_bubblewrap(path, must=choice is Choice.BUBBLEWRAP)
    around = contextlib.nullcontext(found) if found is not None else _watcher()
    with around as containment:
        logger.info("workers are contained", extra={"by": containment.name})
        yield containment


async def _try_bubblewrap(path: str, *, must: bool) -> Containment | None:
    try:
        return await _bubblewrap(path)
    except DoesNotWorkError as exc:
        if must:
            raise WorkerStartError(f"bubblewrap can't be used: {exc}; or set HOTSEAT_CONTAINMENT=watcher") from exc
        logger.info("bubblewrap can't be used", extra={"because": str(exc)})
        return None


async def _bubblewrap(path: str) -> Containment:
    """A process namespace: the system ends all that is in it with its first process, and that with the core."""
    bwrap = shutil.which("bwrap", path=path)
    if bwrap is None:
        raise DoesNotWorkError("there is no bwrap in PATH: install the package bubblewrap")
    # Files, devices and network stay as they are: only processes are fenced in.
    prefix = (bwrap, "--unshare-pid", "--die-with-parent", "--dev-bind", "/", "/", "--proc", "/proc", "--")
    await _probe(*prefix, bwrap, "--version")
    return Containment(Choice.BUBBLEWRAP, prefix, depth=2)


async def _probe(*argv: str) -> None:
    try:
        process = await asyncio.create_subprocess_exec(
            *argv,
            env={},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
    except OSError as exc:
        raise DoesNotWorkError(f"{argv[0]} can't be run: {exc}") from exc
    try:
        async with asyncio.timeout(_PROBE_S):
            output, _ = await process.communicate()
    except TimeoutError:
        raise DoesNotWorkError(f"{argv[0]} did not answer within {_PROBE_S:.0f} s") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        said = output.decode("utf-8", "replace").strip()[-500:]
        raise DoesNotWorkError(f"{argv[0]} does not work here: {said}")


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
