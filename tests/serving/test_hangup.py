"""SIGHUP: from somebody who wants the configuration read again, or from a terminal that is gone."""

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

SERVER = """
import asyncio, fcntl, signal, sys, termios
from functools import partial
from hotseat_serving.lifetime import until_told_to_stop

if "terminal" in sys.argv:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
if "nohup" in sys.argv:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
say = partial(print, flush=True)
asyncio.run(until_told_to_stop(None, announce=partial(say, "ready"), reload=partial(say, "reload")))
say("ended")
"""


class Server:
    def __init__(self, process: subprocess.Popen[str], terminal: int) -> None:
        self.process = process
        self.terminal = terminal

    def says(self) -> str:
        assert self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], 30)
        assert ready, "it says nothing"
        return self.process.stdout.readline().strip()

    def hang_up(self) -> None:
        os.close(self.terminal)
        self.terminal = -1


@contextmanager
def serving(*words: str) -> Iterator[Server]:
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER, *words], stdin=theirs, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    os.close(theirs)
    server = Server(process, ours)
    try:
        assert server.says() == "ready"
        yield server
    finally:
        process.kill()
        process.communicate()
        if server.terminal >= 0:
            os.close(server.terminal)


@pytest.mark.parametrize("words", [(), ("terminal",)])
def test_a_signal_that_somebody_sends_reloads(words: tuple[str, ...]) -> None:
    with serving(*words) as server:
        for _ in range(2):
            server.process.send_signal(signal.SIGHUP)
            assert server.says() == "reload"
        server.process.terminate()
        assert server.says() == "ended"


def test_a_server_ends_well_with_its_terminal() -> None:
    with serving("terminal") as server:
        server.hang_up()
        assert server.says() == "ended"
        assert server.process.wait(30) == 0


def test_a_server_that_was_to_outlive_its_terminal_does() -> None:
    with serving("terminal", "nohup") as server:
        server.hang_up()
        assert server.says() == "reload"
        assert server.process.poll() is None
