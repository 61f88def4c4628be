"""How each language's runner is built and started."""

import asyncio
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_LOCK = ROOT / ".cache/clients/building"


@dataclass(frozen=True)
class Language:
    """A language that has a client."""

    name: str
    toolchain: tuple[str, ...]  # commands that must be in PATH
    target: str  # of make; empty: nothing is to be built
    command: tuple[str, ...]  # the scenarios' path follows

    def absent(self) -> list[str]:
        """What of its toolchain is not here."""
        return [command for command in self.toolchain if shutil.which(command) is None]

    async def build(self) -> None:
        """Build its runner, if need be; raises AssertionError with make's words where it can't be."""
        if self.target:
            _LOCK.parent.mkdir(parents=True, exist_ok=True)
            # Tests of several files may want it at the same time, in processes of their own.
            code, out, err = await _run("flock", str(_LOCK), "make", "--no-print-directory", self.target)
            assert code == 0, f"make {self.target} failed:\n{out}\n{err}"

    async def run(self, scenarios: Path, **environment: str) -> tuple[int, str, str]:
        """The exit code, output and last words of its runner."""
        return await _run(*self.command, str(scenarios), **environment)


def _python(module: str) -> tuple[str, ...]:
    return (sys.executable, "-m", f"tests.interop.{module}")


def _classpath(*parts: str) -> str:
    return ":".join(f"clients/java/target/{part}" for part in parts)


LANGUAGES = (
    Language("python", (), "", _python("run_async")),
    Language("python-sync", (), "", _python("run_sync")),
    Language("typescript", ("node", "npm"), "clients-typescript", ("node", "clients/typescript/dist/interop/run.js")),
    Language("go", ("go",), "clients-go", (".cache/clients/go/interop",)),
    Language(
        "java",
        ("java", "mvn"),
        "clients-java",
        (
            "java",
            "-XX:TieredStopAtLevel=1",
            "-cp",
            _classpath("classes", "test-classes", "lib/*"),
            "hotseat.interop.Run",
        ),
    ),
)


async def _run(*command: str, **environment: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=ROOT,
        env=os.environ | environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, err = await process.communicate()
    except asyncio.CancelledError:
        process.kill()
        await process.wait()
        raise
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()[-4000:]
