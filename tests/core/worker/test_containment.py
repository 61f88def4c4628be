"""Nothing of a command outlives it or who started it, wherever its children went: in each containment."""

import asyncio
import os
import shutil
import signal
import sys
import time
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest
from hotseat_core.errors import WorkerStartError
from hotseat_core.worker import process as process_module
from hotseat_core.worker import watcher
from hotseat_core.worker.command import Command
from hotseat_core.worker.containment import Choice, Containment, contained, packaged_bwrap
from hotseat_core.worker.process import LineProcess

from tests import containments
from tests.core.conftest import stamped, until
from tests.core.worker.test_process import Child

# Ways to get away: from the group, the session, the parent, and the mark in the environment.
RUNAWAYS = {
    "its own session": "setsid -f sleep 1000",
    "deaf to hangups": "nohup sleep 1000 >/dev/null 2>&1 &",
    "twice forked, deaf, in its own session": "setsid -f sh -c 'trap \"\" TERM HUP INT; sleep 1000; :' &",
    "without a trace in its environment": "env -i setsid -f sleep 1000",
    "one that starts others": "setsid -f sh -c 'while :; do (setsid -f sleep 1000 &); sleep 0.05; done'",
}
TALKING = "echo ready; cat"  # a command that lives as long as its input


class Contained(Child):
    """A shell command in a containment. Whatever it starts sleeps, or keeps its mark."""

    def __init__(self) -> None:
        super().__init__()
        self.mark = f"HOTSEAT_TEST={uuid.uuid4()}"

    async def run(self, containment: Containment, script: str, cwd: Path) -> None:
        """Start the script; return when it is ready."""
        env = {"PATH": os.environ["PATH"], **dict([self.mark.split("=")])}
        argv = containment.around((str(shutil.which("sh")), "-c", script))
        command = Command(argv, env, cwd, containment.depth, containment.fds)
        self.process = await LineProcess.start(command, self._read, self._exit)
        await self.line(b"ready")
        self.process.look_inside()

    def tree(self) -> list[psutil.Process]:
        """All that is below now, and what has the mark besides."""
        try:
            root = psutil.Process(self.process.root_pid)
            below = {root, *root.children(recursive=True)}
        except psutil.NoSuchProcess:  # it was killed, and nobody has told us yet
            below = set()
        return list({*below, *stamped(self.mark)})


def living(tree: list[psutil.Process]) -> list[psutil.Process]:
    return [one for one in tree if state(one) not in {psutil.STATUS_ZOMBIE, "gone"}]


def state(one: psutil.Process) -> str:
    try:
        return one.status() if one.is_running() else "gone"
    except psutil.NoSuchProcess:
        return "gone"


def runaways(tree: list[psutil.Process]) -> int:
    """How many of these are what a runaway becomes."""
    return sum(1 for one in tree if command(one) == ["sleep", "1000"])


def command(one: psutil.Process) -> list[str]:
    try:
        return one.cmdline()
    except psutil.NoSuchProcess:
        return []


def with_all_below(tree: list[psutil.Process]) -> list[psutil.Process]:
    return list({*tree, *(below for one in tree if state(one) != "gone" for below in one.children(recursive=True))})


async def all_gone(child: Contained, tree: list[psutil.Process], seconds: float) -> None:
    """Both are asked, one after the other: to look at every process of the machine takes a while."""
    looks: list[Callable[[], list[psutil.Process]]] = [lambda: living(tree), lambda: living(stamped(child.mark))]
    for look in looks:
        started = asked = time.monotonic()
        while left := look():
            assert asked - started < seconds, f"left: {left}"
            await asyncio.sleep(0.01)
            asked = time.monotonic()


@pytest.fixture(params=containments.FOUND)
async def containment(request: pytest.FixtureRequest) -> AsyncIterator[Containment]:
    async with contained(Choice(request.param), containments.PATH) as found:
        assert found.name == request.param
        yield found


@asynccontextmanager
async def running(containment: Containment, script: str, cwd: Path) -> AsyncIterator[Contained]:
    child = Contained()
    await child.run(containment, script, cwd)
    try:
        yield child
    finally:
        tree = child.tree() if not child.process.exited.is_set() else []
        await child.process.aclose(gently=False)
        assert living(tree) == []


ENDS: dict[str, Callable[[Contained], None]] = {
    "by itself": lambda child: child.process._close_input(),
    "killed": lambda child: os.kill(child.process.pid, signal.SIGKILL),
    "told to": lambda child: os.kill(child.process.pid, signal.SIGTERM),
}


@pytest.mark.parametrize("way", ENDS)
async def test_nothing_outlives_the_command(containment: Containment, tmp_path: Path, way: str) -> None:
    script = "\n".join([*RUNAWAYS.values(), TALKING])
    async with running(containment, script, tmp_path) as child:
        await until(lambda: runaways(child.tree()) > len(RUNAWAYS))
        tree = child.tree()
        ENDS[way](child)
        await all_gone(child, tree, 1)
        await asyncio.wait_for(child.process.exited.wait(), 1)


@pytest.mark.parametrize("runaway", RUNAWAYS.values(), ids=RUNAWAYS)
async def test_nothing_outlives_who_started_it(tmp_path: Path, runaway: str) -> None:
    for name in containments.FOUND:
        child = Contained()
        core = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", CORE, name, containments.PATH, child.mark, f"{runaway}\n{TALKING}"),
            stdout=asyncio.subprocess.PIPE,
        )
        assert core.stdout is not None
        assert await core.stdout.readline() == b"ready\n"
        started = psutil.Process(core.pid).children()
        while not runaways(with_all_below(started)):  # noqa: ASYNC110 -- nobody announces it
            await asyncio.sleep(0.01)
        tree = with_all_below(started)
        core.kill()
        await core.wait()
        await all_gone(child, tree, 1)


# A core as far as it matters here: it starts a command in a containment, and says when that is ready.
CORE = """
import asyncio, pathlib, shutil, sys
from hotseat_core.worker.command import Command
from hotseat_core.worker.containment import Choice, contained
from hotseat_core.worker.process import LineProcess

async def main(name, path, mark, script):
    async with contained(Choice(name), path) as found:
        ready = asyncio.Event()
        command = Command(
            found.around((shutil.which("sh"), "-c", script)),
            {"PATH": path, **dict([mark.split("=")])},
            pathlib.Path("/"),
            found.depth,
            found.fds,
        )
        process = await LineProcess.start(command, lambda _: ready.set(), lambda: None)
        await ready.wait()
        print("ready", flush=True)
        await asyncio.Event().wait()

asyncio.run(main(*sys.argv[1:]))
"""


async def test_the_process_told_is_the_command_s_own(containment: Containment, tmp_path: Path) -> None:
    async with running(containment, TALKING, tmp_path) as child:
        own, root = psutil.Process(child.process.pid), psutil.Process(child.process.root_pid)
        assert own.cmdline()[1:] == ["-c", TALKING]
        assert root in own.parents()
        assert len(root.children(recursive=True)) in {containment.depth, containment.depth + 1}  # and its `cat`


async def test_it_sees_the_same_files_and_the_given_environment(containment: Containment, tmp_path: Path) -> None:
    (tmp_path / "here").write_text("x")
    script = "ls; cat /proc/self/comm; id -u; ls -1 /proc/self/fd | wc -l; env | sort; echo ready; cat"
    async with running(containment, script, tmp_path) as child:
        names = [line.partition(b"=")[0] for line in child.lines if b"=" in line]
        assert child.lines[:3] == [b"here", b"cat", str(os.getuid()).encode()]
        assert child.lines[3].strip() == b"4"  # its streams, and the listing itself
        assert set(names) == {b"HOTSEAT_TEST", b"PATH", b"PWD"}


async def test_it_is_asked_to_end_before_it_is_killed(containment: Containment, tmp_path: Path) -> None:
    script = "trap 'echo heard; exit 3' TERM; echo ready; while :; do sleep 0.01; done"
    async with running(containment, script, tmp_path) as child:
        await child.process.aclose(gently=False)
        assert b"heard" in child.lines
        assert child.process.returncode == 3


async def test_one_that_is_deaf_is_killed_with_all_that_it_started(
    containment: Containment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process_module, "_TERM_GRACE_S", 0.05)
    script = f"trap '' TERM; {RUNAWAYS['without a trace in its environment']}; echo ready; while :; do sleep 1; done"
    async with running(containment, script, tmp_path) as child:
        await until(lambda: runaways(child.tree()) > 0)
        tree = child.tree()
        await child.process.aclose(gently=False)
        assert living(tree) == []


async def test_one_that_is_stopped_is_killed(
    containment: Containment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process_module, "_TERM_GRACE_S", 0.05)
    async with running(containment, TALKING, tmp_path) as child:
        tree = child.tree()
        os.kill(child.process.pid, signal.SIGSTOP)
        await child.process.aclose(gently=False)
        assert living(tree) == []


async def test_a_containment_that_is_stopped_is_killed(
    containment: Containment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for grace in ("_TERM_GRACE_S", "_KILL_GRACE_S"):
        monkeypatch.setattr(process_module, grace, 0.05)
    async with running(containment, TALKING, tmp_path) as child:
        tree = child.tree()
        os.kill(child.process.root_pid, signal.SIGSTOP)
        await child.process.aclose(gently=False)
        assert child.process.exited.is_set()
        await all_gone(child, tree, 1)


async def test_a_containment_that_is_killed_takes_the_command_along(containment: Containment, tmp_path: Path) -> None:
    async with running(containment, "echo ready; exec cat", tmp_path) as child:
        tree = child.tree()
        os.kill(child.process.root_pid, signal.SIGKILL)
        await all_gone(child, tree, 1)


async def test_before_it_has_spoken_it_can_be_ended_too(containment: Containment, tmp_path: Path) -> None:
    # It reads its input, as the CLI does: bubblewrap ties it to its own life some milliseconds after its start.
    child = Contained()
    env = {"PATH": os.environ["PATH"], **dict([child.mark.split("=")])}
    argv = containment.around((str(shutil.which("cat")),))
    child.process = await LineProcess.start(
        Command(argv, env, tmp_path, containment.depth, containment.fds), child._read, child._exit
    )
    assert child.process.pid == child.process.root_pid
    await child.process.aclose(gently=False)
    await all_gone(child, [], 1)


async def test_a_pipe_breaks_as_it_does_outside(containment: Containment, tmp_path: Path) -> None:
    async with running(containment, "echo ready; (yes; echo $? >&2) | head -1; cat", tmp_path) as child:
        await until(lambda: child.process.last_words == str(128 + signal.SIGPIPE))


async def test_a_watcher_ends_as_its_command_did(tmp_path: Path) -> None:
    async with contained(Choice.WATCHER, containments.PATH) as containment:
        for script, code in {"exit 5": 5, "kill -9 $$": -9, "kill -SEGV $$": -11, ":": 0}.items():
            async with running(containment, f"echo ready; {script}", tmp_path) as child:
                await child.process.exited.wait()
                assert child.process.returncode == code


async def test_a_watcher_lets_go_of_what_the_command_s_children_leave_behind(tmp_path: Path) -> None:
    script = "for n in 1 2 3 4 5; do setsid -f sleep 0.3; done; echo ready; cat"
    async with (
        contained(Choice.WATCHER, containments.PATH) as containment,
        running(containment, script, tmp_path) as child,
    ):
        watching = psutil.Process(child.process.root_pid)
        await until(lambda: len(watching.children()) == 6)
        await until(lambda: len(watching.children()) == 1)


async def test_a_watcher_does_not_keep_the_command_s_output_open(tmp_path: Path) -> None:
    script = "echo ready; exec >&- 2>&-; cat >/dev/null"
    async with (
        contained(Choice.WATCHER, containments.PATH) as containment,
        running(containment, script, tmp_path) as child,
    ):
        pipe = child.process._transport.get_pipe_transport(1)
        assert pipe is not None
        await until(pipe.is_closing)
        assert not child.process.exited.is_set()


async def test_a_watcher_does_not_wait_for_what_cannot_be_killed(tmp_path: Path) -> None:
    stubborn = (
        f"import sys; sys.path.append({str(Path(watcher.__file__).parent)!r}); import watcher; "
        "watcher._KILL_S = 0.1; watcher.pass_on = lambda *_: None; sys.exit(watcher.main())"
    )
    reading, writing = os.pipe()
    async with contained(Choice.WATCHER, containments.PATH) as usual:
        prefix = (sys.executable, "-I", "-S", "-c", stubborn, str(reading), "--")
        script = "sleep 1 & echo ready; exit 4"
        async with running(Containment("stubborn", prefix, 1, (reading, *usual.fds)), script, tmp_path) as child:
            async with asyncio.timeout(0.9):
                await child.process.exited.wait()
            assert child.process.returncode == 4
    os.close(reading)
    os.close(writing)


async def test_a_command_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    async with contained(Choice.WATCHER, containments.PATH) as found:
        command = Command(found.around(("/nothing",)), {}, tmp_path, found.depth, found.fds)
        process = await LineProcess.start(command, lambda _: None, lambda: None)
        await process.exited.wait()
        assert process.returncode == 127
        assert process.last_words.startswith("/nothing could not be started: ")
        await process.aclose(gently=False)


# ---- which one


def program(directory: Path, name: str, script: str) -> str:
    """A directory with a program in it, as a search path."""
    path = directory / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(directory)


async def chosen(choice: str, path: str) -> Containment:
    async with contained(Choice(choice), path) as found:
        return found


async def test_bubblewrap_is_chosen_where_it_works(tmp_path: Path) -> None:
    path = program(tmp_path, "bwrap", "exit 0")
    assert (await chosen("auto", path)).name == "bubblewrap"
    assert (await chosen("watcher", path)).name == "watcher"


@pytest.mark.parametrize(
    ("script", "reason"),
    [("echo no namespaces; exit 1", "no namespaces"), ("kill -9 $$", "does not work"), (None, "install the package")],
)
async def test_where_bubblewrap_does_not_work_it_is_a_watcher_and_the_log_says_why(
    tmp_path: Path,
    script: str | None,
    reason: str,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = program(tmp_path, "bwrap", script) if script else str(tmp_path)
    monkeypatch.setattr("hotseat_core.worker.containment.packaged_bwrap", lambda: None)
    with caplog.at_level("INFO"):
        assert (await chosen("auto", path)).name == "watcher"
    because = [record.__dict__["because"] for record in caplog.records if "because" in record.__dict__]
    assert [reason in text for text in because] == [True]
    with pytest.raises(WorkerStartError, match=f"{reason}.*HOTSEAT_CONTAINMENT=watcher"):
        await chosen("bubblewrap", path)


@pytest.mark.skipif(containments.bwrap() is None, reason="bubblewrap does not work on this machine")
async def test_without_one_of_the_system_s_it_is_the_one_that_was_installed_along(tmp_path: Path) -> None:
    assert packaged_bwrap() is not None
    assert (await chosen("auto", str(tmp_path))).prefix[0] == packaged_bwrap()


async def test_a_bubblewrap_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hotseat_core.worker.probing._PROBE_S", 0.05)
    assert (await chosen("auto", program(tmp_path, "bwrap", "exec /bin/sleep 1000"))).name == "watcher"
