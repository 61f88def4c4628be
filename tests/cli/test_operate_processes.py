"""The operator's commands as processes: on a terminal, in a pipe, interrupted, and with a core that goes away."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hotseat import pb

from tests.cli.screen import Screen, on_screen
from tests.core.conftest import until
from tests.fakes.core import FakeCore, serving

pytestmark = pytest.mark.timeout(40)
OTHER_SCREEN, OWN_SCREEN = "\x1b[?1049h", "\x1b[?1049l"
RUNNING = pb.Worker(worker_id="w2", state=pb.Worker.STATE_RUNNING, conversation_id="a-talk", pid=77)


@pytest.fixture
async def core() -> FakeCore:
    return FakeCore()


@pytest.fixture
async def target(core: FakeCore, tmp_path: Path) -> AsyncIterator[str]:
    async with serving(core, f"unix:{tmp_path}/core.sock") as address:
        yield address


async def start(line: str, target: str) -> asyncio.subprocess.Process:
    """A command in a shell, as a script runs it."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return await asyncio.create_subprocess_exec(
        *("bash", "-c", f"set -o pipefail; {line}"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PATH": path, "HOTSEAT_CORE_TARGET": target},
    )


async def ended(process: asyncio.subprocess.Process) -> tuple[int | None, str, str]:
    out, err = await asyncio.wait_for(process.communicate(), 20)
    return process.returncode, out.decode(), err.decode()


async def test_a_reader_that_has_seen_enough_of_a_table_makes_no_noise(core: FakeCore, target: str) -> None:
    core.workers = {str(n): pb.Worker(worker_id=f"w{n}") for n in range(5000)}
    _, out, err = await ended(await start("hotseat ps | head -1", target))
    assert (out.split()[:2], err) == (["WORKER", "PID"], "")


async def test_a_watch_whose_reader_has_gone_ends_without_a_word(core: FakeCore, target: str) -> None:
    process = await start("exec hotseat pool watch", target)
    reading = process._transport.get_pipe_transport(1)  # type: ignore[attr-defined] # nobody else can close it
    assert process.stdout is not None
    await process.stdout.readline()
    reading.close()
    await asyncio.sleep(0)
    core.change(RUNNING)
    assert await asyncio.wait_for(process.wait(), 10) == 1
    assert process.stderr is not None
    assert await process.stderr.read() == b""


async def test_a_watch_tells_its_end_when_the_core_is_killed_under_it(tmp_path: Path) -> None:
    target = f"unix:{tmp_path}/core.sock"
    async with serving(FakeCore(), target):
        process = await start("exec hotseat pool watch", target)
        assert process.stdout is not None
        await process.stdout.readline()
    code, _, err = await ended(process)
    assert code == 1
    (line,) = err.splitlines()
    assert line.startswith(f"hotseat: no core answers at {target} (")


async def test_ctrl_c_ends_a_watch_without_a_trace(core: FakeCore, target: str) -> None:
    process = await start("exec hotseat pool watch", target)
    assert process.stdout is not None
    await process.stdout.readline()
    process.send_signal(signal.SIGINT)
    code, _, err = await ended(process)
    assert (code, err) == (130, "")
    await until(lambda: not core.watchers)


async def test_ctrl_c_while_a_drain_is_waited_for_leaves_it_draining_and_says_so(core: FakeCore, target: str) -> None:
    process = await start("exec hotseat pool drain --wait", target)
    assert process.stderr is not None
    assert await process.stderr.readline() == b"draining: 1 turn still runs\n"
    process.send_signal(signal.SIGINT)
    code, out, err = await ended(process)
    assert (code, out) == (130, "")
    assert err == "hotseat: the pool goes on draining; `hotseat pool resume` takes turns again\n"
    assert core.pool_state == pb.Pool.STATE_DRAINING


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("hotseat conversations show no", ["notes", "north"]),
        ("hotseat conversations rm --yes notes nor", ["north"]),
        ("hotseat chat -c s", ["south"]),
    ],
)
async def test_the_shell_is_offered_the_ids_of_conversations(
    core: FakeCore, target: str, line: str, offered: list[str]
) -> None:
    core.conversations = {name: pb.Conversation(conversation_id=name) for name in ("notes", "north", "south")}
    words = f"_HOTSEAT_COMPLETE=bash_complete COMP_WORDS={line!r} COMP_CWORD={line.count(' ')} hotseat"
    code, out, err = await ended(await start(words, target))
    assert (code, err) == (0, "")
    assert out.splitlines() == [f"plain,{name}" for name in offered]


async def test_the_shell_is_offered_nothing_where_no_core_answers(tmp_path: Path) -> None:
    words = "_HOTSEAT_COMPLETE=bash_complete COMP_WORDS='hotseat conversations show n' COMP_CWORD=3 hotseat"
    code, out, err = await ended(await start(words, f"unix:{tmp_path}/nothing"))
    assert (code, out.strip(), err) == (0, "", "")


# ---- on a terminal


def last_picture(screen: Screen) -> str:
    """What stands on the screen now, without its colours."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen.text.rpartition("\x1b[H")[2])


async def until_shown(screen: Screen, *words: str) -> None:
    await until(lambda: all(word in last_picture(screen) for word in words))


async def test_top_draws_what_happens_and_q_gives_the_terminal_back(core: FakeCore, target: str) -> None:
    async with on_screen("top", "--target", target, "--interval", "200ms") as screen:
        before = screen.modes
        await until_shown(screen, "w1", "active", "q quits")
        assert OTHER_SCREEN in screen.text
        assert screen.modes != before
        core.change(RUNNING, pb.Worker(worker_id="w1", state=pb.Worker.STATE_STOPPED), state=pb.Pool.STATE_DRAINING)
        await until_shown(screen, "draining", "w2", "a-talk", "77")
        assert "\nw1 " not in last_picture(screen)
        screen.type("q")
        assert await screen.exit_code() == 0
        assert screen.text.rpartition(OWN_SCREEN)[1]
        assert OTHER_SCREEN not in screen.text.rpartition(OWN_SCREEN)[2]
        assert screen.modes == before
    await until(lambda: not core.watchers)


@pytest.mark.parametrize("how", ["\x03", signal.SIGTERM])
async def test_top_ends_well_by_ctrl_c_or_a_signal(core: FakeCore, target: str, how: str | signal.Signals) -> None:
    async with on_screen("top", "--target", target) as screen:
        before = screen.modes
        await until_shown(screen, "q quits")
        screen.type(how) if isinstance(how, str) else screen.signal(how)
        assert await screen.exit_code() == 0
        assert (screen.modes, OWN_SCREEN in screen.text) == (before, True)


async def test_top_gives_the_terminal_back_while_it_is_suspended(core: FakeCore, target: str) -> None:
    async with on_screen("top", "--target", target, "--interval", "100ms") as screen:
        before = screen.modes
        await until_shown(screen, "q quits")
        screen.type("\x1a")
        await screen.until_stopped()
        await screen.shows(OWN_SCREEN)
        assert screen.modes == before
        screen.signal(signal.SIGCONT)
        await screen.shows(OTHER_SCREEN, times=2)
        core.change(RUNNING)
        await until_shown(screen, "a-talk")
        screen.type("q")
        assert await screen.exit_code() == 0


async def test_top_goes_on_when_the_core_is_back(tmp_path: Path) -> None:
    target = f"unix:{tmp_path}/core.sock"
    async with serving(FakeCore(), target):
        screen_of_top = on_screen("top", "--target", target, "--interval", "100ms")
        screen = await screen_of_top.__aenter__()
        await until_shown(screen, "w1")
    try:
        await until_shown(screen, "No news for", "trying again", "w1")
        back = FakeCore()
        back.workers = {"w2": RUNNING}
        async with serving(back, target):
            await until_shown(screen, "w2", "a-talk")
            assert "No news" not in last_picture(screen)
            assert "\nw1 " not in last_picture(screen)
            screen.type("q")
            assert await screen.exit_code() == 0
    finally:
        await screen_of_top.__aexit__(None, None, None)


async def test_top_fits_the_window_as_it_changes(core: FakeCore, target: str) -> None:
    core.workers = {str(n): pb.Worker(worker_id=f"worker-{n:02}", profile="claude-code") for n in range(30)}
    async with on_screen("top", "--target", target) as screen:
        screen.resize(24, 120)
        await until_shown(screen, "PROFILE", "... and 14 more")
        screen.resize(12, 40)
        await until_shown(screen, "... and 26 more")
        lines = last_picture(screen).splitlines()
        assert "PROFILE" not in last_picture(screen)
        assert len(lines) <= 12
        assert max(map(len, lines)) <= 40
        screen.type("q")
        assert await screen.exit_code() == 0


async def test_top_on_a_terminal_that_cannot_draw_says_what_to_use(core: FakeCore, target: str) -> None:
    async with on_screen("top", "--target", target, TERM="dumb") as screen:
        await screen.shows("hotseat: top needs a terminal; use --once")
        assert await screen.exit_code() == 2


async def test_a_table_fits_a_narrow_terminal_and_has_colours_only_where_they_are_wanted(
    core: FakeCore, target: str
) -> None:
    core.workers = {"w2": pb.Worker(worker_id="w2", state=pb.Worker.STATE_RUNNING, conversation_id="c" * 100)}
    async with on_screen("ps", "--target", target, COLUMNS="40") as screen:
        assert await screen.exit_code() == 0
        await screen.shows("\x1b[32mrunning")
        lines = re.sub(r"\x1b\[[0-9;]*m", "", screen.text).splitlines()
        assert max(map(len, lines)) <= 40
        assert "\N{HORIZONTAL ELLIPSIS}" in screen.text
    for arguments, environment in ((["--no-color"], {}), ([], {"NO_COLOR": "1"})):
        async with on_screen("ps", "--target", target, *arguments, **environment) as screen:
            assert await screen.exit_code() == 0
            await screen.shows("running")
            assert "\x1b[3" not in screen.text


@pytest.mark.parametrize(("keys", "is_left"), [("\r", True), ("n\r", True), ("\x03", True), ("y\r", False)])
async def test_only_a_yes_deletes(core: FakeCore, target: str, keys: str, is_left: bool) -> None:
    core.conversations["a"] = pb.Conversation(conversation_id="a")
    async with on_screen("conversations", "rm", "a", "--target", target) as screen:
        await screen.shows("Delete a for good? [y/N] ")
        screen.type(keys)
        assert await screen.exit_code() == (1 if is_left else 0)
    assert ("a" in core.conversations) is is_left
