"""A child process that speaks lines, with real children."""

import asyncio
import shutil
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest
from hotseat_core.worker import process as module
from hotseat_core.worker.command import Command
from hotseat_core.worker.frames import LineFramer
from hotseat_core.worker.process import STDERR_RING_BYTES, LineProcess


class Child:
    """A Python program as a child, and what it said."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self.news = asyncio.Event()
        self.exits = 0
        self.process: LineProcess

    async def start(self, program: str, cwd: Path) -> None:
        command = Command((sys.executable, "-S", "-c", program), {"LANG": "C.UTF-8"}, cwd)
        self.process = await LineProcess.start(command, self._read, self._exit)

    def _read(self, lines: list[bytes]) -> None:
        self.lines += lines
        self.news.set()

    def _exit(self) -> None:
        self.exits += 1

    async def line(self, wanted: bytes) -> None:
        """Return when the child has said this."""
        while wanted not in self.lines:
            self.news.clear()
            await self.news.wait()


@asynccontextmanager
async def running(program: str, cwd: Path) -> AsyncIterator[Child]:
    child = Child()
    await child.start(program, cwd)
    try:
        yield child
    finally:
        await child.process.aclose(gently=False)
        assert not psutil.pid_exists(child.process.pid)
        assert child.process.exited.is_set()


ECHO = "import sys\nfor line in sys.stdin: print(line, end='', flush=True)"
DEAF = "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('deaf', flush=True)\ntime.sleep(1000)"


async def test_it_says_whole_lines_however_they_were_written(tmp_path: Path) -> None:
    async with running(ECHO, tmp_path) as child:
        child.process.write(b"one\ntw")
        child.process.write(b"o\n")
        await child.line(b"two")
        assert child.lines == [b"one", b"two"]


async def test_the_end_of_its_input_ends_it_gently(tmp_path: Path) -> None:
    async with running(ECHO, tmp_path) as child:
        await child.process.aclose(gently=True)
        assert child.process.returncode == 0
        assert child.exits == 1


async def test_without_gentleness_it_is_told_to_end(tmp_path: Path) -> None:
    async with running(ECHO, tmp_path) as child:
        await child.process.aclose(gently=False)
        assert child.process.returncode == -signal.SIGTERM


async def test_one_that_is_deaf_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_EOF_GRACE_S", 0.05)
    monkeypatch.setattr(module, "_TERM_GRACE_S", 0.05)
    async with running(DEAF, tmp_path) as child:
        await child.line(b"deaf")
        await child.process.aclose(gently=True)
        assert child.process.returncode == -signal.SIGKILL


async def test_ending_it_twice_is_no_error(tmp_path: Path) -> None:
    async with running(ECHO, tmp_path) as child:
        await asyncio.gather(child.process.aclose(gently=True), child.process.aclose(gently=True))
        await child.process.aclose(gently=True)
        assert child.exits == 1


async def test_its_last_words_are_the_end_of_what_it_complained(tmp_path: Path) -> None:
    program = "import sys\nsys.stderr.write('noise ' * 200_000 + 'the end')"
    async with running(program, tmp_path) as child:
        await child.process.exited.wait()
        assert child.process.last_words.endswith("the end")
        assert len(child.process._protocol.stderr_tail) <= STDERR_RING_BYTES + 256 * 1024
        assert child.process._protocol._stderr_size <= STDERR_RING_BYTES + 256 * 1024


async def test_a_line_without_end_ends_it_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LineFramer", lambda: LineFramer(1000))
    async with running("import time\nprint('x' * 5000, end='', flush=True)\ntime.sleep(1000)", tmp_path) as child:
        await child.process.exited.wait()
        assert child.process.returncode == -signal.SIGKILL
        assert "longer than 1000 bytes" in child.process.last_words
        assert child.lines == []


async def test_a_grandchild_that_keeps_the_output_open_does_not_hide_its_end(tmp_path: Path) -> None:
    sleep = shutil.which("sleep")
    program = (
        f"import subprocess\nchild = subprocess.Popen([{sleep!r}, '1000'], start_new_session=True)\n"
        "print(child.pid, flush=True)"
    )
    async with running(program, tmp_path) as child:
        await child.process.exited.wait()
        assert child.exits == 1
        psutil.Process(int(child.lines[0])).kill()


async def test_writing_to_one_that_is_gone_is_no_error(tmp_path: Path) -> None:
    async with running("", tmp_path) as child:
        await child.process.exited.wait()
        child.process.write(b"hello?\n")


async def test_more_than_a_pipe_holds_reaches_a_child_that_reads_late(tmp_path: Path) -> None:
    program = "import sys\nprint(len(sys.stdin.readline()), len(sys.stdin.readline()), flush=True)"
    async with running(program, tmp_path) as child:
        child.process.write(b"x" * 1_000_000)
        child.process.write(b"\n" + b"y" * 9 + b"\n")
        await child.line(b"1000001 10")


async def test_it_has_nothing_but_the_given_environment_and_directory(tmp_path: Path) -> None:
    program = "import os\nprint(sorted(os.environ), os.getcwd(), os.getsid(0) == os.getpid(), flush=True)"
    async with running(program, tmp_path) as child:
        await child.process.exited.wait()
        names, rest = child.lines[0].decode().split("] ")
        assert set(eval(names + "]")) <= {"LANG", "LC_CTYPE"}
        assert rest == f"{tmp_path} True"


async def test_a_program_that_is_not_there_is_an_error_at_once(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        await LineProcess.start(Command((str(tmp_path / "nothing"),), {}, tmp_path), lambda _: None, lambda: None)
